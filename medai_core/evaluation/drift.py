"""How far a cohort has moved from the one that a model was developed on: its predictors and its risks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2

from medai_core.cards import Measured, PredictorSpec, PredictorStatistics
from medai_core.cards.measured import QUANTILES
from medai_core.metrics import Floats

LITTLE, MUCH = 0.1, 0.25
"""Customary bounds of the population stability index (Siddiqi 2006, Credit Risk Scorecards)."""
LEVELS = np.array(QUANTILES[1:-1])
"""Where a number's distribution is cut: the outermost 1 % would be decided by a handful of people."""


@dataclass(frozen=True)
class Shift:
    """How two distributions differ.

    Attributes
    ----------
    index : population stability index, sum of (here - there) ln(here / there) over bins; 0 where they are alike.
    chance : what the index exceeds in 5 of 100 samples of this size although nothing has moved
        (chi-square over n; Yurdakul and Naranjo 2020, 10.21314/JRMV.2020.227).
    """

    index: float
    chance: float

    @property
    def level(self) -> str:
        """ "none" where chance explains it or it is little, "some", or "much"; "unknown" where nothing is known."""
        if np.isnan(self.index):
            return "unknown"
        if self.index < max(LITTLE, self.chance):
            return "none"
        return "some" if self.index < MUCH else "much"


@dataclass(frozen=True)
class PredictorShift:
    """One predictor here against the development cohort.

    Attributes
    ----------
    there, here : the typical value: the median of a number, the shares of a category's values.
    unknown_there, unknown_here : share of people in whom it is not known.
    """

    name: str
    there: float | dict[str, float]
    here: float | dict[str, float]
    unknown_there: float
    unknown_here: float
    shift: Shift


def predictor_shifts(
    measured: Measured, predictors: Sequence[PredictorSpec], rows: pd.DataFrame
) -> tuple[PredictorShift, ...]:
    """Every predictor, in the card's order.

    Parameters
    ----------
    rows : in the card's words.
    """
    by_name = {s.name: s for s in measured.predictors}
    return tuple(_predictor(p, by_name[p.name], rows[p.name]) for p in predictors if p.name in by_name)


def _predictor(p: PredictorSpec, s: PredictorStatistics, given: pd.Series) -> PredictorShift:
    known = given.dropna()
    unknown = float(given.isna().mean()) if len(given) else float("nan")
    if p.kind == "number":
        values = known.to_numpy(dtype=np.float64)
        cut = s.quantiles[1:-1]
        here: float | dict[str, float] = float(np.median(values)) if len(values) else float("nan")
        return PredictorShift(p.name, float(s.typical), here, s.missing_share, unknown, numbers(values, cut, LEVELS))
    counts = known.value_counts()
    names = [c.name for c in p.categories]
    there = np.array([s.shares.get(name, 0.0) for name in names])
    count = np.array([float(counts.get(name, 0)) for name in names])
    shares = dict(zip(names, (count / max(count.sum(), 1)).tolist(), strict=True)) if len(known) else {}
    return PredictorShift(p.name, dict(s.shares), shares, s.missing_share, unknown, compared(there, count))


def numbers(values: Floats, cuts: Sequence[float], levels: Floats) -> Shift:
    """The shift of a number whose share at or below ``cuts[i]`` was ``levels[i]``.

    Where many people have the very value of a cut, its level says only that the share lies between those
    below and those up to it; whatever lies between is no shift.
    """
    ordered = np.sort(values)
    n = max(len(ordered), 1)
    below = np.searchsorted(ordered, cuts, side="left") / n
    up_to = np.searchsorted(ordered, cuts, side="right") / n
    here = np.concatenate([[0.0], np.clip(levels, below, up_to), [1.0]])
    there = np.concatenate([[0.0], levels, [1.0]])
    return compared(np.diff(there), np.diff(here) * len(ordered))


def compared(there: Floats, counts: Floats) -> Shift:
    """The shift from shares (bins,) to counts (bins,); bins that neither has are left out, empty ones count half."""
    n = counts.sum()
    used = (there > 0) | (counts > 0)
    if n == 0 or used.sum() == 0:
        return Shift(float("nan"), float("nan"))
    bins = int(used.sum())
    here = (counts[used] + 0.5) / (n + 0.5 * bins)
    before = np.maximum(there[used], 0.5 / n)
    before = before / before.sum()
    index = float(((here - before) * np.log(here / before)).sum())
    return Shift(index, float(chi2.ppf(0.95, max(bins - 1, 1)) / n))


def risk_shift(measured: Measured, risk: Floats) -> Shift:
    """The shift of the predicted risks, in tenths of the development cohort."""
    quantiles = np.array(measured.risk_quantiles)
    return numbers(risk, quantiles[10:100:10].tolist(), np.linspace(0.1, 0.9, 9))


def shares_there(measured: Measured, edges: Floats) -> Floats:
    """The share of the development cohort with a risk between each pair of ``edges``, (len(edges) - 1,)."""
    quantiles = np.array(measured.risk_quantiles)
    return np.diff(np.interp(edges, quantiles, np.linspace(0, 1, len(quantiles)), left=0.0, right=1.0))


def shares_here(risk: Floats, edges: Floats) -> Floats:
    """The share of ``risk`` between each pair of ``edges``, (len(edges) - 1,); empty risks have none."""
    return np.asarray(np.histogram(risk, edges)[0] / max(len(risk), 1))


def risk_edges(measured: Measured, risk: Floats, bins: int = 20) -> Floats:
    """Edges of equal steps from 0 to the highest risk here or in the development cohort, (bins + 1,)."""
    top = max(float(risk.max(initial=0.0)), measured.risk_quantiles[-1])
    return np.linspace(0, min(1.0, np.ceil(top * bins) / bins), bins + 1)

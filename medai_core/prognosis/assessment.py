"""One answer about each of many patients: the risk, its interval, what drives it, and what is unusual."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from medai_core.cards import PredictorSpec
from medai_core.cards.measured import PredictorStatistics
from medai_core.errors import Message
from medai_core.metrics import Floats
from medai_core.prognosis.attribution import Contributions, explain
from medai_core.prognosis.risk import Estimates, RiskModel, estimate


@dataclass(frozen=True, eq=False)
class Assessment:
    """What a model says of n patients, in the order of their rows.

    Attributes
    ----------
    warnings : (n,), what the reader must know beside each risk.
    contributions : None where they were not asked for.
    """

    estimates: Estimates
    warnings: tuple[tuple[Message, ...], ...]
    contributions: Contributions | None


def assess(model: RiskModel, rows: pd.DataFrame, *, explained: bool = False) -> Assessment:
    """The assessment of ``rows``, which are in the card's words and within its plausible ranges."""
    return Assessment(estimate(model, rows), warnings(model, rows), explain(model, rows) if explained else None)


def warnings(model: RiskModel, rows: pd.DataFrame) -> tuple[tuple[Message, ...], ...]:
    """For each row: values that few in the cohort have, a combination unlike it, and how much is unknown."""
    found: list[list[Message]] = [[] for _ in range(len(rows))]
    for p, s in zip(model.card.predictors, model.measured.predictors, strict=True):
        if p.kind == "number":
            low, high = s.quantiles[0], s.quantiles[-1]
            values = rows[p.name].to_numpy(dtype=np.float64, na_value=np.nan)
            for i in map(int, np.flatnonzero((values < low) | (values > high))):
                found[i].append(_unusual(p, float(values[i]), low, high))
    for i, worst in _unlike(model, rows):
        found[i].append(Message("patient.unlike", {"predictor": worst}))
    unknown = rows[[p.name for p in model.card.predictors]].isna().to_numpy().sum(axis=1)
    for i in map(int, np.flatnonzero(unknown)):
        found[i].append(Message("patient.unknown", {"count": int(unknown[i]), "of": len(model.card.predictors)}))
    return tuple(tuple(messages) for messages in found)


def _unusual(p: PredictorSpec, value: float, low: float, high: float) -> Message:
    def said(v: float) -> str:
        return f"{v:.{p.decimals}f} {p.unit}".strip()

    return Message("patient.unusual", {"predictor": p.name, "value": said(value), "low": said(low), "high": said(high)})


def _unlike(model: RiskModel, rows: pd.DataFrame) -> list[tuple[int, str]]:
    """The rows that lie farther from the cohort's mean than 99 of 100 of its people, and what does most."""
    encoding = model.encoding
    X = encoding.encode(rows)[:, encoding.is_number]
    if X.shape[1] == 0:
        return []
    part = (X - model.mean) * ((X - model.mean) @ model.precision)
    far = np.flatnonzero(np.sqrt(np.maximum(part.sum(axis=1), 0)) > model.measured.applicability.distance_max)
    names = [encoding.predictors[encoding.owner[j]].name for j in np.flatnonzero(encoding.is_number)]
    return [(int(i), names[int(part[i].argmax())]) for i in far]


def typical(model: RiskModel) -> dict[str, float | str]:
    """The cohort's typical patient: what a form starts at."""
    return {s.name: _rounded(s, p) for s, p in zip(model.measured.predictors, model.card.predictors, strict=True)}


def _rounded(s: PredictorStatistics, p: PredictorSpec) -> float | str:
    value = s.typical
    return value if isinstance(value, str) else round(value, p.decimals)


def place_in_cohort(model: RiskModel, risk: float) -> float:
    """The share of the development cohort whose predicted risk is lower, 0 to 1."""
    quantiles: Floats = np.array(model.measured.risk_quantiles)
    return float(np.interp(risk, quantiles, np.linspace(0, 1, len(quantiles))))

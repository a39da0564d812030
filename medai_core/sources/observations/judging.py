"""Cells of one predictor judged: a value in the card's unit, or why there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medai_core.cards import PredictorSpec
from medai_core.sources.fhir.units import in_unit_of, ucum
from medai_core.sources.intake import categories_in, numbers_in
from medai_core.sources.observations.rows import Cells, Reason

FIGURES = {"float32": 7, "float16": 4}
"""Decimal figures that floats of fewer bits hold: 41.7 comes back as 41.7, not as 41.70000076."""


def judge(
    given: pd.Series,
    row: NDArray[np.int64],
    p: PredictorSpec,
    place: int,
    unit: pd.Series | None = None,
    *,
    bare: bool = True,
) -> Cells:
    """The cells ``given`` in the rows ``row`` of a file, all of the predictor ``p`` at ``place``.

    Parameters
    ----------
    unit : (n,) as it is stated, "" where it is not; None where the file has none at all.
    bare : whether a number without a unit is in the card's, as in a table; else it says nothing, as in FHIR.
    """
    there = np.flatnonzero(present(given))
    if len(there) < len(given):
        given, row = given.iloc[there], row[there]
        unit = None if unit is None else unit.iloc[there]
    if p.kind == "number":
        value, reason = _numbers(given, p, unit, bare=bare)
    else:
        value, reason = _categories(given, p)
    return Cells(place, row, np.where(reason == Reason.GOOD, value, np.nan), reason, given, unit)


def decimal(column: pd.Series) -> pd.Series:
    """A column of floats of fewer bits as the decimal numbers that were stored in it; others as they are."""
    figures = FIGURES.get(str(column.dtype).lower())
    if figures is None:
        return column
    exact = column.to_numpy(dtype=np.float64, na_value=np.nan)
    with np.errstate(all="ignore"):
        digits = figures - 1 - np.floor(np.log10(np.abs(exact)))
        scale = np.power(10.0, np.clip(digits, -300, 300))
        rounded = np.round(exact * scale) / scale
    return pd.Series(np.where(np.isfinite(rounded), rounded, exact), index=column.index)


def present(given: pd.Series) -> NDArray[np.bool_]:
    """Which cells hold anything."""
    there = np.array(given.notna(), dtype=bool)
    if given.dtype == "str":
        there &= (given != "").to_numpy(dtype=bool, na_value=False)
    return there


def _numbers(
    given: pd.Series, p: PredictorSpec, unit: pd.Series | None, *, bare: bool
) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    numbers, unknown = numbers_in(given, p)
    reason = np.where(unknown, Reason.MISSING, np.where(np.isnan(numbers), Reason.UNREADABLE, Reason.GOOD))
    if unit is not None:
        numbers, wrong = _in_card_unit(numbers, unit, p, bare=bare)
        reason[wrong & (reason == Reason.GOOD)] = Reason.UNIT
    within = (numbers >= p.low) & (numbers <= p.high)
    reason[~within & (reason == Reason.GOOD)] = Reason.IMPLAUSIBLE
    return numbers, reason.astype(np.int8)


def _in_card_unit(
    numbers: NDArray[np.float64], unit: pd.Series, p: PredictorSpec, *, bare: bool
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The numbers in the card's unit, and which have a unit that cannot be converted."""
    place, stated = pd.factorize(unit.astype("str").str.strip().fillna(""))
    kinds = [_kind(name, p, bare=bare) for name in stated]
    wrong = np.array([kind is None for kind in kinds], dtype=bool)[place]
    found = numbers.copy()
    # The values of a unit are converted once for all that are alike.
    for kind in {k for k in kinds if k}:
        which = np.array([k == kind for k in kinds], dtype=bool)[place]
        distinct, back = np.unique(numbers[which], return_inverse=True)
        found[which] = np.array([in_unit_of(p, float(v), kind) for v in distinct], dtype=np.float64)[back]
    return found, wrong


def _kind(unit: str, p: PredictorSpec, *, bare: bool) -> str | None:
    """A unit in UCUM; "" where its numbers are in the card's unit as they stand, None where they cannot be."""
    if not unit:
        return "" if bare or p.ucum in ("", "1") else None
    if own_unit(unit, p):
        return ""
    return ucum(unit) if in_unit_of(p, 1.0, unit) is not None else None


def own_unit(unit: str, p: PredictorSpec) -> bool:
    """Whether ``unit`` is the card's, however it is written."""
    return unit in (p.unit, p.ucum) or ucum(unit) in (ucum(p.ucum), ucum(p.unit) if p.unit else ucum(p.ucum))


def _categories(given: pd.Series, p: PredictorSpec) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    names, unknown = categories_in(given, p)
    place = {c.name: float(i) for i, c in enumerate(p.categories)}
    value = pd.Series(names, dtype=object).map(place).to_numpy(dtype=np.float64, na_value=np.nan)
    reason = np.where(unknown, Reason.MISSING, np.where(np.isnan(value), Reason.UNREADABLE, Reason.GOOD))
    return value, reason.astype(np.int8)

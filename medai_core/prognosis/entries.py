"""One patient as a form gives them: each value in the unit it was read in, checked and put into the card's words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from medai_core.cards import Card, PredictorSpec
from medai_core.errors import Message

FIGURES = 3
"""Significant figures that a typical value is worth in a unit which the card does not count decimals of."""


@dataclass(frozen=True)
class Unit:
    """One unit that a predictor is read in.

    Attributes
    ----------
    name : as it is written; empty for a bare number.
    factor, offset : a value in the card's unit is ``value * factor + offset`` in this one.
    decimals : digits after the point that are customary.
    """

    name: str
    factor: float = 1.0
    offset: float = 0.0
    decimals: int = 0

    def of(self, value: float) -> float:
        """A value of the card's unit in this one; to 12 figures, so that there and back again changes nothing."""
        return _tidy(value * self.factor + self.offset)

    def back(self, value: float) -> float:
        """A value of this unit in the card's."""
        return _tidy((value - self.offset) / self.factor)

    def said(self, value: float) -> str:
        """A value of the card's unit in this one with its unit, as it is customarily written."""
        return f"{self.of(value):.{self.decimals}f} {self.name}".strip()

    def range(self, p: PredictorSpec) -> tuple[float, float]:
        """The plausible range in this unit, its ends rounded inwards so that what is offered is never refused."""
        step = 10**self.decimals
        ends = sorted((self.of(p.low), self.of(p.high)))
        return math.ceil(_tidy(ends[0] * step)) / step, math.floor(_tidy(ends[1] * step)) / step


def _tidy(value: float) -> float:
    return float(f"{value:.12g}")


def units(p: PredictorSpec, typical: float | str | None = None) -> tuple[Unit, ...]:
    """The units that a number is read in, the card's own first; none for a category.

    ``typical`` is a usual value in the card's unit: it tells how many decimals the other unit needs.
    """
    if p.kind != "number":
        return ()
    own = Unit(p.unit, decimals=p.decimals)
    if p.other_unit is None:
        return (own,)
    other = Unit(p.other_unit.unit, p.other_unit.factor, p.other_unit.offset)
    usual = abs(other.of(typical if isinstance(typical, float) else (p.low + p.high) / 2))
    # As fine as the card's own unit, but no finer than the figures that a value is worth.
    fine = math.ceil(p.decimals - math.log10(abs(other.factor)) - 0.25)
    worth = FIGURES - 1 - math.floor(math.log10(usual)) if usual else fine
    return own, Unit(other.name, other.factor, other.offset, max(0, min(fine, worth)))


@dataclass(frozen=True)
class Entry:
    """What was entered for one predictor.

    Attributes
    ----------
    value : in ``unit``; a category by its name; None where it is not known.
    """

    value: float | str | None
    unit: Unit = Unit("")

    @property
    def in_card_unit(self) -> float | str | None:
        """The value as the model is given it."""
        return self.unit.back(self.value) if isinstance(self.value, float) else self.value


Entries = Mapping[str, Entry]


def refusals(card: Card, entries: Entries) -> tuple[Message, ...]:
    """Why no risk is given: every number outside its plausible range, in the unit that it was entered in."""
    found = []
    for p in card.predictors:
        entry = entries.get(p.name, Entry(None))
        if isinstance(entry.value, float) and not p.low <= float(entry.in_card_unit or 0) <= p.high:
            low, high = entry.unit.range(p)
            facts = {"value": f"{entry.value:g}", "low": f"{low:g}", "high": f"{high:g}", "unit": entry.unit.name}
            found.append(Message("patient.out_of_range", {"predictor": p.name, **facts}))
    return tuple(found)


def as_row(card: Card, entries: Entries) -> pd.DataFrame:
    """The patient as a table of one row in the card's words; a predictor that is not entered is unknown."""
    given = {p.name: entries.get(p.name, Entry(None)).in_card_unit for p in card.predictors}
    kinds = {p.name: "float64" if p.kind == "number" else "object" for p in card.predictors}
    return pd.DataFrame({name: pd.Series([value], dtype=kinds[name]) for name, value in given.items()})

"""Widgets drawn from a card's predictors: a patient is asked for, and what is out of range is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from medai_core.cards import Card, PredictorSpec, PredictorStatistics
from ui import words
from ui.language import _, category_title, predictor_title

FIRST = 10
"""Predictors that are shown at once, the weightiest first; the others open on demand."""

Value = float | str | None


@dataclass(frozen=True)
class Asked:
    """What the reader entered: the card's units, None for unknown; ``refused`` says what is out of range."""

    values: dict[str, Value]
    refused: tuple[str, ...]

    def row(self) -> pd.DataFrame:
        """The patient as a table of one row, in the card's words."""
        found = {n: pd.Series([v], dtype=object if isinstance(v, str) else None) for n, v in self.values.items()}
        return pd.DataFrame({n: s if s.notna().any() else pd.Series([None]) for n, s in found.items()})


def ask_patient(card: Card) -> Asked:
    """The form: every predictor with its unit and range, each of which may be unknown."""
    assert card.measured is not None
    statistics = {s.name: s for s in card.measured.predictors}
    ordered = sorted(card.predictors, key=lambda p: -statistics[p.name].importance)
    other = _ask_units(card)
    values: dict[str, Value] = {}
    _ask_all(card, ordered[:FIRST], statistics, values, other=other)
    if len(ordered) > FIRST:
        with st.expander(_("{n} more predictors").format(n=len(ordered) - FIRST)):
            _ask_all(card, ordered[FIRST:], statistics, values, other=other)
    st.caption(
        _("An empty field is unknown: it then stands at the cohort's typical value, which is what the form starts at.")
    )
    values = {p.name: values[p.name] for p in card.predictors}
    refused = [problem for p in card.predictors if (problem := _problem(card, p, values[p.name]))]
    return Asked(values, tuple(refused))


def _ask_units(card: Card) -> bool:
    """Whether the other customary units are wanted; fields keep their meaning when they change."""
    converted = [p for p in card.predictors if p.other_unit]
    if not converted:
        return False
    first = converted[0]
    assert first.other_unit is not None
    names = {False: _("Units of the cohort"), True: _("Other customary units")}
    chosen = st.segmented_control(
        _("Units"),
        list(names),
        format_func=names.__getitem__,
        default=False,
        required=True,
        key=f"risk_units:{card.outcome}",
        help=_("For example {title}: {unit} or {other}.").format(
            title=predictor_title(card, first.name), unit=first.unit, other=first.other_unit.unit
        ),
    )
    return bool(chosen)


def _ask_all(
    card: Card,
    predictors: Sequence[PredictorSpec],
    statistics: dict[str, PredictorStatistics],
    values: dict[str, Value],
    *,
    other: bool,
) -> None:
    left, right = st.columns(2, gap="small")
    for i, p in enumerate(predictors):
        with (left, right)[i % 2]:
            ask = _ask_number if p.kind == "number" else _ask_category
            values[p.name] = ask(card, p, statistics[p.name], other=other)


def _ask_number(card: Card, p: PredictorSpec, s: PredictorStatistics, *, other: bool) -> Value:
    """One number; what was entered in the one unit is shown converted when the reader changes to the other."""
    kept = f"risk_value:{card.outcome}:{p.name}"
    in_other = other and p.other_unit is not None
    entered = st.session_state.get(kept, round(s.quantiles[3], p.decimals))
    decimals = decimals_of(p, other=in_other)
    before = None if entered is None else round(shown(p, entered, other=in_other), decimals)
    # Set here and not as the widget's own value: only a field that began empty can be emptied.
    st.session_state.setdefault(f"{kept}:{in_other}", before)
    given = st.number_input(
        f"{predictor_title(card, p.name)} ({unit_of(p, other=in_other)})" if p.unit else predictor_title(card, p.name),
        value=None,
        step=10.0**-decimals,
        format=f"%.{decimals}f",
        placeholder=_("unknown"),
        key=f"{kept}:{in_other}",
        help=_help(p, s, other=in_other),
    )
    # What was not touched keeps its own decimals, so that a change of units changes no risk.
    value = entered if given == before else None if given is None else meant(p, given, other=in_other)
    st.session_state[kept] = value
    return value


def _help(p: PredictorSpec, s: PredictorStatistics, *, other: bool) -> str:
    def said(value: float) -> str:
        return f"{shown(p, value, other=other):.{decimals_of(p, other=other)}f}"

    return _("{low} to {high} {unit} is plausible; typical {typical}. Clear the field where it is unknown.").format(
        low=said(p.low), high=said(p.high), unit=unit_of(p, other=other), typical=said(s.quantiles[3])
    )


def _ask_category(card: Card, p: PredictorSpec, s: PredictorStatistics, *, other: bool) -> Value:
    names = [c.name for c in p.categories]
    return st.selectbox(
        predictor_title(card, p.name),
        [*names, None],
        index=names.index(str(s.typical)),
        format_func=lambda name: words.sentence(category_title(card, p.name, name) if name else _("unknown")),
        key=f"risk_value:{card.outcome}:{p.name}",
    )


def unit_of(p: PredictorSpec, *, other: bool = False) -> str:
    """The unit that a number is shown in."""
    return p.other_unit.unit if other and p.other_unit else p.unit


def shown(p: PredictorSpec, value: float, *, other: bool) -> float:
    """A number of the card in the unit that it is shown in."""
    return value * p.other_unit.factor + p.other_unit.offset if other and p.other_unit else value


def meant(p: PredictorSpec, value: float, *, other: bool) -> float:
    """A number as entered in the card's unit."""
    return (value - p.other_unit.offset) / p.other_unit.factor if other and p.other_unit else value


def decimals_of(p: PredictorSpec, *, other: bool) -> int:
    """Digits after the point: as many more as the other unit is larger."""
    if not (other and p.other_unit):
        return p.decimals
    factor, more = p.other_unit.factor, 0
    while factor < 0.5 and more < 3:
        factor, more = factor * 10, more + 1
    return p.decimals + more


def value_words(card: Card, p: PredictorSpec, value: Value) -> str:
    """A predictor's value with its unit, in words."""
    if value is None or value != value:
        return _("unknown")
    if isinstance(value, str):
        return category_title(card, p.name, value)
    return f"{value:.{p.decimals}f} {p.unit}".strip()


def _problem(card: Card, p: PredictorSpec, value: Value) -> str:
    """Why a value is refused; empty where it is not."""
    if not isinstance(value, int | float) or p.low <= value <= p.high:
        return ""
    return _("{title} {value} is not plausible: it must lie from {low} to {high}. Correct it, or clear it.").format(
        title=predictor_title(card, p.name),
        value=f"{value:g}",
        low=f"{p.low:g}",
        high=f"{p.high:g} {p.unit}".strip(),
    )

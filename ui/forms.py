"""Widgets drawn from a card's predictors: a patient is asked for, and what is out of range is refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from medai_core.cards import Card, PredictorSpec, PredictorStatistics
from medai_core.errors import N_, Message
from medai_core.prognosis.entries import Entry, Unit, as_row, refusals, units
from ui import words
from ui.language import _, category_title, predictor_title, wording
from ui.results import plain

FIRST = 14
"""Predictors that are shown at once, the weightiest first; the others open on demand."""

UNITS = (N_("years"), N_("days"), N_("beats/min"))
"""The units of cards that are words; symbols are the same in every language."""

Value = float | str | None


@dataclass(frozen=True)
class Asked:
    """What the reader entered.

    Attributes
    ----------
    values : in the card's units, None for unknown. units : the unit that each number is read in.
    row : the patient as a table of one row, in the card's words. refused : what is out of range.
    """

    values: dict[str, Value]
    units: dict[str, Unit]
    row: pd.DataFrame
    refused: tuple[Message, ...]


def ask_patient(
    card: Card, weight: Mapping[str, float], flagged: Collection[str] = (), *, label: str | None = "risk_patient"
) -> Asked:
    """The form: every predictor with its unit and range, each of which may be unknown.

    Parameters
    ----------
    weight : what the predictors are ordered by, so that the form stays as it is when the model changes.
    flagged : the predictors that the model has a term of its own for, where they are unknown.
    label : the key of the field with the patient's name, which a new patient empties; None where the patient comes
        from a file and leaves with it.
    """
    assert card.measured is not None
    statistics = {s.name: s for s in card.measured.predictors}
    ordered = sorted(card.predictors, key=lambda p: -weight.get(p.name, 0.0))
    with st.container(horizontal=True, gap="small"):
        if label is not None:
            anew = {"on_click": _begin_anew, "args": (card, label), "help": _help_anew()}
            st.button(_("New patient"), icon=":material/restart_alt:", **anew)
        read_in = _ask_units(card, statistics)
    entries: dict[str, Entry] = {}
    _ask_all(card, ordered[:FIRST], statistics, read_in, entries)
    if len(ordered) > FIRST:
        with st.expander(_("{n} more predictors").format(n=len(ordered) - FIRST)):
            _ask_all(card, ordered[FIRST:], statistics, read_in, entries)
    values = {p.name: entries[p.name].in_card_unit for p in card.predictors}
    _say_unknown(card, values, statistics, read_in, flagged)
    return Asked(values, read_in, as_row(card, entries), refusals(card, entries))


def _help_anew() -> str:
    return _("Forgets this patient and starts again at the cohort's typical one.")


def _begin_anew(card: Card, label: str) -> None:
    """Nothing of the last patient is left in the form."""
    forget(f"risk_value:{card.outcome}:")
    st.session_state[label] = ""


def forget(prefix: str) -> None:
    """Drop what was entered in every field whose key begins so."""
    for key in [str(key) for key in st.session_state]:
        if key.startswith(prefix):
            del st.session_state[key]


def enter_known(card: Card, age_years: int | None, sex: str | None) -> None:
    """Enter what is known of a patient into the form, where the model asks for it; before the form is drawn."""
    for p in card.predictors:
        key = f"risk_value:{card.outcome}:{p.name}"
        if p.name == "age" and p.unit == "years" and age_years is not None:
            st.session_state[key] = Entry(float(age_years), Unit(p.unit))
        elif p.name == "sex" and sex in {c.name for c in p.categories}:
            st.session_state[key] = sex


def enter_row(card: Card, row: Mapping[str, Value]) -> None:
    """Enter what a file says of a patient into an empty form, in the card's words; before the form is drawn."""
    for p in card.predictors:
        key, value = f"risk_value:{card.outcome}:{p.name}", row.get(p.name)
        if p.kind == "number":
            st.session_state[key] = Entry(None if value is None else float(value), Unit(p.unit))
        else:
            st.session_state[key] = value or ""


def _ask_units(card: Card, statistics: dict[str, PredictorStatistics]) -> dict[str, Unit]:
    """The unit that each number is read in; a field keeps its meaning when its unit changes."""
    offered = {p.name: units(p, statistics[p.name].typical) for p in card.predictors if p.kind == "number"}
    found = {name: choices[0] for name, choices in offered.items()}
    if all(len(choices) == 1 for choices in offered.values()):
        return found
    with st.popover(_("Units"), icon=":material/straighten:"):
        st.caption(_("A value that stands in a field is converted."))
        for name, choices in offered.items():
            if len(choices) > 1:
                found[name] = _ask_unit(card, name, choices)
    return found


def _ask_unit(card: Card, name: str, choices: tuple[Unit, ...]) -> Unit:
    by_name = {unit.name: unit for unit in choices}
    chosen = st.segmented_control(
        predictor_title(card, name),
        list(by_name),
        default=choices[0].name,
        required=True,
        key=f"risk_unit:{card.outcome}:{name}",
        persist_state="session",
    )
    return by_name.get(str(chosen), choices[0])


def _ask_all(
    card: Card,
    predictors: Sequence[PredictorSpec],
    statistics: dict[str, PredictorStatistics],
    read_in: dict[str, Unit],
    entries: dict[str, Entry],
) -> None:
    """Two fields in a line, so that the keyboard goes the way the eye does."""
    for start in range(0, len(predictors), 2):
        places = st.columns(2, gap="small", vertical_alignment="bottom")
        for p, place in zip(predictors[start : start + 2], places, strict=False):
            with place:
                if p.kind == "number":
                    entries[p.name] = _ask_number(card, p, statistics[p.name], read_in[p.name])
                else:
                    entries[p.name] = Entry(_ask_category(card, p, statistics[p.name]))


def _ask_number(card: Card, p: PredictorSpec, s: PredictorStatistics, unit: Unit) -> Entry:
    """One number; what was entered in the one unit is shown converted when the reader changes to the other."""
    kept = f"risk_value:{card.outcome}:{p.name}"
    entered: Entry = st.session_state.get(kept) or Entry(round(s.quantiles[3], p.decimals), Unit(p.unit))
    own = entered.in_card_unit
    before = round(unit.of(own), unit.decimals) if isinstance(own, float) else None
    # Set here and not as the widget's own value: only a field that began empty can be emptied.
    st.session_state.setdefault(f"{kept}:{unit.name}", before)
    given = st.number_input(
        f"{predictor_title(card, p.name)} ({_(unit.name)})" if unit.name else predictor_title(card, p.name),
        value=None,
        step=10.0**-unit.decimals,
        format=f"%.{unit.decimals}f",
        placeholder=_("unknown"),
        key=f"{kept}:{unit.name}",
        help=_help(p, s, unit),
    )
    # What was not touched keeps its own decimals, so that a change of units changes no risk.
    found = entered if given == before else Entry(given, unit)
    st.session_state[kept] = found
    return found


def _help(p: PredictorSpec, s: PredictorStatistics, unit: Unit) -> str:
    low, high = unit.range(p)
    return _("{low} to {high} {unit} is plausible; typical {typical}. Clear the field where it is unknown.").format(
        low=f"{low:g}", high=f"{high:g}", unit=_(unit.name), typical=f"{unit.of(s.quantiles[3]):.{unit.decimals}f}"
    )


def _ask_category(card: Card, p: PredictorSpec, s: PredictorStatistics) -> str | None:
    key, names = f"risk_value:{card.outcome}:{p.name}", [c.name for c in p.categories]
    st.session_state.setdefault(key, str(s.typical))
    # Not None: to Streamlit that is a field without any choice.
    chosen = st.selectbox(
        predictor_title(card, p.name),
        [*names, ""],
        format_func=lambda name: words.sentence(category_title(card, p.name, name) if name else _("unknown")),
        key=key,
        persist_state="session",
    )
    return chosen or None


def _say_unknown(
    card: Card,
    values: dict[str, Value],
    statistics: dict[str, PredictorStatistics],
    read_in: dict[str, Unit],
    flagged: Collection[str],
) -> None:
    """How everything that is unknown is treated."""
    said = [
        _treated(card, p, value_words(card, p, statistics[p.name].typical, read_in.get(p.name)), p.name in flagged)
        for p in card.predictors
        if values[p.name] is None
    ]
    if said:
        st.caption(plain(_("Unknown: {treated}.").format(treated="; ".join(said))))
    else:
        st.caption(_("Clear a field, or choose “unknown”, for what is not known; the model can do without it."))


def _treated(card: Card, p: PredictorSpec, typical: str, flagged: bool) -> str:
    """What the model does without one predictor."""
    title = predictor_title(card, p.name)
    if not flagged:
        return _("{predictor} stands at what is typical, {typical}").format(predictor=title, typical=typical)
    if p.kind == "category":
        return _("{predictor} has a term of its own for not being known").format(predictor=title)
    return _("{predictor} stands at {typical}, with a term of its own for not being known").format(
        predictor=title, typical=typical
    )


def value_words(card: Card, p: PredictorSpec, value: Value, unit: Unit | None = None) -> str:
    """A predictor's value with its unit, in words; ``unit`` is the one that the reader has chosen."""
    if unit is None or not isinstance(value, float) or value != value:
        return wording().value(card, p, value)
    return f"{unit.of(value):.{unit.decimals}f} {_(unit.name)}".strip()


def refusal_words(card: Card, refusal: Message) -> str:
    """Why a value is refused, with the predictor and the unit in the reader's language."""
    return wording().about_predictor(card, refusal)

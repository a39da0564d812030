"""What the alarms of a model that watches cost, and what they catch."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from medai_core.cards import Bounds, Card, Measured
from medai_core.cards.monitoring import AlarmLevel, Monitored
from ui import words
from ui.cards import monitoring_figures as figures
from ui.cards.monitoring import monitored_of, spec_of, values_of
from ui.cards.purpose import bullets
from ui.cards.risk_performance import said
from ui.language import _


def alarms(card: Card) -> None:
    """What an alarm level costs and catches."""
    measured, monitored = monitored_of(card)
    bullets([*_offered(card, monitored), *_at_sensitivity(measured)])
    if not monitored.levels:
        return
    left, right = st.columns([5, 6], gap="large")
    with left:
        figures.alarms(monitored.levels, monitored.level)
    with right:
        table = pd.DataFrame([_level_row(v, v.level == monitored.level) for v in monitored.levels])
        st.dataframe(table, hide_index=True, height=400, alt=_("Alarm levels"))
    st.caption(_taken(card))


def _taken(card: Card) -> str:
    """What the figure and the table count."""
    said = _(
        "All on the test split, at levels chosen before it was looked at, with 95 % intervals by resampling patients. "
        "Alarms: per 100 patient-days."
    )
    if spec_of(card).outcomes.hour:
        return f"{said} " + _("False: in a stay without the event, or more than 12 hours before it.")
    return f"{said} " + _("False: in a stay without the event.")


def _level_row(v: AlarmLevel, offered: bool) -> dict[str, str]:
    return {
        _("Level"): words.percent(v.level) + (" ←" if offered else ""),
        _("Alarms"): _rate(v.alarms),
        _("False"): _rate(v.false),
        _("Events caught"): _caught(v),
    }


def _caught(v: AlarmLevel) -> str:
    return f"{words.share(v.caught.value)} ({words.span(v.caught.low, v.caught.high, shares=True)})"


def _rate(b: Bounds) -> str:
    span = _("{low} to {high}").format(low=f"{b.low:.1f}", high=f"{b.high:.1f}")
    return f"{b.value:.1f} ({span})"


def _offered(card: Card, monitored: Monitored) -> list[str]:
    """The level offered first, and the rules of alarms, in sentences."""
    spec = spec_of(card)
    rules = _("After an alarm none is raised for {n} hours.").format(n=spec.silent_hours)
    first = next((v for v in monitored.levels if v.level == monitored.level), None)
    if first is None:
        return [rules]
    offered = _(
        "Offered first is the level {level}: {alarms} alarms per 100 patient-days, {false} of them false, and {caught} "
        "of events caught; 100 patient-days hold {events:.1f} stays with the event."
    ).format(
        level=words.percent(first.level),
        alarms=_rate(first.alarms),
        false=_rate(first.false),
        caught=_caught(first),
        events=first.events,
    )
    chosen = _("In development it cost least, a missed event counting as {n:g} false alarms.").format(
        n=spec.missed_cost
    )
    return [offered, chosen, rules]


def _at_sensitivity(measured: Measured) -> list[str]:
    """Utility, and the alarms at the level that caught four in five in development."""
    own = {m.measure: m for m in values_of(measured, "")}
    found = []
    if "utility" in own:
        utility = _(
            "Utility of warnings (PhysioNet challenge of 2019): {value}, n = {n} stays. 1 is the best that warnings "
            "can do, 0 is never to warn, and below 0 is worse than that."
        )
        found.append(utility.format(value=said(own["utility"]), n=own["utility"].n))
    if {"alarms_per_patient_day", "patients_caught"} <= own.keys():
        alarms, caught = own["alarms_per_patient_day"], own["patients_caught"]
        at = _(
            "At the level that caught 80 % of events in development: {alarms} alarms per patient-day, and {caught} of "
            "events caught, n = {n} stays."
        )
        found.append(at.format(alarms=said(alarms), caught=said(caught), n=alarms.n))
    return found

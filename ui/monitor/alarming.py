"""From which risk an alarm is raised: chosen by what a missed event costs, with what that was measured to mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from medai_core.cards import Card
from medai_core.cards.monitoring import AlarmLevel
from medai_core.metrics import Floats
from medai_core.prognosis.monitoring.alarms import alarms, cheapest
from ui import words
from ui.cards.risk import event_title
from ui.language import _
from ui.monitor.said import estimator_title, monitored_of, rate, share, spec_of
from ui.results import facts, plain

COSTS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
"""False alarms that one missed event may be as bad as."""
LISTED = 12
"""Alarms that are listed."""


@dataclass(frozen=True)
class Alarming:
    """The level, and the cost that it was chosen by."""

    level: AlarmLevel
    missed_cost: float
    silent_hours: int

    def raised(self, risk: Floats) -> list[int]:
        """The hours, from 1, at whose end an alarm is raised, for the risks (k,) of successive hours."""
        found = alarms(risk[None, :], self.level.level, self.silent_hours)[0]
        return [int(k) + 1 for k in np.flatnonzero(found)]


def ask_alarming(card: Card) -> Alarming:
    """The level that costs least, by what the reader says a missed event is worth."""
    spec, monitored = spec_of(card), monitored_of(card)
    costs = sorted({*COSTS, spec.missed_cost})
    cost = st.select_slider(
        _("One missed event ({event}) is as bad as so many false alarms").format(event=plain(event_title(card))),
        costs,
        value=spec.missed_cost,
        format_func=lambda cost: f"{cost:g}",
        key=f"monitor_cost:{card.name}",
        persist_state="session",
    )
    return Alarming(cheapest(monitored.levels, cost), cost, spec.silent_hours)


def meaning(card: Card, alarming: Alarming, estimator: str) -> None:
    """What alarms at the level cost and catch, on the test split."""
    level = alarming.level
    facts(
        {
            _("Alarm from a risk of"): words.percent(level.level),
            _("Alarms per 100 patient-days"): rate(level.alarms),
            _("False alarms per 100 patient-days"): rate(level.false),
            _("Share of events caught"): share(level.caught),
            _("Silent after an alarm"): _("{n} hours").format(n=alarming.silent_hours),
        }
    )
    st.caption(measured(card, estimator))
    with st.expander(_("All levels as a table")):
        st.dataframe(_table(card, level), hide_index=True, alt=_("Alarm levels and what they cost and catch"))


def measured(card: Card, estimator: str) -> str:
    """Where the costs of a level come from, and whether they hold for the estimator that answers."""
    said = _("On the test split, with 95 % intervals by resampling patients.")
    if spec_of(card).outcomes.hour:
        said += " " + _("False: in a stay without the event, or more than 12 hours before it.")
    else:
        said += " " + _("False: in a stay without the event.")
    recommended = monitored_of(card).recommended
    if estimator != recommended:
        said += " " + _("Measured with {model}: for the estimator chosen here these numbers do not hold.").format(
            model=estimator_title(recommended)
        )
    return said


def _table(card: Card, chosen: AlarmLevel) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                _("Alarm from"): words.percent(v.level) + (f" ({_('chosen')})" if v == chosen else ""),
                _("Alarms per 100 patient-days"): rate(v.alarms),
                _("False alarms per 100 patient-days"): rate(v.false),
                _("Share of events caught"): share(v.caught),
            }
            for v in monitored_of(card).levels
        ]
    )


def listed(hours: list[int], risk: Floats) -> None:
    """The alarms that were raised so far, the newest first."""
    if not hours:
        st.markdown(_("No alarm was raised up to this hour."))
        return
    lines = [
        "- " + plain(_("Hour {hour}: alarm at a risk of {risk}").format(hour=h, risk=words.percent(float(risk[h - 1]))))
        for h in reversed(hours)
    ]
    st.markdown("\n".join(lines[:LISTED]))
    if len(lines) > LISTED:
        st.caption(_("{n} earlier ones; the download has all.").format(n=len(lines) - LISTED))

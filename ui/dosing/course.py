"""The course of the INR that is expected, under this dose and those of the other policies."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from medai_core.precision.dosing import Forecast
from ui import words
from ui.cards.dosing import regimen_title
from ui.colours import DASHES, LINES
from ui.dosing.case import Case
from ui.dosing.said import dose_words, simulation, span
from ui.figures import ink, show, table
from ui.language import _

BAND = "rgba(59,143,201,0.20)"
RANGE = "rgba(42,157,120,0.16)"
SHOWN_DAYS = 7
"""The table has every so many days."""

Named = tuple[str, Forecast]


def courses(case: Case) -> None:
    """Measured INRs, the expected course with its band, and the courses under the other policies' doses."""
    named = _named(case)
    figure = drawn(case, named)
    said = case.said
    past = _("measured: {inrs}").format(
        inrs=", ".join(_("day {day} INR {inr}").format(day=v.day, inr=f"{v.inr:g}") for v in said.inrs) or _("none")
    )
    last = "; ".join(f"{name}: {f.inr[-1]:.1f} ({span(f.low[-1], f.high[-1], 1)})" for name, f in named)
    alt = _("Expected course of the INR") + f"; {past}; " + _("on day {day}").format(day=said.expected.days[-1])
    st.subheader(_("Expected INR"), anchor=False)
    show(figure, f"{alt}: {last}. {simulation()}", "dosing_course", 440, legend=True)
    days = len(said.expected.days)
    st.caption(
        _(
            "{simulation} Each dose kept for {days} days, after the days without it. Shaded green: the therapeutic "
            "range of {range}; shaded blue: the 90 % band of the true INR under the first dose, by the model."
        ).format(simulation=simulation(), days=days, range=span(*case.model.spec.range_inr, 0))
    )
    table(rows(named), _("Expected course of the INR") + f" ({simulation()})")


def _named(case: Case) -> list[Named]:
    """The course of the policy that answers, then one for each other dose, the policies that say it named together."""
    said = case.said
    found: dict[tuple[float, int], list[str]] = {(said.dose_mg_per_day, said.held_days): [said.policy]}
    of = {(said.dose_mg_per_day, said.held_days): said.expected}
    for protocol, forecast in zip(said.protocols, said.courses, strict=True):
        key = (protocol.dose_mg_per_day, protocol.held_days)
        of.setdefault(key, forecast)
        if protocol.name != said.policy:
            found.setdefault(key, []).append(protocol.name)
    return [
        (f"{dose_words(*key)}: " + words.joined([regimen_title(n, case.card, short=True) for n in names]), of[key])
        for key, names in found.items()
    ]


def drawn(case: Case, named: Sequence[Named]) -> go.Figure:
    """The figure: the first course with its band, the others as lines of their own dash, the range shaded."""
    figure = go.Figure()
    first = named[0][1]
    low, high = case.model.spec.range_inr
    figure.add_hrect(y0=low, y1=high, fillcolor=RANGE, line_width=0, layer="below")
    figure.add_scatter(
        x=[*first.days, *first.days[::-1]],
        y=[*first.high, *first.low[::-1]],
        fill="toself",
        fillcolor=BAND,
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
    )
    for i, (name, forecast) in enumerate(named):
        figure.add_scatter(
            x=forecast.days,
            y=forecast.inr,
            name=name,
            mode="lines",
            line={"color": LINES[i % len(LINES)], "width": 1.75 if i else 3, "dash": DASHES[i % len(DASHES)]},
            hovertemplate="%{x}: %{y:.1f}<extra>%{fullData.name}</extra>",
        )
    _measured(figure, case)
    top = max(4.2, *(v.inr for v in case.said.inrs), *first.high, *(max(f.inr) for _name, f in named)) + 0.2
    figure.add_vline(x=case.said.day, line={"dash": "dot", "width": 1, "color": ink()})
    figure.update_xaxes(title=_("Day of treatment"), dtick=7 if first.days[-1] < 120 else None)
    figure.update_yaxes(title=_("INR"), range=[0.8, top], dtick=1)
    return figure


def _measured(figure: go.Figure, case: Case) -> None:
    """The INRs that were used, and those that were left out."""
    assert case.patient is not None
    used = case.said.inrs
    aside = [v for v in case.patient.inrs if v not in used]
    for name, values, symbol in ((_("measured"), used, "circle"), (_("measured, not used"), aside, "x")):
        if values:
            figure.add_scatter(
                x=[v.day for v in values],
                y=[v.inr for v in values],
                name=name,
                mode="markers",
                marker={"size": 9, "symbol": symbol, "color": ink()},
                hovertemplate="%{x}: %{y:.1f}<extra>%{fullData.name}</extra>",
            )


def rows(named: Sequence[Named]) -> pd.DataFrame:
    """The numbers behind the figure, a week apart."""
    return pd.DataFrame(
        [
            {
                _("Dose"): name,
                _("Day"): f.days[i],
                _("INR"): f"{f.inr[i]:.2f}",
                _("90 % band"): span(f.low[i], f.high[i], 2),
            }
            for name, f in named
            for i in range(SHOWN_DAYS - 1, len(f.days), SHOWN_DAYS)
        ]
    )

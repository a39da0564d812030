"""Figures of a model that watches: by hour, by estimator, and what alarms cost; the tables stand beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from medai_core.cards import Measure
from medai_core.cards.monitoring import AlarmLevel
from ui import words
from ui.figures import ACCENT, BARE, DOTTED, LEGEND, PLAIN
from ui.figures_cohort import OTHER
from ui.language import _

MARKS = (
    (ACCENT, "circle"),
    (OTHER, "square"),
    ("#b0569b", "diamond"),
    ("#808a94", "triangle-up"),
)
"""Colours of at least 3:1 against either theme, each with a shape of its own."""
APART = 0.9
"""Hours by which estimators stand apart at one hour, so that their intervals do not hide each other."""


def _show(figure: go.Figure, alt: str, *, height: int = 320, legend: bool = False) -> None:
    figure.update_layout(**{**PLAIN, "height": height, "showlegend": legend}, legend=LEGEND)
    # Streamlit's own grey of axes is too faint for text on a light page.
    ink = {"color": "#3a4754" if st.context.theme.type == "light" else "#c3ccd5"}
    figure.update_xaxes(tickfont=ink, title_font=ink)
    figure.update_yaxes(tickfont=ink, title_font=ink)
    figure.update_layout(legend={"font": ink})
    st.plotly_chart(figure, config=BARE, alt=alt)


def _whisker(found: Sequence[Measure]) -> dict[str, Any]:
    return {
        "array": [m.high - m.value for m in found],
        "arrayminus": [m.value - m.low for m in found],
        "thickness": 1.5,
        "width": 4,
    }


def in_words(m: Measure) -> str:
    """A value with its interval."""
    return f"{m.value:.3f} ({words.span(m.low, m.high)})"


def by_hour(measure: str, found: Mapping[str, Sequence[Measure]], ideal: float | None = None) -> None:
    """A measure over the hours of a stay, one line for each title; a dotted line where a perfect model would lie."""
    figure, said = go.Figure(), []
    shift = (len(found) - 1) / 2
    for k, (title, values) in enumerate(found.items()):
        colour, shape = MARKS[k % len(MARKS)]
        figure.add_scatter(
            x=[m.hour + APART * (k - shift) for m in values],
            y=[m.value for m in values],
            name=title,
            mode="lines+markers",
            line={"color": colour, "width": 2.5 if k == 0 else 1},
            marker={"color": colour, "symbol": shape, "size": 10},
            error_y=_whisker(values),
            customdata=[[m.hour, m.n] for m in values],
            hovertemplate=title + ": %{y:.3f} (%{customdata[0]} h, n = %{customdata[1]})<extra></extra>",
        )
        said += [f"{title}, {words.at_hour(measure, m.hour)}: {in_words(m)}" for m in values]
    if ideal is not None:
        figure.add_hline(y=ideal, line=DOTTED)
    hours = sorted({m.hour for values in found.values() for m in values})
    figure.update_xaxes(title=_("Hour of the stay"), tickvals=hours, range=[hours[0] - 3, hours[-1] + 3])
    figure.update_yaxes(title=words.measure_title(measure))
    _show(figure, "; ".join(said), height=360 if len(found) > 1 else 280, legend=len(found) > 1)


def by_estimator(measure: str, found: Mapping[str, Measure]) -> None:
    """A measure of several estimators, one below the other."""
    figure = go.Figure()
    for k, (title, m) in enumerate(found.items()):
        colour, shape = MARKS[k % len(MARKS)]
        figure.add_scatter(
            x=[m.value],
            y=[title],
            mode="markers",
            marker={"color": colour, "symbol": shape, "size": 12},
            error_x=_whisker([m]),
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
        )
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    figure.update_xaxes(title=words.measure_title(measure))
    said = "; ".join(f"{title}: {in_words(m)}" for title, m in found.items())
    _show(figure, f"{words.measure_title(measure)}: {said}", height=90 + 44 * len(found))


def alarms(levels: Sequence[AlarmLevel], offered: float) -> None:
    """The share of events caught against what it costs in alarms, all of them and the false ones."""
    figure = go.Figure()
    lines = {_("all alarms"): "alarms", _("false alarms"): "false"}
    for k, (title, field) in enumerate(lines.items()):
        cost = [getattr(v, field) for v in levels]
        colour, shape = MARKS[k]
        figure.add_scatter(
            x=[c.value for c in cost],
            y=[v.caught.value for v in levels],
            name=title,
            mode="lines+markers",
            line={"color": colour, "dash": "dot" if k else "solid"},
            marker={"color": colour, "symbol": shape, "size": 7},
            customdata=[[v.level, v.caught.low, v.caught.high] for v in levels],
            hovertemplate="%{customdata[0]:.2g}: %{x:.1f}, %{y:.1%} (%{customdata[1]:.1%}, %{customdata[2]:.1%})"
            "<extra></extra>",
        )
    first = next((v for v in levels if v.level == offered), None)
    if first is not None:
        _mark(figure, first)
    figure.update_xaxes(title=_("Alarms per 100 patient-days"), rangemode="tozero")
    figure.update_yaxes(title=words.measure_title("patients_caught"), tickformat=".0%", range=[-0.03, 1.05])
    said = [
        _("level {level}: {alarms:.1f} alarms per 100 patient-days, {caught} caught").format(
            level=words.percent(v.level), alarms=v.alarms.value, caught=words.share(v.caught.value)
        )
        for v in levels
    ]
    _show(figure, _("Alarms and events caught") + ": " + "; ".join(said), height=400, legend=True)


def _mark(figure: go.Figure, first: AlarmLevel) -> None:
    """A ring around the level that is offered first, with its words."""
    figure.add_scatter(
        x=[first.alarms.value],
        y=[first.caught.value],
        mode="markers",
        marker={"symbol": "circle-open", "size": 18, "color": ACCENT, "line": {"width": 3}},
        name=_("offered first: {level}").format(level=words.percent(first.level)),
        hoverinfo="skip",
    )

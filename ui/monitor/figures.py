"""Figures of a stay: its risk over time, a predictor over time, what drives a risk. Each keeps its axes while it plays.

A table stands behind each of them, drawn by whoever asks for the figure, since several may share one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from textwrap import wrap

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from medai_core.metrics import Floats
from ui import words
from ui.figures import ACCENT, BARE, DOTTED, PLAIN, ink, show, table
from ui.figures_cohort import OTHER
from ui.language import _

BAND = "rgba(59,143,201,0.22)"
USUAL = "rgba(128,140,152,0.20)"
NAMED = 12
"""Alarms that have a word beside their mark; of more, only the last."""
TICKS = (1, 2, 6, 12, 24, 48, 168, 720)
"""Hours between the marks of an axis."""


def hours_axis(last: int) -> dict[str, object]:
    """The hours of a stay, with at most a dozen marks."""
    step = next((t for t in TICKS if last / t <= 12), TICKS[-1])
    return {"range": [0, last * 1.01], "dtick": step, "tick0": 0, "zeroline": False}


@dataclass(frozen=True, eq=False)
class Line:
    """A risk over time.

    Attributes
    ----------
    hours, risk, low, high : (k,), nan where there is none. alarms : hours. level : from which one is raised.
    first, last : the ends of the axis of hours; top : of that of risks.
    """

    hours: Sequence[int]
    risk: Floats
    low: Floats
    high: Floats
    alarms: Sequence[int]
    level: float
    last: int
    top: float
    first: int = 0


def course(line: Line, alt: str, key: str, height: int = 320) -> None:
    """The risk as a line with its band, hours without one left blank; alarms, and the level as a dashed line."""
    figure = go.Figure()
    hours, given = np.asarray(line.hours), np.isfinite(line.risk)
    band_x, band_y = hours[given], (line.low[given], line.high[given])
    figure.add_scatter(
        x=[*band_x, *band_x[::-1]],
        y=[*band_y[1], *band_y[0][::-1]],
        fill="toself",
        fillcolor=BAND,
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=hours,
        y=np.where(given, line.risk, None),
        mode="lines+markers",
        marker={"size": 5},
        line={"color": ACCENT, "width": 2.5},
        connectgaps=False,
        hovertemplate=_("hour {hour}").format(hour="%{x}") + ": %{y:.1%}<extra></extra>",
    )
    _add_alarms(figure, line)
    _add_level(figure, line)
    figure.update_xaxes(
        title=_("Hour of the stay"), **hours_axis(line.last) | {"range": [line.first, line.last * 1.01]}
    )
    figure.update_yaxes(title=_("Risk"), tickformat=".0%", range=[0, line.top])
    show(figure, alt, key, height)


def _add_alarms(figure: go.Figure, line: Line) -> None:
    at = dict(zip(line.hours, line.risk.tolist(), strict=True))
    figure.add_scatter(
        x=list(line.alarms),
        y=[at[hour] for hour in line.alarms],
        mode="markers",
        marker={"symbol": "triangle-up", "size": 14, "color": OTHER, "line": {"width": 1, "color": ink()}},
        cliponaxis=False,
        hovertemplate=_("alarm at hour {hour}").format(hour="%{x}") + ": %{y:.1%}<extra></extra>",
    )
    for hour in line.alarms if len(line.alarms) <= NAMED else line.alarms[-1:]:
        figure.add_annotation(
            x=hour,
            y=at[hour],
            yshift=8,
            yanchor="bottom",
            xanchor="right" if hour > 0.94 * line.last else "center",
            text=_("alarm"),
            showarrow=False,
            font={"size": 12, "color": ink()},
        )


def _add_level(figure: go.Figure, line: Line) -> None:
    figure.add_hline(y=line.level, line={"dash": "dash", "width": 1.5, "color": OTHER})
    figure.add_annotation(
        x=0,
        xref="paper",
        y=line.level,
        xanchor="left",
        yanchor="top",
        text=_("alarm from {level}").format(level=words.percent(line.level)),
        showarrow=False,
        font={"size": 12, "color": ink()},
    )


@dataclass(frozen=True, eq=False)
class Trace:
    """A predictor over time, up to the hour that is shown.

    Attributes
    ----------
    hours, values : (k,), the points. ranges : hour to the lowest and highest value in it, where there were many.
    crosses : (hour, above, what was written) of values that were left out as implausible.
    usual : what 90 of 100 values of the cohort lie in; empty where that is not known.
    span : the ends of the axis of values. last : the end of that of hours. now : the hour that is shown.
    """

    title: str
    newest: str
    hours: Floats
    values: Floats
    span: tuple[float, float]
    last: int
    now: int
    ranges: Mapping[float, tuple[float, float]] = field(default_factory=dict)
    crosses: Sequence[tuple[float, bool, str]] = ()
    usual: tuple[float, float] | None = None


def trace(t: Trace, alt: str, key: str) -> None:
    """The measured points of a predictor, never joined, over the cohort's usual range."""
    on_axis = {"tickfont": {"color": ink()}, "zeroline": False}
    layout = {
        **PLAIN,
        "height": 170,
        "margin": {"l": 8, "r": 8, "t": 44, "b": 8},
        "shapes": _backdrop(t),
        "xaxis": hours_axis(t.last) | on_axis,
        "yaxis": {"range": list(t.span), "nticks": 4} | on_axis,
        "annotations": [_heading(t.title, 0), _heading(f"<b>{t.newest}</b>", 1, y=1.02)],
    }
    # All at once: a figure that is changed step by step takes four times as long, and there are many of them.
    figure = {"data": [_ranges(t), _points(t), _crosses(t)], "layout": layout}
    st.plotly_chart(figure, config=BARE, alt=alt, key=key)


def _ranges(t: Trace) -> dict[str, object]:
    return {
        "type": "scatter",
        "x": [at for hour in t.ranges for at in (hour, hour, None)],
        "y": [at for low, high in t.ranges.values() for at in (low, high, None)],
        "mode": "lines",
        "line": {"color": ACCENT, "width": 1},
        "hoverinfo": "skip",
    }


def _points(t: Trace) -> dict[str, object]:
    return {
        "type": "scatter",
        "x": t.hours,
        "y": t.values,
        "mode": "markers",
        "marker": {"size": 5, "color": ACCENT},
        "hovertemplate": "%{x:.1f}: %{y}<extra></extra>",
    }


def _crosses(t: Trace) -> dict[str, object]:
    return {
        "type": "scatter",
        "x": [hour for hour, _above, _text in t.crosses],
        "y": [t.span[1] if above else t.span[0] for _hour, above, _text in t.crosses],
        "mode": "markers",
        "marker": {"symbol": "x", "size": 9, "color": OTHER},
        "text": [escape(text) for _hour, _above, text in t.crosses],
        "hovertemplate": _("not used: {value}").format(value="%{text}") + "<extra></extra>",
        "cliponaxis": False,
    }


def _backdrop(t: Trace) -> list[dict[str, object]]:
    """The usual range, and the hour that is shown."""
    now = {"type": "line", "x0": t.now, "x1": t.now, "y0": 0, "y1": 1, "yref": "paper", "line": DOTTED}
    if t.usual is None:
        return [now]
    low, high = t.usual
    box = {"type": "rect", "xref": "paper", "x0": 0, "x1": 1, "y0": low, "y1": high, "fillcolor": USUAL}
    return [{**box, "line": {"width": 0}, "layer": "below"}, now]


def _heading(text: str, x: int, y: float = 1.2) -> dict[str, object]:
    at = {"x": x, "xref": "paper", "y": y, "yref": "paper", "yanchor": "bottom", "xanchor": "right" if x else "left"}
    return {**at, "text": text, "showarrow": False, "font": {"size": 13, "color": ink()}}


def bars(labels: Sequence[str], values: Sequence[float], alt: str, key: str) -> None:
    """What raises a risk to the right, what lowers it to the left."""
    figure = go.Figure(
        go.Bar(
            orientation="h",
            y=["<br>".join(wrap(label, 30)) for label in labels],
            x=list(values),
            text=[f"{_('raises') if v > 0 else _('lowers')} {abs(v):.2f}" for v in values],
            textposition="outside",
            textfont={"color": ink()},
            marker={"color": [OTHER if v > 0 else ACCENT for v in values]},
            cliponaxis=False,
            hovertemplate="%{y}: %{x:.2f}<extra></extra>",
        )
    )
    most = max((abs(v) for v in values), default=1.0) or 1.0
    low, high = (most * 1.5 * any(v * sign > 0 for v in values) + most * 0.1 for sign in (-1, 1))
    figure.add_vline(x=0, line={"width": 1, "color": "gray"})
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_xaxes(title=_("Log-odds"), range=[-low, high])
    show(figure, alt, key, 80 + 38 * len(labels))


def table_of_course(rows: Sequence[Mapping[str, object]]) -> None:
    """Every hour of a course with its risk, the newest first."""
    table(pd.DataFrame(rows), _("Risk over time, hour by hour"))

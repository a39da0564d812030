"""How long the groups live: curves with their intervals, the numbers at risk below, and the test between them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from medai_core.errors import Message
from medai_core.metrics.survival import KaplanMeier, at_risk
from medai_core.precision.genomics import Grouping, GroupSurvival, group_survival
from ui import words
from ui.colours import DASHES, GROUPS
from ui.figures import ink, show, table
from ui.language import _, say
from ui.results import plain
from ui.subtypes.said import group_title, p_words

AFTER_CHOICE = Message("genomics.after_choice")
TICKS = 8
"""About so many moments at which the numbers at risk are written."""


def survival(grouping: Grouping, columns: tuple[str, str] | None) -> None:
    """The curves, the numbers at risk and the test."""
    if columns is None:
        st.caption(_("Choose a clinical column of times and one of events above: 1 where it happened, 0 where not."))
        return
    label = grouping.label if grouping.k else np.ones_like(grouping.label)
    found = group_survival(grouping.matrix, label, grouping.clinical, columns)
    title = group_title if grouping.k else lambda group: _("all samples")
    st.markdown(plain(test_words(found)))
    _curves(found, title)
    table(pd.DataFrame(_rows(found, title)), _("Survival of the groups"))
    if found.test is not None:
        st.caption(plain(say(AFTER_CHOICE)))


def test_words(found: GroupSurvival) -> str:
    """The test between the groups in a sentence, and who is counted."""
    counted = _("{n:,} samples with time and event, {left:,} without.").format(n=found.n, left=found.left_out)
    if found.test is None:
        return _("There are no two groups to compare.") + " " + counted
    said = _("Log-rank test of all groups: chi-squared {statistic:.1f}, degrees of freedom {degrees}, p = {p}.")
    test = found.test
    return said.format(statistic=test.statistic, degrees=test.degrees, p=p_words(test.p)) + " " + counted


def ticks(found: GroupSurvival) -> list[float]:
    """Round moments up to the longest follow-up."""
    last = max(float(times.max()) for times in found.followed.values())
    raw = max(last, 1e-9) / TICKS
    power = 10 ** math.floor(math.log10(raw))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= raw)
    return [round(i * step, 10) for i in range(int(last / step) + 1)]


Title = Callable[[int], str]


def _curves(found: GroupSurvival, title: Title) -> None:
    moments = ticks(found)
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, row_heights=[330, 30 + 24 * len(found.curves)], vertical_spacing=0.09
    )
    for group, curve in found.curves.items():
        _add(figure, group, title(group), curve, float(found.followed[group].max()))
    titles = [title(group) for group in found.curves]
    for group, name in zip(found.curves, titles, strict=True):
        figure.add_trace(
            go.Scatter(
                x=moments,
                y=[name] * len(moments),
                text=[f"{n}" for n in at_risk(found.followed[group], np.array(moments))],
                mode="text",
                textfont={"color": ink(), "size": 12},
                hoverinfo="skip",
                showlegend=False,
                cliponaxis=False,
            ),
            row=2,
            col=1,
        )
    figure.update_yaxes(title=_("Share without the event"), tickformat=".0%", range=[0, 1.03], row=1, col=1)
    figure.update_yaxes(
        type="category", categoryarray=titles[::-1], range=[-0.6, len(titles) - 0.4], showgrid=False, row=2, col=1
    )
    figure.update_xaxes(range=[-0.02 * moments[-1], max(moments[-1] * 1.03, _last(found))], tickvals=moments)
    figure.update_xaxes(title=_("Time ({column}); below: numbers at risk").format(column=found.time[:40]), row=2, col=1)
    figure.update_xaxes(showgrid=False, row=2, col=1)
    show(figure, _alt(found, title), "subtypes_survival", 470 + 24 * len(titles), legend=True)


def _last(found: GroupSurvival) -> float:
    return max(float(times.max()) for times in found.followed.values())


def _add(figure: go.Figure, group: int, name: str, curve: KaplanMeier, last: float) -> None:
    """A curve with its interval, as steps up to the last follow-up."""
    colour = GROUPS[(group - 1) % len(GROUPS)]
    times = [*curve.times.tolist(), last]
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    for values, fill in ((curve.high, None), (curve.low, "tonexty")):
        figure.add_trace(
            go.Scatter(
                x=times,
                y=[*values.tolist(), float(values[-1])],
                line={"width": 0, "shape": "hv"},
                fill=fill,
                fillcolor=f"rgba({red},{green},{blue},0.16)",
                mode="lines",
                hoverinfo="skip",
                showlegend=False,
            ),
            row=1,
            col=1,
        )
    figure.add_trace(
        go.Scatter(
            x=times,
            y=[*curve.share.tolist(), float(curve.share[-1])],
            line={"color": colour, "width": 2.5, "shape": "hv", "dash": DASHES[(group - 1) % len(DASHES)]},
            mode="lines",
            name=f"{name} (n = {curve.n}, {_('events')}: {curve.events})",
            hovertemplate="%{x}: %{y:.1%}<extra>" + name + "</extra>",
        ),
        row=1,
        col=1,
    )


def _rows(found: GroupSurvival, title: Title) -> list[dict[str, str]]:
    rows = []
    for group, curve in found.curves.items():
        for moment, left in zip(ticks(found), at_risk(found.followed[group], np.array(ticks(found))), strict=True):
            if left:
                step = int(np.searchsorted(curve.times, moment, side="right")) - 1
                rows.append(
                    {
                        _("Group"): title(group),
                        _("Time"): f"{moment:g}",
                        _("Share without the event"): f"{100 * curve.share[step]:.1f} %",
                        _("95 % interval"): words.span(curve.low[step], curve.high[step], shares=True),
                        _("At risk"): f"{left}",
                    }
                )
    return rows


def _alt(found: GroupSurvival, title: Title) -> str:
    parts = [
        _("{group}: {events} events among {n}").format(group=title(g), events=c.events, n=c.n)
        for g, c in found.curves.items()
    ]
    return _("Kaplan-Meier curves with 95 % intervals and numbers at risk") + ": " + "; ".join(parts)

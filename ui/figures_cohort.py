"""Plotly figures of a cohort: each with a description, a table behind it and no colour as its only sign."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from medai_core.cards import Reliability
from medai_core.evaluation.curves import useful_span
from medai_core.metrics import Floats
from ui import words
from ui.figures import ACCENT, BARE, DOTTED, LEGEND, PLAIN, frequencies
from ui.language import _

OTHER = "#d98e1f"
"""The second line's colour: 3:1 against either theme, and told from ``ACCENT`` by colour-blind readers."""


def _show(figure: go.Figure, alt: str, *, legend: bool = False) -> None:
    figure.update_layout(**{**PLAIN, "showlegend": legend}, legend=LEGEND)
    st.plotly_chart(figure, config=BARE, alt=alt)


def _table(table: pd.DataFrame, alt: str) -> None:
    with st.expander(_("The plot as a table")):
        st.dataframe(table, hide_index=True, height=min(36 * (len(table) + 1), 400), alt=alt)


def risk_distribution(edges: Floats, here: Floats, there: Floats) -> None:
    """The shares of the uploaded people with each risk as bars, of the development cohort as a stepped line."""
    figure = go.Figure()
    figure.add_bar(
        x=(edges[:-1] + edges[1:]) / 2,
        y=here,
        width=edges[1:] - edges[:-1],
        name=_("this table"),
        marker={"color": ACCENT, "opacity": 0.75},
        hovertemplate="%{x:.1%}: %{y:.1%}<extra></extra>",
    )
    figure.add_scatter(
        x=edges,
        y=[*there, there[-1]],
        mode="lines",
        name=_("development cohort"),
        line={"shape": "hv", "color": OTHER, "width": 2.5},
        hoverinfo="skip",
    )
    figure.update_xaxes(title=_("Predicted risk"), tickformat=".0%", range=[edges[0], edges[-1]])
    figure.update_yaxes(title=_("Share of people"), tickformat=".0%")
    spans = [words.span(low, high, shares=True) for low, high in pairwise(edges)]
    parts = [
        _("{span}: {here} here, {there} there").format(span=s, here=words.percent(h), there=words.percent(t))
        for s, h, t in zip(spans, here, there, strict=True)
    ]
    alt = _("Distribution of the predicted risk")
    _show(figure, alt + ": " + "; ".join(parts), legend=True)
    rows = {
        _("Predicted risk"): spans,
        _("this table"): [words.percent(v) for v in here],
        _("development cohort"): [words.percent(v) for v in there],
    }
    _table(pd.DataFrame(rows), alt)


def roc_curve(points: Floats, area: str) -> None:
    """True against false positives at every threshold."""
    figure = go.Figure()
    figure.add_scatter(
        x=points[:, 0],
        y=points[:, 1],
        customdata=points[:, 2],
        mode="lines",
        line={"color": ACCENT, "width": 2.5},
        hovertemplate=_("threshold")
        + " %{customdata:.1%}: "
        + _("false positives")
        + " %{x:.1%}, "
        + _("true positives")
        + " %{y:.1%}<extra></extra>",
    )
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=DOTTED, hoverinfo="skip")
    axis = {"range": [-0.02, 1.02], "tickformat": ".0%"}
    figure.update_xaxes(title=_("False positives, of those without the event"), **axis)
    figure.update_yaxes(title=_("True positives, of those with the event"), **axis)
    _show(figure, _("ROC curve") + ": " + area)
    st.caption(area + " " + _("On the dotted line the risk would tell nobody apart."))
    some = points[:: max(1, len(points) // 40)]
    rows = {
        _("Threshold"): [words.percent(v) for v in some[:, 2]],
        _("False positives"): [words.percent(v) for v in some[:, 0]],
        _("True positives"): [words.percent(v) for v in some[:, 1]],
    }
    _table(pd.DataFrame(rows), _("ROC curve"))


def calibration_curve(bins: Sequence[Reliability], line: str = "") -> None:
    """How often the event came, against the risk that was given; ``line`` says slope and intercept."""
    top = min(1.0, 1.05 * max([b.high for b in bins] + [b.probability for b in bins]))
    figure = frequencies(bins, "%{x:.1%} → %{y:.1%}", top)
    axis = {"range": [-0.02 * top, 1.02 * top], "tickformat": ".0%"}
    figure.update_xaxes(title=_("Predicted risk"), **axis)
    figure.update_yaxes(title=_("Share with the event"), **axis)
    parts = [
        _("{p} predicted, {f} observed").format(p=words.percent(b.probability), f=words.percent(b.frequency))
        for b in bins
    ]
    _show(figure, _("Calibration curve") + ": " + "; ".join(parts))
    st.caption(f"{line} " + _("Bars are 95 % intervals. On the dotted line a risk means what it says."))
    rows = {
        _("Predicted risk"): [words.percent(b.probability) for b in bins],
        _("Share with the event"): [words.percent(b.frequency) for b in bins],
        _("95 % interval"): [words.span(b.low, b.high, shares=True) for b in bins],
        "n": [b.n for b in bins],
    }
    _table(pd.DataFrame(rows), _("Calibration curve"))


def decision_plot(thresholds: Floats, benefit: Floats) -> None:
    """Net benefit of acting on the model, on everybody and on nobody, (thresholds, 2) for the first two."""
    figure = go.Figure()
    shown = [
        (_("act on the model"), benefit[:, 0], {"color": ACCENT, "width": 2.5}),
        (_("act on everybody"), benefit[:, 1], {"color": OTHER, "width": 2, "dash": "dash"}),
        (_("act on nobody"), [0.0] * len(thresholds), DOTTED),
    ]
    for name, values, line in shown:
        figure.add_scatter(
            x=thresholds,
            y=values,
            name=name,
            mode="lines",
            line=line,
            hovertemplate="%{x:.1%}: %{y:.3f}<extra></extra>",
        )
    top = max(float(benefit.max()), 0.01)
    figure.update_xaxes(title=_("Threshold of the risk"), tickformat=".0%")
    figure.update_yaxes(title=_("Net benefit"), range=[-0.35 * top, 1.1 * top])
    span, said = (
        useful_span(thresholds, benefit),
        _("Acting on the model is worth no more here than everybody or nobody."),
    )
    if span:
        said = _("The model is worth more than acting on everybody or nobody at thresholds of {span}.").format(
            span=words.span(*span, shares=True)
        )
    _show(figure, _("Decision curve") + ": " + said, legend=True)
    st.caption(
        said
        + " "
        + _("Net benefit, per person: true positives less false ones, each of these weighed by the threshold's odds.")
    )
    rows = {
        _("Threshold"): [words.percent(v) for v in thresholds],
        _("act on the model"): [f"{v:.4f}" for v in benefit[:, 0]],
        _("act on everybody"): [f"{v:.4f}" for v in benefit[:, 1]],
    }
    _table(pd.DataFrame(rows), _("Decision curve"))

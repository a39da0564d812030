"""Figures of one patient's risk; each with a description, a table behind it and no colour as its only sign."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from textwrap import wrap

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from medai_core.prognosis.risk import Survival
from ui import words
from ui.figures import ACCENT, BARE, PLAIN
from ui.figures_cohort import OTHER
from ui.language import _


def show(figure: go.Figure, alt: str, table: pd.DataFrame, *, height: int = 320) -> None:
    """A figure with its description, and the numbers behind it."""
    figure.update_layout(**{**PLAIN, "height": height})
    # Streamlit's own grey of axes is too faint for text on a light page.
    ink = {"color": "#3a4754" if st.context.theme.type == "light" else "#c3ccd5"}
    figure.update_xaxes(tickfont=ink, title_font=ink)
    figure.update_yaxes(tickfont=ink, title_font=ink)
    figure.update_traces(textfont=ink, selector={"type": "waterfall"})
    st.plotly_chart(figure, config=BARE, alt=alt)
    with st.expander(_("The plot as a table")):
        st.dataframe(table, hide_index=True, height=min(36 * (len(table) + 1), 400), alt=alt)


def icon_array(risk: float, said: str) -> str:
    """A hundred people as HTML: filled discs for the event, rings for the others."""
    count = round(100 * risk)
    icons = "".join(f'<i class="{"medai-with" if i < count else "medai-without"}"></i>' for i in range(100))
    return (
        f'<figure class="medai-hundred"><div role="img" aria-label="{escape(said)}">{icons}</div>'
        f'<figcaption aria-hidden="true">{escape(said)}</figcaption></figure>'
    )


def survival(curve: Survival) -> None:
    """The share of people like this who are free of the event, year by year, with its band."""
    figure = go.Figure()
    years, low, high = list(curve.years), list(curve.low), list(curve.high)
    figure.add_scatter(
        x=years + years[::-1],
        y=high + low[::-1],
        fill="toself",
        fillcolor="rgba(59,143,201,0.22)",
        line={"width": 0},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=years,
        y=curve.share,
        mode="lines",
        line={"color": ACCENT, "width": 2.5},
        hovertemplate="%{x:.0f}: %{y:.1%}<extra></extra>",
    )
    figure.update_xaxes(title=_("Years"), dtick=2)
    figure.update_yaxes(title=_("Free of the event"), tickformat=".0%", range=[0, 1.02])
    table = pd.DataFrame(
        {
            _("Years"): [f"{y:.0f}" for y in years],
            _("Free of the event"): [words.percent(float(s)) for s in curve.share],
            _("95 % interval"): [words.span(float(a), float(b), shares=True) for a, b in zip(low, high, strict=True)],
        }
    )
    last = _("after {years:.0f} years {share} are free of the event").format(
        years=years[-1], share=words.percent(float(curve.share[-1]))
    )
    show(figure, f"{_('Survival curve with its 95 % band')}: {last}", table)


def place(quantiles: Sequence[float], risk: float, said: str) -> None:
    """How many of the development cohort have which predicted risk, and where this patient stands."""
    top = max(quantiles[-2], risk) * 1.02
    width = top / 30
    # A hundred equal parts of the cohort, each spread over the risks from one quantile to the next.
    middles = [(a + b) / 2 for a, b in pairwise(quantiles)]
    counts = [sum(width * k <= m < width * (k + 1) for m in middles) for k in range(31)]
    figure = go.Figure(
        go.Bar(
            x=[width * (k + 0.5) for k in range(31)],
            y=counts,
            width=width * 0.92,
            marker={"color": ACCENT, "opacity": 0.75},
            hovertemplate="%{x:.1%}: %{y} %<extra></extra>",
        )
    )
    figure.add_vline(x=risk, line={"color": OTHER, "width": 3})
    figure.add_annotation(
        x=risk,
        y=1,
        yref="paper",
        yanchor="top",
        xanchor="right" if risk > top / 2 else "left",
        xshift=-6 if risk > top / 2 else 6,
        text=_("this patient"),
        showarrow=False,
        font={"size": 13},
    )
    figure.update_xaxes(title=_("Predicted risk"), tickformat=".0%", range=[0, top])
    figure.update_yaxes(title=_("Of 100 people in the cohort"))
    table = pd.DataFrame(
        {
            _("Predicted risk"): [words.span(width * k, width * (k + 1), shares=True) for k in range(31)],
            _("Of 100 people in the cohort"): counts,
        }
    )
    show(figure, f"{_('Predicted risks in the development cohort')}: {said}", table)
    st.caption(said)


def signed(step: float) -> str:
    """A contribution with its sign; one that is nothing at two decimals has none."""
    return f"{step:+.2f}".replace("-", "−") if abs(step) >= 0.005 else "0.00"


def waterfall(
    labels: Sequence[str], steps: Sequence[float], ends: tuple[str, str], base: float, said: str, *, unit: str = ""
) -> None:
    """Contributions one after the other, from the cohort's mean to this patient, in log-odds or another ``unit``."""
    figure = go.Figure(
        go.Waterfall(
            orientation="h",
            base=base,
            y=["<br>".join(wrap(label, 30)) for label in (ends[0], *labels, ends[1])],
            x=[0, *steps, 0],
            measure=[*["relative"] * (1 + len(steps)), "total"],
            text=["", *map(signed, steps), ""],
            textposition="outside",
            increasing={"marker": {"color": OTHER}},
            decreasing={"marker": {"color": ACCENT}},
            totals={"marker": {"color": "gray"}},
            connector={"line": {"color": "gray", "width": 1}},
            cliponaxis=False,
            hovertemplate="%{y}: %{x:.2f}<extra></extra>",
        )
    )
    figure.add_vline(x=base, line={"dash": "dot", "width": 1.5, "color": "gray"})
    figure.update_yaxes(autorange="reversed", automargin=True)
    at = [base, *(base + sum(steps[: k + 1]) for k in range(len(steps)))]
    room = 0.2 * max(max(at) - min(at), 0.1)
    figure.update_xaxes(title=unit or _("Log-odds"), range=[min(at) - room, max(at) + room])
    table = pd.DataFrame(
        {
            _("Predictor"): list(labels),
            unit or _("Contribution in log-odds"): [f"{s:+.3f}" for s in steps],
        }
    )
    show(figure, said, table, height=70 + 36 * (len(labels) + 2))


def whiskers(names: Sequence[str], risks: Sequence[tuple[float, float, float]], said: str) -> None:
    """Several models' risks of one patient, each with its interval."""
    figure = go.Figure(
        go.Scatter(
            x=[r for r, _low, _high in risks],
            y=list(names),
            mode="markers",
            marker={"size": 11, "color": ACCENT},
            error_x={
                "array": [high - r for r, _low, high in risks],
                "arrayminus": [r - low for r, low, _high in risks],
                "thickness": 2,
            },
            hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    figure.update_xaxes(title=_("Predicted risk"), tickformat=".0%", rangemode="tozero")
    table = pd.DataFrame(
        {
            _("Model"): list(names),
            _("Predicted risk"): [words.percent(r) for r, _low, _high in risks],
            _("95 % interval"): [words.span(low, high, shares=True) for _risk, low, high in risks],
        }
    )
    show(figure, said, table, height=90 + 44 * len(names))

"""Plotly figures of a card; each with a description, a table behind it and no colour as its only sign."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from medai_core.cards import Card, Reliability
from ui import words
from ui.language import _, card_words

ACCENT = "#3b8fc9"
"""At least 3:1 against the background of either theme."""
BARE = {"displayModeBar": False}
DOTTED = {"dash": "dot", "width": 1.5, "color": "gray"}
LEGEND = {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "traceorder": "normal"}
PLAIN = {"margin": {"l": 8, "r": 8, "t": 8, "b": 8}, "height": 380, "showlegend": False}


def ink() -> str:
    """The colour of words on an axis: Streamlit's own grey is too faint on a light page."""
    return "#3a4754" if st.context.theme.type == "light" else "#c3ccd5"


def show(figure: go.Figure, alt: str, key: str, height: int, *, legend: bool = False) -> None:
    """A figure with its description."""
    axis = {"tickfont": {"color": ink()}, "title_font": {"color": ink()}}
    figure.update_xaxes(axis).update_yaxes(axis)
    figure.update_layout(**{**PLAIN, "height": height, "showlegend": legend}, legend=LEGEND)
    st.plotly_chart(figure, config=BARE, alt=alt, key=key)


def table(rows: pd.DataFrame, alt: str) -> None:
    """The numbers behind a figure."""
    with st.expander(_("The plot as a table")):
        st.dataframe(rows, hide_index=True, height=min(36 * (len(rows) + 1), 400), alt=alt)


def frequencies(bins: Sequence[Reliability], hover: str, top: float = 1.0) -> go.Figure:
    """Observed shares with their intervals against what was predicted, and the line where both agree up to ``top``."""
    figure = go.Figure()
    figure.add_scatter(
        x=[b.probability for b in bins],
        y=[b.frequency for b in bins],
        mode="lines+markers",
        marker={"size": 9, "color": ACCENT},
        line={"color": ACCENT},
        error_y={
            "array": [b.high - b.frequency for b in bins],
            "arrayminus": [b.frequency - b.low for b in bins],
            "thickness": 1.5,
        },
        customdata=[b.n for b in bins],
        hovertemplate=hover + " (n = %{customdata})<extra></extra>",
    )
    figure.add_scatter(x=[0, top], y=[0, top], mode="lines", line=DOTTED, hoverinfo="skip")
    return figure


def reliability_plot(bins: tuple[Reliability, ...]) -> None:
    """How often a finding was there, against the probability it was given."""
    figure = frequencies(bins, "%{x:.2f} → %{y:.2f}")
    axis = {"range": [-0.03, 1.03], "dtick": 0.2}
    figure.update_xaxes(title=_("Probability given"), **axis)
    figure.update_yaxes(title=_("Share that had the finding"), **axis)
    figure.update_layout(**PLAIN)
    parts = [_("{p:.2f} given, {f:.2f} found").format(p=b.probability, f=b.frequency) for b in bins]
    st.plotly_chart(figure, config=BARE, alt=_("Reliability plot") + ": " + "; ".join(parts))
    st.caption(_("Bars are 95 % intervals. On the dotted line a probability means what it says."))
    with st.expander(_("The plot as a table")):
        st.table(_reliability_table(bins), hide_index=True, alt=_("Reliability plot"))


def _reliability_table(bins: tuple[Reliability, ...]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            _("Probability given"): [f"{b.probability:.3f}" for b in bins],
            _("Share that had the finding"): [f"{b.frequency:.3f}" for b in bins],
            _("95 % interval"): [words.span(b.low, b.high) for b in bins],
            "n": [b.n for b in bins],
        }
    )


def confusion_matrix(card: Card) -> None:
    """What each true finding was taken for on the test split."""
    assert card.measured is not None
    counts = card.measured.confusion
    titles = [words.sentence(card_words(card).findings.get(f.name, f.name)) for f in card.findings]
    shares = [[count / max(sum(row), 1) for count in row] for row in counts]
    figure = go.Figure(
        go.Heatmap(z=shares, x=titles, y=titles, zmin=0, zmax=1, xgap=2, ygap=2, showscale=False, hoverinfo="skip")
    )
    for title, row, row_shares in zip(titles, counts, shares, strict=True):
        for other, count, share in zip(titles, row, row_shares, strict=True):
            figure.add_annotation(x=other, y=title, text=str(count), showarrow=False, font=_ink(share))
    figure.update_xaxes(title=_("Most probable finding"), showgrid=False)
    figure.update_yaxes(title=_("True finding"), autorange="reversed", showgrid=False)
    figure.update_layout(**PLAIN)
    st.plotly_chart(figure, config=BARE, alt=_("Confusion matrix") + ": " + _confusion_words(titles, counts))
    st.caption(_("Numbers are images of the test split; shade is the share of the row."))
    with st.expander(_("The matrix as a table")):
        table = pd.DataFrame(counts, index=titles, columns=titles)
        st.table(table.rename_axis(_("True finding")), alt=_("Confusion matrix"))


def _ink(share: float) -> dict[str, object]:
    """The number's colour: readable on the cell's shade, which grows lighter in the dark theme."""
    on_light = (share > 0.5) == (st.context.theme.type != "light")
    return {"size": 16, "color": "#10151b" if on_light else "#ffffff"}


def _confusion_words(titles: list[str], counts: tuple[tuple[int, ...], ...]) -> str:
    """The matrix as a sentence, for those who do not see it."""
    rows = []
    for title, row in zip(titles, counts, strict=True):
        taken = ", ".join(f"{other} {count}" for other, count in zip(titles, row, strict=True))
        rows.append(_("{true} was taken for {taken}").format(true=title, taken=taken))
    return "; ".join(rows)

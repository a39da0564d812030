"""The ordered heatmap: a tree of the samples above, their groups as a strip, and the genes below."""

from __future__ import annotations

from html import escape
from itertools import groupby

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from medai_core.metrics import Ints
from medai_core.precision.genomics import Heatmap
from ui.colours import GROUPS
from ui.figures import ink, show
from ui.language import _
from ui.subtypes.said import group_title

TREE_PX, STRIP_PX, GENE_PX, AROUND_PX = 110, 22, 14, 130
NAMED_SHARE = 0.04
"""A run of one group has its number written on it if it is at least so wide."""
SCALES = {"dark": ("#56b4e9", "#18202a", "#e69f00"), "light": ("#0072b2", "#f4f6f8", "#b26a00")}
"""Low, middle, high: told apart by colour-blind eyes, the middle near the page's own colour."""


def heatmap(heat: Heatmap, alt: str, key: str) -> None:
    """Genes by samples, in standard deviations from the gene's mean."""
    grouped = bool(heat.label.any())
    rows = [TREE_PX, *([STRIP_PX] if grouped else []), GENE_PX * len(heat.genes)]
    figure = make_subplots(rows=len(rows), cols=1, row_heights=rows, vertical_spacing=0.006)
    figure.add_trace(_tree(heat), row=1, col=1)
    if grouped:
        figure.add_trace(_strip(heat), row=2, col=1)
        _name_runs(figure, heat.label)
    figure.add_trace(_values(heat), row=len(rows), col=1)
    _arrange(figure, heat, len(rows))
    show(figure, alt, key, sum(rows) + AROUND_PX)


def _tree(heat: Heatmap) -> go.Scatter:
    points = [point for branch in heat.branches for point in (*branch, (None, None))]
    return go.Scatter(
        x=[x for x, _y in points],
        y=[y for _x, y in points],
        mode="lines",
        line={"width": 1, "color": ink()},
        hoverinfo="skip",
    )


def _strip(heat: Heatmap) -> go.Heatmap:
    most = len(GROUPS)
    scale = [(edge / most, colour) for i, colour in enumerate(GROUPS) for edge in (i, i + 1)]
    return go.Heatmap(
        z=[heat.label.tolist()],
        x=_names(heat),
        y=[_("Group")],
        zmin=0.5,
        zmax=most + 0.5,
        colorscale=scale,
        showscale=False,
        hovertemplate="%{x}: " + group_title(0).replace("0", "%{z}") + "<extra></extra>",
    )


def _name_runs(figure: go.Figure, label: Ints) -> None:
    """The number of its group on each run of samples that is wide enough."""
    start = 0
    for group, run in groupby(label.tolist()):
        width = len(list(run))
        if width >= NAMED_SHARE * len(label):
            figure.add_annotation(
                x=start + (width - 1) / 2,
                y=0,
                xref="x2",
                yref="y2",
                text=f"<b>{group}</b>",
                showarrow=False,
                font={"size": 13, "color": "#10151b"},
            )
        start += width


def _values(heat: Heatmap) -> go.Heatmap:
    shades = SCALES["light" if st.context.theme.type == "light" else "dark"]
    return go.Heatmap(
        z=np.round(heat.values, 2).astype(np.float32),
        x=_names(heat),
        y=[escape(gene[:24]) for gene in heat.genes],
        zmin=-3,
        zmax=3,
        colorscale=[(i / 2, shade) for i, shade in enumerate(shades)],
        colorbar={
            "title": {"text": _("standard deviations from the gene's mean"), "side": "top", "font": {"color": ink()}},
            "orientation": "h",
            "thickness": 10,
            "len": 260,
            "lenmode": "pixels",
            "x": 0,
            "xanchor": "left",
            "y": 0,
            "yanchor": "top",
            "ypad": 34,
            "tickfont": {"color": ink()},
        },
        hovertemplate="%{y}<br>%{x}: %{z:.1f}<extra></extra>",
    )


def _names(heat: Heatmap) -> list[str]:
    return [escape(name) for name in heat.samples]


def _arrange(figure: go.Figure, heat: Heatmap, rows: int) -> None:
    """One width for all; the tree counts samples, the others name them."""
    n = len(heat.samples)
    figure.update_xaxes(showticklabels=False, ticks="", showgrid=False, zeroline=False, fixedrange=True)
    figure.update_yaxes(showgrid=False, zeroline=False, fixedrange=True)
    figure.update_xaxes(range=[0, n], row=1, col=1)
    figure.update_yaxes(showticklabels=False, rangemode="tozero", row=1, col=1)
    for row in range(2, rows + 1):
        figure.update_xaxes(type="category", range=[-0.5, n - 0.5], row=row, col=1)
    figure.update_yaxes(
        type="category", autorange="reversed", dtick=1, tickfont={"size": 10}, automargin=True, row=rows, col=1
    )
    title = _("{n} samples, like beside like").format(n=f"{n:,}")
    figure.update_xaxes(title=title, row=rows, col=1)

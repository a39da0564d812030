"""Figures of groups: what speaks for how many, where the samples lie, and how long they live."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go

from medai_core.metrics import Floats, Ints
from medai_core.precision.genomics import Evidence
from ui.colours import GROUPS, SYMBOLS
from ui.figures import ACCENT, ink, show
from ui.figures_cohort import OTHER
from ui.language import _
from ui.subtypes.said import group_title

MANY = 1000
"""Points from which they are drawn by the graphics card, which not every computer has at hand."""
NOBODY = "#8a94a0"
"""Samples without a group."""


def evidence_curve(
    found: Sequence[Evidence],
    values: Sequence[float],
    *,
    title: str,
    key: str,
    alt: str,
    used: int,
    error: Sequence[float] | None = None,
    line: float | None = None,
    name_of_line: str = "",
) -> None:
    """One kind of evidence against the number of groups; the one in use is a filled diamond with a word beside it."""
    ks = [e.k for e in found]
    figure = go.Figure()
    figure.add_scatter(
        x=ks,
        y=list(values),
        mode="lines+markers",
        line={"color": ACCENT, "width": 2},
        marker={
            "size": [13 if k == used else 8 for k in ks],
            "symbol": ["diamond" if k == used else "circle" for k in ks],
            "color": [OTHER if k == used else ACCENT for k in ks],
        },
        error_y={"array": list(error), "thickness": 1.5} if error is not None else None,
        hovertemplate=_("{k} groups").format(k="%{x}") + ": %{y:.3f}<extra></extra>",
        cliponaxis=False,
    )
    if used in ks:
        figure.add_annotation(
            x=used,
            y=values[ks.index(used)] + (error[ks.index(used)] if error is not None else 0),
            text=_("{k} groups").format(k=used),
            showarrow=False,
            yshift=16,
            yanchor="bottom",
            xanchor="left" if used == ks[0] else "center",
            font={"size": 12, "color": ink()},
        )
    if line is not None:
        figure.add_hline(y=line, line={"dash": "dash", "width": 1.5, "color": OTHER})
        figure.add_annotation(
            x=1,
            xref="paper",
            y=line,
            xanchor="right",
            yanchor="bottom",
            text=name_of_line,
            showarrow=False,
            font={"size": 12, "color": ink()},
        )
    figure.update_xaxes(title=_("Number of groups"), dtick=1, zeroline=False)
    figure.update_yaxes(title=title, zeroline=False)
    show(figure, alt, key, 280)


def embedding(scores: Floats, label: Ints, names: Sequence[str], explained: Floats, alt: str, key: str) -> None:
    """The samples on the first two principal components, groups by colour and mark."""
    points = go.Scattergl if len(names) > MANY else go.Scatter
    figure, named = go.Figure(), np.array([escape(name) for name in names], dtype=object)
    for group in np.unique(label).tolist():
        own = label == group
        figure.add_trace(
            points(
                x=scores[own, 0],
                y=scores[own, 1],
                mode="markers",
                name=group_title(group) if group else _("no group"),
                marker={
                    "size": 8,
                    "opacity": 0.85,
                    "symbol": SYMBOLS[(group - 1) % len(SYMBOLS)] if group else "circle",
                    "color": GROUPS[(group - 1) % len(GROUPS)] if group else NOBODY,
                },
                text=named[own],
                hovertemplate="%{text}<extra>%{fullData.name}</extra>",
            )
        )
    for axis, update in enumerate((figure.update_xaxes, figure.update_yaxes)):
        share = f"{100 * explained[axis]:.0f} %"
        update(title=_("Component {n} ({share} of the variance)").format(n=axis + 1, share=share), zeroline=False)
    show(figure, alt, key, 440, legend=bool(label.any()))

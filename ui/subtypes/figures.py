"""Figures of groups: what speaks for how many, where the samples lie, and how long they live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import plotly.graph_objects as go

from medai_core.metrics import Floats, Ints
from ui.colours import GROUPS, SYMBOLS
from ui.figures import ACCENT, ink, show
from ui.figures_cohort import OTHER
from ui.language import _
from ui.subtypes.said import group_title

MANY = 1000
"""Points from which they are drawn by the graphics card, which not every computer has at hand."""
NOBODY = "#8a94a0"
"""Samples without a group."""


@dataclass(frozen=True)
class Curve:
    """One kind of evidence against the number of groups.

    Attributes
    ----------
    title : what it is called. ks, values : (k,). error : (k,), or empty. needed : the least that is enough, or None.
    """

    title: str
    key: str
    ks: Sequence[int]
    values: Sequence[float]
    error: Sequence[float] = ()
    needed: float | None = None


def evidence_curve(curve: Curve, alt: str, used: int) -> None:
    """The curve; the number of groups in use is a filled diamond with a word beside it."""
    marked = [k == used for k in curve.ks]
    figure = go.Figure()
    figure.add_scatter(
        x=list(curve.ks),
        y=list(curve.values),
        mode="lines+markers",
        line={"color": ACCENT, "width": 2},
        marker={
            "size": [13 if here else 8 for here in marked],
            "symbol": ["diamond" if here else "circle" for here in marked],
            "color": [OTHER if here else ACCENT for here in marked],
        },
        error_y={"array": list(curve.error), "thickness": 1.5} if curve.error else None,
        hovertemplate=_("{k} groups").format(k="%{x}") + ": %{y:.3f}<extra></extra>",
        cliponaxis=False,
    )
    _add_words(figure, curve, used)
    figure.update_xaxes(title=_("Number of groups"), dtick=1, zeroline=False)
    figure.update_yaxes(zeroline=False)
    show(figure, alt, curve.key, 280)


def _add_words(figure: go.Figure, curve: Curve, used: int) -> None:
    """Which number is in use, and how much is needed."""
    plain = {"showarrow": False, "font": {"size": 12, "color": ink()}, "yanchor": "bottom"}
    if used in curve.ks:
        at = list(curve.ks).index(used)
        top = curve.values[at] + (curve.error[at] if curve.error else 0)
        side = "left" if at == 0 else "center"
        figure.add_annotation(x=used, y=top, text=_("{k} groups").format(k=used), yshift=8, xanchor=side, **plain)
    if curve.needed is not None:
        figure.add_hline(y=curve.needed, line={"dash": "dash", "width": 1.5, "color": OTHER})
        text = _("{needed} is needed").format(needed=curve.needed)
        figure.add_annotation(x=1, xref="paper", y=curve.needed, text=text, xanchor="right", **plain)


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

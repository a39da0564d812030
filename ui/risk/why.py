"""What drives a risk: contributions that add up to it, in a picture and in words; a tree with the patient's way."""

from __future__ import annotations

from textwrap import wrap

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from medai_core.prognosis.entries import Unit
from medai_core.prognosis.risk import logistic
from medai_core.prognosis.tree import Node, drawn_tree, path
from ui import words
from ui.figures import ACCENT
from ui.language import _, category_title, predictor_title
from ui.results import plain
from ui.risk import figures
from ui.risk.asking import Patient

SHOWN = 10
"""Contributions that have a bar of their own; the others are one bar together."""


def ordered(patient: Patient) -> list[tuple[str, str, float]]:
    """(predictor, its value in words, contribution in log-odds), the weightiest first."""
    assert patient.assessment is not None and patient.assessment.contributions is not None
    values = patient.assessment.contributions.values[0]
    rows = [
        (p.name, patient.said(p.name, patient.values[p.name]), float(v))
        for p, v in zip(patient.card.predictors, values, strict=True)
    ]
    return sorted(rows, key=lambda row: -abs(row[2]))


def drivers(patient: Patient) -> None:
    """The contributions as a waterfall whose labels show each value in its unit, and in words."""
    assert patient.assessment is not None and patient.assessment.contributions is not None
    st.subheader(_("What drives it"), anchor=False)
    rows = ordered(patient)
    st.markdown(plain(in_words(patient, rows)))
    shown = len(rows) if len(rows) == SHOWN + 1 else SHOWN  # one left over has a bar like the rest
    labels = [f"{predictor_title(patient.card, name)}: {value}" for name, value, _step in rows[:shown]]
    steps = [step for _name, _value, step in rows[:shown]]
    if len(rows) > shown:
        labels.append(_("{n} others").format(n=len(rows) - shown))
        steps.append(sum(step for _name, _value, step in rows[shown:]))
    base = patient.assessment.contributions.base
    start = _("the cohort's mean, {risk}").format(risk=words.percent(float(logistic(base))))
    end = _("this patient: {risk}").format(risk=words.percent(patient.risk))
    each = "; ".join(f"{label} {figures.signed(step)}" for label, step in zip(labels, steps, strict=True))
    alt = _("Contributions to the log-odds of the risk, from {start} to {end}").format(start=start, end=end)
    figures.waterfall(labels, steps, (start, end), base, f"{alt}: {each}")
    st.caption(
        _(
            "Shapley values, exact: from the cohort's mean they add up to this patient's log-odds. "
            "They describe the model; lowering a predictor need not lower the patient's risk."
        )
    )


def in_words(patient: Patient, rows: list[tuple[str, str, float]]) -> str:
    """The two weightiest contributions each way, as sentences."""

    def named(row: tuple[str, str, float]) -> str:
        return f"{predictor_title(patient.card, row[0])} {row[1]}"

    raising = [named(row) for row in rows if row[2] > 0.005][:2]
    lowering = [named(row) for row in rows if row[2] < -0.005][:2]
    said = []
    if raising:
        said.append(_("What raises it most: {predictors}.").format(predictors=words.joined(raising)))
    if lowering:
        said.append(_("What lowers it most: {predictors}.").format(predictors=words.joined(lowering)))
    return " ".join(said) or _("Nothing sets this patient apart from the cohort's mean.")


def tree(patient: Patient) -> None:
    """The decision tree with this patient's way through it; nothing for other estimators."""
    nodes = drawn_tree(patient.model, patient.row)
    if not nodes:
        return
    st.subheader(_("The tree, and this patient's way through it"), anchor=False)
    figure = go.Figure()
    for node in nodes[1:]:
        _draw_branch(figure, nodes[node.parent], node)
    _draw_nodes(figure, patient, nodes)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, range=[max(node.depth for node in nodes) + 0.4, -0.7])
    way = [f"{_asked(patient, node)} {_('yes') if yes else _('no')}" for node, yes in path(nodes)]
    way.append(_("Risk {risk}").format(risk=words.percent(patient.risk)))
    table = pd.DataFrame({_("Step"): range(1, len(way) + 1), _("This patient's way"): way})
    depth = 1 + max(node.depth for node in nodes)
    with st.container(key="risk_tree"):
        figures.show(figure, _("Decision tree; this patient's way") + ": " + "; ".join(way), table, height=92 * depth)
    st.caption(_("The thick line and the filled discs are this patient's way. “Yes” always leads to the left."))


def _draw_branch(figure: go.Figure, above: Node, node: Node) -> None:
    figure.add_scatter(
        x=[above.place, node.place],
        y=[above.depth, node.depth],
        mode="lines",
        line={"width": 4 if node.on_path else 1.2, "color": ACCENT if node.on_path else "gray"},
        hoverinfo="skip",
    )


def _draw_nodes(figure: go.Figure, patient: Patient, nodes: tuple[Node, ...]) -> None:
    said = [words.percent(n.risk) if n.risk is not None else _asked(patient, n) for n in nodes]
    figure.add_scatter(
        x=[n.place for n in nodes],
        y=[n.depth for n in nodes],
        mode="markers",
        marker={
            "size": 11,
            "color": ACCENT,
            "symbol": ["circle" if n.on_path else "circle-open" for n in nodes],
            "line": {"width": 1.5},
        },
        hovertext=said,
        hoverinfo="text",
        cliponaxis=False,
    )
    # On the page's own colour, so that no line runs through the words.
    paper, ink = ("#fbfcfd", "#0b1218") if st.context.theme.type == "light" else ("#10151b", "#e4e9ee")
    for node, text in zip(nodes, said, strict=True):
        lines = "<br>".join(wrap(text, 18, break_long_words=False))
        figure.add_annotation(
            x=node.place,
            y=node.depth,
            text=f"<b>{lines}</b>" if node.on_path else lines,
            showarrow=False,
            yanchor="bottom" if node.risk is None else "top",
            yshift=8 if node.risk is None else -8,
            bgcolor=paper,
            font={"size": 12, "color": ink},
        )


def _asked(patient: Patient, node: Node) -> str:
    """A node's question in words."""
    title = predictor_title(patient.card, node.predictor)
    if node.asks == "is":
        return f"{title}: {category_title(patient.card, node.predictor, node.category)}?"
    if node.asks == "known":
        return _("{predictor}: known?").format(predictor=title)
    p = next(p for p in patient.card.predictors if p.name == node.predictor)
    unit = patient.units.get(p.name) or Unit(p.unit, decimals=p.decimals)
    return f"{title} ≤\N{NO-BREAK SPACE}{_at(unit, node.threshold)}?"


def _at(unit: Unit, threshold: float) -> str:
    """A threshold with its unit, one decimal more than customary so that it falls between values; never broken."""
    return f"{unit.of(threshold):.{unit.decimals + 1}f} {_(unit.name)}".strip().replace(" ", "\N{NO-BREAK SPACE}")

"""What drives a risk: contributions that add up to it, in a picture and in words; a tree with the patient's way."""

from __future__ import annotations

from textwrap import wrap

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from medai_core.prognosis.risk import logistic
from medai_core.prognosis.tree import Node, drawn_tree, path
from ui import words
from ui.figures import ACCENT
from ui.forms import value_words
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
        (p.name, value_words(patient.card, p, patient.values[p.name]), float(v))
        for p, v in zip(patient.card.predictors, values, strict=True)
    ]
    return sorted(rows, key=lambda row: -abs(row[2]))


def drivers(patient: Patient) -> None:
    """The contributions as a waterfall whose labels show each value in its unit, and in words."""
    assert patient.assessment is not None and patient.assessment.contributions is not None
    st.subheader(_("What drives it"), anchor=False)
    rows = ordered(patient)
    st.markdown(plain(in_words(patient, rows)))
    labels = [f"{predictor_title(patient.card, name)}: {value}" for name, value, _step in rows[:SHOWN]]
    steps = [step for _name, _value, step in rows[:SHOWN]]
    if len(rows) > SHOWN:
        labels.append(_("{n} others").format(n=len(rows) - SHOWN))
        steps.append(sum(step for _name, _value, step in rows[SHOWN:]))
    base = patient.assessment.contributions.base
    start = _("the cohort's mean, {risk}").format(risk=words.percent(float(logistic(base))))
    end = _("this patient: {risk}").format(risk=words.percent(patient.risk))
    figures.waterfall(labels, steps, (start, end), base, _("Contributions to the risk") + f": {'; '.join(labels)}")
    st.caption(
        _(
            "Shapley values, exact: from the cohort's mean they add up to this patient's log-odds. "
            "They describe the model; lowering a predictor need not lower the patient's risk."
        )
    )


def in_words(patient: Patient, rows: list[tuple[str, str, float]]) -> str:
    """The two weightiest contributions each way, as sentences."""

    def named(row: tuple[str, str, float]) -> str:
        return f"{predictor_title(patient.card, row[0])} ({row[1]})"

    raising = [named(row) for row in rows if row[2] > 0.005][:2]
    lowering = [named(row) for row in rows if row[2] < -0.005][:2]
    said = []
    if raising:
        said.append(_("{predictors} raises it most.").format(predictors=words.joined(raising)))
    if lowering:
        said.append(_("{predictors} lowers it most.").format(predictors=words.joined(lowering)))
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
    figure.update_yaxes(visible=False, autorange="reversed")
    way = [f"{_asked(patient, node)} {_('yes') if yes else _('no')}" for node, yes in path(nodes)]
    way.append(_("Risk {risk}").format(risk=words.percent(patient.risk)))
    table = pd.DataFrame({_("Step"): range(1, len(way) + 1), _("This patient's way"): way})
    depth = 1 + max(node.depth for node in nodes)
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
        mode="markers+text",
        text=["<br>".join(wrap(text, 18, break_long_words=False)) for text in said],
        textposition=["bottom center" if n.risk is not None else "top center" for n in nodes],
        textfont={"size": 11},
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


def _asked(patient: Patient, node: Node) -> str:
    """A node's question in words."""
    title = predictor_title(patient.card, node.predictor)
    if node.asks == "is":
        return f"{title}: {category_title(patient.card, node.predictor, node.category)}?"
    if node.asks == "known":
        return _("{predictor}: known?").format(predictor=title)
    p = next(p for p in patient.card.predictors if p.name == node.predictor)
    return f"{title} ≤ {node.threshold:.{p.decimals + 1}f} {p.unit}".strip() + "?"

"""A patient's risks over time, each as it was given, and filing a new one."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from medai_core.errors import MedAIError
from medai_core.records.store.estimates import StoredEstimate, estimates_of, file_estimate
from medai_core.records.store.patients import Patient
from ui import cached, kept, people, risk, signin, words
from ui.cards.risk import outcome_title
from ui.cohort.patients import warning
from ui.colours import LINES
from ui.figures import BARE, PLAIN
from ui.forms import refusal_words, value_words
from ui.language import _, card_words, predictor_title
from ui.record.verdicts import ask_verdict
from ui.results import empty_state, plain, problem

MARKS = ("circle", "square", "diamond", "triangle-up", "cross", "x")
"""Outcomes differ by mark as well as by colour."""


def risks(patient: Patient) -> None:
    """The course of each outcome's risk, and the facts of one."""
    st.header(_("Risks"), anchor=False)
    found = estimates_of(kept.store(), patient.id)
    if not found:
        empty_state(
            "monitoring", _("No risk is filed"), _("Estimate a risk and file it to this patient."), "empty_risks"
        )
        return
    over_time, one = st.columns([3, 2], gap="large")
    with over_time:
        _course(found)
    with one:
        by_id = {e.id: e for e in found}
        id = st.selectbox(
            _("Risk"), list(by_id), format_func=lambda id: _title(by_id[id]), key=f"estimate:{patient.id}"
        )
        _one(patient, by_id[id])


def _title(e: StoredEstimate) -> str:
    said = words.percent(e.risk) if e.risk is not None else _("refused")
    return f"{people.local_time(e.at)} · {_outcome(e)} · {said}"


def _outcome(e: StoredEstimate) -> str:
    card = cached.models_by_name().get(e.model)
    return outcome_title(card) if card else e.outcome


def _course(found: tuple[StoredEstimate, ...]) -> None:
    """The risks with their intervals, by outcome and model."""
    given = [e for e in reversed(found) if e.risk is not None]
    lines: dict[tuple[str, str], list[StoredEstimate]] = {}
    for e in given:
        lines.setdefault((e.outcome, e.model), []).append(e)
    figure = go.Figure()
    for i, line in enumerate(lines.values()):
        risks = [100 * (e.risk or 0) for e in line]
        figure.add_scatter(
            x=[e.at for e in line],
            y=risks,
            name=_outcome(line[0]),
            mode="lines+markers",
            marker={"size": 10, "symbol": MARKS[i % len(MARKS)], "color": LINES[i % len(LINES)]},
            line={"color": LINES[i % len(LINES)]},
            error_y={
                "array": [100 * (e.high or 0) - r for e, r in zip(line, risks, strict=True)],
                "arrayminus": [r - 100 * (e.low or 0) for e, r in zip(line, risks, strict=True)],
                "thickness": 1.5,
            },
            hovertemplate="%{y:.1f} %<extra>%{fullData.name}</extra>",
        )
    figure.update_yaxes(title=_("Risk in %"), rangemode="tozero")
    figure.update_layout(**PLAIN | {"showlegend": True, "legend": {"orientation": "h", "y": -0.2}})
    parts = [f"{people.local_time(e.at)} {_outcome(e)} {words.percent(e.risk or 0)}" for e in given]
    st.plotly_chart(figure, config=BARE, key="risk_course", alt=_("Risks over time") + ": " + "; ".join(parts))
    st.caption(_("Bars are the 95 % intervals of the estimates."))
    with st.expander(_("The plot as a table")):
        st.table(_table(found), hide_index=True, alt=_("Risks over time"))


def _table(found: tuple[StoredEstimate, ...]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            _("Time"): [people.local_time(e.at) for e in found],
            _("Outcome"): [_outcome(e) for e in found],
            _("Risk"): [words.percent(e.risk) if e.risk is not None else _("refused") for e in found],
            _("95 % interval"): [
                words.span(e.low, e.high, shares=True) if e.low is not None and e.high is not None else ""
                for e in found
            ],
            _("Version"): [e.version for e in found],
        }
    )


def _one(patient: Patient, e: StoredEstimate) -> None:
    """One risk: whose, what it rests on, and what people say of it."""
    st.markdown(f"**{plain(people.whose(patient))}**")
    card = cached.models_by_name().get(e.model)
    if e.risk is None:
        st.warning(" ".join(plain(refusal_words(card, m)) for m in e.refusals) if card else _("refused"))
    else:
        interval = words.span(e.low or 0, e.high or 0, shares=True)
        st.metric(_outcome(e), words.percent(e.risk), help=_("95 % interval {span}").format(span=interval))
        st.caption(_("95 % interval {span}").format(span=interval))
    title = card_words(card).title if card else e.model
    st.caption(
        plain(f"{title} · " + _("version {version}").format(version=e.version) + f" · SHA-256 {e.weights_sha256[:12]}…")
    )
    if card:
        for message in e.warnings:
            st.caption(plain(warning(message, card)))
        with st.expander(_("What it rests on")):
            st.table(_rests_on(e), hide_index=True, alt=_("Predictors with their values and contributions"))
    ask_verdict(e.verdicts, key=e.id, estimate_id=e.id)


def _rests_on(e: StoredEstimate) -> pd.DataFrame:
    card = cached.models_by_name()[e.model]
    known = {p.name: p for p in card.predictors}
    names = sorted(e.predictors, key=lambda name: -abs(e.contributions.get(name, 0)))
    return pd.DataFrame(
        {
            _("Predictor"): [predictor_title(card, name) for name in names],
            _("Value"): [value_words(card, known[name], e.predictors[name]) if name in known else "" for name in names],
            _("Contribution (log-odds)"): [
                f"{e.contributions[name]:+.2f}" if name in e.contributions else "" for name in names
            ],
        }
    )


def ask_filing(patient: Patient | None, asked: risk.Patient) -> None:
    """On the page Risk: file what is shown to the open patient."""
    if patient is None or not signin.may("file"):
        return
    if st.button(_("File to {name}").format(name=plain(patient.details.name)), icon=":material/save:", key="file_risk"):
        answer = asked.refused if asked.assessment is None else asked.assessment
        try:
            file_estimate(
                kept.store(),
                signin.person(),
                patient.id,
                asked.model,
                asked.values,
                answer,
                recalibrated=asked.recalibrated,
            )
        except MedAIError as error:
            problem(error)
            return
        st.toast(_("Filed to {name}.").format(name=plain(patient.details.name)), icon=":material/check:")

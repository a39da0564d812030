"""The answer: the risk with its interval, out of a hundred people, over time, and in the cohort."""

from __future__ import annotations

from html import escape

import streamlit as st

from medai_core.prognosis.assessment import place_in_cohort
from medai_core.prognosis.risk import survival
from ui import words
from ui.cards.risk import event_title, horizon, outcome_title
from ui.cohort.patients import warning
from ui.forms import refusal_words
from ui.language import _, card_words
from ui.risk import figures
from ui.risk.asking import Patient


def heading(patient: Patient) -> None:
    """Who, about what, when, by which model: stands over every result."""
    card = patient.card
    version = _("version {version}").format(version=card.version)
    shown = (
        (_("Patient"), patient.label, "", _("not named")),
        (_("Outcome"), outcome_title(card), "", ""),
        (_("Time"), patient.when.strftime("%Y-%m-%d %H:%M"), "", ""),
        (_("Model"), card_words(card).title, version + (f" · {_('recalibrated')}" if patient.recalibrated else ""), ""),
    )
    cells = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value) or f'<span class=medai-absent>{escape(absent)}</span>'}"
        f"<small>{escape(more)}</small></dd></div>"
        for name, value, more, absent in shown
    )
    st.html(f'<dl class="medai-header">{cells}</dl>')


def refused(patient: Patient) -> None:
    """Why there is no risk: a result like any other."""
    items = "".join(f"<p>{escape(refusal_words(patient.card, reason))}</p>" for reason in patient.refused)
    st.html(
        '<section class="medai-answer medai-refused">'
        f"<p class='medai-over'>{escape(_('Refused'))}</p>"
        f"<h2>{escape(_('No risk is given for these values'))}</h2>{items}</section>"
    )


def answer(patient: Patient) -> None:
    """The risk, what is unusual about the patient, and the pictures of it."""
    assert patient.assessment is not None
    found = patient.assessment.estimates
    interval = words.span(float(found.low[0]), float(found.high[0]), shares=True)
    meaning = _(
        "The interval says how far this estimate would move had the cohort been another sample of people; "
        "it does not say how sure this patient's fate is."
    )
    st.html(
        '<div class="medai-beside"><section class="medai-answer">'
        f"<p class='medai-over'>{escape(_risk_of(patient))}</p>"
        f"<h2 class='medai-number'>{escape(words.percent(patient.risk))}</h2>"
        f"<p>{escape(_('95 % interval {span}').format(span=interval))}</p>"
        f"<p class='medai-meaning'>{escape(meaning)}</p></section>"
        f"{figures.icon_array(patient.risk, hundred(patient))}</div>"
    )
    _warnings(patient)
    _pictures(patient)


def _risk_of(patient: Patient) -> str:
    return _("Risk: {event}, {horizon}").format(event=event_title(patient.card), horizon=horizon(patient.card))


def hundred(patient: Patient) -> str:
    """The risk as a count of people; never none and never all."""
    n = round(100 * patient.risk)
    facts = {"n": n, "event": event_title(patient.card), "horizon": horizon(patient.card)}
    if n == 0:
        return _("Fewer than 1 of 100 people like this: {event}, {horizon}").format(**facts)
    if n == 100:
        return _("More than 99 of 100 people like this: {event}, {horizon}").format(**facts)
    return _("About {n} of 100 people like this: {event}, {horizon}").format(**facts)


def _warnings(patient: Patient) -> None:
    assert patient.assessment is not None
    messages = patient.assessment.warnings[0]
    if messages:
        items = "".join(f"<li>{escape(warning(m, patient.card))}</li>" for m in messages)
        st.html(f'<ul class="medai-notices" aria-label="{escape(_("Notices"))}">{items}</ul>')


def _pictures(patient: Patient) -> None:
    """The survival curve where there is one, and the patient's place in the cohort."""
    assert patient.assessment is not None
    curve = survival(patient.model, patient.row)
    share = place_in_cohort(patient.model, patient.risk)
    said = _("{share} of the development cohort have a lower predicted risk.").format(share=words.percent(share))
    if curve is None:
        figures.place(patient.model.measured.risk_quantiles, patient.risk, said)
        return
    over_time, in_cohort = st.tabs([_("Over time"), _("In the cohort")])
    with over_time:
        figures.survival(curve)
    with in_cohort:
        figures.place(patient.model.measured.risk_quantiles, patient.risk, said)

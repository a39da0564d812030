"""One patient's survival: who, how long by what, why, what would be said otherwise, and what people alike received."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from medai_core.errors import MedAIError
from medai_core.precision.survival import answer
from ui.cached.survival import survival_model
from ui.cards.survival import gains
from ui.language import _
from ui.results import plain, problem, unreadable
from ui.survival import asking
from ui.survival.asking import Patient
from ui.survival.change import what_if
from ui.survival.drivers import drivers
from ui.survival.export import downloads
from ui.survival.sheet import treatment
from ui.survival.told import adds, curves, heading, refused, told


def survive() -> None:
    """From a form and a file to survival, or the refusal."""
    card = asking.choose()
    if card is None:
        return
    upload = asking.ask_file(card)
    try:
        model = survival_model(card)
        beside = asking.chosen(upload, model) if upload else None
    except MedAIError as error:
        unreadable(upload.name, error) if upload else problem(error)
        return
    asking.begin(card, upload, beside)
    label = asking.ask_label(beside)
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.subheader(_("History and treatment"), anchor=False)
        one = asking.ask_history(model, label, beside)
    found = answer(model, one, 0)
    patient = Patient(label, model, upload, one, found, datetime.now().astimezone())
    with right:
        heading(patient)
        if found.refusals:
            refused(patient)
        else:
            st.markdown(f"**{plain(adds(patient))}**")
            told(patient)
            curves(patient)
        downloads(patient)
    if not found.refusals:
        _more(patient)


def _more(patient: Patient) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        drivers(patient)
    with right:
        what_if(patient)
    treatment(patient)
    with st.expander(_("What expression adds"), icon=":material/genetics:"):
        gains(patient.card)

"""One patient in; the risk, what drives it, how sure it is and what would change it, out."""

import streamlit as st

from medai_core.errors import MedAIError
from ui import results, risk
from ui.frame import frame
from ui.language import _

frame(_("Risk"), _("Enter a patient and read the risk, what drives it, how sure it is, and what would change it."))

try:
    cards = risk.choose_outcome()
    if not cards:
        st.stop()
    form, answer = st.columns([2, 3], gap="large")
    with form:
        patient = risk.ask(cards)
        results.limits(patient.card)
except MedAIError as error:
    results.problem(error)
    st.stop()

with answer:
    risk.heading(patient)
    if patient.refused:
        risk.refused(patient)
        risk.downloads(patient)
        st.stop()
    risk.answer(patient)
    risk.drivers(patient)
    risk.what_if(patient)
    risk.estimators(patient, cards)
    risk.downloads(patient)
risk.tree(patient)

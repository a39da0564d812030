"""One patient in; the risk, what drives it, how sure it is and what would change it, out."""

import streamlit as st

from medai_core.errors import MedAIError
from ui import results, risk
from ui.frame import frame
from ui.language import _
from ui.record import opened, risks

frame(_("Risk"), _("Enter a patient and read the risk, what drives it, how sure it is, and what would change it."))

known = opened.opened()
if known is not None:
    opened.banner(known)

try:
    asked = risk.choose(known)
    if asked is None:
        st.stop()
    heading = st.container()
    answer, form = st.columns([3, 2], gap="large")
    with form:
        patient = risk.ask(asked)
        results.limits(patient.card)
except MedAIError as error:
    results.problem(error)
    st.stop()

with heading:
    risk.heading(patient)
with answer:
    if patient.refused:
        risk.refused(patient)
        risk.downloads(patient)
        risks.ask_filing(known, patient)
        st.stop()
    risk.answer(patient)
    risk.downloads(patient)
    risks.ask_filing(known, patient)

why, change = st.columns(2, gap="large")
with why:
    risk.drivers(patient)
with change:
    risk.what_if(patient)
    risk.estimators(patient, asked.cards)
risk.tree(patient)

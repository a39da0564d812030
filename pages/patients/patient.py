"""One patient: scans with the prior beside the new, risks, vital signs, verdicts and all that happened."""

import streamlit as st

from medai_core.errors import MedAIError
from ui import results
from ui.frame import frame
from ui.language import _
from ui.record import details, handing_out, opened, risks, scans, timeline, vitals

frame(_("Patient"))

try:
    patient = opened.opened()
    if patient is None:
        opened.nobody()
        st.stop()
    opened.identity(patient)
    with st.container(horizontal=True, vertical_alignment="center", key="patient_actions"):
        opened.links(patient)
        details.ask_details(patient)
        details.ask_keeping(patient)
        handing_out.hand_out_all(patient)
        timeline.ask_export(patient)
    scans.scans(patient)
    risks.risks(patient)
    vitals.vitals(patient)
    timeline.timeline(patient)
except MedAIError as error:
    results.problem(error)

"""One patient's genotype, doses and INRs in; a simulated next dose, why, and what other doses would do, out."""

import streamlit as st

from medai_core.errors import MedAIError
from ui import dosing, results
from ui.frame import frame
from ui.language import _
from ui.record import opened

frame(
    _("Dosing"),
    _("Enter a patient on warfarin and see a simulated next dose, why, the INR to expect, and what protocols say."),
)

known = opened.opened()
if known is not None:
    opened.banner(known)

try:
    asked = dosing.choose(known)
    if asked is None:
        st.stop()
    heading = st.container()
    answer, form = st.columns([4, 3], gap="large")
    with form:
        case = dosing.ask(asked)
except MedAIError as error:
    results.problem(error)
    st.stop()

if case is None:
    with answer:
        dosing.waiting()
    st.stop()
with heading:
    dosing.heading(case)
with answer:
    if case.refused:
        dosing.refused(case)
        dosing.downloads(case)
        st.stop()
    dosing.answer(case)
    dosing.downloads(case)
    dosing.protocols(case)

dosing.what_if(case)
dosing.beside_model(case)

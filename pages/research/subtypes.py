"""Gene expression in; subtypes of a cohort with the evidence for them, or a patient's place among known ones, out."""

import streamlit as st

from ui import subtypes
from ui.frame import frame
from ui.language import _

frame(
    _("Subtypes"),
    _("Find subtypes in gene expression and see the evidence for them, or place a patient in a known one."),
)

if subtypes.choose_view() == "place":
    subtypes.place()
    st.stop()
subtypes.find()

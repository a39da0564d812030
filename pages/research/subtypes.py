"""Gene expression in; subtypes of a cohort, a patient's place among known ones, or one patient's survival, out."""

import streamlit as st

from ui import subtypes, survival
from ui.frame import frame
from ui.language import _

frame(
    _("Subtypes"),
    _(
        "Find subtypes in gene expression and see the evidence for them, place a patient in a known one, or see one "
        "patient's survival from history, treatment and expression."
    ),
)

view = subtypes.choose_view()
if view == "place":
    subtypes.place()
    st.stop()
if view == "survive":
    survival.survive()
    st.stop()
subtypes.find()

"""A finding and a seed in; scans that are nobody's, the way between two, or a test of who can tell, out."""

import streamlit as st

from medai_core.errors import MedAIError
from ui import results, synthesis
from ui.frame import frame
from ui.language import _

frame(
    _("Synthesis"),
    _("Make scans that are nobody's, walk from one to another, and test whether you can tell them from real ones."),
)

try:
    model = synthesis.choose()
    if model is None:
        st.stop()
    view = synthesis.choose_view()
    if view == "make":
        synthesis.make(model)
    elif view == "between":
        synthesis.walk(model)
    else:
        synthesis.ask(model)
except MedAIError as error:
    results.problem(error)
    st.stop()

synthesis.worth(model.card)

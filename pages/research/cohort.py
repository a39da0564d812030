"""A table of patients in; who was scored, who was not and why, and how good the model is on them, out."""

import streamlit as st

from medai_core.errors import MedAIError
from ui import cohort, results
from ui.frame import frame
from ui.language import _

frame(
    _("Cohort"),
    _("Score a table of patients, see which rows could not be scored and why, and judge the model where outcomes are."),
)

card = cohort.choose_model()
upload = cohort.ask(card) if card else None
if card is None or upload is None:
    st.stop()

cohort.heading(upload, card)
answer = st.container()
try:
    table = cohort.read(upload, card)
    matched = cohort.ask_columns(upload, table, card)
    scored = cohort.score(upload, table, card, matched)
except MedAIError as error:
    results.unreadable(upload.name, error)
    st.stop()

with answer:
    cohort.answer(scored)
cohort.refused(scored)
cohort.views(scored)

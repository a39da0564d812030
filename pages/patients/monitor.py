"""Observations of stays in; the risk hour by hour, its alarms, what drives it, and the ward ranked by it, out."""

import streamlit as st

from medai_core.errors import MedAIError
from ui import monitor, results
from ui.cached import stays
from ui.frame import frame
from ui.language import _

frame(
    _("Monitor"),
    _("Follow stays hour by hour: the risk, what drives it, what is missing, and when it raises an alarm."),
)

view = monitor.choose_view()
question = monitor.choose(view)
if question is None:
    st.stop()
if view == "live":
    monitor.live(question)
    st.stop()

upload = monitor.ask(question.card)
if upload is None:
    st.stop()
try:
    watched = stays.read(upload, question.card)
    if view == "ward":
        monitor.ward(watched, question)
    else:
        monitor.one_stay(watched, question)
except MedAIError as error:
    results.unreadable(upload.name, error)

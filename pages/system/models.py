"""The card of every model in full: what for, on whom, how good, made how."""

import streamlit as st

from medai_core.errors import MedAIError
from ui import cards, results
from ui.frame import frame
from ui.language import _

frame(_("Models"), _("What each model is for, on whom, how good it is, and what it must not be used for."))

try:
    card = cards.choose()
except MedAIError as error:
    results.problem(error)
    st.stop()
if card is None:
    st.stop()

cards.overview(card)
cards.own.origin(card)
cards.own.comparison(card)
cards.purpose(card)
cards.returns(card)
if card.measured:
    cards.performance(card)
    cards.trust(card)
cards.sources(card)

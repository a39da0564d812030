"""The models of one's own: what each gained or lost, and the button that has it answer."""

from __future__ import annotations

import streamlit as st

from medai_core.cards import Card
from medai_core.errors import Message
from medai_core.records.switching import switch, switch_back
from ui import cached, kept, signin
from ui.cards import own
from ui.language import _, say
from ui.results import empty_state, plain


def compare() -> None:
    """One model of one's own side by side with its parent, and whether it answers."""
    cards = {card.name: card for card in cached.models().cards if card.own}
    st.subheader(_("Models of your own"), anchor=False)
    if not cards:
        empty_state("model_training", _("None yet"), _("Start a training, or add a model on the command line."))
        return
    titles, asked = own.titles(cards), st.query_params.get("model", "")
    names = list(reversed(cards))
    name = st.selectbox(
        _("Model"),
        names,
        index=names.index(asked) if asked in names else 0,
        format_func=titles.__getitem__,
        key="own_model",
    )
    card = cards[name]
    own.origin(card)
    own.comparison(card)
    if signin.may("configure"):
        with st.container(key="training_switch"):
            _offer(card)


def _offer(card: Card) -> None:
    """Have it answer, once somebody says that they have seen what it is worth; or have it answer no more."""
    if cached.models().answers(card):
        if st.button(_("Do not use this model any more"), icon=":material/undo:", key=f"back:{card.name}"):
            _done(switch_back(kept.store(), signin.person(), cached.models(), card.name))
        return
    if card.measured is None or not card.measured.performance:
        st.warning(_("It was not measured, so it cannot be switched to."), icon=":material/block:")
        return
    seen = st.checkbox(_("I have seen what it gained and what it lost."), key=f"seen:{card.name}")
    label = _("Use this model instead") if card.parent else _("Use this model")
    if st.button(label, type="primary", disabled=not seen, icon=":material/swap_horiz:", key=f"use:{card.name}"):
        _done(switch(kept.store(), signin.person(), cached.models(), card.name))


def _done(message: Message) -> None:
    st.toast(plain(say(message)), icon=":material/swap_horiz:")
    st.rerun()

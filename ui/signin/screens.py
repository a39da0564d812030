"""What someone sees who may not see a page. Each ends the run, so that nothing of the page is shown."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import NoReturn

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from medai_core.errors import Message
from medai_core.records.store.visits import idle_time
from ui.dress import dress, notice
from ui.language import _, choose_language, language, say

LINK = Path(__file__).parent / "link.js"
KEEPING_S = 0.5
"""A browser is given this long to keep its link; told to leave, it would leave at once."""


def link(act: str, *facts: str | bool, html: str = "") -> None:
    """Have the tab remember or follow a link; see ``link.js``."""
    script = LINK.read_text(encoding="utf-8").replace("$ASKED", json.dumps([act, *facts]))
    st.html(f"{html}<script>{script}</script>", unsafe_allow_javascript=True)


def welcome() -> NoReturn:
    """Ask to sign in."""
    minutes = f"{idle_time(os.environ).total_seconds() / 60:g}"
    idle = escape(say(Message("access.idle", {"minutes": minutes})))
    with _card(_("Sign in to MedAI"), _("Scans and risks, each with the evidence for it.")):
        link("remember", language(), html=f'<p class="medai-idle" role="status" hidden>{idle}</p>')
        if st.button(_("Sign in"), type="primary", width="stretch", icon=":material/login:"):
            st.login()
        st.markdown(f":gray[{_('You sign in at your organisation, and come back here.')}]")
    st.stop()


def without_role(name: str, why: str, sign_out: Callable[[], None]) -> NoReturn:
    """Tell someone whose account has no role here."""
    with _card(_("No access yet"), _("Signed in as {name}").format(name=name)):
        st.warning(why, icon=":material/person_off:")
        if st.button(_("Sign out"), width="stretch", icon=":material/logout:"):
            sign_out()
    st.stop()


def ended(why: str, *, who: str, idle: bool, again: bool) -> NoReturn:
    """Say that the visit has ended.

    ``again``: this session has shown pages, and its cookie may be older than the browser's; the page is loaded again.
    Otherwise the browser's own cookie is worth nothing, and the browser forgets it.
    """
    with _card(_("Signed out"), why):
        link("part", language(), who, idle, again)
    if not again:
        time.sleep(KEEPING_S)
        st.logout()
    st.stop()


def closed(why: str) -> NoReturn:
    """Say why nobody may see anything."""
    with _card(_("MedAI is closed"), ""):
        st.error(why, icon=":material/lock:")
    st.stop()


def _card(title: str, lead: str) -> DeltaGenerator:
    """A quiet page with one card; what it holds is written into the answer."""
    dress(title)
    outer = st.container(key="gate", horizontal_alignment="center")
    with outer.container(width=440, gap="medium"):
        card = st.container(border=True, gap="small", key="card")
        with card:
            st.title(title, anchor=False)
            if lead:
                st.markdown(f":gray[{lead}]")
            held = st.container(gap="small")
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="foot"):
            notice()
            choose_language(st.container(width=150))
    return held

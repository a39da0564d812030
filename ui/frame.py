"""What every page begins with: who may see it, its title, the research-use notice and the choice of language."""

from __future__ import annotations

from html import escape

import streamlit as st

from medai_core.errors import AccessError
from medai_core.records.access import LOCAL, ROLE_TITLES, Person
from ui import kept
from ui.dress import dress, notice, research_notice
from ui.language import _, choose_language, language, say
from ui.settings import configured
from ui.signin import admit, mark, sign_out
from ui.signin.screens import link
from ui.signin.watch import watch

__all__ = ["frame", "research_notice"]


def frame(title: str, lead: str = "", needs: str = "view") -> Person:
    """Begin a page; every page calls this first.

    Parameters
    ----------
    title : the page's heading, already in the reader's language.
    lead : one sentence under it.
    needs : the permission that the page needs, of ``access.LEAST_ROLE``; without it the run ends here.

    Returns
    -------
    Person : who sees the page, for the core to ask what they may.
    """
    person = admit()
    if configured():
        watch()
    dress(title)
    choose_language()
    with st.sidebar:
        _account(person)
        if configured():
            link("follow", language(), mark(person))
    with st.container(key="frame", horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.title(title, anchor=False, width="content")
        notice()
    _allow(person, needs)
    if lead:
        st.markdown(f":gray[{lead}]")
    return person


def _allow(person: Person, permission: str) -> None:
    if person is LOCAL:
        return
    try:
        kept.store().allow(person, permission)
    except AccessError as error:
        st.error(say(error.message), icon=":material/lock:")
        st.stop()


def _account(person: Person) -> None:
    """Who uses the dashboard, and the way out."""
    with st.container(key="account", gap="small"):
        if person is LOCAL:
            st.markdown(f":gray[{_('Local user, no sign-in: only this computer can open this page.')}]")
            return
        name, role = escape(person.name), escape(_(ROLE_TITLES[person.role]))
        st.html(f'<p class="medai-account"><b>{name}</b><br>{role}</p>')
        st.button(_("Sign out"), on_click=sign_out, icon=":material/logout:", width="stretch", key="sign_out")

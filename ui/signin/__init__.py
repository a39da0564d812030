"""Who uses the dashboard in this session: let in, shown, and signed out."""

from __future__ import annotations

import hashlib
import json
import os

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from medai_core.errors import AccessError, MedAIError, RecordError
from medai_core.records import access
from medai_core.records.access import Person, find_claim, role_of
from medai_core.records.store import visits
from ui.kept import store
from ui.language import say
from ui.settings import configured, obstacle, role_claim
from ui.signin import screens

ADMITTED = "admitted"
"""The session's mark that it has shown a page to someone."""


def person() -> Person:
    """The person at this page, which is a use of it.

    Raises
    ------
    AccessError : nobody may be here any more; the page is about to say so.
    """
    if obstacle() is not None:
        raise AccessError("access.nobody")
    if not configured():
        return access.LOCAL
    if not signed_in():
        raise AccessError("access.nobody")
    return _arrive()


def visitor() -> Person | None:
    """The person at this page; None while nobody may see anything."""
    try:
        return person()
    except MedAIError:
        return None


def may(permission: str) -> bool:
    """Whether the person at this page may do something; the core asks again when it is done."""
    return access.may(visitor(), permission)


def offered(permission: str, *pages: StreamlitPage) -> list[StreamlitPage]:
    """The pages that need ``permission``, for the menu; none for someone who may not see them.

    While nobody is signed in the menu is unseen and holds them all: so a page's address outlasts the sign-in.
    """
    someone = visitor()
    return list(pages) if someone is None or access.may(someone, permission) else []


def admit() -> Person:
    """Whoever may see a page in this session; everybody else is shown another page and the run ends."""
    problem = obstacle()
    if problem is not None:
        screens.closed(say(problem))
    if configured() and not signed_in():
        screens.welcome()
    try:
        someone = person()
    except RecordError as error:
        screens.closed(say(error.message))
    except AccessError as error:
        _turn_away(error)
    st.session_state[ADMITTED] = True
    return someone


def signed_in() -> bool:
    """Whether the browser brought a sign-in's cookie, be its visit ended or not."""
    return bool(st.user.get("is_logged_in"))


def still_here() -> bool:
    """Whether the visit of this session goes on; looking is no use of it."""
    return signed_in() and visits.still_here(store(), _cookie(), idle=visits.idle_time(os.environ))


def sign_out() -> None:
    """End the visit, and have the browser forget its cookie."""
    if signed_in():
        visits.leave(store(), _cookie())
        st.logout()


def mark(someone: Person) -> str:
    """Tells people apart in the browser without naming them."""
    return hashlib.sha256(someone.subject.encode()).hexdigest()[:16]


def _cookie() -> str:
    """What the cookie says: the claims of an ID token, whose time and nonce no other has."""
    claims = {name: value for name, value in st.user.to_dict().items() if name != "tokens"}
    return json.dumps(claims, sort_keys=True, default=str)


def _arrive() -> Person:
    return visits.arrive(store(), _cookie(), _claimed(), idle=visits.idle_time(os.environ))


def _claimed() -> Person:
    claims = st.user.to_dict()
    names = (claims.get(name) for name in ("name", "preferred_username", "email", "sub"))
    name = next((str(name) for name in names if name), "")
    return Person(str(claims.get("sub", "")), name, role_of(find_claim(claims, role_claim())))


def _turn_away(error: AccessError) -> None:
    who, why = _claimed(), say(error.message)
    if error.message.id == "access.no_role":
        screens.without_role(who.name, why, sign_out)
    idle, again = error.message.id == "access.idle", bool(st.session_state.get(ADMITTED))
    screens.ended(why, who=mark(who), idle=idle, again=again)

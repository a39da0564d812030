"""The interface in the reader's language.

English stands in the source; every other language is a catalogue ``locale/<language>.po``. It is
looked up at each call, from the session that asks, so two readers never share a language.
"""

from __future__ import annotations

import gettext
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import streamlit as st
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from streamlit.delta_generator import DeltaGenerator

from medai_core.cards import Card, Translation
from medai_core.errors import Message
from medai_core.records.wording import Wording

LANGUAGES = {"en": "English", "zh_CN": "简体中文"}
LOCALE = Path(__file__).parent / "locale"

_forced: ContextVar[str] = ContextVar("forced_language", default="")


@lru_cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The translations of one language; English, and a language without a file, translate to themselves."""
    path = LOCALE / f"{language}.po"
    if not path.exists():
        return gettext.NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def language() -> str:
    """The language of this session: the one in the address, else the one chosen, else the browser's."""
    if _forced.get():
        return _forced.get()
    for asked in (st.query_params.get("lang"), st.session_state.get("language")):
        if asked in LANGUAGES:
            return str(asked)
    return "zh_CN" if (st.context.locale or "").startswith("zh") else "en"


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Everything said inside is in one language: for exports, which are made outside a page's run."""
    token = _forced.set(name)
    try:
        yield
    finally:
        _forced.reset(token)


def _(text: str) -> str:
    """``text`` in the reader's language."""
    return catalogue(language()).gettext(text) if text else ""


def wording() -> Wording:
    """How results are said in the reader's language."""
    return Wording(_, language())


def say(message: Message) -> str:
    """A sentence of the core in the reader's language."""
    return message.say(_)


def kind_title(name: str) -> str:
    """A kind of image in words."""
    return wording().kind(name)


def kind_titles(names: Sequence[str]) -> str:
    """Kinds of image in words, "or" between them; empty for none."""
    return f" {say(Message('or'))} ".join(map(kind_title, names))


def card_words(card: Card) -> Translation:
    """The card's own words in the reader's language, in English where it has no others."""
    return wording().card(card)


def finding_title(card: Card | None, name: str) -> str:
    """A finding in words; its bare name where no card knows it."""
    return wording().finding(card, name)


def predictor_title(card: Card | None, name: str) -> str:
    """A predictor in words, in English where the card has no others; its bare name where no card knows it."""
    return wording().predictor(card, name)


def category_title(card: Card | None, predictor: str, category: str) -> str:
    """A category of a predictor in words, in English where the card has no others; else its bare name."""
    return wording().category(card, predictor, category)


def choose_language(place: DeltaGenerator | None = None) -> None:
    """Ask for the language, in the sidebar or at another place; keep it in the session and in the address.

    Links of the menu drop the address's parameters, so it is written back on every run.
    """
    st.session_state["language"] = language()
    if st.query_params.get("lang") != language():
        st.query_params["lang"] = language()
    (place or st.sidebar).selectbox(
        _("Language"),
        list(LANGUAGES),
        index=list(LANGUAGES).index(language()),
        format_func=LANGUAGES.__getitem__,
        key="language_choice",
        label_visibility="collapsed" if place else "visible",
        on_change=_keep_language,
    )


def _keep_language() -> None:
    st.session_state["language"] = st.session_state["language_choice"]
    st.query_params["lang"] = st.session_state["language_choice"]

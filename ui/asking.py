"""What pages ask alike: which model, and for a file or the model's own drawn example."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st

from medai_core.cards import Card
from ui.cached import models
from ui.cached.uploads import Upload, given
from ui.language import _, card_words
from ui.results import empty_state, limits


def choose_model(task: str, label: str, none_yet: str, *, icon: str, key: str) -> Card | None:
    """A model of a task, with its limits one click away; None, and ``none_yet`` on the page, where there is none."""
    cards = {card.name: card for card in models().trained(task)}
    if not cards:
        empty_state(icon, none_yet, _("Train one that does; it then appears here."))
        return None
    names, asked = list(cards), st.query_params.get("model")
    choosing, card_of = st.columns([3, 1], gap="medium", vertical_alignment="bottom")
    with choosing:
        name = st.selectbox(
            label,
            names,
            index=names.index(asked) if asked in names else 0,
            format_func=lambda name: card_words(cards[name]).title,
            key=f"{key}_model",
        )
    with card_of:
        limits(cards[name], key=f"{key}_limits")
    st.query_params["model"] = name
    return cards[name]


def choose_view(label: str, views: Mapping[str, str], key: str) -> str:
    """One of the views of a page, by its name; a link may name it (``?view=``).

    Parameters
    ----------
    views : what each is called, marked for translation. key : of the session's state that holds it.
    """
    asked = st.query_params.get("view")
    if st.session_state.get(key) not in views:
        st.session_state[key] = asked if asked in views else next(iter(views))
    view = st.segmented_control(
        label, list(views), format_func=lambda name: _(views[name]), key=key, required=True, width="stretch"
    )
    st.query_params["view"] = view
    return str(view)


@dataclass(frozen=True)
class More:
    """A synthetic file to try beside the model's own example: what it is called, and how it is made."""

    label: str
    help: str
    name: str
    make: Callable[[], bytes]


def file_or_example(
    card: Card, label: str, *, key: str, limit_mb: int, help: str, example: str, more: More | None = None
) -> Upload | None:
    """The file that the reader gives: an upload, or else the model's own example where the reader asks for it.

    Parameters
    ----------
    help : on the upload; example : on the example, what it was drawn from. more : goes before the example.
    """
    uploads, tries = st.columns([3, 2], gap="medium", vertical_alignment="bottom")
    with uploads:
        file = st.file_uploader(label, key=f"{key}_file", max_upload_size=limit_mb, help=help)
    path = models().folder_of(card) / "example.csv"
    with tries:
        another = more is not None and st.toggle(
            more.label, key=f"{key}_more", disabled=file is not None, help=more.help
        )
        tried = st.toggle(
            _("Use the synthetic example"),
            key=f"{key}_example",
            disabled=file is not None or another or not path.exists(),
            help=example,
        )
    if file is not None:
        return given(file.name, file.getvalue())
    if more is not None and another:
        return given(more.name, more.make(), synthetic=True)
    return given(path.name, path.read_bytes(), synthetic=True) if tried and path.exists() else None

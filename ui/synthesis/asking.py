"""Which model makes, what it is asked for, and what is to be done with it."""

from __future__ import annotations

import secrets

import streamlit as st

from medai_core.errors import N_
from medai_core.imaging.synthesis import MOST_SEED, SynthesisModel
from ui import asking
from ui.cached.synthesis import synthesis_model
from ui.language import _, finding_title
from ui.words import sentence

VIEWS = {"make": N_("Make scans"), "between": N_("Between two"), "blind": N_("Which are real?")}
VIEW = "synthesis_view"


def choose() -> SynthesisModel | None:
    """The model, with its limits one click away; None, and that on the page, where none has been trained.

    Raises
    ------
    ModelError : it is absent or altered.
    """
    card = asking.choose_model(
        "synthesis", _("Make with"), _("No model makes scans yet"), icon="imagesmode", key="synthesis"
    )
    return synthesis_model(card) if card else None


def choose_view() -> str:
    """What to do: make images, walk between two, or tell real ones from made ones."""
    return asking.choose_view(_("What to do"), VIEWS, VIEW)


def label_title(model: SynthesisModel, label: str) -> str:
    """What was asked for, by its title."""
    return sentence(finding_title(model.card, label))


def ask_label(model: SynthesisModel, words: str, key: str, index: int = 0) -> str:
    """One of the model's labels."""
    return st.selectbox(
        words,
        model.labels,
        index=min(index, len(model.labels) - 1),
        format_func=lambda label: label_title(model, label),
        key=f"synthesis_{key}:{model.card.name}",
        persist_state="session",
    )


def ask_seed(words: str, key: str, first: int) -> int:
    """A seed, and a button that takes another; ``first`` : until one is given."""
    name = f"synthesis_{key}"
    field, button = st.columns(2, gap="small", vertical_alignment="bottom")
    with button:
        st.button(
            _("Another seed"),
            icon=":material/casino:",
            on_click=_another,
            args=(name,),
            key=f"{name}_another",
            width="stretch",
        )
    with field:
        st.session_state.setdefault(name, first)
        return int(
            st.number_input(
                words,
                0,
                MOST_SEED,
                step=1,
                key=name,
                persist_state="session",
                help=_("The number that the images are drawn from: the same seed always gives the same images."),
            )
        )


def _another(name: str) -> None:
    st.session_state[name] = secrets.randbelow(10_000)

"""Which policy answers, and whom the page is about: a form, a file, or the synthetic example."""

from __future__ import annotations

import streamlit as st

from medai_core.cards import Card
from medai_core.errors import MedAIError
from medai_core.precision.dosing import DosingModel, read_patient
from medai_core.records.store.patients import Patient as Known
from ui import words
from ui.cached import models
from ui.cached.dosing import dosing_model
from ui.cached.uploads import Upload, given
from ui.cards.dosing import regimen_title
from ui.dosing.case import Question
from ui.language import _
from ui.results import empty_state, limits

LIMIT_MB = 10
ROUND = "dosing_round"
"""Counts the patients of a session: every field's key holds it, so that a new one finds nothing of the last."""


def choose(known: Known | None) -> Question | None:
    """The policy and the patient's file; None where no model doses.

    Raises
    ------
    MedAIError : the model is absent or altered.
    """
    cards = models().trained("dosing")
    if not cards:
        empty_state("medication", _("No model doses yet"), _("Train one that does; it then appears here."))
        return None
    card = cards[0]
    model = dosing_model(card)
    begun = f"dosing:{st.session_state.get(ROUND, 0)}:{known.id if known else ''}"
    choosing, card_of = st.columns([3, 1], gap="medium", vertical_alignment="bottom")
    with choosing:
        policy = _choose_policy(model)
    with card_of:
        limits(card, key="dosing_limits")
    upload = _ask_file(card, begun)
    key = f"{begun}:{upload.sha256[:16] if upload else ''}"
    if upload is None:
        return Question(key, model, policy, known, None, None)
    try:
        return Question(key, model, policy, known, upload, read_patient(upload.data, upload.name, card))
    except MedAIError as error:
        return Question(key, model, policy, known, upload, None, error.message)


def _choose_policy(model: DosingModel) -> str:
    """Whose dose is shown first: the card's own policy until another is chosen."""
    names = [model.card.name, *(name for name in reversed(model.policies) if name != model.card.name)]
    return st.selectbox(
        _("Dose by"),
        names,
        format_func=lambda name: _title(model, name),
        key="dosing_policy",
        persist_state="session",
        help=_("The doses of all the others stand beside it."),
    )


def _title(model: DosingModel, name: str) -> str:
    title = words.sentence(regimen_title(name, model.card))
    recommended = name == model.card.name and model.card.recommended
    return _("{model} (recommended)").format(model=title) if recommended else title


def _ask_file(card: Card, begun: str) -> Upload | None:
    """A file with the patient, or the model's own drawn example, or neither."""
    uploads, tries = st.columns([3, 1], gap="medium", vertical_alignment="center")
    with uploads:
        file = st.file_uploader(
            _("Patient from a file (not needed)"),
            type=["json", "csv"],
            key=f"{begun}:file",
            max_upload_size=LIMIT_MB,
            help=_("JSON as this page gives it to take away, or a CSV of one row. It fills the form; it is not kept."),
        )
    path = models().folder_of(card) / "example.json"
    with tries:
        tried = st.toggle(
            _("Use the synthetic example"),
            key=f"{begun}:example",
            disabled=file is not None or not path.exists(),
            help=_("SYNTHETIC: a patient who was made up; nobody's values."),
        )
        st.button(
            _("New patient"),
            icon=":material/restart_alt:",
            on_click=_begin_anew,
            key="dosing_anew",
            help=_("Forgets this patient, the history and the files."),
        )
    if file is not None:
        return given(file.name, file.getvalue())
    return given(path.name, path.read_bytes(), synthetic=True) if tried and path.exists() else None


def _begin_anew() -> None:
    st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1

"""What to train, on what, and the button that starts it."""

from __future__ import annotations

import streamlit as st

from medai_core.commands import runs
from medai_core.commands.own_models import MOST_EPOCHS, trainable
from medai_core.commands.runs import Asked
from medai_core.errors import MedAIError
from medai_core.evaluation.parts import FEWEST
from ui import cached, kept, signin
from ui.cards.own import titles
from ui.language import _
from ui.results import problem


def ask() -> None:
    """The form; while a training runs it keeps what was filled in, and starts nothing."""
    run = runs.newest(kept.store())
    busy = run is not None and run.running
    st.subheader(_("A new training"), anchor=False)
    cards = {card.name: card for card in trainable(cached.models())}
    with st.container(key="training_form"), st.form("training", border=True):
        asked = _fields(titles(cards))
        st.caption(_rules())
        started = st.form_submit_button(
            _("Start"), type="primary", icon=":material/model_training:", disabled=busy, key="training_start"
        )
    if started and asked is not None:
        try:
            runs.start(kept.store(), signin.person(), cached.models(), asked)
        except MedAIError as error:
            problem(error)
        else:
            st.rerun()


def _fields(models: dict[str, str]) -> Asked | None:
    left, right = st.columns(2, gap="large")
    model = left.selectbox(_("Begin with"), list(models), format_func=models.__getitem__, key="training_model")
    name = right.text_input(
        _("Name of the new model"),
        key="training_name",
        max_chars=60,
        help=_("3 to 60 small letters, digits and _, beginning with a letter."),
    )
    manifest = left.text_input(
        _("Manifest on this server"),
        key="training_manifest",
        max_chars=1000,
        help=_("The whole path of a CSV file on the machine that runs MedAI; nothing is uploaded."),
    )
    epochs = right.number_input(
        _("Epochs at most"), min_value=1, max_value=MOST_EPOCHS, value=30, step=5, key="training_epochs"
    )
    return Asked(model, manifest.strip(), name.strip(), int(epochs)) if model else None


def _rules() -> str:
    return _(
        "The manifest has the columns file, label and group (the patient), and split if you divide the images "
        "yourself: train, validation, test. Each part needs at least {fewest} images of every class, and no group "
        "stands on two sides. The images are read where they lie; the new model keeps counts of them, nothing else."
    ).format(fewest=FEWEST)

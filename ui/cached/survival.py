"""Patients in a file as a model of survival takes them, and what it says of one, for their own session only."""

from __future__ import annotations

import streamlit as st

from medai_core.cards import Card
from medai_core.precision.survival import Patients, SurvivalModel, read_patients
from ui.cached import models
from ui.cached.uploads import Upload, named
from ui.language import _


def survival_model(card: Card) -> SurvivalModel:
    """The model of a card.

    Raises
    ------
    ModelError : it is absent or altered.
    """
    return models().survival_model(card)


def patients(upload: Upload, model: SurvivalModel) -> Patients:
    """The patients of a file.

    Raises
    ------
    MedAIError : it cannot be read, or has neither a predictor nor a gene that the model knows.
    """
    with st.spinner(_("Reading the expression…"), show_time=True):
        return _patients(named(upload.sha256, upload.name, *sorted(model.measured.sha256.values())), upload, model)


@st.cache_resource(scope="session", max_entries=3, show_spinner=False)
def _patients(id: str, _upload: Upload, _model: SurvivalModel) -> Patients:
    return read_patients(_model, (_upload.data, _upload.name))

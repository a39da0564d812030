"""What a dosing model says of a patient, kept for their own session only."""

from __future__ import annotations

import streamlit as st

from medai_core.cards import Card
from medai_core.precision.dosing import Advice, DosingModel, Patient, advise
from ui.cached import models
from ui.cached.uploads import named


def dosing_model(card: Card) -> DosingModel:
    """The model of a card.

    Raises
    ------
    ModelError : it is absent or altered.
    """
    return models().dosing_model(card)


def advice(model: DosingModel, patient: Patient, policy: str, *tried_mg_per_day: float) -> Advice:
    """What a policy says of a patient; ``tried_mg_per_day`` : other doses whose courses are wanted."""
    assert model.card.measured is not None
    weights = sorted(model.card.measured.sha256.values())
    id = named(repr(patient), policy, repr(tried_mg_per_day), *weights)
    return _advice(id, model, patient, policy, tried_mg_per_day)


@st.cache_resource(scope="session", max_entries=12, show_spinner=False)
def _advice(
    id: str, _model: DosingModel, _patient: Patient, _policy: str, _tried_mg_per_day: tuple[float, ...]
) -> Advice:
    return advise(_model, _patient, _policy, doses_mg_per_day=_tried_mg_per_day)

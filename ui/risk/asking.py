"""Which outcome, which model, and who the patient is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd
import streamlit as st

from medai_core.cards import Card
from medai_core.prognosis.assessment import Assessment, assess
from medai_core.prognosis.risk import RiskModel, recalibrated
from ui.cached import models
from ui.cards.risk import estimator_title, outcome_title
from ui.forms import Value, ask_patient
from ui.language import _
from ui.results import empty_state
from ui.words import sentence


@dataclass(frozen=True, eq=False)
class Patient:
    """Whom the page is about, and what the model says.

    Attributes
    ----------
    label : what the reader calls the patient; only in this session.
    refused : what is out of range, in words; ``assessment`` is None then.
    """

    label: str
    model: RiskModel
    values: dict[str, Value]
    row: pd.DataFrame
    refused: tuple[str, ...]
    recalibrated: bool
    assessment: Assessment | None = None
    when: datetime = field(default_factory=datetime.now)

    @property
    def card(self) -> Card:
        """The model's card."""
        return self.model.card

    @property
    def risk(self) -> float:
        """The calibrated risk."""
        assert self.assessment is not None
        return float(self.assessment.estimates.risk[0])


def choose_outcome() -> tuple[Card, ...]:
    """The trained models of the outcome that the reader chooses, the recommended one first; none where none is."""
    outcomes = models().outcomes()
    if not outcomes:
        empty_state("deployed_code", _("No risk model yet"), _("Train a risk model; it then appears here."))
        return ()
    names = list(outcomes)
    asked = st.query_params.get("outcome")
    outcome = st.selectbox(
        _("Outcome"),
        names,
        index=names.index(asked) if asked in names else 0,
        format_func=lambda name: outcome_title(outcomes[name][0]),
        key="risk_outcome",
    )
    st.query_params["outcome"] = outcome
    return outcomes[outcome]


def ask(cards: tuple[Card, ...]) -> Patient:
    """The form of one patient, and the model's answer."""
    by_name = {card.name: card for card in cards}
    name = st.selectbox(
        _("Model"),
        list(by_name),
        format_func=lambda name: _title(by_name[name]),
        key=f"risk_model:{cards[0].outcome}",
    )
    card = by_name[name]
    label = st.text_input(
        _("Patient"),
        placeholder=_("a name or number of your own"),
        max_chars=80,
        key="risk_patient",
        help=_("Stands beside the result and in the downloads; it is kept in this session only."),
    )
    moved = _ask_place(card)
    asked = ask_patient(card)
    model = models().risk_model(card)
    model = recalibrated(model) if moved else model
    row = asked.row()
    assessment = None if asked.refused else assess(model, row, explained=True)
    return Patient(label.strip(), model, asked.values, row, asked.refused, moved, assessment)


def _title(card: Card) -> str:
    title = sentence(estimator_title(card))
    return _("{model} (recommended)").format(model=title) if card.recommended else title


def _ask_place(card: Card) -> bool:
    """Whether to use the calibration for another place, where the card has one."""
    if card.measured is None or card.measured.recalibrated is None:
        return False
    return st.toggle(
        _("Recalibrated for another place"),
        key=f"risk_place:{card.outcome}",
        help=_(
            "At the place where the model was tested from outside its risks were off by a shift and a stretch. "
            "Recalibrated, they fit that place; which of the two fits yours only your own patients can tell."
        ),
    )

"""Which outcome, which model, and who the patient is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd
import streamlit as st

from medai_core.cards import Card
from medai_core.errors import Message
from medai_core.prognosis.assessment import Assessment, assess
from medai_core.prognosis.entries import Unit
from medai_core.prognosis.risk import RiskModel
from medai_core.records.store.patients import Patient as Known
from ui import people
from ui.cached import models, served
from ui.cards.risk import estimator_title, outcome_title
from ui.forms import Value, ask_patient, enter_known, forget, value_words
from ui.language import _
from ui.results import empty_state
from ui.words import sentence


@dataclass(frozen=True)
class Question:
    """What is asked, of which model, about whom.

    Attributes
    ----------
    cards : of every model that answers it, the recommended one first; ``card`` of the one that is asked.
    label : what the reader calls the patient.
    recalibrated : whether its calibration for another place is wanted.
    """

    cards: tuple[Card, ...]
    card: Card
    label: str
    recalibrated: bool


@dataclass(frozen=True, eq=False)
class Patient:
    """Whom the page is about, and what the model says.

    Attributes
    ----------
    label : what the reader calls the patient; only in this session.
    values : in the card's units, None for unknown; ``units`` those that the reader chose for numbers.
    refused : what is out of range; ``assessment`` is None then.
    """

    label: str
    model: RiskModel
    values: dict[str, Value]
    units: dict[str, Unit]
    row: pd.DataFrame
    refused: tuple[Message, ...]
    recalibrated: bool
    assessment: Assessment | None = None
    when: datetime = field(default_factory=lambda: datetime.now().astimezone())

    @property
    def card(self) -> Card:
        """The model's card."""
        return self.model.card

    def said(self, name: str, value: Value) -> str:
        """A value of the predictor called ``name`` in words, in the unit that the reader chose."""
        p = next(p for p in self.card.predictors if p.name == name)
        return value_words(self.card, p, value, self.units.get(name))

    @property
    def risk(self) -> float:
        """The calibrated risk."""
        assert self.assessment is not None
        return float(self.assessment.estimates.risk[0])


def choose(opened: Known | None = None) -> Question | None:
    """The outcome, the model and the patient's name, in one line; None where no model is trained.

    Parameters
    ----------
    opened : the open patient, who then is the one; None where nobody is open.
    """
    outcomes = models().outcomes()
    _begin_for(opened, outcomes)
    if not outcomes:
        empty_state("deployed_code", _("No risk model yet"), _("Train a risk model; it then appears here."))
        return None
    for_outcome, for_model, for_label = st.columns(3, gap="medium", vertical_alignment="bottom")
    with for_outcome:
        cards = _choose_outcome(outcomes)
    with for_model:
        card = _choose_model(cards)
    with for_label:
        label = (
            people.whose(opened)
            if opened
            else st.text_input(
                _("Patient"),
                placeholder=_("a name or number of your own"),
                max_chars=80,
                key="risk_patient",
                help=_("Stands beside the result and in the downloads; it is kept in this session only."),
                persist_state="session",
            )
        )
    return Question(cards, card, (label or "").strip(), _ask_place(card))


def _begin_for(opened: Known | None, outcomes: dict[str, tuple[Card, ...]]) -> None:
    """Another patient than before: nothing of the last one is left, and what the record knows is entered."""
    id = opened.id if opened else ""
    if st.session_state.get("risk_of", "") == id:
        return
    forget("risk_value:")
    st.session_state["risk_of"] = id
    if opened is not None:
        born, sex = opened.details.birth_date, {"F": "female", "M": "male"}.get(opened.details.sex or "")
        for cards in outcomes.values():
            enter_known(cards[0], people.whole_years(born) if born else None, sex)


def _choose_outcome(outcomes: dict[str, tuple[Card, ...]]) -> tuple[Card, ...]:
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


def _choose_model(cards: tuple[Card, ...]) -> Card:
    by_name = {card.name: card for card in cards}
    name = st.selectbox(
        _("Model"),
        list(by_name),
        format_func=lambda name: _title(by_name[name]),
        key=f"risk_model:{cards[0].outcome}",
        persist_state="session",
    )
    return by_name[name]


def ask(question: Question) -> Patient:
    """The form of one patient, and the model's answer."""
    model = served(question.card, moved=question.recalibrated)
    flagged = [p.name for p, flag in zip(model.encoding.predictors, model.encoding.flagged, strict=True) if flag]
    first = question.cards[0].measured
    weight = {s.name: s.importance for s in first.predictors} if first else {}
    a = ask_patient(question.card, weight, flagged)
    assessment = None if a.refused else assess(model, a.row, explained=True)
    return Patient(question.label, model, a.values, a.units, a.row, a.refused, question.recalibrated, assessment)


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

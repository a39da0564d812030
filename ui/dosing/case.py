"""Whom the page is about, and what was said of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from medai_core.cards import Card
from medai_core.errors import Message
from medai_core.precision.dosing import Advice, DosingModel, Patient
from medai_core.records.store.patients import Patient as Known
from ui.cached.uploads import Upload


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked, of which policy, about whom.

    Attributes
    ----------
    key : what the keys of the form's fields begin with; another one for another patient, so that nothing is left.
    known : the open patient of the record; None where nobody is open.
    upload : the file of the patient; ``start`` what it says; ``refused`` why it says nothing.
    """

    key: str
    model: DosingModel
    policy: str
    known: Known | None
    upload: Upload | None
    start: Patient | None
    refused: Message | None = None


@dataclass(frozen=True, eq=False)
class Case:
    """One patient and what is said of them.

    Attributes
    ----------
    label : what the reader calls the patient; only in this session.
    patient : as the core takes them; None where they cannot be read.
    newer : a file with new INRs. refused : why there is no advice.
    """

    label: str
    question: Question
    patient: Patient | None
    newer: Upload | None = None
    refused: Message | None = None
    advice: Advice | None = None
    when: datetime = field(default_factory=lambda: datetime.now().astimezone())

    @property
    def model(self) -> DosingModel:
        """The model that doses."""
        return self.question.model

    @property
    def card(self) -> Card:
        """The model's card."""
        return self.model.card

    @property
    def said(self) -> Advice:
        """The advice, where nothing was refused."""
        assert self.advice is not None
        return self.advice

    @property
    def synthetic(self) -> bool:
        """Whether the patient comes from the project's own example."""
        return bool(self.question.upload and self.question.upload.synthetic)

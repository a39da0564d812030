"""Who the patient is: the history in a form, the expression from a file, which also fills the form."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import pandas as pd
import streamlit as st

from medai_core.cards import Card
from medai_core.precision.survival import Answer, Patients, SurvivalModel, patients_of
from ui.asking import choose_model, file_or_example
from ui.cached.survival import patients as patients_in
from ui.cached.uploads import Upload
from ui.forms import ask_patient, enter_row, forget
from ui.language import _
from ui.subtypes.asking import LIMIT_MB

OF, LABEL = "survive_of", "survive_patient"
"""Where it is kept which patient of which file the form is about, and what the reader calls the patient."""


@dataclass(frozen=True, eq=False)
class Patient:
    """One patient and what the model says of them.

    Attributes
    ----------
    label : what the reader calls the patient. upload : the file of the expression; None where there is none.
    one : the patient as the core takes them.
    """

    label: str
    model: SurvivalModel
    upload: Upload | None
    one: Patients
    found: Answer
    when: datetime

    @property
    def card(self) -> Card:
        """The model's card."""
        return self.model.card


def choose() -> Card | None:
    """The model; None where none tells survival."""
    return choose_model("survival", _("Model"), _("No model tells survival yet"), icon="genetics", key="survive")


def ask_file(card: Card) -> Upload | None:
    """A file with the patient's expression, history or both: an upload, or the model's own drawn example; or none."""
    return file_or_example(
        card,
        _("Expression, history or both of the patient (not needed)"),
        key="survive",
        limit_mb=LIMIT_MB,
        help=_(
            "CSV, TSV, Parquet or GCT with one row a patient, or a list of genes and values. Clinical columns that "
            "the model asks fill the form below. Files stay in this session."
        ),
        example=_("SYNTHETIC: profiles drawn from what the development cohort has in common; they are nobody's."),
    )


def begin(card: Card, upload: Upload | None, beside: Patients | None) -> None:
    """Another patient than before: nothing of the last one is left, and the file's history is entered, or none."""
    of = f"{card.name}:{upload.sha256}:{beside.samples[0]}" if upload and beside else ""
    if st.session_state.get(OF, "") == of:
        return
    st.session_state[OF], st.session_state[LABEL] = of, ""
    forget(f"risk_value:{card.outcome}:")
    if beside is not None:
        enter_row(card, {n: None if pd.isna(v) else v for n, v in beside.rows.iloc[0].items()})


def chosen(upload: Upload, model: SurvivalModel) -> Patients:
    """One patient of the file.

    Raises
    ------
    MedAIError : the file cannot be used.
    """
    found = patients_in(upload, model)
    if len(found.samples) == 1:
        return found
    place = st.selectbox(
        _("Patient, of {n:,}").format(n=len(found.samples)),
        range(len(found.samples)),
        format_func=lambda i: found.samples[i][:80],
        key=f"survive_sample:{upload.sha256[:16]}",
    )
    return found.chosen([place])


def ask_label(beside: Patients | None) -> str:
    """What the reader calls the patient; as the file does where nothing is entered."""
    label = st.text_input(
        _("Patient"),
        placeholder=beside.samples[0][:80] if beside else _("a name or number of your own"),
        max_chars=80,
        key=LABEL,
        help=_("Stands beside the result and in the downloads; it is kept in this session only."),
    )
    return (label or "").strip() or (beside.samples[0] if beside else "")


def ask_history(model: SurvivalModel, label: str, beside: Patients | None) -> Patients:
    """The form, and with the expression of ``beside`` the patient as the core takes them.

    What the file has outside its range stands empty in the form, and refuses until another value is entered.
    """
    measured = model.measured
    weight = {s.name: s.importance for s in measured.predictors}
    asked = ask_patient(model.card, weight, label=None if beside else LABEL)
    own = patients_of(model, (label,), pd.DataFrame([asked.values]), None)
    if beside is None:
        return own
    joined = replace(own, genes=beside.genes, notes=beside.notes)
    kept = tuple(m for m in beside.problems[0] if beside.outside[0] and asked.values[str(m.facts["predictor"])] is None)
    if not kept:
        return joined
    return replace(joined, problems=((*kept, *(own.problems[0] if own.outside[0] else ())),), outside=(True,))

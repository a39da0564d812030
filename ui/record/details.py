"""A patient's details: entered for a new one, corrected for another, kept until a day, deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import streamlit as st

from medai_core.errors import MedAIError
from medai_core.records.store.patients import (
    SEXES,
    Details,
    Patient,
    birth_date,
    create_patient,
    delete_patient,
    edit_patient,
    retain_patient,
)
from ui import kept, signin
from ui.language import _
from ui.people import sex_words
from ui.record.opened import open_patient
from ui.results import problem


@dataclass(frozen=True)
class Form:
    """What was typed."""

    name: str
    number: str
    born: str
    sex: str

    def details(self) -> Details:
        """What was typed as details; RecordError where the birth date is none."""
        return Details(self.name, self.number or None, birth_date(self.born), self.sex or None)


def form(of: Details, key: str) -> Form:
    """The fields of one person's details, as they were typed."""
    name = st.text_input(_("Name"), of.name, key=f"{key}:name", max_chars=200, help=_("Family name, given name"))
    number = st.text_input(
        _("Number"),
        of.number or "",
        key=f"{key}:number",
        max_chars=64,
        help=_("The patient's number in your hospital, as it stands in DICOM files; scans are checked against it."),
    )
    born = st.text_input(
        _("Birth date"),
        of.birth_date.isoformat() if of.birth_date else "",
        key=f"{key}:born",
        max_chars=10,
        placeholder=_("year-month-day, such as 1958-08-09"),
    )
    sex = st.selectbox(
        _("Sex"),
        ["", *SEXES],
        index=["", *SEXES].index(of.sex or ""),
        format_func=lambda code: sex_words(code) or _("not known"),
        key=f"{key}:sex",
    )
    return Form(name or "", number or "", born or "", sex or "")


def ask_new_patient() -> None:
    """A button that opens the form of a new patient."""
    if st.button(_("New patient"), icon=":material/person_add:", width="stretch"):
        st.dialog(_("New patient"))(_new_patient)()


def _new_patient() -> None:
    typed = form(Details(""), "new")
    if st.button(_("Add the patient"), type="primary", key="new:add"):
        try:
            made = create_patient(kept.store(), signin.person(), typed.details())
        except MedAIError as error:
            problem(error)
            return
        open_patient(made.id)
        st.switch_page("pages/patients/patient.py", query_params={"patient": made.id})


def ask_details(patient: Patient) -> None:
    """A button that opens the details to correct them."""
    if signin.may("edit") and st.button(_("Details"), icon=":material/edit:", key="edit"):
        st.dialog(_("Correct the details"))(_edit)(patient)


def _edit(patient: Patient) -> None:
    """The details as they were when the dialog was opened: whoever saves second is told."""
    typed = form(patient.details, f"edit:{patient.id}")
    st.caption(_("Scans that are filed later are checked against these details."))
    if st.button(_("Save"), type="primary", key="edit:save"):
        try:
            edit_patient(kept.store(), signin.person(), patient, typed.details())
        except MedAIError as error:
            problem(error)
            return
        st.rerun()


def ask_keeping(patient: Patient) -> None:
    """For administrators: how long the record is kept, and the way to delete it."""
    if signin.may("delete") and st.button(_("Keep or delete"), icon=":material/event_busy:", key="keep"):
        st.dialog(_("Keep or delete"))(_keep)(patient)


def _keep(patient: Patient) -> None:
    until = st.date_input(
        _("Keep until"),
        patient.retain_until,
        key=f"keep:{patient.id}",
        format="YYYY-MM-DD",
        max_value=date(2200, 1, 1),
        help=_("Until the end of this day the record cannot be deleted; afterwards it is listed as due."),
    )
    if st.button(_("Save"), key="keep:save"):
        try:
            retain_patient(kept.store(), signin.person(), patient, until if isinstance(until, date) else None)
        except MedAIError as error:
            problem(error)
            return
        st.rerun()
    st.divider()
    st.markdown(_("Deleting takes away the scans, readings, risks, vital signs and verdicts. It cannot be undone."))
    sure = st.checkbox(_("Delete everything of this patient"), key=f"sure:{patient.id}")
    if st.button(_("Delete"), icon=":material/delete_forever:", disabled=not sure, key="keep:delete"):
        try:
            delete_patient(kept.store(), signin.person(), patient.id)
        except MedAIError as error:
            problem(error)
            return
        open_patient(None)
        st.switch_page("pages/patients/worklist.py")

"""File a scan to a patient, on purpose: to the open one, to one that is looked for, or to a new one."""

from __future__ import annotations

import streamlit as st

from medai_core.errors import MedAIError, Message
from medai_core.readings import Reading
from medai_core.records.store.filing import conflicts, file_scan, filed_to, stated_details
from medai_core.records.store.patients import Details, Patient, create_patient, patient_of
from medai_core.records.store.worklist import Asked, Line, find_lines, searched
from ui import cached, kept, signin, words
from ui.cached import Scan
from ui.language import _, say
from ui.record.details import form
from ui.record.opened import KEY, open_patient
from ui.results import plain, problem

OFFERED = 20


def ask_filing(scan: Scan, readings: tuple[Reading, ...], patient: Patient | None) -> None:
    """Below a result: the way into a patient's record."""
    if not signin.may("file"):
        return
    filed = filed_to(kept.store(), scan.sha256)
    with st.expander(_("File to a patient"), icon=":material/folder_shared:", expanded=bool(filed or patient)):
        if filed:
            _say_filed(scan, readings, filed)
            return
        if patient is not None:
            _offer(scan, readings, patient)
            return
        known, new = st.tabs([_("A patient of the list"), _("A new patient")])
        with known:
            _look_for(scan, readings)
        with new:
            _begin(scan, readings)


def _offer(scan: Scan, readings: tuple[Reading, ...], patient: Patient) -> None:
    """File to one patient, or why that cannot be."""
    differences = conflicts(readings[0].image.patient, patient.details)
    if differences:
        _say_conflict(differences)
        st.caption(_("It can be filed only to the right patient. Close this patient and choose another."))
        return
    image = readings[0].image
    if not words.patient_title(image.patient):
        st.caption(_("The file names nobody: you alone say whose it is."))
    born = (
        f" ({_('born {date}').format(date=patient.details.birth_date.isoformat())})"
        if patient.details.birth_date
        else ""
    )
    label = _("File to {name}").format(name=plain(patient.details.name + born))
    if st.button(label, type="primary", icon=":material/save:", key=f"file:{scan.sha256[:16]}:{patient.id}"):
        _file(scan, readings, patient)


def _say_conflict(differences: tuple[Message, ...]) -> None:
    said = "; ".join(map(say, differences))
    st.error(
        plain(_("The file is of another patient: {differences}.").format(differences=said)), icon=":material/block:"
    )


def _file(scan: Scan, readings: tuple[Reading, ...], patient: Patient) -> None:
    try:
        file_scan(kept.store(), signin.person(), patient.id, scan.data, readings, cached.models_by_name())
    except MedAIError as error:
        problem(error)
        return
    open_patient(patient.id)
    st.rerun()


def _say_filed(scan: Scan, readings: tuple[Reading, ...], id: str) -> None:
    """Whose record the file is in, and the way to add this reading to it."""
    try:
        patient = patient_of(kept.store(), id)
    except MedAIError as error:
        problem(error)
        return
    st.success(_("Filed to {name}.").format(name=plain(patient.details.name)), icon=":material/check_circle:")
    st.page_link(
        "pages/patients/patient.py",
        label=_("Open the record"),
        icon=":material/folder_shared:",
        query_params={KEY: id},
    )
    if st.button(_("Add this reading"), icon=":material/save:", key=f"file_again:{scan.sha256[:16]}"):
        _file(scan, readings, patient)


def _look_for(scan: Scan, readings: tuple[Reading, ...]) -> None:
    stated = readings[0].image.patient
    text = st.text_input(
        _("Search"),
        stated.id or stated.name or "",
        key=f"file_search:{scan.sha256[:16]}",
        max_chars=100,
        placeholder=_("name, number or birth date"),
    )
    if not searched(text or ""):
        st.caption(_("Type two signs or more of a word."))
        return
    found = {line.id: line for line in find_lines(kept.store(), Asked(text or "", size=OFFERED)).lines}
    if not found:
        st.caption(_("Nobody fits."))
        return
    id = st.selectbox(
        _("Patient"),
        list(found),
        index=None,
        format_func=lambda id: _title(found[id]),
        key=f"file_to:{scan.sha256[:16]}",
        placeholder=_("Choose the patient"),
    )
    if id:
        _offer(scan, readings, patient_of(kept.store(), id))


def _title(line: Line) -> str:
    born = line.birth_date.isoformat() if line.birth_date else ""
    return " · ".join(filter(None, (line.name, line.number or "", born, _("DEMO") if line.demo else "")))


def _begin(scan: Scan, readings: tuple[Reading, ...]) -> None:
    """A new patient, as the file states them."""
    stated = readings[0].image.patient
    known = stated_details(stated, "") if words.patient_title(stated) else Details("")
    typed = form(known, f"file_new:{scan.sha256[:16]}")
    if st.button(_("Add the patient and file"), type="primary", key=f"file_new:{scan.sha256[:16]}"):
        try:
            details = typed.details()
            differences = conflicts(stated, details)
            if differences:
                _say_conflict(differences)
                return
            patient = create_patient(kept.store(), signin.person(), details)
        except MedAIError as error:
            problem(error)
            return
        _file(scan, readings, patient)

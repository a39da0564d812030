"""File scans to a patient, on purpose: to the open one, to one that is looked for, or to a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from medai_core.errors import MedAIError, Message
from medai_core.readings import Reading
from medai_core.records.store.belonging import misfit, stated_details
from medai_core.records.store.filing import Given, file_scans, filed_to
from medai_core.records.store.patients import Details, Patient, create_patient, patient_of
from medai_core.records.store.words import searched
from medai_core.records.store.worklist import Asked, Line, find_lines
from ui import cached, kept, signin, words
from ui.cached import Request, Scan
from ui.language import _, say
from ui.record.details import form
from ui.record.opened import KEY, open_patient
from ui.results import plain, problem

OFFERED = 20
NOBODYS = Message("filing.synthetic")


@dataclass(frozen=True, eq=False)
class Upload:
    """What is to be filed: the scan that is shown with its readings, and others that were uploaded with it."""

    scan: Scan
    readings: tuple[Reading, ...]
    others: tuple[Scan, ...] = ()

    def misfit(self, known: Details, *, demo: bool = False) -> tuple[str, Message] | None:
        """The first file that is not of ``known``, and why it is not."""
        stated = [(self.scan.name, self.readings[0])]
        stated += [(scan.name, cached.outline(scan)[0]) for scan in self.others]
        found = ((name, misfit(reading.image, known, demo=demo)) for name, reading in stated)
        return next(((name, why) for name, why in found if why is not None), None)

    def given(self) -> list[Given]:
        """The scans with their readings, read in full."""
        found = [Given(self.scan.data, self.readings)]
        bar = st.progress(0.0, _("Reading the scans"))
        for i, scan in enumerate(self.others):
            bar.progress(i / len(self.others), _("Reading scan {i} of {n}").format(i=i + 1, n=len(self.others)))
            found.append(Given(scan.data, cached.read(scan, Request())))
        bar.empty()
        return found


def ask_filing(
    scan: Scan, readings: tuple[Reading, ...], patient: Patient | None, uploaded: Sequence[Scan] = ()
) -> None:
    """Below a result: the way into a patient's record.

    Parameters
    ----------
    uploaded : all that the reader has given, ``scan`` among them.
    """
    if not signin.may("file"):
        return
    filed = filed_to(kept.store(), scan.sha256)
    with st.expander(_("File to a patient"), icon=":material/folder_shared:", expanded=bool(filed or patient)):
        upload = Upload(scan, readings, () if filed else _ask_others(scan, uploaded))
        if filed:
            _say_filed(upload, filed)
            return
        if patient is not None:
            _offer(upload, patient)
            return
        known, new = st.tabs([_("A patient of the list"), _("A new patient")])
        with known:
            _look_for(upload)
        with new:
            if readings[0].image.synthetic:
                st.info(plain(say(NOBODYS)), icon=":material/block:")
            else:
                _begin(upload)


def _ask_others(scan: Scan, uploaded: Sequence[Scan]) -> tuple[Scan, ...]:
    """The other scans of the upload, where the reader wants them filed too; those that cannot be read stay out."""
    others = {other.sha256: other for other in uploaded if other.sha256 != scan.sha256}
    if not others or not st.toggle(_("All scans of this upload, all or none"), key=f"file_all:{scan.sha256[:16]}"):
        return ()
    readable, names = [], []
    for other in others.values():
        try:
            cached.outline(other)
            readable.append(other)
        except MedAIError:
            names.append(other.name)
    if names:
        st.caption(plain(_("Not scans, and so not filed: {files}.").format(files=", ".join(names))))
    return tuple(readable)


def _offer(upload: Upload, patient: Patient) -> None:
    """File to one patient, or why that cannot be."""
    unfit = upload.misfit(patient.details, demo=patient.demo)
    if unfit:
        say_misfit(*unfit)
        st.caption(_("It can be filed only to the right patient. Close this patient and choose another."))
        return
    image = upload.readings[0].image
    if not words.patient_title(image.patient) and not image.synthetic:
        st.caption(_("The file names nobody: you alone say whose it is."))
    born = (
        f" ({_('born {date}').format(date=patient.details.birth_date.isoformat())})"
        if patient.details.birth_date
        else ""
    )
    label = _("File to {name}").format(name=plain(patient.details.name + born))
    if st.button(label, type="primary", icon=":material/save:", key=f"file:{upload.scan.sha256[:16]}:{patient.id}"):
        _file(upload, patient)


def say_misfit(file: str, why: Message) -> None:
    """That a file is of another patient, and where it says so; or that it is nobody's."""
    said, differences = say(why), why.facts.get("differences")
    if isinstance(differences, tuple):
        said = _("The file is of another patient: {differences}.").format(differences="; ".join(map(say, differences)))
    st.error(plain(f"{file}: {said}"), icon=":material/block:")


def _file(upload: Upload, patient: Patient) -> None:
    try:
        file_scans(kept.store(), signin.person(), patient.id, upload.given(), cached.models_by_name())
    except MedAIError as error:
        problem(error)
        return
    open_patient(patient.id)
    st.rerun()


def _say_filed(upload: Upload, id: str) -> None:
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
    again = _("Add this reading to {name}").format(name=plain(patient.details.name))
    if st.button(again, icon=":material/save:", key=f"file_again:{upload.scan.sha256[:16]}"):
        _file(upload, patient)


def _look_for(upload: Upload) -> None:
    stated = upload.readings[0].image.patient
    text = st.text_input(
        _("Search"),
        stated.id or stated.name or "",
        key=f"file_search:{upload.scan.sha256[:16]}",
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
        key=f"file_to:{upload.scan.sha256[:16]}",
        placeholder=_("Choose the patient"),
    )
    if id:
        _offer(upload, patient_of(kept.store(), id))


def _title(line: Line) -> str:
    born = line.birth_date.isoformat() if line.birth_date else ""
    return " · ".join(filter(None, (line.name, line.number or "", born, _("DEMO") if line.demo else "")))


def _begin(upload: Upload) -> None:
    """A new patient, as the file states them."""
    stated = upload.readings[0].image.patient
    known = stated_details(stated, "") if words.patient_title(stated) else Details("")
    typed = form(known, f"file_new:{upload.scan.sha256[:16]}")
    if st.button(_("Add the patient and file"), type="primary", key=f"file_new:{upload.scan.sha256[:16]}"):
        try:
            details = typed.details()
            unfit = upload.misfit(details)
            if unfit:
                say_misfit(*unfit)
                return
            patient = create_patient(kept.store(), signin.person(), details)
        except MedAIError as error:
            problem(error)
            return
        _file(upload, patient)

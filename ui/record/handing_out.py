"""What leaves a patient's record in the hospital's formats: to take away, or straight into the PACS."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import streamlit as st

from medai_core.errors import N_, MedAIError
from medai_core.records.exports import MEDIA_TYPES, Export, export, send
from medai_core.records.store.patients import Patient
from medai_core.records.store.results import StoredReading, StoredScan
from ui import cached, kept, pacs, signin
from ui.language import _, wording
from ui.results import problem
from ui.taking import take_away

TITLES = {
    "pdf": N_("Report (PDF)"),
    "sr": N_("Structured report (DICOM SR)"),
    "sc": N_("Capture (DICOM SC)"),
    "seg": N_("Segmentation (DICOM SEG)"),
    "fhir": N_("Record (FHIR)"),
}
ICONS = {"pdf": "picture_as_pdf", "sr": "lab_profile", "sc": "imagesmode", "seg": "gesture", "fhir": "hub"}


def hand_out_all(patient: Patient) -> None:
    """Everything that is filed to the patient, on paper and for another record system."""
    make = partial(export, kept.store(), signin.person(), patient.id)
    for format in ("pdf", "fhir"):
        _button(format, make, f"{patient.id[:8]}", "json" if format == "fhir" else "pdf")


def hand_out_reading(patient: Patient, scan: StoredScan, stored: StoredReading, side: str) -> None:
    """One reading with the scan it is of, for paper and for the PACS."""
    if not signin.may("export"):
        return
    with st.popover(_("Hand out"), icon=":material/ios_share:", key=f"hand_out:{side}:{stored.id}"):
        make = partial(export, kept.store(), signin.person(), patient.id, reading=stored.id)
        # A scan that was no DICOM file goes along as one, since the others refer to it.
        suffix = "dcm" if scan.format == "DICOM" else "zip"
        _button("pdf", make, stored.id[:8], "pdf", side)
        for format in ("sr", "sc", "seg"):
            if format != "seg" or (stored.reading.region and not stored.reading.refusal):
                _button(format, make, stored.id[:8], suffix, side)
        if pacs.configured():
            _ask_sending(patient, stored, side)


def _button(format: str, make: Callable[..., tuple[Export, ...]], name: str, suffix: str, side: str = "") -> None:
    cards = cached.models_by_name()
    take_away(
        _(TITLES[format]),
        lambda: _packed(make(format=format, cards=cards, words=wording())),
        f"{format}_{name}.{suffix}",
        "application/zip" if suffix == "zip" else MEDIA_TYPES[format],
        icon=f":material/{ICONS[format]}:",
        entered=True,
        key=f"take:{format}:{name}:{side}",
    )


def _packed(made: tuple[Export, ...]) -> bytes:
    """The one file, or all of them in an archive."""
    if len(made) == 1:
        return made[0].data
    stream = BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        for one in made:
            archive.writestr(one.name, one.data)
    return stream.getvalue()


def _ask_sending(patient: Patient, stored: StoredReading, side: str) -> None:
    """Into the PACS, where the scan came from or not."""
    if not st.button(_("Send to the PACS"), icon=":material/upload:", key=f"send:{side}:{stored.id}"):
        return
    from medai_core.records import dicomweb

    try:
        with st.spinner(_("Sending")):
            count = send(
                kept.store(),
                signin.person(),
                patient.id,
                cached.models_by_name(),
                dicomweb.pacs_of(os.environ),
                reading=stored.id,
            )
    except MedAIError as error:
        problem(error)
        return
    st.success(_("{n} objects are in the PACS now.").format(n=count))

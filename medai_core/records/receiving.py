"""A scan that a modality or a PACS pushes: filed to the patient whom it names, and read, or refused with the reason.

Nobody is there to choose the patient, so the file must name one by number; a name or birth date that contradicts
the record refuses as it does on the page. No precondition is affirmed here.
"""

from __future__ import annotations

import hashlib
import io
import threading
from dataclasses import dataclass

import pydicom
from pydicom.dataset import Dataset
from sqlalchemy import select

from medai_core.catalog import Catalog
from medai_core.errors import N_, ImageError, MedAIError, RecordError
from medai_core.readings import Reading, read_scan
from medai_core.records import MAKER
from medai_core.records.access import Person
from medai_core.records.schema import patient, scan
from medai_core.records.store import Store
from medai_core.records.store.belonging import stated_details
from medai_core.records.store.filing import file_scan, keep_file, read_file
from medai_core.records.store.patients import Patient, create_patient, patient_numbered

SENDER = Person("device:listener", N_("DICOM listener"), "clinician")
"""Who files what nobody brings."""


FILING = threading.Lock()
"""Read side by side, filed one by one: the same instance sent twice at once is filed once."""


@dataclass(frozen=True)
class Outcome:
    """What became of a pushed instance.

    Attributes
    ----------
    status : DICOM's status of a C-STORE (PS3.4, B.2.3); 0 where it is filed.
    said : to the sender and into the log: a short sentence that names nobody.
    sha256 : of the file, which the record calls it by.
    """

    status: int
    said: str
    sha256: str = ""


OWN_SERIES = (f"{MAKER} ", "Copy of a ")
"""How the series of our own objects are described."""
OWN = Outcome(0x0000, "a result of MedAI itself; nothing was added")
FILED, AGAIN = Outcome(0x0000, "filed and read"), Outcome(0x0000, "filed already; nothing was added")
OTHER = Outcome(0x0111, "an instance of this name with other contents is filed already")
UNREADABLE = Outcome(0xC000, "no scan that can be read")
NOBODY = Outcome(0xC001, "the file names no patient number")
CONFLICT = Outcome(0xC002, "number, name, birth date or study belong to another patient")
SYNTHETIC = Outcome(0xC004, "SYNTHETIC: made by a program, and filed to DEMO patients only")
UNKEPT = Outcome(0xC003, "a number, name or birth date that cannot be kept")
FULL = Outcome(0xA700, "no room on the disc")
FAILED = Outcome(0x0110, "the record cannot be used now; send it again later")


def receive(store: Store, models: Catalog, data: bytes) -> Outcome:
    """File and read the DICOM file ``data``; it is acknowledged once it is safe, and not otherwise."""
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        found = _receive(store, models, data, sha256)
    except ImageError:
        found = UNREADABLE
    except RecordError as error:
        found = _of(error)
    except MedAIError:
        found = FAILED
    return Outcome(found.status, found.said, sha256)


def _of(error: RecordError) -> Outcome:
    """A conflict, and a name that cannot be kept, stay so however often they are sent; anything else may pass."""
    id, detail = error.message.id, str(error.message.facts.get("detail", ""))
    if id == "record.full" or "full" in detail:
        return FULL
    if id == "filing.synthetic":
        return SYNTHETIC
    if id.startswith("filing."):
        return CONFLICT
    return UNKEPT if id in ("record.birth_date", "record.long", "record.name", "record.sex") else FAILED


def _receive(store: Store, models: Catalog, data: bytes, sha256: str) -> Outcome:
    if _own(data):
        return OWN
    readings = read_scan(data, f"{sha256[:16]}.dcm", models)
    image = readings[0].image
    if not image.patient.id:
        return NOBODY
    with FILING:
        if image.synthetic and not _is_demo(patient_numbered(store, image.patient.id)):
            return SYNTHETIC  # before a patient is made for it
        known = _known(store, data, image.uids.instance, sha256)
        if known is not None:
            return known
        to = _patient(store, readings[0])
        file_scan(store, SENDER, to.id, data, readings, {card.name: card for card in models.cards})
    return FILED


def _header(data: bytes) -> Dataset:
    return pydicom.dcmread(io.BytesIO(data), force=True)


def _own(data: bytes) -> bool:
    """Whether it is a report, capture or copy that this program made: a result is no scan."""
    try:
        asked = ["Manufacturer", "SOPInstanceUID", "SeriesDescription"]
        header = pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True, specific_tags=asked, force=True)
        named = str(header.get("SOPInstanceUID", "")).startswith("2.25.")
        described = str(header.get("SeriesDescription", "")).startswith(OWN_SERIES)
        return named and described and str(header.get("Manufacturer", "")) == MAKER
    except Exception:  # damage has no one exception; what reads it properly will say what is wrong
        return False


def _same(one: bytes, other: bytes) -> bool:
    """Whether two files hold the same instance; what wraps it differs by the way it came."""
    try:
        return bool(_header(one) == _header(other))
    except Exception:  # damage has no one exception
        return False


def _known(store: Store, data: bytes, uid: str | None, sha256: str) -> Outcome | None:
    """Whether this instance is filed, or another one of its name; None where neither is."""
    with store.reading() as connection:
        # What somebody tried out on a DEMO patient is filed to nobody.
        filed = select(scan.c.sha256).join(patient, patient.c.id == scan.c.patient).where(patient.c.demo.is_(False))
        there = connection.execute(filed.where(scan.c.sha256 == sha256)).scalar()
        if there is None and uid:
            there = connection.execute(filed.where(scan.c.uid == uid)).scalar()
    if there is None:
        return None
    if there == sha256:
        keep_file(store.scans, sha256, data)  # mended, where it was lost or cut
        return AGAIN
    return AGAIN if _same(data, read_file(store, there)) else OTHER


def _is_demo(found: Patient | None) -> bool:
    return found is not None and found.demo


def _patient(store: Store, given: Reading) -> Patient:
    """Whom the number is of; a new patient where nobody has it."""
    number = given.image.patient.id or ""
    found = patient_numbered(store, number)
    if found is not None:
        return found
    try:
        return create_patient(store, SENDER, stated_details(given.image.patient, given.file))
    except RecordError:
        # Sent over two connections at once: the other one was faster.
        found = patient_numbered(store, number)
        if found is None:
            raise
        return found

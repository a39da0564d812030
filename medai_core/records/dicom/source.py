"""The instance that results refer to: the scan as it was filed, or a DICOM copy of one that was none."""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import highdicom
import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import UID

from medai_core.imaging.images.synthetic import WORD
from medai_core.readings import Reading
from medai_core.records import MAKER
from medai_core.records.store.patients import Patient
from medai_core.records.store.results import StoredReading, StoredScan

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
UID_FORM = r"[0-9.]{1,64}"
UNSTATED = ("L", "F")
"""What the writer must be given for an orientation that nobody stated; ``finish`` empties it."""
EXPECTED = (
    "StudyID", "AccessionNumber", "PatientBirthDate", "PatientSex", "StudyTime", "StudyDate", "ReferringPhysicianName",
    "PatientID", "PatientName", "SeriesNumber", "InstanceNumber",
)  # fmt: skip
"""Elements of type 2 that some writers leave out and that other objects must repeat."""


@dataclass(frozen=True)
class Source:
    """What results refer to.

    Attributes
    ----------
    header : the instance without its pixels, completed by what the record knows where the file is silent.
    made : the DICOM copy of a scan that was no DICOM file, which has to go along; None where there was one.
    frame : the frame that was read, from 1; None where there is only one.
    """

    header: Dataset
    made: Dataset | None
    frame: int | None


def uid_of(*parts: str) -> str:
    """A UID that the same parts always give (PS3.5, B.2)."""
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"


def uids_of(scan: StoredScan) -> tuple[str, str, str]:
    """What a scan's study, series and instance are called: by the file, or always the same where it is silent."""
    stated = (scan.study_uid, scan.series_uid, scan.uid)
    derived = (uid_of("study", scan.study), uid_of("series", scan.study), uid_of("scan", scan.id))
    usable = (uid if uid and re.fullmatch(UID_FORM, uid) else None for uid in stated)
    study, series, instance = (uid or own for uid, own in zip(usable, derived, strict=True))
    return study, series, instance


def source_of(patient: Patient, scan: StoredScan, reading: Reading, data: bytes) -> Source:
    """The instance of ``scan``, whose file is ``data`` and of which ``reading`` has the pixels."""
    if scan.format != "DICOM":
        made = _copy(patient, scan, reading)
        return Source(made, made, None)
    header = pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True, force=True)
    _complete(header, patient, scan)
    return Source(header, None, reading.image.frame + 1 if scan.frames > 1 else None)


def name_of(patient: Patient) -> str:
    """The patient's name as DICOM writes it: family and given name."""
    plain = re.sub(r"[\\^=]", " ", patient.details.name)
    family, given, prefix, *suffixes = [part.strip() for part in plain.split(",")] + [""] * 2
    parts = [family, given, "", prefix, " ".join(filter(None, suffixes))]
    # 64 signs at most (PS3.5, 6.2); the sign at the end says that a name of one part is meant so.
    return "^".join(parts).rstrip("^")[:63] + ("" if given else "^")


def written(ds: Dataset) -> bytes:
    """An object as a file."""
    stream = io.BytesIO()
    ds.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def _complete(header: Dataset, patient: Patient, scan: StoredScan) -> None:
    """Fill in what the file leaves open; what it says stays."""
    details = patient.details
    known: dict[str, Any] = {
        **dict(zip(("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"), uids_of(scan), strict=True)),
        "PatientID": details.number or "",
        "PatientName": name_of(patient),
        "PatientBirthDate": details.birth_date.strftime("%Y%m%d") if details.birth_date else "",
        "PatientSex": details.sex or "",
        "Modality": "OT",
    }
    for keyword in (*EXPECTED, *known):
        stated = header.get(keyword)
        if not stated or (keyword.endswith("InstanceUID") and not re.fullmatch(UID_FORM, str(stated))):
            setattr(header, keyword, known.get(keyword))
    _mend(header)
    if not header.get("SpecificCharacterSet") and not patient.details.name.isascii():
        header.SpecificCharacterSet = "ISO_IR 192"


def _mend(header: Dataset) -> None:
    """What other objects must repeat and this one writes against the standard becomes empty."""
    sex = str(header.get("PatientSex") or "").strip().upper()
    header.PatientSex = sex if sex in ("M", "F", "O") else None
    for keyword, form in (
        ("StudyDate", r"(1[89]|2\d)\d{6}"),
        ("PatientBirthDate", r"(1[89]|2\d)\d{6}"),
        ("StudyTime", r"([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?"),
    ):
        if not re.fullmatch(form, str(header.get(keyword) or "")):
            setattr(header, keyword, None)
    if not header.get("SOPClassUID"):
        header.SOPClassUID = header.file_meta.get("MediaStorageSOPClassUID") or SECONDARY_CAPTURE


def _copy(patient: Patient, scan: StoredScan, reading: Reading) -> Dataset:
    """The pixels that were read, as a Secondary Capture."""
    display, details = reading.image.display, patient.details
    at = scan.acquired or scan.filed_at.astimezone()
    study, series, instance = uids_of(scan)
    made = highdicom.sc.SCImage(
        np.ascontiguousarray(display),
        "RGB" if display.ndim == 3 else "MONOCHROME2",
        8,
        "PATIENT",
        study_instance_uid=study,
        series_instance_uid=series,
        series_number=1,
        sop_instance_uid=uid_of(instance, str(reading.image.frame)),
        instance_number=1,
        manufacturer=MAKER,
        patient_id=details.number or None,
        patient_name=name_of(patient),
        patient_birth_date=details.birth_date.strftime("%Y%m%d") if details.birth_date else None,
        patient_sex=details.sex,
        study_date=at.date(),
        study_time=at.time().replace(microsecond=0, tzinfo=None),
        patient_orientation=UNSTATED,
    )
    made.ConversionType = "DI"
    made.SeriesDescription = f"Copy of a {scan.format} file"
    stamp(made, scan.filed_at)
    finish(made, None)
    return made


def finish(made: Dataset, source: Dataset | None, *, written_in: bool = False) -> None:
    """What every picture must say of itself."""
    made.BodyPartExamined = str(source.get("BodyPartExamined") or "") if source else ""
    if not made.BodyPartExamined:
        made.Laterality = None  # asked for where it is not known that the part has no sides
    if written_in:
        made.BurnedInAnnotation = "YES"  # of others' pictures nobody knows
    made.PatientOrientation = None
    made.SpecificCharacterSet = "ISO_IR 192"


def mark_synthetic(made: Dataset) -> None:
    """Say of an object that what it is of, or shows, was made by a program (PS3.3, C.12.1: Synthetic Data)."""
    made.SyntheticData = "YES"
    made.SeriesDescription = f"{made.SeriesDescription}, {WORD}"[:64]
    made.ContentQualification = "RESEARCH"


def stamp(made: Dataset, at: datetime) -> None:
    """The time of an object is that of what it says, so that the same state is the same object."""
    day, time = at.astimezone().strftime("%Y%m%d %H%M%S").split()
    made.ContentDate = made.SeriesDate = made.InstanceCreationDate = day
    made.ContentTime = made.SeriesTime = made.InstanceCreationTime = time
    for equipment in made.get("ContributingEquipmentSequence", ()):
        if "ContributionDateTime" in equipment:
            equipment.ContributionDateTime = day + time


def called(kind: str, stored: StoredReading, series: int) -> dict[str, Any]:
    """What an object of a reading is called, as arguments of its writer; a verdict makes a new one in its series."""
    verdicts, _since = state(stored)
    return {
        "series_instance_uid": uid_of(f"{kind} series", stored.id),
        "series_number": series,
        "sop_instance_uid": uid_of(kind, stored.id, *verdicts),
        "instance_number": 1 + len(verdicts),
        "manufacturer": MAKER,
    }


def state(stored: StoredReading) -> tuple[tuple[str, ...], datetime]:
    """What tells one state of a reading from another (its verdicts), and since when it is in it."""
    return tuple(f"{v.at} {v.by}" for v in stored.verdicts), max([stored.at, *(v.at for v in stored.verdicts)])


def class_and_instance(header: Dataset) -> tuple[UID, UID]:
    """What a reference names."""
    return header.SOPClassUID, header.SOPInstanceUID

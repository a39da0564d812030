"""The instance that results refer to: the scan as it was filed, or a DICOM copy of one that was none."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import highdicom
import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import UID

from medai_core.readings import Reading
from medai_core.records import MAKER
from medai_core.records.store.patients import Patient
from medai_core.records.store.results import StoredReading, StoredScan

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
    return (
        scan.study_uid or uid_of("study", scan.study),
        scan.series_uid or uid_of("series", scan.study),
        scan.uid or uid_of("scan", scan.id),
    )


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
    family, _comma, given = patient.details.name.partition(",")
    return f"{family.strip()}^{given.strip()}".strip("^")


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
        if not header.get(keyword):
            setattr(header, keyword, known.get(keyword))
    if not header.get("SpecificCharacterSet") and not patient.details.name.isascii():
        header.SpecificCharacterSet = "ISO_IR 192"


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
    made.BurnedInAnnotation = "YES" if written_in else "NO"
    made.PatientOrientation = None
    made.SpecificCharacterSet = "ISO_IR 192"


def stamp(made: Dataset, at: datetime) -> None:
    """The time of an object is that of what it says, so that the same state is the same object."""
    day, time = at.astimezone().strftime("%Y%m%d %H%M%S").split()
    made.ContentDate = made.SeriesDate = made.InstanceCreationDate = day
    made.ContentTime = made.SeriesTime = made.InstanceCreationTime = time
    for equipment in made.get("ContributingEquipmentSequence", ()):
        if "ContributionDateTime" in equipment:
            equipment.ContributionDateTime = day + time


def state(stored: StoredReading) -> tuple[tuple[str, ...], datetime]:
    """What tells one state of a reading from another (its verdicts), and since when it is in it."""
    return tuple(f"{v.at} {v.by}" for v in stored.verdicts), max([stored.at, *(v.at for v in stored.verdicts)])


def class_and_instance(header: Dataset) -> tuple[UID, UID]:
    """What a reference names."""
    return header.SOPClassUID, header.SOPInstanceUID

"""A record as it is handed out: one patient with a film, a brain slice, a refusal, risks, vital signs and verdicts."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medai_core.cards import Card
from medai_core.catalog import Catalog, find_models
from medai_core.imaging.measurements import Measurement
from medai_core.prognosis.assessment import assess, typical
from medai_core.readings import read_scan
from medai_core.records.store import Store
from medai_core.records.store.estimates import Value, file_estimate
from medai_core.records.store.filing import file_scan
from medai_core.records.store.patients import Details, Patient, create_patient
from medai_core.records.store.results import StoredReading, StoredScan, give_verdict, scans_of
from medai_core.records.store.vitals import PARAMETERS, Vital, file_vitals
from tests.orthanc import need
from tests.records import CLINICIAN
from tests.scans import dicom, grey, png

ADA = Details("Drawn, Ada", "ID-7", date(2021, 4, 2), "F")
STATED = {"PatientID": "ID-7", "PatientName": "Drawn^Ada", "PatientBirthDate": "20210402", "PatientSex": "F"}
STUDY = {"StudyInstanceUID": "1.2.3.5", "StudyDate": "20240105", "StudyTime": "101500", "StudyID": "1"}
WHY = "no consolidation: motion, é and µ"
CHEST, BRAIN = "chest_radiograph_pneumonia", "brain_mri_tumour_type"


@cache
def models() -> Catalog:
    """The models of the project."""
    return find_models()


def cards() -> dict[str, Card]:
    return {card.name: card for card in models().cards}


def example(model: str, which: int = -1) -> NDArray[np.uint8]:
    """A drawn example of a model, (y, x)."""
    return grey(sorted((models().folder / model).glob("example*.png"))[which])


def film(number: int = 1, which: int = -1, **header: object) -> bytes:
    """A drawn film as a modality would send it."""
    said = {
        "Modality": "DX",
        "BodyPartExamined": "CHEST",
        "ViewPosition": "AP",
        "SeriesInstanceUID": "1.2.3.5.6",
        "SOPInstanceUID": f"1.2.3.5.6.{number}",
    }
    return dicom(example(CHEST, which), **(STATED | STUDY | said | header))


def brain(number: int = 1, **header: object) -> bytes:
    """A drawn brain slice as a scanner would send it."""
    said = {
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.4",
        "Modality": "MR",
        "SeriesInstanceUID": "1.2.3.5.7",
        "SOPInstanceUID": f"1.2.3.5.7.{number}",
        "PixelSpacing": [0.9, 0.9],
        "SliceThickness": 5,
        "ImagePositionPatient": [0, 0, 0],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "FrameOfReferenceUID": "1.2.3.5.8",
    }
    return dicom(example(BRAIN), **(STATED | STUDY | said | header))


MEASURED = (
    Measurement("length", ((10.0, 10.0), (10.0, 60.0)), length_px=50.0, length_mm=25.0),
    Measurement("area", ((1.0, 1.0), (1.0, 9.0), (9.0, 5.0)), area_px=32.0, mean=100.0, deviation=7.0, count=30),
)
"""What the reader measured on the film."""


@dataclass(frozen=True)
class Handed:
    """A patient whose record is handed out."""

    store: Store
    patient: Patient

    @property
    def scans(self) -> tuple[StoredScan, ...]:
        return scans_of(self.store, self.patient.id)

    def of(self, file: str) -> tuple[StoredScan, StoredReading]:
        """The scan that was filed as ``file``, and its reading."""
        scan = next(s for s in self.scans if s.file == file)
        return scan, scan.readings[0]


def handed(store: Store, details: Details = ADA) -> Handed:
    """The patient: two DICOM files, the same two as PNG, one refused, a verdict each way, risks and vital signs."""
    patient = create_patient(store, CLINICIAN, details)
    files = {
        "film.dcm": film(),
        "brain.dcm": brain(),
        "film.png": png(example(CHEST, 0)),
        "brain.png": png(example(BRAIN, 0)),
        "refused.dcm": dicom(example("scan_kind"), **(STATED | STUDY), Modality="CT", SOPInstanceUID="1.2.3.5.9"),
    }
    found = Handed(store, patient)
    for file, data in files.items():
        readings = read_scan(data, file, models(), affirm=True)[:1]  # outlines have tests of their own
        if file == "film.dcm":
            readings = (replace(readings[0], measurements=MEASURED),)
        file_scan(store, CLINICIAN, patient.id, data, readings, cards())
    give_verdict(store, CLINICIAN, agrees=False, why=WHY, reading_id=found.of("film.dcm")[1].id)
    give_verdict(store, CLINICIAN, agrees=True, reading_id=found.of("refused.dcm")[1].id)
    file_risks(store, patient)
    file_course(store, patient)
    return found


def file_risks(store: Store, to: Patient) -> None:
    """The risk of every outcome for the cohort's typical patient, and of one outcome as the years went by."""
    for outcome, (card, *_others) in models().outcomes().items():
        model = models().risk_model(card)
        for age in (62.0, 64.0, 67.0) if outcome == "mortality_10y" else (67.0,):
            values: dict[str, Value] = dict(typical(model))
            if isinstance(values.get("age"), float):
                values["age"] = age
            row = pd.DataFrame({name: [value] for name, value in values.items()})
            at = store.clock() - timedelta(days=365 * (67.0 - age))
            file_estimate(store, CLINICIAN, to.id, model, values, assess(model, row, explained=True), at=at)


def file_course(store: Store, to: Patient) -> None:
    """Half a day of vital signs."""
    end, first = store.clock(), {"temperature": 36.8, "oxygen_saturation": 90.0, "systolic_pressure": 138.0}
    given = [
        Vital(name, first.get(name, 70.0) + i, end - timedelta(hours=4 * (6 - i)))
        for name in PARAMETERS
        for i in range(6)
    ]
    file_vitals(store, CLINICIAN, to.id, tuple(given))


def pdf_text(path: Path) -> str:
    """The words of a PDF, as another program finds them, spaces made one."""
    program = need(shutil.which("pdftotext"), "pdftotext (poppler)")
    said = subprocess.run([program, "-layout", str(path), "-"], capture_output=True, text=True, check=True).stdout
    return " ".join(said.replace("\u200b", "").split())


SYNTHETIC_DATA = "Error - </(0008,001c)> - Attribute with an even group number is not a recognized"
"""Synthetic Data is in the standard since 2022, and newer than the dictionary of the program."""


def dicom_errors(path: Path) -> list[str]:
    """What another program finds wrong with a DICOM object."""
    program = need(shutil.which("dciodvfy"), "dciodvfy (dicom3tools)")
    done = subprocess.run([program, "-new", str(path)], capture_output=True, text=True)
    assert done.stderr.strip(), "dciodvfy says nothing at all"
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error")]
    return [line for line in errors if not line.startswith(SYNTHETIC_DATA)]

"""A reading as a Secondary Capture: scan and evidence side by side over the answer."""

from __future__ import annotations

import highdicom
import numpy as np
from pydicom.dataset import Dataset

from medai_core.cards import Card
from medai_core.readings import Reading
from medai_core.records import MAKER
from medai_core.records.capture import capture
from medai_core.records.dicom.source import UNSTATED, Source, class_and_instance, finish, stamp, state, uid_of
from medai_core.records.dicom.sr import comments
from medai_core.records.store.patients import Patient
from medai_core.records.store.results import StoredReading
from medai_core.records.wording import Wording, local_time

SERIES = 9002


def secondary_capture(
    patient: Patient, stored: StoredReading, reading: Reading, card: Card | None, source: Source
) -> Dataset:
    """The capture of one reading; of a refused one the scan over the reason."""
    words = Wording()
    whose = " · ".join(filter(None, [patient.details.name, patient.details.number or ""]))
    picture, said = capture(reading, card, words, whose=whose, judged=judged(stored))
    verdicts, at = state(stored)
    made = highdicom.sc.SCImage.from_ref_dataset(
        source.header,
        np.asarray(picture),
        "RGB",
        8,
        "PATIENT",
        series_instance_uid=uid_of("sc series", stored.id),
        series_number=SERIES,
        sop_instance_uid=uid_of("sc", stored.id, *verdicts),
        instance_number=1 + len(verdicts),
        manufacturer=MAKER,
        patient_orientation=UNSTATED,
    )
    finish(made, source.header, written_in=True)
    stamp(made, at)
    _describe(made, stored, said, source)
    return made


def judged(stored: StoredReading) -> str:
    """The verdict that counts, in words; empty where there is none."""
    if not stored.verdicts:
        return ""
    verdict = stored.verdicts[0]
    said = "agreed" if verdict.agrees else "disagreed"
    return f"{verdict.by_name} {said}, {local_time(verdict.at)}" + (f": {verdict.why}" if verdict.why else "")


def _describe(made: Dataset, stored: StoredReading, said: str, source: Source) -> None:
    made.DateOfSecondaryCapture, made.TimeOfSecondaryCapture = made.ContentDate, made.ContentTime
    made.ConversionType = "WSD"
    made.ImageType = ["DERIVED", "SECONDARY"]
    made.SeriesDescription = "MedAI capture (research use)"
    made.DerivationDescription = said[:1024]
    made.ImageComments = " | ".join(comments(stored, None, Wording()))[:10240]
    made.SecondaryCaptureDeviceManufacturer = MAKER
    made.SecondaryCaptureDeviceManufacturerModelName = stored.reading.model or MAKER
    made.SecondaryCaptureDeviceSoftwareVersions = stored.reading.version or "-"
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = class_and_instance(source.header)
    if source.frame:
        item.ReferencedFrameNumber = source.frame
    made.SourceImageSequence = [item]

"""A reading as a Secondary Capture: scan and evidence side by side over the answer."""

from __future__ import annotations

import highdicom
import numpy as np
from pydicom.dataset import Dataset

from medai_core.cards import Card
from medai_core.readings import Reading
from medai_core.records import MAKER
from medai_core.records.capture import capture
from medai_core.records.dicom.source import UNSTATED, Source, called, class_and_instance, finish, stamp, state
from medai_core.records.dicom.sr import comments
from medai_core.records.store.patients import Patient
from medai_core.records.store.results import StoredReading
from medai_core.records.wording import Wording

SERIES = 9002


def secondary_capture(
    patient: Patient, stored: StoredReading, reading: Reading, card: Card | None, source: Source
) -> Dataset:
    """The capture of one reading; of a refused one the scan over the reason."""
    words = Wording()
    whose = " · ".join(filter(None, [patient.details.name, patient.details.number or ""]))
    judged = words.verdict(stored.verdicts[0]) if stored.verdicts else ""
    picture, said = capture(reading, card, words, whose=whose, judged=judged)
    made = highdicom.sc.SCImage.from_ref_dataset(
        source.header,
        np.asarray(picture),
        "RGB",
        8,
        "PATIENT",
        **called("sc", stored, SERIES),
        patient_orientation=UNSTATED,
    )
    finish(made, source.header, written_in=True)
    stamp(made, state(stored)[1])
    _describe(made, stored, said, source)
    return made


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

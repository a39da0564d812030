"""Synthetic images as DICOM: Secondary Captures that say SYNTHETIC wherever a reader or a program may look."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from medai_core.cards import Card
from medai_core.errors import Message
from medai_core.imaging.images.synthetic import WORD, mark
from medai_core.imaging.synthesis import Synthetic, drawn_from
from medai_core.records import MAKER
from medai_core.records.dicom.source import SECONDARY_CAPTURE, uid_of, written

SERIES = 9004


def as_dicom(image: Synthetic, card: Card, *, marked: bool = True) -> bytes:
    """The image as a DICOM file; the same image gives the same bytes, for nothing in it is from a clock.

    Patient, study and series are those of the model, the label and the seed. It has no date, for nothing was scanned.

    Parameters
    ----------
    card : of the model that made it. marked : whether SYNTHETIC also stands in a corner of the pixels; the tags
        always say it.
    """
    assert card.synthesis is not None
    made = Dataset()
    _name(made, image)
    _describe(made, image)
    made.Modality, made.BodyPartExamined = card.synthesis.modality, card.synthesis.body_part
    pixels = mark(image.pixels) if marked else image.pixels
    made.BurnedInAnnotation = "YES" if marked else "NO"
    _fill(made, pixels)
    return written(made)


def _name(made: Dataset, image: Synthetic) -> None:
    """Whose it is, nobody's, and what it is called."""
    drawn = (image.model, image.version, image.label, str(image.seed))
    made.SOPClassUID = SECONDARY_CAPTURE
    pixels = image.pixels.tobytes().hex()
    made.SOPInstanceUID = uid_of("synthetic", *drawn, str(image.number), pixels)
    made.StudyInstanceUID, made.SeriesInstanceUID = (uid_of(f"synthetic {of}", *drawn) for of in ("study", "series"))
    made.PatientName = f"{WORD}^Nobody"
    made.PatientID = f"{WORD}-{uid_of('synthetic patient', *drawn)[-12:]}"
    made.StudyID, made.SeriesNumber, made.InstanceNumber = WORD, SERIES, image.number + 1
    for keyword in ("PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "ReferringPhysicianName"):
        setattr(made, keyword, None)
    made.AccessionNumber = made.PatientOrientation = None
    made.PatientComments = Message("notice.synthetic").text


def _describe(made: Dataset, image: Synthetic) -> None:
    """What it is and how it was made."""
    told = Message("notice.synthetic").text
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SyntheticData = "YES"
    made.ImageType = ["DERIVED", "SECONDARY"]
    made.ConversionType = "SYN"
    made.ContentQualification = "RESEARCH"
    made.StudyDescription = f"{WORD} (research use)"
    made.SeriesDescription = f"{WORD} {image.model} {image.label}"[:64]
    made.ImageComments = f"{told} Asked for: {image.label}; {drawn_from(image)}."
    made.DerivationDescription = f"{WORD}: made by {image.model} {image.version}; {drawn_from(image)}"
    made.Manufacturer = made.SecondaryCaptureDeviceManufacturer = MAKER
    made.ManufacturerModelName = made.SecondaryCaptureDeviceManufacturerModelName = image.model
    made.SoftwareVersions = made.SecondaryCaptureDeviceSoftwareVersions = image.version


def _fill(made: Dataset, pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
    """The pixels, (y, x), as they are shown."""
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.Rows, made.Columns = pixels.shape
    made.BitsAllocated = made.BitsStored = 8
    made.HighBit, made.PixelRepresentation = 7, 0
    made.WindowCenter, made.WindowWidth = 128, 256
    made.PixelData = pixels.tobytes() + b"\0" * (pixels.size % 2)
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID

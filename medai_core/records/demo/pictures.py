"""Synthetic scans of the DEMO ward: made by the generators where they are trained, and written as a scanner would."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from itertools import cycle, islice
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageDraw

from medai_core.catalog import Catalog, samples
from medai_core.errors import ModelError, SynthesisError
from medai_core.imaging.images import read_image
from medai_core.records.demo.people import BRAIN, CHEST, Scan
from medai_core.records.store.patients import Patient

Pixels = NDArray[np.uint8]

SPARE, TRIES = 2, 2
"""Images that are made of each kind beyond those that are wanted, and how many are tried for one scan."""
FIELD_MM = 251.0
"""How wide a slice of the brain's cohort is (512 pixels of 0.49 mm, 10.1371/journal.pone.0140381)."""
DIGITAL_X_RAY, MR = "1.2.840.10008.5.1.4.1.1.1.1.1", "1.2.840.10008.5.1.4.1.1.4"
HEADERS: dict[str, dict[str, Any]] = {
    CHEST: {
        "SOPClassUID": DIGITAL_X_RAY,
        "Modality": "DX",
        "BodyPartExamined": "CHEST",
        "ViewPosition": "AP",
        "StudyDescription": "Chest radiograph",
        "PresentationIntentType": "FOR PRESENTATION",
    },
    BRAIN: {
        "SOPClassUID": MR,
        "Modality": "MR",
        "BodyPartExamined": "BRAIN",
        "StudyDescription": "Brain, T1 with contrast",
        "ScanningSequence": "SE",
        "SequenceVariant": "NONE",
        "SliceThickness": 6,
        "ImagePositionPatient": [0, 0, 0],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
    },
}
"""What a scanner writes into such a file."""


@dataclass(frozen=True)
class Pictures:
    """Images that were not given to anybody yet, by the model and the label that they are for.

    Attributes
    ----------
    made : by the generators. examples : the models' own SYNTHETIC ones, over and over.
    """

    made: Mapping[tuple[str, str], Iterator[Pixels]]
    examples: Mapping[tuple[str, str], Iterator[Pixels]]

    def of(self, scan: Scan) -> Iterator[Pixels]:
        """What could be the scan's image, the next as long as no model takes the one before for such a scan."""
        yield from islice(self.made[scan.model, scan.label], TRIES)
        yield from islice(self.examples[scan.model, scan.label], 1)


def pictures(models: Catalog, wanted: Sequence[Scan], seed: int) -> Pictures:
    """Images for the scans that are wanted."""
    asked = Counter((scan.model, scan.label) for scan in wanted)
    return Pictures(
        {of: iter(_generated(models, *of, n + SPARE, seed)) for of, n in asked.items()},
        {of: _examples(models, *of) for of in asked},
    )


def _generated(models: Catalog, classifier: str, label: str, count: int, seed: int) -> list[Pixels]:
    """What the generator of such images makes; nothing where there is none, or too much of it would be withheld."""
    from medai_core.imaging.synthesis import synthesize

    makers = [c for c in models.trained("synthesis") if c.synthesis and c.synthesis.classifier == classifier]
    try:
        return [
            i.pixels for card in makers[:1] for i in synthesize(models.synthesis_model(card), label, count, seed).images
        ]
    except (ModelError, SynthesisError):
        return []


def _examples(models: Catalog, classifier: str, label: str) -> Iterator[Pixels]:
    for path in cycle(sorted((models.folder / classifier).glob(f"example_{label}_*.png"))):
        yield np.asarray(Picture.open(path).convert("L"))


def body(models: Catalog) -> Pixels | None:
    """A slice of a body that pydicom bundles. It names a person of its library's making, so only its pixels stay."""
    bundled = next((s.path for s in samples(models) if s.name == "CT_small.dcm"), None)
    return read_image(bundled.read_bytes()).display if bundled else None


def page() -> Pixels:
    """A page of paper with lines of something like writing."""
    rng = np.random.default_rng(0)
    page = Picture.new("L", (420, 594), 250)
    pen = ImageDraw.Draw(page)
    pen.text((40, 30), "SYNTHETIC - DEMO", fill=20)
    for y in range(90, 560, 18):
        x = 40
        while x < 370:
            end = x + int(rng.integers(12, 60))
            pen.rectangle((x, y, min(end, 380), y + 5), fill=60)
            x = end + 8
    return np.asarray(page)


def as_file(pixels: Pixels, model: str, to: Patient, at: datetime, number: int) -> bytes:
    """The image as a scanner of the ward would send it; it says of itself that it is synthetic."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    made = Dataset()
    for keyword, value in (HEADERS[model] | _of_patient(to, at, number)).items():
        setattr(made, keyword, value)
    if model == BRAIN:
        made.PixelSpacing = [round(FIELD_MM / side, 4) for side in pixels.shape]
    made.Rows, made.Columns = pixels.shape
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 8, 8, 7, 0
    made.WindowCenter, made.WindowWidth = 128, 256  # shown as it is
    made.BurnedInAnnotation = "YES"
    made.PixelData = pixels.tobytes()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    stream = BytesIO()
    made.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def _of_patient(to: Patient, at: datetime, number: int) -> dict[str, Any]:
    """What stands in every file of the ward."""
    details, local = to.details, at.astimezone()
    uids = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")
    return {uid: _uid(uid, str(details.number), str(number)) for uid in uids} | {
        "SyntheticData": "YES",
        "ImageComments": "SYNTHETIC, DEMO: nobody was ever scanned",
        "SeriesDescription": "SYNTHETIC (DEMO)",
        "Manufacturer": "DEMO",
        "PatientID": details.number,
        "PatientName": details.name.replace(", ", "^"),
        "PatientBirthDate": f"{details.birth_date:%Y%m%d}" if details.birth_date else "",
        "PatientSex": details.sex,
        "StudyID": str(number),
        "StudyDate": f"{local:%Y%m%d}",
        "StudyTime": f"{local:%H%M%S}",
        "AcquisitionDateTime": f"{local:%Y%m%d%H%M%S}",
        "SeriesNumber": 1,
        "InstanceNumber": 1,
    }


def _uid(*parts: str) -> str:
    """A UID that the same parts always give (PS3.5, B.2)."""
    return f"2.25.{uuid5(NAMESPACE_OID, '/'.join(('medai/demo', *parts))).int}"

"""Synthetic scans of the DEMO ward: made by the generators where they are trained, read by the models, and filed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from itertools import cycle, islice
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageDraw

from medai_core.catalog import Catalog, samples
from medai_core.errors import N_, ModelError, SynthesisError
from medai_core.imaging.images import read_image
from medai_core.imaging.images.synthetic import mark
from medai_core.readings import Reading, read_scan
from medai_core.records.access import Person
from medai_core.records.demo.people import BRAIN, CHEST, DISAGREES, Mistake, Scan
from medai_core.records.marking import marks
from medai_core.records.store import Store
from medai_core.records.store.filing import file_scan
from medai_core.records.store.patients import Patient
from medai_core.records.store.results import give_verdict

Pixels = NDArray[np.uint8]
Pictures = Mapping[tuple[str, str], Iterator[Pixels]]
"""Images that were not given to anybody yet, by the model and the label that they are for."""

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
FILES = {CHEST: "chest.dcm", BRAIN: "brain.dcm"}
WHY = {
    "pneumonia": N_("The shadow beside the heart is the thymus; I see no consolidation."),
    "normal": N_("There is a faint opacity behind the heart; a film from the side is needed."),
    "outline": N_("The outline takes in the oedema around the tumour."),
    "": N_("The enhancement and its place speak for another type; a biopsy will tell."),
}
"""Why the clinician of the ward disagrees, by the finding that the model names."""


def pictures(models: Catalog, wanted: Sequence[Scan], seed: int) -> Pictures:
    """An image for each scan that is wanted, in their order by model and label."""
    asked = Counter((scan.model, scan.label) for scan in wanted)
    return {of: iter(_generated(models, *of, n, seed) or _examples(models, *of, n)) for of, n in asked.items()}


def file_scan_of(
    ward: Store, person: Person, models: Catalog, to: Patient, event: Scan, made: Pictures, number: int
) -> None:
    """Give a scan to someone, read and file it, and give the verdict on it; nothing where no model could read it.

    Parameters
    ----------
    number : of the scan among the patient's.
    """
    pixels = next(made[event.model, event.label], None)
    known = {card.name for card in models.trained("classification")}
    if pixels is None or event.model not in known or not models.trained("applicability"):
        return
    data = _file(mark(pixels) if marks(ward) else pixels, event.model, to, ward.clock(), number)
    _read_and_file(ward, person, models, to, (data, FILES[event.model]), event)


def file_mistake(ward: Store, person: Person, models: Catalog, to: Patient, event: Mistake) -> None:
    """File what no model reads, with the refusal; nothing where there is no router to tell."""
    pixels = _body(models) if event.what == "ct" else _page()
    if pixels is not None and models.trained("applicability"):
        stream = BytesIO()
        Picture.fromarray(pixels).save(stream, "PNG")
        name = "ct_slice.png" if event.what == "ct" else "referral_form.png"
        _read_and_file(ward, person, models, to, (stream.getvalue(), name), event)


def _read_and_file(
    ward: Store, person: Person, models: Catalog, to: Patient, file: tuple[bytes, str], event: Scan | Mistake
) -> None:
    data, name = file
    readings = read_scan(data, name, models, affirm=isinstance(event, Scan) and event.affirm)
    filed = file_scan(ward, person, to.id, data, readings, {card.name: card for card in models.cards})
    if event.verdict:
        later = replace(ward, clock=partial(_later, ward.clock()))
        for id, reading in zip(filed.readings, readings, strict=True):
            agrees = event.verdict != DISAGREES or reading.refusal is not None
            give_verdict(later, person, agrees=agrees, why="" if agrees else _why(reading), reading_id=id)


def _later(moment: datetime) -> datetime:
    """When somebody looks at what was read."""
    return moment + timedelta(minutes=40)


def _why(reading: Reading) -> str:
    likeliest = max(reading.findings, key=lambda f: f.probability, default=None)
    named = "outline" if reading.outline else likeliest.name if likeliest else ""
    return WHY.get(named, WHY[""])


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


def _examples(models: Catalog, classifier: str, label: str, count: int) -> list[Pixels]:
    """The model's own SYNTHETIC examples, over and over."""
    found = sorted((models.folder / classifier).glob(f"example_{label}_*.png"))
    return [np.asarray(Picture.open(path).convert("L")) for path in islice(cycle(found), count)]


def _body(models: Catalog) -> Pixels | None:
    """A slice of a body that pydicom bundles. It names a person of its library's making, so only its pixels stay."""
    bundled = next((s.path for s in samples(models) if s.name == "CT_small.dcm"), None)
    return read_image(bundled.read_bytes()).display if bundled else None


def _page() -> Pixels:
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


def _file(pixels: Pixels, model: str, to: Patient, at: datetime, number: int) -> bytes:
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

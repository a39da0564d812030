"""Scans of the DEMO ward: read by the models, filed, and judged by somebody."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO

from PIL import Image as Picture

from medai_core.catalog import Catalog
from medai_core.errors import N_
from medai_core.imaging.images.synthetic import mark
from medai_core.readings import Reading, read_scan
from medai_core.records.access import Person
from medai_core.records.demo.people import BRAIN, CHEST, DISAGREES, Mistake, Scan
from medai_core.records.demo.pictures import Pictures, as_file, body, page
from medai_core.records.marking import marks
from medai_core.records.store import Store
from medai_core.records.store.filing import file_scan
from medai_core.records.store.patients import Patient
from medai_core.records.store.results import give_verdict

FILES = {CHEST: "chest.dcm", BRAIN: "brain.dcm"}
WHY = {
    "pneumonia": N_("The shadow beside the heart is the thymus; I see no consolidation."),
    "normal": N_("There is a faint opacity behind the heart; a film from the side is needed."),
    "outline": N_("The outline takes in the oedema around the tumour."),
    "": N_("The enhancement and its place speak for another type; a biopsy will tell."),
}
"""Why the clinician of the ward disagrees, by the finding that the model names."""


AS_PLANNED = ("refusal.age", "reading.precondition")
"""Refusals that are no fault of the image."""


def file_scan_of(
    ward: Store, person: Person, models: Catalog, to: Patient, event: Scan, made: Pictures, number: int
) -> None:
    """Give a scan to someone, read and file it, and give the verdict on it; nothing where no model could read it.

    A generator now and then makes what no model takes for such a scan; another image then stands in.

    Parameters
    ----------
    number : of the scan among the patient's.
    """
    known = {card.name for card in models.trained("classification")}
    if event.model not in known or not models.trained("applicability"):
        return
    marked, data = marks(ward), b""
    readings: tuple[Reading, ...] = ()
    for pixels in made.of(event):
        data = as_file(mark(pixels) if marked else pixels, event.model, to, ward.clock(), number)
        readings = read_scan(data, FILES[event.model], models, affirm=event.affirm)
        if any(r.model == event.model and (r.refusal is None or r.refusal.id in AS_PLANNED) for r in readings):
            break
    if readings:
        _file(ward, person, models, to, data, readings, event.verdict)


def file_mistake(ward: Store, person: Person, models: Catalog, to: Patient, event: Mistake) -> None:
    """File what no model reads, with the refusal; nothing where there is no router to tell."""
    pixels = body(models) if event.what == "ct" else page()
    if pixels is not None and models.trained("applicability"):
        stream = BytesIO()
        Picture.fromarray(pixels).save(stream, "PNG")
        data, name = stream.getvalue(), "ct_slice.png" if event.what == "ct" else "referral_form.png"
        _file(ward, person, models, to, data, read_scan(data, name, models), event.verdict)


def _file(
    ward: Store, person: Person, models: Catalog, to: Patient, data: bytes, readings: tuple[Reading, ...], verdict: str
) -> None:
    filed = file_scan(ward, person, to.id, data, readings, {card.name: card for card in models.cards})
    later = replace(ward, clock=partial(_later, ward.clock()))
    for id, reading in zip(filed.readings if verdict else (), readings, strict=False):
        agrees = verdict != DISAGREES or reading.refusal is not None
        give_verdict(later, person, agrees=agrees, why="" if agrees else _why(reading), reading_id=id)


def _later(moment: datetime) -> datetime:
    """When somebody looks at what was read."""
    return moment + timedelta(minutes=40)


def _why(reading: Reading) -> str:
    likeliest = max(reading.findings, key=lambda f: f.probability, default=None)
    named = "outline" if reading.outline else likeliest.name if likeliest else ""
    return WHY.get(named, WHY[""])

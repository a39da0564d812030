"""Records that the tests fill: people, drawn readings of small films, and a clock that can be put forward."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
from sqlalchemy import select

from medai_core.cards import Card
from medai_core.catalog import Catalog
from medai_core.errors import Message
from medai_core.imaging.applicability import Kind
from medai_core.imaging.images import read_image
from medai_core.readings import Finding, Reading, Region
from medai_core.records import audit
from medai_core.records.access import Person
from medai_core.records.schema import audit_entry
from medai_core.records.store import Store
from medai_core.records.store.filing import Filed, file_scan
from medai_core.records.store.patients import Details, Patient, create_patient
from tests import drawn
from tests.scans import dicom

READER = Person("oidc|reader", "Rita Reader", "reader")
CLINICIAN = Person("oidc|clinician", "Clara Clinician", "clinician")
COLLEAGUE = Person("oidc|colleague", "Colin Colleague", "clinician")
ADMINISTRATOR = Person("oidc|administrator", "Ada Administrator", "administrator")
ADA = Details("Drawn, Ada", "ID-7", date(2021, 4, 2), "F")
ADAS = {"PatientID": "ID-7", "PatientName": "Drawn^Ada", "PatientBirthDate": "20210402", "PatientSex": "F"}


def few(models: Catalog, *names: str) -> Catalog:
    """Only these of the models: a ward of DEMO patients is made of whatever is there."""
    return Catalog(models.folder, tuple(card for card in models.cards if card.name in names))


class Clock:
    """The time, never twice the same, as far ahead as a test puts it."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self.last = datetime.fromtimestamp(0, UTC)

    def __call__(self) -> datetime:
        self.last = max(datetime.now(UTC) + self.ahead, self.last + timedelta(microseconds=1))
        return self.last

    def forward(self, **by: float) -> None:
        self.ahead += timedelta(**by)


def _urgent(card: Card, *names: str) -> Card:
    return replace(card, findings=tuple(replace(f, urgent=f.name in names) for f in card.findings))


CARDS = {
    drawn.FILM: _urgent(drawn.Catalog().card(drawn.FILM), "pneumonia"),
    drawn.BRAIN: _urgent(drawn.Catalog().card(drawn.BRAIN), "glioma", "meningioma"),
}


def film(seed: int = 0, *, side: int = 16, **header: object) -> bytes:
    """A radiograph of noise that no other seed makes; silent about whom it shows unless the header says so."""
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side), dtype=np.uint8)
    stated = {"SOPInstanceUID": f"1.2.3.{seed + 1}", "Modality": "DX", "BodyPartExamined": "CHEST"}
    return dicom(pixels, **(stated | header))


def reading(
    data: bytes,
    shares: Mapping[str, float] | None = None,
    *,
    model: str | None = drawn.FILM,
    refusal: Message | None = None,
    evidence: bool = False,
    **more: object,
) -> Reading:
    """What a model says of a scan: these probabilities, or this refusal."""
    image = read_image(data)
    shares = {} if refusal else shares or {"normal": 0.3, "pneumonia": 0.7}
    rows, columns = image.display.shape[:2]
    slope = np.linspace(-1, 1, rows * columns, dtype=np.float32).reshape(rows, columns)
    facts = {
        "file": "film.dcm",
        "image": image,
        "kind": Kind("chest_radiograph", 0.97, {"chest_radiograph": 0.97, "other": 0.03}),
        "model": model,
        "version": "1.0.0" if model else None,
        "weights_sha256": "ab" * 32 if model else None,
        "refusal": refusal,
        "findings": tuple(Finding(name, p, p > 0.4, p > 0.5) for name, p in shares.items()),
        "coverage": 0.9 if shares else None,
        "notices": (Message("notice.frame", {"frame": 2, "frames": 3}),),
        "region": Region((1, 2, 9, 12), "found") if shares else None,
        "evidence": np.stack([slope * (i + 1) for i in range(len(shares))]) if evidence and shares else None,
        "seconds": 0.25,
    }
    return Reading(**(facts | more))  # type: ignore[arg-type]


REFUSAL = Message("refusal.kind", {"found": "kind.brain_mri", "needed": "kind.chest_radiograph"})


def someone(store: Store, details: Details = ADA, *, demo: bool = False) -> Patient:
    """A new patient; what is SYNTHETIC is filed to DEMO ones alone."""
    return create_patient(store, CLINICIAN, details, demo=demo)


def filed(store: Store, id: str, data: bytes, *readings: Reading, by: Person = CLINICIAN) -> Filed:
    """A scan with these readings, or with one that finds pneumonia."""
    return file_scan(store, by, id, data, readings or (reading(data),), CARDS)


def entered(store: Store) -> list[audit.Entry]:
    """Every entry of the audit, the oldest first."""
    with store.reading() as connection:
        return list(audit.entries(connection))


def actions(store: Store) -> list[str]:
    """What was entered, the oldest first."""
    return [entry.action for entry in entered(store)]


def verified(store: Store) -> audit.Verification:
    """What `audit verify` finds."""
    with store.reading() as connection:
        return audit.verify(connection, store.folder, store.key)


def audit_text(store: Store) -> str:
    """Every word of the audit."""
    with store.reading() as connection:
        return "\n".join(str(tuple(row)) for row in connection.execute(select(audit_entry)))


def on_disc(store: Store) -> set[str]:
    """The names of the stored scans, each of which holds what its name says."""
    paths = list(store.scans.iterdir())
    for path in paths:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
    return {path.name for path in paths}

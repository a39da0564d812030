"""What an export is made from: a patient with everything filed, and the cards to say it with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from medai_core.cards import Card
from medai_core.errors import RecordError
from medai_core.readings import Reading
from medai_core.records.access import Person
from medai_core.records.store import Store
from medai_core.records.store.estimates import StoredEstimate, estimates_of
from medai_core.records.store.filing import read_file
from medai_core.records.store.patients import Patient, patient_of
from medai_core.records.store.results import StoredReading, StoredScan, recall, scans_of


@dataclass(frozen=True, eq=False)
class Dossier:
    """A patient as the record has them when something is handed out.

    Attributes
    ----------
    scans, estimates : the newest first. cards : of the installed models, by name.
    made_at, made_by : when and by whom it is handed out.
    """

    store: Store
    person: Person
    patient: Patient
    scans: tuple[StoredScan, ...]
    estimates: tuple[StoredEstimate, ...]
    cards: Mapping[str, Card]
    made_at: datetime

    @property
    def made_by(self) -> str:
        """Who hands it out."""
        return self.person.name

    def card(self, stored: StoredReading) -> Card | None:
        """The card to say a stored reading with."""
        return stored.card(self.cards.get(stored.reading.model or ""))

    def full(self, stored: StoredReading) -> Reading:
        """A stored reading with its pixels, evidence and mask."""
        return recall(self.store, self.person, stored.id)

    def file(self, scan: StoredScan) -> bytes:
        """The bytes of a scan as it was filed."""
        return read_file(self.store, scan.sha256)


def dossier(
    store: Store, person: Person, id: str, cards: Mapping[str, Card], *, scan: str = "", reading: str = ""
) -> Dossier:
    """Everything filed to a patient; of one scan, or one reading, only, where it is named.

    Raises
    ------
    RecordError : there is no such patient, scan or reading. AccessError : the role may not export.
    """
    store.allow(person, "export")
    patient, scans = patient_of(store, id), scans_of(store, id)
    if scan:
        scans = tuple(s for s in scans if s.id == scan)
    if reading:
        scans = tuple(replace(s, readings=tuple(r for r in s.readings if r.id == reading)) for s in scans)
        scans = tuple(s for s in scans if s.readings)
    if (scan or reading) and not scans:
        raise RecordError("record.no_result")
    return Dossier(store, person, patient, scans, estimates_of(store, id), cards, store.clock())

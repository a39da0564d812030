"""What leaves the record in the hospital's own formats; each file that does is entered with its hash."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medai_core.cards import Card
from medai_core.errors import RecordError
from medai_core.records.access import Person
from medai_core.records.audit import Act
from medai_core.records.dossier import Dossier, dossier
from medai_core.records.files import write_whole
from medai_core.records.store import Store
from medai_core.records.store.results import StoredReading, StoredScan, note_export
from medai_core.records.wording import Wording

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from medai_core.records.dicomweb import Pacs

MEDIA_TYPES = {
    "pdf": "application/pdf",
    "sr": "application/dicom",
    "sc": "application/dicom",
    "seg": "application/dicom",
    "fhir": "application/fhir+json",
}
"""The media type of each of ``records.FORMATS``."""


@dataclass(frozen=True)
class Export:
    """One file that leaves; ``name`` says nothing of the person."""

    name: str
    data: bytes
    format: str


def export(
    store: Store,
    person: Person,
    id: str,
    format: str,
    cards: Mapping[str, Card],
    words: Wording = Wording(),
    *,
    scan: str = "",
    reading: str = "",
) -> tuple[Export, ...]:
    """What is filed to a patient, in one of ``records.FORMATS``; every file is entered into the audit.

    PDF and FHIR are one file; of the DICOM formats there is one for each reading, and the copy of a scan that was
    no DICOM file goes along, since the others refer to it.

    Parameters
    ----------
    words : the language of the report; DICOM and FHIR are in English.
    scan, reading : only what is of this one.

    Raises
    ------
    RecordError : there is no such patient or result, or none that the format can hold. AccessError : the role may not.
    """
    found = dossier(store, person, id, cards, scan=scan, reading=reading)
    made = tuple(_made(found, format, words))
    if not made:
        raise RecordError("export.no_region" if format == "seg" else "export.no_reading")
    for one in made:
        note_export(store, person, id, one.format, one.data)
    return made


def results(
    store: Store, person: Person, id: str, cards: Mapping[str, Card], *, scan: str = "", reading: str = ""
) -> tuple[Export, ...]:
    """All that goes to the PACS: report, capture and segmentation of each reading, each object once.

    Raises
    ------
    RecordError : there is no such patient or result. AccessError : the role may not.
    """
    made: dict[str, Export] = {}
    for format in ("sr", "sc", "seg"):
        try:
            given = export(store, person, id, format, cards, scan=scan, reading=reading)
        except RecordError as error:
            if error.message.id != "export.no_region":
                raise
            continue
        made |= {one.name: one for one in given}
    return tuple(made.values())


def send(
    store: Store,
    person: Person,
    id: str,
    cards: Mapping[str, Card],
    pacs: Pacs,
    *,
    scan: str = "",
    reading: str = "",
) -> int:
    """Put ``results`` into the PACS; how many objects.

    Raises
    ------
    RecordError : as ``results``, or the PACS cannot be reached or refuses. AccessError : the role may not.
    """
    from medai_core.records import dicomweb

    made = results(store, person, id, cards, scan=scan, reading=reading)
    count = dicomweb.store(pacs, [one.data for one in made])
    store.enter(person, Act("pacs.store", id, reading or scan or None, {"objects": count}))
    return count


def _made(found: Dossier, format: str, words: Wording) -> Iterator[Export]:
    # Each takes a second or so to import, and most commands need none of them.
    if format == "pdf":
        from medai_core.records.report import report

        yield Export(f"report_{found.patient.id[:8]}.pdf", report(found, words), format)
    elif format == "fhir":
        from medai_core.records.fhir import record_bundle

        yield Export(f"record_{found.patient.id[:8]}.json", record_bundle(found), format)
    else:
        sources: dict[str, Export] = {}
        for scan in found.scans:
            for stored in scan.readings:
                yield from _dicom(found, scan, stored, format, sources)
        yield from sources.values()


def _dicom(
    found: Dossier, scan: StoredScan, stored: StoredReading, format: str, sources: dict[str, Export]
) -> Iterator[Export]:
    """One reading as a DICOM object, and what it refers to where that exists nowhere else."""
    from medai_core.records import dicom

    full, card = found.full(stored), found.card(stored)
    source = dicom.source_of(found.patient, scan, full, found.file(scan))
    made: Dataset | None
    if format == "sr":
        made = dicom.structured_report(stored, full, card, source)
    elif format == "sc":
        made = dicom.secondary_capture(found.patient, stored, full, card, source)
    else:
        made = dicom.segmentation(stored, full, card, source)
    if made is None:
        return
    if found.patient.demo or full.image.synthetic:
        for one in filter(None, (made, source.made)):
            dicom.mark_synthetic(one)
    yield Export(f"{format}_{stored.id[:8]}.dcm", dicom.written(made), format)
    if source.made is not None:
        name = f"source_{scan.id[:8]}_{full.image.frame}.dcm"
        sources.setdefault(name, Export(name, dicom.written(source.made), "source"))


def write(exports: tuple[Export, ...], folder: Path) -> list[Path]:
    """Put the files into ``folder``, each whole or not at all; where they are.

    Raises
    ------
    RecordError : the folder cannot be written.
    """
    paths = [folder / one.name for one in exports]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, one in zip(paths, exports, strict=True):
            write_whole(path, one.data)
    except OSError as error:
        raise RecordError("backup.unwritten", folder=str(folder), detail=error.strerror or str(error)) from error
    return paths

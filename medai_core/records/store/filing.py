"""A scan is filed to a patient on purpose only; what its file says of the person must not contradict that.

The files are written and synced first, the rows that speak of them follow in one transaction, and only then is
the filing acknowledged: after a crash at any point every acknowledged study is whole and none is half there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select, update

from medai_core.cards import Card
from medai_core.errors import Message, RecordError
from medai_core.imaging.images import Image
from medai_core.readings import Reading
from medai_core.records.access import Person
from medai_core.records.audit import Act
from medai_core.records.files import write_whole
from medai_core.records.schema import patient, reading, scan, series, study
from medai_core.records.store import Store, Work
from medai_core.records.store.belonging import misfit
from medai_core.records.store.patients import Details, drop_files, new_id, patient_of
from medai_core.records.store.rows import reading_columns
from medai_core.records.store.urgency import refresh
from medai_core.records.store.words import one_line


@dataclass(frozen=True, eq=False)
class Given:
    """A scan to be filed: the bytes of its file, and the readings that are of them."""

    data: bytes
    readings: tuple[Reading, ...]


@dataclass(frozen=True)
class Filed:
    """What was filed: the identifiers of the scan and of its readings; ``again`` where the scan was there already."""

    scan: str
    readings: tuple[str, ...]
    again: bool


def file_scan(
    store: Store, person: Person, id: str, data: bytes, readings: tuple[Reading, ...], cards: Mapping[str, Card]
) -> Filed:
    """``file_scans`` of a single scan."""
    return file_scans(store, person, id, [Given(data, readings)], cards)[0]


def file_scans(
    store: Store, person: Person, id: str, scans: Sequence[Given], cards: Mapping[str, Card]
) -> tuple[Filed, ...]:
    """File scans, such as those of one study, with what the models say of them to the patient called ``id``.

    All of them or none: whatever happens on the way, none is filed without the others.

    Parameters
    ----------
    cards : of the models that read them, by name.

    Raises
    ------
    RecordError : one of the files is of somebody else, or filed to somebody else, or of nobody and the patient is no
        DEMO; there is no such patient; the disc is full. AccessError : the role may not.
    """
    store.allow(person, "file")
    images = [_image(given) for given in scans]
    patient_of(store, id)
    with store.reading() as connection:
        refusal = _first_refusal(connection, id, images)
    if refusal is not None:
        raise _refused(store, person, id, refusal)
    try:
        for image, given in zip(images, scans, strict=True):
            keep_file(store.scans, image.sha256, given.data)
    except RecordError:
        drop_files(store, {image.sha256 for image in images})
        raise
    with store.writing(person) as work:
        # Looked at again: since the check above somebody may have changed the patient or filed one of the scans.
        refusal = _first_refusal(work.connection, id, images)
        if refusal is None:
            return tuple(_file_one(store, work, id, given, cards) for given in scans)
    drop_files(store, {image.sha256 for image in images})
    raise _refused(store, person, id, refusal)


def _image(given: Given) -> Image:
    """What the readings are of, after a look at whether it is the file."""
    sha256 = hashlib.sha256(given.data).hexdigest()
    if not given.readings or any(sha256 != r.image.sha256 for r in given.readings):
        raise RecordError("record.not_reread")
    return given.readings[0].image


def _first_refusal(connection: Connection, id: str, images: Sequence[Image]) -> Message | None:
    refusals = (_refusal(connection, id, image) for image in images)
    return next((refusal for refusal in refusals if refusal is not None), None)


def _file_one(store: Store, work: Work, id: str, given: Given, cards: Mapping[str, Card]) -> Filed:
    """The rows and the entry of one scan; its file is written again where somebody's deletion took it meanwhile."""
    sha256 = given.readings[0].image.sha256
    if not (store.scans / sha256).exists():
        keep_file(store.scans, sha256, given.data)
    filed = _insert(work, id, given.data, given.readings, cards)
    work.enter(Act("scan.file", id, filed.scan, {"readings": len(filed.readings), "again": filed.again}))
    return filed


def _refused(store: Store, person: Person, id: str, refusal: Message) -> RecordError:
    """The refusal, entered."""
    store.enter(person, Act("scan.refuse", id, detail={"why": refusal.id}))
    return RecordError(refusal.id, **refusal.facts)


def _refusal(connection: Connection, id: str, image: Image) -> Message | None:
    """Why the scan cannot be filed to the patient; None when it can."""
    row = connection.execute(select(patient).where(patient.c.id == id)).first()
    if row is None:
        return Message("record.no_patient")
    refusal = misfit(image, Details(row.name, row.number, row.birth_date, row.sex), demo=row.demo)
    if refusal is not None:
        return refusal
    # DEMO patients are nobody: their scans may be filed to another patient to try things out.
    elsewhere = select(scan.c.id).join(patient, patient.c.id == scan.c.patient).where(scan.c.patient != id)
    if connection.execute(elsewhere.where(scan.c.sha256 == image.sha256, patient.c.demo.is_(False))).first():
        return Message("filing.elsewhere")
    if image.uids.study:
        filed = select(study.c.id).join(patient, patient.c.id == study.c.patient)
        filed = filed.where(study.c.uid == image.uids.study, study.c.patient != id, patient.c.demo.is_(False))
        if connection.execute(filed).first():
            return Message("filing.study")
    return None


def filed_to(store: Store, sha256: str) -> str | None:
    """The identifier of the patient whom a file is filed to; None where it is not. DEMO patients do not count."""
    query = select(scan.c.patient).join(patient, patient.c.id == scan.c.patient).where(scan.c.sha256 == sha256)
    with store.reading() as connection:
        return connection.execute(query.where(patient.c.demo.is_(False))).scalar()


def keep_file(scans: Path, sha256: str, data: bytes) -> Path:
    """Store the bytes once, whole and synced; one that was cut or altered since is mended. Where they lie."""
    path = scans / sha256
    try:
        if not path.exists() or path.read_bytes() != data:
            write_whole(path, data)
    except OSError as error:
        raise RecordError("record.full", detail=error.strerror or type(error).__name__) from error
    return path


def _insert(work: Work, id: str, data: bytes, readings: tuple[Reading, ...], cards: Mapping[str, Card]) -> Filed:
    image = readings[0].image
    there = select(scan.c.id).where(scan.c.patient == id, scan.c.sha256 == image.sha256)
    known = work.connection.execute(there).scalar()
    of = known or _insert_scan(work, id, readings[0], len(data))
    ids = []
    for given in readings:
        card = cards.get(given.model) if given.model else None
        ids.append(new_id())
        columns = reading_columns(given, card)
        stamped = {"id": ids[-1], "scan": of, "patient": id, "read_at": work.now, "read_by": work.person.name}
        work.connection.execute(insert(reading).values(**stamped, **columns))
    refresh(work.connection, id)
    return Filed(of, tuple(ids), known is not None)


def _insert_scan(work: Work, id: str, given: Reading, size: int) -> str:
    image, found = given.image, new_id()
    values: dict[str, Any] = {
        "sha256": image.sha256,
        "uid": _uid(image.uids.instance),
        "file": one_line(Path(given.file).name)[:255],
        "size_bytes": size,
        "format": image.format,
        "frames": image.frames,
        "acquired_at": image.acquired,
        "states_patient": bool(image.patient.id or image.patient.name or image.patient.birth_date),
    }
    of = _series(work, _study(work, id, image), image)
    work.connection.execute(insert(scan).values(id=found, series=of, patient=id, **values))
    return found


def _study(work: Work, id: str, image: Image) -> str:
    """The study that the scan belongs to; one of its own where the file names none."""
    uid = _uid(image.uids.study)
    if uid:
        known = work.connection.execute(select(study.c.id, study.c.patient).where(study.c.uid == uid)).first()
        if known and known.patient == id:
            return str(known.id)
        if known:  # tried out on a DEMO patient, who is nobody: the study is somebody's now
            work.connection.execute(update(study).where(study.c.id == known.id).values(uid=None))
    made = {"id": new_id(), "patient": id, "uid": uid, "acquired_at": image.acquired}
    work.connection.execute(insert(study).values(**made, filed_at=work.now, filed_by=work.person.name))
    return str(made["id"])


def _series(work: Work, of: str, image: Image) -> str:
    uid = _uid(image.uids.series)
    if uid:
        there = select(series.c.id).where(series.c.study == of, series.c.uid == uid)
        known = work.connection.execute(there).scalar()
        if known:
            return str(known)
    made = {"id": new_id(), "study": of, "uid": uid}
    facts = {"modality": (image.modality or "")[:16] or None, "body_part": (image.body_part or "")[:64] or None}
    work.connection.execute(insert(series).values(**made, **facts))
    return str(made["id"])


def _uid(stated: str | None) -> str | None:
    """A UID as DICOM allows it; one that is longer than 64 signs names nothing, and cut it might name another."""
    return stated if stated and len(stated) <= 64 else None


def read_file(store: Store, sha256: str) -> bytes:
    """The bytes of a stored scan.

    Raises
    ------
    RecordError : they are absent or altered.
    """
    try:
        data = (store.scans / sha256).read_bytes()
    except OSError as error:
        raise RecordError("record.file") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise RecordError("record.file")
    return data


def sweep_scans(store: Store, *, older_than_s: float = 3600) -> int:
    """Delete files that a crash left without a row that speaks of them; how many.

    Only files older than ``older_than_s`` go: a younger one may be on its way into the record.
    """
    limit = store.clock().timestamp() - older_than_s
    old = [path for path in store.scans.iterdir() if path.stat().st_mtime < limit]
    with store.alone() as connection:
        known = set(connection.execute(select(scan.c.sha256)).scalars()) if old else set()
        left = [path for path in old if path.name not in known]
        for path in left:
            path.unlink(missing_ok=True)
    return len(left)

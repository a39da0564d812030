"""What a patient's record holds: scans with their readings, verdicts on them, and what was handed out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from medai_core.cards import Card
from medai_core.errors import RecordError
from medai_core.readings import Reading
from medai_core.records.access import Person
from medai_core.records.audit import Act
from medai_core.records.schema import estimate, reading, report, scan, series, study, verdict
from medai_core.records.store import Store
from medai_core.records.store.filing import read_file
from medai_core.records.store.patients import known_patient, new_id
from medai_core.records.store.rows import card_then, outline_of, reading_of
from medai_core.records.store.urgency import refresh
from medai_core.records.store.words import one_line


@dataclass(frozen=True)
class Verdict:
    """A clinician's own judgement of one result; the newest counts.

    Attributes
    ----------
    why : in the clinician's words; never empty where ``agrees`` is False.
    by : the subject; ``by_name`` as they were called then.
    """

    agrees: bool
    why: str
    at: datetime
    by: str
    by_name: str


@dataclass(frozen=True, eq=False)
class StoredReading:
    """A reading in the record.

    Attributes
    ----------
    reading : without pixels and maps; ``recall`` brings them.
    unread : nobody has given a verdict yet.
    verdicts : the newest first.
    """

    id: str
    reading: Reading
    at: datetime
    by: str
    unread: bool
    verdicts: tuple[Verdict, ...]
    measured_coverage: dict[str, Any] | None

    def card(self, card: Card | None) -> Card | None:
        """The card to show it with, where ``card`` is that of the model as it is installed now."""
        return card_then(card, self.reading.weights_sha256, self.measured_coverage)


@dataclass(frozen=True, eq=False)
class StoredScan:
    """A scan in the record with its readings, the newest first.

    Attributes
    ----------
    at : when it was made, on the scanner's clock, or filed, where the file is silent; ``acquired`` says which.
    study_uid, series_uid, uid : DICOM's own names; None where the file has none.
    states_patient : False where the file names nobody, so that the filing alone says whose it is.
    """

    id: str
    study: str
    sha256: str
    file: str
    format: str
    modality: str | None
    frames: int
    acquired: datetime | None
    filed_at: datetime
    filed_by: str
    states_patient: bool
    readings: tuple[StoredReading, ...]
    study_uid: str | None = None
    series_uid: str | None = None
    uid: str | None = None

    @property
    def at(self) -> datetime:
        """What scans are ordered by."""
        return self.acquired or self.filed_at.replace(tzinfo=None)


UIDS = (study.c.uid.label("study_uid"), series.c.uid.label("series_uid"))


def scans_of(store: Store, id: str) -> tuple[StoredScan, ...]:
    """The scans of a patient, the newest first; for a page that has entered the view."""
    joined = scan.join(series, scan.c.series == series.c.id).join(study, series.c.study == study.c.id)
    facts = select(scan, series.c.modality, study.c.id.label("of_study"), *UIDS, study.c.filed_at, study.c.filed_by)
    with store.reading() as connection:
        scans = connection.execute(facts.select_from(joined).where(scan.c.patient == id)).all()
        rows = connection.execute(
            select(reading).where(reading.c.patient == id).order_by(reading.c.read_at.desc(), reading.c.id)
        ).all()
        judged = verdicts_of(connection, id)
    return tuple(sorted((_scan(s, rows, judged) for s in scans), key=lambda s: (s.at, s.filed_at), reverse=True))


def _scan(row: Row[Any], readings: Sequence[Row[Any]], judged: Sequence[Row[Any]]) -> StoredScan:
    return StoredScan(
        id=row.id,
        study=row.of_study,
        sha256=row.sha256,
        file=row.file,
        format=row.format,
        modality=row.modality,
        frames=row.frames,
        acquired=row.acquired_at,
        filed_at=row.filed_at,
        filed_by=row.filed_by,
        states_patient=row.states_patient,
        readings=tuple(_reading(r, row.file, judged) for r in readings if r.scan == row.id),
        study_uid=row.study_uid,
        series_uid=row.series_uid,
        uid=row.uid,
    )


def _reading(row: Row[Any], file: str, judged: Sequence[Row[Any]]) -> StoredReading:
    verdicts = tuple(verdict_of(v) for v in judged if v.reading == row.id)
    outline = outline_of(row, file)
    return StoredReading(row.id, outline, row.read_at, row.read_by, row.unread, verdicts, row.measured_coverage)


def verdicts_of(connection: Connection, id: str) -> Sequence[Row[Any]]:
    """The rows of all verdicts on one patient's results, the newest first."""
    return connection.execute(select(verdict).where(verdict.c.patient == id).order_by(verdict.c.given_at.desc())).all()


def verdict_of(row: Row[Any]) -> Verdict:
    """A verdict from its row."""
    return Verdict(row.agrees, row.why, row.given_at, row.given_by, row.given_by_name)


def recall(store: Store, person: Person, id: str) -> Reading:
    """A stored reading with its pixels and evidence, as it was given.

    Raises
    ------
    RecordError : there is none, or its file is absent or altered. AccessError : the role may not.
    """
    store.allow(person, "view")
    with store.reading() as connection:
        row = connection.execute(select(reading).where(reading.c.id == one_line(id))).first()
        if row is None:
            raise RecordError("record.no_result")
        of = connection.execute(select(scan.c.sha256, scan.c.file).where(scan.c.id == row.scan)).one()
    return reading_of(row, read_file(store, of.sha256), of.file)


def give_verdict(
    store: Store, person: Person, *, agrees: bool, why: str = "", reading_id: str = "", estimate_id: str = ""
) -> Verdict:
    """Agree or disagree with one reading or one risk; a scan's reading counts as read from then on.

    Raises
    ------
    RecordError : there is no such result, or a disagreement says nothing. AccessError : the role may not.
    """
    store.allow(person, "judge")
    why = one_line(why)
    if not agrees and not why:
        raise RecordError("record.why")
    table, id = (reading, one_line(reading_id)) if reading_id else (estimate, one_line(estimate_id))
    with store.writing(person) as work:
        of = work.connection.execute(select(table.c.patient).where(table.c.id == id)).scalar()
        if of is None:
            raise RecordError("record.no_result")
        given = Verdict(agrees, why, work.now, person.subject, person.name)
        columns = {table.name: id, "agrees": agrees, "why": why}
        stamped = {"given_at": work.now, "given_by": person.subject, "given_by_name": person.name}
        work.connection.execute(insert(verdict).values(id=new_id(), patient=of, **columns, **stamped))
        if reading_id:
            work.connection.execute(update(reading).where(reading.c.id == id).values(unread=False))
            refresh(work.connection, of)
        work.enter(Act("verdict", of, id, {"agrees": agrees}))
    return given


@dataclass(frozen=True)
class Report:
    """Something that left the record."""

    format: str
    sha256: str
    size_bytes: int
    at: datetime
    by: str


def note_export(store: Store, person: Person, id: str, format: str, content: bytes) -> None:
    """Enter that ``content`` leaves the record of a patient.

    Raises
    ------
    RecordError : there is no such patient. AccessError : the role may not export.
    """
    store.allow(person, "export")
    digest = hashlib.sha256(content).hexdigest()
    with store.writing(person) as work:
        known_patient(work.connection, id)
        values = {"format": format, "sha256": digest, "size_bytes": len(content)}
        stamped = {"made_at": work.now, "made_by": person.name}
        work.connection.execute(insert(report).values(id=new_id(), patient=id, **values, **stamped))
        work.enter(Act("export", id, digest, {"format": format}))


def reports_of(store: Store, id: str) -> tuple[Report, ...]:
    """What left the record of a patient, the newest first."""
    with store.reading() as connection:
        rows = connection.execute(select(report).where(report.c.patient == id).order_by(report.c.made_at.desc()))
        return tuple(Report(r.format, r.sha256, r.size_bytes, r.made_at, r.made_by) for r in rows)

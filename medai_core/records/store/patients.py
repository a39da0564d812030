"""The people in the record: created, found by their words, edited, kept and deleted."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from medai_core.errors import RecordError
from medai_core.records.access import Person
from medai_core.records.audit import Act
from medai_core.records.schema import patient, patient_word, scan
from medai_core.records.store import Store
from medai_core.records.store.words import one_line, words_of

SEXES = ("F", "M", "O")
"""DICOM's codes of PatientSex."""
LIMITS = {"number": 64, "name": 200}


@dataclass(frozen=True)
class Details:
    """What is known of a person.

    Attributes
    ----------
    name : "Family, Given", as it is shown.
    number : DICOM's PatientID; unique in the record, None where there is none.
    sex : one of ``SEXES``, None where it is not known.
    """

    name: str
    number: str | None = None
    birth_date: date | None = None
    sex: str | None = None


@dataclass(frozen=True)
class Patient:
    """A person in the record.

    Attributes
    ----------
    id : random; links and the audit name the person by it.
    demo : made by this program, and no person.
    retain_until : the last day on which the record must be kept; None where no day is set.
    version : counts the edits.
    """

    id: str
    details: Details
    demo: bool
    retain_until: date | None
    version: int
    changed_at: datetime
    changed_by: str


def new_id() -> str:
    """A random identifier."""
    return secrets.token_hex(16)


def create_patient(store: Store, person: Person, details: Details, *, demo: bool = False) -> Patient:
    """A new person in the record.

    Raises
    ------
    RecordError : a detail cannot be, or another person has the number. AccessError : the role may not.
    """
    store.allow(person, "file")
    with store.writing(person) as work:
        details = checked(details, work.now.date())
        found = Patient(new_id(), details, demo, None, 1, work.now, person.name)
        _free_number(work.connection, details.number, found.id)
        stamped = {"created_at": work.now, "changed_at": work.now, "changed_by": person.name, "newest_at": work.now}
        work.connection.execute(insert(patient).values(id=found.id, demo=demo, **_columns(details), **stamped))
        _index(work.connection, found.id, details)
        work.enter(Act("patient.create", found.id, detail={"demo": demo}))
    return found


def checked(details: Details, today: date) -> Details:
    """The details without stray spaces.

    Raises
    ------
    RecordError : the name is empty, a field too long, the birth date to come, or the sex unknown to DICOM.
    """
    name, number = one_line(details.name), one_line(details.number or "")
    if not name:
        raise RecordError("record.name")
    for field, text in (("name", name), ("number", number)):
        if len(text) > LIMITS[field]:
            raise RecordError("record.long", field=f"field.{field}", limit=LIMITS[field])
    if details.birth_date is not None and details.birth_date > today:
        raise RecordError("record.birth_date", date=details.birth_date.isoformat())
    if details.sex is not None and details.sex not in SEXES:
        raise RecordError("record.sex", found=details.sex)
    return replace(details, name=name, number=number or None)


def _columns(details: Details) -> dict[str, Any]:
    return {
        "name": details.name,
        "number": details.number,
        "birth_date": details.birth_date,
        "sex": details.sex,
    }


def _free_number(connection: Connection, number: str | None, own: str) -> None:
    if number is None:
        return
    taken = connection.execute(select(patient.c.id).where(patient.c.number == number, patient.c.id != own)).first()
    if taken is not None:
        raise RecordError("record.number_taken", number=number)


def birth_date(text: str) -> date | None:
    """A birth date as it is typed, year-month-day or in eight digits; None where nothing is.

    Raises
    ------
    RecordError : it is no date.
    """
    try:
        return date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError as error:
        raise RecordError("record.date", found=text.strip()) from error


def _index(connection: Connection, id: str, details: Details) -> None:
    connection.execute(delete(patient_word).where(patient_word.c.patient == id))
    words = words_of(details.name, details.number, details.birth_date)
    if words:
        connection.execute(insert(patient_word), [{"word": word, "patient": id} for word in sorted(words)])


def patient_of(store: Store, id: str) -> Patient:
    """The person with this identifier, without an entry in the audit: for checks, not for showing."""
    with store.reading() as connection:
        return known_patient(connection, id)


def view_patient(store: Store, person: Person, id: str) -> Patient:
    """The person with this identifier, to be shown; the view is entered.

    Raises
    ------
    RecordError : there is none. AccessError : the role may not.
    """
    store.allow(person, "view")
    found = patient_of(store, id)
    store.enter(person, Act("view", id))
    return found


def patient_numbered(store: Store, number: str) -> Patient | None:
    """The person with this number, None where there is none."""
    with store.reading() as connection:
        row = connection.execute(select(patient).where(patient.c.number == one_line(number))).first()
    return _patient(row) if row is not None else None


def known_patient(connection: Connection, id: str) -> Patient:
    """``patient_of`` within a transaction, so that nobody deletes the person before it ends."""
    # An address can hold anything, and not all of it is text to a database.
    row = connection.execute(select(patient).where(patient.c.id == one_line(id))).first()
    if row is None:
        raise RecordError("record.no_patient")
    return _patient(row)


def _patient(row: Row[Any]) -> Patient:
    details = Details(row.name, row.number, row.birth_date, row.sex)
    return Patient(row.id, details, row.demo, row.retain_until, row.version, row.changed_at, row.changed_by)


def edit_patient(store: Store, person: Person, opened: Patient, details: Details) -> Patient:
    """Other details for a person, as they were when ``opened``.

    Raises
    ------
    RecordError : somebody else has changed them since (nothing is overwritten), or a detail cannot be.
    """
    store.allow(person, "edit")
    with store.writing(person) as work:
        details = checked(details, work.now.date())
        now = _unchanged(work.connection, opened)
        _free_number(work.connection, details.number, now.id)
        stamped = {"version": now.version + 1, "changed_at": work.now, "changed_by": person.name}
        work.connection.execute(update(patient).where(patient.c.id == now.id).values(**_columns(details), **stamped))
        _index(work.connection, now.id, details)
        changed = [name for name, value in _columns(details).items() if value != _columns(now.details)[name]]
        work.enter(Act("patient.edit", now.id, detail={"fields": ", ".join(changed)}))
        return known_patient(work.connection, now.id)


def _unchanged(connection: Connection, opened: Patient) -> Patient:
    now = known_patient(connection, opened.id)
    if now.version != opened.version:
        raise RecordError("record.changed", who=now.changed_by, time=f"{now.changed_at:%Y-%m-%d %H:%M}")
    return now


def retain_patient(store: Store, person: Person, opened: Patient, until: date | None) -> Patient:
    """Keep the person's record until the end of a day: before, it cannot be deleted; after, it is due."""
    store.allow(person, "delete")
    with store.writing(person) as work:
        now = _unchanged(work.connection, opened)
        stamped = {"version": now.version + 1, "changed_at": work.now, "changed_by": person.name}
        work.connection.execute(update(patient).where(patient.c.id == now.id).values(retain_until=until, **stamped))
        work.enter(Act("patient.retain", now.id, detail={"until": until.isoformat() if until else None}))
        return known_patient(work.connection, now.id)


def delete_patient(store: Store, person: Person, id: str) -> None:
    """Take a person with all that is filed out of the record; the audit keeps that it was done, not what it was.

    Raises
    ------
    RecordError : there is none, or the record must still be kept. AccessError : the role may not.
    """
    store.allow(person, "delete")
    with store.writing(person) as work:
        now = known_patient(work.connection, id)
        if now.retain_until is not None and work.now.date() <= now.retain_until:
            raise RecordError("record.retained", date=now.retain_until.isoformat())
        gone = remove_patients(work.connection, [id])
        work.enter(Act("patient.delete", id, detail={"demo": now.demo, "scans": len(gone)}))
    drop_files(store, gone)


def remove_patients(connection: Connection, ids: list[str]) -> set[str]:
    """Delete people with all that hangs on them; the hashes of their scans."""
    files = set(connection.execute(select(scan.c.sha256).where(scan.c.patient.in_(ids))).scalars())
    connection.execute(delete(patient).where(patient.c.id.in_(ids)))
    return files


def drop_files(store: Store, files: set[str]) -> None:
    """Delete the scans that no row speaks of any more, while nobody can be filing one of them again."""
    with store.alone() as connection:
        kept = set(connection.execute(select(scan.c.sha256).where(scan.c.sha256.in_(files))).scalars())
        for name in files - kept:
            (store.scans / name).unlink(missing_ok=True)


def due(store: Store, today: date) -> tuple[Patient, ...]:
    """Those whose records need not be kept any longer."""
    with store.reading() as connection:
        query = select(patient).where(patient.c.retain_until < today).order_by(patient.c.retain_until)
        return tuple(_patient(row) for row in connection.execute(query))

"""Who did what, when and to whom: append-only, chained, and signed.

Each entry carries an HMAC-SHA256 over its own words and the HMAC of the one before, with a key that lies
outside the database; so no entry can be changed, removed or moved without the chain breaking at it. The
newest HMAC (the head) is also signed to a file of its own, so that a cut tail shows. Whoever holds the key
*and* can write both database and head file can forge: keep the key's folder to the account that runs MedAI.

An entry never holds what a record says: patients stand in it by their random identifier.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select

from medai_core.errors import N_, Fact, Message
from medai_core.records.access import Person
from medai_core.records.files import locked, write_whole
from medai_core.records.schema import audit_entry

ACTIONS = {
    "sign-in": N_("Signed in"),
    "sign-out": N_("Signed out"),
    "sign-in.refused": N_("Sign-in refused"),
    "refused": N_("Refused for want of a role"),
    "list": N_("Viewed the worklist"),
    "view": N_("Viewed a patient"),
    "read": N_("Read a scan"),
    "feed.view": N_("Viewed the stays that are followed live"),
    "patient.create": N_("Created a patient"),
    "patient.edit": N_("Edited a patient"),
    "patient.delete": N_("Deleted a patient"),
    "patient.retain": N_("Set how long a patient is kept"),
    "scan.file": N_("Filed a scan"),
    "scan.refuse": N_("Filing refused"),
    "risk.file": N_("Filed a risk"),
    "vitals.file": N_("Filed vital signs"),
    "verdict": N_("Gave a verdict"),
    "export": N_("Exported"),
    "pacs.find": N_("Looked for studies in the PACS"),
    "pacs.fetch": N_("Fetched a study from the PACS"),
    "pacs.store": N_("Sent results to the PACS"),
    "demo": N_("Made the DEMO patients"),
    "setting": N_("Changed a setting"),
    "model.train": N_("Started a training"),
    "model.stop": N_("Stopped a training"),
    "model.switch": N_("Changed which model answers"),
    "backup": N_("Backed the record up"),
    "restore": N_("Restored the record"),
    "audit.view": N_("Viewed the audit"),
    "audit.verify": N_("Verified the audit"),
    "audit.export": N_("Exported the audit"),
}
"""Every action that is entered, in words."""

START = "0" * 64
HEAD = "audit.head.json"


@dataclass(frozen=True)
class Entry:
    """One entry.

    Attributes
    ----------
    number : from 1, without gaps.
    at : UTC, ISO 8601 with microseconds.
    patient : the random identifier; ``object`` that of a reading, estimate or verdict, or a name.
    detail : facts beside it, never content; ``previous`` and ``mac`` in hexadecimal.
    """

    number: int
    at: str
    subject: str
    name: str
    role: str
    action: str
    patient: str | None
    object: str | None
    detail: str
    previous: str
    mac: str = ""


@dataclass(frozen=True)
class Act:
    """What is to be entered."""

    action: str
    patient: str | None = None
    object: str | None = None
    detail: Mapping[str, Fact | bool | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Verification:
    """What came of looking at the whole chain.

    Attributes
    ----------
    entries : how many were looked at.
    broken : the number of the first entry that cannot be trusted; None when all can.
    problem : what is wrong there; None when nothing is.
    """

    entries: int
    broken: int | None
    problem: Message | None


def signed(entry: Entry, key: bytes) -> str:
    """The HMAC-SHA256 of the entry's words, its own ``mac`` left out."""
    words = {name: value for name, value in asdict(entry).items() if name != "mac"}
    return hmac.new(key, _canonical(words), hashlib.sha256).hexdigest()


def _canonical(words: Mapping[str, Any]) -> bytes:
    return json.dumps(words, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def append(connection: Connection, key: bytes, person: Person, act: Act, now: datetime) -> Entry:
    """Enter what is being done, within the transaction that does it; the caller is the only writer."""
    newest = select(audit_entry.c.number, audit_entry.c.mac).order_by(audit_entry.c.number.desc()).limit(1)
    last = connection.execute(newest).first()
    entry = Entry(
        number=last.number + 1 if last else 1,
        at=now.astimezone(UTC).isoformat(timespec="microseconds"),
        subject=person.subject[:200],
        name=person.name[:200],
        role=person.role[:20],
        action=act.action,
        patient=act.patient,
        object=act.object[:200] if act.object else None,
        detail=_canonical(dict(act.detail)).decode(),
        previous=last.mac if last else START,
    )
    words = asdict(entry) | {"mac": signed(entry, key)}
    connection.execute(insert(audit_entry).values(words))
    return Entry(**words)


def begin_head(folder: Path, key: bytes) -> None:
    """The head of a record in which nothing was entered yet; only a new key makes one."""
    _write_head(folder, key, Head(0, START))


def sign_head(connection: Connection, folder: Path, key: bytes, entry: Entry) -> None:
    """Write down that ``entry`` is there, after its transaction.

    An older head never replaces a newer; and a head that the entries do not reach, or that is absent or
    altered, stays as it is: it is the proof that something was cut off.
    """
    with locked(folder / (HEAD + ".lock")):
        known = read_head(folder, key)
        if known is None or known.number >= entry.number:
            return
        there = select(audit_entry.c.mac).where(audit_entry.c.number == known.number)
        if known.number == 0 or connection.execute(there).scalar() == known.mac:
            _write_head(folder, key, Head(entry.number, entry.mac))


def _write_head(folder: Path, key: bytes, head: Head) -> None:
    words = asdict(head)
    signature = hmac.new(key, _canonical(words), hashlib.sha256).hexdigest()
    write_whole(folder / HEAD, json.dumps(words | {"signature": signature}).encode())


@dataclass(frozen=True)
class Head:
    """The entry that the record is known to have reached."""

    number: int
    mac: str


def read_head(folder: Path, key: bytes) -> Head | None:
    """The signed head; None where there is none or it is not what was signed."""
    try:
        found = json.loads((folder / HEAD).read_text(encoding="utf-8"))
        head = {"number": found["number"], "mac": found["mac"]}
        good = hmac.compare_digest(found["signature"], hmac.new(key, _canonical(head), hashlib.sha256).hexdigest())
        return Head(**head) if good else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def entries(connection: Connection, *, after: int = -(2**31)) -> Iterator[Entry]:
    """Every entry after the one numbered ``after``, in order, a thousand at a time."""
    while True:
        query = select(audit_entry).where(audit_entry.c.number > after).order_by(audit_entry.c.number).limit(1000)
        rows = connection.execute(query).all()
        yield from (Entry(**row._mapping) for row in rows)
        if len(rows) < 1000:
            return
        after = rows[-1].number


@dataclass(frozen=True)
class Question:
    """Which entries are asked for: of one action and of one patient's identifier; empty for all."""

    action: str = ""
    patient: str = ""

    def asked(self, query: Select[Any]) -> Select[Any]:
        """``query`` for these entries only."""
        if self.action:
            query = query.where(audit_entry.c.action == self.action)
        return query.where(audit_entry.c.patient == self.patient) if self.patient else query


def count(connection: Connection, question: Question) -> int:
    """How many entries fit."""
    return int(connection.execute(question.asked(select(func.count()).select_from(audit_entry))).scalar_one())


def page(connection: Connection, question: Question, *, start: int, size: int) -> list[Entry]:
    """Some of the entries that fit, the newest first."""
    query = question.asked(select(audit_entry)).order_by(audit_entry.c.number.desc()).offset(start).limit(size)
    return [Entry(**row._mapping) for row in connection.execute(query)]


def verify(connection: Connection, folder: Path, key: bytes) -> Verification:
    """Look at every entry and at the head; names the first that cannot be trusted."""
    # Read first: entries that others add meanwhile are beyond it and harm nothing.
    head = read_head(folder, key)
    previous, count, reached = START, 0, ""
    for entry in entries(connection):
        count += 1
        problem = _problem(entry, count, previous, key)
        if problem is not None:
            return Verification(count, count, Message(problem, {"number": count, "found": entry.number}))
        previous = entry.mac
        reached = entry.mac if head is not None and entry.number == head.number else reached
    return _against_head(head, count, reached)


def _problem(entry: Entry, number: int, previous: str, key: bytes) -> str | None:
    if entry.number != number:
        return "audit.gap"
    if not hmac.compare_digest(entry.mac, signed(entry, key)):
        return "audit.altered"
    return "audit.moved" if entry.previous != previous else None


def _against_head(head: Head | None, count: int, reached: str) -> Verification:
    """The chain holds by itself; whether it reaches as far as the head says."""
    if head is None:
        return Verification(count, count + 1, Message("audit.no_head"))
    if count < head.number:
        facts: dict[str, Fact] = {"number": count + 1, "head": head.number}
        return Verification(count, count + 1, Message("audit.cut", facts))
    if head.number and reached != head.mac:
        return Verification(count, head.number, Message("audit.altered", {"number": head.number}))
    return Verification(count, None, None)

"""The worklist: who waits, the most urgent first, a page at a time.

A page begins after a place, not at a number: the last page of a million patients costs what the first does.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, intersect, literal, select, tuple_

from medai_core.records.access import Person
from medai_core.records.audit import Act
from medai_core.records.schema import PLACE, patient, patient_word
from medai_core.records.store import Store
from medai_core.records.store.words import one_line, searched

COUNTED = 10_000
"""Lines are counted up to here; beyond, "more than" is said."""


@dataclass(frozen=True)
class Line:
    """One patient of the list.

    Attributes
    ----------
    waits : a result is unread; refused : one of the unread ones is a refusal.
    urgency : 0 to 1, see ``urgency``; finding, model : what makes it so.
    newest_at : of the newest reading; None where there is none.
    """

    id: str
    number: str | None
    name: str
    birth_date: date | None
    sex: str | None
    demo: bool
    waits: bool
    refused: bool
    urgency: float
    finding: str | None
    model: str | None
    newest_at: datetime | None


@dataclass(frozen=True)
class Lines:
    """One page of the list.

    Attributes
    ----------
    total : how many there are in all; ``more`` says that there are more than that.
    before, after : where the page before and the one after begin; None at the ends.
    """

    lines: tuple[Line, ...]
    total: int
    more: bool
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Asked:
    """What is asked of the list.

    Attributes
    ----------
    search : words that each begin a word of name, number or birth date (2019-03-01).
    show : one of ``records.SHOWN``.
    place : a page's ``before`` or ``after``; empty for the first page.
    """

    search: str = ""
    show: str = "all"
    place: str = ""
    size: int = 25


def worklist(store: Store, person: Person, asked: Asked) -> Lines:
    """One page of the list; the view is entered, without what was searched for.

    Raises
    ------
    AccessError : the role may not.
    """
    store.allow(person, "view")
    found = find_lines(store, asked)
    store.enter(person, Act("list", detail={"lines": len(found.lines), "searched": bool(asked.search)}))
    return found


def find_lines(store: Store, asked: Asked) -> Lines:
    """``worklist`` without an entry: for choosing a patient, and for what is no person's view."""
    conditions = _conditions(asked)
    place, back = _place(asked.place)
    query = select(patient).where(*conditions).limit(asked.size + 1)
    if place is not None:
        there = tuple_(*(literal(value, column.type) for value, column in zip(place, PLACE, strict=True)))
        query = query.where(tuple_(*PLACE) > there if back else tuple_(*PLACE) < there)
    with store.reading() as connection:
        rows = list(connection.execute(_ordered(query, back)))
        counted = select(func.count()).select_from(
            select(patient.c.id).where(*conditions).limit(COUNTED + 1).subquery()
        )
        total = connection.execute(counted).scalar_one()
    further, rows = len(rows) > asked.size, rows[: asked.size]
    if back:
        rows.reverse()
    return Lines(
        tuple(map(_line, rows)),
        min(total, COUNTED),
        total > COUNTED,
        _token(rows[0], back=True) if rows and (further if back else place is not None) else None,
        _token(rows[-1], back=False) if rows and (place is not None if back else further) else None,
    )


def _ordered(query: Select[Any], back: bool) -> Select[Any]:
    return query.order_by(*(column.asc() if back else column.desc() for column in PLACE))


def _conditions(asked: Asked) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if asked.show == "unread":
        found.append(patient.c.waits.is_(True))
    elif asked.show == "refused":
        found.append(patient.c.refused.is_(True))
    elif asked.show == "read":
        found.append(patient.c.waits.is_(False))
    words = searched(asked.search)
    if words:
        matches = [_beginning(word) for word in words]
        found.append(patient.c.id.in_(intersect(*matches) if len(matches) > 1 else matches[0]))
    return found


def _beginning(word: str) -> Select[Any]:
    """The patients with a word that begins with ``word``; a range, which the index answers."""
    column = patient_word.c.word
    return select(patient_word.c.patient).where(column >= word, column < word + "\U0010ffff")


def _line(row: Row[Any]) -> Line:
    newest = row.newest_at if row.newest_at != row.created_at else None
    facts = (row.waits, row.refused, row.urgency, row.urgent_finding, row.urgent_model, newest)
    return Line(row.id, row.number, row.name, row.birth_date, row.sex, row.demo, *facts)


def _token(row: Row[Any], *, back: bool) -> str:
    place = [back, row.waits, row.urgency, row.newest_at.isoformat(), row.id]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _place(token: str) -> tuple[tuple[bool, float, datetime, str] | None, bool]:
    """A place and whether the page lies before it; none, where an address was tampered with."""
    try:
        back, waits, urgency, newest, id = json.loads(base64.urlsafe_b64decode(token.encode()))
        return (bool(waits), float(urgency), datetime.fromisoformat(newest).astimezone(UTC), one_line(id)), bool(back)
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None, False

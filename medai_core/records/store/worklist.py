"""The worklist: who waits, the most urgent first, a page at a time.

A page begins after a place, not at a number: the last page of a million patients costs what the first does.
What is searched for is counted first, from whichever condition fewest fulfil. Few are then sorted; of many, the
list is walked in its order until a page is full, which soon happens because there are many.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, literal, select, tuple_

from medai_core.records.access import Person
from medai_core.records.audit import Act
from medai_core.records.schema import PLACE, patient, patient_word
from medai_core.records.store import Store
from medai_core.records.store.words import one_line, searched

COUNTED = 1_000
"""Lines are counted up to here; beyond, "more than" is said."""
MANY = 20_000
"""How many fulfil a condition matters only up to here."""
REPEATED = 2
"""In how many words of a person one search is expected to begin."""
STATES = ("unread", "refused", "read")


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
    words, (place, back) = searched(asked.search), _place(asked.place)
    with store.reading() as connection:
        ids = _matching(connection, asked.show, words)
        total = len(ids)
        fit = [patient.c.id.in_(ids)] if words and total <= COUNTED else _conditions(asked.show, words)
        query = select(patient).where(*fit).limit(asked.size + 1)
        if place is not None:
            there = tuple_(*(literal(value, column.type) for value, column in zip(place, PLACE, strict=True)))
            query = query.where(tuple_(*PLACE) > there if back else tuple_(*PLACE) < there)
        rows = list(connection.execute(_ordered(query, back)))
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


def _conditions(show: str, words: Iterable[str], id: ColumnElement[str] = patient.c.id) -> list[ColumnElement[bool]]:
    found = [_shown(show)] if show in STATES else []
    for word in words:
        one = patient_word.alias()
        # Not EXISTS: PostgreSQL would make a join of it, and now and then a slow one.
        there = select(literal(1)).where(one.c.patient == id, *_begins(word, one.c.word)).limit(1)
        found.append(there.scalar_subquery().is_not(None))
    return found


def _shown(show: str) -> ColumnElement[bool]:
    return patient.c.refused.is_(True) if show == "refused" else patient.c.waits.is_(show == "unread")


def _begins(word: str, column: ColumnElement[str]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Words that begin with ``word``; a range, which the index answers."""
    return column >= word, column < word + "\U0010ffff"


def _matching(connection: Connection, show: str, words: list[str]) -> list[str]:
    """The patients who fit, one more than are counted at most."""
    lists = {"": select(patient.c.id).where(_shown(show))} if show in ("unread", "refused") else {}
    lists |= {word: select(patient_word.c.patient).where(*_begins(word, patient_word.c.word)) for word in words}
    first = min(lists, key=lambda name: _size(connection, lists[name])) if len(lists) > 1 else "".join(lists)
    if not first:
        return list(
            connection.execute(select(patient.c.id).where(*_conditions(show, words)).limit(COUNTED + 1)).scalars()
        )
    # From the word to the people: the list's own order would be walked to its end for a rare one.
    others = _conditions(show, [word for word in words if word != first], patient_word.c.patient)
    query = lists[first].where(*others)
    if show in STATES:
        query = query.join(patient, patient_word.c.patient == patient.c.id)
    return _distinct(connection, query)


def _distinct(connection: Connection, query: Select[Any]) -> list[str]:
    """What a query finds, each once, one more than are counted at most; of many, not all are looked at."""
    enough = REPEATED * (COUNTED + 1)
    rows = connection.execute(query.limit(enough)).scalars().all()
    found = list(dict.fromkeys(rows))
    if len(rows) == enough and len(found) <= COUNTED:
        found = list(connection.execute(query.distinct().limit(COUNTED + 1)).scalars())
    return found[: COUNTED + 1]


def _size(connection: Connection, listed: Select[Any]) -> int:
    """How many there are, up to ``MANY``."""
    return int(connection.execute(select(func.count()).select_from(listed.limit(MANY).subquery())).scalar_one())


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

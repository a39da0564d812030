"""Sign-ins: when each began, when it was last used, and that it has ended.

The cookie of a sign-in lives for 30 days in the browser and nobody can call it back. So what it says is looked up
here at every use, and once a visit has ended the same cookie, copied or not, is refused for good.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row, delete, insert, select, update

from medai_core.errors import AccessError
from medai_core.records.access import ROLES, Person
from medai_core.records.audit import Act
from medai_core.records.schema import visit
from medai_core.records.store import Store, Work

IDLE = timedelta(minutes=15)
STEP = timedelta(seconds=20)
"""A use is written down at most this often."""
KEPT = timedelta(days=40)
"""How long an ended visit is remembered: longer than its cookie is taken, 31 days."""


@dataclass(frozen=True)
class Visit:
    """One sign-in."""

    id: str
    subject: str
    name: str
    role: str
    last_seen_at: datetime
    ended_at: datetime | None

    @property
    def person(self) -> Person:
        """Whose it is."""
        return Person(self.subject, self.name, self.role)


def idle_time(environment: Mapping[str, str]) -> timedelta:
    """After how long without use a visit ends: ``MEDAI_IDLE_MINUTES``, else 15 minutes.

    Raises
    ------
    AccessError : it is not a number of minutes from above 0 to a day.
    """
    stated = environment.get("MEDAI_IDLE_MINUTES", "")
    if not stated:
        return IDLE
    try:
        minutes = float(stated)
    except ValueError:
        minutes = 0.0
    if not 0 < minutes <= 24 * 60:
        raise AccessError("access.idle_minutes", found=stated)
    return timedelta(minutes=minutes)


def identifier(cookie: str) -> str:
    """What a visit is found by: the SHA-256 of what its cookie says.

    Not of the cookie's bytes: the same signed words can be written in several ways that all verify.
    """
    return hashlib.sha256(cookie.encode()).hexdigest()


def arrive(store: Store, cookie: str, person: Person, *, idle: timedelta = IDLE) -> Person:
    """The person of a visit that is being used; the first sight of a cookie begins one.

    Parameters
    ----------
    cookie : what the sign-in cookie says, after its signature was checked; unlike that of any other sign-in.
    person : whom the cookie names; the empty role where it names none that is known.

    Raises
    ------
    AccessError : the visit has ended, or ends now because it was not used for ``idle``; or there is no role.
    """
    found = _find(store, cookie) or _begin(store, cookie, person, idle)
    if found.role not in ROLES:
        raise AccessError("access.no_role")
    if found.ended_at is not None:
        raise _over(found.ended_at - found.last_seen_at, idle)
    unused = store.clock() - found.last_seen_at
    if unused >= idle:
        _end(store, found, "idle")
        raise _over(unused, idle)
    if unused >= min(STEP, idle / 4):
        _touch(store, found)
    return found.person


def still_here(store: Store, cookie: str, *, idle: timedelta = IDLE) -> bool:
    """Whether the visit goes on; looking is no use of it."""
    found = _find(store, cookie)
    return found is not None and found.ended_at is None and store.clock() - found.last_seen_at < idle


def leave(store: Store, cookie: str) -> None:
    """End the visit because its person asks; one that has ended stays as it is."""
    found = _find(store, cookie)
    if found is not None:
        _end(store, found, "asked")


def end_idle(store: Store, *, idle: timedelta = IDLE) -> int:
    """End every visit that was not used for ``idle`` and that no open page has ended; how many."""
    query = select(visit).where(visit.c.ended_at.is_(None), visit.c.last_seen_at <= store.clock() - idle)
    with store.reading() as connection:
        forgotten = [_visit(row) for row in connection.execute(query)]
    return sum(_end(store, found, "idle") for found in forgotten)


def _over(unused: timedelta, idle: timedelta) -> AccessError:
    if unused >= idle:
        return AccessError("access.idle", minutes=f"{idle.total_seconds() / 60:g}")
    return AccessError("access.ended")


def _visit(row: Row[tuple[object, ...]]) -> Visit:
    return Visit(row.id, row.subject, row.name, row.role, row.last_seen_at, row.ended_at)


def _find(store: Store, cookie: str) -> Visit | None:
    with store.reading() as connection:
        row = connection.execute(select(visit).where(visit.c.id == identifier(cookie))).first()
    return _visit(row) if row else None


def _begin(store: Store, cookie: str, person: Person, idle: timedelta) -> Visit:
    """Enter the sign-in, or its refusal; also end what was left idle and forget what no cookie can bring back."""
    end_idle(store, idle=idle)
    with store.writing(person) as work:
        same = work.connection.execute(select(visit).where(visit.c.id == identifier(cookie))).first()
        if same is not None:
            return _visit(same)
        begun = _insert(work, identifier(cookie), person)
        work.enter(Act("sign-in" if begun.ended_at is None else "sign-in.refused"))
        work.connection.execute(delete(visit).where(visit.c.ended_at < work.now - KEPT))
        return begun


def _insert(work: Work, id: str, person: Person) -> Visit:
    """A visit of someone without a role has ended as it begins."""
    known = person.role in ROLES
    begun = Visit(
        id=id,
        subject=person.subject[:200],
        name=person.name[:200],
        role=person.role if known else "",
        last_seen_at=work.now,
        ended_at=None if known else work.now,
    )
    words = {name: getattr(begun, name) for name in ("id", "subject", "name", "role", "last_seen_at", "ended_at")}
    work.connection.execute(insert(visit).values(**words, signed_in_at=work.now))
    return begun


def _touch(store: Store, found: Visit) -> None:
    with store.writing(found.person) as work:
        going_on = visit.c.id == found.id, visit.c.ended_at.is_(None)
        work.connection.execute(update(visit).where(*going_on).values(last_seen_at=work.now))


def _end(store: Store, found: Visit, why: str) -> bool:
    """End a visit and enter it, whoever comes first; whether this call did."""
    with store.writing(found.person) as work:
        going_on = [visit.c.id == found.id, visit.c.ended_at.is_(None)]
        if why == "idle":
            going_on.append(visit.c.last_seen_at == found.last_seen_at)
        ended = work.connection.execute(update(visit).where(*going_on).values(ended_at=work.now)).rowcount == 1
        if ended:
            seen = found.last_seen_at.isoformat(timespec="seconds")
            work.enter(Act("sign-out", detail={"why": why, "last_seen": seen}))
    return ended

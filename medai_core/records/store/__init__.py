"""Where the record lies: a database, the scans beside it, and the key that signs the audit.

Every change goes through ``Store.writing``: one writer at a time, one transaction, and the audit entry in
the same transaction, so that nothing happens that is not entered and nothing is entered that did not happen.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import platformdirs
from sqlalchemy import Connection, Engine

from medai_core.errors import AccessError
from medai_core.records import audit
from medai_core.records.access import Person, demand
from medai_core.records.files import kept_secret, locked, private_folder
from medai_core.records.store import database

KEY = Path("keys", "audit.key")


def _clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Location:
    """Where a record lies.

    Attributes
    ----------
    folder : of the scans, the key and, without ``url``, the database.
    url : of a PostgreSQL database; empty for the embedded SQLite.
    """

    folder: Path
    url: str = ""


def locate(environment: Mapping[str, str]) -> Location:
    """Where ``MEDAI_DATA`` and ``MEDAI_DATABASE_URL`` say, else the user's data folder."""
    folder = environment.get("MEDAI_DATA") or platformdirs.user_data_dir("medai", appauthor=False)
    return Location(Path(folder).expanduser(), environment.get("MEDAI_DATABASE_URL", ""))


@dataclass
class Work:
    """One transaction that changes the record."""

    connection: Connection
    person: Person
    now: datetime
    key: bytes = field(repr=False)
    last: audit.Entry | None = None

    def enter(self, act: audit.Act) -> None:
        """Enter into the audit what this transaction does."""
        self.last = self._append(act, self.now)

    def _append(self, act: audit.Act, now: datetime) -> audit.Entry:
        return audit.append(self.connection, self.key, self.person, act, now)


@dataclass
class _Part(Work):
    """A change that is part of a larger one: what it files may be dated otherwise, the audit says when it was done."""

    whole: Work | None = None

    def enter(self, act: audit.Act) -> None:
        """Enter into the audit what the larger transaction does."""
        assert self.whole is not None
        self.last = self.whole.last = self._append(act, self.whole.now)


@dataclass(frozen=True)
class Store:
    """An open record.

    Attributes
    ----------
    folder : holds ``scans/``, the audit's head and ``keys/``.
    key : signs the audit.
    clock : what the time is.
    """

    engine: Engine
    folder: Path
    key: bytes = field(repr=False)
    clock: Callable[[], datetime] = _clock

    @property
    def scans(self) -> Path:
        """The folder of the scans, each called by its SHA-256."""
        return self.folder / "scans"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the record and changes nothing."""
        with database.reached(self.engine), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """A transaction while nobody else writes, for what is not entered."""
        with database.sole_writer(self.engine) as connection:
            yield connection

    @contextmanager
    def writing(self, person: Person) -> Iterator[Work]:
        """A transaction that changes the record, while no other does; whole or not at all."""
        with self.alone() as connection:
            work = Work(connection, person, self.clock(), self.key)
            yield work
        if work.last is not None:
            self._sign_head(work.last)

    @contextmanager
    def as_one(self, person: Person) -> Iterator[tuple[Store, Work]]:
        """A record whose changes are all one transaction, whole or not at all, and that transaction."""
        with self.writing(person) as work:
            yield _Within(self.engine, self.folder, self.key, self.clock, work), work

    def _sign_head(self, entry: audit.Entry) -> None:
        try:
            with self.reading() as connection:
                audit.sign_head(connection, self.folder, self.key, entry)
        except OSError as error:
            # What was done is done and entered; the head catches up with the next entry.
            logging.getLogger(__name__).warning("The head of the audit cannot be written: %s", error)

    def allow(self, person: Person | None, permission: str) -> Person:
        """The person, who may; a refusal is entered into the audit.

        Raises
        ------
        AccessError : the role does not include ``permission``.
        """
        try:
            return demand(person, permission)
        except AccessError:
            if person is not None:
                self.enter(person, audit.Act("refused", object=permission))
            raise

    def enter(self, person: Person, act: audit.Act) -> None:
        """Enter something that changes nothing else, such as a view."""
        with self.writing(person) as work:
            work.enter(act)

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


@dataclass(frozen=True)
class _Within(Store):
    """A record during one transaction, which everything that it is asked is part of.

    Its clock dates what is filed; the audit's entries are of the time at which the transaction began.
    """

    whole: Work | None = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """The transaction."""
        assert self.whole is not None
        yield self.whole.connection

    alone = reading

    @contextmanager
    def writing(self, person: Person) -> Iterator[Work]:
        """The transaction, in the name of ``person``."""
        assert self.whole is not None
        yield _Part(self.whole.connection, person, self.clock(), self.key, whole=self.whole)


def open_store(location: Location, *, clock: Callable[[], datetime] = _clock) -> Store:
    """The record at ``location``, made or brought to this version where needed.

    Raises
    ------
    RecordError : the folder or the database cannot be used, or is of a newer version.
    """
    with database.told(location):
        private_folder(location.folder)
        private_folder(location.folder / "scans")
        key = kept_secret(location.folder / KEY, partial(audit.begin_head, location.folder))
        engine = database.connect(location.url, location.folder)
        try:
            with locked(location.folder / "migration.lock"):
                database.upgrade(engine)
        except BaseException:  # whatever it was goes on; only the connections are given back
            engine.dispose()
            raise
    return Store(engine, location.folder, key, clock)


def default_store() -> Store:
    """The record of this installation."""
    return open_store(locate(os.environ))

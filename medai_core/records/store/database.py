"""The two databases: SQLite embedded, PostgreSQL by address; connected, locked and brought to this version."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError

from medai_core.errors import RecordError

if TYPE_CHECKING:
    from medai_core.records.store import Location

FILE = "record.sqlite"
MIGRATIONS = Path(__file__).parent.parent / "migrations"
WRITES = "medai_writes"
WRITER_LOCK = 0x6D656461
"""The number of PostgreSQL's advisory lock for writers: "meda"."""
PATIENCE_S = 30


def connect(url: str, folder: Path) -> Engine:
    """An engine for ``url``, or for the SQLite file in ``folder`` where it is empty.

    Its errors do not repeat what was to be stored: a log would keep it.
    """
    if url:
        engine = create_engine(_address(url), pool_pre_ping=True, hide_parameters=True)
        event.listen(engine, "handle_error", _bare)
    else:
        engine = create_engine(f"sqlite:///{folder / FILE}", connect_args={"timeout": PATIENCE_S}, hide_parameters=True)
        event.listen(engine, "connect", _configure)
        event.listen(engine, "begin", _begin)
    return engine


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise RecordError("record.url", scheme="?") from error
    if address.get_backend_name() != "postgresql":
        raise RecordError("record.url", scheme=address.drivername)
    return address.set(drivername="postgresql+pg8000")


def _bare(context: ExceptionContext) -> None:
    """Leave out of PostgreSQL's error what it repeats of a row ("Key (number)=(A-17) already exists")."""
    error, wrapped = context.original_exception, context.sqlalchemy_exception
    if error.args and isinstance(error.args[0], dict):
        error.args = ({name: word for name, word in error.args[0].items() if name in ("S", "V", "C", "M")},)
        if wrapped is not None:
            wrapped.args = (f"({type(error).__name__}) {error}",)


def _configure(connection: Any, _record: object) -> None:
    # The driver would open transactions by itself, and too late for a read to lock out a write.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


@contextmanager
def sole_writer(engine: Engine) -> Iterator[Connection]:
    """A transaction during which nobody else writes: each audit entry rests on the one before it."""
    with reached(engine), engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            patience = func.set_config("lock_timeout", f"{PATIENCE_S}s", True)
            connection.execute(select(patience))
            connection.execute(select(func.pg_advisory_xact_lock(WRITER_LOCK)))
        yield connection


@contextmanager
def reached(engine: Engine) -> Iterator[None]:
    """Say in one sentence that the database went away, is locked or full, while it was worked with.

    Raises
    ------
    RecordError : it did; whatever else a database complains of is a fault of the program and stays as it is.
    """
    try:
        yield
    except DBAPIError as error:
        if not _trouble(error):
            raise
        where = "PostgreSQL" if engine.dialect.name == "postgresql" else str(engine.url.database)
        raise RecordError("record.database", where=where, detail=_reason(error)) from error


def _trouble(error: DBAPIError) -> bool:
    if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
        return True
    said = error.orig.args[0] if error.orig is not None and error.orig.args else None
    # SQLSTATE classes: connection, resources, operator; and a lock that was waited for too long.
    return isinstance(said, dict) and str(said.get("C"))[:2] in ("08", "53", "55", "57")


def upgrade(engine: Engine) -> None:
    """Run the steps that the database has not seen.

    Raises
    ------
    RecordError : it has seen steps that this version does not know.
    """
    config = _config()
    known = ScriptDirectory.from_config(config)
    with sole_writer(engine) as connection:
        now = MigrationContext.configure(connection).get_current_revision()
        if now == known.get_current_head():
            return
        if now is not None and now not in {step.revision for step in known.walk_revisions()}:
            raise RecordError("record.newer", found=now)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def newest() -> str:
    """The step that this version of the program brings a database to."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


@contextmanager
def told(location: Location) -> Iterator[None]:
    """Say in one sentence why a record cannot be opened."""
    try:
        yield
    except (DBAPIError, TypeError) as error:
        where = "PostgreSQL" if location.url else str(location.folder / FILE)
        raise RecordError("record.database", where=where, detail=_reason(error)) from error
    except (OSError, ValueError) as error:
        detail = getattr(error, "strerror", None) or type(error).__name__
        raise RecordError("record.folder", folder=str(location.folder), detail=detail) from error


def _reason(error: DBAPIError | TypeError) -> str:
    """The driver's own words, without the statement and what was to be stored."""
    if isinstance(error, TypeError):
        return str(error)  # the driver does not know a word of the address, such as sslmode
    said = error.orig.args[0] if error.orig is not None and error.orig.args else type(error).__name__
    return str(said.get("M", "?") if isinstance(said, dict) else said).splitlines()[0]

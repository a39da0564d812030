"""A record as a folder that either database can take back: tables as JSON lines, scans, the audit's head and key.

Every file's SHA-256 stands in ``manifest.json``. The folder holds all that the record holds, and the key that
signs its audit: keep it as carefully as the record itself.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Date, DateTime, LargeBinary, Table, insert, select
from sqlalchemy.types import TypeEngine

from medai_core.errors import RecordError
from medai_core.records.access import Person, demand
from medai_core.records.audit import HEAD, Act
from medai_core.records.files import private_folder, write_whole
from medai_core.records.schema import Instant, audit_entry, metadata, patient, scan
from medai_core.records.store import KEY, Location, Store, database, open_store

FORMAT = "medai-record-1"
MANIFEST = "manifest.json"
BATCH = 1000


def backup(store: Store, person: Person, folder: Path) -> dict[str, int]:
    """Write the whole record into ``folder``, which must not be there yet; how many rows each table has.

    Raises
    ------
    RecordError : the folder is there, cannot be written, or a scan's file is absent. AccessError : the role may not.
    """
    store.allow(person, "configure")
    if folder.exists() and any(folder.iterdir()):
        raise RecordError("backup.exists", folder=str(folder))
    store.enter(person, Act("backup"))
    try:
        private_folder(folder)
        return _write(store, folder)
    except OSError as error:
        raise RecordError("backup.unwritten", folder=str(folder), detail=error.strerror or str(error)) from error


def _write(store: Store, folder: Path) -> dict[str, int]:
    hashes: dict[str, str] = {}
    counts: dict[str, int] = {}
    private_folder(folder / "tables")
    private_folder(folder / "scans")
    # The head first: one that is older than the entries hides nothing, a newer one would miss those after them.
    for source, name in ((store.folder / HEAD, HEAD), (store.folder / KEY, KEY.name)):
        write_whole(folder / name, source.read_bytes())
        hashes[name] = _sha256(folder / name)
    # One state of the record throughout: what is filed meanwhile is in the next backup.
    with store.engine.connect().execution_options(isolation_level=_snapshot(store)) as connection, connection.begin():
        for table in metadata.sorted_tables:
            name = f"tables/{table.name}.jsonl"
            counts[table.name], hashes[name] = _write_table(connection, table, folder / name)
        for sha256 in connection.execute(select(scan.c.sha256).distinct()).scalars():
            hashes[f"scans/{sha256}"] = _copy_scan(store, sha256, folder / "scans" / sha256)
    manifest = {"format": FORMAT, "revision": database.newest(), "rows": counts, "sha256": hashes}
    # Last: a folder without it is no backup.
    write_whole(folder / MANIFEST, json.dumps(manifest, indent=1).encode())
    return counts


def _snapshot(store: Store) -> str:
    return "REPEATABLE READ" if store.engine.dialect.name == "postgresql" else "SERIALIZABLE"


def _write_table(connection: Connection, table: Table, path: Path) -> tuple[int, str]:
    """How many rows were written, and the file's hash."""
    count = 0
    with path.open("w", encoding="utf-8") as stream:
        for row in connection.execution_options(yield_per=BATCH).execute(select(table)):
            stream.write(json.dumps(_plain(row._mapping), ensure_ascii=False) + "\n")
            count += 1
    return count, _sha256(path)


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): _plain_value(value) for name, value in row.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, date) else value


def _copy_scan(store: Store, sha256: str, path: Path) -> str:
    try:
        shutil.copyfile(store.scans / sha256, path)
    except FileNotFoundError as error:
        raise RecordError("record.file") from error
    if _sha256(path) != sha256:
        raise RecordError("record.file")
    return sha256


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def restore(location: Location, person: Person, folder: Path) -> dict[str, int]:
    """Make the record of a backup at ``location``, where there is none yet; how many rows each table has.

    Raises
    ------
    RecordError : the backup is none or damaged (nothing is restored then), or there is a record already.
    """
    demand(person, "configure")
    manifest = _manifest(folder)
    _check_empty(location)
    private_folder(location.folder)
    private_folder((location.folder / KEY).parent)
    write_whole(location.folder / KEY, (folder / KEY.name).read_bytes())
    store = open_store(location)
    try:
        _restore(store, manifest, folder)
        store.enter(person, Act("restore"))
    finally:
        store.close()
    rows: dict[str, int] = manifest["rows"]
    return rows


def _restore(store: Store, manifest: dict[str, Any], folder: Path) -> None:
    for name in manifest["sha256"]:
        if name.startswith("scans/"):
            write_whole(store.folder / name, (folder / name).read_bytes())
    with database.sole_writer(store.engine) as connection:
        for table in metadata.sorted_tables:
            _read_table(connection, table, folder / f"tables/{table.name}.jsonl")
        # Before the entries are there for good: were it written after, a crash between would leave them without.
        write_whole(store.folder / HEAD, (folder / HEAD).read_bytes())


def _manifest(folder: Path) -> dict[str, Any]:
    """What the backup says of itself, after every file of it was looked at."""
    try:
        found: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        version, revision, hashes = found["format"], found["revision"], dict(found["sha256"])
        found["rows"]["patient"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordError("backup.none", folder=str(folder), detail=MANIFEST) from error
    if version != FORMAT or revision != database.newest():
        raise RecordError("backup.none", folder=str(folder), detail=f"{version}, {revision}")
    needed = {HEAD, KEY.name, *(f"tables/{table.name}.jsonl" for table in metadata.sorted_tables)}
    for name in needed - set(hashes):
        raise RecordError("backup.damaged", file=name)
    for name, sha256 in hashes.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file() or _sha256(path) != sha256:
            raise RecordError("backup.damaged", file=name)
    return found


def _check_empty(location: Location) -> None:
    """Refuse where there is a record with people or a history; one that was only just made gives way."""
    store = open_store(location)
    with store.reading() as connection:
        used = any(connection.execute(select(t).limit(1)).first() is not None for t in (patient, audit_entry))
    store.close()
    if used:
        raise RecordError("backup.record")


def _read_table(connection: Connection, table: Table, path: Path) -> None:
    rows = []
    for line in _lines(path):
        rows.append({c.name: _value(c.type, line[c.name]) for c in table.columns})
        if len(rows) == BATCH:
            connection.execute(insert(table), rows)
            rows = []
    if rows:
        connection.execute(insert(table), rows)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as stream:
        yield from map(json.loads, stream)


def _value(kind: TypeEngine[Any], plain: Any) -> Any:
    """A value of a column of this type, from what ``_plain_value`` wrote."""
    if plain is None:
        return None
    if isinstance(kind, Date):
        return date.fromisoformat(plain)
    if isinstance(kind, DateTime | Instant):
        return datetime.fromisoformat(plain)
    return base64.b64decode(plain) if isinstance(kind, LargeBinary) else plain

"""The worklist of a million patients beside that of a thousand: ``python benchmarks/worklist.py`` prints a table.

Builds both records from names in a list (SYNTHETIC: nobody), asks both the same, in turn, and prints medians. On
SQLite in a temporary folder; and, where ``MEDAI_DATABASE_URL`` names a PostgreSQL, in two databases that it makes
there (``medai_bench_*``) and removes again.
"""

from __future__ import annotations

import argparse
import io
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, Table, create_engine, insert, make_url, select, text

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from medai_core.records import schema
from medai_core.records.access import LOCAL
from medai_core.records.store import Location, Store, open_store
from medai_core.records.store.estimates import estimates_of
from medai_core.records.store.patients import view_patient
from medai_core.records.store.results import scans_of
from medai_core.records.store.vitals import vitals_of
from medai_core.records.store.words import words_of
from medai_core.records.store.worklist import Asked, find_lines
from tests.records import filed, film, reading

SIZES = (1_000, 1_000_000)
STEMS = ("An", "Ba", "Ce", "Do", "El", "Fu", "Gra", "Ha", "Il", "Ju")
FAMILIES = [a + b for a in STEMS for b in ("ber", "dam", "fel", "gor", "kin", "mann", "ners", "rup", "sen", "tov")]
GIVEN = [a + b for a in STEMS for b in ("bel", "dia", "lin", "mon", "na", "ra", "ri", "stian", "tta", "via")]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
BATCH = 10_000
UNREAD, REFUSED, SCANNED = 20, 400, 10
"""One patient in so many waits, was refused, has a scan."""


def main() -> None:
    parser = argparse.ArgumentParser(description="The worklist of a million patients beside that of a thousand.")
    parser.add_argument("--patients", type=int, nargs=2, default=SIZES, metavar=("FEW", "MANY"))
    parser.add_argument("--folder", type=Path, help="where the SQLite records lie (default: a temporary folder)")
    parser.add_argument("--times", type=int, default=9, help="how often each is measured")
    given = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores at the start\n")
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        with opened([Location(Path(folder) / str(n)) for n in given.patients]) as stores:
            print(table("SQLite", stores, given.patients, given.times))
        url = os.environ.get("MEDAI_DATABASE_URL")
        if url:
            with databases(url, given.patients) as urls:
                places = [Location(Path(folder) / f"pg{n}", u) for n, u in zip(given.patients, urls, strict=True)]
                with opened(places) as stores:
                    print(table("PostgreSQL", stores, given.patients, given.times))
    print(
        f"Medians of {given.times}; {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}."
    )


@contextmanager
def opened(places: list[Location]) -> Iterator[list[Store]]:
    stores = [open_store(place) for place in places]
    yield stores
    for store in stores:
        store.close()


@contextmanager
def databases(url: str, sizes: Iterable[int]) -> Iterator[list[str]]:
    """Two databases beside the one that is named."""
    address = make_url(url).set(drivername="postgresql+pg8000")
    names = [f"medai_bench_{n}" for n in sizes]

    def run(words: str) -> None:
        engine = create_engine(address, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for name in names:
                connection.execute(text(words.format(name)))
        engine.dispose()

    run("CREATE DATABASE {}")
    try:
        yield [make_url(url).set(database=n).render_as_string(hide_password=False) for n in names]
    finally:
        run("DROP DATABASE {}")


# The records


def people(n: int) -> Iterator[dict[str, Any]]:
    """Nobody, ``n`` times."""
    rng = np.random.default_rng(n)
    for i in range(n):
        family, first = FAMILIES[rng.integers(len(FAMILIES))], GIVEN[rng.integers(len(GIVEN))]
        made = NOW - timedelta(minutes=float(rng.uniform(0, 5_000_000)))
        waits = i % UNREAD == 0
        yield {
            "id": f"{rng.integers(2**63):016x}{i:016x}",
            "number": f"P-{i:07d}",
            "name": f"{family}, {first}",
            "birth_date": date(1930, 1, 1) + timedelta(days=int(rng.integers(34_000))),
            "sex": "FM"[i % 2],
            "demo": False,
            "retain_until": None,
            "created_at": made,
            "changed_at": made,
            "changed_by": "benchmark",
            "version": 1,
            "waits": waits,
            "refused": i % REFUSED == 0,
            "urgency": (1.0 if i % REFUSED == 0 else float(rng.beta(0.5, 3))) if waits else 0.0,
            "urgent_finding": None,
            "urgent_model": None,
            "newest_at": made + timedelta(minutes=float(rng.uniform(1, 10_000))),
        }


def fill(store: Store, n: int) -> None:
    """A record of ``n`` patients, one in ten with a scan that was read."""
    everybody = people(n)
    with store.engine.connect() as connection, connection.begin(), without_indexes(connection):
        while rows := list(islice(everybody, BATCH)):
            words = [
                {"word": word, "patient": row["id"]}
                for row in rows
                for word in words_of(row["name"], row["number"], row["birth_date"])
            ]
            for table, more in {schema.patient: rows, schema.patient_word: words, **scanned(rows[::SCANNED])}.items():
                put(connection, table, more)
    # Its connection has the large cache; those that are measured have none.
    store.engine.dispose()
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE" if store.engine.dialect.name == "sqlite" else "VACUUM ANALYZE"))


@contextmanager
def without_indexes(connection: Connection) -> Iterator[None]:
    """A record that is filled in minutes: its indexes are made when everything is there."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA cache_size = -2000000")
        listed = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND name LIKE 'ix_%'"
    else:
        listed = "SELECT indexname, indexdef FROM pg_indexes WHERE indexname LIKE 'ix_%' AND schemaname = 'public'"
    indexes = connection.execute(text(listed)).all()
    for name, _ in indexes:
        connection.execute(text(f"DROP INDEX {name}"))
    yield
    for _, words in indexes:
        connection.execute(text(words))


def scanned(rows: list[dict[str, Any]]) -> dict[Table, list[dict[str, Any]]]:
    """A study with one scan and one reading for each of them."""
    stamped = {"filed_at": NOW, "filed_by": "benchmark"}
    facts = {"sha256": "0" * 64, "file": "film.dcm", "size_bytes": 1, "format": "DICOM", "frames": 1}
    said = {"frame": 0, "findings": "[]", "notices": "[]", "seconds": 0.1, "read_at": NOW, "read_by": "benchmark"}
    ids = [row["id"] for row in rows]
    return {
        schema.study: [{"id": id, "patient": id, **stamped} for id in ids],
        schema.series: [{"id": id, "study": id, "modality": "DX"} for id in ids],
        schema.scan: [{"id": id, "series": id, "patient": id, "states_patient": True, **facts} for id in ids],
        schema.reading: [
            {"id": id, "scan": id, "patient": id, "unread": False, "urgency": 0.0, "model": "m", **said} for id in ids
        ],
    }


def put(connection: Any, table: Table, rows: list[dict[str, Any]]) -> None:
    """Many rows at once: PostgreSQL's COPY, which is several times quicker there."""
    if connection.dialect.name == "sqlite":
        plain = [{k: [] if v == "[]" else v for k, v in row.items()} for row in rows]
        connection.execute(insert(table), plain)
        return
    names = list(rows[0])
    lines = ("\t".join("\\N" if row[n] is None else str(row[n]) for n in names) for row in rows)
    stream = io.BytesIO("\n".join(lines).encode() + b"\n")
    words = f"COPY {table.name} ({', '.join(names)}) FROM STDIN"
    connection.connection.cursor().execute(words, stream=stream)


# What is measured


def questions(store: Store) -> dict[str, Callable[[], object]]:
    """What is asked of a record, by name."""
    with store.reading() as connection:
        rows = connection.execute(select(schema.patient).order_by(*(c.desc() for c in schema.PLACE))).all()
    some = rows[len(rows) // 3]
    middle, last = place_before(rows[len(rows) // 2]), place_before(rows[-25])
    seeds = iter(range(1000, 100_000))

    def asked(**words: Any) -> Callable[[], object]:
        return lambda: find_lines(store, Asked(**words))

    def opening() -> None:
        patient = view_patient(store, LOCAL, some.id)
        scans_of(store, patient.id), estimates_of(store, patient.id), vitals_of(store, patient.id)

    def filing() -> Callable[[], object]:
        data = film(next(seeds))
        given = reading(data)
        return lambda: filed(store, some.id, data, given)

    return {
        "first page": asked(),
        "page in the middle": asked(place=middle),
        "last page": asked(place=last),
        "first page, unread": asked(show="unread"),
        "first page, refused": asked(show="refused"),
        "first page, read": asked(show="read"),
        "search: full name": asked(search=some.name),
        "search: number": asked(search=some.number),
        "search: birth date": asked(search=some.birth_date.isoformat()),
        "search: two letters": asked(search=FAMILIES[0][:2]),
        "search: two letters, unread": asked(search=FAMILIES[0][:2], show="unread"),
        "search: year of birth and family name": asked(search=f"{some.birth_date.year} {some.name.split(',')[0]}"),
        "search: nobody": asked(search="zzzz"),
        "search: nobody of a common name": asked(search=f"{FAMILIES[0][:2]} zzzz"),
        "open a patient": opening,
        "file a reading": filing,
    }


def place_before(row: Any) -> str:
    from medai_core.records.store.worklist import _token

    return _token(row, back=False)


def measured(ask: Callable[[], object]) -> float:
    """Milliseconds of one answer; what returns a function has prepared, and that function is measured."""
    start = time.perf_counter()
    more = ask()
    if callable(more):
        start = time.perf_counter()
        more()
    return (time.perf_counter() - start) * 1000


def table(database: str, stores: list[Store], sizes: Iterable[int], times: int) -> str:
    """Each question to both records in turn; medians."""
    few, many = sizes
    start = time.perf_counter()
    for store, n in zip(stores, sizes, strict=True):
        fill(store, n)
    print(f"{database}: filled in {time.perf_counter() - start:.0f} s", flush=True)
    asked = [questions(store) for store in stores]
    rows = [f"| {database} | {few:,} patients | {many:,} patients | ratio |", "|---|---|---|---|"]
    for name in asked[0]:
        pairs = [[measured(questions[name]) for questions in asked] for _ in range(times + 1)][1:]
        small, large = (statistics.median(pair[k] for pair in pairs) for k in (0, 1))
        rows.append(f"| {name} | {small:.1f} ms | {large:.1f} ms | {large / small:.1f} |")
    return "\n".join([*rows, ""])


if __name__ == "__main__":
    main()

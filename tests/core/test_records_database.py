"""Two databases that are alike: brought to this version, opened by several at once, refused in one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, inspect, select, text, update
from sqlalchemy.exc import DBAPIError

from medai_core.errors import MESSAGES, RecordError
from medai_core.records import schema
from medai_core.records.access import LOCAL
from medai_core.records.audit import Act
from medai_core.records.demo import has_demo_choice
from medai_core.records.store import Location, Store, database, default_store, locate, open_store
from medai_core.records.store.database import FILE, newest
from medai_core.records.store.filing import sweep_scans
from medai_core.records.store.settings import keep_setting, setting_of
from tests import postgres
from tests.core.conftest import Places
from tests.records import CLINICIAN, actions, entered, someone, verified

ROOT = Path(__file__).parent.parent.parent
OPEN = """
import sys
from pathlib import Path
from medai_core.records.access import LOCAL
from medai_core.records.audit import Act
from medai_core.records.store import Location, open_store
print("ready", flush=True)
sys.stdin.readline()
store = open_store(Location(Path(sys.argv[1]), sys.argv[2]))
store.enter(LOCAL, Act("view"))
store.close()
"""


def sentence(error: RecordError) -> str:
    """What the reader is told: one line that says what to do, and nothing of the program's inside."""
    said = error.message.text
    assert "\n" not in said
    assert said.endswith(".")
    assert error.message.id in MESSAGES
    assert not [word for word in ("Traceback", "sqlalchemy", "SELECT", "INSERT", "[SQL") if word in said]
    return said


def test_the_steps_lead_from_nothing_to_the_tables_that_the_program_works_with(
    places: Places, opened: Callable[..., Store]
) -> None:
    store = opened(places.new(made=False))
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []
        assert context.get_current_revision() == newest()
        assert {*schema.metadata.tables, "alembic_version"} == set(inspect(connection).get_table_names())
    assert verified(store).problem is None


def test_opening_a_record_again_changes_nothing(location: Location, opened: Callable[..., Store]) -> None:
    first = opened(location)
    someone(first)
    second = opened(location)
    assert second.key == first.key
    assert actions(second) == ["patient.create"]


def test_a_record_of_a_newer_program_is_left_alone(places: Places, opened: Callable[..., Store]) -> None:
    location = places.new(made=False)
    store = opened(location)
    someone(store)
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(RecordError, match=r"newer version \(9999\)") as caught:
        open_store(location)
    sentence(caught.value)
    assert len(entered(store)) == 1


def test_processes_that_open_a_new_record_at_once_make_one(places: Places, opened: Callable[..., Store]) -> None:
    location = places.new(made=False)
    words = [sys.executable, "-c", OPEN, str(location.folder), location.url]
    pipe = subprocess.PIPE
    crowd = [subprocess.Popen(words, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(3)]
    for process in crowd:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    said = []
    with ThreadPoolExecutor(3) as pool:
        said = list(pool.map(lambda process: process.communicate("go\n", timeout=60), crowd))
    assert [process.returncode for process in crowd] == [0, 0, 0], said
    store = opened(location)
    assert actions(store) == ["view"] * 3
    assert verified(store).problem is None


def test_sqlite_is_kept_as_it_should_be(store: Store) -> None:
    if store.engine.dialect.name == "sqlite":
        with store.reading() as connection:
            found = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "foreign_keys", "synchronous")
            }
        assert found == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2}


def test_a_moment_comes_back_as_the_same_moment_whatever_its_zone(store: Store) -> None:
    east = datetime(2026, 1, 2, 3, 4, 5, 678901, timezone(timedelta(hours=9)))
    ada = someone(store)
    with store.engine.begin() as connection:
        connection.execute(update(schema.patient).values(changed_at=east))
        found = connection.execute(
            select(schema.patient.c.changed_at).where(schema.patient.c.id == ada.id)
        ).scalar_one()
    assert found == east
    assert found.tzinfo == UTC


def test_what_a_database_complains_of_never_repeats_what_was_to_be_stored(store: Store) -> None:
    ada = someone(store)
    row = {
        "id": ada.id,
        "name": "Secret, Person",
        "number": "ID-7",
        "newest_at": ada.changed_at,
        "created_at": ada.changed_at,
        "changed_at": ada.changed_at,
        "changed_by": "x",
    }
    for words in (row, row | {"id": "1" * 32}, row | {"id": "2" * 32, "number": "N-99", "changed_by": None}):
        with pytest.raises(DBAPIError) as caught, store.engine.begin() as connection:
            connection.execute(insert(schema.patient).values(**words))
        told = f"{caught.value}{caught.value.__cause__!r}{caught.value.orig!r}"
        assert not [word for word in ("Secret", "ID-7", "N-99", ada.id) if word in told], told


def test_nothing_can_be_stored_of_a_patient_who_is_not_there(store: Store) -> None:
    with pytest.raises(DBAPIError), store.engine.begin() as connection:
        connection.execute(insert(schema.patient_word).values(word="x", patient="0" * 32))


def test_a_record_is_where_the_environment_says_and_else_in_the_users_folder(monkeypatch: Any, tmp_path: Path) -> None:
    assert locate({}).url == ""
    assert locate({}).folder.name == "medai"
    given = {"MEDAI_DATA": "~/x", "MEDAI_DATABASE_URL": "postgresql://h/d"}
    assert locate(given) == Location(Path.home() / "x", "postgresql://h/d")
    monkeypatch.setenv("MEDAI_DATA", str(tmp_path))
    monkeypatch.delenv("MEDAI_DATABASE_URL", raising=False)
    default_store().close()
    assert (tmp_path / FILE).exists()


URLS = [
    ("mysql://h/d", "of the kind 'mysql'"),
    ("postgres://h/d", "of the kind 'postgres'"),
    ("sqlite:///x", "of the kind 'sqlite'"),
    ("nonsense", "of the kind '?'"),
    ("postgresql://h:port/d", "of the kind '?'"),
    ("postgresql://127.0.0.1:1/d", "PostgreSQL cannot be used"),
    ("postgresql://nobody@127.0.0.1:1/d?sslmode=require", "sslmode"),
    ("postgresql://u:secret@/d?unix_sock=/nowhere", "PostgreSQL cannot be used"),
]


@pytest.mark.parametrize(("url", "said"), URLS)
def test_an_address_that_leads_nowhere_is_said_in_a_sentence(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises(RecordError) as caught:
        open_store(Location(tmp_path, url))
    assert said in sentence(caught.value)
    assert "secret" not in sentence(caught.value)


def test_a_database_or_a_user_that_is_not_there_is_said_in_a_sentence(server: postgres.Cluster, tmp_path: Path) -> None:
    for url in (server.url("nowhere"), server.url("postgres").replace("//postgres@", "//stranger@")):
        with pytest.raises(RecordError, match="PostgreSQL cannot be used") as caught:
            open_store(Location(tmp_path, url))
        sentence(caught.value)


def test_a_folder_that_cannot_be_used_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(RecordError, match="The data folder") as caught:
            open_store(Location(folder))
        sentence(caught.value)


def test_a_key_or_a_database_that_is_none_is_said_in_a_sentence(tmp_path: Path) -> None:
    open_store(Location(tmp_path)).close()
    (tmp_path / FILE).write_bytes(b"no database, and long enough to be taken for one" * 100)
    with pytest.raises(RecordError, match="file is not a database") as caught:
        open_store(Location(tmp_path))
    sentence(caught.value)
    (tmp_path / "keys" / "audit.key").write_text("no key")
    with pytest.raises(RecordError, match="The data folder") as caught:
        open_store(Location(tmp_path))
    sentence(caught.value)


def test_a_database_that_goes_away_while_one_works_is_said_in_a_sentence_and_found_again(
    server: postgres.Cluster, tmp_path: Path
) -> None:
    name = "going"
    server.create(name)
    store = open_store(Location(tmp_path, server.url(name)))
    with pytest.raises(RecordError) as caught, store.writing(LOCAL) as work:
        work.enter(Act("view"))
        server.wipe(name)  # ends every connection
        work.enter(Act("view"))
    assert "PostgreSQL cannot be used" in sentence(caught.value)
    store.enter(CLINICIAN, Act("view"))
    assert actions(store) == ["view"]
    store.close()


def test_whoever_waits_too_long_to_write_is_told(
    store: Store, location: Location, opened: Callable[..., Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PATIENCE_S", 1)
    hasty = opened(location)
    with store.writing(CLINICIAN), pytest.raises(RecordError, match="lock") as caught:
        hasty.enter(CLINICIAN, Act("view"))
    sentence(caught.value)


def test_a_setting_is_kept_by_name_and_can_be_anything_json_holds(store: Store) -> None:
    assert setting_of(store, "x") is None
    assert not has_demo_choice(store)
    for value in (True, {"a": [1, 2.5, "ä"]}, "text", False):
        with store.writing(CLINICIAN) as work:
            keep_setting(work.connection, "x", value)
        assert setting_of(store, "x") == value
    assert sweep_scans(store) == 0


def test_reading_needs_no_environment_but_the_folder(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "medai_core", "audit", "verify"]
    environment = {"PATH": os.environ["PATH"], "MEDAI_DATA": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")

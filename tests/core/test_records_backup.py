"""What a backup holds comes back whole, into either database; what is damaged is not restored at all."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from medai_core.catalog import find_models
from medai_core.errors import AccessError, RecordError
from medai_core.records.audit import HEAD, Act
from medai_core.records.demo import make_demo
from medai_core.records.schema import metadata
from medai_core.records.store import KEY, Location, Store, open_store
from medai_core.records.store.backup import MANIFEST, backup, restore
from medai_core.records.store.patients import Details, retain_patient
from medai_core.records.store.results import give_verdict, note_export, recall, scans_of
from medai_core.records.store.settings import keep_setting
from medai_core.records.store.worklist import Asked, find_lines
from tests import drawn
from tests.core.conftest import DATABASES, Places
from tests.records import (
    ADAS,
    ADMINISTRATOR,
    CLINICIAN,
    READER,
    REFUSAL,
    actions,
    entered,
    few,
    filed,
    film,
    on_disc,
    reading,
    someone,
    verified,
)

MODELS = find_models()


def contents(store: Store) -> dict[str, list[Any]]:
    """Every row of every table."""
    with store.reading() as connection:
        return {t.name: sorted(map(tuple, connection.execute(t.select())), key=str) for t in metadata.sorted_tables}


@pytest.fixture
def some(store: Store) -> Store:
    """A record with a little of everything that people put there."""
    ada = someone(store, Details("Dräwn, Ädä 王", "ID-7", date(2021, 4, 2), "F"))
    for seed in range(2):
        data = film(seed, AcquisitionDate="20250101", PatientID=ADAS["PatientID"])
        done = filed(store, ada.id, data, reading(data, evidence=True), reading(data, refusal=REFUSAL))
        give_verdict(store, CLINICIAN, agrees=False, why='Line\n"two" — ž', reading_id=done.readings[0])
    note_export(store, CLINICIAN, ada.id, "pdf", b"x")
    retain_patient(store, ADMINISTRATOR, ada, date(2099, 1, 1))
    with store.writing(ADMINISTRATOR) as work:
        keep_setting(work.connection, "x", {"a": [1, None, "ä"]})
        work.enter(Act("setting", object="x"))
    return store


def place(database: str, request: pytest.FixtureRequest, folder: Path) -> Location:
    return Places(database, folder, request).new(made=False)


@pytest.mark.parametrize("other", DATABASES)
def test_a_record_goes_into_a_backup_and_into_either_database_whole(
    store: Store, request: pytest.FixtureRequest, opened: Callable[..., Store], tmp_path: Path, other: str
) -> None:
    make_demo(store, ADMINISTRATOR, few(MODELS, "scan_kind", drawn.FILM, "mortality_10y_logistic", "sepsis_6h_lstm"))
    full = request.getfixturevalue("some")
    rows = backup(full, ADMINISTRATOR, tmp_path / "backup")
    assert actions(full)[-1] == "backup"
    before = contents(full)
    assert rows == {name: len(table) for name, table in before.items()}
    assert [name for name, count in rows.items() if count == 0] == ["visit"]
    location = place(other, request, tmp_path)
    assert restore(location, ADMINISTRATOR, tmp_path / "backup") == rows
    again = opened(location)
    after = contents(again)
    assert entered(again)[:-1] == entered(full)
    assert actions(again)[-1] == "restore"
    assert before.keys() == after.keys()
    for name in before.keys() - {"audit_entry"}:
        assert after[name] == before[name], name
    assert on_disc(again) == on_disc(full)
    assert again.key == full.key
    for line in find_lines(again, Asked()).lines:
        for scan in scans_of(again, line.id):
            for stored in scan.readings:
                assert recall(again, READER, stored.id).image.sha256 == scan.sha256
    again.enter(CLINICIAN, Act("view"))
    assert verified(again).problem is None


def test_work_that_goes_on_during_a_backup_is_no_broken_chain_in_it(
    some: Store, places: Places, location: Location, opened: Callable[..., Store], tmp_path: Path
) -> None:
    other, stop = opened(location), threading.Event()

    def work() -> None:
        while not stop.is_set():
            other.enter(CLINICIAN, Act("view"))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        backup(some, ADMINISTRATOR, tmp_path / "backup")
    finally:
        stop.set()
        thread.join()
    there = places.new()
    restore(there, ADMINISTRATOR, tmp_path / "backup")
    assert verified(opened(there)).problem is None


def test_a_backup_is_for_nobody_but_the_account_that_made_it(some: Store, tmp_path: Path) -> None:
    backup(some, ADMINISTRATOR, tmp_path / "backup")
    assert (tmp_path / "backup").stat().st_mode & 0o077 == 0
    with pytest.raises(RecordError, match="is not empty"):
        backup(some, ADMINISTRATOR, tmp_path / "backup")
    with pytest.raises(RecordError, match="cannot be written"):
        backup(some, ADMINISTRATOR, tmp_path / "backup" / MANIFEST / "x")


def test_a_record_with_a_scan_missing_is_not_backed_up_as_if_it_were_whole(some: Store, tmp_path: Path) -> None:
    next(some.scans.iterdir()).unlink()
    with pytest.raises(RecordError, match="absent or altered"):
        backup(some, ADMINISTRATOR, tmp_path / "backup")
    assert not (tmp_path / "backup" / MANIFEST).exists()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small backup."""
    folder = tmp_path_factory.mktemp("kept")
    store = open_store(Location(folder / "record"))
    filed(store, someone(store).id, film())
    backup(store, ADMINISTRATOR, folder / "backup")
    store.close()
    return folder / "backup"


def damaged(kept: Path, folder: Path, doing: Callable[[Path], object]) -> Path:
    shutil.copytree(kept, folder)
    doing(folder)
    return folder


def _manifest(**other: object) -> Callable[[Path], object]:
    def doing(folder: Path) -> None:
        path = folder / MANIFEST
        path.write_text(json.dumps(json.loads(path.read_text()) | other))

    return doing


def _unlisted(folder: Path) -> None:
    path = folder / MANIFEST
    found = json.loads(path.read_text())
    del found["sha256"]["tables/patient.jsonl"]
    path.write_text(json.dumps(found))


def _longer(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes() + b" ")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no manifest": lambda folder: (folder / MANIFEST).unlink(),
    "no JSON": lambda folder: (folder / MANIFEST).write_text("{"),
    "another thing": lambda folder: (folder / MANIFEST).write_text("[1]"),
    "no rows": _manifest(rows=None),
    "another format": _manifest(format="x"),
    "another version": _manifest(revision="9999"),
    "a path out of it": _manifest(sha256={"../x": "0" * 64}),
    "a table unlisted": _unlisted,
    "a table altered": _longer("tables/patient.jsonl"),
    "a scan altered": lambda folder: next((folder / "scans").iterdir()).write_bytes(b"x"),
    "a scan gone": lambda folder: next((folder / "scans").iterdir()).unlink(),
    "the key altered": _longer(KEY.name),
    "the head gone": lambda folder: (folder / HEAD).unlink(),
}


@pytest.mark.parametrize("doing", DAMAGES.values(), ids=DAMAGES)
def test_of_a_damaged_backup_nothing_is_restored(
    kept: Path, tmp_path: Path, opened: Callable[..., Store], places: Places, doing: Callable[[Path], object]
) -> None:
    location = places.new()
    with pytest.raises(RecordError, match=r"is no backup|is absent or altered") as caught:
        restore(location, ADMINISTRATOR, damaged(kept, tmp_path / "backup", doing))
    assert caught.value.message.id in ("backup.none", "backup.damaged")
    store = opened(location)
    assert {len(rows) for rows in contents(store).values()} == {0}
    assert on_disc(store) == set()
    assert verified(store).problem is None


def test_a_record_in_use_is_never_overwritten(kept: Path, store: Store, location: Location) -> None:
    store.enter(READER, Act("view"))
    before, key = contents(store), (location.folder / KEY).read_bytes()
    with pytest.raises(RecordError, match="There is a record already"):
        restore(location, ADMINISTRATOR, kept)
    assert (contents(store), (location.folder / KEY).read_bytes()) == (before, key)
    assert verified(store).problem is None


def test_who_may_not_restore_changes_nothing(kept: Path, places: Places) -> None:
    location = places.new()
    before = location.folder.exists() and sorted(location.folder.iterdir())
    for person in (READER, CLINICIAN):
        with pytest.raises(AccessError):
            restore(location, person, kept)
    assert (location.folder.exists() and sorted(location.folder.iterdir())) == before

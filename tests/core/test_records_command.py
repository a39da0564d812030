"""The record from the command line: what scripts are promised, and one sentence where something cannot be done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.auditevent import AuditEvent
from fhir.resources.R4B.bundle import Bundle
from sqlalchemy import delete

from medai_core.__main__ import main
from medai_core.records.audit import HEAD
from medai_core.records.schema import audit_entry
from medai_core.records.store import Location, Store, default_store
from medai_core.records.store.patients import Details
from medai_core.records.store.vitals import Vital, file_vitals
from tests.core.conftest import Places
from tests.records import ADAS, CLINICIAN, REFUSAL, actions, audit_text, entered, filed, film, reading, someone

ROOT = Path(__file__).parent.parent.parent
Run = Callable[..., tuple[int, str, str]]


def use(location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDAI_DATA", str(location.folder))
    monkeypatch.setenv("MEDAI_DATABASE_URL", location.url)


@pytest.fixture
def run(location: Location, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs a command on the record; its exit code, what it printed and what it complained of."""
    use(location, monkeypatch)

    def run(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        out, complaint = capfd.readouterr()
        assert "Traceback" not in out + complaint
        assert complaint.count("\n") <= 1
        return code, out, complaint

    return run


@pytest.fixture
def used(store: Store) -> Store:
    """A record with a patient who has a scan with a finding and a refusal, and one who has nothing."""
    ada, data = someone(store), film(**ADAS)
    filed(store, ada.id, data, reading(data), reading(data, refusal=REFUSAL))
    file_vitals(store, CLINICIAN, ada.id, (Vital("heart_rate", 71, store.clock()),))
    someone(store, Details("Öther, Bert 王"))
    return store


def test_the_list_names_the_most_urgent_first_and_says_why(used: Store, run: Run) -> None:
    code, out, _ = run("record", "list")
    first, second, counted = out.splitlines()
    assert code == 0
    assert "ID-7" in first
    assert first.endswith("Drawn, Ada born 2021-04-02  unread refused: needs a person")
    assert second.endswith("Öther, Bert 王  nothing filed")
    assert counted == "2 of 2 patients"
    code, out, _ = run("record", "list", "--json", "--search", "other")
    (line,) = json.loads(out)
    assert (line["name"], line["unread"], line["newest"]) == ("Öther, Bert 王", False, None)
    assert json.loads(run("record", "list", "--json", "--show", "refused")[1])[0]["number"] == "ID-7"
    assert run("record", "list", "--limit", "1")[1].splitlines()[-1] == "1 of 2 patients"
    assert len(run("record", "list", "--limit", "-3")[1].splitlines()) == 2
    assert entered(used)[-1].subject.startswith("account:")


def test_one_patient_is_shown_by_number_or_identifier(used: Store, run: Run) -> None:
    id = entered(used)[0].patient
    by_number, by_id = run("record", "show", "ID-7"), run("record", "show", id)
    assert by_number == by_id
    assert by_number[0] == 0
    assert "Drawn, Ada  ID-7  born 2021-04-02" in by_number[1]
    assert "pneumonia 0.700" in by_number[1]
    assert REFUSAL.text in by_number[1]
    assert "1 vital signs" in by_number[1]
    found = json.loads(run("record", "show", "ID-7", "--json")[1])
    assert found["patient"]["number"] == "ID-7"
    assert len(found["scans"][0]["readings"]) == 2
    assert found["vitals"][0]["loinc"] == "8867-4"
    assert actions(used)[-1] == "view"


@pytest.mark.parametrize("asked", ["ID-8", "", "%", "' OR 1=1", "\udcff", "0" * 32])
def test_a_patient_who_is_not_there_is_one_sentence(used: Store, run: Run, asked: str) -> None:
    code, out, complaint = run("record", "show", asked)
    assert (code, out) == (1, "")
    assert complaint == "There is no such patient in the record. The patient may have been deleted.\n"


def test_a_record_moves_by_backup_and_restore(
    used: Store, run: Run, places: Places, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: Any
) -> None:
    shown = run("record", "show", "ID-7", "--json")[1]
    code, out, _ = run("backup", tmp_path / "backup")
    assert code == 0
    assert "2 patients, 1 scans" in out
    assert run("backup", tmp_path / "backup")[0] == 1
    other = {"sqlite": "postgresql", "postgresql": "sqlite"}[places.database]
    use(Places(other, tmp_path, request).new(made=False), monkeypatch)
    code, out, complaint = run("restore", tmp_path / "backup")
    assert (code, complaint) == (0, "")
    assert "2 patients, 1 scans" in out
    assert run("record", "show", "ID-7", "--json")[1] == shown
    assert run("audit", "verify")[0] == 0
    code, out, complaint = run("restore", tmp_path / "backup")
    assert (code, out) == (1, "")
    assert "There is a record already" in complaint
    back = places.new()
    assert run("backup", tmp_path / "second")[0] == 0
    use(back, monkeypatch)
    assert run("restore", tmp_path / "second")[0] == 0
    assert run("record", "show", "ID-7", "--json")[1] == shown
    assert run("audit", "verify")[0] == 0


def test_a_damaged_backup_or_none_is_one_sentence(used: Store, run: Run, tmp_path: Path) -> None:
    code, _, complaint = run("restore", tmp_path / "nothing")
    assert code == 1
    assert "is no backup of a record" in complaint
    run("backup", tmp_path / "backup")
    (tmp_path / "backup" / "tables" / "patient.jsonl").write_text("")
    code, _, complaint = run("restore", tmp_path / "backup")
    assert code == 1
    assert "tables/patient.jsonl in the backup is absent or altered" in complaint


def test_verifying_says_how_many_entries_hold(used: Store, run: Run) -> None:
    count = len(entered(used))
    assert run("audit", "verify")[:2] == (0, f"{count} entries, each follows the one before it.\n")
    assert json.loads(run("audit", "verify", "--json")[1]) == {"entries": count + 1, "broken": None, "problem": None}
    assert entered(used)[-1].detail == '{"good":true}'


def test_verifying_names_the_first_broken_entry_and_exits_with_1(used: Store, run: Run) -> None:
    (used.folder / HEAD).unlink()
    code, out, _ = run("audit", "verify")
    assert code == 1
    assert out.startswith("The signed head of the audit is absent")
    with used.engine.begin() as connection:
        if used.engine.dialect.name == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER audit_entry_no_delete")
        else:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.execute(delete(audit_entry).where(audit_entry.c.number == 2))
    code, out, _ = run("audit", "verify", "--json")
    assert (code, json.loads(out)["broken"]) == (1, 2)


def test_the_audit_is_exported_as_bundle_as_lines_or_printed(used: Store, run: Run, tmp_path: Path) -> None:
    code, out, _ = run("audit", "export")
    assert code == 0
    printed = json.loads(out)
    Bundle.model_validate(printed)
    assert len(printed["entry"]) == len(entered(used))
    assert run("audit", "export", "--out", tmp_path / "audit.json")[1] == f"Written to {tmp_path / 'audit.json'}.\n"
    assert len(json.loads((tmp_path / "audit.json").read_text())["entry"]) == len(printed["entry"]) + 1
    run("audit", "export", "--out", tmp_path / "audit.ndjson")
    lines = (tmp_path / "audit.ndjson").read_text().splitlines()
    assert len(lines) == len(printed["entry"]) + 2
    for line in lines:
        AuditEvent.model_validate(json.loads(line))
    code, _, complaint = run("audit", "export", "--out", tmp_path / "nowhere" / "audit.json")
    assert code == 1
    assert "cannot be written" in complaint
    assert "Drawn" not in audit_text(used)


def test_a_command_run_as_a_process_says_in_one_line_that_the_record_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "medai_core", "record", "list"],
        cwd=ROOT,
        env=os.environ | {"MEDAI_DATA": str(tmp_path / "file"), "MEDAI_DATABASE_URL": ""},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("The data folder")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", [["record", "list"], ["audit", "verify"], ["audit", "export"], ["backup", "x"]])
def test_no_command_opens_a_record_whose_address_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, command: list[str]
) -> None:
    for url, said in (
        ("mysql://x/y", "of the kind 'mysql'"),
        ("postgresql://127.0.0.1:1/x", "PostgreSQL cannot be used"),
    ):
        use(Location(tmp_path, url), monkeypatch)
        assert main(command) == 1
        out, complaint = capsys.readouterr()
        assert (out, complaint.count("\n")) == ("", 1)
        assert said in complaint


def test_a_new_record_is_empty_and_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    use(Location(tmp_path), monkeypatch)
    assert main(["record", "list"]) == 0
    assert capsys.readouterr().out == "0 of 0 patients\n"
    store = default_store()
    assert actions(store) == ["list"]
    store.close()

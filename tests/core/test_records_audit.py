"""Who did what: append-only, chained, signed; whoever edits, removes, reorders, inserts or cuts is found out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.auditevent import AuditEvent
from fhir.resources.R4B.bundle import Bundle
from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError

from medai_core.records import audit
from medai_core.records.access import LOCAL, Person
from medai_core.records.audit import ACTIONS, HEAD, Act, Entry
from medai_core.records.fhir import audit_bundle, audit_event
from medai_core.records.schema import audit_entry
from medai_core.records.store import Location, Store
from tests.records import CLINICIAN, READER, actions, entered, someone, verified

ROOT = Path(__file__).parent.parent.parent
N = 8


@pytest.fixture
def worked(store: Store) -> Store:
    """A record in which a few things were done."""
    for i in range(N):
        store.enter(CLINICIAN, Act("view", f"{i:032x}", detail={"step": i}))
    assert verified(store) == audit.Verification(N, None, None)
    return store


@contextmanager
def tampering(store: Store) -> Any:
    """The database, with all that guards the entries put out of the way."""
    with store.engine.begin() as connection:
        if store.engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        else:
            for event in ("update", "delete"):
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS audit_entry_no_{event}")
        yield connection


def cut(store: Store, number: int) -> None:
    """Take an entry and all after it away."""
    with tampering(store) as connection:
        connection.execute(delete(audit_entry).where(audit_entry.c.number >= number))


def found(store: Store) -> tuple[int | None, str | None]:
    """The first broken entry, and what is wrong with it."""
    result = verified(store)
    assert (result.broken is None) == (result.problem is None)
    if result.problem is not None and "number" in result.problem.facts:
        assert result.problem.facts["number"] == result.broken
        assert str(result.broken) in result.problem.text
    return result.broken, result.problem.id if result.problem else None


@pytest.mark.parametrize("column", [c.name for c in audit_entry.columns if c.name not in ("number", "mac")])
def test_an_entry_that_was_edited_is_named_whatever_word_of_it(worked: Store, column: str) -> None:
    value = "f" * 64 if column == "previous" else "x"
    with tampering(worked) as connection:
        connection.execute(update(audit_entry).where(audit_entry.c.number == 4).values({column: value}))
    assert found(worked) == (4, "audit.altered")


def test_an_entry_that_was_edited_and_signed_with_another_key_is_named(worked: Store) -> None:
    forged = replace(entered(worked)[3], subject="somebody else")
    with tampering(worked) as connection:
        words = asdict(forged) | {"mac": audit.signed(forged, b"guessed")}
        connection.execute(update(audit_entry).where(audit_entry.c.number == 4).values(words))
    assert found(worked) == (4, "audit.altered")


@pytest.mark.parametrize("number", [1, 4, N - 1])
def test_an_entry_that_was_removed_is_named(worked: Store, number: int) -> None:
    with tampering(worked) as connection:
        connection.execute(delete(audit_entry).where(audit_entry.c.number == number))
    assert found(worked) == (number, "audit.gap")


def _renumber(connection: Connection, old: int, new: int) -> None:
    connection.execute(update(audit_entry).where(audit_entry.c.number == old).values(number=new))


def test_entries_that_were_removed_and_closed_up_are_named(worked: Store) -> None:
    with tampering(worked) as connection:
        connection.execute(delete(audit_entry).where(audit_entry.c.number == 4))
        for number in range(5, N + 1):
            _renumber(connection, number, number - 1)
    assert found(worked) == (4, "audit.altered")


def test_entries_that_were_exchanged_are_named(worked: Store) -> None:
    with tampering(worked) as connection:
        for old, new in ((3, 1003), (5, 3), (1003, 5)):
            _renumber(connection, old, new)
    assert found(worked) == (3, "audit.altered")


def test_an_entry_that_was_put_in_is_named(worked: Store) -> None:
    copy = entered(worked)[2]
    with tampering(worked) as connection:
        for number in range(N, 4, -1):
            _renumber(connection, number, number + 1)
        connection.execute(insert(audit_entry).values(asdict(copy) | {"number": 5}))
    assert found(worked) == (5, "audit.altered")


def test_an_entry_put_before_the_first_or_after_the_last_is_named(worked: Store) -> None:
    newest = entered(worked)[-1]
    for number, said in ((N + 1, (N + 1, "audit.altered")), (0, (1, "audit.gap")), (-9, (1, "audit.gap"))):
        with tampering(worked) as connection:
            connection.execute(insert(audit_entry).values(asdict(newest) | {"number": number}))
        assert found(worked) == said


@pytest.mark.parametrize("number", [1, 2, N])
def test_a_cut_tail_shows_by_the_signed_head(worked: Store, number: int) -> None:
    cut(worked, number)
    assert found(worked) == (number, "audit.cut")


def test_a_cut_tail_still_shows_when_work_went_on_over_it(worked: Store) -> None:
    cut(worked, N - 1)
    for more in range(1, 5):
        worked.enter(CLINICIAN, Act("view", "f" * 32))
        # At first there are fewer entries than the head says, and then another where it was.
        assert found(worked) == (N, "audit.cut" if more < 2 else "audit.altered")


def test_without_its_head_or_with_one_that_nobody_signed_the_audit_is_not_trusted(worked: Store) -> None:
    path = worked.folder / HEAD
    signed = json.loads(path.read_text())
    for content in (None, "", "{}", "[]", json.dumps(signed | {"number": 3}), json.dumps(signed | {"signature": 7})):
        path.unlink() if content is None else path.write_text(content)
        assert found(worked) == (N + 1, "audit.no_head")
        worked.enter(CLINICIAN, Act("view"))
        assert found(worked)[1] == "audit.no_head"
        cut(worked, N + 1)


def test_the_head_of_an_older_day_put_back_hides_no_edit_and_is_overtaken(worked: Store) -> None:
    path = worked.folder / HEAD
    older = path.read_bytes()
    worked.enter(CLINICIAN, Act("view"))
    path.write_bytes(older)
    assert found(worked) == (None, None)
    worked.enter(CLINICIAN, Act("view"))
    cut(worked, N + 2)
    assert found(worked) == (N + 2, "audit.cut")


def test_another_key_trusts_nothing(worked: Store) -> None:
    assert found(replace(worked, key=b"another"))[1] == "audit.altered"


@pytest.mark.parametrize("statement", ["UPDATE audit_entry SET name = 'x'", "DELETE FROM audit_entry"])
def test_the_database_itself_lets_nobody_change_or_remove_an_entry(worked: Store, statement: str) -> None:
    with pytest.raises(DBAPIError, match="audit entries stay as they are"), worked.engine.begin() as connection:
        connection.exec_driver_sql(statement)
    assert found(worked) == (None, None)


def test_postgresql_lets_nobody_empty_the_table_either(worked: Store) -> None:
    if worked.engine.dialect.name == "postgresql":
        with pytest.raises(DBAPIError, match="audit entries stay as they are"), worked.engine.begin() as connection:
            connection.exec_driver_sql("TRUNCATE audit_entry")
        assert len(entered(worked)) == N


def test_an_entry_is_there_only_when_what_it_says_was_done(store: Store) -> None:
    class Stop(Exception):
        pass

    with pytest.raises(Stop), store.writing(CLINICIAN) as work:
        work.enter(Act("patient.create", "1" * 32))
        raise Stop
    assert entered(store) == []
    assert found(store) == (None, None)


def test_many_users_at_once_make_one_chain(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        for _ in pool.map(lambda i: store.enter(CLINICIAN, Act("view", object=str(i))), range(40)):
            pass
    assert sorted(int(e.object or -1) for e in entered(store)) == list(range(40))
    assert found(store) == (None, None)


def test_two_processes_at_once_make_one_chain(store: Store, location: Location) -> None:
    words = [sys.executable, "-m", "tests.importer", str(location.folder), location.url, "20"]
    both = [subprocess.Popen(words, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    assert len(entered(store)) == 40
    assert len({e.subject for e in entered(store)}) == 2
    assert found(store) == (None, None)


def test_a_long_audit_is_read_whole(store: Store) -> None:
    with store.writing(CLINICIAN) as work:
        for _ in range(1050):
            work.enter(Act("view"))
    assert found(store) == (None, None)
    assert [e.number for e in entered(store)] == list(range(1, 1051))
    with store.reading() as connection:
        assert connection.execute(select(func.count()).select_from(audit_entry)).scalar_one() == 1050


def test_the_longest_words_are_entered_and_verified_as_they_were_stored(store: Store) -> None:
    wordy = Person("s" * 500, "ñ" * 500, "r" * 500)
    store.enter(wordy, Act("view", "1" * 32, "o" * 500, {"why": "è" * 1000, "none": None, "good": True, "share": 0.1}))
    assert found(store) == (None, None)
    assert len(entered(store)[0].detail) > 1000


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_is_a_valid_audit_event(action: str) -> None:
    key = b"key"
    for person in (CLINICIAN, LOCAL, READER, Person("", "", ""), Person(" ", "x\ny", "clinician ")):
        bare = Entry(
            7, "2026-01-02T03:04:05.000006+00:00", person.subject, person.name, person.role, action, "a" * 32,
            "b" * 32, '{"agrees":true}', "0" * 64,
        )  # fmt: skip
        entry = replace(bare, mac=audit.signed(bare, key))
        for given in (entry, replace(entry, patient=None, object=None, detail="{}")):
            event = audit_event(given)
            AuditEvent.model_validate(event)
            assert event["subtype"][0]["code"] == action
            assert event["outcome"] == ("4" if action in ("refused", "sign-in.refused", "scan.refuse") else "0")


def test_the_export_holds_all_that_is_needed_to_verify_the_chain_elsewhere(store: Store) -> None:
    someone(store)
    store.enter(READER, Act("view", "1" * 32))
    bundle = audit_bundle(entered(store))
    Bundle.model_validate(bundle)
    previous = audit.START
    for resource, entry in zip((e["resource"] for e in bundle["entry"]), entered(store), strict=True):
        proof = {d["type"]: d["valueString"] for d in resource["entity"][0]["detail"]}
        assert proof["previous"] == previous
        assert proof["hmac-sha256"] == entry.mac
        previous = proof["hmac-sha256"]
    assert "Drawn" not in json.dumps(bundle)
    assert "ID-7" not in json.dumps(bundle)


def test_no_two_actions_are_called_alike_and_all_fit_their_column() -> None:
    assert len(set(ACTIONS.values())) == len(ACTIONS)
    assert max(map(len, ACTIONS)) <= 40


def test_a_disc_too_full_for_the_head_does_not_turn_what_was_done_into_a_failure(
    worked: Store, location: Location, opened: Callable[..., Store], caplog: pytest.LogCaptureFixture
) -> None:
    """The head stays behind, which hides nothing, and catches up with the next entry."""
    lock = worked.folder / f"{HEAD}.lock"
    lock.unlink()
    lock.mkdir()
    worked.enter(CLINICIAN, Act("view"))
    assert len(entered(worked)) == N + 1
    assert "The head of the audit cannot be written" in caplog.text
    lock.rmdir()
    assert found(worked) == (None, None)
    again = opened(location)
    again.enter(CLINICIAN, Act("view"))
    cut(again, N + 2)
    assert found(again) == (N + 2, "audit.cut")
    assert actions(again) == ["view"] * (N + 1)

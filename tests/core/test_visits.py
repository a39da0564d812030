"""A sign-in begins once, lasts while it is used, and never comes back; the audit says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import func, select

from medai_core.errors import AccessError
from medai_core.records import audit
from medai_core.records.access import Person, find_claim, role_of
from medai_core.records.schema import visit
from medai_core.records.store import Location, Store, open_store
from medai_core.records.store.visits import (
    IDLE,
    KEPT,
    STEP,
    arrive,
    end_idle,
    idle_time,
    leave,
    still_here,
)

ADA = Person("ada", "Ada Drawn", "clinician")
BEN = Person("ben", "Ben Drawn", "reader")
NOBODY_HERE = Person("eve", "Eve Drawn", "")


@dataclass
class Clock:
    """A clock that the test moves."""

    now: datetime = field(default_factory=lambda: datetime(2025, 3, 1, 8, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def move(self, by: timedelta) -> None:
        self.now += by


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    opened = open_store(Location(tmp_path / "visits"), clock=clock)
    yield opened
    opened.close()


def entered(store: Store) -> list[tuple[str, str, str | None]]:
    """What the audit says: action, subject, and why."""
    with store.reading() as connection:
        return [(e.action, e.subject, json.loads(e.detail).get("why")) for e in audit.entries(connection)]


def refused(store: Store, cookie: str = "a", person: Person = ADA) -> str:
    with pytest.raises(AccessError) as error:
        arrive(store, cookie, person)
    return error.value.message.id


def last_seen(store: Store, subject: str = "ada") -> datetime:
    with store.reading() as connection:
        return connection.execute(select(visit.c.last_seen_at).where(visit.c.subject == subject)).scalar_one()


def test_the_first_sight_of_a_cookie_is_a_sign_in_and_the_next_are_not(store: Store) -> None:
    for _page in range(3):
        assert arrive(store, "a", ADA) == ADA
    assert entered(store) == [("sign-in", "ada", None)]
    with store.reading() as connection:
        assert audit.verify(connection, store.folder, store.key).problem is None


def test_a_cookie_is_never_kept_only_its_hash(store: Store) -> None:
    arrive(store, "a cookie that nobody may copy", ADA)
    store.close()
    kept = b"".join(path.read_bytes() for path in store.folder.rglob("*") if path.is_file())
    assert b"nobody may copy" not in kept
    assert b"Ada Drawn" in kept


def test_a_visit_that_is_used_goes_on_for_hours(store: Store, clock: Clock) -> None:
    for _quarter in range(20):
        arrive(store, "a", ADA)
        clock.move(IDLE - timedelta(seconds=1))
    assert arrive(store, "a", ADA) == ADA
    assert len(entered(store)) == 1


def test_a_use_is_written_down_at_most_every_twenty_seconds(store: Store, clock: Clock) -> None:
    arrive(store, "a", ADA)
    began = last_seen(store)
    clock.move(STEP - timedelta(seconds=1))
    arrive(store, "a", ADA)
    assert last_seen(store) == began
    clock.move(timedelta(seconds=1))
    arrive(store, "a", ADA)
    assert last_seen(store) == began + STEP


def test_fifteen_minutes_without_use_end_a_visit_and_are_entered_once(store: Store, clock: Clock) -> None:
    arrive(store, "a", ADA)
    clock.move(IDLE)
    assert [refused(store) for _tab in range(3)] == ["access.idle"] * 3
    assert entered(store) == [("sign-in", "ada", None), ("sign-out", "ada", "idle")]


def test_looking_whether_a_visit_goes_on_is_no_use_of_it(store: Store, clock: Clock) -> None:
    assert not still_here(store, "a")
    arrive(store, "a", ADA)
    for _look in range(14):
        clock.move(timedelta(minutes=1))
        assert still_here(store, "a")
    clock.move(timedelta(minutes=1))
    assert not still_here(store, "a")
    assert refused(store) == "access.idle"
    assert not still_here(store, "a")


def test_a_department_can_set_other_minutes(store: Store, clock: Clock) -> None:
    idle = idle_time({"MEDAI_IDLE_MINUTES": "2.5"})
    arrive(store, "a", ADA, idle=idle)
    clock.move(timedelta(seconds=149))
    arrive(store, "a", ADA, idle=idle)
    clock.move(timedelta(seconds=150))
    with pytest.raises(AccessError, match=r"was not used for 2\.5 minutes"):
        arrive(store, "a", ADA, idle=idle)
    assert idle_time({}) == idle_time({"MEDAI_IDLE_MINUTES": ""}) == IDLE


@pytest.mark.parametrize("stated", ["0", "-5", "soon", "nan", "inf", "1441"])
def test_minutes_that_would_keep_everybody_in_or_out_are_refused(stated: str) -> None:
    with pytest.raises(AccessError, match="MEDAI_IDLE_MINUTES"):
        idle_time({"MEDAI_IDLE_MINUTES": stated})


def test_whoever_signs_out_is_out_everywhere_with_that_cookie(store: Store) -> None:
    arrive(store, "a", ADA)
    leave(store, "a")
    leave(store, "a")
    leave(store, "never seen")
    assert refused(store) == "access.ended"
    assert entered(store) == [("sign-in", "ada", None), ("sign-out", "ada", "asked")]
    assert arrive(store, "another sign-in", ADA) == ADA


def test_a_copied_cookie_of_an_ended_visit_stays_refused_after_a_restart(store: Store, clock: Clock) -> None:
    arrive(store, "a", ADA)
    leave(store, "a")
    store.close()
    clock.move(timedelta(days=30))
    again = open_store(Location(store.folder), clock=clock)
    assert refused(again) == "access.ended"
    assert not still_here(again, "a")
    again.close()


def test_a_copied_cookie_cannot_bring_back_what_was_idle_across_a_restart(store: Store, clock: Clock) -> None:
    arrive(store, "a", ADA)
    store.close()
    clock.move(IDLE)
    again = open_store(Location(store.folder), clock=clock)
    assert refused(again) == "access.idle"
    assert entered(again)[-1] == ("sign-out", "ada", "idle")
    again.close()


def test_the_role_of_a_visit_is_the_one_that_it_began_with(store: Store) -> None:
    arrive(store, "b", BEN)
    assert arrive(store, "b", Person("ben", "Ben Drawn", "administrator")) == BEN


def test_an_account_without_a_role_is_refused_and_that_is_entered_once(store: Store) -> None:
    assert [refused(store, "e", NOBODY_HERE) for _page in range(3)] == ["access.no_role"] * 3
    leave(store, "e")
    assert end_idle(store) == 0
    assert entered(store) == [("sign-in.refused", "eve", None)]
    assert not still_here(store, "e")


def test_an_unknown_role_is_none(store: Store) -> None:
    assert refused(store, "e", Person("eve", "Eve Drawn", "owner")) == "access.no_role"


def test_a_visit_whose_browser_was_closed_is_ended_when_the_next_one_begins(store: Store, clock: Clock) -> None:
    arrive(store, "a", ADA)
    clock.move(timedelta(hours=9))
    arrive(store, "b", BEN)
    assert entered(store) == [("sign-in", "ada", None), ("sign-out", "ada", "idle"), ("sign-in", "ben", None)]
    assert end_idle(store) == 0


def test_two_people_are_told_apart_and_end_apart(store: Store) -> None:
    assert arrive(store, "a", ADA) == ADA
    assert arrive(store, "b", BEN) == BEN
    leave(store, "a")
    assert refused(store, "a") == "access.ended"
    assert arrive(store, "b", BEN) == BEN


def test_an_ended_visit_is_remembered_longer_than_its_cookie_lives(store: Store, clock: Clock) -> None:
    arrive(store, "a", ADA)
    leave(store, "a")
    clock.move(timedelta(days=31))
    arrive(store, "b", BEN)
    assert refused(store) == "access.ended"
    clock.move(KEPT)
    arrive(store, "c", BEN)
    with store.reading() as connection:
        assert connection.execute(select(func.count()).select_from(visit)).scalar_one() == 2


def test_ten_tabs_at_once_are_one_sign_in_and_one_sign_out(store: Store, clock: Clock) -> None:
    def at_once(work: object) -> None:
        threads = [Thread(target=work) for _tab in range(10)]  # type: ignore[arg-type]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    at_once(lambda: arrive(store, "a", ADA))
    assert entered(store) == [("sign-in", "ada", None)]
    clock.move(IDLE)
    at_once(lambda: refused(store))
    assert entered(store) == [("sign-in", "ada", None), ("sign-out", "ada", "idle")]


def test_a_claim_is_found_by_its_name_or_by_the_path_to_it() -> None:
    claims = {
        "roles": ["medai-reader"],
        "realm_access": {"roles": ["offline_access", "clinician"]},
        "https://clinic.example/roles": "administrator",
        "flat": "reader",
    }
    asked = ("roles", "realm_access.roles", "https://clinic.example/roles")
    assert [role_of(find_claim(claims, name)) for name in asked] == ["reader", "clinician", "administrator"]
    for absent in ("groups", "flat.roles", "realm_access.groups", "realm_access.roles.0", ""):
        assert role_of(find_claim(claims, absent)) == ""

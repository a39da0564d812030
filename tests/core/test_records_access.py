"""What a role may not do is refused by the core, whatever a page shows, and the refusal is entered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medai_core.catalog import find_models
from medai_core.errors import AccessError
from medai_core.records import schema
from medai_core.records.access import LEAST_ROLE, LOCAL, ROLE_TITLES, ROLES, Person, demand, may, role_of
from medai_core.records.demo import make_demo, remove_demo
from medai_core.records.store import Store, backup
from medai_core.records.store.estimates import file_estimate
from medai_core.records.store.patients import (
    Patient,
    create_patient,
    delete_patient,
    edit_patient,
    patient_of,
    retain_patient,
    view_patient,
)
from medai_core.records.store.results import give_verdict, note_export, recall, scans_of
from medai_core.records.store.vitals import Vital, file_vitals
from medai_core.records.store.worklist import Asked, worklist
from tests.records import ADA, ADMINISTRATOR, CLINICIAN, READER, REFUSAL, entered, filed, film, someone

MODELS = find_models()
RISK = next(cards[0] for cards in MODELS.outcomes().values())
STRANGER = Person("oidc|stranger", "Sam Stranger", "")
UNKNOWN = Person("oidc|unknown", "Uma Unknown", "owner")
Doing = Callable[[Store, Person, Path], object]


def _opened(store: Store) -> Patient:
    return patient_of(store, _id(store))


def _id(store: Store) -> str:
    return str(entered(store)[0].patient)


def _reading(store: Store) -> str:
    return scans_of(store, _id(store))[0].readings[0].id


CHANGING: dict[str, tuple[str, Doing]] = {
    "create": ("file", lambda s, p, _: create_patient(s, p, replace(ADA, number="N-2"))),
    "file a scan": ("file", lambda s, p, _: filed(s, _id(s), film(1), by=p)),
    "file a risk": ("file", lambda s, p, _: file_estimate(s, p, _id(s), MODELS.risk_model(RISK), {}, (REFUSAL,))),
    "file vitals": ("file", lambda s, p, _: file_vitals(s, p, _id(s), (Vital("heart_rate", 70, s.clock()),))),
    "make demo": ("file", lambda s, p, _: make_demo(s, p, MODELS)),
    "remove demo": ("edit", lambda s, p, _: remove_demo(s, p)),
    "edit": ("edit", lambda s, p, _: edit_patient(s, p, _opened(s), replace(ADA, name="Other"))),
    "judge": ("judge", lambda s, p, _: give_verdict(s, p, agrees=True, reading_id=_reading(s))),
    "export": ("export", lambda s, p, _: note_export(s, p, _id(s), "pdf", b"x")),
    "retain": ("delete", lambda s, p, _: retain_patient(s, p, _opened(s), date(2099, 1, 1))),
    "delete": ("delete", lambda s, p, _: delete_patient(s, p, _id(s))),
    "back up": ("configure", lambda s, p, folder: backup.backup(s, p, folder / "backup")),
}
SEEING: dict[str, tuple[str, Doing]] = {
    "list": ("view", lambda s, p, _: worklist(s, p, Asked())),
    "view": ("view", lambda s, p, _: view_patient(s, p, _id(s))),
    "recall": ("view", lambda s, p, _: recall(s, p, _reading(s))),
}


@pytest.fixture
def used(store: Store) -> Store:
    """A record with a patient and a scan."""
    filed(store, someone(store).id, film())
    return store


def tables(store: Store) -> str:
    """All that the record holds but the audit."""
    with store.reading() as connection:
        return "\n".join(
            str(sorted(map(str, connection.execute(t.select()))))
            for t in schema.metadata.sorted_tables
            if t.name != "audit_entry"
        )


@pytest.mark.parametrize(("permission", "doing"), CHANGING.values(), ids=CHANGING)
def test_a_reader_changes_nothing_and_whoever_may_does(
    used: Store, tmp_path: Path, permission: str, doing: Doing
) -> None:
    before = tables(used)
    lower = [p for p in (STRANGER, UNKNOWN, READER, CLINICIAN) if not may(p, permission)]
    assert READER in lower
    for person in lower:
        with pytest.raises(AccessError) as caught:
            doing(used, person, tmp_path)
        assert caught.value.message.facts["needed"] == f"role.{LEAST_ROLE[permission]}"
        last = entered(used)[-1]
        assert (last.action, last.object, last.subject) == ("refused", permission, person.subject)
    count = len(entered(used))
    with pytest.raises(AccessError, match="Nobody is signed in"):
        doing(used, None, tmp_path)  # type: ignore[arg-type]
    assert (tables(used), len(entered(used)), list(tmp_path.glob("backup"))) == (before, count, [])
    doing(used, ADMINISTRATOR, tmp_path)


@pytest.mark.parametrize(("permission", "doing"), SEEING.values(), ids=SEEING)
def test_who_has_no_role_sees_nothing_and_a_reader_does(
    used: Store, tmp_path: Path, permission: str, doing: Doing
) -> None:
    for person in (STRANGER, UNKNOWN):
        with pytest.raises(AccessError):
            doing(used, person, tmp_path)
        assert (entered(used)[-1].action, entered(used)[-1].subject) == ("refused", person.subject)
    with pytest.raises(AccessError, match="Nobody is signed in"):
        doing(used, None, tmp_path)  # type: ignore[arg-type]
    assert doing(used, READER, tmp_path)
    assert permission == "view"


def test_each_role_may_all_that_those_before_it_may() -> None:
    allowed = [{p for p in LEAST_ROLE if may(Person("x", "X", role), p)} for role in ROLES]
    assert allowed[0] < allowed[1] < allowed[2] == set(LEAST_ROLE)
    assert allowed[0] == {"view"}
    assert set(ROLE_TITLES) == set(ROLES)
    assert demand(LOCAL, "configure") is LOCAL
    assert not may(None, "view")


@pytest.mark.parametrize(
    ("claim", "role"),
    [
        ("clinician", "clinician"),
        (["medai-reader", "medai:administrator", "other"], "administrator"),
        ("offline_access, medai-clinician", "clinician"),
        (("Reader",), "reader"),
        ("administrators", ""),
        ("", ""),
        (None, ""),
        ({"administrator": 1}, ""),
        (7, ""),
    ],
    ids=str,
)
def test_a_role_is_read_from_what_the_identity_provider_says(claim: object, role: str) -> None:
    assert role_of(claim) == role


@given(
    st.recursive(st.none() | st.booleans() | st.text() | st.integers(), lambda x: st.lists(x, max_size=4), max_leaves=8)
)
def test_whatever_a_claim_holds_it_gives_a_known_role_or_none(claim: object) -> None:
    assert role_of(claim) in ("", *ROLES)

"""The worklist: the most urgent first, each patient once, however long the list and whoever works beside."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from medai_core.errors import AccessError
from medai_core.records import SHOWN, schema
from medai_core.records.access import Person
from medai_core.records.store import Store
from medai_core.records.store import worklist as module
from medai_core.records.store.filing import file_scan
from medai_core.records.store.patients import Details, new_id
from medai_core.records.store.results import give_verdict, scans_of
from medai_core.records.store.words import words_of
from medai_core.records.store.worklist import COUNTED, Asked, Line, Lines, find_lines, worklist
from tests import drawn
from tests.records import CARDS, CLINICIAN, READER, REFUSAL, actions, filed, film, reading, someone

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def put(store: Store, *people: dict[str, object]) -> None:
    """People with these places in the list, without all that brings one there."""
    if not people:
        return
    rows = [
        {
            "id": new_id(),
            "name": f"Drawn, {i}",
            "demo": False,
            "created_at": NOON - timedelta(days=9),
            "changed_at": NOON,
            "changed_by": "x",
            "version": 1,
            "waits": False,
            "refused": False,
            "urgency": 0.0,
            "newest_at": NOON,
        }
        | given
        for i, given in enumerate(people)
    ]
    with store.engine.begin() as connection:
        connection.execute(insert(schema.patient), rows)


def empty(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.execute(schema.patient.delete())


def all_lines(store: Store, asked: Asked, between: Callable[[], object] | None = None) -> list[Line]:
    """Every line, page after page; and the same pages backwards."""
    pages = [find_lines(store, asked)]
    assert pages[0].before is None
    while pages[-1].after:
        if between:
            between()
        pages.append(find_lines(store, replace(asked, place=pages[-1].after)))
        assert len(pages) < 200
    back = [pages[-1]]
    while back[-1].before:
        back.append(find_lines(store, replace(asked, place=back[-1].before)))
        assert len(back) < 200
    forth, again = ([line.id for page in ps for line in page.lines] for ps in (pages, reversed(back)))
    assert between or forth == again
    assert all(page.lines or page is pages[0] for page in pages)
    return [line for page in pages for line in page.lines]


places = st.fixed_dictionaries(
    {
        "waits": st.booleans(),
        "refused": st.booleans(),
        "urgency": st.sampled_from([0.0, 0.25, 0.1 + 0.2, 0.3, 0.999999999, 1.0]) | st.floats(0, 1),
        "newest_at": st.sampled_from([NOON, NOON + timedelta(microseconds=1), NOON - timedelta(days=400)]),
    }
)


@given(people=st.lists(places, max_size=23), size=st.integers(1, 9), show=st.sampled_from(SHOWN))
@example(people=[], size=1, show="all")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_list_is_what_sorting_it_by_hand_gives_on_pages_of_any_size_forwards_and_backwards(
    store: Store, people: list[dict[str, object]], size: int, show: str
) -> None:
    empty(store)
    put(store, *people)
    lines = all_lines(store, Asked(show=show, size=size))

    everybody = find_lines(store, Asked(size=100)).lines
    shown = {
        "all": lambda line: True,
        "unread": lambda line: line.waits,
        "refused": lambda line: line.refused,
        "read": lambda line: not line.waits,
    }[show]
    by_hand = sorted(
        filter(shown, everybody), key=lambda line: (line.waits, line.urgency, line.newest_at, line.id), reverse=True
    )
    assert lines == by_hand
    assert find_lines(store, Asked(show=show, size=size)).total == len(by_hand)


WORDS = ("anna", "anders", "ann", "berg", "bergmann", "x1")


@given(
    names=st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join), max_size=14),
    search=st.lists(st.sampled_from(("an", "ann", "anna", "ber", "bergm", "x1", "zz")), min_size=1, max_size=3),
    show=st.sampled_from(SHOWN),
    limits=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    size=st.integers(1, 5),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_few_or_many_the_search_finds_whoever_has_all_the_words_in_the_lists_order(
    store: Store, names: list[str], search: list[str], show: str, limits: tuple[int, int], size: int
) -> None:
    empty(store)
    people = [
        {"id": new_id(), "name": name, "waits": i % 2 == 0, "refused": i % 4 == 0} for i, name in enumerate(names)
    ]
    put(store, *people)
    words = [{"word": word, "patient": p["id"]} for p in people for word in words_of(str(p["name"]), None, None)]
    if words:
        with store.engine.begin() as connection:
            connection.execute(insert(schema.patient_word), words)
    with pytest.MonkeyPatch.context() as patch:
        # As if far more people were there: what is many begins at a few.
        patch.setattr(module, "COUNTED", limits[0])
        patch.setattr(module, "MANY", limits[1])
        lines = all_lines(store, Asked(" ".join(search), show, size=size))
        found = find_lines(store, Asked(" ".join(search), show))
    by_hand = [
        line
        for line in all_lines(store, Asked(show=show, size=100))
        if all(any(word.startswith(begin) for word in words_of(line.name, None, None)) for begin in search)
    ]
    assert lines == by_hand
    assert (found.total, found.more) == (min(len(by_hand), limits[0]), len(by_hand) > limits[0])


def test_each_patient_comes_exactly_once_though_others_come_in_between(store: Store) -> None:
    put(store, *({"waits": i % 3 == 0, "urgency": i / 60} for i in range(60)))
    known = {line.id for line in find_lines(store, Asked(size=100)).lines}
    seen = all_lines(
        store, Asked(size=7), lambda: put(store, {"waits": True, "urgency": 1.0}, {"waits": True, "urgency": 0.4})
    )
    assert len(seen) == len({line.id for line in seen})
    assert known <= {line.id for line in seen}


def test_unread_comes_first_then_the_likeliest_urgent_finding_and_a_refusal_never_sinks(store: Store) -> None:
    cases: dict[str, list[dict[str, object]]] = {
        "refused": [{"refusal": REFUSAL}],
        "likely": [{"shares": {"normal": 0.02, "pneumonia": 0.98}}],
        "half": [{"shares": {"normal": 0.9, "pneumonia": 0.1}}, {"shares": {"normal": 0.5, "pneumonia": 0.5}}],
        "tumour": [{"shares": {"glioma": 0.1, "meningioma": 0.3, "pituitary": 0.6}, "model": drawn.BRAIN}],
        "normal": [{"shares": {"normal": 0.99, "pneumonia": 0.01}}],
        "unmarked": [{"shares": {"normal": 0.01, "pneumonia": 0.99}, "model": "unknown"}],
        "read": [{"shares": {"normal": 0.0, "pneumonia": 1.0}}],
        "nothing": [],
    }
    for seed, (name, readings) in enumerate(cases.items()):
        data, patient = film(seed), someone(store, Details(name))
        for i, said in enumerate(readings):
            filed(store, patient.id, data, reading(data, **said))  # type: ignore[arg-type]
            if i == 0 and name == "half":
                data = film(100)
        if name == "read":
            for stored in scans_of(store, patient.id)[0].readings:
                give_verdict(store, CLINICIAN, agrees=True, reading_id=stored.id)
    lines = find_lines(store, Asked()).lines
    assert [line.name for line in lines[:6]] == ["refused", "likely", "half", "tumour", "normal", "unmarked"]
    assert [line.name for line in lines[6:]] == ["nothing", "read"]
    assert [(line.finding, line.model) for line in lines[:4]] == [
        (None, drawn.FILM),
        ("pneumonia", drawn.FILM),
        ("pneumonia", drawn.FILM),
        ("meningioma", drawn.BRAIN),
    ]
    assert [line.urgency for line in lines[:4]] == [1.0, 0.98, 0.5, 0.3]
    assert [line.newest_at is None for line in lines] == [False] * 6 + [True, False]
    assert [line.name for line in find_lines(store, Asked(show="refused")).lines] == ["refused"]
    assert [line.name for line in find_lines(store, Asked(show="read")).lines] == ["nothing", "read"]


def test_a_refusal_stays_on_top_when_a_finding_comes_after_it(store: Store) -> None:
    ada, bert = someone(store, Details("Ada")), someone(store, Details("Bert"))
    first, second, third = film(0), film(1), film(2)
    filed(store, ada.id, first, reading(first, refusal=REFUSAL))
    filed(store, ada.id, second, reading(second, {"normal": 0.9, "pneumonia": 0.1}))
    filed(store, bert.id, third, reading(third, {"normal": 0.0001, "pneumonia": 0.9999}))
    top = find_lines(store, Asked()).lines[0]
    assert (top.name, top.refused, top.urgency) == ("Ada", True, 1.0)
    refused = next(r for s in scans_of(store, ada.id) for r in s.readings if r.reading.refusal)
    give_verdict(store, CLINICIAN, agrees=True, reading_id=refused.id)
    lines = find_lines(store, Asked()).lines
    assert [(line.name, line.refused) for line in lines] == [("Bert", False), ("Ada", False)]
    assert lines[1].urgency == 0.1


def test_a_scan_that_no_model_reads_waits_as_a_refusal(store: Store) -> None:
    ada, data = someone(store), film()
    file_scan(store, CLINICIAN, ada.id, data, (reading(data, refusal=REFUSAL, model=None),), CARDS)
    assert find_lines(store, Asked(show="refused")).lines[0].urgency == 1.0


@given(place=st.text(max_size=40) | st.binary(max_size=40).map(lambda b: base64.urlsafe_b64encode(b).decode()))
@example(place="%")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_address_that_somebody_tampered_with_gives_the_first_page(store: Store, place: str) -> None:
    assert find_lines(store, Asked(place=place)) == find_lines(store, Asked())


@pytest.mark.parametrize(
    "parts",
    [
        [False, True, 1e999, "2026-01-02", "x"],
        [True, True, 10**400, "2026-01-02", "x"],
        [False, True, float("nan"), "2026-01-02T00:00:00+00:00", "\x00\ud800"],
        [False, True, 0.5, "0001-01-01T00:00:00+14:00", "x"],
        [False, True, 0.5, "9999-12-31T23:59:59-14:00", "x"],
        [False, True, 0.5, 7, "x"],
        [False, "yes", "0.5", "2026-01-02T00:00:00+00:00", ["x"]],
        [[[[]]]],
    ],
    ids=str,
)
def test_a_place_that_cannot_be_is_no_error(store: Store, parts: list[object]) -> None:
    put(store, {})
    token = base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()
    assert isinstance(find_lines(store, Asked(place=token)), Lines)


def test_beyond_a_thousand_the_list_says_more_than(store: Store) -> None:
    assert COUNTED == 1_000
    put(store, *({} for _ in range(COUNTED)))
    found = find_lines(store, Asked())
    assert (found.total, found.more) == (COUNTED, False)
    put(store, {})
    found = find_lines(store, Asked())
    assert (found.total, found.more) == (COUNTED, True)


def test_a_search_and_a_filter_narrow_each_other(store: Store) -> None:
    for seed, name in enumerate(("Drawn, Ada", "Drawn, Bert", "Other, Ada")):
        data, patient = film(seed), someone(store, Details(name))
        filed(store, patient.id, data)
        if name == "Drawn, Bert":
            give_verdict(store, CLINICIAN, agrees=True, reading_id=scans_of(store, patient.id)[0].readings[0].id)
    assert {line.name for line in find_lines(store, Asked("drawn", "unread")).lines} == {"Drawn, Ada"}
    assert {line.name for line in find_lines(store, Asked("drawn", "read")).lines} == {"Drawn, Bert"}
    assert find_lines(store, Asked("drawn ada", "refused")).lines == ()


def test_seeing_the_list_needs_a_role_and_is_entered(store: Store) -> None:
    assert worklist(store, READER, Asked()).lines == ()
    for stranger in (Person("x", "X", ""), Person("x", "X", "Administrator")):
        with pytest.raises(AccessError):
            worklist(store, stranger, Asked())
    assert actions(store) == ["list", "refused", "refused"]

"""The people in the record: created, edited by two at once, found by their words, kept, and deleted without a trace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from medai_core.errors import AccessError, MedAIError, RecordError
from medai_core.records import schema
from medai_core.records.access import Person
from medai_core.records.store import Location, Store
from medai_core.records.store.belonging import stated_details
from medai_core.records.store.patients import (
    Details,
    create_patient,
    delete_patient,
    due,
    edit_patient,
    patient_numbered,
    patient_of,
    retain_patient,
    view_patient,
)
from medai_core.records.store.results import give_verdict, note_export, scans_of
from medai_core.records.store.vitals import Vital, file_vitals
from medai_core.records.store.words import fold, words_of
from medai_core.records.store.worklist import Asked, find_lines, worklist
from tests.records import (
    ADA,
    ADAS,
    ADMINISTRATOR,
    CLINICIAN,
    COLLEAGUE,
    READER,
    Clock,
    actions,
    audit_text,
    entered,
    filed,
    film,
    on_disc,
    reading,
    someone,
    verified,
)


def names(store: Store, search: str) -> set[str]:
    """Who is found."""
    return {line.name for line in find_lines(store, Asked(search)).lines}


def test_a_new_patient_is_kept_as_given_without_stray_spaces(store: Store) -> None:
    made = someone(store, Details("  Drawn,\tAda \n", " ID 7 ", date(2021, 4, 2), "F"))
    assert made.details == Details("Drawn, Ada", "ID 7", date(2021, 4, 2), "F")
    assert patient_of(store, made.id) == made
    assert patient_numbered(store, "ID 7") == made
    assert patient_numbered(store, "ID-7") is None
    assert (made.version, made.changed_by, made.demo) == (1, CLINICIAN.name, False)


def test_identifiers_say_nothing_and_are_never_the_same(store: Store) -> None:
    made = [someone(store, Details("Drawn, Ada")) for _ in range(5)]
    assert len({p.id for p in made}) == 5
    assert all(len(p.id) == 32 and set(p.id) <= set("0123456789abcdef") for p in made)


@pytest.mark.parametrize(
    ("details", "said"),
    [
        (Details(""), "The name is empty"),
        (Details(" \t\x00"), "The name is empty"),
        (Details("x" * 201), "The name is longer than 200"),
        (Details("x", "1" * 65), "The number is longer than 64"),
        (Details("x", None, date.today() + timedelta(days=2)), "lies in the future"),
        (Details("x", None, None, "f"), "The sex is 'f'"),
    ],
)
def test_details_that_cannot_be_are_refused_in_a_sentence(store: Store, details: Details, said: str) -> None:
    with pytest.raises(RecordError, match=said):
        someone(store, details)
    with pytest.raises(RecordError, match=said):
        edit_patient(store, CLINICIAN, someone(store), details)
    assert actions(store) == ["patient.create"]


def test_no_two_patients_have_one_number(store: Store) -> None:
    someone(store)
    bert = someone(store, Details("Other, Bert", "ID-8"))
    with pytest.raises(RecordError, match="Another patient has the number ID-7 already"):
        someone(store, Details("Other, Bert", "ID-7"))
    with pytest.raises(RecordError, match="Another patient has the number ID-7 already"):
        edit_patient(store, CLINICIAN, bert, replace(bert.details, number=" ID-7 "))
    edit_patient(store, CLINICIAN, bert, replace(bert.details, name="Other, Berta"))


@given(name=st.text(max_size=220), number=st.none() | st.text(max_size=70))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_typed_is_stored_or_refused_in_a_sentence_and_found_again(
    store: Store, name: str, number: str | None
) -> None:
    try:
        made = someone(store, Details(name, number))
    except RecordError as error:
        assert error.message.text.endswith((".", "!"))
        return
    assert patient_of(store, made.id).details == made.details
    for text in (made.details.name, made.details.number or ""):
        found = {line.id for line in find_lines(store, Asked(text, size=10_000)).lines}
        assert made.id in found, text


def test_of_two_who_edit_one_patient_the_second_is_told_and_nothing_is_overwritten(
    store: Store, location: Location, opened: Callable[..., Store]
) -> None:
    ada, other = someone(store), opened(location)
    mine, theirs = patient_of(store, ada.id), patient_of(other, ada.id)
    edited = edit_patient(other, COLLEAGUE, theirs, replace(theirs.details, number="ID-70"))
    with pytest.raises(RecordError, match=r"Colin Colleague changed this patient at .* UTC, after you opened it"):
        edit_patient(store, CLINICIAN, mine, replace(mine.details, name="Drawn, Adele"))
    assert patient_of(store, ada.id) == edited
    assert (edited.version, edited.changed_by) == (2, COLLEAGUE.name)
    with pytest.raises(RecordError, match="changed this patient"):
        retain_patient(store, ADMINISTRATOR, mine, date(2030, 1, 1))
    again = edit_patient(store, CLINICIAN, edited, replace(edited.details, name="Drawn, Adele"))
    assert again.details == Details("Drawn, Adele", "ID-70", date(2021, 4, 2), "F")


def test_the_audit_says_which_fields_were_edited_and_not_what_they_say(store: Store) -> None:
    ada = someone(store)
    edit_patient(store, CLINICIAN, ada, replace(ADA, name="Drawn, Adele", sex=None))
    assert entered(store)[-1].detail == '{"fields":"name, sex"}'
    assert "Adele" not in audit_text(store)


def test_an_edited_patient_is_found_by_the_new_words_only(store: Store) -> None:
    edit_patient(store, CLINICIAN, someone(store), Details("Neu, Eva", "Q-1", date(1999, 9, 9)))
    for old in ("Drawn", "ID-7", "2021-04-02"):
        assert names(store, old) == set()
    for new in ("neu", "eva", "q-1", "1999-09-09"):
        assert names(store, new) == {"Neu, Eva"}


PEOPLE = (
    Details("Müller-Łukasz, Zoë", "A-17/2", date(1980, 5, 17)),
    Details("Mueller, Anna", "17", date(1980, 5, 18)),
    Details("O'Neill, Mary Ann", "P 99-100", date(1980, 1, 1)),
    Details("100%, Sure_Thing", "50%_x"),
    Details("王, 小东", "ＦＵＬＬ７"),
    Details("Straße, Jörg \\ \"Q\" 'R'", "x--;"),
)
SEARCHES = [
    ("muller", {0}),
    ("MÜLLER", {0}),
    ("zoe", {0}),
    ("zo łuk", {0}),
    ("mu", {0, 1}),
    ("an", {1, 2}),
    ("mary oneill", {2}),
    ("o'neill mary", {2}),
    ("neill", {2}),
    ("1980-05-17", {0}),
    ("1980-05", {0, 1}),
    ("1980", {0, 1, 2}),
    ("1980-05 anna", {1}),
    ("17", {0, 1}),
    ("a-17/2", {0}),
    ("P 99-100", {2}),
    ("99-1", {2}),
    ("17/2", {0}),
    ("ID-7,", set()),
    ("A-17/2,", {0}),
    ("100%", {2, 3}),
    ("10%", {2, 3}),
    ("1%0", set()),
    ("%", {0, 1, 2, 3, 4, 5}),
    ("%%", {0, 1, 2, 3, 4, 5}),
    ("_", {0, 1, 2, 3, 4, 5}),
    ("su%th", set()),
    ("sure_t", {3}),
    ("sure_x", set()),
    ("__", set()),
    ("王", {4}),
    ("小东", {4}),
    ("王小东", {4}),
    ("小", {4}),
    ("东", set()),
    ("full7", {4}),
    ("strasse", {5}),
    ("jorg", {5}),
    ("'; DROP TABLE patient; --", set()),
    ("\x00\ud800", {0, 1, 2, 3, 4, 5}),
    ("nobody", set()),
    ("uller", set()),
]


@pytest.fixture
def crowd(store: Store) -> Store:
    """Some people who are hard to find."""
    for details in PEOPLE:
        someone(store, details)
    return store


def test_people_are_found_by_how_words_of_name_number_and_birth_date_begin(crowd: Store) -> None:
    for search, expected in SEARCHES:
        assert names(crowd, search) == {PEOPLE[i].name for i in expected}, search


def test_words_are_folded_alike_wherever_they_come_from() -> None:
    assert fold("Müller-Łukasz, ANA") == "muller łukasz ana"
    assert "1980-05-17" in words_of("x", None, date(1980, 5, 17))
    assert all(len(word) <= 200 for word in words_of("ﷺ" * 200, "ﷺ" * 64, None))


def test_what_was_searched_for_is_not_kept(crowd: Store) -> None:
    worklist(crowd, READER, Asked("mueller 1980"))
    assert entered(crowd)[-1].detail == '{"lines":1,"searched":true}'
    for word in ("mueller", "1980", "Anna"):
        assert word not in audit_text(crowd)


def test_a_view_is_entered_and_a_look_in_vain_is_a_sentence(store: Store) -> None:
    ada = someone(store)
    assert view_patient(store, READER, ada.id) == ada
    assert (entered(store)[-1].action, entered(store)[-1].patient) == ("view", ada.id)
    for id in ("", "0" * 32, "\x00", "\udcff", "' OR 1=1 --"):
        with pytest.raises(RecordError, match="no such patient"):
            view_patient(store, READER, id)


def everything(store: Store, details: Details = ADA, seed: int = 0, header: dict[str, str] = ADAS) -> str:
    """A patient with a little of all that can be filed."""
    made, data = someone(store, details), film(seed, StudyInstanceUID=f"1.9.{seed}", **header)
    done = filed(store, made.id, data, reading(data), reading(data, {"normal": 0.9, "pneumonia": 0.1}))
    give_verdict(store, CLINICIAN, agrees=False, why="Drawn, Ada has none", reading_id=done.readings[0])
    file_vitals(store, CLINICIAN, made.id, (Vital("heart_rate", 71, store.clock()),))
    note_export(store, CLINICIAN, made.id, "pdf", b"Drawn, Ada")
    return made.id


def rows(store: Store) -> dict[str, int]:
    kept = ("audit_entry", "setting", "visit")
    with store.reading() as connection:
        return {
            t.name: connection.execute(select(func.count()).select_from(t)).scalar_one()
            for t in schema.metadata.sorted_tables
            if t.name not in kept
        }


def test_a_deleted_patient_leaves_no_row_no_file_and_no_word(store: Store) -> None:
    id = everything(store)
    assert all(count > 0 for name, count in rows(store).items() if name != "estimate")
    delete_patient(store, ADMINISTRATOR, id)
    assert set(rows(store).values()) == {0}
    assert on_disc(store) == set()
    last = entered(store)[-1]
    assert (last.action, last.patient, last.detail) == ("patient.delete", id, '{"demo":false,"scans":1}')
    assert verified(store).problem is None
    for word in ("Drawn", "drawn", "ID-7", "2021-04-02", "20210402", "film.dcm", "has none"):
        assert word not in audit_text(store), word
    with pytest.raises(RecordError, match="no such patient"):
        delete_patient(store, ADMINISTRATOR, id)


def test_deleting_one_patient_leaves_the_others_alone(store: Store) -> None:
    bert = everything(store, Details("Other, Bert", "ID-8"), 1, {})
    before, files = rows(store), on_disc(store)
    delete_patient(store, ADMINISTRATOR, everything(store))
    assert (rows(store), on_disc(store)) == (before, files)
    assert len(scans_of(store, bert)) == 1


def test_a_file_that_a_demo_patient_shares_stays_as_long_as_one_has_it(store: Store) -> None:
    demo = create_patient(store, CLINICIAN, Details("DEMO, Film"), demo=True)
    ada, data = someone(store), film()
    for id in (demo.id, ada.id):
        filed(store, id, data)
    delete_patient(store, ADMINISTRATOR, ada.id)
    assert len(on_disc(store)) == 1
    delete_patient(store, ADMINISTRATOR, demo.id)
    assert on_disc(store) == set()


def test_a_record_that_must_be_kept_is_not_deleted_before_its_day_has_passed(store: Store, clock: Clock) -> None:
    today = clock().date()
    kept = retain_patient(store, ADMINISTRATOR, someone(store), today + timedelta(days=2))
    assert kept.retain_until == today + timedelta(days=2)
    for _day in range(3):
        assert due(store, clock().date()) == ()
        with pytest.raises(RecordError, match=f"must be kept until {today + timedelta(days=2)}"):
            delete_patient(store, ADMINISTRATOR, kept.id)
        clock.forward(days=1)
    assert due(store, clock().date()) == (kept,)
    delete_patient(store, ADMINISTRATOR, kept.id)
    assert due(store, clock().date()) == ()


def test_the_day_can_be_set_anew_and_taken_back_and_is_entered(store: Store) -> None:
    kept = retain_patient(store, ADMINISTRATOR, someone(store), date(2099, 1, 1))
    assert entered(store)[-1].detail == '{"until":"2099-01-01"}'
    free = retain_patient(store, ADMINISTRATOR, kept, None)
    assert entered(store)[-1].detail == '{"until":null}'
    delete_patient(store, ADMINISTRATOR, free.id)


def test_a_patient_stays_the_same_when_the_file_of_one_is_begun_twice(store: Store) -> None:
    stated = reading(film(**ADAS)).image.patient
    create_patient(store, CLINICIAN, stated_details(stated, "film.dcm"))
    with pytest.raises(RecordError, match="has the number ID-7"):
        create_patient(store, CLINICIAN, stated_details(stated, "film.dcm"))


def test_what_needs_a_role_is_refused_before_anything_is_looked_at(store: Store) -> None:
    nobody: Person | None = None
    with pytest.raises(AccessError, match="Nobody is signed in"):
        view_patient(store, nobody, "0" * 32)  # type: ignore[arg-type]
    with pytest.raises(MedAIError, match="'reader' may not"):
        delete_patient(store, READER, "0" * 32)

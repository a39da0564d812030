"""What is seen of the record: the worklist, one patient, filing, and who did what."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import streamlit as st
from sqlalchemy import text as sql
from streamlit.testing.v1 import AppTest

from medai_core.records import access, audit
from medai_core.records.access import LOCAL, Person
from medai_core.records.store import Store, default_store
from medai_core.records.store.filing import file_scan
from medai_core.records.store.patients import Details, Patient, create_patient, delete_patient, edit_patient
from medai_core.records.store.results import give_verdict, scans_of
from medai_core.records.store.vitals import Vital, file_vitals
from medai_core.records.store.worklist import Asked, find_lines
from tests import drawn
from tests.records import few
from ui import cached, signin
from ui.record import opened as open_patients
from ui.record import timeline

ROOT = Path(__file__).parent.parent
ANN = Details("Walker, Ann", "W-1", date(1958, 8, 9), "F")
CARDS = {card.name: card for card in drawn.CARDS}
READER, CLINICIAN = Person("r", "Reader R.", "reader"), Person("c", "Clinician C.", "clinician")


@pytest.fixture(autouse=True)
def core(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The drawn core in place of the real one."""
    st.cache_data.clear()
    st.cache_resource.clear()
    monkeypatch.setattr(
        cached,
        "read_scan",
        lambda data, file, _models, **options: drawn.read_scan(data, file, drawn.Catalog(), **options),
    )
    monkeypatch.setattr(cached, "find_models", drawn.Catalog)
    monkeypatch.setattr(cached, "samples", lambda models: drawn.samples(tmp_path))


@pytest.fixture
def store(record: Path) -> Iterator[Store]:
    found = default_store()
    yield found
    found.close()


def as_person(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signin, "person", lambda: person)


def page(name: str, **query: str) -> AppTest:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    for key, value in query.items():
        at.query_params[key] = value
    return at.run().switch_page(f"pages/{name}.py").run()


def html(at: AppTest) -> str:
    assert not at.exception, at.exception
    return "\n".join(body for element in at.get("html") if "<style>" not in (body := str(element.proto.body)))


def labels(at: AppTest) -> set[str]:
    assert not at.exception, at.exception
    return {element.label for element in (*at.button, *at.get("download_button"), *at.radio)}


def press(at: AppTest, label: str) -> AppTest:
    return next(b for b in at.button if b.label == label).click().run()


def dialog(name: str, *given: object) -> AppTest:
    """The inside of a dialog: AppTest closes a dialog at the next run, a browser does not."""

    def script(name: str, *given: object) -> None:
        import importlib

        module, function = name.rsplit(".", 1)
        getattr(importlib.import_module(f"ui.record.{module}"), function)(*given)

    return AppTest.from_function(script, args=(name, *given), default_timeout=30).run()


def filed(store: Store, patient: Patient, level: int = 220, kind: str = "film", name: str = "film.png") -> None:
    data = drawn.scan(level, kind=kind)
    file_scan(store, LOCAL, patient.id, data, drawn.read_scan(data, name, drawn.Catalog()), CARDS)


def actions(store: Store) -> list[str]:
    with store.reading() as connection:
        return [entry.action for entry in audit.entries(connection)]


def test_the_list_shows_who_waits_and_why_with_a_link_to_each(store: Store) -> None:
    urgent, calm = (create_patient(store, LOCAL, Details(name)) for name in ("Urgent, Una", "Calm, Cal"))
    filed(store, urgent, 220)
    shown = html(page("patients/worklist"))
    assert shown.index("Urgent, Una") < shown.index("Calm, Cal")
    assert f'href="patient?patient={urgent.id}&amp;lang=en"' in shown
    assert f'href="patient?patient={calm.id}&amp;lang=en"' in shown
    assert "Pneumonia" in shown
    assert "Unread" in shown


def test_a_refusal_stands_before_every_probability_and_says_that_a_person_must_look(store: Store) -> None:
    urgent, refused = (create_patient(store, LOCAL, Details(name)) for name in ("Urgent, Una", "Refused, Ron"))
    filed(store, urgent, 220)
    filed(store, refused, kind="photo")
    shown = html(page("patients/worklist"))
    assert shown.index("Refused, Ron") < shown.index("Urgent, Una")
    assert "a person must look" in shown


def test_a_reader_who_comes_first_finds_the_demo_patients_and_is_not_told_to_add_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from medai_core.catalog import find_models

    as_person(READER, monkeypatch)
    at = page("patients/worklist")
    assert "a clinician adds" in "\n".join(m.value for m in at.markdown)
    with store.writing(LOCAL) as work:
        work.connection.execute(sql("DELETE FROM setting"))
    monkeypatch.setattr(cached, "find_models", lambda: few(find_models(), "scan_kind", drawn.FILM))
    st.cache_resource.clear()
    assert html(page("patients/worklist")).count("medai-badge") == 24


def test_a_hostile_name_is_shown_as_text_everywhere(store: Store) -> None:
    patient = create_patient(store, LOCAL, Details("<img src=x onerror=alert(1)> [a](javascript:x)"))
    filed(store, patient)
    for at in (page("patients/worklist"), page("patients/patient", patient=patient.id)):
        assert "<img" not in html(at)
        assert "&lt;img src=x" in html(at)


def test_the_list_is_searched_filtered_and_turned_over_page_by_page(store: Store) -> None:
    for i in range(30):
        create_patient(store, LOCAL, Details(f"Person, P{i:02}"))
    at = page("patients/worklist")
    first = html(at)
    assert first.count("medai-status") == 25
    at = press(at, "Next")
    assert html(at).count("medai-status") == 5
    assert at.query_params["place"]
    at = press(at, "Previous")
    assert html(at) == first
    at.text_input(key="worklist_search").set_value("p07").run()
    assert html(at).count("medai-status") == 1
    at.segmented_control(key="worklist_show").set_value("unread").run()
    assert "Nobody fits" in "\n".join(m.value for m in at.markdown)


def test_a_patient_is_added_and_opened(store: Store) -> None:
    assert "Add the patient" in labels(press(page("patients/worklist"), "New patient"))
    at = dialog("details._new_patient")
    at.text_input(key="new:name").set_value(" Walker,  Ann ")
    at.text_input(key="new:born").set_value("9.8.1958").run()
    at = press(at, "Add the patient")
    assert "is no date" in at.error[0].value
    at.text_input(key="new:born").set_value("1958-08-09").run()
    with contextlib.suppress(AssertionError):
        press(at, "Add the patient")  # outside the menu there is no page to go to
    (line,) = find_lines(store, Asked()).lines
    assert (line.name, line.birth_date) == ("Walker, Ann", date(1958, 8, 9))


def test_without_an_open_patient_the_page_says_where_to_choose_one() -> None:
    at = page("patients/patient")
    assert not at.exception
    assert "No patient is open" in "\n".join(m.value for m in at.markdown)


def test_the_name_and_birth_date_stand_beside_every_result_and_the_prior_beside_the_new(store: Store) -> None:
    ann = create_patient(store, LOCAL, ANN)
    filed(store, ann, 30, name="old.png")
    filed(store, ann, 220, name="new.png")
    shown = html(page("patients/patient", patient=ann.id))
    headers = shown.split('<dl class="medai-header">')[1:]
    assert len(headers) == 2
    assert all("Walker, Ann" in header and "1958-08-09" in header for header in headers)
    assert shown.index("new.png") < shown.index("old.png")


def test_a_deleted_patient_is_told_of_and_no_longer_open(store: Store) -> None:
    ann = create_patient(store, LOCAL, ANN)
    delete_patient(store, LOCAL, ann.id)
    at = page("patients/patient", patient=ann.id)
    assert "no such patient" in at.error[0].value
    assert "patient" not in at.query_params


def test_a_verdict_is_signed_counted_as_read_and_kept_beside_the_next(store: Store) -> None:
    ann = create_patient(store, LOCAL, ANN)
    filed(store, ann)
    id = scans_of(store, ann.id)[0].readings[0].id
    at = page("patients/patient", patient=ann.id)
    at.radio(key=f"agrees:new:{id}").set_value(False).run()
    at = press(at, "Sign the verdict")
    assert "Say why you disagree" in at.error[0].value
    at.text_area(key=f"why:new:{id}").set_value("motion").run()
    at = press(at, "Sign the verdict")
    assert any("disagreed" in m.value and "motion" in m.value for m in at.markdown)
    assert not find_lines(store, Asked()).lines[0].waits
    give_verdict(store, CLINICIAN, agrees=True, reading_id=id)
    said = [m.value for m in at.run().markdown if "agreed" in m.value]
    assert len(said) == 2
    assert "Clinician C." in said[0]


def test_an_old_reading_stays_and_says_that_another_version_is_installed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    ann = create_patient(store, LOCAL, ANN)
    filed(store, ann)

    def newer(card):  # type: ignore[no-untyped-def]
        sha = {"model.tflite": "cd" * 32}
        coverage = replace(card.measured.conformal, coverage=drawn.measure("coverage", 0.5))
        return replace(card, version="9.0.0", measured=replace(card.measured, sha256=sha, conformal=coverage))

    cards = tuple(map(newer, drawn.CARDS))
    monkeypatch.setattr(cached, "find_models", lambda: drawn.Catalog(cards))
    at = page("patients/patient", patient=ann.id)
    assert any("version 9.0.0 is installed now" in info.value for info in at.info)
    assert "91.2 % of scans" in html(at), "the coverage that was measured of the weights that read"
    press(at, "Read again with version 9.0.0")
    (scan,) = scans_of(store, ann.id)
    assert len(scan.readings) == 2


def test_a_scan_is_filed_to_the_open_patient_on_purpose_only(store: Store) -> None:
    ann = create_patient(store, LOCAL, ANN)
    at = page("imaging/scan", patient=ann.id)
    at.file_uploader(key="scans").set_value([("film.png", drawn.scan(220), "image/png")])
    at = at.run()
    assert scans_of(store, ann.id) == ()
    at = press(at, "File to Walker, Ann \\(born 1958\\-08\\-09\\)")
    assert [scan.file for scan in scans_of(store, ann.id)] == ["film.png"]
    assert any("Filed to" in s.value for s in at.success)


def test_a_scan_of_somebody_else_is_not_offered_for_filing_and_says_why(store: Store) -> None:
    ann = create_patient(store, LOCAL, ANN)
    at = page("imaging/scan", patient=ann.id)
    at.file_uploader(key="scans").set_value([("film.png", drawn.scan(220, kind="frames"), "image/png")])
    at = at.run()
    (error,) = at.error
    assert "of another patient" in error.value
    assert "ID\\-7" in error.value
    assert not any(label.startswith("File to") for label in labels(at))


def test_a_synthetic_scan_is_offered_to_demo_patients_only_and_begins_none(store: Store) -> None:
    ann, nobody = create_patient(store, LOCAL, ANN), create_patient(store, LOCAL, Details("DEMO, Nobody"), demo=True)
    found = {}
    for id in (ann.id, nobody.id, ""):
        at = page("imaging/scan", **({"patient": id} if id else {}))
        at.file_uploader(key="scans").set_value([("made.png", drawn.scan(220, kind="synthetic"), "image/png")])
        at = at.run()
        found[id] = {label for label in labels(at) if "File to" in label or "Add the patient" in label}
        told = [element.value for element in (*at.error, *at.info) if "DEMO patients only" in element.value]
        assert bool(told) is (id != nobody.id)
    assert found == {ann.id: set(), nobody.id: {"File to DEMO, Nobody"}, "": set()}


def uploaded(patient: Patient, *files: tuple[str, bytes]) -> AppTest:
    """The page Scan with all files of the upload to be filed together."""
    at = page("imaging/scan", patient=patient.id)
    at.file_uploader(key="scans").set_value([(name, data, "image/png") for name, data in files])
    at = at.run()
    return next(t for t in at.toggle if t.label.startswith("All")).set_value(True).run()


def test_all_scans_of_an_upload_are_filed_together_and_what_is_no_scan_is_named(store: Store) -> None:
    ann = create_patient(store, LOCAL, ANN)
    files = [(f"film{i}.png", drawn.scan(100 + i)) for i in range(3)]
    at = uploaded(ann, *files, ("notes.txt", b"hello"))
    assert any("notes.txt" in caption.value for caption in at.caption)
    press(at, "File to Walker, Ann \\(born 1958\\-08\\-09\\)")
    assert {scan.file for scan in scans_of(store, ann.id)} == {name for name, _data in files}


def test_one_scan_of_somebody_else_keeps_the_whole_upload_out_and_is_named(store: Store) -> None:
    ann = create_patient(store, LOCAL, ANN)
    at = uploaded(ann, ("mine.png", drawn.scan(100)), ("other.png", drawn.scan(220, kind="frames")))
    (error,) = at.error
    assert error.value.startswith("other.png\\: The file is of another patient")
    assert not any(label.startswith("File to") for label in labels(at))
    assert scans_of(store, ann.id) == ()


def test_a_new_patient_is_begun_from_what_the_file_states(store: Store) -> None:
    at = page("imaging/scan")
    at.file_uploader(key="scans").set_value([("film.png", drawn.scan(220, kind="frames"), "image/png")])
    at = press(at.run(), "Add the patient and file")
    (line,) = find_lines(store, Asked()).lines
    assert line.number == "ID-7"
    assert line.waits
    assert at.query_params["patient"] == line.id


def test_another_patient_finds_nothing_of_the_last_one_in_the_form(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from medai_core.catalog import find_models

    monkeypatch.setattr(cached, "find_models", find_models)
    ann, bob = (create_patient(store, LOCAL, d) for d in (ANN, Details("Bob", None, date(1980, 1, 1), "M")))
    outcome = "coronary_disease"
    pressure = f"risk_value:{outcome}:resting_bp:mmHg"
    at = page("patients/risk", patient=ann.id, outcome=outcome)
    typical = at.number_input(key=pressure).value
    at = at.number_input(key=pressure).set_value(typical + 37).run()
    assert at.number_input(key=pressure).value == typical + 37
    at.query_params["patient"] = bob.id
    at = at.run()
    assert at.number_input(key=pressure).value == typical
    assert at.number_input(key=f"risk_value:{outcome}:age:years").value >= 44
    assert at.selectbox(key=f"risk_value:{outcome}:sex").value == "male"
    press(at, "File to Bob")
    from medai_core.records.store.estimates import estimates_of

    assert [e.outcome for e in estimates_of(store, bob.id)] == [outcome]
    assert estimates_of(store, ann.id) == ()


def test_a_reader_is_shown_nothing_that_only_others_may_do(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = create_patient(store, LOCAL, ANN)
    filed(store, ann)
    as_person(READER, monkeypatch)
    seen = labels(page("patients/worklist")) | labels(page("patients/patient", patient=ann.id))
    at = page("imaging/scan", patient=ann.id)
    at.file_uploader(key="scans").set_value([("film.png", drawn.scan(220), "image/png")])
    seen |= labels(at.run())
    for label in ("New patient", "Details", "Keep or delete", "Record as JSON", "Sign the verdict", "Add values"):
        assert label not in seen
    assert not {label for label in seen if label.startswith(("File", "Result", "Picture", "Remove"))}


def test_a_clinician_cannot_delete_and_an_administrator_can(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = create_patient(store, LOCAL, ANN)
    as_person(CLINICIAN, monkeypatch)
    assert "Keep or delete" not in labels(page("patients/patient", patient=ann.id))
    as_person(access.LOCAL, monkeypatch)
    assert "Delete" in labels(press(page("patients/patient", patient=ann.id), "Keep or delete"))
    at = dialog("details._keep", ann)
    assert next(b for b in at.button if b.label == "Delete").disabled
    at.checkbox(key=f"sure:{ann.id}").check().run()
    next(b for b in at.button if b.label == "Delete").click().run()
    assert find_lines(store, Asked()).total == 0


def test_who_edits_second_is_told_and_overwrites_nothing(store: Store) -> None:
    ann = create_patient(store, LOCAL, ANN)
    assert "Save" in labels(press(page("patients/patient", patient=ann.id), "Details"))
    at = dialog("details._edit", ann)
    edit_patient(store, CLINICIAN, ann, Details("Walker, Anne", "W-1"))
    at.text_input(key=f"edit:{ann.id}:name").set_value("Walker, Hannah").run()
    at = press(at, "Save")
    assert "Clinician C. changed this patient" in at.error[0].value
    assert find_lines(store, Asked()).lines[0].name == "Walker, Anne"


def test_vital_signs_have_their_course_and_a_slip_is_refused(store: Store) -> None:
    ann = create_patient(store, LOCAL, ANN)
    file_vitals(store, LOCAL, ann.id, (Vital("heart_rate", 72.0, store.clock()),))
    at = press(page("patients/patient", patient=ann.id), "Add values")
    assert "File the values" in labels(at)
    at = dialog("vitals._ask", ann)
    at.number_input(key="vital:temperature").set_value(371.0).run()
    at = press(at, "File the values")
    assert "outside the plausible" in at.error[0].value


def test_a_view_is_entered_once_and_an_export_each_time(store: Store) -> None:
    ann = create_patient(store, LOCAL, ANN)
    filed(store, ann, kind="photo")
    at = page("patients/patient", patient=ann.id)
    at.run()
    assert actions(store).count("view") == 1
    said = json.loads(timeline._content(store, LOCAL, ann, "notice"))
    assert said["scans"][0]["readings"][0]["refused"]
    assert said["patient"]["name"] == "Walker, Ann"
    assert actions(store).count("export") == 1


def test_the_audit_is_listed_and_a_changed_entry_is_named(store: Store) -> None:
    for i in range(3):
        create_patient(store, LOCAL, Details(f"Person {i}"))
    at = press(page("system/activity"), "Verify every entry")
    assert "each follows the one before it" in at.success[0].value
    with store.engine.begin() as connection:
        connection.execute(sql("DROP TRIGGER audit_entry_no_update"))
        connection.execute(sql("UPDATE audit_entry SET name = 'Nobody' WHERE number = 3"))
    at = press(at, "Verify every entry")
    assert "Entry 3 was altered" in at.error[0].value


def test_the_open_patient_stays_open_on_the_next_page_and_closes_when_asked(store: Store) -> None:
    ann = create_patient(store, LOCAL, ANN)
    at = page("patients/patient", patient=ann.id)
    at.query_params.clear()
    at = at.switch_page("pages/imaging/scan.py").run()
    assert "Walker, Ann" in html(at)
    assert at.query_params[open_patients.KEY] == ann.id
    at = at.button(key="close_patient").click().run()
    assert "Walker, Ann" not in html(at)
    assert open_patients.KEY not in at.query_params

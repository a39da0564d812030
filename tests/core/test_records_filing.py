"""A scan is filed to a patient on purpose only, whole or not at all."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from medai_core.errors import RecordError
from medai_core.imaging.images import Patient as Stated
from medai_core.records import schema
from medai_core.records.store import Location, Store
from medai_core.records.store.belonging import conflicts, stated_details
from medai_core.records.store.filing import read_file, sweep_scans
from medai_core.records.store.patients import Details, create_patient, delete_patient
from medai_core.records.store.results import scans_of
from tests.records import (
    ADAS,
    ADMINISTRATOR,
    CLINICIAN,
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
from tests.scans import RAMP, png

ROOT = Path(__file__).parent.parent.parent
BERT = Details("Other, Bert", "ID-8", date(1990, 1, 1), "M")


def counted(store: Store) -> dict[str, int]:
    """How many rows each table of the record has."""
    tables = (schema.patient, schema.study, schema.series, schema.scan, schema.reading)
    with store.reading() as connection:
        return {t.name: connection.execute(select(func.count()).select_from(t)).scalar_one() for t in tables}


def refused(store: Store, id: str, data: bytes) -> RecordError:
    """Why a scan cannot be filed; nothing is kept of it, and the refusal is entered."""
    before, files = counted(store), on_disc(store)
    with pytest.raises(RecordError) as caught:
        filed(store, id, data)
    assert (counted(store), on_disc(store)) == (before, files)
    last = entered(store)[-1]
    assert (last.action, last.patient) == ("scan.refuse", id)
    assert caught.value.message.id in last.detail
    assert caught.value.message.text.endswith("choose the right patient.")
    return caught.value


def differences(error: RecordError) -> list[str]:
    """What a conflict names."""
    assert error.message.id == "filing.conflict"
    found = error.message.facts["differences"]
    assert isinstance(found, tuple)
    return [difference.id for difference in found]


def test_a_filed_scan_lies_under_its_hash_with_its_study_series_and_reading(store: Store) -> None:
    ada, data = someone(store), film(StudyInstanceUID="1.9", SeriesInstanceUID="1.9.1", **ADAS)
    done = filed(store, ada.id, data)
    assert not done.again
    assert counted(store) == {"patient": 1, "study": 1, "series": 1, "scan": 1, "reading": 1}
    assert on_disc(store) == {sha256(data).hexdigest()}
    (scan,) = scans_of(store, ada.id)
    assert (scan.id, scan.sha256, scan.modality) == (done.scan, sha256(data).hexdigest(), "DX")
    assert scan.states_patient
    assert read_file(store, scan.sha256) == data
    assert actions(store) == ["patient.create", "scan.file"]
    assert verified(store).problem is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no such rights.")
def test_only_the_account_that_runs_the_program_can_open_what_is_stored(store: Store) -> None:
    filed(store, someone(store).id, film())
    (path,) = store.scans.iterdir()
    assert path.stat().st_mode & 0o077 == 0
    assert (store.folder / "keys" / "audit.key").stat().st_mode & 0o077 == 0
    assert store.scans.stat().st_mode & 0o077 == 0


def test_the_same_scan_again_adds_a_reading_and_neither_a_scan_nor_a_file(store: Store) -> None:
    ada, data = someone(store), film(**ADAS)
    first, second = filed(store, ada.id, data), filed(store, ada.id, data)
    assert second.again
    assert second.scan == first.scan
    assert counted(store) == {"patient": 1, "study": 1, "series": 1, "scan": 1, "reading": 2}
    assert len(on_disc(store)) == 1


def test_scans_of_one_study_and_series_are_kept_together(store: Store) -> None:
    ada = someone(store)
    uids = [("1.9", "1.9.1"), ("1.9", "1.9.1"), ("1.9", "1.9.2"), ("1.8", "1.8.1")]
    for seed, (study, series) in enumerate(uids):
        filed(store, ada.id, film(seed, StudyInstanceUID=study, SeriesInstanceUID=series))
    assert counted(store) == {"patient": 1, "study": 2, "series": 3, "scan": 4, "reading": 4}


def test_pictures_without_a_header_are_studies_of_their_own_and_said_to_name_nobody(store: Store) -> None:
    ada = someone(store)
    for data in (png(RAMP), png(RAMP.T)):
        filed(store, ada.id, data)
    assert counted(store)["study"] == 2
    assert not any(scan.states_patient for scan in scans_of(store, ada.id))


def test_a_uid_that_is_longer_than_any_can_be_harms_nothing(store: Store) -> None:
    ada = someone(store)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's, of what this test is about
        data = film(StudyInstanceUID="1." + "2" * 90, SeriesInstanceUID="1." + "3" * 90)
    filed(store, ada.id, data)
    assert len(scans_of(store, ada.id)) == 1


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ({"PatientID": "ID-8"}, ["filing.number"]),
        ({"PatientName": "Other^Bert"}, ["filing.name"]),
        ({"PatientBirthDate": "20210403"}, ["filing.birth_date"]),
        ({"PatientID": "ID-8", "PatientBirthDate": "20210403"}, ["filing.number", "filing.birth_date"]),
        (
            {"PatientID": "ID-8", "PatientName": "Other^Bert", "PatientBirthDate": "19900101"},
            ["filing.number", "filing.name", "filing.birth_date"],
        ),
    ],
    ids=lambda x: "+".join(x),
)
def test_a_file_of_another_patient_is_refused_and_every_difference_named(
    store: Store, header: dict[str, str], found: list[str]
) -> None:
    ada = someone(store)
    error = refused(store, ada.id, film(**(ADAS | header)))
    assert differences(error) == found
    for said in {"PatientID": "'ID-8'", "PatientName": "'Other, Bert'"}.items():
        assert (said[1] in error.message.text) == (said[0] in header)


def test_a_conflict_is_settled_by_choosing_the_right_patient_and_by_nothing_else(store: Store) -> None:
    ada, bert = someone(store), someone(store, BERT)
    data = film(**(ADAS | {"PatientID": "ID-8", "PatientName": "Other^Bert", "PatientBirthDate": "19900101"}))
    for _attempt in range(2):
        refused(store, ada.id, data)
    assert not filed(store, bert.id, data).again
    assert scans_of(store, ada.id) == ()


def test_what_contradicts_is_not_kept_in_the_audit(store: Store) -> None:
    ada = someone(store)
    refused(store, ada.id, film(**(ADAS | {"PatientID": "ID-8", "PatientName": "Other^Bert"})))
    assert not [
        word for word in ("ID-7", "ID-8", "Drawn", "Ada,", "Other", "Bert", "2021") if word in audit_words(store)
    ]


def audit_words(store: Store) -> str:
    """The audit without the users' own names and the days on which they did something."""
    return "\n".join(f"{e.subject} {e.action} {e.patient} {e.object} {e.detail}" for e in entered(store))


SAME = [
    ("DRAWN^ADA", "Drawn, Ada"),
    ("Müller^Zoë", "Muller, Zoe"),
    ("O'Neill^Mary-Ann", "ONeill, Mary Ann"),
    ("Wang^Xiaodong=王^小东", "Wang, Xiaodong"),
    ("Wang^Xiaodong=王^小东", "王小东"),
    ("Wang^Xiaodong=王^小东", "王, 小东"),
    ("Wang^Xiaodong", "Wang, Xiaodong (王, 小东)"),
    ("Wang^Xiao Dong", "Wang, Xiaodong"),
    ("Yamada^Tarou=山田^太郎=やまだ^たろう", "山田 太郎"),
    ("Ærø^Łukasz", "ærø, łukasz"),
]
OTHERS = [
    ("Drawn^Adam", "Drawn, Ada"),
    ("Wang^Xiaodong=王^小东", "李, 小东"),
    ("Drawn^Ada^M", "Drawn, Ada"),
    ("???", "Drawn, Ada ()"),
    ("Ada^Drawn", "Drawn, Ada"),
]


@pytest.mark.parametrize(("stated", "known"), SAME)
def test_a_name_is_known_in_capitals_without_accents_and_in_another_script(stated: str, known: str) -> None:
    data = film(SpecificCharacterSet="ISO_IR 192", PatientName=stated)
    assert conflicts(reading(data).image.patient, Details(known)) == ()


@pytest.mark.parametrize(("stated", "known"), OTHERS)
def test_another_name_contradicts_however_alike(stated: str, known: str) -> None:
    data = film(SpecificCharacterSet="ISO_IR 192", PatientName=stated)
    assert [found.id for found in conflicts(reading(data).image.patient, Details(known))] == ["filing.name"]


def test_a_silent_file_or_record_contradicts_nothing(store: Store) -> None:
    filed(store, someone(store).id, film(0))
    filed(store, someone(store, Details("Drawn, Ada")).id, film(1, **ADAS))
    assert actions(store).count("scan.file") == 2


@pytest.mark.parametrize("number", ["A  1", " a 1", "A 1 "])
def test_a_patient_begun_from_a_file_takes_that_file(store: Store, number: str) -> None:
    data = film(PatientID=number, PatientName="Drawn^Ada^^Dr", PatientBirthDate="20210402", PatientSex="F")
    stated = reading(data).image.patient
    begun = create_patient(store, CLINICIAN, stated_details(stated, "film.dcm"))
    assert not filed(store, begun.id, data).again


def test_a_file_that_states_nothing_begins_a_patient_called_like_the_file() -> None:
    assert stated_details(Stated(sex="X"), "film.dcm") == Details("film.dcm")
    assert stated_details(Stated(id="7"), "film.dcm") == Details("7", "7")


def test_a_file_that_is_filed_to_another_patient_is_refused(store: Store) -> None:
    silent = film()
    filed(store, someone(store).id, silent)
    assert refused(store, someone(store, BERT).id, silent).message.id == "filing.elsewhere"


def test_a_study_that_is_filed_to_another_patient_is_refused(store: Store) -> None:
    filed(store, someone(store).id, film(0, StudyInstanceUID="1.9"))
    assert refused(store, someone(store, BERT).id, film(1, StudyInstanceUID="1.9")).message.id == "filing.study"


def test_a_demo_patients_scan_may_be_filed_to_a_patient_and_never_the_other_way(store: Store) -> None:
    demo = create_patient(store, CLINICIAN, Details("DEMO, Film"), demo=True)
    ada, shown, own = someone(store), film(0), film(1)
    filed(store, demo.id, shown)
    filed(store, ada.id, shown)
    filed(store, ada.id, own)
    assert refused(store, demo.id, own).message.id == "filing.elsewhere"
    assert counted(store)["scan"] == 3


def test_readings_of_another_file_are_not_filed(store: Store) -> None:
    ada, data = someone(store), film(0)
    for readings in ((reading(film(1)),), (reading(data), reading(film(1)))):
        with pytest.raises(RecordError, match="not of this file"):
            filed(store, ada.id, data, *readings)
    assert on_disc(store) == set()


def test_nothing_is_filed_to_a_patient_who_is_not_there(store: Store) -> None:
    for id in ("0" * 32, "", "\x00", "\ud800", "x" * 500):
        with pytest.raises(RecordError, match="no such patient"):
            filed(store, id, film())
    assert on_disc(store) == set()


def test_a_stored_file_that_is_cut_altered_or_gone_is_not_shown_and_filing_it_again_mends_it(store: Store) -> None:
    ada, data = someone(store), film()
    name = sha256(data).hexdigest()
    filed(store, ada.id, data)
    for broken in (data[:-1], b"x" + data[1:], None):
        (store.scans / name).unlink()
        if broken is not None:
            (store.scans / name).write_bytes(broken)
        with pytest.raises(RecordError, match="absent or altered"):
            read_file(store, name)
        filed(store, ada.id, data)
        assert read_file(store, name) == data


def test_a_patient_edited_while_the_scan_was_on_its_way_is_looked_at_again(
    store: Store, location: Location, opened: Callable[..., Store]
) -> None:
    ada, other, data = someone(store), opened(location), film(**ADAS)
    name = sha256(data).hexdigest()
    with ThreadPoolExecutor() as pool:
        with other.writing(CLINICIAN) as work:
            filing = pool.submit(filed, store, ada.id, data)
            while not (store.scans / name).exists():  # the first look found no conflict
                time.sleep(0.005)
            work.connection.execute(update(schema.patient).values(number="ID-9"))
        with pytest.raises(RecordError) as caught:
            filing.result(20)
    assert differences(caught.value) == ["filing.number"]
    assert actions(store)[-1] == "scan.refuse"
    assert on_disc(store) == set()


def test_a_scan_refiled_while_its_patient_is_deleted_is_whole_or_not_there(
    store: Store, location: Location, opened: Callable[..., Store]
) -> None:
    """Deleting and filing side by side, many times: no row without a file, no file without a row."""
    data = film()
    other = opened(location)
    keeper = create_patient(store, CLINICIAN, Details("DEMO, Film"), demo=True)
    for _round in range(10):
        ada = create_patient(store, CLINICIAN, Details("Drawn, Ada"))
        filed(store, ada.id, data)
        deleting = threading.Thread(target=delete_patient, args=(other, ADMINISTRATOR, ada.id))
        deleting.start()
        try:
            filed(store, keeper.id, data)
        except RecordError as error:
            assert error.message.id == "filing.elsewhere"
        deleting.join()
        with store.reading() as connection:
            rows = set(connection.execute(select(schema.scan.c.sha256)).scalars())
        assert rows == on_disc(store)


FULL = """
import resource, sys
from pathlib import Path
from medai_core.errors import MedAIError
from medai_core.records.store import Location, open_store
from tests.records import filed, film, someone
store = open_store(Location(Path(sys.argv[1]), sys.argv[2]))
data, id = film(side=1500), someone(store).id
filed(store, id, film())
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try:
    filed(store, id, data)
except MedAIError as error:
    print(error.message.id, error.message.text)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file's size.")
def test_on_a_full_disc_nothing_is_filed_and_that_is_said_in_one_sentence(store: Store, location: Location) -> None:
    assert resource.RLIMIT_FSIZE
    done = subprocess.run(
        [sys.executable, "-c", FULL, location.folder, location.url],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("record.full The scan cannot be stored: File too large. Nothing was filed")
    assert counted(store)["scan"] == len(on_disc(store)) == 1
    assert verified(store).problem is None


def test_a_crash_leaves_files_that_the_next_start_sweeps_and_no_others(store: Store, clock: Clock) -> None:
    ada, data = someone(store), film(0)
    filed(store, ada.id, data)
    young = store.scans / ("c" * 64)
    for name in ("a" * 64, f"{'b' * 64}.0123.part"):
        (store.scans / name).write_bytes(b"left")
        os.utime(store.scans / name, (time.time() - 7200,) * 2)
    os.utime(store.scans / sha256(data).hexdigest(), (time.time() - 7200,) * 2)
    young.write_bytes(b"on its way")
    assert sweep_scans(store) == 2
    young.unlink()
    assert on_disc(store) == {sha256(data).hexdigest()}
    clock.forward(hours=2)
    assert sweep_scans(store) == 0
    assert "left" not in audit_text(store)

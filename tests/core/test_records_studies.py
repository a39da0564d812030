"""The scans of a study are filed together: all of them, or none."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, select

from medai_core.errors import AccessError, RecordError
from medai_core.records.schema import study
from medai_core.records.store import Store
from medai_core.records.store import filing as module
from medai_core.records.store.filing import Given, file_scans
from medai_core.records.store.patients import Details
from medai_core.records.store.results import scans_of
from tests.records import CARDS, CLINICIAN, READER, actions, film, on_disc, reading, someone, verified


def given(seed: int, **header: object) -> Given:
    data = film(seed, StudyInstanceUID="1.9", SeriesInstanceUID="1.9.1", **header)
    return Given(data, (reading(data),))


def test_a_study_is_filed_with_an_entry_for_each_of_its_scans(store: Store) -> None:
    ada = someone(store)
    filed = file_scans(store, CLINICIAN, ada.id, [given(i) for i in range(3)], CARDS)
    stored = scans_of(store, ada.id)
    assert {s.id for s in stored} == {f.scan for f in filed}
    assert len({s.study for s in stored}) == 1
    assert actions(store).count("scan.file") == 3
    assert verified(store).problem is None


def test_one_scan_of_somebody_else_keeps_the_whole_study_out(store: Store) -> None:
    ada = someone(store)
    with pytest.raises(RecordError, match="of another patient"):
        file_scans(store, CLINICIAN, ada.id, [given(0), given(1, PatientName="Other^Olga")], CARDS)
    assert (scans_of(store, ada.id), on_disc(store)) == ((), set())
    assert actions(store)[-1] == "scan.refuse"


def test_a_disc_that_fills_up_within_a_study_keeps_none_of_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, kept = someone(store), []

    def write(path, data, **_more):  # type: ignore[no-untyped-def]
        if kept:
            raise OSError(28, "No space left on device")
        kept.append(path)
        path.write_bytes(data)

    monkeypatch.setattr(module, "write_whole", write)
    with pytest.raises(RecordError, match="No space left"):
        file_scans(store, CLINICIAN, ada.id, [given(0), given(1)], CARDS)
    assert (scans_of(store, ada.id), on_disc(store)) == ((), set())


def test_a_fault_within_a_study_leaves_no_row_of_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, one = someone(store), module._file_one
    files = iter([one])
    monkeypatch.setattr(module, "_file_one", lambda *what: next(files)(*what))
    with pytest.raises((StopIteration, RuntimeError)):
        file_scans(store, CLINICIAN, ada.id, [given(0), given(1)], CARDS)
    with store.reading() as connection:
        assert connection.execute(select(func.count()).select_from(study)).scalar_one() == 0
    assert "scan.file" not in actions(store)


def test_readings_of_other_bytes_and_readers_are_refused(store: Store) -> None:
    ada = someone(store, Details("Drawn, Ada", "ID-7", date(2021, 4, 2)))
    with pytest.raises(RecordError, match="not of this file"):
        file_scans(store, CLINICIAN, ada.id, [given(0), Given(film(1), given(0).readings)], CARDS)
    with pytest.raises(AccessError):
        file_scans(store, READER, ada.id, [given(0)], CARDS)
    assert scans_of(store, ada.id) == ()

"""A ward followed live: the same risks as from the whole file, at the same cost, whatever arrives when."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from medai_core.catalog import find_models
from medai_core.errors import ManifestError
from medai_core.prognosis.monitoring import Feed, MonitorModel, Ward, answer, by_hour, watch
from medai_core.prognosis.monitoring.following import SILENT_HOURS
from medai_core.prognosis.monitoring.stay import KEPT_HOURS, LATE_HOURS
from tests.watched import drawn_table

START = datetime(2025, 3, 1, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def sepsis() -> MonitorModel:
    models = find_models()
    return models.monitor_model(models.card("sepsis_6h_lstm"))


def at_once(model: MonitorModel, table: pd.DataFrame, hours: int) -> np.ndarray:
    stays = by_hour(table, sorted(table["stay"].unique()), model.card.predictors)
    return watch(model, stays, range(1, hours + 1)).risk


def course_of(ward: Ward, name: str) -> dict[int, float]:
    return {p.hour: p.risk for s in ward.stays() if s.name == name for p in s.course}


def one(parameter: str, minute: float, value: float, stay: str = "A") -> pd.DataFrame:
    return pd.DataFrame({"stay": [stay], "minute": [minute], "parameter": [parameter], "value": [value]})


def test_hour_by_hour_a_ward_says_what_the_whole_file_says(sepsis: MonitorModel) -> None:
    table = drawn_table(sepsis.card, stays=3, hours=20)
    ward = Ward(sepsis)
    hour = np.maximum(np.ceil(table["minute"] / 60), 1)
    for h in range(1, 21):
        ward.observe(table[hour == h])
    whole = at_once(sepsis, table, 20)
    for i, name in enumerate(sorted(table["stay"].unique())):
        found = course_of(ward, name)
        assert np.allclose([found[h] for h in sorted(found)], whole[i, : len(found)], atol=1e-6)
        assert max(found) >= 18


def test_all_at_once_or_value_by_value_is_the_same(sepsis: MonitorModel) -> None:
    table = drawn_table(sepsis.card, stays=1, hours=14)
    whole, slow = Ward(sepsis), Ward(sepsis)
    whole.observe(table)
    for k in range(0, len(table), 7):
        slow.observe(table.iloc[k : k + 7])
    a, b = course_of(whole, "S0"), course_of(slow, "S0")
    assert a.keys() == b.keys()
    assert np.allclose(list(a.values()), list(b.values()), atol=1e-6)


def test_what_arrives_out_of_order_changes_what_is_said_since(sepsis: MonitorModel) -> None:
    table = drawn_table(sepsis.card, stays=1, hours=14)
    late = (table["minute"] > 6 * 60) & (table["minute"] <= 8 * 60) & ~table["parameter"].isin(sepsis.spec.fixed)
    assert late.sum() > 5
    ward = Ward(sepsis)
    ward.observe(table[~late])
    before = course_of(ward, "S0")
    changed = ward.observe(table[late])
    after = course_of(ward, "S0")
    assert changed == ("S0",)
    assert np.allclose(list(after.values()), at_once(sepsis, table, 14)[0, : len(after)], atol=1e-6)
    assert all(before[h] == after[h] for h in range(1, 7))
    assert before[14] != after[14]


def test_the_same_observation_twice_changes_nothing(sepsis: MonitorModel) -> None:
    table = drawn_table(sepsis.card, stays=2, hours=8)
    ward = Ward(sepsis)
    ward.observe(table)
    before = {s.name: list(s.course) for s in ward.stays()}
    assert ward.observe(table) == ()
    assert {s.name: list(s.course) for s in ward.stays()} == before


def test_a_contradiction_is_replaced_by_what_comes_last(sepsis: MonitorModel) -> None:
    table = drawn_table(sepsis.card, stays=1, hours=8)
    row = table[table["parameter"] == "heart_rate"].iloc[-1]
    corrected = table.copy()
    corrected.loc[row.name, "value"] = 190.0
    ward = Ward(sepsis)
    ward.observe(table)
    ward.observe(one("heart_rate", row["minute"], 190.0, "S0"))
    found = course_of(ward, "S0")
    assert np.allclose(list(found.values()), at_once(sepsis, corrected, 8)[0, : len(found)], atol=1e-6)


def test_what_comes_too_late_is_not_used_and_counted_but_an_age_counts_from_then_on(sepsis: MonitorModel) -> None:
    table = drawn_table(sepsis.card, stays=1, hours=LATE_HOURS + 6)
    table = table[~table["parameter"].isin(sepsis.spec.fixed)]
    ward = Ward(sepsis)
    ward.observe(table)
    before = course_of(ward, "S0")
    ward.observe(one("heart_rate", 60.0, 200.0, "S0"))
    assert course_of(ward, "S0") == before
    assert ward.stays()[0].unused == {("observation.too_late", "heart_rate"): 1}
    ward.observe(one("age", 0.0, 90.0, "S0"))
    after = course_of(ward, "S0")
    newest = max(after)
    assert {h for h in after if after[h] != before[h]} == {newest}


def test_what_is_stamped_in_the_future_is_not_used_and_counted(sepsis: MonitorModel) -> None:
    ward = Ward(sepsis)
    ward.observe(one("heart_rate", 30.0, 80.0), started={"A": START}, now=START + timedelta(hours=1))
    ward.observe(one("heart_rate", 400.0, 200.0), now=START + timedelta(hours=1))
    stay = ward.stays()[0]
    assert stay.unused == {("observation.future", "heart_rate"): 1}
    assert stay.passed == 1
    ward.observe(one("heart_rate", 1e12, 200.0, "B"))
    other = next(s for s in ward.stays() if s.name == "B")
    assert (other.passed, len(other.course)) == (1, 1)


def test_time_passes_without_observations_until_a_day_of_silence(sepsis: MonitorModel) -> None:
    ward = Ward(sepsis)
    ward.observe(one("heart_rate", 30.0, 80.0), started={"A": START}, now=START + timedelta(minutes=40))
    assert ward.stays()[0].passed == 1
    ward.advance(START + timedelta(hours=5))
    assert ward.stays()[0].passed == 5
    assert ward.advance(START + timedelta(hours=5)) == ()
    ward.advance(START + timedelta(days=30))
    assert ward.stays()[0].passed == SILENT_HOURS + 1


def test_a_stay_of_a_week_keeps_no_more_than_its_last_hours(sepsis: MonitorModel) -> None:
    ward = Ward(sepsis)
    for hour in range(KEPT_HOURS + 20):
        ward.observe(one("heart_rate", hour * 60.0 + 1, 80.0 + hour % 7))
    stay = ward.stays()[0]
    assert (len(stay.values), len(stay.states), len(stay.course)) == (LATE_HOURS, LATE_HOURS + 1, KEPT_HOURS)
    assert stay.newest is not None
    assert stay.newest.hour == KEPT_HOURS + 20


def test_an_alarm_is_raised_once_and_then_is_silent_and_stays_whatever_comes_later(sepsis: MonitorModel) -> None:
    ward = Ward(sepsis, level=0.0)
    for hour in range(14):
        ward.observe(one("heart_rate", hour * 60.0 + 1, 80.0))
    silent = sepsis.spec.silent_hours
    raised = [p.hour for p in ward.stays()[0].course if p.alarm]
    assert raised == [1, 1 + silent, 1 + 2 * silent]
    ward.level = 1.1
    ward.observe(one("heart_rate", 13 * 60.0 + 5, 60.0))
    assert [p.hour for p in ward.stays()[0].course if p.alarm] == raised


def test_the_highest_risk_comes_first_and_who_left_is_followed_no_longer(sepsis: MonitorModel) -> None:
    ward = Ward(sepsis)
    ward.observe(drawn_table(sepsis.card, stays=5, hours=6))
    risks = [s.newest.risk for s in ward.stays() if s.newest]
    assert risks == sorted(risks, reverse=True)
    ward.leave("S2")
    assert {s.name for s in ward.stays()} == {"S0", "S1", "S3", "S4"}


def test_a_full_ward_gives_up_the_stay_without_news_the_longest(
    sepsis: MonitorModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("medai_core.prognosis.monitoring.following.STAYS_MAX", 2)
    ward = Ward(sepsis)
    for name in ("A", "B", "A", "C"):
        ward.observe(one("heart_rate", 30.0, 80.0, name))
    assert {s.name for s in ward.stays()} == {"A", "C"}


def test_what_drives_a_stay_now_is_what_the_whole_file_says_of_its_last_hour(sepsis: MonitorModel) -> None:
    table = drawn_table(sepsis.card, stays=1, hours=9)
    ward = Ward(sepsis)
    ward.observe(table)
    found = ward.drivers("S0")
    stays = by_hour(table, ["S0"], sepsis.card.predictors)
    hour = ward.stays()[0].passed
    whole = answer(sepsis, stays, [hour])
    assert whole.drivers is not None
    places = {p.name: i for i, p in enumerate(sepsis.card.predictors)}
    assert len(found.names) > 10
    assert found.values == pytest.approx([whole.drivers[0, places[n]] for n in found.names], abs=1e-4)
    assert ward.drivers("nobody").names == ()


def long(rows: list[tuple[str, int, str, float]], heading: bool = True) -> str:
    text = "".join(f"{s},{(START + timedelta(minutes=m)).isoformat()},{p},{v}\n" for s, m, p, v in rows)
    return ("stay,time,parameter,value\n" if heading else "") + text


def test_a_folder_is_followed_through_new_files_and_appended_lines(tmp_path: Path, sepsis: MonitorModel) -> None:
    feed = Feed(tmp_path, Ward(sepsis))
    now = START + timedelta(hours=4)
    assert feed.poll(now).changed == ()
    file = tmp_path / "monitor.csv"
    file.write_text(long([("A", 0, "HR", 80), ("A", 50, "Temp", 37.1)]))
    assert feed.poll(now).changed == ("A",)
    with file.open("a") as stream:
        stream.write(long([("A", 130, "HR", 120)], heading=False)[:-4])
    feed.poll(now)
    with file.open("a") as stream:
        stream.write(long([("A", 130, "HR", 120)], heading=False)[-4:] + long([("B", 150, "HR", 99)], heading=False))
    assert set(feed.poll(now).changed) == {"A", "B"}
    assert feed.observed("A")["value"].tolist() == [80.0, 37.1, 120.0]
    resource = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": "Patient/A"},
        "effectiveDateTime": (START + timedelta(minutes=200)).isoformat(),
        "valueQuantity": {"value": 130, "code": "/min", "system": "http://unitsofmeasure.org"},
    }
    (tmp_path / "new.json").write_text(json.dumps(resource))
    assert feed.poll(now).changed == ("A",)
    assert feed.observed("A")["value"].tolist()[-1] == 130
    assert feed.poll(now).files == 0


def test_a_file_that_cannot_be_read_is_named_until_it_can_and_the_others_go_on(
    tmp_path: Path, sepsis: MonitorModel
) -> None:
    feed = Feed(tmp_path, Ward(sepsis))
    now = datetime.now(UTC) + timedelta(minutes=1)
    (tmp_path / "scan.json").write_bytes(b"%PDF-1.7 nothing here")
    (tmp_path / "good.csv").write_text(long([("A", 0, "HR", 80)]))
    (tmp_path / ".hidden.csv").write_text("nonsense")
    (tmp_path / "half.csv.part").write_text("nonsense")
    polled = feed.poll(now)
    assert [name for name, _ in polled.problems] == ["scan.json"]
    assert polled.changed == ("A",)
    (tmp_path / "scan.json").write_text(long([("C", 0, "HR", 90)]))
    assert feed.poll(now).problems == ()
    (tmp_path / "other.json").write_bytes(b"%PDF")
    assert [name for name, _ in feed.poll(now).problems] == ["other.json"]
    (tmp_path / "other.json").unlink()
    assert feed.poll(now).problems == ()


def test_a_sign_that_is_half_written_is_read_when_it_is_whole(tmp_path: Path, sepsis: MonitorModel) -> None:
    feed = Feed(tmp_path, Ward(sepsis))
    now = START + timedelta(hours=2)
    data = long([("Zoë", 0, "HR", 80), ("Zoë", 50, "HR", 90)]).encode()
    half = data.index("ë".encode()) + 1
    file = tmp_path / "names.csv"
    file.write_bytes(data[:half])
    feed.poll(now)
    with file.open("ab") as stream:
        stream.write(data[half:])
    feed.poll(now)
    assert [s.name for s in feed.ward.stays()] == ["Zoë"]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path, sepsis: MonitorModel) -> None:
    with pytest.raises(ManifestError, match="no folder"):
        Feed(tmp_path / "absent", Ward(sepsis))


def test_what_a_file_says_that_cannot_be_is_counted_and_a_folder_that_goes_is_said(
    tmp_path: Path, sepsis: MonitorModel
) -> None:
    folder = tmp_path / "feed"
    folder.mkdir()
    feed = Feed(folder, Ward(sepsis))
    (folder / "a.csv").write_text(long([("A", 0, "HR", 80), ("A", 5, "HR", 0), ("A", 9000, "HR", 90)]))
    feed.poll(START + timedelta(hours=1))
    unused = feed.ward.stays()[0].unused
    assert unused == {("observation.implausible", "heart_rate"): 1, ("observation.future", "heart_rate"): 1}
    (folder / "a.csv").unlink()
    folder.rmdir()
    with pytest.raises(ManifestError, match="no folder"):
        feed.poll(START + timedelta(hours=1))

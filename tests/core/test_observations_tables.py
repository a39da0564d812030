"""Tables of observations come in as wards, researchers and watches write them, or are refused in one sentence."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from medai_core.cards import PredictorSpec
from medai_core.errors import ManifestError
from medai_core.sources.observations import read_observations, reading
from tests.stays import PREDICTORS, START, left_out, parquet, read, rows


def refused(data: bytes | str, name: str = "x.csv", **options: Any) -> str:
    """The id of the one sentence that ``data`` is refused with."""
    with pytest.raises(ManifestError) as caught:
        read(data, name, **options)
    assert len(str(caught.value).splitlines()) == 1
    assert str(caught.value).endswith(".")
    return caught.value.message.id


@pytest.mark.parametrize("stay", ["stay", "stay_id", "Patient ID", "pid", "RecordID", "encounter", "subject_id", "id"])
@pytest.mark.parametrize("parameter", ["parameter", "variable", "Signal", "code", "LOINC", "item"])
def test_a_long_tables_columns_are_known_by_many_names(stay: str, parameter: str) -> None:
    found = read(f"{stay},minute,{parameter},value\n7,30,HR,80\n")
    assert rows(found) == [("7", 30, "heart_rate", 80)]


@pytest.mark.parametrize(
    "name",
    ["heart_rate", "Heart rate", "HEART-RATE", "hr", "Pulse", "8867-4", "LOINC:8867-4", "http://loinc.org|8867-4"],
)
def test_a_parameter_is_known_by_name_title_column_or_loinc_code_however_spelt(name: str) -> None:
    assert rows(read(f"stay,minute,parameter,value\n7,0,{name},80\n")) == [("7", 0, "heart_rate", 80)]


def test_a_code_in_another_script_is_known_by_its_own_letters() -> None:
    pulse = PredictorSpec("pulse", "Pulse", "number", columns=("心率",), low=10, high=300)
    text = "stay,minute,parameter,value\n7,0,心率,80\n7,0,体温,37\n"
    found = read_observations(text.encode(), "x.csv", [pulse])
    assert rows(found) == [("7", 0, "pulse", 80)]
    assert found.unknown == {"体温": 1}


def test_what_the_card_does_not_know_is_counted() -> None:
    found = read("stay,minute,parameter,value\n7,0,HR,80\n7,0,urine,40\n7,5,urine,30\n8,0,GCS,15\n")
    assert found.unknown == {"urine": 2, "GCS": 1}
    assert found.stays == ("7", "8")
    wide = read("stay,hour,HR,urine,GCS\n7,0,80,40,\n7,1,81,30,\n")
    assert wide.unknown == {"urine": 2}


def test_two_predictors_that_share_a_name_both_take_its_values() -> None:
    twice = [PredictorSpec(name, name, "number", columns=("MAP",), low=0, high=200) for name in ("mean", "pressure")]
    for text in ("stay,minute,parameter,value\n7,0,MAP,80\n", "stay,minute,MAP\n7,0,80\n"):
        found = read_observations(text.encode(), "x.csv", twice)
        assert rows(found) == [("7", 0, "mean", 80), ("7", 0, "pressure", 80)]


def test_the_column_that_names_parameters_is_the_one_that_the_card_understands() -> None:
    text = "stay,name,item,time,label,value\n7,Doe,9,2025-03-01T08:00,Heart rate,80\n"
    assert rows(read(text)) == [("7", 0, "heart_rate", 80)]


def test_a_wide_table_may_have_columns_that_a_long_one_has() -> None:
    text = "stay,code,hour,HR,result\n7,ward 3,2,80,fine\n"
    found = read(text)
    assert rows(found) == [("7", 120, "heart_rate", 80)]
    assert found.unknown == {"code": 1, "result": 1}


def test_the_challenge_of_2012_comes_in_as_its_text_files_are() -> None:
    text = "Time,Parameter,Value\n00:00,RecordID,132539\n00:00,Age,54\n00:00,Gender,0\n00:07,HR,73\n47:37,Temp,37.8\n"
    found = read(text, "132539.txt")
    assert rows(found) == [
        ("132539", 0, "age", 54),
        ("132539", 0, "sex", 0),
        ("132539", 7, "heart_rate", 73),
        ("132539", 47 * 60 + 37, "temperature", 37.8),
    ]
    assert found.unknown == {"RecordID": 1}
    assert found.started == {}


def test_the_challenge_of_2012_comes_in_as_one_parquet_table() -> None:
    table = pd.DataFrame(
        {
            "stay": np.array([5, 5, 5, 6], dtype=np.int64),
            "minute": np.array([0, 0, 61, 0], dtype=np.int16),
            "parameter": pd.Categorical(["Gender", "Temp", "Temp", "HR"]),
            "value": np.array([1, -1, 36.7, 80], dtype=np.float32),
        }
    )
    found = read(parquet(table), "set.parquet")
    assert rows(found) == [("5", 0, "sex", 1), ("5", 61, "temperature", 36.7), ("6", 0, "heart_rate", 80)]
    assert found.left_out.empty


def test_the_challenge_of_2019_comes_in_wide_with_hours() -> None:
    table = pd.DataFrame(
        {"HR": [np.nan, 93, 91], "Temp": [np.nan, np.nan, 36.1], "Gender": [1, 1, 0], "ICULOS": [1, 2, 1]}
    ).assign(pid=["p1", "p1", "p2"], SepsisLabel=0)
    found = read(parquet(table), "hours.parquet")
    assert rows(found) == [
        ("p1", 60, "sex", 1),
        ("p1", 120, "heart_rate", 93),
        ("p1", 120, "sex", 1),
        ("p2", 60, "heart_rate", 91),
        ("p2", 60, "temperature", 36.1),
        ("p2", 60, "sex", 0),
    ]


def test_a_watch_without_a_stay_is_one_stay_called_as_its_file() -> None:
    text = "timestamp,type,value,unit\n2025-03-01T08:00:00Z,heart rate,61,count/min\n2025-03-01T08:01:30Z,HR,63,bpm\n"
    found = read(text, "watch of march.csv")
    assert rows(found) == [("watch of march", 0, "heart_rate", 61), ("watch of march", 1.5, "heart_rate", 63)]
    named = read(text.replace("timestamp", "device,timestamp").replace("2025", "w1,2025"))
    assert named.stays == ("w1",)


@pytest.mark.parametrize(
    ("column", "cell", "minute"),
    [
        ("minute", "90", 90),
        ("minutes", "-30.5", -30.5),
        ("hour", "1.5", 90),
        ("ICULOS", "2", 120),
        ("seconds", "90", 1.5),
        ("offset", "17", 17),
        ("days", "0.5", 720),
        ("time", "01:30", 90),
        ("time", "120:05:30", 7205.5),
        ("time", "-00:30", -30),
        ("hours", "1:30", 90),
    ],
)
def test_time_since_admission_is_understood(column: str, cell: str, minute: float) -> None:
    found = read(f"stay,{column},HR\n7,{cell},80\n")
    assert rows(found) == [("7", minute, "heart_rate", 80)]
    assert found.started == {}


@pytest.mark.parametrize(
    "cell",
    [
        "2025-03-01T08:00",
        "2025-03-01 08:00:00",
        "2025-03-01T08:00:00Z",
        "2025-03-01T09:00:00+01:00",
        "2025-03-01T03:00:00-0500",
        "2025/03/01 08:00",
        "1740816000",
        "1740816000000",
    ],
)
def test_times_of_day_are_in_utc_unless_they_say_their_zone(cell: str) -> None:
    assert read(f"stay,time,HR\n7,{cell},80\n").started == {"7": START}


def test_an_hour_that_is_repeated_or_skipped_in_summer_is_no_longer_or_shorter_in_utc() -> None:
    text = "stay,time,HR\n" + "".join(
        f"7,{when},80\n" for when in ("2025-03-30T00:30:00+01:00", "2025-03-30T03:30:00+02:00", "2025-03-30T02:30")
    )
    assert [minute for _s, minute, *_rest in rows(read(text))] == [0, 120, 180]


def test_columns_of_a_parquet_file_keep_their_kind_of_time() -> None:
    naive = pd.Series([START, START + pd.Timedelta("90min")])
    for times, minutes in [
        (naive.dt.tz_localize(None), [0, 90]),
        (naive.dt.tz_convert("Asia/Shanghai"), [0, 90]),
        (naive.dt.as_unit("ns"), [0, 90]),
        (pd.Series([date(2025, 3, 1), date(2025, 3, 2)]), [0, 1440]),
    ]:
        found = read(parquet(pd.DataFrame({"stay": 7, "at": times, "HR": [80, 81]})), "x.parquet")
        assert [m for _s, m, *_rest in rows(found)] == minutes
        assert found.started["7"].tzinfo is UTC
    spans = pd.DataFrame({"stay": [7], "time": [pd.Timedelta("90min")], "HR": [80]})
    assert rows(read(parquet(spans), "x.parquet")) == [("7", 90, "heart_rate", 80)]


def test_stays_of_the_next_century_keep_their_distances() -> None:
    found = read("stay,charttime,HR\n7,2180-07-23 14:00:00,80\n7,2180-07-23 14:30:00,81\n")
    assert [m for _s, m, *_rest in rows(found)] == [0, 30]
    assert found.started == {"7": datetime(2180, 7, 23, 14, tzinfo=UTC)}


@pytest.mark.parametrize(
    "cell", ["yesterday", "now", "31.02.2025", "2025-02-31T08:00", "2025-03", "", "9999-01-01", "NaN"]
)
def test_a_time_that_cannot_be_read_loses_its_row_alone(cell: str) -> None:
    found = read(f"stay,time,HR\n7,2025-03-01T08:00,80\n7,{cell},81\n")
    assert rows(found) == [("7", 0, "heart_rate", 80)]
    assert left_out(found) == [("7", "heart_rate", f"81 ({cell or '-'})", "time")]


def test_the_rarer_kind_of_time_in_a_column_cannot_be_read() -> None:
    found = read("stay,time,HR\n7,2025-03-01T08:00,80\n7,2025-03-01T08:10,80\n7,00:30,81\n7,5,82\n")
    assert len(found.table) == 2
    assert left_out(found) == [("7", "heart_rate", "81 (00:30)", "time"), ("7", "heart_rate", "82 (5)", "time")]


def test_no_minute_lasts_for_ever() -> None:
    found = read("stay,minute,HR\n7,0,80\n7,1e300,81\n7,inf,82\n7,1e400,83\n")
    assert len(found.table) == 1
    assert [reason for *_rest, reason in left_out(found)] == ["time"] * 3


def test_a_row_without_a_stay_is_left_out() -> None:
    found = read("stay,minute,HR\n7,0,80\n ,1,81\n")
    assert found.stays == ("7",)
    assert left_out(found) == [("", "heart_rate", "81", "stay")]


def test_stays_are_text_whatever_their_column_holds() -> None:
    for stays in ([132539, 132540], [132539.0, 132540.0], ["132539", " 132540 "]):
        table = pd.DataFrame({"stay": stays, "hour": [0, 0], "HR": [80, 81]})
        assert read(parquet(table), "x.parquet").stays == ("132539", "132540")


def test_cells_of_any_kind_are_judged_as_their_text() -> None:
    table = pd.DataFrame(
        {"stay": [1, 1, 1], "hour": [0, 1, 2], "HR": [True, False, True], "Gender": ["Male", "f", "0"]}
    )
    found = read(parquet(table), "x.parquet")
    assert [v for *_rest, v in rows(found)] == [1, 0, 0]
    assert [r for *_rest, r in left_out(found)] == ["unreadable"] * 3


def test_a_table_that_does_not_say_when_whose_or_what_is_refused() -> None:
    assert refused("stay,HR\n7,80\n") == "observation.no_time"
    assert refused("hour,HR\n1,80\n") == "observation.no_stay"
    assert refused("stay,hour,urine\n7,1,80\n") == "observation.no_parameter"
    assert refused("stay,time,HR\n7,5,80\n7,6,80\n") == "observation.time_unit"
    assert refused("a,b\n1,2\n") == "observation.no_time"


def test_a_file_that_is_something_else_is_called_by_its_name() -> None:
    dicom = b"\0" * 128 + b"DICM"
    workbook = b"PK\x03\x04 xl/workbook.xml"
    for data in (b"%PDF-1.7", b"\x89PNG\r\n\x1a\n", dicom, workbook, b"<html>"):
        assert refused(data) == "table.foreign"
    assert refused(b"") == refused(b" \n ") == "table.empty"
    assert refused(b"PAR1 and no more") == "table.parquet"
    assert refused("stay,hour,HR\n") == "cohort.no_rows"
    assert refused("stay,hour,HR\n7,1\n") == "table.ragged"
    assert refused("stay,hour,HR,HR\n7,1,80,80\n") == "table.twice"
    assert refused('stay,hour,HR\n7,1,"80\n') == "table.quote"
    assert refused("stay,hour,HR\n7,1,80\n".encode("utf-16")) == "table.utf16"
    assert refused(b"stay,hour,HR\n7,1,\xff80\n") == "table.encoding"


def test_an_upload_may_have_more_rows_than_a_table_of_patients_and_not_any_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "ROWS_MAX", 3)
    text = "stay,minute,HR\n" + "7,1,80\n" * 4
    assert refused(text) == "table.too_many_rows"
    assert refused(parquet(pd.read_csv(io.StringIO(text)))) == "table.too_many_rows"
    assert len(read(text, limited=False).table) == 1


def test_a_semicolon_a_tab_and_a_mark_of_byte_order_are_taken(tmp_path: Any) -> None:
    for sign, name in ((";", "x.csv"), ("\t", "x.tsv")):
        text = "\ufeff" + "stay,minute,HR\n7,0,80\n".replace(",", sign)
        assert len(read(text, name).table) == 1


def test_a_card_that_asks_nothing_of_the_file_gets_nothing() -> None:
    found = read_observations(b"stay,minute,parameter,value\n7,0,HR,80\n", "x.csv", PREDICTORS[1:])
    assert found.table.empty
    assert found.unknown == {"HR": 1}

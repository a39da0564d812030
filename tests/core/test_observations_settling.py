"""One value for a stay, a time and a predictor, whatever it came in; what is not used is said."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medai_core.errors import ManifestError
from medai_core.sources.fhir.units import in_unit_of
from medai_core.sources.observations import open_observations, said, summary
from tests.stays import (
    PREDICTORS,
    START,
    TEMPERATURE,
    Seen,
    bundle,
    csv,
    left_out,
    lines,
    long_table,
    messages,
    observation,
    parquet,
    read,
    rows,
    wide_table,
)

SEEN = [
    Seen("4711", 0, "heart_rate", "80"),
    Seen("4711", 0, "temperature", "36.8"),
    Seen("4712", 0, "heart_rate", "101"),
    Seen("4711", 30, "heart_rate", "84"),
    Seen("4711", 30, "systolic", "118"),
    Seen("4711", 45.5, "lactate", "1.9"),
    Seen("4712", 60, "temperature", "39.4"),
    Seen("4712", 60, "sex", "male"),
]


def test_the_same_observations_are_the_same_table_in_every_format() -> None:
    resources = [observation(s) for s in SEEN]
    forms = {
        "long.csv": csv(long_table(SEEN)),
        "wide.csv": csv(wide_table(SEEN)),
        "long.parquet": parquet(long_table(SEEN)),
        "wide.parquet": parquet(wide_table(SEEN)),
        "minutes.csv": csv(long_table(SEEN, clock=False)),
        "bundle.json": bundle(*resources),
        "lines.ndjson": lines(*resources),
        "oru.hl7": messages(SEEN).encode(),
        "oru.txt": messages(SEEN).replace("\r", "\r\n").encode(),
        "unix.hl7": messages(SEEN).replace("\r", "\n").encode(),
    }
    wanted = read(forms["long.csv"])
    assert len(wanted.table) == len(SEEN)
    for name, data in forms.items():
        found = read(data, name)
        pd.testing.assert_frame_equal(found.table, wanted.table, obj=name)
        assert found.stays == ("4711", "4712")
        assert found.started == ({} if "minutes" in name else {"4711": START, "4712": START})
        assert found.unknown == {}
        assert found.left_out.empty


def test_a_table_is_of_text_and_floats_and_numbered_from_nought() -> None:
    for found in (read(csv(long_table(SEEN))), read("stay,minute,parameter,value\n1,0,heart_rate,\n")):
        assert list(found.table.columns) == ["stay", "minute", "parameter", "value"]
        assert list(found.table.dtypes.astype(str)) == ["str", "float64", "str", "float64"]
        assert list(found.left_out.columns) == ["stay", "minute", "parameter", "value", "reason"]
        assert isinstance(found.table.index, pd.RangeIndex)
        assert isinstance(found.left_out.index, pd.RangeIndex)


def test_what_is_said_twice_counts_once_and_without_a_word() -> None:
    found = read(csv(long_table([SEEN[0], SEEN[1], SEEN[0]])))
    assert rows(found) == [("4711", 0, "temperature", 36.8), ("4711", 0, "heart_rate", 80)]
    assert found.left_out.empty


def test_a_correction_replaces_and_the_replaced_value_is_named() -> None:
    seen = [Seen("1", 5, "heart_rate", value) for value in ("80", "90", "80", "91")]
    found = read(csv(long_table(seen)))
    assert rows(found) == [("1", 0, "heart_rate", 91)]
    assert [value for _s, _p, value, reason in left_out(found) if reason == "contradicted"] == ["80", "90", "80"]


def test_a_value_that_is_confirmed_after_a_slip_is_no_contradiction_of_itself() -> None:
    found = read(csv(long_table([Seen("1", 5, "heart_rate", value) for value in ("80", "90", "80")])))
    assert rows(found) == [("1", 0, "heart_rate", 80)]
    assert left_out(found) == [("1", "heart_rate", "90", "contradicted")]


def test_a_wrong_cell_replaces_no_good_one() -> None:
    found = read("stay,minute,HR\n1,5,80\n1,5,0\n1,5,abc\n1,5,\n")
    assert rows(found) == [("1", 5, "heart_rate", 80)]
    assert [reason for *_rest, reason in left_out(found)] == ["implausible", "unreadable"]


def test_what_comes_out_of_order_is_sorted_within_its_stay() -> None:
    seen = [Seen("b", 30, "heart_rate", "83"), Seen("a", 10, "heart_rate", "71"), Seen("b", 0, "heart_rate", "80")]
    found = read(csv(long_table(seen)))
    assert rows(found) == [("b", 0, "heart_rate", 80), ("b", 30, "heart_rate", 83), ("a", 0, "heart_rate", 71)]
    assert found.started == {"b": START, "a": START + timedelta(minutes=10)}


def test_observations_of_one_time_stay_in_the_order_of_the_file() -> None:
    names = ["lactate", "heart_rate", "temperature", "systolic"]
    text = "stay,minute,parameter,value\n" + "".join(f"1,{m},{n},30\n" for m in (7, 3) for n in names)
    assert [(m, n) for _s, m, n, _v in rows(read(text))] == [(m, n) for m in (3, 7) for n in names]


def test_what_lies_in_the_future_is_not_used_and_a_clock_may_run_five_minutes_ahead() -> None:
    seen = [Seen("1", minute, "heart_rate", "80") for minute in (0, 4, 6)]
    found = read(csv(long_table(seen)), now=START)
    assert [minute for _s, minute, *_rest in rows(found)] == [0, 4]
    assert left_out(found) == [("1", "heart_rate", "80", "future")]
    assert len(read(csv(long_table(seen))).table) == 3


def test_a_stay_does_not_begin_in_the_future() -> None:
    seen = [
        Seen("1", 60 * 24, "heart_rate", "80"),
        Seen("2", 60 * 24, "heart_rate", "80"),
        Seen("1", 0, "systolic", "99"),
    ]
    found = read(csv(long_table(seen)), now=START)
    assert found.started == {"1": START}
    assert found.stays == ("1", "2")


def test_minutes_of_a_file_without_times_of_day_are_never_in_the_future() -> None:
    assert len(read("stay,hour,HR\n1,1000,80\n", now=START).table) == 1


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("heart_rate", "0", "implausible"),
        ("heart_rate", "1e400", "implausible"),
        ("heart_rate", "-inf", "implausible"),
        ("temperature", "5", "implausible"),
        ("heart_rate", "eighty", "unreadable"),
        ("heart_rate", "80 bpm", "unreadable"),
        ("heart_rate", "36,8", "unreadable"),
        ("heart_rate", "0x50", "unreadable"),
        ("heart_rate", "-1", "implausible"),
        ("sex", "7", "unreadable"),
    ],
)
def test_a_wrong_cell_is_left_out_as_it_stood_and_loses_no_other(name: str, value: str, reason: str) -> None:
    found = read(f'stay;minute;parameter;value\n1;0;{name};"{value}"\n1;0;lactate;2\n'.replace(";", "\t"), "x.tsv")
    assert rows(found) == [("1", 0, "lactate", 2)]
    assert left_out(found) == [("1", name, value, reason)]


@pytest.mark.parametrize(
    ("name", "value"), [("temperature", "-1"), ("sex", "-1"), ("heart_rate", "NaN"), ("lactate", "")]
)
def test_missing_values_are_no_slips(name: str, value: str) -> None:
    found = read(f"stay,minute,parameter,value\n1,0,{name},{value}\n")
    assert found.table.empty
    assert found.left_out.empty
    assert found.stays == ("1",)


def test_units_become_the_cards_and_what_no_one_can_convert_is_left_out() -> None:
    text = "stay,minute,parameter,value,unit\n" + "".join(
        f"1,{minute},{name},{value},{unit}\n"
        for minute, (name, value, unit) in enumerate(
            [
                ("temperature", "98.6", "°F"),
                ("temperature", "98.6", "degF"),
                ("temperature", "98.6", "[degF]"),
                ("temperature", "37", "Cel"),
                ("temperature", "37", "°C"),
                ("temperature", "37", ""),
                ("heart_rate", "1.5", "/s"),
                ("heart_rate", "90", "bpm"),
                ("lactate", "18.016", "mg/dL"),
                ("lactate", "2", "mmol/l"),
                ("temperature", "310", "K"),
                ("systolic", "16", "kPa"),
                ("temperature", "500", "°F"),
            ]
        )
    )
    found = read(text)
    values = [value for *_rest, value in rows(found)]
    assert values == pytest.approx([37, 37, 37, 37, 37, 37, 90, 90, 2, 2])
    assert left_out(found) == [
        ("1", "temperature", "310 K", "unit"),
        ("1", "systolic", "16 kPa", "unit"),
        ("1", "temperature", "500 °F", "implausible"),
    ]


def test_fahrenheit_needs_no_word_of_the_card() -> None:
    plain = [p for p in PREDICTORS if p.name != "temperature"]
    assert in_unit_of(plain[0], 98.6, "°F") is None
    bare = type(TEMPERATURE)("t", "T", "number", ucum="Cel")
    assert in_unit_of(bare, 98.6, "[degF]") == 37
    assert in_unit_of(bare, 37, "°C") == 37


def test_what_floats_of_few_bits_hold_is_the_decimal_number_that_was_stored() -> None:
    table = pd.DataFrame({"stay": [1, 1], "hour": [1, 2], "Temp": np.array([45.0, 36.7], dtype=np.float32)})
    table["Lactate"] = np.array([0.1, 40], dtype=np.float32)
    assert [v for *_rest, v in rows(read(parquet(table), "x.parquet"))] == [45.0, 0.1, 36.7, 40.0]


def test_a_stay_goes_on_from_where_a_feed_began() -> None:
    began = START - timedelta(hours=2)
    found = read(csv(long_table(SEEN[:3])), started={"4711": began, "9": began})
    assert rows(found)[0] == ("4711", 120, "heart_rate", 80)
    assert found.started == {"4711": began, "4712": START}


def test_five_hundred_slips_are_one_sentence() -> None:
    text = "stay,minute,HR,Temp\n" + "".join(f"1,{m},{m % 3},\n" for m in range(500)) + "1,500,80,x\n2,0,0,37\n"
    found = read(text)
    told = {stay: [m.text for m in messages] for stay, messages in summary(found, PREDICTORS).items()}
    assert told == {
        "1": [
            "Heart rate: 500 values outside 10 to 300 /min were not used, the last 1. Correct them.",
            "Body temperature: 'x' was not used. Needed is a number from 25 to 45 °C, or nothing for unknown.",
        ],
        "2": ["Heart rate: 0 is outside 10 to 300 /min and was not used. Correct it."],
    }


def test_every_reason_is_a_sentence_with_its_value() -> None:
    text = (
        "stay,time,parameter,value,unit\n"
        "1,2025-03-01T08:00,heart_rate,80,\n1,2025-03-01T08:00,heart_rate,81,\n"
        "1,2025-03-01T08:00,lactate,2,furlong\n1,2025-03-01T08:00,sex,x,\n1,yesterday,heart_rate,82,\n"
        ",2025-03-01T08:00,heart_rate,83,\n1,2035-03-01T08:00,heart_rate,84,\n1,2025-03-01T08:00,systolic,1,\n"
    )
    found = read(text, now=START)
    told = [said(row, PREDICTORS).text for row in found.left_out.itertuples()]
    assert told == [
        "Heart rate: 80 was replaced by another value of the same time.",
        "Lactate: 2 furlong was not used, as nothing leads from its unit to mmol/L. Give it in mmol/L.",
        "Sex: 'x' was not used. Needed is one of: female, male; or nothing for unknown.",
        "Heart rate: 82 (yesterday) was not used, as its time cannot be read. Write it as 2025-03-01T08:00.",
        "Heart rate: 83 was not used, as its row names no stay. Add it.",
        "Heart rate: 84 was not used, as its time lies in the future. Check the clock that it comes from.",
        "Systolic pressure: 1 is outside 20 to 320 mmHg and was not used. Correct it.",
    ]
    assert said(found.left_out.iloc[0], PREDICTORS).text == told[0]
    assert list(summary(found, PREDICTORS)) == ["1", ""]
    assert rows(found) == [("1", 0, "heart_rate", 81)]


def test_a_file_of_ones_own_is_opened_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "ward.csv"
    path.write_bytes(csv(long_table(SEEN)))
    assert len(open_observations(path, PREDICTORS).table) == len(SEEN)
    with pytest.raises(ManifestError):
        open_observations(tmp_path / "absent.csv", PREDICTORS)


VALUES = st.tuples(
    st.sampled_from(["a", "b", "c"]),
    st.integers(0, 6),
    st.sampled_from(["heart_rate", "temperature", "systolic"]),
    st.integers(30, 40),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=40))
def test_settling_says_what_a_loop_over_the_rows_says(drawn: list[tuple[str, int, str, int]]) -> None:
    found = read("stay,minute,parameter,value\n" + "".join(f"{s},{m},{p},{v}\n" for s, m, p, v in drawn))
    last = {(s, m, p): v for s, m, p, v in drawn}
    stays = list(dict.fromkeys(s for s, *_rest in drawn))
    assert {(s, m, p): v for s, m, p, v in rows(found)} == last
    assert list(found.stays) == stays
    order = [(stays.index(s), m) for s, m, *_rest in rows(found)]
    assert order == sorted(order)
    contradicted = [v for s, m, p, v in drawn if v != last[s, m, p]]
    assert [int(value) for *_rest, value, _reason in left_out(found)] == contradicted

"""Whatever bytes a file of observations holds, it comes in or is refused in a sentence, in reasonable time."""

from __future__ import annotations

import json
import time
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from medai_core.errors import ManifestError
from medai_core.sources.observations import Growing, Observations, said, summary
from tests.stays import PREDICTORS, START, Seen, bundle, csv, lines, long_table, messages, observation, parquet, read

SEEN = [
    Seen("4711", 0, "heart_rate", "80"),
    Seen("4711", 30, "temperature", "36.8"),
    Seen("4712", 0, "sex", "male"),
    Seen("4712", 45.5, "lactate", "1.9"),
]
FILES = [
    csv(long_table(SEEN)),
    csv(long_table(SEEN, clock=False)),
    parquet(long_table(SEEN)),
    bundle(*[observation(s) for s in SEEN]),
    lines(*[observation(s) for s in SEEN]),
    messages(SEEN).encode(),
]


def attempt(data: bytes) -> Observations | None:
    """What was read, with every sentence about it said; None where the file is refused."""
    try:
        found = read(data, "x.csv", now=START)
    except ManifestError as error:
        assert len(str(error)) < 1000
        return None
    assert found.table["value"].notna().all()
    assert found.table["minute"].notna().all()
    assert set(found.table["stay"]) <= set(found.stays)
    for row in found.left_out.itertuples():
        assert said(row, PREDICTORS).text
    assert all(m.text for messages in summary(found, PREDICTORS).values() for m in messages)
    return found


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=300))
@example(b"MSH|^~\\&")
@example(b"MSH|^~\\&|\r")
@example(b"FHS\x00")
@example(b"{}\n{}")
@example(b"[[]]")
def test_no_bytes_are_a_bug(data: bytes) -> None:
    attempt(data)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(FILES), st.integers(0, 10_000), st.binary(max_size=6), st.integers(0, 40))
def test_no_damage_to_a_good_file_is_a_bug(data: bytes, at: int, put: bytes, cut: int) -> None:
    at %= len(data)
    attempt(data[:at] + put + data[at + cut :])


CELLS = st.sampled_from(
    [
        "",
        "80",
        "-1",
        "1e400",
        "-inf",
        "NaN",
        "0x1F",
        "１２",
        "٣",
        "²",
        "1,5",
        "True",
        "or",
        "2025-03-01",
        "1:00",
        "=1+1",
        "a\nb",
    ]
)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(CELLS, CELLS, st.sampled_from(["HR", "sex", "Temp", "?"]), CELLS, CELLS), min_size=1, max_size=8)
)
@example([("7", "1:00", "HR", "or", "")])
def test_no_cell_is_a_bug_and_every_row_is_accounted_for(drawn: list[tuple[str, ...]]) -> None:
    table = pd.DataFrame(drawn, columns=["stay", "time", "parameter", "value", "unit"])
    for data in (csv(table), parquet(table)):
        found = attempt(data)
        if found is not None:
            assert len(found.table) + len(found.left_out) + sum(found.unknown.values()) <= len(table)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = [
    "status",
    "code",
    "subject",
    "encounter",
    "effectiveDateTime",
    "effectivePeriod",
    "valueQuantity",
    "component",
    "id",
]


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4), st.sampled_from(["Observation", "Patient", "Encounter"])
)
def test_no_shape_of_json_is_a_bug(changed: dict[str, Any], kind: str) -> None:
    for resource in (observation(SEEN[0]) | changed, {"resourceType": kind, **changed}):
        attempt(bundle(resource, observation(SEEN[1])))
        attempt(json.dumps(resource).encode())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.text("|^~\\&\r0A1", max_size=8)), max_size=4))
def test_no_field_of_a_message_is_a_bug(changed: list[tuple[int, str]]) -> None:
    segments = messages(SEEN[:1]).split("\r")
    for place, put in changed:
        fields = segments[place % 4].split("|")
        fields[place % len(fields)] = put
        segments[place % 4] = "|".join(fields)
    attempt("\r".join(segments).encode())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=30) | st.sampled_from([f[:200].decode("latin-1") for f in FILES]), max_size=5))
def test_no_growth_is_a_bug(parts: list[str]) -> None:
    growing = Growing()
    for part in parts:
        growing, piece = growing.add(part)
        attempt(piece)


def test_numbers_that_no_float_holds_lose_themselves_alone() -> None:
    text = '{"resourceType": "Observation", "valueQuantity": {"value": 1e400, "code": "/min"}, '
    resource = {k: v for k, v in observation(SEEN[0]).items() if k not in ("resourceType", "valueQuantity")}
    found = attempt((text + json.dumps(resource)[1:]).encode())
    assert found is not None
    assert list(found.left_out["reason"]) == ["observation.implausible"]


@pytest.mark.parametrize(
    "data",
    [
        b"stay,minute,HR\n7,0," + b"8" * 5_000_000 + b"\n",
        b'stay,minute,HR\n7,0,"' + b"8" * 200_000 + b'"\n',
        b"[" * 1_000_000,
        b'{"resourceType":"Bundle","entry":[' + b"{}," * 300_000 + b"{}]}",
        b"MSH|^~\\&|" + b"|" * 2_000_000,
        b"MSH|^~\\&|A|B|C|D|1||ORU^R01|1\r" + b"OBX|1|NM|" + b"~" * 3_000_000,
        b"\x0b" * 2_000_000,
        b"MSH|^~\\&|A|B|C|D|1||ORU^R01|1\r" + b"\\" * 1_000_000,
    ],
    ids=["cell", "quoted", "depth", "empty", "fields", "repetitions", "frames", "escapes"],
)
def test_hostile_files_are_no_burden(data: bytes) -> None:
    began = time.process_time()
    attempt(data)
    assert time.process_time() - began < 5


def test_a_unit_of_its_own_in_every_row_is_no_burden() -> None:
    table = pd.DataFrame({"stay": "7", "minute": range(20_000), "parameter": "HR", "value": "80"})
    table["unit"] = [f"unit {i}" for i in range(len(table))]
    began = time.process_time()
    found = read(csv(table))
    assert time.process_time() - began < 5
    assert len(found.left_out) == len(table)


def test_a_parameter_and_a_stay_of_its_own_in_every_row_are_no_burden() -> None:
    table = pd.DataFrame({"stay": range(50_000), "minute": 0, "value": "80"}).assign(parameter="HR")
    began = time.process_time()
    assert len(read(csv(table)).stays) == len(table)
    assert len(read(csv(table.assign(parameter=table["stay"]))).unknown) == len(table)
    assert time.process_time() - began < 8

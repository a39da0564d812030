"""Observations in HL7 version 2: messages ORU^R01 as monitors and laboratories send them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from medai_core.errors import ManifestError
from medai_core.sources import tables
from medai_core.sources.observations import hl7v2
from tests.stays import START, Seen, left_out, message, messages, obx, read, rows

SEEN = Seen("4711", 0, "heart_rate", "80")
PERSON = "PID|1||4711^^^HOSPITAL^MR||DOE^JANE||19580809|F"
VISIT = "PV1|1|I" + "|" * 17 + "V100^^^HOSPITAL^VN" + "|" * 25 + "20250301080000+0100"


def refused(text: str) -> ManifestError:
    with pytest.raises(ManifestError) as caught:
        read(text, "x.hl7")
    assert str(caught.value).endswith(".")
    return caught.value


def test_a_visit_is_the_stay_and_begins_with_its_admission() -> None:
    found = read(message("4711", obx(SEEN), pv1=VISIT, pid=PERSON))
    assert found.stays == ("V100",)
    assert found.started == {"V100": datetime(2025, 3, 1, 7, tzinfo=UTC)}
    assert rows(found) == [("V100", 0, "age", 66), ("V100", 0, "sex", 0), ("V100", 60, "heart_rate", 80)]


def test_without_a_visit_number_the_patient_is_the_stay() -> None:
    for pv1 in ("", "PV1|1|I"):
        found = read(message("4711", obx(SEEN), pv1=pv1))
        assert rows(found) == [("4711", 0, "heart_rate", 80)]


def test_an_observation_without_a_time_has_that_of_its_order() -> None:
    untimed = "OBX|1|NM|8867-4^Heart rate^LN||80|/min|||||F"
    assert read(message("4711", untimed)).started == {"4711": START}
    found = read(message("4711", untimed).replace("20250301080000", ""))
    assert left_out(found) == [("4711", "heart_rate", "80 (-)", "time")]


@pytest.mark.parametrize(
    "stamp",
    ["20250301080000", "202503010800", "2025030108", "20250301090000+0100", "20250301080000.0000", "202503010300-0500"],
)
def test_times_have_their_zone_or_are_in_utc(stamp: str) -> None:
    found = read(message("4711", f"OBX|1|NM|8867-4^^LN||80|/min|||||F|||{stamp}"))
    assert found.started == {"4711": START}


@pytest.mark.parametrize("stamp", ["2025", "202503", "20250231", "yesterday", "20250301080000+9999", "20250301256000"])
def test_a_time_that_is_none_loses_its_observation_alone(stamp: str) -> None:
    found = read(message("4711", f"OBX|1|NM|8867-4^^LN||81|/min|||||F|||{stamp}", obx(SEEN)))
    assert rows(found) == [("4711", 0, "heart_rate", 80)]
    assert left_out(found) == [("4711", "heart_rate", f"81 ({stamp})", "time")]


@pytest.mark.parametrize(
    "code",
    [
        "8867-4^Heart rate^LN",
        "HR^^99MON^8867-4^Heart rate^LN",
        "HR^Pulse^99MON",
        "0002-4182^Heart Rate^MDIL",
        "^heart rate",
    ],
)
def test_an_observation_is_known_by_its_code_its_other_code_or_its_text(code: str) -> None:
    assert rows(read(message("4711", f"OBX|1|NM|{code}||80|/min|||||F"))) == [("4711", 0, "heart_rate", 80)]


def test_what_the_card_does_not_know_is_counted() -> None:
    found = read(message("4711", *["OBX|1|NM|19994-3^Oxygen^LN||40|%|||||F"] * 2, obx(SEEN)))
    assert found.unknown == {"19994-3": 2}


@pytest.mark.parametrize(
    ("kind", "value", "number"),
    [
        ("NM", "80", 80),
        ("SN", "^80", 80),
        ("SN", "=^80", 80),
        ("ST", " 80 ", 80),
        ("NM", "+80.50", 80.5),
        ("", "80", 80),
    ],
)
def test_numbers_are_taken_in_all_their_kinds(kind: str, value: str, number: float) -> None:
    found = read(message("4711", f"OBX|1|{kind}|8867-4^^LN||{value}|/min^per minute^UCUM|||||F"))
    assert rows(found) == [("4711", 0, "heart_rate", number)]


@pytest.mark.parametrize(
    ("kind", "value", "unit", "text", "reason"),
    [
        ("SN", "<^80", "/min", "<80", "unreadable"),
        ("SN", "^80^-^90", "/min", "80-90", "unreadable"),
        ("NM", "80~90", "/min", "80~90", "unreadable"),
        ("ST", "fast", "/min", "fast", "unreadable"),
        ("NM", "80", "", "80 (no unit)", "unit"),
        ("NM", "80", "mg/dL", "80 mg/dL", "unit"),
        ("NM", "0", "/min", "0", "implausible"),
        ("NA", "1^2^3", "/min", "1", "sampled"),
    ],
)
def test_a_value_that_says_nothing_is_left_out_with_its_reason(
    kind: str, value: str, unit: str, text: str, reason: str
) -> None:
    found = read(message("4711", f"OBX|1|{kind}|8867-4^^LN||{value}|{unit}|||||F", obx(SEEN._replace(minute=1))))
    assert len(found.table) == 1
    assert left_out(found) == [("4711", "heart_rate", text, reason)]


def test_a_unit_may_hold_escaped_signs() -> None:
    cell = "OBX|1|NM|2524-7^^LN||2|mmol\\S\\L|||||F"
    assert left_out(read(message("4711", cell))) == [("4711", "lactate", "2 mmol^L", "unit")]
    assert rows(read(message("4711", "OBX|1|NM|8310-5^^LN||98.6|[degF]|||||F"))) == [("4711", 0, "temperature", 37)]


@pytest.mark.parametrize("value", ["", '""'])
def test_an_empty_value_is_no_slip(value: str) -> None:
    found = read(message("4711", f"OBX|1|NM|8867-4^^LN||{value}|/min|||||F"))
    assert found.table.empty
    assert found.left_out.empty
    assert found.stays == ("4711",)


@pytest.mark.parametrize("status", ["D", "W", "X"])
def test_what_is_withdrawn_is_left_out_with_what_stood_before_it(status: str) -> None:
    found = read(message("4711", obx(SEEN), obx(SEEN._replace(minute=1))) + message("4711", obx(SEEN, status=status)))
    assert [m for _s, m, *_rest in rows(found)] == [1]
    assert [reason for *_rest, reason in left_out(found)] == ["withdrawn", "withdrawn"]
    emptied = read(message("4711", obx(SEEN), obx(SEEN._replace(value=""), status=status)))
    assert emptied.table.empty


def test_a_correction_replaces_wherever_it_stands() -> None:
    right = obx(SEEN._replace(value="95"), status="C")
    for order in ([right, obx(SEEN)], [obx(SEEN), right]):
        found = read(message("4711", *order))
        assert rows(found) == [("4711", 0, "heart_rate", 95)]
        assert left_out(found) == [("4711", "heart_rate", "80", "contradicted")]


def test_several_patients_in_a_message_keep_their_own() -> None:
    text = (
        message("4711", obx(SEEN), pv1=VISIT, pid=PERSON, kind="ORU^R01") + "PID|2||4712\rOBR|1|||V|||20250301090000\r"
    )
    found = read(text + obx(SEEN._replace(value="99")) + "\r")
    assert found.stays == ("V100", "4712")
    assert rows(found)[-1] == ("4712", 0, "heart_rate", 99)
    assert [p for s, _m, p, _v in rows(found) if s == "4712"] == ["heart_rate"]


def test_frames_and_batches_come_in_and_so_does_latin_1() -> None:
    one, two = message("4711", obx(SEEN)), message("4712", obx(SEEN))
    framed = f"\x0b{one}\x1c\r\x0b{two}\x1c\r"
    batch = f"FHS|^~\\&|A\rBHS|^~\\&|A\r{one}{two}BTS|2\rFTS|1\r"
    for text in (framed, batch, batch.replace("\r", "\r\n"), f"\ufeff{one}\n{two}"):
        assert read(text).stays == ("4711", "4712")
    warm = message("4711", "OBX|1|NM|8310-5^^LN||98.6|°F|||||F")
    assert rows(read(warm.encode("latin-1"))) == [("4711", 0, "temperature", 37)]


def test_other_separators_are_those_that_the_message_says() -> None:
    text = message("4711", obx(SEEN)).replace("|", "#").replace("^", "!").replace("^~\\&", "!~\\&")
    assert rows(read(text)) == [("4711", 0, "heart_rate", 80)]


def test_notes_and_specimens_between_observations_are_passed_over() -> None:
    found = read(message("4711", "NTE|1||a note|with|bars", obx(SEEN), "ZZZ|own", "SPM|1"))
    assert len(found.table) == 1


@pytest.mark.parametrize("kind", ["ADT^A01", "ORM^O01", "ACK"])
def test_a_message_of_another_kind_is_refused_by_its_name(kind: str) -> None:
    error = refused(message("4711", obx(SEEN)) + message("4711", kind=kind))
    assert error.message.id == "observation.message_type"
    assert kind in str(error)
    assert "Message 2" in str(error)


@pytest.mark.parametrize(
    "damage",
    [
        "MSH|^~\\&",
        "MSH||||||||ORU^R01\r",
        "MSH|^^^^|A|B|C|D|1||ORU^R01|1\r",
        "MSH|^~\\&|A|B|C|D|1||ORU^R01|1\rwhat is this\r",
        "MSH|^~\\&|A|B|C|D|1|||1\r",
        "MSH|^~\\&|A|B|C|D|1||ORU^R01|1\rOBX|" + "^" * 20_000 + "\r",
    ],
)
def test_a_damaged_message_is_named_by_its_number(damage: str) -> None:
    error = refused(message("4711", obx(SEEN)) + damage)
    assert error.message.id == "observation.message"
    assert "Message 2" in str(error)


def test_a_frame_that_is_not_closed_and_a_file_without_a_message_are_refused() -> None:
    assert refused(f"\x0b{message('1', obx(SEEN))}\x1c\r\x0b{message('2')}").message.facts["number"] == 2
    assert refused("FHS|^~\\&|A\rFTS|0\r").message.id == "observation.nothing"
    assert refused("FHS|^~\\&|A\rOBX|1\r").message.id == "observation.message"


def test_an_observation_of_nobody_is_left_out() -> None:
    found = read(message("4711", obx(SEEN), pid="PID|1"))
    assert left_out(found) == [("", "heart_rate", "80", "stay")]
    assert found.stays == ()


def test_a_large_field_is_no_burden(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = "OBX|1|ED|PDF||" + "A" * 1_000_000 + "|" * 100_000
    assert len(read(message("4711", picture, obx(SEEN))).table) == 1
    monkeypatch.setattr(tables, "BYTES_MAX", 100)
    assert refused(message("4711", obx(SEEN))).message.id == "table.too_large"


def test_a_heading_of_a_table_is_no_message() -> None:
    assert not hl7v2.is_hl7(b"MSH,stay\n1,2\n")
    assert hl7v2.is_hl7(messages([SEEN]).encode())

"""Observations in FHIR R4: whose they are, when they were made, and which of them still hold."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from medai_core.errors import ManifestError
from medai_core.sources import tables
from tests.stays import BY_NAME, START, Seen, bundle, left_out, lines, observation, read, rows

PATIENT = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1958-08-09"}
ENCOUNTER = {
    "resourceType": "Encounter",
    "id": "e1",
    "subject": {"reference": "Patient/p1"},
    "period": {"start": "2025-03-01T07:00:00Z"},
}
IN_STAY = {"encounter": {"reference": "Encounter/e1"}}
SEEN = Seen("p1", 0, "heart_rate", "80")


def refused(data: bytes) -> str:
    with pytest.raises(ManifestError) as caught:
        read(data)
    assert str(caught.value).endswith(".")
    return caught.value.message.id


def test_a_stay_is_the_encounter_and_begins_with_it() -> None:
    found = read(bundle(PATIENT, ENCOUNTER, observation(SEEN, **IN_STAY)))
    assert found.stays == ("e1",)
    assert found.started == {"e1": datetime(2025, 3, 1, 7, tzinfo=UTC)}
    assert rows(found) == [("e1", 0, "age", 66), ("e1", 0, "sex", 0), ("e1", 60, "heart_rate", 80)]


def test_without_an_encounter_a_stay_is_the_patients() -> None:
    found = read(bundle(observation(SEEN), PATIENT))
    assert found.stays == ("p1",)
    assert rows(found) == [("p1", 0, "age", 66), ("p1", 0, "sex", 0), ("p1", 0, "heart_rate", 80)]


def test_what_a_feed_knows_of_a_start_goes_before_the_encounter() -> None:
    found = read(bundle(ENCOUNTER, observation(SEEN, **IN_STAY)), started={"e1": START})
    assert rows(found) == [("e1", 0, "heart_rate", 80)]


def test_one_observation_alone_and_lines_of_them_come_in() -> None:
    alone = json.dumps(observation(SEEN)).encode()
    assert rows(read(alone)) == [("p1", 0, "heart_rate", 80)]
    assert rows(read(json.dumps(observation(SEEN), indent=2).encode())) == [("p1", 0, "heart_rate", 80)]
    several = lines(PATIENT, ENCOUNTER, observation(SEEN, **IN_STAY), observation(SEEN._replace(minute=5), **IN_STAY))
    assert [m for _s, m, p, _v in rows(read(several)) if p == "heart_rate"] == [60, 65]


def test_addresses_of_a_bundle_and_of_a_server_lead_to_the_same_stay() -> None:
    entries = [
        {"fullUrl": "urn:uuid:0000", "resource": ENCOUNTER},
        {"fullUrl": "urn:uuid:0001", "resource": {k: v for k, v in PATIENT.items() if k != "id"}},
        *(
            {"resource": observation(SEEN._replace(minute=minute), encounter={"reference": reference})}
            for minute, reference in enumerate(
                [
                    "Encounter/e1",
                    "urn:uuid:0000",
                    "https://server/fhir/Encounter/e1/_history/3",
                    "Encounter/e1/_history/1",
                ]
            )
        ),
    ]
    found = read(json.dumps({"resourceType": "Bundle", "entry": entries}).encode())
    assert [(s, m) for s, m, p, _v in rows(found) if p == "heart_rate"] == [
        ("e1", 60),
        ("e1", 61),
        ("e1", 62),
        ("e1", 63),
    ]
    assert found.stays == ("e1", "0001")
    named = observation(SEEN, subject={"identifier": {"value": "4711"}})
    assert read(json.dumps(named).encode()).stays == ("4711",)


def test_both_pressures_of_a_panel_are_read_by_their_codes() -> None:
    def part(code: str, value: float) -> dict[str, Any]:
        quantity = {"value": value, "code": "mm[Hg]"}
        return {"code": {"coding": [{"system": "http://loinc.org", "code": code}]}, "valueQuantity": quantity}

    panel = observation(SEEN) | {
        "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]},
        "component": [part("8480-6", 118), part("8462-4", 76)],
    }
    del panel["valueQuantity"]
    found = read(bundle(panel))
    assert rows(found) == [("p1", 0, "systolic", 118)]
    assert found.unknown == {"8462-4": 1}


def test_what_was_entered_in_error_is_withdrawn_with_what_stood_before_it() -> None:
    first, other = observation(SEEN), observation(SEEN._replace(minute=5))
    wrong = observation(SEEN, status="entered-in-error")
    found = read(lines(first, other, wrong))
    assert [m for _s, m, *_rest in rows(found)] == [5]
    assert [reason for *_rest, reason in left_out(found)] == ["withdrawn", "withdrawn"]
    again = read(lines(wrong, observation(SEEN._replace(value="90"))))
    assert rows(again) == [("p1", 0, "heart_rate", 90)]


@pytest.mark.parametrize("status", ["corrected", "amended"])
def test_a_correction_replaces_wherever_it_stands(status: str) -> None:
    right = observation(SEEN._replace(value="95"), status=status)
    for order in ([right, observation(SEEN)], [observation(SEEN), right]):
        found = read(bundle(*order))
        assert rows(found) == [("p1", 0, "heart_rate", 95)]
        assert left_out(found) == [("p1", "heart_rate", "80", "contradicted")]


@pytest.mark.parametrize(
    ("value", "text", "reason"),
    [
        ({"valueSampledData": {"data": "1 2 3"}}, "valueSampledData", "sampled"),
        ({"valueQuantity": {"value": 80, "code": "mg/dL"}}, "80 mg/dL", "unit"),
        ({"valueQuantity": {"value": 80}}, "80 (no unit)", "unit"),
        ({"valueInteger": 80}, "80 (no unit)", "unit"),
        ({"valueString": "fast"}, "fast", "unreadable"),
        ({"valueQuantity": {"value": 80, "comparator": "<", "code": "/min"}}, "<80", "unreadable"),
        ({"valueQuantity": {"value": 0, "code": "/min"}}, "0", "implausible"),
        ({"valueQuantity": {"value": 10**400, "code": "/min"}}, "1" + "0" * 79, "implausible"),
        ({"valueRange": {}}, "valueRange", "unreadable"),
    ],
)
def test_a_value_that_says_nothing_is_left_out_with_its_reason(value: dict[str, Any], text: str, reason: str) -> None:
    given = {k: v for k, v in observation(SEEN).items() if k != "valueQuantity"} | value
    found = read(bundle(given, observation(SEEN._replace(minute=1))))
    assert len(found.table) == 1
    assert left_out(found) == [("p1", "heart_rate", text, reason)]


def test_an_observation_without_a_value_is_no_slip() -> None:
    absent = {k: v for k, v in observation(SEEN).items() if k != "valueQuantity"} | {"dataAbsentReason": {}}
    found = read(bundle(absent, observation(SEEN) | {"valueQuantity": {"code": "/min"}}))
    assert found.table.empty
    assert found.left_out.empty
    assert found.stays == ("p1",)


@pytest.mark.parametrize("when", ["2025-03", "2025", "soon", "", "2025-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_a_time_less_exact_than_a_day_or_none_loses_the_observation_alone(when: str) -> None:
    found = read(bundle(observation(SEEN, effectiveDateTime=when), observation(SEEN)))
    assert len(found.table) == 1
    assert [reason for *_rest, reason in left_out(found)] == ["time"]


@pytest.mark.parametrize(
    "when",
    [
        {"effectiveInstant": "2025-03-01T08:00:00.000Z"},
        {"effectivePeriod": {"start": "2025-03-01T07:00:00Z", "end": "2025-03-01T08:00:00Z"}},
        {"effectivePeriod": {"start": "2025-03-01T08:00:00Z"}},
        {"issued": "2025-03-01T09:00:00+01:00"},
        {"effectiveDateTime": "2025-03-01T08:00:00"},
    ],
)
def test_every_way_of_fhir_to_say_when_is_known(when: dict[str, Any]) -> None:
    given = {k: v for k, v in observation(SEEN).items() if k != "effectiveDateTime"} | when
    assert read(bundle(given)).started == {"p1": START}


def test_an_observation_of_nobody_is_left_out() -> None:
    found = read(bundle(observation(SEEN, subject={}), observation(SEEN)))
    assert left_out(found) == [("", "heart_rate", "80", "stay")]


def test_a_category_is_known_by_its_name() -> None:
    found = read(bundle(observation(Seen("p1", 0, "sex", "male"))))
    assert rows(found) == [("p1", 0, "sex", 1)]
    assert BY_NAME["sex"].categories[1].name == "male"


def test_a_patient_and_a_stay_without_observations_are_named() -> None:
    found = read(bundle(PATIENT, ENCOUNTER | {"id": "e2"}, {**PATIENT, "id": "p2"}))
    assert found.stays == ("e2", "p2")
    assert rows(found) == [("e2", 0, "age", 66), ("e2", 0, "sex", 0), ("p2", 0, "sex", 0)]


def test_a_birth_date_that_is_none_is_named() -> None:
    found = read(bundle(PATIENT | {"birthDate": "unknown"}, observation(SEEN)))
    assert left_out(found) == [("p1", "age", "born unknown", "unreadable")]


def test_json_that_says_nothing_of_stays_is_refused() -> None:
    assert refused(b"{") == "fhir.json"
    assert refused(b'{"a": NaN}') == "fhir.number"
    assert refused(b'{"a":' * 100_000) == "fhir.deep"
    assert refused(b'{"a": 1}') == "observation.resource"
    assert refused(b"[{}]") == "observation.resource"
    assert refused(b'{"resourceType": "ValueSet"}') == "observation.resource"
    assert refused(bundle({"resourceType": "Condition"})) == "observation.resource"
    assert refused(bundle()) == "observation.nothing"
    assert refused(b'{"a": "\xff"}') == "fhir.encoding"


def test_the_damaged_line_of_many_is_named() -> None:
    with pytest.raises(ManifestError, match="line 2"):
        read(lines(observation(SEEN)) + b'\n{"resourceType": "Observation"\n' + lines(observation(SEEN)))


def test_a_file_too_large_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "BYTES_MAX", 100)
    assert refused(bundle(observation(SEEN))) == "table.too_large"
    assert len(read(bundle(observation(SEEN)), limited=False).table) == 1

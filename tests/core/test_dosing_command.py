"""One patient's dose: read from a file, explained, limited, warned about, and printed; and many virtual ones."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medai_core.__main__ import main
from medai_core.errors import ManifestError, ModelError, PatientError
from medai_core.precision.dosing import (
    SIMULATION,
    DoseChange,
    DrugChange,
    InrValue,
    Patient,
    advise,
    checked,
    read_patient,
    with_inrs,
)
from medai_core.precision.dosing.charting import charted, possible, reach
from medai_core.precision.dosing.exports import as_plain, as_table
from medai_core.precision.dosing.regimens import REGIMENS
from tests.dosing import NAME, card, model

CARD = card()
GIVEN: dict[str, Any] = {
    "age_years": 68,
    "height_cm": 172,
    "weight_kg": 80,
    "race": "white",
    "cyp2c9": "*1/*2",
    "vkorc1": "A/G",
    "doses": [{"day": 0, "dose_mg_per_day": 5}],
    "inrs": [{"day": 4, "inr": 1.5}, {"day": 7, "inr": 2.0}, {"day": 14, "inr": 2.6}],
    "today": 14,
}


def patient(**changed: Any) -> Patient:
    given = {k: v for k, v in (GIVEN | changed).items() if v is not None}
    return read_patient(json.dumps(given).encode(), "patient.json", CARD)


def said(what: Any) -> list[str]:
    return [message.id for message in what.warnings]


# --- reading


def test_a_patient_is_read_from_json_and_from_a_row_alike() -> None:
    row = (
        "age_years,height_cm,weight_kg,race,cyp2c9,vkorc1,doses,inrs,today\n"
        "68,172,80,Caucasian,*2/*1,ga,0:5,4:1.5; 7:2.0; 14:2.6,14\n"
    )
    assert read_patient(row.encode(), "patient.csv", CARD) == patient()


def test_an_unknown_genotype_size_or_race_is_an_answer() -> None:
    found = patient(cyp2c9="unknown", vkorc1="", race="?", height_cm=None, weight_kg=None)
    assert (found.cyp2c9, found.vkorc1, found.race, found.height_cm) == ("", "", "unknown", None)
    advice = advise(model(), found)
    assert said(advice).count("warning.genotype") == 2
    assert said(advice).count("warning.size") == 2
    assert "warning.race" in said(advice)
    known = advise(model(), patient())
    assert advice.needed.high / advice.needed.low > known.needed.high / known.needed.low


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"age_years": 140}, "Age"),
        ({"age_years": None}, "age_years"),
        ({"weight_kg": "heavy"}, "weight_kg"),
        ({"weight_kg": True}, "weight_kg"),
        ({"cyp2c9": "*1/*9"}, "*1/*9"),
        ({"vkorc1": "G/X"}, "G/X"),
        ({"race": "martian"}, "martian"),
        ({"drugs": ["aspirin"]}, "aspirin"),
        ({"inrs": [{"day": 4, "inr": 250}]}, "INR"),
        ({"inrs": [{"day": 4, "inr": float("nan")}]}, "INR"),
        ({"inrs": [{"day": 40, "inr": 2.5}]}, "day 40"),
        ({"inrs": [{"day": 4, "inr": 2.5}, {"day": 4, "inr": 2.6}]}, "twice"),
        ({"inrs": [{"day": -1, "inr": 1.1}]}, "-1"),
        ({"inrs": 2.5}, "inrs"),
        ({"doses": [{"day": 0, "dose_mg_per_day": 500}]}, "500"),
        ({"doses": [{"day": 3, "dose_mg_per_day": 5}]}, "first day"),
        ({"doses": []}, "first day"),
        ({"doses": "zero:5"}, "zero"),
        ({"missed_days": [14]}, "14"),
        ({"missed_days": "x"}, "missed_days"),
        ({"today": 1.5}, "1.5"),
        ({"began": "yesterday"}, "yesterday"),
        ({"wieght_kg": 80}, "wieght_kg"),
    ],
    ids=str,
)
def test_an_impossible_patient_is_refused_and_told_why(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(PatientError, match=words.replace("*", r"\*")):
        patient(**changed)


@pytest.mark.parametrize("data", [b"[1]", b"{", b'{"age_years"', "{é".encode("latin-1")])
def test_what_is_no_patient_is_refused(data: bytes) -> None:
    with pytest.raises(PatientError):
        read_patient(data, "patient.json", CARD)


def test_a_table_of_two_rows_is_refused() -> None:
    with pytest.raises(PatientError, match="2 rows"):
        read_patient(b"age_years\n60\n61\n", "patient.csv", CARD)


# --- new INRs


def observation(when: str, value: float, code: str = "6301-6", subject: str = "Patient/1") -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"reference": subject},
        "effectiveDateTime": when,
        "valueQuantity": {"value": value, "code": "{INR}", "system": "http://unitsofmeasure.org"},
    }


@pytest.mark.parametrize("code", ["6301-6", "34714-6", "46418-0", "38875-1"])
def test_an_observation_in_fhir_updates_the_estimate_and_the_dose_at_once(code: str) -> None:
    before = patient(began="2026-03-01")
    data = json.dumps(observation("2026-03-22T08:30:00Z", 3.4, code)).encode()
    after = with_inrs(before, data, "inr.json", CARD)
    assert after.inrs[-1] == InrValue(21, 3.4)
    assert after.today == 21
    old, new = advise(model(), before), advise(model(), after)
    assert new.needed.dose_mg_per_day < old.needed.dose_mg_per_day
    assert new.dose_mg_per_day < old.dose_mg_per_day


def test_a_meters_table_is_of_one_person_and_needs_no_name() -> None:
    meter = "Date,INR\n2026-03-21 07:10,2.9\n2026-03-28 07:05,3.1\n"
    after = with_inrs(patient(began="2026-03-01"), meter.encode(), "meter.csv", CARD)
    assert after.inrs[-2:] == (InrValue(20, 2.9), InrValue(27, 3.1))
    days = "day,inr\n21,2.9\n14,2.7\n"
    after = with_inrs(patient(), days.encode(), "meter.csv", CARD)
    assert after.inrs[-2:] == (InrValue(14, 2.7), InrValue(21, 2.9)), "a newer value of the same day replaces it"


def test_inrs_that_cannot_be_placed_or_belong_to_two_people_are_refused() -> None:
    meter = b"Date,INR\n2026-03-21 07:10,2.9\n"
    with pytest.raises(PatientError, match="began"):
        with_inrs(patient(), meter, "meter.csv", CARD)
    two = [observation("2026-03-21T08:00:00Z", 2.4, subject=f"Patient/{k}") for k in (1, 2)]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in two]}
    with pytest.raises(PatientError, match="2 people"):
        with_inrs(patient(began="2026-03-01"), json.dumps(bundle).encode(), "b.json", CARD)
    with pytest.raises(PatientError, match="before the first dose"):
        with_inrs(patient(began="2026-05-01"), meter, "meter.csv", CARD)
    with pytest.raises(PatientError, match="250"):
        with_inrs(patient(), b"day,inr\n20,250\n", "meter.csv", CARD)
    with pytest.raises(PatientError, match="future"):
        with_inrs(patient(began="2026-03-01"), meter, "m.csv", CARD, now=datetime(2026, 3, 2, tzinfo=UTC))
    with pytest.raises(ManifestError):
        with_inrs(patient(), b"", "meter.csv", CARD)


# --- what is said


def test_simulation_not_a_prescription_stands_beside_every_dose(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "patient.json"
    path.write_text(json.dumps(GIVEN))
    for name in model().policies:
        assert main(["dose", "--patient", str(path), "--policy", name]) == 0
        assert SIMULATION.text in capsys.readouterr().out
        assert main(["dose", "--patient", str(path), "--policy", name, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["simulation"] == "Simulation, not a prescription."
        assert found["policy"] == name
        assert found["dose_mg_per_week"] == pytest.approx(7 * found["dose_mg_per_day"], abs=0.01)
        assert [p["name"] for p in found["protocols"]] == list(model().policies)


def test_what_is_exported_says_so_too_in_the_readers_language() -> None:
    advice = advise(model(), patient())
    table = as_table(advice, lambda text: "模拟，不是处方。" if text == SIMULATION.template else text)
    assert set(table["note"]) == {"模拟，不是处方。"}
    assert table["policy"].iloc[0] == NAME
    assert len(table) == 28 * (1 + len(advice.others))
    assert json.loads(json.dumps(as_plain(advice)))["simulation"] == SIMULATION.text


def test_the_first_dose_follows_the_equation_and_says_so() -> None:
    first = patient(doses=None, inrs=None, today=0)
    advice = advise(model(), first, "pharmacogenetic")
    assert advice.reason.id == "reason.first"
    assert advice.last_mg_per_day is None
    root = 5.6044 - 0.2614 * 6 + 0.0087 * 172 + 0.0128 * 80 - 0.8677 - 0.5211
    assert advice.dose_mg_per_day == pytest.approx(root**2 / 7, abs=0.04)


def test_the_course_under_more_is_above_that_under_less_and_inside_its_own_band() -> None:
    advice = advise(model(), patient(), doses_mg_per_day=(2.0, 9.0))
    doses = [f.dose_mg_per_day for f in advice.others]
    assert doses == sorted(doses) and {0.0, 2.0, 5.0, 9.0} <= set(doses)
    ends = [f.inr[-1] for f in advice.others]
    assert ends == sorted(ends)
    for f in (advice.expected, *advice.others):
        assert all(low <= middle <= high for low, middle, high in zip(f.low, f.inr, f.high, strict=True))
        assert f.days == tuple(range(15, 43))
        assert 0 <= f.in_range <= 1 and 0 <= f.above_high <= 1
    by_dose = {f.dose_mg_per_day: f for f in advice.others}
    assert advice.expected.in_range > max(by_dose[0.0].in_range, by_dose[9.0].in_range)
    assert by_dose[9.0].above_high > by_dose[2.0].above_high


def test_a_high_inr_never_raises_a_dose_and_is_measured_again_soon() -> None:
    high = patient(inrs=[{"day": 7, "inr": 2.0}, {"day": 14, "inr": 4.4}])
    for name in model().policies:
        advice = advise(model(), high, name)
        assert advice.dose_mg_per_day <= 5.0
        assert advice.next_visit_days <= 7
    very = advise(model(), patient(inrs=[{"day": 7, "inr": 2.0}, {"day": 14, "inr": 9.5}]))
    assert "warning.very_high" in said(very)
    assert very.held_days == very.next_visit_days <= 3
    assert very.reason.id == "reason.held"


def test_without_a_new_inr_the_dose_stays() -> None:
    later = patient(today=20, doses=[{"day": 0, "dose_mg_per_day": 5}, {"day": 14, "dose_mg_per_day": 4.5}])
    for name in model().policies:
        advice = advise(model(), later, name)
        assert advice.dose_mg_per_day == pytest.approx(4.5)
        assert advice.limit is None
        assert advice.reason.id == "reason.kept"
    assert "warning.late" in said(advise(model(), patient(today=60)))


def test_a_limit_that_bound_the_dose_is_told() -> None:
    low = patient(doses=[{"day": 0, "dose_mg_per_day": 1}], inrs=[{"day": 14, "inr": 1.1}])
    advice = advise(model(), low, "model_based")
    assert advice.limit is not None and advice.limit.id == "limit.rise"
    assert advice.proposed_mg_per_day > advice.dose_mg_per_day
    assert f"{advice.dose_mg_per_day:.1f}" in advice.limit.text


def test_a_missed_dose_explains_a_lower_inr_so_the_patient_is_not_given_more() -> None:
    taken = patient(inrs=[{"day": 14, "inr": 1.7}])
    missed = patient(inrs=[{"day": 14, "inr": 1.7}], missed_days=[11, 12, 13])
    assert (
        advise(model(), missed, "model_based").dose_mg_per_day < advise(model(), taken, "model_based").dose_mg_per_day
    )
    assert "warning.missed" in said(advise(model(), missed))


def test_a_week_without_the_drug_is_a_new_beginning() -> None:
    stopped = patient(inrs=[{"day": 4, "inr": 1.5}, {"day": 14, "inr": 1.1}], missed_days=list(range(6, 14)))
    assert "warning.stopped" in said(advise(model(), stopped))
    assert "warning.stopped" not in said(advise(model(), patient(missed_days=[3, 4])))


def test_a_drug_that_is_started_lowers_what_is_needed_and_one_that_is_stopped_raises_it() -> None:
    plain = patient(today=28, inrs=[{"day": 14, "inr": 2.5}])
    started = replace(plain, drug_changes=(DrugChange(15, "amiodarone", True),))
    on = replace(plain, drugs=("amiodarone",))
    stopped = replace(on, drug_changes=(DrugChange(15, "amiodarone", False),))
    found = {
        k: advise(model(), p) for k, p in (("plain", plain), ("started", started), ("on", on), ("stopped", stopped))
    }
    assert found["started"].needed.dose_mg_per_day < 0.9 * found["plain"].needed.dose_mg_per_day
    assert found["stopped"].needed.dose_mg_per_day > 1.1 * found["on"].needed.dose_mg_per_day
    assert "warning.drug_started" in said(found["started"])
    assert "warning.drug_stopped" in said(found["stopped"])
    assert "warning.drug_stopped" not in said(found["on"])


def test_an_impossible_jump_of_the_inr_is_not_used_and_is_told() -> None:
    jump = patient(today=15, inrs=[{"day": 14, "inr": 2.5}, {"day": 15, "inr": 12.0}])
    advice = advise(model(), jump)
    assert "warning.jump" in said(advice)
    assert advice.inrs == (InrValue(14, 2.5),)
    without = advise(model(), patient(today=15, inrs=[{"day": 14, "inr": 2.5}]))
    assert advice.needed == without.needed
    fall = patient(today=15, inrs=[{"day": 14, "inr": 6.0}, {"day": 15, "inr": 1.5}])
    assert "warning.jump" in said(advise(model(), fall))


def test_no_virtual_patient_makes_an_impossible_jump() -> None:
    low, high = reach(2.5, 1)
    assert low < 2.0 < 2.5 < 3.2 < high
    assert reach(1.0, 30)[1] > 20
    lows, highs = zip(*(reach(3.0, days) for days in range(10)), strict=True)
    assert list(lows) == sorted(lows, reverse=True) and list(highs) == sorted(highs)


def test_an_unexpected_inr_is_used_and_told() -> None:
    odd = patient(today=28, inrs=[{"day": d, "inr": 2.4} for d in (7, 14, 21)] + [{"day": 28, "inr": 5.5}])
    advice = advise(model(), odd)
    assert "warning.surprise" in said(advice)
    assert advice.inrs[-1].inr == 5.5
    assert "warning.surprise" not in said(advise(model(), patient()))


def test_the_chart_holds_what_was_taken_and_measured() -> None:
    one = patient(missed_days=[3], doses="0:5; 7:6")
    chart = charted(one, REGIMENS["clinical"], model().spec, model().dosed).chart
    assert chart.taken_mg[0].tolist() == [5, 5, 5, 0, 5, 5, 5, *[6.0] * 7]
    assert chart.inr[0, :3].tolist() == [1.5, 2.0, 2.6]
    assert possible(one) == (one.inrs, ())


def test_a_patient_made_by_a_form_is_checked_and_put_in_order() -> None:
    made = Patient(
        60, inrs=(InrValue(7, 2.0), InrValue(4, 1.5)), doses=(DoseChange(0, 5.0),), today=7, began=date(2026, 1, 1)
    )
    assert [v.day for v in checked(made, CARD).inrs] == [4, 7]


def test_a_policy_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(ModelError, match="model_based"):
        advise(model(), patient(), "guessing")


# --- the commands


def run(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main(["simulate", "--json", *words]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_simulation_says_time_in_range_and_inr_above_4_with_intervals(capsys: pytest.CaptureFixture[str]) -> None:
    found = run(capsys, "--patients", "60", "--policy", "clinical", "--seed", "3")
    for name in ("time_in_range", "inr_above_4"):
        m = found[name]
        assert 0 <= m["value"] <= 1 and m["low"] <= m["value"] <= m["high"]
    assert (found["policy"], found["patients"], found["days"]) == ("clinical", 60, 90)
    assert found["simulation"] == SIMULATION.text
    assert found == run(capsys, "--patients", "60", "--policy", "clinical", "--seed", "3")
    assert found != run(capsys, "--patients", "60", "--policy", "clinical", "--seed", "4")


def test_one_virtual_patient_tells_no_interval_and_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    found = run(capsys, "--patients", "1", "--policy", "fixed")["time_in_range"]
    assert found["low"] is None and found["high"] is None
    assert main(["simulate", "--patients", "1", "--policy", "fixed"]) == 0
    assert capsys.readouterr().out.count("(one patient: no interval)") == 5


def test_every_policy_can_be_simulated(capsys: pytest.CaptureFixture[str]) -> None:
    shares = {n: run(capsys, "--patients", "40", "--policy", n)["time_in_range"]["value"] for n in model().policies}
    assert shares[NAME] > shares["pharmacogenetic"] > shares["fixed"]
    assert main(["simulate", "--patients", "5"]) == 0
    assert f"{NAME}: 5 virtual patients" in capsys.readouterr().out


def test_a_wrong_call_ends_with_a_sentence_and_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--patients", "0"]) == 1
    assert "0 patients" in capsys.readouterr().err
    assert main(["simulate", "--policy", "guessing"]) == 1
    assert "guessing" in capsys.readouterr().err
    assert main(["dose", "--patient", str(tmp_path / "absent.json")]) == 1
    assert "absent.json" in capsys.readouterr().err
    assert main(["evaluate", NAME, str(tmp_path / "any.csv")]) == 1
    assert "simulate" in capsys.readouterr().err
    assert main(["simulate", "--model", "malaria_cell"]) == 1
    assert "malaria_cell" in capsys.readouterr().err


def test_new_inrs_from_a_file_change_what_the_command_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, meter = tmp_path / "patient.json", tmp_path / "meter.csv"
    path.write_text(json.dumps(GIVEN))
    meter.write_text("day,inr\n21,3.6\n")
    assert main(["dose", "--patient", str(path), "--inrs", str(meter), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["day"] == 21
    assert found["dose_mg_per_day"] < 5.0
    assert np.isfinite(found["expected"]["inr"]).all()


# --- whose it is, when it was, and who says it


def test_an_inr_belongs_to_the_day_of_the_calendar_where_it_was_measured() -> None:
    one = patient(began="2024-03-01", inrs=None, today=1)
    for when, day in (
        ("2024-03-05T07:30:00+08:00", 4),
        ("2024-03-05T23:30:00-05:00", 4),
        ("2024-03-05T07:30:00Z", 4),
        ("2024-03-05", 4),
    ):
        after = with_inrs(one, json.dumps(observation(when, 1.6)).encode(), "inr.json", CARD)
        assert after.inrs == (InrValue(day, 1.6),), when
    message = (
        "MSH|^~\\&|LAB|H|EHR|H|20240305||ORU^R01|1|P|2.5\rPID|1||1\rOBR|1|||\r"
        "OBX|1|NM|6301-6^INR^LN||1.6|{INR}^^UCUM|||||F|||20240305003000+0900\r"
    )
    assert with_inrs(one, message.encode(), "inr.hl7", CARD).inrs == (InrValue(4, 1.6),)


def test_inrs_of_another_patient_are_refused() -> None:
    mine = patient(began="2026-03-01", id="4711")
    assert mine.id == "4711"
    said = observation("2026-03-22T08:30:00Z", 2.4, subject="Patient/a")
    with pytest.raises(PatientError, match="'a', and this one is '4711'"):
        with_inrs(mine, json.dumps(said).encode(), "inr.json", CARD)
    person = {"resourceType": "Patient", "id": "a", "identifier": [{"system": "urn:h", "value": "4711"}]}
    other = observation("2026-03-22T08:30:00Z", 2.4, code="718-7", subject="Patient/b")

    def bundle(*resources: dict[str, Any]) -> bytes:
        entry = [{"resource": resource} for resource in resources]
        return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entry}).encode()

    assert with_inrs(mine, bundle(person, said), "inr.json", CARD).today == 21, "an identifier of the person is a name"
    with pytest.raises(PatientError, match="2 people"):
        with_inrs(mine, bundle(person, said, other), "inr.json", CARD)
    table = b"patient_id,day,INR\n4712,21,2.4\n"
    with pytest.raises(PatientError, match="4712"):
        with_inrs(mine, table, "inr.csv", CARD)
    assert with_inrs(mine, table.replace(b"4712", b"4711"), "inr.csv", CARD).today == 21
    assert with_inrs(mine, b"day,INR\n21,2.4\n", "meter.csv", CARD).today == 21
    message = (
        "MSH|^~\\&|LAB|H|EHR|H|20260322||ORU^R01|1|P|2.5\rPID|1||9\rOBR|1|||\r"
        "OBX|1|NM|6301-6^INR^LN||2.4|{INR}^^UCUM|||||F|||20260322\r"
    )
    with pytest.raises(PatientError, match="'9'"):
        with_inrs(mine, message.encode(), "inr.hl7", CARD)


def test_a_dose_says_which_model_it_is_of_and_for_whom(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "patient.json"
    path.write_text(json.dumps(GIVEN | {"id": "4711"}))
    assert main(["dose", "--patient", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert CARD.measured is not None
    assert found["model"] == {"name": NAME, "version": CARD.version, "sha256": CARD.measured.sha256}
    assert found["patient"] == "4711"


def test_what_is_exported_carries_the_reason_the_limit_and_the_warnings() -> None:
    low = patient(doses=[{"day": 0, "dose_mg_per_day": 1}], inrs=[{"day": 14, "inr": 1.1}], missed_days=[3])
    advice = advise(model(), low)
    row = as_table(advice).iloc[0]
    assert advice.limit is not None
    assert (row["reason"], row["limit"]) == (advice.reason.text, advice.limit.text)
    assert all(warning.text in row["warnings"] for warning in advice.warnings) and advice.warnings
    assert set(as_table(advice)["reason"]) == {advice.reason.text, ""}


def test_beside_the_policys_dose_stands_bayesian_dosing_with_where_it_is_safer() -> None:
    advice, by_model = advise(model(), patient()), advise(model(), patient(), "model_based")
    assert advice.alternative is not None and by_model.alternative is None
    assert f"{by_model.dose_mg_per_day:.2f} mg" in advice.alternative.text
    measured = CARD.measured
    assert measured is not None
    shares = {
        m.model: m.value
        for m in measured.performance
        if (m.measure, m.data) == ("patients_above_4", "test, disturbed by 30 %")
    }
    for name in ("model_based", ""):
        assert f"{shares[name]:.1%}" in advice.alternative.text


@pytest.mark.parametrize("where", ["test, disturbed by 30 %", "test, patients a third less alike"])
def test_the_card_says_where_bayesian_dosing_wins_with_the_numbers_that_were_measured(where: str) -> None:
    assert CARD.measured is not None
    found = [m for m in CARD.measured.performance if (m.measure, m.data) == ("patients_above_4", where)]
    shares = {m.model: m for m in found if m.model in ("", "model_based")}
    assert shares["model_based"].value < shares[""].value
    for limits, to in ((CARD.limits, "to"), (CARD.translations["zh_CN"].limits, "至")):
        for m in shares.values():
            assert f"{100 * m.value:.1f} %" in " ".join(limits)
            assert f"{100 * m.low:.1f} {to} {100 * m.high:.1f}" in " ".join(limits)


def test_the_reason_says_whose_estimate_it_is() -> None:
    advice = advise(model(), patient(inrs=[{"day": 14, "inr": 3.5}]))
    assert advice.reason.id == "reason.lowered"
    assert f"Bayesian estimate: about {advice.needed.dose_mg_per_day:.1f} mg a day" in advice.reason.text

"""Patients of a FHIR bundle are the patients of a table: same words, same units, same risk, or a reason."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medai_core.cards import Card, Category, Code, OtherUnit, PredictorSpec
from medai_core.catalog import Catalog, find_models
from medai_core.errors import ManifestError, MedAIError
from medai_core.prognosis.risk import estimate
from medai_core.sources import tables
from medai_core.sources.fhir import reading, to_bundle
from medai_core.sources.fhir.units import in_unit_of, ucum
from medai_core.sources.intake import Intake, in_card_words
from medai_core.sources.patients import read_patients
from tests.patients import draw

Json = dict[str, Any]
LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
MODELS = find_models()
CARDS = [card for card in MODELS.cards if card.task == "risk" and card.measured is not None]
every_card = pytest.mark.parametrize("card", CARDS, ids=lambda c: c.name)

YES_NO = (Category("no", "no"), Category("yes", "yes"))
AGE = PredictorSpec("age", "Age", "number", (), "years", "a", 18, 110, code=Code("LOINC", "30525-0", "Age"))
SEX = PredictorSpec(
    "sex",
    "Sex",
    "category",
    code=Code("LOINC", "76689-9", "Sex"),
    categories=(Category("female", "female", ("2",)), Category("male", "male", ("1",))),
)
BP = PredictorSpec("bp", "BP", "number", (), "mmHg", "mm[Hg]", 60, 280, code=Code("LOINC", "8480-6", "Systolic"))
CHOLESTEROL = PredictorSpec(
    "cholesterol",
    "Cholesterol",
    "number",
    (),
    "mg/dL",
    "mg/dL",
    50,
    700,
    other_unit=OtherUnit("mmol/L", 0.02586),
    code=Code("LOINC", "2093-3", "Cholesterol"),
)
DIABETES = PredictorSpec(
    "diabetes", "Diabetes", "category", code=Code("SNOMED CT", "73211009", "Diabetes mellitus"), categories=YES_NO
)
VISITS = PredictorSpec("visits", "Visits", "number", (), "", "1", 0, 60)
PAIN = PredictorSpec(
    "pain",
    "Pain",
    "category",
    code=Code("LOINC", "0-0", "Pain"),
    categories=(
        Category("angina", "Angina", ("1",), code=Code("SNOMED CT", "194828000", "Angina")),
        Category("none", "No pain"),
    ),
)
ALL = (AGE, SEX, BP, CHOLESTEROL, DIABETES, VISITS, PAIN)


def concept(code: str, system: str = LOINC) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def patient(name: str = "a", **more: Any) -> Json:
    return {"resourceType": "Patient", "id": name, **more}


def observation(loinc: str, when: str = "2024-03-01", of: str = "Patient/a", **more: Any) -> Json:
    found = {"resourceType": "Observation", "status": "final", "code": concept(loinc), "effectiveDateTime": when}
    return found | {"subject": {"reference": of}} | more


def quantity(value: float, unit: str) -> Json:
    return {"value": value, "unit": "as shown", "system": "http://unitsofmeasure.org", "code": unit}


def condition(code: str = "73211009", clinical: str = "active", verified: str = "confirmed", **more: Any) -> Json:
    status = {"clinicalStatus": concept(clinical, "x"), "verificationStatus": concept(verified, "x")}
    found = {"resourceType": "Condition", "code": concept(code, SNOMED), "subject": {"reference": "Patient/a"}}
    return found | {k: v for k, v in status.items() if v["coding"][0]["code"]} | more


def bundle(*resources: Json, **more: Any) -> bytes:
    entries = [{"resource": r} for r in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries} | more).encode()


def taken(*resources: Json, now: date | None = date(2024, 6, 1), **more: Any) -> Intake:
    return in_card_words(read_patients(bundle(*resources, **more), "x.json", ALL, now=now), ALL)


def value(name: str, *resources: Json, **more: Any) -> object:
    """One predictor of the first patient; None for unknown."""
    found = taken(
        patient(), observation("8480-6", "2000-01-01", valueQuantity=quantity(120, "mm[Hg]")), *resources, **more
    )
    assert found.good.all(), found.problems
    cell = found.rows[name][0]
    return None if pd.isna(cell) else cell


def reason(*resources: Json) -> str:
    """Why the first patient is not scored."""
    found = taken(patient(), *resources)
    assert not found.good[0]
    return found.problems[0].text


def refused(data: bytes) -> str:
    with pytest.raises(ManifestError) as caught:
        read_patients(data, "x.json", ALL)
    assert len(str(caught.value).splitlines()) == 1
    return caught.value.message.id


# There and back


def with_gaps(card: Card, n: int) -> pd.DataFrame:
    rows, rng = draw(card, n), np.random.default_rng(7)
    return rows.astype({k: object for k in rows.select_dtypes("str")}).mask(rng.random(rows.shape) < 0.15)


@every_card
def test_patients_come_back_from_a_bundle_as_they_went(card: Card) -> None:
    rows = with_gaps(card, 80)
    made = json.dumps(to_bundle(rows, card, now=datetime(2024, 3, 1, tzinfo=UTC))).encode()
    found = in_card_words(read_patients(made, "x", card.predictors), card.predictors)
    assert found.good.all()
    want = in_card_words(rows, card.predictors)
    pd.testing.assert_frame_equal(found.rows, want.rows, check_exact=True)


@every_card
def test_a_bundle_and_a_csv_of_the_same_patients_give_the_same_risks(card: Card) -> None:
    models: Catalog = MODELS
    rows = with_gaps(card, 40)
    files = (json.dumps(to_bundle(rows, card)).encode(), rows.to_csv(index=False).encode())
    first, second = (
        estimate(models.risk_model(card), in_card_words(read_patients(f, "x", card.predictors), card.predictors).rows)
        for f in files
    )
    for name in ("risk", "low", "high"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_a_bundle_holds_no_birth_date_that_nobody_gave_and_every_reference_resolves() -> None:
    card = CARDS[0]
    made = to_bundle(draw(card, 3), card, ids=["a b", "p2", "p3"], now=datetime(2024, 3, 1, tzinfo=UTC))
    resources = [entry["resource"] for entry in made["entry"]]
    assert not any("birthDate" in r for r in resources)
    urls = [entry["fullUrl"] for entry in made["entry"]]
    assert len(set(urls)) == len(urls)
    assert {r["subject"]["reference"] for r in resources if "subject" in r} <= set(urls)
    assert [r["id"] for r in resources if r["resourceType"] == "Patient"] == ["row-1", "p2", "p3"]
    assert "entry" not in to_bundle(draw(card, 0), card)


# Age and sex


@pytest.mark.parametrize(
    ("born", "age"), [("1950-03-01", 74), ("1950-03-02", 73), ("1950-03", 73), ("1950", 73), ("", None)]
)
def test_age_is_that_of_the_last_observation(born: str, age: float | None) -> None:
    last = observation("1-1", "2024-03-01T10:00:00+01:00")
    assert value("age", patient("b"), last) is None
    found = taken(
        patient(birthDate=born), observation("8480-6", "2001-01-01", valueQuantity=quantity(120, "mmHg")), last
    )
    assert found.rows["age"][0] == age or (age is None and np.isnan(found.rows["age"][0]))


def test_without_observations_age_is_that_of_the_bundle_or_of_today() -> None:
    born = patient(birthDate="1950-06-15", gender="male")
    assert taken(born, timestamp="2020-01-01T00:00:00Z").rows["age"][0] == 69
    assert taken(born).rows["age"][0] == 73
    assert np.isnan(taken(born, now=None).rows["age"][0])


def test_a_birth_date_after_the_observation_is_a_reason() -> None:
    found = taken(patient(birthDate="2030-01-01"))
    assert found.problems[0].text.startswith("age born 2030-01-01: needed a number")
    assert taken(patient(birthDate="soon")).problems[0].value == "born soon"


@pytest.mark.parametrize(("gender", "sex"), [("male", "male"), ("female", "female"), ("unknown", None)])
def test_sex_is_the_patients_gender(gender: str, sex: str | None) -> None:
    cell = taken(patient(gender=gender, birthDate="1950")).rows["sex"][0]
    assert cell == sex or (sex is None and pd.isna(cell))


def test_a_sex_that_the_card_does_not_know_is_a_reason() -> None:
    assert not taken(patient(gender="other")).good[0]


# Observations


@pytest.mark.parametrize(
    ("number", "unit", "mg_per_dl"),
    [(200, "mg/dL", 200), (200, "mg/dl", 200), (5.172, "mmol/L", 200), (5.172, "mmol/l", 200), (2, "g/L", 200)],
)
def test_a_quantity_is_converted_to_the_cards_unit(number: float, unit: str, mg_per_dl: float) -> None:
    assert value("cholesterol", observation("2093-3", valueQuantity=quantity(number, unit))) == pytest.approx(mg_per_dl)
    # The same quantity as an amount of substance has a code of its own.
    assert value("cholesterol", observation("14647-2", valueQuantity=quantity(5, "mmol/L"))) == pytest.approx(
        193.35, abs=0.01
    )


@pytest.mark.parametrize(
    "stated",
    [
        {"valueQuantity": quantity(5, "mg/g")},
        {"valueQuantity": {"value": 5}},
        {"valueQuantity": quantity(200, "mg/dL") | {"comparator": "<"}},
        {"valueQuantity": quantity(2000, "mg/dL")},
        {"valueString": "200"},
        {"valueInteger": 200},
        {"valueRange": {"low": {"value": 5}}},
        {"valueQuantity": {"value": "many", "code": "mg/dL"}},
        {"valueQuantity": {"value": True, "code": "mg/dL"}},
    ],
)
def test_a_quantity_that_cannot_be_converted_is_a_reason_with_the_value_and_the_unit_needed(stated: Json) -> None:
    said = reason(observation("2093-3", **stated))
    assert said.startswith("cholesterol ")
    assert said.endswith("needed a number from 50 to 700 mg/dL, or nothing for unknown")


def test_the_value_in_an_unknown_unit_is_named_with_it() -> None:
    assert "cholesterol 5 mg/g:" in reason(observation("2093-3", valueQuantity=quantity(5, "mg/g")))


def test_a_count_needs_no_unit() -> None:
    own = {"coding": [{"system": "urn:x-medai:predictor", "code": "visits"}]}
    for stated in ({"valueInteger": 3}, {"valueQuantity": {"value": 3}}, {"valueQuantity": quantity(3, "{visits}")}):
        assert value("visits", observation("", code=own, **stated)) == 3


def test_the_components_of_a_blood_pressure_panel_are_read() -> None:
    parts = [
        {"code": concept("8480-6"), "valueQuantity": quantity(16, "kPa")},
        {"code": concept("8480-6"), "valueQuantity": quantity(168, "mm[Hg]")},
        {"code": concept("8462-4"), "valueQuantity": quantity(90, "mm[Hg]")},
    ]
    assert value("bp", observation("85354-9", component=parts[1:])) == 168
    assert "bp 16 kPa" in reason(observation("85354-9", component=parts[:1]))


def test_the_latest_value_wins_wherever_it_stands() -> None:
    made = [
        observation("2093-3", when, valueQuantity=quantity(number, "mg/dL"))
        for when, number in (
            ("2024-03-01T08:00:00+02:00", 210),
            ("2024-03-01T07:30:00Z", 220),
            ("2023", 230),
            ("", 240),
        )
    ]
    assert value("cholesterol", *made) == 220
    assert value("cholesterol", *reversed(made)) == 220
    absent = observation("2093-3", "2024-05-01", dataAbsentReason=concept("unknown", "x"))
    wrong = observation("2093-3", "2024-05-01", valueQuantity=quantity(500, "mg/dL"), status="entered-in-error")
    assert value("cholesterol", *made, absent, wrong) == 220


@pytest.mark.parametrize(
    ("stated", "pain"),
    [
        ({"valueCodeableConcept": concept("194828000", SNOMED)}, "angina"),
        ({"valueCodeableConcept": {"text": "No pain", "coding": [{"code": "x", "display": "none"}]}}, "none"),
        ({"valueString": "Angina"}, "angina"),
        ({"valueInteger": 1}, "angina"),
        ({"valueQuantity": {"value": 1}}, "angina"),
    ],
)
def test_a_category_is_known_by_its_code_or_its_words(stated: Json, pain: str) -> None:
    assert value("pain", observation("0-0", **stated)) == pain


def test_another_systems_number_is_not_taken_for_a_tables() -> None:
    assert "pain 1:" not in reason(
        observation("0-0", valueCodeableConcept=concept("1", "http://other") | {"text": "Level 1"})
    )


# Conditions


@pytest.mark.parametrize(
    ("made", "diabetes"),
    [
        (condition(), "yes"),
        (condition("44054006"), "yes"),
        (condition(clinical="", verified=""), "yes"),
        (condition(clinical="recurrence"), "yes"),
        (condition(clinical="resolved"), None),
        (condition(clinical="inactive"), None),
        (condition(clinical="", verified="", abatementDateTime="2020"), None),
        (condition(verified="refuted"), None),
        (condition(verified="provisional"), None),
        (condition(verified="entered-in-error"), None),
        (condition("1234"), None),
        (observation("", code=concept("73211009", SNOMED), valueBoolean=False), "no"),
        (observation("", code=concept("73211009", SNOMED), valueBoolean=True), "yes"),
    ],
)
def test_a_disease_counts_while_it_lasts_and_its_absence_is_unknown(made: Json, diabetes: str | None) -> None:
    assert value("diabetes", made) == diabetes


# Whose it is


def test_each_patient_has_what_is_theirs_in_the_order_of_the_bundle() -> None:
    entries = [
        {"fullUrl": "http://a/fhir/Patient/1", "resource": patient("1")},
        {"fullUrl": "urn:uuid:7", "resource": patient("2")},
        {
            "resource": observation(
                "8480-6", of="http://a/fhir/Patient/1/_history/3", valueQuantity=quantity(101, "mmHg")
            )
        },
        {"resource": observation("8480-6", of="urn:uuid:7", valueQuantity=quantity(102, "mmHg"))},
        {"resource": observation("2093-3", of="Patient/2", valueQuantity=quantity(202, "mg/dL"))},
    ]
    table = read_patients(bundle(entry=entries), "x", ALL)
    assert table.to_numpy().tolist() == [["1", 101.0, None], ["2", 102.0, 202.0]]
    assert list(table.columns) == ["patient", "bp", "cholesterol"]


@pytest.mark.parametrize("of", ["Patient/b", "http://elsewhere/Patient/a", "urn:uuid:1", "#a", "Group/a", ""])
def test_an_observation_of_someone_else_is_never_filed_to_a_patient(of: str) -> None:
    made = observation("8480-6", of=of, valueQuantity=quantity(120, "mmHg"))
    assert refused(bundle(patient(gender="male"), made)) == "fhir.reference"
    assert refused(bundle(patient(gender="male"), condition(subject={"reference": of}))) == "fhir.reference"
    # What the card does not ask may be of anyone.
    assert taken(patient(gender="male"), observation("9-9", of=of)).good.all()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b'{"resourceType": "Bundle", ', "fhir.json"),
        (b'{"resourceType": "Bundle", "x": NaN}', "fhir.number"),
        (b'{"x": ' + b"1" * 5000 + b"}", "fhir.number"),
        (b'{"x": ' + b"[" * 100_000, "fhir.deep"),
        (b'{"x": "\xff"}', "fhir.encoding"),
        (b'{"resourceType": "Patient", "id": "a"}', "fhir.resource"),
        (b'[{"resourceType": "Bundle"}]', "fhir.resource"),
        (b"{}", "fhir.resource"),
        (bundle(), "fhir.no_patient"),
        (bundle(observation("8480-6")), "fhir.no_patient"),
        (bundle(patient(), patient()), "fhir.twice"),
        (bundle(patient()), "fhir.nothing"),
        (b'{"resourceType": "Bundle", "entry": 5}', "fhir.no_patient"),
    ],
)
def test_what_is_wrong_with_a_bundle_is_said_in_one_sentence(data: bytes, why: str) -> None:
    assert refused(data) == why


def test_a_bundle_over_the_limits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "ROWS_MAX", 1)
    assert refused(bundle(patient("a"), patient("b"))) == "fhir.too_many"
    monkeypatch.setattr(reading, "OBJECTS_MAX", 10)
    assert refused(bundle(*map(patient, "abcdefgh"))) == "table.inflated"
    monkeypatch.setattr(tables, "BYTES_MAX", 100)
    assert refused(bundle(patient(), patient("b"))) == "table.too_large"


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["code", "coding", "value", "x"]), inner)
    ),
    max_leaves=6,
)
KEYS = ("id", "code", "status", "subject", "valueQuantity", "valueCodeableConcept", "component", "effectiveDateTime")


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([patient(), observation("8480-6"), condition()]), st.dictionaries(st.sampled_from(KEYS), anything)
)
def test_no_shape_of_json_makes_anything_but_a_sentence(resource: Json, spoilt: Json) -> None:
    made = bundle(patient("z", gender="male", birthDate="1950"), resource | spoilt, patient())
    try:
        found = in_card_words(read_patients(made, "x", ALL, now=date(2024, 1, 1)), ALL)
    except MedAIError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert len(found.rows) >= 2


# Units


@every_card
def test_the_cards_units_are_known_in_both_spellings(card: Card) -> None:
    for p in card.predictors:
        if p.kind == "number":
            assert ucum(p.ucum) == p.ucum
            assert not p.unit or ucum(p.unit) == p.ucum
            if p.other_unit is not None:
                there = p.high * p.other_unit.factor + p.other_unit.offset
                assert in_unit_of(p, there, p.other_unit.unit) == pytest.approx(p.high)


def test_conversions_are_those_of_the_textbook_and_none_is_guessed() -> None:
    def spec(unit: str) -> PredictorSpec:
        return PredictorSpec("x", "X", "number", ucum=unit)

    for needed, number, unit, want in [
        ("g/dL", 40, "g/L", 4),
        ("10*3/uL", 7.5, "10*9/L", 7.5),
        ("/uL", 250, "10*9/L", 250_000),
        ("a", 18, "mo", 1.5),
        ("%", 0.35, "1", 35),
        ("mm", 0.2, "cm", 2),
        ("/min", 2, "/s", 120),
        ("ug/dL", 1, "mg/L", 100),
    ]:
        assert in_unit_of(spec(needed), number, unit) == pytest.approx(want)
    for needed, unit in [
        ("mg/dL", "mmol/L"),
        ("U/L", "[iU]/L"),
        ("mm[Hg]", "cm"),
        ("meq/L", "mmol/L"),
        ("1", "%"),
        ("a", ""),
    ]:
        assert in_unit_of(spec(needed), 1.0, unit) is None

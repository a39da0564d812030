"""A value read in another unit is the same patient, and what cannot be is refused with the range in that unit."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medai_core.cards import Card, PredictorSpec
from medai_core.prognosis.assessment import typical
from medai_core.prognosis.entries import Entry, Unit, as_row, refusals, units
from medai_core.prognosis.risk import estimate
from tests.risks import MODELS, SHIPPED, every_risk, patients, table

CONVERTED = [(card, p) for card in SHIPPED if card.recommended for p in card.predictors if p.other_unit]


def usual(card: Card, p: PredictorSpec) -> float | str | None:
    assert card.measured is not None
    return next(s.typical for s in card.measured.predictors if s.name == p.name)


@pytest.mark.parametrize(("card", "p"), CONVERTED, ids=lambda v: v.name)
def test_a_value_read_in_the_other_customary_unit_is_the_same_value(card: Card, p: PredictorSpec) -> None:
    other = units(p, usual(card, p))[1]

    @given(st.floats(p.low, p.high))
    @settings(derandomize=True, max_examples=40, deadline=None)
    def holds(value: float) -> None:
        assert other.back(other.of(value)) == pytest.approx(value, rel=1e-9, abs=1e-9)
        assert other.of(value) == pytest.approx(value * other.factor + other.offset)

    holds()


@pytest.mark.parametrize(("card", "p"), CONVERTED, ids=lambda v: v.name)
def test_neither_end_of_the_range_that_is_offered_in_a_unit_is_refused(card: Card, p: PredictorSpec) -> None:
    for unit in units(p, usual(card, p)):
        low, high = unit.range(p)
        assert low < high
        assert refusals(card, {p.name: Entry(low, unit)}) == ()
        assert refusals(card, {p.name: Entry(high, unit)}) == ()
        assert refusals(card, {p.name: Entry(high + 2 * 10**-unit.decimals, unit)}) != ()


def test_customary_units_are_written_with_as_many_figures_as_they_are_worth() -> None:
    cholesterol = PredictorSpec(
        "c", "C", "number", unit="mg/dL", low=50, high=700, other_unit=_other("mmol/L", 0.02586)
    )
    platelets = PredictorSpec("p", "P", "number", unit="/µL", low=1e4, high=1e6, other_unit=_other("10⁹/L", 0.001))
    fever = PredictorSpec(
        "t", "T", "number", unit="°C", low=30, high=45, decimals=1, other_unit=_other("°F", 1.8, 32.0)
    )
    assert [u.said(220.0) for u in units(cholesterol, 220.0)] == ["220 mg/dL", "5.69 mmol/L"]
    assert [u.said(258_000.0) for u in units(platelets, 258_000.0)] == ["258000 /µL", "258 10⁹/L"]
    assert [u.said(37.0) for u in units(fever, 37.0)] == ["37.0 °C", "98.6 °F"]


def _other(unit: str, factor: float, offset: float = 0.0):  # type: ignore[no-untyped-def]
    from medai_core.cards import OtherUnit

    return OtherUnit(unit, factor, offset)


def test_a_refusal_names_the_predictor_the_value_and_the_range_in_the_unit_it_was_read_in() -> None:
    card, p = CONVERTED[0]
    other = units(p, usual(card, p))[1]
    found = refusals(card, {p.name: Entry(other.of(p.high) * 2, other)})
    assert [m.facts["predictor"] for m in found] == [p.name]
    assert found[0].facts["unit"] == other.name
    assert f"{other.range(p)[1]:g} {other.name}" in found[0].text


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, 1e300])
def test_what_is_no_plausible_number_is_refused(value: float) -> None:
    card, p = CONVERTED[0]
    assert refusals(card, {p.name: Entry(value, Unit(p.unit))})


@every_risk
def test_a_risk_is_the_same_in_either_unit_and_of_a_patient_of_whom_nothing_is_known(card: Card) -> None:
    model = MODELS.risk_model(card)
    own = typical(model)
    entries = {}
    for p in card.predictors:
        value = own[p.name]
        unit = units(p, value)[-1] if p.kind == "number" else Unit("")
        entries[p.name] = Entry(unit.of(value) if isinstance(value, float) else value, unit)
    row = as_row(card, entries)
    assert estimate(model, row).risk == pytest.approx(estimate(model, table(card, own)).risk, rel=1e-9)
    unknown = estimate(model, as_row(card, {}))
    assert 0 < unknown.low[0] <= unknown.risk[0] <= unknown.high[0] < 1
    assert refusals(card, {}) == ()


@every_risk
def test_a_patient_of_a_form_is_the_patient_of_a_table(card: Card) -> None:
    @given(patients(card))
    @settings(derandomize=True, max_examples=10, deadline=None)
    def holds(person: dict[str, float | str | None]) -> None:
        row = as_row(card, {name: Entry(value) for name, value in person.items()})
        assert row.equals(
            table(card, {k: float(f"{v:.12g}") if isinstance(v, float) else v for k, v in person.items()})
        )

    holds()

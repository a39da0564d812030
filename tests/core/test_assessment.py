"""What stands beside a risk: what is unusual about the patient, what is not known, and where in the cohort it lies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from medai_core.cards import Applicability, Card
from medai_core.prognosis.assessment import assess, place_in_cohort, typical, warnings
from medai_core.prognosis.attribution import explain
from medai_core.prognosis.risk import RiskModel, estimate
from tests.risks import MODELS, crowd, every_risk, number, small, table

TYPICAL = {"age": 0.0, "pain": "none", "pressure": 0.0, "smoking": "no", "weight": 0.0}


def said(model: RiskModel, **change: float | str | None) -> list[tuple[str, dict[str, object]]]:
    """The warnings of the typical patient with a change."""
    (found,) = warnings(model, table(model.card, {**TYPICAL, **change}))
    return [(m.id, dict(m.facts)) for m in found]


def within(model: RiskModel, distance: float) -> RiskModel:
    known = replace(model.measured, applicability=Applicability(distance))
    return replace(model, card=replace(model.card, measured=known))


@every_risk
def test_a_form_starts_at_a_patient_whom_the_card_accepts_and_finds_nothing_unusual_about(card: Card) -> None:
    model = MODELS.risk_model(card)
    start = typical(model)
    assert list(start) == [p.name for p in card.predictors]
    for p in card.predictors:
        value = start[p.name]
        if p.kind == "number":
            assert p.low <= float(value) < p.high
        else:
            assert value in [c.name for c in p.categories]
    assert warnings(model, table(card, start)) == ((),)


@every_risk
def test_the_typical_patient_is_never_the_least_that_the_card_accepts(card: Card) -> None:
    start = typical(MODELS.risk_model(card))
    lowest = [p.name for p in card.predictors if p.kind == "number" and start[p.name] == p.low]
    # A count of visits is 0 in most people.
    assert all("visits" in name or "procedures" in name for name in lowest), lowest


@every_risk
def test_a_value_that_few_of_the_cohort_have_is_told_with_what_is_usual(card: Card) -> None:
    model = MODELS.risk_model(card)
    start = typical(model)
    for p, s in zip(card.predictors, model.measured.predictors, strict=True):
        if p.kind == "number" and p.high > s.quantiles[-1]:
            (found,) = warnings(model, table(card, {**start, p.name: p.high}))
            (unusual,) = [m for m in found if m.id == "patient.unusual"]
            assert unusual.facts["predictor"] == p.name
            assert str(unusual.facts["value"]).startswith(f"{p.high:.{p.decimals}f}")
            assert p.unit in str(unusual.facts["high"])


def test_the_ends_of_what_98_of_100_have_are_not_unusual() -> None:
    model = small("additive")
    assert said(model, age=2.0, pressure=-2.0) == []
    (found,) = said(model, age=2.1)
    assert found == ("patient.unusual", {"predictor": "age", "value": "2.1", "low": "-2.0", "high": "2.0"})


def test_a_combination_unlike_the_cohort_is_told_though_each_value_is_usual() -> None:
    """In this cohort pressure and weight go together; a patient in whom they do not is far from it."""
    model = small("additive")
    together = np.linalg.inv(np.array([[1, 0, 0], [0, 1, 0.95], [0, 0.95, 1]]))
    model = within(replace(model, precision=together), 3.0)
    assert said(model, pressure=1.5, weight=1.5) == []
    ((kind, facts),) = said(model, pressure=1.5, weight=-1.6)
    assert kind == "patient.unlike"
    assert facts["predictor"] == "weight"


def test_how_much_is_unknown_is_told_and_unknown_is_not_unusual() -> None:
    model = small("additive")
    assert said(model, age=None, pain=None) == [("patient.unknown", {"count": 2, "of": 5})]
    (nothing,) = warnings(model, table(model.card, {}))
    assert [m.id for m in nothing] == ["patient.unknown"]
    assert nothing[0].facts["count"] == 5


def test_each_warning_stands_beside_its_own_patient() -> None:
    model = small("additive")
    found = warnings(model, table(model.card, TYPICAL, {**TYPICAL, "weight": -2.5}, {**TYPICAL, "pain": None}))
    assert [[m.id for m in each] for each in found] == [[], ["patient.unusual"], ["patient.unknown"]]
    assert warnings(model, crowd(model.card, 0)) == ()


def test_a_model_without_numbers_knows_no_distance() -> None:
    model = small("additive")
    (smoking,) = [p for p in model.card.predictors if p.name == "smoking"]
    assert warnings(small("additive", predictors=(smoking,)), table(model.card, TYPICAL)) == ((),)
    assert warnings(small("additive", predictors=(number("age"),)), table(model.card, TYPICAL)) == ((),)


@every_risk
def test_an_assessment_is_the_estimate_the_warnings_and_what_was_asked_for(card: Card) -> None:
    model = MODELS.risk_model(card)
    people = crowd(card, 3)
    found = assess(model, people, explained=True)
    assert found.estimates.risk == pytest.approx(estimate(model, people).risk)
    assert found.warnings == warnings(model, people)
    assert found.contributions is not None
    assert found.contributions.values == pytest.approx(explain(model, people).values)
    assert assess(model, people).contributions is None


@every_risk
def test_a_place_in_the_cohort_rises_with_the_risk_from_none_to_all(card: Card) -> None:
    model = MODELS.risk_model(card)
    places = [place_in_cohort(model, r) for r in np.linspace(0, 1, 201)]
    assert (places[0], places[-1]) == (0, 1)
    assert (np.diff(places) >= 0).all()
    middle = model.measured.risk_quantiles[50]
    assert place_in_cohort(model, middle) == pytest.approx(0.5, abs=0.15)

"""What would bring a risk down: only what a patient can change, only the way it can go, and no more than needed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medai_core.cards import Card
from medai_core.metrics import Floats
from medai_core.prognosis.recourse import modifiable, recourse
from medai_core.prognosis.risk import RiskModel, estimate
from medai_core.prognosis.risk.estimators import Additive
from tests.risks import FIVE, MODELS, crowd, every_kind, every_risk, number, patients, small, table

SPAN = 3.6
"""What the drawn cohort crosses from its 5 to its 95 in 100: -1.8 to 1.8."""
PATIENT = {"age": 1.0, "pain": "mild", "pressure": 1.5, "smoking": "yes", "weight": 0.4}


def linear(**slopes: float) -> RiskModel:
    """A model of the five predictors whose log-odds have these slopes (per unit, or for the second category)."""
    model = small("additive", predictors=FIVE)
    encoding = replace(model.encoding, flagged=np.zeros(5, bool))
    place = {"age": 0, "pain": 3, "pressure": 4, "smoking": 6, "weight": 7}
    weights = np.zeros(1 + 8)
    for name, slope in slopes.items():
        weights[1 + place[name]] = slope
    wiggled = np.stack([weights, weights * 1.1, weights * 0.9])
    estimator = Additive(np.zeros(8), np.ones(8), np.zeros((8, 0)), wiggled)
    known = replace(
        model.measured, calibration=replace(model.measured.calibration, temperature=1.0, offsets=(0.0, 0.0))
    )
    return replace(
        model, card=replace(model.card, measured=known), encoding=encoding, estimator=estimator,
        background=np.zeros((1, 8)), background_weight=np.ones(1), mean=np.zeros(3), precision=np.eye(3),
    )  # fmt: skip


def risk_of(model: RiskModel, row: pd.DataFrame, **change: float | str) -> float:
    return float(estimate(model, row.assign(**change)).risk[0])


def logit(p: float) -> float:
    return float(np.log(p / (1 - p)))


@every_risk
def test_recourse_keeps_to_what_the_patient_can_change_and_to_its_direction(card: Card) -> None:
    model = MODELS.risk_model(card)
    allowed = {p.name: p for p in modifiable(model)}

    @given(patients(card), st.floats(0.3, 0.99))
    @settings(derandomize=True, max_examples=12, deadline=None)
    def keeps(patient: dict[str, float | str | None], share: float) -> None:
        row = table(card, patient)
        risk = float(estimate(model, row).risk[0])
        found = recourse(model, row, risk * share)
        assert len(found.changes) <= 3
        for change in found.changes:
            p = allowed[change.predictor]
            assert change.before == patient[p.name]
            if p.kind == "category":
                assert change.after == p.modifiable != change.before
            else:
                step = float(change.after) - float(change.before)
                assert {"lower": step < 0, "raise": step > 0, "either": step != 0}[p.modifiable]
                assert p.low - 1e-9 <= float(change.after) <= p.high + 1e-9
        after = row.assign(**{change.predictor: change.after for change in found.changes})
        assert float(estimate(model, after).risk[0]) == pytest.approx(found.risk, abs=1e-12)
        assert found.reached == (found.risk < risk * share)
        assert found.risk <= risk + 1e-12

    keeps()


@every_kind
def test_the_change_of_one_predictor_is_the_cheapest_of_a_finer_search(kind: str) -> None:
    for seed in range(8):
        only = tuple(replace(p, modifiable=p.modifiable if p.name == "pressure" else "") for p in FIVE)
        model = small(kind, seed, only)
        row = crowd(model.card, 1, seed, unknown=0)
        before = float(row["pressure"].iloc[0])
        fine = np.linspace(min(before, -1.8), before, 4001)
        risks = estimate(model, pd.concat([row] * 4001, ignore_index=True).assign(pressure=fine)).risk
        level = float((risks.min() + risks[-1]) / 2)
        found = recourse(model, row, level)
        if not (risks < level).any():
            continue
        # The nearest that reaches, on any grid; ours may go one of its own steps farther.
        nearest = float(fine[risks < level].max())
        step = (before - min(before, -1.8)) / 12 + 0.1
        if found.reached:
            assert float(found.changes[0].after) <= nearest + 0.05
        if kind == "additive" and (np.diff(risks) >= 0).all():
            assert found.reached
            assert float(found.changes[0].after) >= nearest - step


def test_of_two_ways_the_cheaper_is_taken() -> None:
    """Pressure 1.5 may go down by 1.1 of risk a unit, weight by 0.5: the same fall costs the weight twice as much."""
    model = linear(pressure=1.0, weight=0.5)
    row = table(model.card, PATIENT)
    level = risk_of(model, row, pressure=0.5)
    found = recourse(model, row, level)
    assert [c.predictor for c in found.changes] == ["pressure"]
    assert found.risk < level
    model = linear(pressure=0.5, weight=1.0)
    found = recourse(model, table(model.card, PATIENT), risk_of(model, row, weight=-0.3))
    assert [c.predictor for c in found.changes] == ["weight"]


def test_a_category_is_left_only_for_the_one_that_can_be_reached() -> None:
    model = linear(smoking=2.0)
    row = table(model.card, PATIENT)
    found = recourse(model, row, risk_of(model, row) * 0.9)
    assert [(c.predictor, c.before, c.after) for c in found.changes] == [("smoking", "yes", "no")]
    never = table(model.card, {**PATIENT, "smoking": "no"})
    assert recourse(model, never, 0.01).changes == ()


def test_a_direction_that_would_help_but_cannot_be_gone_is_not_gone() -> None:
    """Raising the pressure would lower this model's risk; a patient can only lower it."""
    model = linear(pressure=-3.0)
    row = table(model.card, PATIENT)
    found = recourse(model, row, risk_of(model, row) * 0.5)
    assert not found.reached
    assert found.changes == ()


def test_several_predictors_change_only_where_one_is_not_enough() -> None:
    model = linear(pressure=1.0, smoking=1.0, weight=1.0)
    row = table(model.card, PATIENT)
    before = logit(risk_of(model, row))
    for fall, count in ((1.0, 1), (4.0, 2), (6.0, 3)):
        found = recourse(model, row, 1 / (1 + np.exp(-(before - fall))))
        assert found.reached
        assert len(found.changes) == count


def test_when_nothing_plausible_is_enough_the_best_that_can_be_done_is_told() -> None:
    model = linear(age=1.0, pressure=1.0)
    row = table(model.card, PATIENT)
    found = recourse(model, row, 1e-6)
    assert not found.reached
    (change,) = found.changes
    assert change.predictor == "pressure"
    assert change.after == -1.8  # what 5 of 100 of the cohort lie below, and no farther
    assert found.risk == pytest.approx(risk_of(model, row, pressure=-1.8))


def test_a_risk_that_is_below_the_level_already_needs_no_change() -> None:
    model = linear(pressure=1.0)
    row = table(model.card, PATIENT)
    found = recourse(model, row, risk_of(model, row) + 0.01)
    assert (found.changes, found.reached) == ((), True)


def test_what_is_unknown_is_left_alone() -> None:
    model = linear(pressure=1.0, weight=1.0)
    found = recourse(model, table(model.card, {**PATIENT, "pressure": None}), 1e-6)
    assert [c.predictor for c in found.changes] == ["weight"]
    assert recourse(model, table(model.card, {"age": 1.0}), 1e-6).changes == ()


def test_a_value_finer_than_customary_is_never_rounded_the_wrong_way() -> None:
    """-1.84 is customarily said as -1.8: for who can only lower it that is no change to offer."""
    predictors = (number("pressure", modifiable="lower"),)
    model = small("additive", predictors=predictors)
    falling = Additive(np.zeros(1), np.ones(1), np.zeros((1, 0)), np.array([[0.0, -1.0]] * 3))
    model = replace(model, encoding=replace(model.encoding, flagged=np.zeros(1, bool)), estimator=falling)
    for value in (-1.84, -2.04, 1.26):
        row = table(model.card, {"pressure": value})
        assert recourse(model, row, 1e-9).changes == (), value


def test_a_change_is_said_with_the_customary_digits() -> None:
    model = linear(pressure=1.0)
    row = table(model.card, {**PATIENT, "pressure": 1.4567})
    (change,) = recourse(model, row, risk_of(model, row) * 0.9).changes
    assert change.before == 1.4567
    assert change.after == round(float(change.after), 1)


def cost(values: Floats, before: float) -> Floats:
    return np.abs(values - before) / SPAN


@given(st.integers(0, 2**16), st.floats(0.2, 0.9))
@settings(derandomize=True, max_examples=10, deadline=None)
def test_the_change_of_two_predictors_is_the_cheapest_of_all_that_were_tried(seed: int, share: float) -> None:
    """Every pair of a pressure and a weight on the grid that a clinician would read, by brute force."""
    model = linear(pressure=1.0, weight=0.7)
    row = crowd(model.card, 1, seed, unknown=0).assign(smoking="no")
    pressure, weight = (float(row[name].iloc[0]) for name in ("pressure", "weight"))
    level = risk_of(model, row) * share
    found = recourse(model, row, level)
    if not found.reached or len(found.changes) != 2:
        return
    lower = np.round(np.linspace(pressure, min(pressure, -1.8), 13)[1:], 1)
    either = np.round(
        np.concatenate([np.linspace(weight, e, 13)[1:] for e in (min(weight, -1.8), max(weight, 1.8))]), 1
    )
    a, b = (v.ravel() for v in np.meshgrid(lower, either))
    z = logit(risk_of(model, row)) + (a - pressure) + 0.7 * (b - weight)
    reaching = (1 / (1 + np.exp(-z)) < level) & (a < pressure) & (b != weight)
    wanted = (cost(a, pressure) + cost(b, weight))[reaching].min()
    after = {c.predictor: float(c.after) for c in found.changes}
    assert cost(np.array(after["pressure"]), pressure) + cost(np.array(after["weight"]), weight) == pytest.approx(
        wanted
    )

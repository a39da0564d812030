"""A cohort that has moved is told from one that has not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medai_core.catalog import Catalog, find_models
from medai_core.evaluation import drift
from medai_core.evaluation.drift import compared, numbers, predictor_shifts, risk_edges, risk_shift
from medai_core.prognosis.risk import estimate
from tests.patients import draw, plain_card

LEVELS = np.array([0.25, 0.5, 0.75])


@pytest.fixture(scope="module")
def models() -> Catalog:
    return find_models()


def test_the_index_is_the_textbook_sum() -> None:
    there, counts = np.array([0.5, 0.5]), np.array([7500.0, 2500.0])
    by_hand = 0.25 * np.log(0.75 / 0.5) - 0.25 * np.log(0.25 / 0.5)
    assert compared(there, counts).index == pytest.approx(by_hand, abs=1e-3)


def test_the_same_distribution_has_not_moved_and_a_shifted_one_has() -> None:
    values = np.random.default_rng(0).normal(size=5000)
    cuts = np.quantile(values, LEVELS).tolist()
    assert numbers(values, cuts, LEVELS).level == "none"
    assert numbers(values + 0.4, cuts, LEVELS).level == "some"
    assert numbers(values + 2, cuts, LEVELS).level == "much"


def test_chance_is_exceeded_by_about_one_sample_in_twenty() -> None:
    rng = np.random.default_rng(1)
    cuts = [-0.67449, 0.0, 0.67449]
    found = [numbers(rng.normal(size=200), cuts, LEVELS) for _ in range(1000)]
    assert 0.03 < np.mean([shift.index > shift.chance for shift in found]) < 0.07


def test_a_small_sample_is_not_called_drift_for_being_small() -> None:
    rng = np.random.default_rng(2)
    cuts = [-0.67449, 0.0, 0.67449]
    levels = [numbers(rng.normal(size=12), cuts, LEVELS).level for _ in range(400)]
    assert np.mean([level != "none" for level in levels]) < 0.08


def test_many_people_with_the_very_value_of_a_cut_are_no_drift() -> None:
    values = np.array([0.0] * 600 + [1.0] * 400)
    assert numbers(values, [0.0, 0.0, 1.0], LEVELS).index == pytest.approx(0, abs=0.01)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-100, 100), min_size=1, max_size=60))
def test_the_index_is_never_negative(values: list[float]) -> None:
    assert numbers(np.array(values), [-10.0, 0.0, 10.0], LEVELS).index >= -1e-12


def test_nobody_known_is_said_to_be_unknown() -> None:
    assert numbers(np.array([]), [0.0, 1.0, 2.0], LEVELS).level == "unknown"


def test_people_drawn_from_the_cohort_have_not_moved(models: Catalog) -> None:
    card = plain_card(models)
    assert card.measured is not None
    found = predictor_shifts(card.measured, card.predictors, draw(card, 3000))
    assert [s.name for s in found] == [p.name for p in card.predictors]
    assert {s.shift.level for s in found} == {"none"}


def test_a_predictor_that_moved_is_the_one_that_is_named(models: Catalog) -> None:
    card = plain_card(models)
    assert card.measured is not None
    rows = draw(card, 2000)
    moved = next(p for p in card.predictors if p.kind == "number" and "age" in p.name)
    rows[moved.name] = np.minimum(rows[moved.name] + 20, moved.high)
    category = next(p for p in card.predictors if p.kind == "category")
    rows[category.name] = category.categories[0].name
    levels = {s.name: s.shift.level for s in predictor_shifts(card.measured, card.predictors, rows)}
    assert levels[moved.name] == "much"
    assert levels[category.name] == "much"
    assert set(levels.values()) == {"none", "much"}


def test_what_is_unknown_is_counted_and_does_not_count_as_a_value(models: Catalog) -> None:
    card = plain_card(models)
    assert card.measured is not None
    rows = draw(card, 1000)
    first = next(p for p in card.predictors if p.kind == "number")
    rows.loc[:499, first.name] = np.nan
    found = next(s for s in predictor_shifts(card.measured, card.predictors, rows) if s.name == first.name)
    assert found.unknown_here == 0.5
    assert found.shift.level == "none"
    nobody = rows.assign(**{first.name: np.nan})
    assert predictor_shifts(card.measured, (first,), nobody)[0].shift.level == "unknown"


def test_risks_are_compared_in_the_same_steps_and_sum_to_everybody(models: Catalog) -> None:
    card = plain_card(models)
    assert card.measured is not None
    risk = estimate(models.risk_model(card), draw(card, 2000)).risk
    edges = risk_edges(card.measured, risk)
    assert edges[0] == 0
    assert edges[-1] >= risk.max()
    assert drift.shares_here(risk, edges).sum() == pytest.approx(1)
    assert drift.shares_there(card.measured, edges).sum() == pytest.approx(1)
    assert risk_shift(card.measured, np.full(500, 0.999)).level == "much"
    assert drift.shares_here(np.array([]), edges).sum() == 0
    assert len(pd.Series(edges).unique()) == 21

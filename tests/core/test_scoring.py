"""Every row of a table is accounted for, and what a cohort says of a model is what was counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_curve

from medai_core.catalog import Catalog, find_models
from medai_core.errors import ManifestError
from medai_core.evaluation import curves, scoring
from medai_core.evaluation.patients import Judged, recalibration, weighted_auc
from medai_core.prognosis.cohorts import Outcomes
from medai_core.prognosis.risk import Estimates, estimate
from tests.patients import draw, followed, plain_card


@pytest.fixture(scope="module")
def models() -> Catalog:
    return find_models()


def judged(event: list[int], risk: list[float], weight: list[float] | None = None) -> Judged:
    p = np.array(risk)
    o = Outcomes(np.array(event), np.ones(len(p)) if weight is None else np.array(weight), np.arange(len(p)))
    return Judged(np.log(p / (1 - p)), o)


def test_every_row_has_a_risk_or_a_reason(models: Catalog) -> None:
    card = plain_card(models)
    table = draw(card, 30).astype(object)
    number = next(p for p in card.predictors if p.kind == "number")
    table.loc[4, number.name] = "abc"
    table.loc[9, number.name] = number.high + 1
    told: list[float] = []
    scored = scoring.score(models.risk_model(card), table, tell=told.append)
    taken = scoring.results_table(scored)
    assert len(taken) == 30
    assert list(taken["row"]) == list(range(1, 31))
    assert list(np.flatnonzero(taken["status"] == "refused")) == [4, 9]
    assert taken["risk"].isna().sum() == 2
    assert "'abc'" in taken["refused_because"][4]
    assert f"{number.high:g}" in taken["refused_because"][9]
    assert taken["refused_because"][0] == ""
    assert list(scoring.refused_table(scored)["row"]) == [5, 10]
    assert told[-1] == 1


def test_scores_are_those_of_the_model_row_by_row(models: Catalog) -> None:
    card = plain_card(models)
    table, model = draw(card, 40), models.risk_model(card)
    shuffled = table.sample(frac=1, random_state=0)
    assert np.allclose(scoring.score(model, shuffled).estimates.risk, estimate(model, shuffled).risk)


def test_a_column_that_the_reader_unmatches_is_unknown_in_every_row(models: Catalog) -> None:
    card = plain_card(models)
    table = draw(card, 10)
    gone = card.predictors[0].name
    scored = scoring.score(models.risk_model(card), table, {p.name: p.name for p in card.predictors if p.name != gone})
    assert scored.rows[gone].isna().all()
    assert gone in table


def test_a_table_of_something_else_is_refused_as_a_whole(models: Catalog) -> None:
    model = models.risk_model(plain_card(models))
    with pytest.raises(ManifestError, match="None of the columns"):
        scoring.score(model, pd.DataFrame({"colour": ["red"], "price": ["3"]}))
    with pytest.raises(ManifestError, match="no rows"):
        scoring.score(model, draw(model.card, 1).iloc[:0])


def test_uploaded_columns_come_along_and_never_stand_for_results(models: Catalog) -> None:
    card = plain_card(models)
    table = draw(card, 3).assign(risk="mine", id=["a", "b", "c"])
    taken = scoring.results_table(scoring.score(models.risk_model(card), table))
    assert list(taken["risk (uploaded)"]) == ["mine"] * 3
    assert taken["risk"].between(0, 1).all()
    assert list(taken["id"]) == ["a", "b", "c"]


def test_an_empty_outcome_is_not_counted_as_no_event(models: Catalog) -> None:
    card = plain_card(models)
    assert card.prediction is not None
    event = card.prediction.columns.event
    table = followed(models, card, 200)
    table.loc[:49, event] = ["", "?", None, "NA", " "] * 10
    found = scoring.follow(scoring.score(models.risk_model(card), table))
    assert found.silent == 50
    assert len(found.cohort) == 150


def test_outcomes_stay_beside_the_people_they_are_of(models: Catalog) -> None:
    card = plain_card(models)
    assert card.prediction is not None
    table = followed(models, card, 300).astype(object)
    number = next(p for p in card.predictors if p.kind == "number")
    table.loc[::7, number.name] = "bad"
    found = scoring.follow(scoring.score(models.risk_model(card), table))
    good = table.drop(index=table.index[::7])
    columns = card.prediction.columns
    stated = good[columns.event].astype(str)
    happened = stated.isin(columns.happened) if columns.above is None else stated.astype(float) > columns.above
    assert list(found.judged.outcomes.event) == list(happened.astype(int))
    assert np.allclose(found.judged.log_odds, estimate(models.risk_model(card), found.cohort.rows).log_odds)


def test_too_few_outcomes_are_not_judged_by(models: Catalog) -> None:
    card = plain_card(models)
    with pytest.raises(ManifestError, match="at least 20"):
        scoring.follow(scoring.score(models.risk_model(card), followed(models, card, 12)))
    with pytest.raises(ManifestError, match="no column"):
        scoring.follow(scoring.score(models.risk_model(card), draw(card, 50)))


def test_recalibration_makes_the_mean_risk_what_was_observed(models: Catalog) -> None:
    card = plain_card(models)
    scored = scoring.score(models.risk_model(card), followed(models, card, 1500))
    found = scoring.follow(scored)
    shifted = found.judged.log_odds - 1.5
    intercept, slope = recalibration(found.judged.outcomes.event, shifted, found.judged.outcomes.weight)
    bounds = scored.estimates.low, scored.estimates.high
    moved = scoring.recalibrated(Estimates(shifted, scored.estimates.risk, *bounds), intercept, slope)
    assert moved.risk.mean() == pytest.approx(found.judged.outcomes.event.mean(), abs=1e-4)
    assert (moved.low <= moved.high).all()


def test_a_sample_of_many_keeps_whole_patients(models: Catalog) -> None:
    card = plain_card(models)
    found = scoring.follow(scoring.score(models.risk_model(card), followed(models, card, 500)))
    assert scoring.some(found, 1000) is found
    few = scoring.some(found, 100)
    assert len(few.cohort) == len(few.judged.log_odds) == 100


def test_the_roc_is_that_of_scikit_learn_and_its_area_the_auc() -> None:
    rng = np.random.default_rng(0)
    risk = np.round(rng.uniform(0.01, 0.99, 300), 2)
    event = (rng.random(300) < risk).astype(int)
    found = curves.roc(judged(event.tolist(), risk.tolist()))
    false, true, _thresholds = roc_curve(event, risk, drop_intermediate=False)
    assert np.allclose(found[:, 0], false)
    assert np.allclose(found[:, 1], true)
    area = np.trapezoid(found[:, 1], found[:, 0])
    assert area == pytest.approx(weighted_auc(event, risk, np.ones(300)))


def test_a_roc_of_one_class_is_empty() -> None:
    assert curves.roc(judged([1, 1], [0.2, 0.3])).shape == (0, 3)


def test_counts_at_a_threshold_are_those_counted_by_hand() -> None:
    found = curves.called(judged([1, 1, 1, 0, 0, 0, 0], [0.9, 0.6, 0.2, 0.7, 0.5, 0.1, 0.1]), 0.5)
    counts = (found.true_positive, found.false_positive, found.true_negative, found.false_negative)
    assert counts == (2, 2, 2, 1)
    assert found.sensitivity.value == pytest.approx(2 / 3)
    assert found.specificity.value == pytest.approx(1 / 2)
    assert found.positive_value.value == pytest.approx(1 / 2)
    assert found.negative_value.value == pytest.approx(2 / 3)
    assert found.sensitivity.n == 3
    assert found.positive_value.n == 4


def test_whoever_was_lost_to_follow_up_is_in_no_count() -> None:
    found = curves.called(judged([1, 0, 0], [0.9, 0.9, 0.1], [1.0, 0.0, 2.0]), 0.5)
    assert found.false_positive == 0
    assert found.specificity.n == 1


def test_shares_of_nobody_are_not_numbers() -> None:
    found = curves.called(judged([1, 0], [0.2, 0.3]), 0.9)
    assert found.positive_value.n == 0
    assert np.isnan([found.positive_value.value, found.positive_value.low, found.positive_value.high]).all()


def test_wilsons_interval_is_the_published_one() -> None:
    # Newcombe, Stat Med 1998, 10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E, table I: 81 of 263
    assert curves.wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert curves.wilson(0.0, 20)[0] == 0


def test_bins_hold_everybody_once_and_a_small_cohort_is_one_bin() -> None:
    rng = np.random.default_rng(3)
    risk = rng.uniform(0.01, 0.99, 205).tolist()
    bins = curves.reliability(judged([0, 1] * 102 + [0], risk))
    assert sum(b.n for b in bins) == 205
    assert len(bins) == 10
    assert all(b.low <= b.frequency <= b.high for b in bins)
    assert len(curves.reliability(judged([0, 1, 1], [0.1, 0.5, 0.9]))) == 1


def test_the_useful_thresholds_are_the_longest_run() -> None:
    grid = np.linspace(0.1, 0.5, 5)
    benefit = np.array([[1, 2], [2, 1], [0.5, 1], [2, 1], [3, 1]], float)
    assert curves.useful_span(grid, benefit) == pytest.approx((0.4, 0.5))
    assert curves.useful_span(grid, -benefit) is None

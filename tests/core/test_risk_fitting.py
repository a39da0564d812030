"""What a recipe fits is what scikit-learn and statsmodels fit, and nothing of it is one person's."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.tree import DecisionTreeClassifier

from medai_core.cards import Card
from medai_core.metrics import Floats
from medai_core.metrics.survival import by_horizon
from medai_core.prognosis.cohorts import Cohort, Outcomes, with_outcomes
from medai_core.prognosis.risk.estimators import Trees
from medai_core.sources.encoding import Encoding, fit_encoding
from medai_core.sources.tables import open_table
from medai_core.training import recipes
from medai_core.training.predictors import centroids, fit_estimator, stacked
from medai_core.training.risks import resampled, smooth_quantiles, survival_curve
from medai_core.training.settings import FEWEST, Setting, settings_of
from tests.risks import MODELS, card_of, category, crowd, number

SEEDS = st.integers(0, 2**16)
CARD = card_of((number("age"), category("pain", "none", "mild", "severe"), number("pressure"), number("weight")))
PLAIN = {
    "logistic": Setting("logistic", "", {"C": 1e9}),
    "svm": Setting("svm", "", {"landmarks": 12, "C": 1.0}),
    "tree": Setting("tree", "", {"leaves": 8, "smallest": 0.0}),
    "boosting": Setting("boosting", "", {"trees": 12, "leaves": 5, "smallest": 10}),
}


def drawn(n: int = 400, seed: int = 0, card: Card = CARD, noise: float = 1.0) -> tuple[Encoding, Floats, Outcomes]:
    """People whose age raises the risk at first and then lowers it, with outcomes and weights as censoring gives."""
    r = np.random.default_rng(seed)
    rows = crowd(card, n, seed, unknown=0)
    encoding = fit_encoding(rows, card.predictors)
    X = encoding.encode(rows)
    z = 1.5 * X[:, 0] - X[:, 0] ** 2 + X[:, -1] * (X[:, 1] - X[:, 3]) + noise * r.normal(size=n)
    event = (r.random(n) < 1 / (1 + np.exp(-z))).astype(np.int64)
    weight = np.where(r.random(n) < 0.1, 0.0, r.uniform(1, 2, n))
    return encoding, X, Outcomes(event, weight, np.arange(n))


def promising(card: Card, direction: int = 1) -> Card:
    return replace(card, predictors=(replace(card.predictors[0], monotone=direction), *card.predictors[1:]))


# Agreement


def test_a_plain_logistic_model_is_the_regression_of_statsmodels() -> None:
    encoding, X, outcomes = drawn()
    copies = np.random.default_rng(1).integers(0, 3, len(X)).astype(float)
    fitted = fit_estimator(PLAIN["logistic"], encoding, X, outcomes, [copies], 0)
    design = sm.add_constant(np.delete(X, 1, axis=1))  # one category is the reference
    scores = fitted.scores(X, refits=True)
    for k, w in enumerate((outcomes.weight, outcomes.weight * copies)):
        family = sm.families.Binomial()
        other = sm.GLM(outcomes.event, design, family=family, freq_weights=w).fit(tol=1e-12, maxiter=100)
        assert 1 / (1 + np.exp(-scores[:, k])) == pytest.approx(other.predict(design), abs=1e-3)
        slopes = fitted.coefficients[k, 1:] / fitted.scale  # type: ignore[union-attr]
        numbers = encoding.is_number
        assert slopes[numbers] == pytest.approx(np.insert(other.params[1:], 1, 0)[numbers], abs=1e-3)


def test_a_tree_asks_what_scikit_learns_asks_and_its_leaves_hold_the_log_odds_of_their_people() -> None:
    encoding, X, outcomes = drawn()
    fitted = fit_estimator(PLAIN["tree"], encoding, X, outcomes, (), 3)
    assert isinstance(fitted, Trees)
    kept = outcomes.weight > 0
    other = DecisionTreeClassifier(max_leaf_nodes=8, min_samples_leaf=FEWEST, random_state=3)
    other.fit(X[kept], outcomes.event[kept], outcomes.weight[kept])
    leaves, theirs = fitted.leaves(X, fitted.root)[:, 0], other.apply(X)
    assert len(set(zip(leaves, theirs, strict=True))) == len(set(leaves)) == len(set(theirs)) == 8
    share = other.predict_proba(X)[:, 1]
    people = np.bincount(theirs[kept], weights=outcomes.weight[kept])[theirs]
    prior = np.average(outcomes.event, weights=outcomes.weight)
    shrunk = (share * people + prior) / (people + 1)
    assert fitted.scores(X) == pytest.approx(np.log(shrunk / (1 - shrunk)))


@pytest.mark.parametrize("follow_up", [False, True], ids=["event by the horizon", "rate over the follow-up"])
def test_boosting_gives_what_scikit_learns_trees_give(follow_up: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    encoding, X, outcomes = drawn()
    r = np.random.default_rng(2)
    time, died = r.exponential(8, len(X)), outcomes.event
    outcomes = replace(outcomes, time=time, died=died)
    kept = []
    kind = HistGradientBoostingRegressor if follow_up else HistGradientBoostingClassifier
    fit = kind.fit
    monkeypatch.setattr(kind, "fit", lambda self, *given: kept.append(fit(self, *given)) or kept[-1])
    setting = replace(PLAIN["boosting"], values={**PLAIN["boosting"].values, "follow_up": follow_up})
    fitted = fit_estimator(setting, encoding, X, outcomes, [np.resize([0.0, 2.0], len(X))], 0)
    new = crowd(CARD, 500, 9, unknown=0)
    Z = encoding.encode(new)
    wanted = [np.log(k.predict(Z)) if follow_up else k.decision_function(Z) for k in kept]
    assert fitted.scores(Z, refits=True) == pytest.approx(np.stack(wanted, axis=1), abs=1e-9)


@pytest.mark.parametrize("estimator", PLAIN)
def test_a_refit_with_everybody_once_is_the_model_itself(estimator: str) -> None:
    encoding, X, outcomes = drawn()
    setting = PLAIN[estimator]
    fitted = fit_estimator(setting, encoding, X, outcomes, [np.ones(len(X))], 0)
    scores = fitted.scores(X, refits=True)
    assert scores[:, 1] == pytest.approx(scores[:, 0], abs=1e-9)


# Promises


@pytest.mark.parametrize("estimator", ["logistic", "tree", "boosting"])
@pytest.mark.parametrize("direction", [1, -1], ids=["never falls", "never rises"])
def test_what_the_card_promises_is_fitted_whatever_the_data_say(estimator: str, direction: int) -> None:
    """The age here raises the risk and then lowers it, differently with each weight; a line need only keep to one."""
    card = promising(CARD, direction)
    for seed in range(12 if estimator == "tree" else 2):
        encoding, X, outcomes = drawn(600, seed, card)
        many = replace(PLAIN[estimator], values={**PLAIN[estimator].values, "leaves": 24, "smallest": 0.0, "knots": 3})
        copies = np.random.default_rng(seed).integers(0, 3, len(X)).astype(float)
        fitted = fit_estimator(many, encoding, X, outcomes, [copies], seed)
        ages = np.linspace(-3, 3, 60)
        others = X[:40]
        rising = np.repeat(others[:, None], 60, axis=1)
        rising[:, :, 0] = ages
        scores = fitted.scores(rising.reshape(-1, X.shape[1]), refits=True).reshape(40, 60, 2)
        steps = np.diff(scores, axis=1)
        if estimator == "logistic":  # its direction is the cohort's, and the card promises only what was seen
            assert (np.sign(steps) == np.sign(steps[0, 0])).all()
        else:
            assert (direction * steps >= -1e-12).all(), seed


def test_a_tree_that_promises_nothing_or_breaks_no_promise_keeps_its_values() -> None:
    encoding, X, outcomes = drawn()
    plain = fit_estimator(PLAIN["tree"], encoding, X, outcomes, (), 0)
    r = np.random.default_rng(0)
    rising = replace(outcomes, event=(r.random(len(X)) < 1 / (1 + np.exp(-4 * X[:, 0]))).astype(np.int64))
    for o, card in ((outcomes, CARD), (rising, promising(CARD))):
        two = replace(PLAIN["tree"], values={"leaves": 2, "smallest": 0.0})
        held = fit_estimator(two, replace(encoding, predictors=card.predictors), X, o, (), 0)
        free = fit_estimator(two, encoding, X, o, (), 0)
        assert held.scores(X) == pytest.approx(free.scores(X), abs=1e-12)
    assert len(np.unique(plain.scores(X))) == 8


def test_a_line_that_must_keep_its_direction_does_not_bend() -> None:
    encoding, X, outcomes = drawn(card=promising(CARD))
    fitted = fit_estimator(replace(PLAIN["logistic"], values={"knots": 3}), encoding, X, outcomes, (), 0)
    bends = np.isfinite(fitted.knots).sum(axis=1)  # type: ignore[union-attr]
    assert bends.tolist() == [0, 0, 0, 0, 3, 3]


# Nothing is one person's


@given(SEEDS, st.integers(30, 300), st.integers(1, 40))
@settings(derandomize=True, max_examples=15, deadline=None)
def test_a_centroid_stands_for_ten_people_or_more(seed: int, n: int, count: int) -> None:
    r = np.random.default_rng(seed)
    x = np.concatenate([r.normal(size=(n - 3, 4)), r.normal(50, 1, (3, 4))])  # three people unlike all others
    means, share = centroids(x, count, seed)
    assert len(means) <= count
    assert share.sum() == pytest.approx(1)
    assert (np.round(share * n) >= FEWEST).all()
    assert share @ means == pytest.approx(x.mean(axis=0))  # so each is the mean of its people
    assert np.abs(means[:, None] - x).sum(axis=2).min() > 1e-6


@pytest.mark.parametrize("estimator", ["tree", "boosting"])
def test_a_leaf_holds_ten_people_or_more_in_the_model_and_in_every_refit(estimator: str) -> None:
    encoding, X, outcomes = drawn()
    copies = np.random.default_rng(0).integers(0, 3, (2, len(X))).astype(float)
    greedy = replace(PLAIN[estimator], values={"leaves": 60, "smallest": 0, "trees": 12})
    fitted = fit_estimator(greedy, encoding, X, outcomes, list(copies), 0)
    assert isinstance(fitted, Trees)
    for k, drawn_copies in enumerate([np.ones(len(X)), *copies]):
        there = (outcomes.weight > 0) & (drawn_copies > 0)
        for leaves in fitted.leaves(X[there], fitted.root[fitted.refit == k]).T:
            assert np.unique(leaves, return_counts=True)[1].min() >= FEWEST


def test_a_landmark_is_nobody() -> None:
    encoding, X, outcomes = drawn()
    fitted = fit_estimator(PLAIN["svm"], encoding, X, outcomes, (), 0)
    x = (X - fitted.centre) / fitted.scale  # type: ignore[union-attr]
    assert np.abs(fitted.landmarks[:, None] - x).sum(axis=2).min() > 1e-6  # type: ignore[union-attr]


@given(SEEDS, st.integers(20, 500))
@settings(derandomize=True, max_examples=30, deadline=None)
def test_a_quantile_is_the_mean_of_ten_people_and_nobodys_own_value(seed: int, n: int) -> None:
    values = np.random.default_rng(seed).normal(size=n)
    at = np.linspace(0, 1, 21)
    found = smooth_quantiles(values, at)
    assert (np.diff(found) >= 0).all()
    assert np.abs(found[:, None] - values).min() > 0
    assert found[0] == pytest.approx(np.sort(values)[:10].mean())
    assert found[-1] == pytest.approx(np.sort(values)[-10:].mean())
    # Whatever one person's value is, it moves none of them by more than a tenth.
    moved = values.copy()
    moved[values.argmax()] += 5
    assert np.abs(smooth_quantiles(moved, at) - found).max() <= 0.5 + 1e-9


def test_quantiles_of_fewer_than_ten_people_are_all_their_mean() -> None:
    assert smooth_quantiles(np.array([1.0, 2.0, 6.0]), np.array([0, 0.5, 1])) == pytest.approx([3, 3, 3])


# The parts of a recipe


def test_stacking_asks_of_everybody_at_every_horizon_and_lets_each_horizon_weigh_alike() -> None:
    r = np.random.default_rng(0)
    time, died = r.uniform(0, 20, 50), r.integers(0, 2, 50)
    event, weight = by_horizon(time, died, 10.0)
    rows = stacked(Outcomes(event, weight, np.arange(50), time, died), (5.0, 10.0))
    assert rows.rows.tolist() == [*range(50)] * 2
    assert rows.horizon[:, 0].tolist() == [0] * 50 + [1] * 50
    assert rows.event[50:].tolist() == event.tolist()
    assert rows.weight[50:] == pytest.approx(weight / 2)
    assert rows.event[:50].tolist() == ((time <= 5) & (died == 1)).astype(int).tolist()
    alone = stacked(Outcomes(event, weight, np.arange(50)), (5.0, 10.0))
    assert alone.horizon.shape == (50, 0)
    assert alone.weight is weight


def test_a_resampled_cohort_draws_patients_not_admissions() -> None:
    group = np.array([0, 0, 0, 1, 2, 2, 4])  # a fold holds not every patient's number
    o = Outcomes(np.zeros(7, int), np.ones(7), group)
    for copies in resampled(Cohort(pd.DataFrame(index=range(7)), o), 20, 0):
        assert (copies[:3] == copies[0]).all()
        assert copies[4] == copies[5]
        assert copies[[0, 3, 4, 6]].sum() == 4


def test_the_survival_curve_finds_the_hazards_that_people_were_drawn_from() -> None:
    """With proportional hazards the chance by each year is 1 - exp(-rate years), whatever the year."""
    r = np.random.default_rng(0)
    risk = r.uniform(0.05, 0.6, 20_000)
    rate = -np.log(1 - risk) / 10
    time = r.exponential(1 / rate)
    censored = r.uniform(5, 40, len(time))
    died, seen = (time <= censored).astype(np.int64), np.minimum(time, censored)
    event, weight = by_horizon(seen, died, 10.0)
    cohort = Cohort(pd.DataFrame(index=range(len(time))), Outcomes(event, weight, np.arange(len(time)), seen, died))
    curve = survival_curve(cohort, np.log(risk / (1 - risk)), 10.0)
    assert curve is not None
    assert (curve.intercept[9], curve.slope[9]) == (0, 1)
    for year in (3, 7, 15):
        for person in (0.1, 0.3, 0.5):
            z = curve.intercept[year - 1] + curve.slope[year - 1] * np.log(person / (1 - person))
            assert 1 / (1 + np.exp(-z)) == pytest.approx(1 - (1 - person) ** (year / 10), abs=0.03)
    assert survival_curve(replace(cohort, outcomes=replace(cohort.outcomes, time=None)), risk, 10.0) is None


@pytest.mark.parametrize("estimator", PLAIN)
@pytest.mark.parametrize("people", [300, 5000, 80_000])
def test_settings_are_named_apart_and_a_smoke_run_tries_one(estimator: str, people: int) -> None:
    for horizon in (0.0, 10.0):
        known = settings_of(estimator, people, horizon)
        assert len({s.name for s in known}) == len(known) >= 3
        assert len(settings_of(estimator, people, horizon, smoke=True)) == 1


@pytest.mark.parametrize("outcome", MODELS.outcomes())
def test_a_drawn_cohort_can_be_read_by_the_card_that_it_was_drawn_for(outcome: str, tmp_path: Path) -> None:
    card = MODELS.outcomes()[outcome][0]
    assert card.prediction is not None
    file = tmp_path / card.prediction.develop
    recipes.draw_cohort(card, file)
    cohort, intake = with_outcomes(open_table(file), card)
    assert not intake.problems
    assert len(cohort) == 400
    assert 0.2 < cohort.outcomes.event.mean() < 0.8
    asked = {p.name for p in card.predictors}
    assert asked <= set(intake.matched)


def test_a_recipe_never_overwrites_its_model_with_a_smoke_run(tmp_path: Path) -> None:
    with pytest.raises((SystemExit, argparse.ArgumentError)):
        recipes.options(tmp_path, ["--smoke"])

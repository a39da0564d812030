"""What a clinician is told drives a risk adds up to that risk, and is what every order of asking gives on average."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medai_core.cards import Card, PredictorSpec
from medai_core.metrics import Floats
from medai_core.prognosis.attribution import MOST, contributions, explain
from medai_core.prognosis.risk import RiskModel, estimate
from medai_core.prognosis.risk.estimators import Additive, Trees
from tests.risks import FIVE, MODELS, category, crowd, every_kind, every_risk, number, patients, small, table

SEEDS = st.integers(0, 2**16)
EIGHT = (*FIVE, number("sodium"), category("blood_group", "a", "b", "ab", "o"), number("creatinine"))


def by_every_coalition(model: RiskModel, x: Floats) -> Floats:
    """Shapley's own sum over all 2^d sets of predictors of one encoded patient (Shapley 1953), (predictors,)."""
    owner, players = model.encoding.owner, len(model.encoding.predictors)
    worth = {}
    for size in range(players + 1):
        for known in combinations(range(players), size):
            mixed = np.where(np.isin(owner, known), x, model.background)
            worth[frozenset(known)] = float(model.background_weight @ model.log_odds(mixed))
    found = np.zeros(players)
    for j in range(players):
        for known, without in worth.items():
            if j not in known:
                k = len(known)
                share = math.factorial(k) * math.factorial(players - k - 1) / math.factorial(players)
                found[j] += share * (worth[known | {j}] - without)
    return found


@every_risk
def test_what_drives_a_risk_adds_up_to_the_calibrated_log_odds_of_any_patient(card: Card) -> None:
    model = MODELS.risk_model(card)

    @given(patients(card))
    @settings(derandomize=True, max_examples=20, deadline=None)
    def adds_up(patient: dict[str, float | str | None]) -> None:
        row = table(card, patient)
        found = explain(model, row)
        whole = found.base + found.values.sum(axis=1)
        assert whole == pytest.approx(estimate(model, row).log_odds, rel=1e-9, abs=1e-9)
        assert found.values.shape == (1, len(card.predictors))

    adds_up()


@every_kind
@pytest.mark.parametrize("predictors", [FIVE, EIGHT], ids=["five predictors", "eight predictors"])
def test_contributions_are_those_of_every_order_in_which_predictors_could_become_known(
    kind: str, predictors: tuple[PredictorSpec, ...]
) -> None:
    for seed in range(6):
        model = small(kind, seed, predictors)
        X = model.encoding.encode(crowd(model.card, 2, seed, unknown=0.2))
        found = contributions(model, X)
        for i in range(2):
            assert found[i] == pytest.approx(by_every_coalition(model, X[i]), abs=1e-9)


@every_kind
@given(SEEDS)
@settings(derandomize=True, max_examples=15, deadline=None)
def test_contributions_are_exact_whatever_was_learnt(kind: str, seed: int) -> None:
    model = small(kind, seed)
    x = model.encoding.encode(crowd(model.card, 1, seed))
    assert contributions(model, x)[0] == pytest.approx(by_every_coalition(model, x[0]), abs=1e-9)


@every_kind
def test_a_patient_who_is_the_whole_background_has_nothing_to_explain(kind: str) -> None:
    model = small(kind)
    row = crowd(model.card, 1, unknown=0)
    alone = replace(model, background=model.encoding.encode(row), background_weight=np.ones(1))
    found = explain(alone, row)
    assert found.values == pytest.approx(np.zeros((1, 5)), abs=1e-12)
    assert found.base == pytest.approx(estimate(alone, row).log_odds[0])


def test_a_predictor_that_no_tree_asks_drives_nothing() -> None:
    model = small("trees")
    assert isinstance(model.estimator, Trees)
    asked = np.where(model.encoding.owner[np.maximum(model.estimator.column, 0)] == 2, 0, model.estimator.column)
    model = replace(model, estimator=replace(model.estimator, column=np.where(model.estimator.column < 0, -1, asked)))
    found = explain(model, crowd(model.card, 20)).values
    assert not found[:, 2].any()
    assert found[:, 0].any()


def test_a_logistic_models_contribution_is_its_coefficient_times_the_distance_from_the_mean() -> None:
    model = small("additive", predictors=(number("age"), number("weight")))
    plain = Additive(np.zeros(2), np.ones(2), np.zeros((2, 0)), np.array([[0.4, 2.0, -3.0]]))
    model = replace(
        model, encoding=replace(model.encoding, flagged=np.zeros(2, bool)), estimator=plain,
        background=np.array([[1.0, 0.0], [3.0, 1.0]]), background_weight=np.array([0.75, 0.25]),
    )  # fmt: skip
    found = explain(model, table(model.card, {"age": 2.5, "weight": 0.0}))
    assert found.values[0] / model.scale == pytest.approx([2 * (2.5 - 1.5), -3 * (0 - 0.25)])


def test_a_tree_may_ask_more_predictors_on_one_path_than_a_byte_has_bits() -> None:
    """A path of twenty questions, each of another predictor: the patient meets all, the background none."""
    d = 20
    assert d < MOST
    predictors = tuple(number(f"p{i}") for i in range(d))
    inner = np.arange(d)
    column = np.concatenate([inner, np.full(d + 1, -1)])
    leaves = np.arange(d, 2 * d + 1)
    left, right = np.concatenate([leaves[:d], leaves]), np.concatenate([np.append(inner[1:], 2 * d), leaves])
    value = np.zeros(2 * d + 1)
    value[-1] = 4.0
    long = Trees(column, np.zeros(2 * d + 1), left, right, value, np.zeros(1, int), np.zeros(1, int), np.zeros(1))
    model = small("trees", predictors=predictors, estimator=long)
    model = replace(model, encoding=replace(model.encoding, flagged=np.zeros(d, bool)))
    model = replace(model, background=np.full((1, d), -1.0), background_weight=np.ones(1))
    found = contributions(model, np.ones((1, d)))[0] / model.scale
    assert found == pytest.approx(np.full(d, 4.0 / d))


@every_kind
def test_nobody_has_no_contributions_and_many_are_explained_as_each_alone(kind: str) -> None:
    model = small(kind)
    assert explain(model, crowd(model.card, 0)).values.shape == (0, 5)
    many = crowd(model.card, 130)
    whole = explain(model, many).values
    for i in (0, 63, 64, 129):
        assert explain(model, many.iloc[[i]]).values[0] == pytest.approx(whole[i], abs=1e-12)

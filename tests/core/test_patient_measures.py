"""The numbers that say how good a risk is, against sources that are not ours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, roc_auc_score

from medai_core.cards import Measure
from medai_core.evaluation.patients import (
    Judged,
    binned_error,
    calibration,
    decision_curve,
    drawn,
    ideal_error,
    recalibration,
    risk_measures,
    subgroup_measures,
    subgroups,
    weighted_auc,
)
from medai_core.metrics.survival import by_horizon, concordance
from medai_core.prognosis.cohorts import Cohort, Outcomes
from tests.risks import card_of, category, number

SEEDS = st.integers(0, 2**16)


def judged(n: int = 300, seed: int = 0, slope: float = 1.0, shift: float = 0.0, spread: float = 1.5) -> Judged:
    """Log-odds, and outcomes drawn from risks whose log-odds are ``shift + slope`` times these."""
    r = np.random.default_rng(seed)
    z = r.normal(-0.5, spread, n)
    event = (r.random(n) < 1 / (1 + np.exp(-(shift + slope * z)))).astype(np.int64)
    return Judged(z, Outcomes(event, np.ones(n), np.arange(n)))


def weights(n: int, seed: int) -> np.ndarray:
    """As censoring gives them: some 0, the others above 1."""
    r = np.random.default_rng(seed + 1)
    return np.where(r.random(n) < 0.2, 0.0, r.uniform(1, 3, n))


@given(SEEDS, st.integers(0, 2))
@settings(derandomize=True, max_examples=60, deadline=None)
def test_the_area_under_the_curve_is_that_of_scikit_learn_with_weights_and_ties(seed: int, digits: int) -> None:
    known = judged(50, seed)
    score, event, w = np.round(known.log_odds, digits), known.outcomes.event, weights(50, seed)
    if len(np.unique(event[w > 0])) == 2:
        assert weighted_auc(event, score, w) == pytest.approx(roc_auc_score(event, score, sample_weight=w))


def test_with_one_outcome_only_there_is_no_area() -> None:
    assert np.isnan(weighted_auc(np.zeros(5, int), np.arange(5.0), np.ones(5)))
    assert np.isnan(weighted_auc(np.array([1, 0]), np.arange(2.0), np.array([1.0, 0.0])))


@given(SEEDS, st.floats(0.4, 2), st.floats(-1, 1))
@settings(derandomize=True, max_examples=25, deadline=None)
def test_recalibration_is_the_logistic_regression_of_statsmodels_with_weights(
    seed: int, slope: float, shift: float
) -> None:
    known = judged(400, seed, slope, shift)
    z, event, w = known.log_odds, known.outcomes.event, weights(400, seed)
    both = sm.GLM(event, sm.add_constant(z), family=sm.families.Binomial(), freq_weights=w).fit()
    only = sm.GLM(event, np.ones(400), family=sm.families.Binomial(), offset=z, freq_weights=w).fit()
    assert recalibration(event, z, w) == pytest.approx(both.params, abs=1e-6)
    assert calibration(event, z, w) == pytest.approx((only.params[0], both.params[1]), abs=1e-6)


def test_risks_that_are_right_have_slope_1_and_intercept_0_and_too_bold_ones_have_not() -> None:
    known = judged(40_000)
    intercept, slope = calibration(known.outcomes.event, known.log_odds, known.outcomes.weight)
    assert (intercept, slope) == pytest.approx((0, 1), abs=0.05)
    bold = judged(40_000, slope=0.5, shift=-1)
    intercept, slope = calibration(bold.outcomes.event, bold.log_odds, bold.outcomes.weight)
    assert slope == pytest.approx(0.5, abs=0.05)
    assert intercept < -0.5


def test_outcomes_that_a_risk_tells_apart_completely_have_no_slope() -> None:
    z = np.array([-2.0, -1.0, 1.0, 2.0])
    assert np.isnan(recalibration(np.array([0, 0, 1, 1]), z, np.ones(4))).all()
    assert np.isnan(recalibration(np.zeros(4, int), z, np.ones(4), slope=False)).all()


def test_the_calibration_error_is_the_mean_gap_of_the_bins() -> None:
    """Two bins of two: said 0.1 and 0.3, seen 0 of 2; said 0.6 and 0.8, seen 1 of 2."""
    risk, event = np.array([0.8, 0.1, 0.6, 0.3]), np.array([1, 0, 0, 0])
    assert binned_error(event, risk, np.ones(4), bins=2) == pytest.approx((0.2 + 0.2) / 2)
    assert binned_error(event, risk, np.array([1.0, 1, 0, 1]), bins=2) == pytest.approx((0.2 * 2 + 0.2 * 1) / 3)


def test_even_perfect_risks_have_a_calibration_error_and_it_shrinks_with_people() -> None:
    few, many = (judged(n) for n in (100, 10_000))
    errors = [
        ideal_error(1 / (1 + np.exp(-k.log_odds)), k.outcomes.weight, np.random.default_rng(0)) for k in (few, many)
    ]
    assert errors[0] > 3 * errors[1] > 0
    own = binned_error(many.outcomes.event, 1 / (1 + np.exp(-many.log_odds)), np.ones(10_000))
    assert own == pytest.approx(errors[1], rel=0.6)


def test_net_benefit_is_what_is_worked_out_by_hand() -> None:
    """At 0.5 a false alarm weighs as much as a case; at 0.2 a quarter of it."""
    known = Judged(np.array([2.0, 0.5, -0.5, -3.0]), Outcomes(np.array([1, 0, 1, 0]), np.ones(4), np.arange(4)))
    curve = decision_curve(known, (0.5, 0.2))
    assert curve[0] == pytest.approx([(1 - 1) / 4, (2 - 2) / 4])
    assert curve[1] == pytest.approx([(2 - 1 / 4) / 4, (2 - 2 / 4) / 4])
    halved = replace(known, outcomes=replace(known.outcomes, weight=np.array([2.0, 1, 0, 1])))
    assert decision_curve(halved, (0.5,))[0] == pytest.approx([(2 - 1) / 4, (2 - 2) / 4])


def test_patients_are_drawn_whole() -> None:
    o = Outcomes(np.array([1, 0, 1, 0, 0]), np.ones(5), np.array([0, 0, 1, 2, 2]))
    copies = drawn(o.group, np.random.default_rng(0), 50)
    assert copies.shape == (50, 5)
    assert (copies[:, 0] == copies[:, 1]).all()
    assert (copies[:, 3] == copies[:, 4]).all()
    assert (copies[:, [0, 2, 3]].sum(axis=1) == 3).all()


def found(known: Judged, **more: object) -> dict[tuple[str, str], Measure]:
    return {(m.measure, m.model): m for m in risk_measures(known, data="test", draws=200, **more)}  # type: ignore[arg-type]


def test_every_measure_is_within_its_interval_and_counts_people_and_patients() -> None:
    known = judged(400)
    known = replace(known, outcomes=replace(known.outcomes, group=np.arange(400) // 2))
    measures = found(known)
    assert {name for name, _ in measures} == {
        *("auc", "brier", "calibration_slope", "calibration_intercept", "calibration_error", "event_share"),
    }
    for m in measures.values():
        assert m.low < m.high
        assert (m.n, m.groups, m.data) == (400, 200, "test")
        assert (m.ideal is not None) == (m.measure == "calibration_error")
        if m.measure != "calibration_error":
            assert m.low <= m.value <= m.high
    event, z = known.outcomes.event, known.log_odds
    assert measures["brier", ""].value == pytest.approx(brier_score_loss(event, 1 / (1 + np.exp(-z))))
    assert measures["auc", ""].value == pytest.approx(roc_auc_score(event, z))
    assert measures["event_share", ""].value == pytest.approx(event.mean())


def test_the_gain_over_a_rival_is_paired_patient_by_patient() -> None:
    """A rival that is the model itself gains exactly nothing in every draw; a random one much."""
    known = judged(400)
    noise = np.random.default_rng(5).normal(size=400)
    measures = found(known, rivals={"itself": known.log_odds, "chance": noise})
    nothing = measures["auc_gain", "itself"]
    assert (nothing.value, nothing.low, nothing.high) == (0, 0, 0)
    assert measures["auc_gain", "chance"].low > 0.1
    own, chance, gain = (measures[k].value for k in (("auc", ""), ("auc", "chance"), ("auc_gain", "chance")))
    assert gain == pytest.approx(own - chance)


def test_with_follow_up_the_c_index_is_told_and_the_censored_weigh_nothing() -> None:
    r = np.random.default_rng(0)
    z = r.normal(size=300)
    time, died = r.exponential(np.exp(-z) * 10), (r.random(300) < 0.6).astype(np.int64)
    event, weight = by_horizon(time, died, 8.0)
    o = Outcomes(event, weight, np.arange(300), time, died)
    measures = found(Judged(z, o))
    assert measures["c_index", ""].value == pytest.approx(concordance(time, died, z))
    cut = found(Judged(np.where(weight > 0, z, 99.0), replace(o, time=None, died=None)))
    for name in ("auc", "brier", "calibration_slope"):
        assert cut[name, ""].value == pytest.approx(measures[name, ""].value)


def test_too_few_defined_draws_leave_an_interval_open() -> None:
    one = Judged(np.array([0.0, 1.0, 2.0]), Outcomes(np.array([0, 0, 0]), np.ones(3), np.arange(3)))
    area = found(one)["auc", ""]
    assert np.isnan([area.value, area.low, area.high]).all()


def cohort() -> tuple:  # type: ignore[type-arg]
    card = card_of((number("age", low=0.0, high=99.0), category("sex", "female", "male")))
    assert card.prediction is not None
    card = replace(card, prediction=replace(card.prediction, age_bands=(40.0, 60.0), subgroups=("sex",)))
    r = np.random.default_rng(0)
    n = 600
    sex = np.where(np.arange(n) < 590, "female", "male")
    rows = pd.DataFrame({"age": r.uniform(20, 80, n), "sex": sex})
    rows.loc[:4, "age"] = np.nan
    known = judged(n)
    return card, Cohort(rows, known.outcomes), known.log_odds


def test_subgroups_are_the_cards_bands_and_categories_that_are_large_enough() -> None:
    card, people, z = cohort()
    groups = subgroups(card, people)
    assert set(groups) == {"age below 40", "age 40 to 60", "age 60 and over", "Sex: female"}  # of men there are ten
    assert sum(len(rows) for name, rows in groups.items() if name.startswith("age")) == 595  # five of unknown age
    assert (people.rows["age"].iloc[groups["age 40 to 60"]].between(40, 60)).all()
    measures = subgroup_measures(card, people, z, data="test")
    assert {m.subgroup for m in measures} == set(groups)
    women = groups["Sex: female"]
    (area,) = [m for m in measures if (m.subgroup, m.measure) == ("Sex: female", "auc")]
    assert area.value == pytest.approx(roc_auc_score(people.outcomes.event[women], z[women]))
    assert area.n == len(women)

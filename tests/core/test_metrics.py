"""The numbers that a clinician is asked to trust, against sources that are not ours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, recall_score, roc_auc_score

from medai_core.metrics import (
    area_under_curve,
    bootstrap,
    calibration_error,
    calibration_line,
    class_quantiles,
    conformal_quantile,
    ideal_calibration_error,
    in_sets,
    recalls,
    softmax,
)

SEEDS = st.integers(0, 2**16)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def drawn(n: int, classes: int, seed: int = 0, sharpness: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities, and labels drawn from exactly these: a model that is perfectly calibrated."""
    r = rng(seed)
    p = softmax(r.normal(0, sharpness, (n, classes)))
    label = (r.random((n, 1)) > np.cumsum(p, axis=1)).sum(axis=1)
    return label, p


def test_probabilities_sum_to_one_however_large_the_logits_are() -> None:
    p = softmax(np.array([[1e4, 1e4 - 1, -1e4], [0.0, 0.0, 0.0]]))
    assert p.sum(axis=1) == pytest.approx([1, 1])
    assert p[0, 0] / p[0, 1] == pytest.approx(np.e)
    assert p[1] == pytest.approx([1 / 3] * 3)


def test_softmax_reads_logits_of_any_shape_along_the_last_axis() -> None:
    logits = rng().normal(size=(2, 5, 3))
    assert softmax(logits)[1, 4] == pytest.approx(np.exp(logits[1, 4]) / np.exp(logits[1, 4]).sum())


@given(SEEDS, st.booleans())
@settings(derandomize=True, max_examples=30, deadline=None)
def test_the_area_under_the_curve_is_that_of_scikit_learn(seed: int, tied: bool) -> None:
    label, p = drawn(60, 2, seed)
    p = np.round(p, 1) if tied else p
    if 0 < label.sum() < len(label):
        assert area_under_curve(label, p) == pytest.approx(roc_auc_score(label, p[:, 1]))


def test_the_area_for_three_classes_is_the_macro_average_of_one_against_rest() -> None:
    label, p = drawn(200, 3)
    assert area_under_curve(label, p) == pytest.approx(roc_auc_score(label, p, multi_class="ovr", average="macro"))


def test_the_area_is_undefined_when_a_class_was_never_seen() -> None:
    assert np.isnan(area_under_curve(np.zeros(5, dtype=np.int64), drawn(5, 2)[1]))
    assert np.isnan(area_under_curve(np.array([0, 1, 0, 1]), drawn(4, 3)[1]))


def test_recall_is_the_share_of_each_class_called_by_its_name_and_undefined_for_an_absent_one() -> None:
    label, p = drawn(300, 3)
    decided = p.argmax(axis=1)
    assert recalls(label, decided, 3) == pytest.approx(recall_score(label, decided, average=None))
    assert np.isnan(recalls(np.array([0, 0]), np.array([0, 1]), 3)).tolist() == [False, True, True]


@pytest.mark.parametrize(("stretch", "shift"), [(1.0, 0.0), (0.5, 0.0), (2.0, 1.0), (1.3, -0.7)])
def test_the_calibration_line_is_an_unpenalised_logistic_regression_on_the_log_odds(
    stretch: float, shift: float
) -> None:
    label, p = drawn(3000, 2, sharpness=1.0)
    logit = stretch * np.log(p[:, 1] / p[:, 0]) + shift
    intercept, slope = calibration_line(label, 1 / (1 + np.exp(-logit)))
    fitted = LogisticRegression(C=np.inf, tol=1e-10).fit(logit[:, None], label)
    assert slope == pytest.approx(fitted.coef_[0, 0], abs=1e-4)
    assert slope == pytest.approx(1 / stretch, abs=0.15)
    # At slope 1 the intercept makes the mean probability equal the frequency (the score equation).
    assert (1 / (1 + np.exp(-logit - intercept))).mean() == pytest.approx(label.mean(), abs=1e-9)


def test_a_calibrated_model_has_slope_one_and_intercept_nought() -> None:
    label, p = drawn(20000, 2)
    assert calibration_line(label, p[:, 1]) == pytest.approx((0, 1), abs=0.06)


def test_the_calibration_line_is_undefined_where_the_classes_are_separated() -> None:
    label = np.array([0, 0, 0, 1, 1, 1])
    assert np.isnan(calibration_line(label, np.array([0.1, 0.2, 0.3, 0.7, 0.8, 0.9]))[1])
    assert np.isnan(calibration_line(np.ones(6, dtype=np.int64), np.linspace(0.1, 0.9, 6))).all()


def test_calibration_error_is_the_mean_distance_of_probability_and_frequency() -> None:
    label = np.array([0] * 8 + [1] * 2)
    assert calibration_error(label, np.tile([0.5, 0.5], (10, 1)), bins=1) == pytest.approx(0.3)
    assert calibration_error(label, np.eye(2)[label]) == 0


def test_a_calibrated_model_scores_the_calibration_error_that_is_printed_as_ideal() -> None:
    for classes in (2, 3):
        found = [calibration_error(*drawn(300, classes, seed)) for seed in range(60)]
        ideal = [ideal_calibration_error(drawn(300, classes, seed)[1], rng(seed), draws=30) for seed in range(8)]
        assert np.mean(found) == pytest.approx(np.mean(ideal), rel=0.12)


def test_an_overconfident_model_scores_worse_than_ideal() -> None:
    label, p = drawn(1000, 3)
    sharp = softmax(3 * np.log(p))
    assert calibration_error(label, sharp) > 3 * ideal_calibration_error(sharp, rng(), draws=30)


@given(SEEDS)
@settings(derandomize=True, max_examples=15, deadline=None)
def test_conformal_sets_hold_the_truth_as_often_as_they_promise(seed: int) -> None:
    label, p = drawn(4000, 3, seed)
    p = softmax(2.5 * np.log(p))  # an overconfident model: its probabilities are wrong, its sets are not
    quantile = conformal_quantile(label[:2000], p[:2000], 0.9)
    inside = in_sets(p[2000:], quantile)[np.arange(2000), label[2000:]]
    assert inside.mean() == pytest.approx(0.9, abs=0.04)


@given(SEEDS)
@settings(derandomize=True, max_examples=15, deadline=None)
def test_sets_by_class_hold_every_class_as_often_so_that_another_mix_changes_nothing(seed: int) -> None:
    label, p = drawn(9000, 3, seed)
    quantiles = class_quantiles(label[:4500], p[:4500], 0.9)
    held = in_sets(p[4500:], quantiles)[np.arange(4500), label[4500:]]
    assert [held[label[4500:] == k].mean() for k in range(3)] == pytest.approx([0.9] * 3, abs=0.05)


def test_a_class_with_too_few_images_is_in_every_set() -> None:
    label, p = np.array([0] * 40 + [1] * 8), np.tile([0.7, 0.3], (48, 1))
    assert class_quantiles(label, p, 0.9) == pytest.approx((0.3, 1.0))
    assert in_sets(np.array([[1.0, 0.0], [0.6, 0.4]]), (0.3, 1.0)).tolist() == [[True, True], [False, True]]


def test_with_too_few_images_every_class_is_in_every_set() -> None:
    label, p = drawn(8, 3)
    assert conformal_quantile(label, p, 0.9) == 1.0
    assert in_sets(p, 1.0).all()


def test_the_conformal_quantile_takes_the_finite_sample_rank() -> None:
    truth = np.linspace(0.05, 0.95, 19)
    p = np.column_stack([truth, 1 - truth])
    assert conformal_quantile(np.zeros(19, dtype=np.int64), p, 0.9) == pytest.approx(np.sort(1 - truth)[17])


def test_intervals_widen_when_the_images_of_a_patient_are_alike() -> None:
    patients = rng().random(40) < 0.5
    flag, strata = np.repeat(patients, 10).astype(float), np.zeros(400, dtype=np.int64)

    def mean(rows: np.ndarray) -> np.ndarray:
        return np.array([flag[rows].mean()])

    by_patient = bootstrap(mean, np.repeat(np.arange(40), 10), strata, rng(), draws=400)[0]
    by_image = bootstrap(mean, np.arange(400), strata, rng(), draws=400)[0]
    assert by_patient.value == by_image.value == flag.mean()
    assert by_patient.low < by_image.low < flag.mean() < by_image.high < by_patient.high
    # Clones of ten carry the information of one: the interval is wider by the root of ten.
    assert (by_patient.high - by_patient.low) / (by_image.high - by_image.low) == pytest.approx(10**0.5, rel=0.2)


def test_an_interval_is_about_as_wide_as_theory_says() -> None:
    flag = (np.arange(400) < 120).astype(float)
    found = bootstrap(
        lambda rows: np.array([flag[rows].mean()]), np.arange(400), np.zeros(400, dtype=np.int64), rng(), draws=600
    )[0]
    assert found.high - found.low == pytest.approx(2 * 1.96 * np.sqrt(0.3 * 0.7 / 400), rel=0.15)


def test_resampling_within_strata_never_loses_a_class() -> None:
    label = np.array([0] * 6 + [1] * 6 + [2] * 6)
    groups = np.repeat(np.arange(6), 3)
    seen: list[int] = []

    def count(rows: np.ndarray) -> np.ndarray:
        seen.append(len(set(label[rows])))
        return np.array([0.0])

    bootstrap(count, groups, label, rng(), draws=100)
    assert set(seen) == {3}


def test_the_same_seed_gives_the_same_interval_and_an_undefined_value_has_none() -> None:
    values = rng().random(30)

    def statistic(rows: np.ndarray) -> np.ndarray:
        return np.array([values[rows].mean(), np.nan])

    ran = [bootstrap(statistic, np.arange(30), np.zeros(30, dtype=np.int64), rng(5), draws=50) for _ in range(2)]
    assert ran[0][0] == ran[1][0]
    assert np.isnan([ran[0][1].value, ran[0][1].low, ran[0][1].high]).all()


def test_a_perfect_answer_costs_no_log_loss_and_a_certain_wrong_one_is_not_infinite() -> None:
    from medai_core.evaluation import Predictions, Rule, measures

    label = np.array([0, 1] * 10)
    p = np.column_stack([1 - label, label]).astype(float)
    p[0] = [0.0, 1.0]
    made = Predictions(("a", "b"), ("f",) * 20, label, tuple(map(str, range(20))), p, np.zeros(20, dtype=bool))
    found = {m.measure: m.value for m in measures(made, Rule({}, 0.5), data="drawn", draws=5)}
    assert found["log_loss"] == pytest.approx(log_loss(label, np.clip(p, 1e-12, 1)), rel=1e-6)

"""Proportional hazards: as statsmodels without a penalty, and right with one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.hazard_regression import PHReg

from medai_core.precision.survival.cox import baseline_hazard, fit_cox, log_likelihood, risk_sets

SEEDS = st.integers(0, 2**16)


def cohort(seed: int, n: int = 80, columns: int = 3, *, ties: bool = True) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r = np.random.default_rng(seed)
    X = r.normal(size=(n, columns))
    death = r.exponential(6 * np.exp(-X[:, 0] + 0.5 * X[:, 1]))
    end = r.uniform(2, 12, n)
    time = np.minimum(death, end)
    return X, np.ceil(2 * time) / 2 if ties else time, (death <= end).astype(np.int64)


@given(SEEDS)
@settings(derandomize=True, max_examples=20, deadline=None)
def test_without_a_penalty_the_coefficients_are_those_of_statsmodels_also_when_deaths_share_a_moment(seed: int) -> None:
    X, time, happened = cohort(seed)
    other = PHReg(time, X, status=happened, ties="efron")
    found = fit_cox(X, time, happened, 0.0)
    assert found == pytest.approx(other.fit().params, abs=1e-5)
    assert log_likelihood(risk_sets(time, happened), X @ found) == pytest.approx(other.loglike(found))


@pytest.mark.parametrize("columns", [5, 200])
def test_with_a_ridge_the_slope_of_what_is_made_greatest_is_zero(columns: int) -> None:
    X, time, happened = cohort(3, n=60, columns=columns)
    ridge = np.linspace(1, 30, columns)
    found = fit_cox(X, time, happened, ridge)
    sets = risk_sets(time, happened)

    def reached(beta: np.ndarray) -> float:
        return log_likelihood(sets, X @ beta) - (ridge * beta**2).sum() / 2

    for column in range(0, columns, 7):
        step = np.eye(columns)[column] * 1e-4
        assert (reached(found + step) - reached(found - step)) / 2e-4 == pytest.approx(0, abs=1e-4)
    assert reached(found) > reached(found * 0.9) and reached(found) > reached(found * 1.1)


def test_a_greater_penalty_gives_smaller_coefficients_and_an_endless_one_none() -> None:
    X, time, happened = cohort(1)
    sizes = [np.abs(fit_cox(X, time, happened, penalty)).sum() for penalty in (0.1, 10.0, 1000.0, 1e9)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 1e-5


def test_a_column_with_a_penalty_of_its_own_is_held_alone() -> None:
    X, time, happened = cohort(1)
    free, held = fit_cox(X, time, happened, 0.0), fit_cox(X, time, happened, np.array([1e9, 0.0, 0.0]))
    assert abs(held[0]) < 1e-5 < abs(free[0])
    assert held[1:] == pytest.approx(fit_cox(X[:, 1:], time, happened, 0.0), abs=1e-5)


def test_the_order_of_the_people_does_not_matter() -> None:
    X, time, happened = cohort(2)
    order = np.random.default_rng(0).permutation(len(X))
    assert fit_cox(X[order], time[order], happened[order], 1.0) == pytest.approx(fit_cox(X, time, happened, 1.0))


def test_where_nobody_died_nothing_is_learnt() -> None:
    X, time, happened = cohort(2)
    assert fit_cox(X, time, 0 * happened, 1.0).tolist() == [0, 0, 0]


def test_more_columns_than_people_need_a_penalty() -> None:
    X, time, happened = cohort(2, n=10, columns=20)
    with pytest.raises(ValueError, match="penalty"):
        fit_cox(X, time, happened, 0.0)


def test_what_tells_the_outcome_perfectly_is_held_by_the_ridge() -> None:
    _, time, happened = cohort(4)
    found = fit_cox(-time[:, None], time, happened, 1.0)
    assert np.isfinite(found).all() and found[0] > 0


def test_the_baseline_hazard_is_that_of_statsmodels() -> None:
    X, time, happened = cohort(5, ties=False)
    fitted = PHReg(time, X, status=happened).fit()
    moments, hazard, _ = fitted.baseline_cumulative_hazard[0]
    found = baseline_hazard(time, happened, X @ fitted.params, np.asarray(moments))
    # statsmodels states what was gathered before each moment.
    assert found[:-1] == pytest.approx(np.asarray(hazard)[1:])
    assert baseline_hazard(time, happened, X @ fitted.params, np.array([0.0])).tolist() == [0]

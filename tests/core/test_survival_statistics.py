"""Curves, tests between groups and scores over time, against statsmodels, published formulas and sums by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight, survdiff
from statsmodels.stats.multitest import multipletests

from medai_core.metrics.survival import (
    adjusted,
    at_risk,
    brier,
    concordance,
    concordances,
    integrated_brier,
    kaplan_meier,
    log_rank,
    share_at,
    survival_share,
    uno_concordance,
)

SEEDS = st.integers(0, 2**16)


def followed(seed: int, n: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Follow-up in whole years, so that deaths and censoring share moments."""
    r = np.random.default_rng(seed)
    return r.integers(1, 12, n).astype(float), (r.random(n) < 0.5).astype(np.int64)


@given(SEEDS)
@settings(derandomize=True, max_examples=30, deadline=None)
def test_a_survival_curve_and_its_interval_are_those_of_statsmodels(seed: int) -> None:
    time, happened = followed(seed)
    curve, other = kaplan_meier(time, happened), SurvfuncRight(time, happened)
    assert curve.times[1:] == pytest.approx(other.surv_times)
    assert curve.share[1:] == pytest.approx(other.surv_prob)
    assert curve.at_risk[1:].tolist() == other.n_risk.tolist()
    # statsmodels states the standard error of the share; on the scale of log(-log) it is divided by share * log(share).
    inner = other.surv_prob > 0
    share, spread = other.surv_prob[inner], other.surv_prob_se[inner]
    factor = np.exp(1.959963984540054 * spread / (share * np.log(share)))
    assert curve.low[1:][inner] == pytest.approx(share ** (1 / factor))
    assert curve.high[1:][inner] == pytest.approx(share**factor)


def test_a_curve_starts_with_everybody_and_counts_them() -> None:
    curve = kaplan_meier(np.array([1.0, 2.0, 3.0, 3.0]), np.array([1, 0, 1, 0]))
    assert (curve.times.tolist(), curve.share.tolist()) == ([0, 1, 3], [1, 0.75, 0.375])
    assert curve.at_risk.tolist() == [4, 4, 2]
    assert (curve.n, curve.events) == (4, 2)
    assert (curve.low < curve.share)[1:].all() and (curve.share < curve.high)[1:].all()


def test_a_group_without_an_event_has_a_curve_of_one_point_and_no_certainty() -> None:
    time, happened = np.arange(1.0, 21.0), np.zeros(20, np.int64)
    assert kaplan_meier(time, happened).times.tolist() == [0]
    found = share_at(time, happened, 11.0)
    assert (found.value, found.high) == (1, 1)
    assert found.low == pytest.approx(0.025 ** (1 / 10))
    assert np.isnan(share_at(time, happened, 20.5).value)


def test_where_everybody_died_the_interval_is_still_between_nothing_and_the_bound_before() -> None:
    curve = kaplan_meier(np.array([1.0, 2.0, 3.0]), np.ones(3, np.int64))
    assert (curve.share[-1], curve.low[-1], curve.high[-1]) == (0, 0, curve.high[-2])
    alone = kaplan_meier(np.array([1.0]), np.ones(1, np.int64))
    assert (alone.low[-1], alone.high[-1]) == (0, 1)


def test_numbers_at_risk_are_those_followed_so_long() -> None:
    assert at_risk(np.array([1.0, 2.0, 2.0, 5.0]), np.array([0.0, 2.0, 2.1, 9.0])).tolist() == [4, 3, 1, 0]


@given(SEEDS, st.integers(2, 4))
@settings(derandomize=True, max_examples=30, deadline=None)
def test_the_log_rank_test_is_that_of_statsmodels(seed: int, groups: int) -> None:
    time, happened = followed(seed)
    group = np.arange(60) % groups
    statistic, p = survdiff(time, happened, group)
    found = log_rank(time, happened, group)
    assert (found.statistic, found.degrees, found.p) == (pytest.approx(statistic), groups - 1, pytest.approx(p))


def test_the_log_rank_test_is_what_is_worked_out_by_hand() -> None:
    """At 1 one of 4 dies, at 2 one of 3: expected in the second group 1/2 and 2/3, variance 1/4 and 2/9."""
    found = log_rank(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1, 1, 0, 0]), np.array([0, 0, 1, 1]))
    assert found.statistic == pytest.approx((1 / 2 + 2 / 3) ** 2 / (1 / 4 + 2 / 9))


def test_one_group_or_no_event_leaves_nothing_to_test() -> None:
    time, happened = followed(1)
    for found in (log_rank(time, happened, np.zeros(60, np.int64)), log_rank(time, 0 * happened, np.arange(60) % 2)):
        assert found.degrees == 0 and np.isnan(found.p)


@given(SEEDS)
@settings(derandomize=True, max_examples=30, deadline=None)
def test_false_discovery_rates_are_those_of_statsmodels(seed: int) -> None:
    p = np.random.default_rng(seed).random(25) ** 3
    assert adjusted(p) == pytest.approx(multipletests(p, method="fdr_bh")[1])


def test_a_test_that_could_not_be_made_is_not_counted_among_the_tests() -> None:
    assert adjusted(np.array([0.01, np.nan, 0.02])) == pytest.approx([0.02, np.nan, 0.02], nan_ok=True)
    assert adjusted(np.zeros(0)).tolist() == []


def pair_by_pair(time: np.ndarray, died: np.ndarray, score: np.ndarray, copies: np.ndarray) -> float:
    """As lifelines counts: who is censored at the moment at which another dies outlived him."""
    right = total = 0.0
    for i in range(len(time)):
        for j in range(len(time)):
            if died[i] and (time[i] < time[j] or (time[i] == time[j] and not died[j])):
                pairs = copies[i] * copies[j]
                total += pairs
                right += pairs * (1.0 if score[i] > score[j] else 0.5 if score[i] == score[j] else 0.0)
    return right / total if total else float("nan")


@given(SEEDS)
@settings(derandomize=True, max_examples=30, deadline=None)
def test_the_c_index_is_what_comparing_pair_by_pair_gives(seed: int) -> None:
    r = np.random.default_rng(seed)
    n = int(r.integers(2, 40))
    time, died = r.integers(1, 9, n).astype(float), r.integers(0, 2, n)
    score = np.round(r.normal(size=n), 1)
    copies = r.integers(0, 4, (3, n)).astype(float)
    copies[0] = 1
    wanted = [pair_by_pair(time, died, score, c) for c in copies]
    assert concordances(time, died, score, copies) == pytest.approx(wanted, nan_ok=True)
    assert concordances(time, died, score) == pytest.approx(wanted[:1], nan_ok=True)


def test_the_c_index_of_more_people_than_fit_at_once_is_that_of_all() -> None:
    r = np.random.default_rng(0)
    time, died, score = r.uniform(0, 9, 2500), r.integers(0, 2, 2500), r.normal(size=2500)
    earlier = (time[:, None] < time) & (died[:, None] == 1)
    wanted = (earlier & (score[:, None] > score)).sum() / earlier.sum()
    assert concordance(time, died, score) == pytest.approx(wanted, abs=1e-12)


def test_who_dies_first_of_the_highest_risk_is_perfect_and_the_reverse_is_the_worst() -> None:
    time, happened = np.arange(1.0, 21.0), np.ones(20, np.int64)
    assert concordance(time, happened, -time) == 1
    assert concordance(time, happened, time) == 0
    assert np.isnan(concordance(time, 0 * happened, time))


def test_uno_is_harrell_without_censoring_and_does_not_move_with_it() -> None:
    """Here the risk tells only of the first half year, which is most of what a cohort with much censoring sees."""
    r = np.random.default_rng(5)
    risk = r.normal(size=3000)
    early = r.exponential(2 * np.exp(-risk))
    death = np.where(early < 0.5, early, 0.5 + r.exponential(0.7, 3000))
    whole = concordance(np.minimum(death, 2.0), (death < 2.0).astype(np.int64), risk)
    assert uno_concordance(death, np.ones(3000, np.int64), risk, 2.0)[0] == pytest.approx(whole, abs=0.005)
    end = r.exponential(1.0, 3000)
    time, happened = np.minimum(death, end), (death <= end).astype(np.int64)
    assert uno_concordance(time, happened, risk, 2.0)[0] == pytest.approx(whole, abs=0.015)
    assert concordance(time, happened, risk) - whole > 0.025


@given(SEEDS, st.integers(1, 8))
@settings(derandomize=True, max_examples=30, deadline=None)
def test_the_brier_score_of_the_cohorts_own_curve_is_its_variance(seed: int, year: int) -> None:
    time, happened = followed(seed)
    share = survival_share(time, happened, np.array([float(year)]))[0]
    assert brier(time, happened, np.full(60, share), float(year)) == pytest.approx(share * (1 - share), abs=1e-9)


def test_the_integrated_brier_score_is_the_mean_over_time() -> None:
    time, happened = followed(2)
    moments = np.array([1.0, 3.0, 4.0])
    half = np.full((60, 3), 0.5)
    assert integrated_brier(time, happened, half, moments) == pytest.approx(0.25)
    certain = (time[:, None] > moments).astype(float)
    assert integrated_brier(time, np.ones(60, np.int64), certain, moments) == 0

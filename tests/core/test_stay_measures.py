"""What warnings of a stay are worth, what alarms cost and catch: against cases worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from medai_core.cards import Bounds
from medai_core.cards.monitoring import AlarmLevel
from medai_core.evaluation import stays
from medai_core.evaluation.stays import Watched, alarm_level, average_precision, balanced_point, copies
from medai_core.evaluation.utility import hourly_worth, normalised, stay_utilities
from medai_core.metrics import Floats, Ints
from medai_core.prognosis.monitoring.alarms import alarms, cheapest

HOURS = 24
SEPTIC = (np.arange(HOURS) >= 10).astype(np.int64)
"""The onset is at hour 16, counted from 0: the challenge's label is 1 from 6 hours before it on."""
HEALTHY = np.zeros(HOURS, dtype=np.int64)
NEVER = -2 * sum(range(1, 10)) / 9
"""Silent throughout: -2/9, -4/9, ... -18/9 in the nine hours after the optimum at hour 10; -10."""
BEST = sum(range(7)) / 6 + sum(range(9)) / 9
"""Warned from 12 hours before the onset to 3 after it: 0, 1/6, ... 6/6, then 8/9, 7/9, ... 0; 7.5."""


def worth(label: Ints, *warned: int) -> float:
    """The utility of warning at these hours, from 0, and keeping silent at all others."""
    said = np.isin(np.arange(len(label)), warned)
    return float(stay_utilities([label], [said])[0, 0])


# The challenge's utility


def test_in_a_stay_without_sepsis_a_warning_costs_a_twentieth_an_hour_and_silence_nothing() -> None:
    assert worth(HEALTHY) == 0
    assert worth(HEALTHY, 3, 4, 20) == pytest.approx(-0.15)
    assert stay_utilities([HEALTHY], [HEALTHY == 0])[0] == pytest.approx([-0.05 * HOURS, 0, 0])


def test_a_stay_with_sepsis_that_is_never_warned_of_costs_ten() -> None:
    assert pytest.approx(-10) == NEVER
    assert worth(SEPTIC) == pytest.approx(NEVER)


def test_a_warning_that_comes_too_early_costs_as_much_as_a_false_one() -> None:
    assert worth(SEPTIC, 0) == pytest.approx(NEVER - 0.05)
    assert worth(SEPTIC, 4) == pytest.approx(NEVER)  # 12 hours before: nothing yet
    assert worth(SEPTIC, 7) == pytest.approx(NEVER + 0.5)  # 9 hours before: half of the way


def test_a_warning_at_the_optimum_is_worth_one() -> None:
    assert worth(SEPTIC, 10) == pytest.approx(NEVER + 1)
    assert hourly_worth(SEPTIC)[0].max() == hourly_worth(SEPTIC)[0][10] == 1


def test_a_late_warning_is_worth_less_and_spares_what_silence_costs_in_that_hour() -> None:
    at_onset = 1 / 3 + 12 / 9  # (3 - 0) / 9, and silence there would have cost 2 * 6 / 9
    assert worth(SEPTIC, 16) == pytest.approx(NEVER + at_onset)
    assert worth(SEPTIC, 19) == pytest.approx(NEVER + 0 + 2)
    assert worth(SEPTIC, 20, 21, 22, 23) == pytest.approx(NEVER)  # nothing counts any more


def test_warning_from_the_optimum_on_is_worth_five() -> None:
    assert worth(SEPTIC, *range(10, 24)) == pytest.approx(1 + sum(range(9)) / 9) == pytest.approx(5)


def test_the_best_warnings_of_a_cohort_score_one_and_silence_none() -> None:
    labels = [SEPTIC, HEALTHY, SEPTIC]
    best = [np.zeros(HOURS, dtype=bool) for _ in labels]
    for i in (0, 2):
        best[i] = (np.arange(HOURS) >= 4) & (np.arange(HOURS) <= 19)
    assert stay_utilities([SEPTIC], [best[0]])[0] == pytest.approx([BEST, BEST, NEVER])
    assert normalised(stay_utilities(labels, best)) == pytest.approx(1)
    assert normalised(stay_utilities(labels, [label < 0 for label in labels])) == pytest.approx(0)
    always = normalised(stay_utilities(labels, [label >= 0 for label in labels]))
    one_stay = 7.5 - 4 * 0.05  # hours 0 to 3 come too early
    assert always == pytest.approx((2 * one_stay - 24 * 0.05 + 20) / (2 * 17.5))


def test_a_stay_that_is_drawn_twice_counts_twice_and_without_an_event_there_is_no_score() -> None:
    utilities = stay_utilities([SEPTIC, HEALTHY], [SEPTIC == 1, HEALTHY == 0])
    expected = (2 * 5 - 24 * 0.05 + 2 * 10) / (2 * 17.5)
    assert normalised(utilities, np.array([2.0, 1.0])) == pytest.approx(expected)
    assert np.isnan(normalised(stay_utilities([HEALTHY], [HEALTHY == 0])))


def test_sepsis_at_admission_is_best_warned_of_at_once() -> None:
    label = np.ones(12, dtype=np.int64)
    found = stay_utilities([label], [label == 1])[0]
    assert found == pytest.approx([5, 5, -10])


# Precision


@pytest.mark.parametrize("seed", range(5))
def test_average_precision_is_that_of_scikit_learn_with_ties_and_weights(seed: int) -> None:
    rng = np.random.default_rng(seed)
    event = rng.integers(0, 2, 80)
    score = np.round(rng.normal(size=80), 1)
    weight = rng.integers(0, 4, 80).astype(np.float64)
    expected = average_precision_score(event, score, sample_weight=weight)
    assert average_precision(event, score, weight) == pytest.approx(expected, abs=1e-12)


def test_without_an_event_there_is_no_average_precision() -> None:
    assert np.isnan(average_precision(np.zeros(3, dtype=np.int64), np.arange(3.0), np.ones(3)))
    assert np.isnan(average_precision(np.array([1, 0]), np.arange(2.0), np.array([0.0, 1.0])))


def test_the_balanced_point_is_the_lesser_of_sensitivity_and_predictive_value() -> None:
    event, score, one = np.array([1, 1, 1, 0, 0]), np.array([0.9, 0.8, 0.1, 0.7, 0.2]), np.ones(5)
    assert balanced_point(event, score, 0.5, one) == pytest.approx(2 / 3)  # 2 of 3 events, 2 of 3 calls
    assert balanced_point(event, score, 0.85, one) == pytest.approx(1 / 3)  # 1 of 3 events, 1 of 1 calls
    assert balanced_point(event, score, 0.05, one) == pytest.approx(3 / 5)  # 3 of 3 events, 3 of 5 calls
    twice = np.array([1.0, 1, 1, 2, 1])
    assert balanced_point(event, score, 0.5, twice) == pytest.approx(2 / 4)
    assert balanced_point(event, score, 2.0, one) == 0
    best = stays.best_balanced_point(event, score)
    assert balanced_point(event, score, best, one) == pytest.approx(2 / 3)


# Alarms


def raised(risk: list[float], level: float = 0.5, silent: int = 3) -> list[int]:
    return np.flatnonzero(alarms(np.array([risk]), level, silent)[0]).tolist()


def test_the_first_crossing_raises_an_alarm_and_reaching_the_level_is_crossing_it() -> None:
    assert raised([0.1, 0.4, 0.5, 0.2]) == [2]
    assert raised([0.1, 0.2]) == []


def test_after_an_alarm_there_is_silence_and_then_another_while_the_risk_is_still_there() -> None:
    assert raised([0.9] * 8) == [0, 3, 6]
    assert raised([0.9, 0.1, 0.9, 0.1, 0.9]) == [0, 4]
    assert raised([0.9, 0.9, 0.1, 0.1, 0.1]) == [0]


def test_an_hour_without_a_risk_raises_none_and_the_silence_goes_on_through_it() -> None:
    nan = float("nan")
    assert raised([nan, 0.9, nan, 0.9, 0.9]) == [1, 4]
    assert raised([0.9, nan, nan, nan, 0.9]) == [0, 4]


def test_stays_are_silent_each_for_itself() -> None:
    found = alarms(np.array([[0.9, 0.9], [0.1, 0.9]]), 0.5, 2)
    assert found.tolist() == [[True, False], [False, True]]


def level(value: float, false: float, caught: float) -> AlarmLevel:
    def exactly(v: float) -> Bounds:
        return Bounds(v, v, v)

    return AlarmLevel(value, exactly(2 * false), exactly(false), exactly(caught), 10.0)


def test_the_cheapest_level_weighs_false_alarms_against_missed_events() -> None:
    low, middle, high = level(0.1, 100, 1.0), level(0.3, 40, 0.8), level(0.6, 5, 0.2)
    # False alarms and ten events a hundred patient-days, of which none, two and eight are missed.
    assert cheapest((low, middle, high), 1) == high  # 100, 42, 13
    assert cheapest((low, middle, high), 10) == middle  # 100, 60, 85
    assert cheapest((low, middle, high), 50) == low  # 100, 140, 405


def followed(*label: list[int], dated: bool = False, group: Ints | None = None) -> Watched:
    rows = np.array(label)
    return Watched(np.arange(1, rows.shape[1] + 1), rows, np.arange(len(rows)) if group is None else group, dated)


def test_where_a_label_holds_for_the_whole_stay_every_alarm_in_it_is_right() -> None:
    known = followed([1, 1, 1, -1], [0, 0, 0, 0])
    assert known.event.tolist() == [1, 0]
    assert known.rightly.tolist() == [[True, True, True, False], [False] * 4]


def test_where_an_event_is_dated_an_alarm_is_right_from_twelve_hours_before_until_it_comes() -> None:
    label = (np.arange(20) >= 12).astype(np.int64)  # 6 hours before the onset at hour 18
    unjudged = label.copy()
    unjudged[:8] = -1
    known = followed(label.tolist(), [0] * 20, unjudged.tolist(), dated=True)
    assert np.flatnonzero(known.rightly[0]).tolist() == list(range(6, 19))
    assert not known.rightly[1].any()
    assert np.flatnonzero(known.rightly[2]).tolist() == list(range(8, 19))


RISKS = np.array([[0.1, 0.6, 0.7, 0.2], [0.6, 0.1, 0.1, 0.9], [0.2, 0.2, 0.99, 0.99]])
KNOWN = followed([1, 1, 1, 1], [0, 0, 0, 0], [0, 0, -1, -1])


def test_a_level_costs_and_catches_what_can_be_counted() -> None:
    found = alarm_level(KNOWN, RISKS, 0.5, 2)
    days = (4 + 4 + 2) / 24  # the third stay is judged for two hours, and is silent in them
    assert found.alarms.value == pytest.approx(3 / days * 100)
    assert found.false.value == pytest.approx(2 / days * 100)
    assert found.caught.value == 1
    assert found.events == pytest.approx(1 / days * 100)
    assert alarm_level(KNOWN, RISKS, 0.65, 2).caught.value == 1
    assert alarm_level(KNOWN, RISKS, 0.8, 2).caught.value == 0


def test_intervals_of_alarms_come_from_drawing_patients_anew() -> None:
    once = alarm_level(KNOWN, RISKS, 0.5, 2, drawn=copies(KNOWN.group, 0))
    assert np.isnan([once.alarms.low, once.caught.high]).all()
    two = np.array([[1.0, 1, 1], [0, 2, 1], [3, 0, 0]])
    found = alarm_level(KNOWN, RISKS, 0.5, 2, drawn=two)
    rates = [4 / (10 / 24) * 100, 3 / (12 / 24) * 100]  # B twice and C, A three times
    assert (found.alarms.low, found.alarms.high) == pytest.approx(np.quantile(rates, (0.025, 0.975)))


def test_the_level_that_catches_a_share_is_the_highest_that_does() -> None:
    rng = np.random.default_rng(0)
    event = np.arange(40) % 2
    risk = np.clip(rng.uniform(0, 0.6, (40, 6)) + 0.3 * event[:, None], 0, 1)
    known = followed(*np.repeat(event[:, None], 6, axis=1).tolist())
    chosen = stays.level_for(known, risk, 6, 0.8)
    one = copies(known.group, 0)
    assert alarm_level(known, risk, chosen, 6, drawn=one).caught.value >= 0.8
    top = risk[event == 1].max(axis=1)
    assert chosen <= np.sort(top)[::-1][15]  # the 16th of 20 highest risks
    assert alarm_level(known, risk, chosen + 0.02, 6, drawn=one).caught.value < 0.8


# Drawing patients


def test_patients_are_drawn_with_all_of_their_stays() -> None:
    group = np.array([7, 7, 3, 5, 3])
    drawn = copies(group, 200, seed=3)
    assert drawn.shape == (201, 5)
    assert drawn[0].tolist() == [1] * 5
    assert (drawn[:, 0] == drawn[:, 1]).all()
    assert (drawn[:, 2] == drawn[:, 4]).all()
    assert (drawn[:, [0, 2, 3]].sum(axis=1) == 3).all()
    assert drawn[1:].mean() == pytest.approx(1, abs=0.1)
    assert (copies(group, 200, seed=3) == drawn).all()
    assert copies(group, 0).tolist() == [[1] * 5]


def drawn_hours(seed: int = 1) -> tuple[Ints, Floats, Ints]:
    rng = np.random.default_rng(seed)
    event = (np.arange(120) % 3 == 0).astype(np.int64)
    return event, rng.normal(size=120) + event, np.arange(120) // 2


def test_a_gain_is_the_paired_difference_and_has_a_narrower_interval_than_either() -> None:
    event, z, group = drawn_hours()
    rival = z + np.random.default_rng(2).normal(0, 0.2, 120)
    found = stays.hour_measures(event, z, group, data="test", hour=24, rivals={"lstm": rival}, draws=100)
    known = {(m.measure, m.model): m for m in found}
    gain, own, other = known["auc_gain", "lstm"], known["auc", ""], known["auc", "lstm"]
    assert gain.value == pytest.approx(own.value - other.value)
    assert gain.high - gain.low < min(own.high - own.low, other.high - other.low) / 2
    assert {(m.hour, m.n, m.groups, m.data) for m in found} == {(24, 120, 60, "test")}
    assert ("sensitivity_or_ppv", "") not in known


def test_a_rival_that_says_the_same_gains_and_loses_nothing() -> None:
    event, z, group = drawn_hours()
    found = stays.hour_measures(event, z, group, data="test", rivals={"copy": z}, threshold=0.0, draws=50)
    for m in found:
        if m.measure.endswith("_gain"):
            assert (m.value, m.low, m.high) == (0, 0, 0)
    assert "sensitivity_or_ppv" in {m.measure for m in found}


def test_hours_that_are_not_judged_earn_and_cost_nothing() -> None:
    label = np.array([[*SEPTIC.tolist(), -1, -1], [*HEALTHY.tolist(), -1, -1]])
    known = Watched(np.arange(1, 27), label, np.arange(2), True)
    z = np.full((2, 26), -1.0)
    z[:, 24:] = 9.0
    assert stays.utilities_of(known, z, 0.0)[:, 0] == pytest.approx([NEVER, 0])
    z[0, 10:24] = 1.0
    found = stays.utility_measure(known, z, 0.0, data="test", draws=50)
    assert found.value == pytest.approx((5 + 10) / 17.5)
    assert (found.n, found.groups, found.hour) == (2, 2, 0)

"""Who counts, what became of them, and how those whose story ends too early are stood in for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight

from medai_core.cards import Card, OutcomeColumns
from medai_core.errors import ManifestError
from medai_core.metrics.survival import by_horizon, survival_share, uncensored_share
from medai_core.prognosis.cohorts import (
    folds,
    has_outcomes,
    with_outcomes,
)
from tests.risks import card_of, category, every_risk, number

SEEDS = st.integers(0, 2**16)

TIME = np.array([1.0, 2.0, 3.0, 3.0, 5.0, 6.0, 7.0, 8.0])
DIED = np.array([1, 0, 1, 0, 1, 0, 1, 0])


def followed(seed: int, n: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Follow-up in whole years, so that deaths and censoring share moments."""
    r = np.random.default_rng(seed)
    return r.integers(1, 12, n).astype(float), (r.random(n) < 0.5).astype(np.int64)


def test_survival_is_what_is_worked_out_by_hand() -> None:
    """Of 8, one dies at 1; of 6 at 3; of 4 at 5; of 2 at 7."""
    wanted = [1, 7 / 8, 7 / 8, 7 / 8 * 5 / 6, 7 / 8 * 5 / 6 * 3 / 4, 7 / 8 * 5 / 6 * 3 / 4 / 2]
    assert survival_share(TIME, DIED, np.array([0.5, 1.0, 2.9, 3.0, 5.0, 9.0])) == pytest.approx(wanted)


def test_the_share_still_observed_is_what_is_worked_out_by_hand() -> None:
    """Of 7, one is censored at 2; at 3 one has just died, so of the other 5; of 3 at 6. Each counts from just after."""
    wanted = [1, 1, 6 / 7, 6 / 7, 6 / 7 * 4 / 5, 6 / 7 * 4 / 5 * 2 / 3]
    assert uncensored_share(TIME, DIED, np.array([1.0, 2.0, 2.5, 3.0, 6.0, 7.0])) == pytest.approx(wanted)


def test_the_weights_of_the_censored_go_to_those_who_were_seen_longer() -> None:
    """By year 6: deaths at 1, 3 and 5; seen to the end the four from 6 on; those censored at 2 and 3 count nothing."""
    event, weight = by_horizon(TIME, DIED, 6.0)
    late = 1 / (6 / 7 * 4 / 5)
    assert event.tolist() == [1, 0, 1, 0, 1, 0, 0, 0]
    assert weight == pytest.approx([1, 0, 7 / 6, 0, late, late, late, late])
    assert weight.sum() == pytest.approx(8)


def test_who_dies_after_the_horizon_had_no_event_and_who_is_seen_up_to_it_counts() -> None:
    event, weight = by_horizon(np.array([5.0, 4.0, 6.0]), np.array([0, 1, 1]), 5.0)
    assert event.tolist() == [0, 1, 0]
    assert (weight > 0).all()


@given(SEEDS, st.integers(1, 11))
@settings(derandomize=True, max_examples=60, deadline=None)
def test_weighted_deaths_are_those_of_kaplan_and_meier_even_when_moments_are_shared(seed: int, years: int) -> None:
    time, died = followed(seed)
    if uncensored_share(time, died, np.array([float(years)]))[0] < 0.06:
        return  # weights are capped there
    event, weight = by_horizon(time, died, float(years))
    assert (weight * event).sum() / len(time) == pytest.approx(1 - survival_share(time, died, np.array([years]))[0])


@given(SEEDS)
@settings(derandomize=True, max_examples=30, deadline=None)
def test_survival_is_that_of_statsmodels(seed: int) -> None:
    time, died = followed(seed)
    other = SurvfuncRight(time, died)
    assert survival_share(time, died, np.asarray(other.surv_times)) == pytest.approx(other.surv_prob)


def test_without_censoring_everybody_counts_once() -> None:
    time, died = followed(3)
    event, weight = by_horizon(time, np.ones_like(died), 5.0)
    assert weight == pytest.approx(np.ones(60))
    assert event.tolist() == (time <= 5).astype(int).tolist()


@given(SEEDS, st.integers(2, 10))
@settings(derandomize=True, max_examples=30, deadline=None)
def test_no_patient_is_in_two_folds_and_events_are_spread_evenly(seed: int, count: int) -> None:
    r = np.random.default_rng(seed)
    group = np.unique(r.integers(0, 80, 200), return_inverse=True)[1]
    event = (r.random(200) < 0.2).astype(np.int64)
    fold = folds(group, event, count, seed)
    assert all(len(np.unique(fold[group == g])) == 1 for g in np.unique(group))
    patient = [(fold[group == g][0], event[group == g].max()) for g in np.unique(group)]
    each = np.bincount([f for f, happened in patient if happened], minlength=count)
    assert each.max() - each.min() <= 1


# From a table


CARD = card_of((number("age", low=0.0, high=100.0), category("sex", "female", "male")))


def card_with(**columns: object) -> Card:
    from dataclasses import replace

    assert CARD.prediction is not None
    stated = replace(CARD.prediction, columns=OutcomeColumns("died", **columns), horizon_years=5.0)  # type: ignore[arg-type]
    return replace(CARD, prediction=stated)


def people(**more: object) -> pd.DataFrame:
    return pd.DataFrame({"age": [50, 60, 70, 200], "sex": ["male", "female", "", "male"], "died": [1, 0, 1, 0], **more})


def test_a_row_that_the_card_refuses_is_not_in_the_cohort_and_is_told_of() -> None:
    cohort, intake = with_outcomes(people(), card_with(happened=("1",)))
    assert cohort.outcomes.event.tolist() == [1, 0, 1]
    assert cohort.rows["age"].tolist() == [50, 60, 70]
    assert [(p.row, p.column) for p in intake.problems] == [(4, "age")]
    assert cohort.outcomes.weight.tolist() == [1, 1, 1]
    assert cohort.outcomes.time is None


@pytest.mark.parametrize(
    ("cells", "columns"),
    [
        ([1, 0, 1, 0], {"happened": ("1",)}),
        ([1.0, 0.0, 1.0, 0.0], {"happened": ("1",)}),
        (["<30", "NO", " <30 ", ">30"], {"happened": ("<30",)}),
        ([2, 0, 4, 0], {"above": 0.0}),
    ],
    ids=["whole numbers", "numbers with decimals", "words", "above a number"],
)
def test_the_event_is_read_as_the_table_writes_it(cells: list, columns: dict) -> None:  # type: ignore[type-arg]
    cohort, _ = with_outcomes(people(died=cells), card_with(**columns))
    assert cohort.outcomes.event.tolist() == [1, 0, 1]


def test_with_times_the_event_is_what_happened_by_the_horizon() -> None:
    cohort, _ = with_outcomes(people(years=[2.0, 9.0, 8.0, 1.0]), card_with(happened=("1",), time="years"))
    assert cohort.outcomes.event.tolist() == [1, 0, 0]
    assert cohort.outcomes.died is not None
    assert cohort.outcomes.died.tolist() == [1, 0, 1]


def test_who_is_left_out_by_the_card_and_who_belongs_together_is_kept() -> None:
    card = card_with(happened=("1",), group="patient", left_out={"went": ("11",)})
    cohort, _ = with_outcomes(people(patient=["b", "a", "b", "c"], went=["1", "11", "1", "1"]), card)
    assert cohort.outcomes.event.tolist() == [1, 1]
    assert len(set(cohort.outcomes.group.tolist())) == 1


def test_a_table_without_outcomes_says_which_column_is_wanted() -> None:
    card = card_with(happened=("1",), time="years")
    assert not has_outcomes(people(), card)
    with pytest.raises(ManifestError) as caught:
        with_outcomes(people(), card)
    assert caught.value.message.facts["missing"] == "years"
    with pytest.raises(ManifestError) as caught:
        with_outcomes(people().iloc[3:], card_with(happened=("1",)))
    assert caught.value.message.id == "cohort.empty"


def test_some_of_a_cohort_are_those_people_with_their_own_outcomes() -> None:
    cohort, _ = with_outcomes(people(years=[2.0, 9.0, 8.0, 1.0]), card_with(happened=("1",), time="years"))
    two = cohort.chosen(np.array([2, 0]))
    assert len(two) == 2
    assert two.rows["age"].tolist() == [70, 50]
    assert two.outcomes.event.tolist() == [0, 1]
    assert two.outcomes.time is not None
    assert two.outcomes.time.tolist() == [8, 2]


@every_risk
def test_every_card_names_its_outcome_and_a_horizon_where_there_is_a_time(card: Card) -> None:
    assert card.prediction is not None
    columns = card.prediction.columns
    assert bool(columns.happened) != (columns.above is not None)
    assert bool(columns.time) == (card.prediction.horizon_years > 0)

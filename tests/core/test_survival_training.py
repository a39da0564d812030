"""The recipe of survival: nobody is judged by what saw them, nothing is claimed of noise, and nobody is given away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from medai_core.evaluation.survival import Foretold, enough, gain_of, integrated, survival_measures
from medai_core.metrics.survival import concordance
from medai_core.training.survival import moments, part_of
from medai_core.training.survival_fitting import (
    Cox,
    People,
    Told,
    boosted,
    cross_validated,
    nobody_apart,
    standardised,
)
from medai_core.training.survival_report import least_weight, subtypes
from medai_core.training.survival_strata import shares, stratum
from tests.survival import drawn_model

HORIZONS = (5.0, 10.0)


def crowd(n: int = 160, *, useful: float = 1.0, genes: int = 40, seed: int = 0) -> People:
    """People whose history tells of death, and whose expression does as far as it is ``useful``."""
    r = np.random.default_rng(seed)
    history, axis = r.normal(size=(n, 2)), r.normal(size=n)
    expression = 0.3 * (axis[:, None] * (np.arange(genes) < genes // 2) + r.normal(size=(n, genes)))
    treatment = (r.random((n, 1)) < 0.5).astype(float)
    death = r.exponential(12 * np.exp(-0.8 * history[:, 0] - useful * axis))
    end = r.uniform(6, 18, n)
    blocks = {"history": history, "treatment": treatment, "expression": expression, "probes": expression}
    return People(np.minimum(death, end), (death <= end).astype(np.int64), blocks)


def test_nobody_is_predicted_by_what_saw_them_and_everybody_once_a_repeat() -> None:
    people = crowd(60)
    asked = []

    def spy(seen: People, new: People, horizons: tuple[float, ...], seed: int) -> Told:
        assert not set(seen.time) & set(new.time)
        asked.append(len(new))
        return Told(new.time, np.tile(new.time[:, None], (1, len(horizons))))

    found = cross_validated(spy, people, HORIZONS, repeats=2, count=5, seed=1)
    assert sum(asked) == 120
    assert (found.log_hazard == people.time).all() and (found.survival == people.time[:, None]).all()


def test_penalties_are_chosen_without_the_people_who_are_predicted() -> None:
    """Were they chosen with them, changing their outcome would change their prediction."""
    people = crowd(80)
    cox = Cox({"history": (1.0, 100.0), "expression": (10.0, 1000.0)})
    seen, new = people.chosen(np.arange(60)), people.chosen(np.arange(60, 80))
    told = cox(seen, new, HORIZONS, 0)
    other = cox(seen, replace(new, time=new.time[::-1], happened=1 - new.happened), HORIZONS, 0)
    assert (told.log_hazard == other.log_hazard).all() and (told.survival == other.survival).all()


def test_of_expression_that_tells_nothing_no_gain_is_shown_and_of_one_that_does_it_is() -> None:
    for useful in (0.0, 1.0):
        people = crowd(useful=useful)
        fixed = {"history": (10.0,), "treatment": (10.0,), "expression": (300.0,)}
        parts = [
            cross_validated(Cox({b: fixed[b] for b in blocks}), people, HORIZONS, repeats=1, count=5, seed=3)
            for blocks in (("history", "treatment"), ("expression",), tuple(fixed))
        ]
        gain = gain_of(*parts, draws=100)
        assert gain.adds == (useful > 0)
        assert (gain.concordance.low > 0) == gain.adds
        assert (gain.p < 0.01) == gain.adds
        assert (gain.brier[0].low > 0) == gain.adds
        assert gain.n == 160 and gain.events == int(people.happened.sum())


def test_where_much_is_useful_a_greater_penalty_is_not_chosen_and_where_nothing_is_the_greatest_is() -> None:
    grid = {"expression": (30.0, 1e5)}
    assert Cox(grid).choose(crowd(useful=1.5), 0) == (30.0,)
    assert Cox(grid).choose(crowd(useful=0.0), 0) == (1e5,)


def test_every_approach_tells_falling_survival_and_the_trees_find_what_is_there() -> None:
    people = crowd(useful=1.5)
    seen, new = people.chosen(np.arange(120)), people.chosen(np.arange(120, 160))
    for approach in (boosted, nobody_apart, Cox({"history": (10.0,), "expression": (100.0,)})):
        told = approach(seen, new, HORIZONS, 0)
        assert ((told.survival >= 0) & (told.survival <= 1)).all()
        assert (told.survival[:, 0] >= told.survival[:, 1]).all()
        if approach is not nobody_apart:
            assert concordance(new.time, new.happened, told.log_hazard) > 0.65


def test_right_predictions_are_calibrated_and_sharper_than_one_for_everybody() -> None:
    r = np.random.default_rng(1)
    z = r.normal(size=800)
    death, end = r.exponential(12 * np.exp(-z)), r.uniform(6, 18, 800)
    time, happened = np.minimum(death, end), (death <= end).astype(np.int64)
    survival = np.exp(-np.outer(np.exp(z), np.array(HORIZONS) / 12))
    right = Foretold(time, happened, z[None], survival[None], HORIZONS)
    flat = replace(right, survival=np.broadcast_to(survival.mean(axis=0), right.survival.shape))
    found = {m.measure: m for m in survival_measures(right, data="drawn", draws=30)}
    for name in ("calibration_slope", "observed_to_expected_5_years", "observed_to_expected_10_years"):
        assert found[name].low < 1 < found[name].high
        assert found[name].value == pytest.approx(1, abs=0.1)
    wrong = replace(right, log_hazard=2 * right.log_hazard)
    slope = next(m for m in survival_measures(wrong, data="", draws=5) if m.measure == "calibration_slope")
    assert slope.value == pytest.approx(0.5, abs=0.06)
    assert integrated(right) < integrated(flat) - 0.02


def test_intervals_from_refits_hold_the_truth_about_as_often_as_they_say() -> None:
    """Of 20 drawn cohorts the true survival of a typical person lies within the interval in at least 16."""
    held = 0
    for seed in range(20):
        people = crowd(120, useful=0.0, genes=2, seed=seed)
        rng = np.random.default_rng(seed)
        draws = [np.arange(120), *(rng.integers(0, 120, 120) for _ in range(25))]
        part = part_of(Cox({"history": (1.0,)}), people, draws, np.array([5.0]), 0)
        logs = part.log_hazard(np.zeros((1, 2)))[0] + np.log(part.hazard[:, 0])
        half = 2.06 * logs[1:].std(ddof=1)
        held += bool(abs(logs[0] - np.log(5 / 12)) < half)
    assert 16 <= held <= 20


def test_a_baseline_is_kept_only_while_ten_people_are_observed() -> None:
    people = crowd(100)
    years = moments(people)
    assert (np.diff(years) == 0.5).all()
    assert (people.time >= years[-1]).sum() >= 10 > (people.time >= years[-1] + 0.5).sum()
    assert drawn_model().years[-1] >= 10


# Groups


def test_a_group_that_is_too_small_or_without_deaths_is_not_judged() -> None:
    assert enough(np.ones(40), np.ones(40, np.int64))
    assert not enough(np.ones(39), np.ones(39, np.int64))
    assert not enough(np.ones(400), (np.arange(400) < 9).astype(np.int64))


def test_two_drawn_subtypes_are_found_without_their_outcomes() -> None:
    r = np.random.default_rng(0)
    truth = np.arange(90) < 30
    found = subtypes(r.normal(size=(90, 50)) + 2 * truth[:, None], 1)
    assert set(found["smaller group"]) == set(range(30))
    assert set(found["larger group"]) == set(range(30, 90))


def test_treatments_of_fewer_than_ten_are_named_without_numbers_and_count_nowhere() -> None:
    people = crowd(60)
    drugs = np.array(["none"] * 30 + ["chemotherapy"] * 21 + ["hormonal_therapy"] * 9)
    surgery = np.array(["conserving", "mastectomy"] * 30)
    found = stratum(people, np.arange(60), drugs, surgery, HORIZONS)
    assert found is not None
    assert [(f.received, f.n) for f in found.drugs] == [("chemotherapy", 21), ("none", 30)]
    assert (found.n, found.hidden_drugs) == (51, ("hormonal_therapy",))
    assert sum(f.n for f in found.surgery) == 51
    assert found.deaths == int(people.happened[:51].sum())


def test_where_an_operation_is_rare_no_operation_is_told_and_where_all_treatments_are_there_is_no_stratum() -> None:
    people = crowd(30)
    rare = np.array(["conserving"] * 26 + ["mastectomy"] * 4)
    found = stratum(people, np.arange(30), np.array(["none"] * 30), rare, HORIZONS)
    assert found is not None
    assert (found.surgery, found.hidden_surgery) == ((), ("conserving", "mastectomy"))
    scattered = np.array([f"drug {i // 6}" for i in range(30)])
    assert stratum(people, np.arange(30), scattered, rare, HORIZONS) is None


def test_survival_of_a_group_is_told_only_as_far_as_ten_were_followed() -> None:
    people = People(np.array([1.0] * 5 + [7.0] * 12 + [11.0] * 9), np.ones(26, np.int64), {})
    found = shares(people, np.arange(26), HORIZONS)
    assert [s.years for s in found] == [5]
    assert found[0].share.value == pytest.approx(21 / 26)


def test_the_fewer_genes_are_known_the_more_is_lost_and_the_limit_loses_little() -> None:
    weight, loss = least_weight(crowd(useful=1.5, genes=60), 0, draws=3)
    assert 0 < weight < 0.9
    assert loss <= 0.02


def test_a_constant_column_stays_zero() -> None:
    X, mean, deviation = standardised(np.array([[1.0, 2.0], [1.0, 4.0]]))
    assert X.tolist() == [[0, -1], [0, 1]] and mean.tolist() == [1, 3] and deviation.tolist() == [1, 1]

"""Doses: the published equations and nomogram, the limits that nothing passes, and courses of treatment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings
from hypothesis import strategies as st

from medai_core.precision.dosing import nomogram
from medai_core.precision.dosing.environment import WarfarinCourse, rewards
from medai_core.precision.dosing.equations import clinical_dose, pharmacogenetic_dose
from medai_core.precision.dosing.limits import LIMITS, bound, bound_visit
from medai_core.precision.dosing.people import interaction, typical
from medai_core.precision.dosing.policy import OBSERVED, Trained
from medai_core.precision.dosing.regimens import REGIMENS, ModelBased
from medai_core.precision.dosing.trial import Course, gain_measures, mean_measure, outcome_measures, treat
from medai_core.precision.dosing.virtual import draw_patients
from medai_core.precision.pharmacology import steady_dose
from tests.dosing import drawn, people, spec

SPEC = spec()


def patients(n: int = 60, seed: int = 1, **how: float):  # type: ignore[no-untyped-def]
    return draw_patients(drawn(), n, SPEC.days, np.random.default_rng(seed), **how)


# --- what was published


def test_the_equations_give_the_doses_worked_out_by_hand() -> None:
    plain = people(age_years=65, height_cm=170, weight_kg=80)
    root = 5.6044 - 0.2614 * 6 + 0.0087 * 170 + 0.0128 * 80
    assert pharmacogenetic_dose(plain)[0] == pytest.approx(root**2 / 7)
    sensitive = people(age_years=65, height_cm=170, weight_kg=80, cyp2c9="*1/*3", vkorc1="AA", amiodarone=True)
    assert pharmacogenetic_dose(sensitive)[0] == pytest.approx((root - 0.9357 - 1.6974 - 0.5503) ** 2 / 7)
    root = 4.0376 - 0.2546 * 6 + 0.0118 * 170 + 0.0134 * 80
    assert clinical_dose(plain)[0] == pytest.approx(root**2 / 7)
    assert clinical_dose(people(age_years=65, height_cm=170, weight_kg=80, race="black", inducer=True))[
        0
    ] == pytest.approx((root + 0.4060 + 1.2799) ** 2 / 7)


def test_an_unknown_genotype_is_a_term_of_the_equation_and_no_refusal() -> None:
    known = people(vkorc1="GG")
    unknown = people(vkorc1="", cyp2c9="")
    root = np.sqrt(7 * pharmacogenetic_dose(known)[0]) - 0.4854 - 0.2188
    assert pharmacogenetic_dose(unknown)[0] == pytest.approx(root**2 / 7)
    assert clinical_dose(unknown)[0] == clinical_dose(known)[0]


def test_the_nomogram_changes_the_weekly_dose_as_published() -> None:
    inr = np.array([1.2, 1.5, 1.51, 1.99, 2.0, 3.0, 3.01, 4.0, 4.5, 5.0, 8.0, np.nan])
    wanted = [1.15, 1.15, 1.10, 1.10, 1.0, 1.0, 0.90, 0.90, 0.90, 0.85, 0.85, 1.0]
    assert nomogram.factor(inr, 14) == pytest.approx(wanted)
    assert nomogram.factor(inr, 4).max() == 1.0, "no dose is raised in the first week"
    assert nomogram.held_days(np.array([2.5, 4.0, 4.1, 5.0])).tolist() == [0, 0, 1, 3]
    assert nomogram.next_visit(np.array([2.5, 3.2, 1.2, 4.2, 6.0]), 40).tolist() == [28, 14, 7, 7, 3]
    assert nomogram.next_visit(np.array([2.5]), 0).tolist() == [4]


# --- what nothing passes

ANY = st.floats(allow_nan=True, allow_infinity=True)
INR = st.one_of(st.just(float("nan")), st.floats(0.8, 20))
LAST = st.one_of(st.just(float("nan")), st.floats(0, SPEC.dose_max_mg_per_day))


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(ANY, LAST, INR), min_size=1, max_size=8))
def test_no_proposal_passes_a_limit(cases: list[tuple[float, float, float]]) -> None:
    proposed, last, inr = (np.array(column) for column in zip(*cases, strict=True))
    found = bound(SPEC, proposed, last, inr)
    dose = found.dose_mg_per_day
    assert np.isfinite(dose).all()
    assert (dose >= 0).all() and (dose <= SPEC.dose_max_mg_per_day + 1e-9).all()
    first, before = np.isnan(last), np.nan_to_num(last)
    assert (dose[first] <= SPEC.first_max_mg_per_day + 1e-9).all()
    most = np.maximum(before * (1 + SPEC.step_share), before + SPEC.step_least_mg)
    assert (dose[~first] <= most[~first] + 1e-9).all()
    high = (inr > SPEC.high_inr) & ~first
    assert (dose[high] <= before[high] + 1e-9).all(), "an INR above 4 never raises a dose"
    low = ~first & ~(inr > SPEC.high_inr)
    half_step = SPEC.step_mg_per_week / 7
    assert (dose[low] >= before[low] * (1 - SPEC.fall_share) - half_step).all()
    assert np.abs(dose * 7 / SPEC.step_mg_per_week - np.round(dose * 7 / SPEC.step_mg_per_week)).max() < 1e-6
    assert all(LIMITS[k] for k in found.limit[~np.isfinite(proposed)])


def test_a_limit_that_binds_is_named_and_one_that_does_not_is_not() -> None:
    nan = float("nan")
    cases = {
        "": (5.0, 5.0, 2.5),
        "limit.largest": (40.0, 14.0, 2.5),
        "limit.first": (12.0, nan, nan),
        "limit.rise": (9.0, 5.0, 1.5),
        "limit.fall": (1.0, 5.0, 3.5),
        "limit.high_inr": (6.0, 5.0, 4.2),
        "limit.none": (nan, 5.0, 2.5),
    }
    for wanted, (proposed, last, inr) in cases.items():
        found = bound(SPEC, np.array([proposed]), np.array([last]), np.array([inr]))
        assert LIMITS[found.limit[0]] == wanted, (proposed, last, inr)


@settings(max_examples=100, deadline=None)
@given(st.integers(-5, 500), st.integers(0, 80), INR)
def test_no_visit_is_further_away_than_it_may_be(days: int, day: int, inr: float) -> None:
    found = int(bound_visit(SPEC, np.array([days]), day, np.array([inr]))[0])
    assert 1 <= found <= 28
    assert found <= 7 or (day >= SPEC.early_days and not inr > SPEC.high_inr)
    assert found <= SPEC.out_days or not (inr < 2 or inr > 3)
    assert found <= 3 or not inr >= 5


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_under_a_network_that_says_anything_every_dose_stays_within_the_limits(seed: int) -> None:
    rng = np.random.default_rng(seed)

    def anything(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return rng.choice([np.nan, np.inf, -np.inf, -9.0, 0.0, 3.0, 50.0], len(X)), rng.integers(0, 8, len(X))

    virtual = patients(8, seed % 1000)
    with np.errstate(over="ignore"):
        found = treat(virtual, lambda chart, s, d: Trained(chart, s, d, anything), SPEC, drawn())
    dose = found.dose_mg_per_day
    assert np.isfinite(dose).all() and dose.min() >= 0 and dose.max() <= SPEC.dose_max_mg_per_day
    assert np.isfinite(found.inr).all()


# --- courses


def test_the_same_seed_gives_the_same_course_and_another_one_another() -> None:
    first, again, other = (treat(patients(20, seed), REGIMENS["clinical"], SPEC, drawn()) for seed in (1, 1, 2))
    assert np.array_equal(first.inr, again.inr) and np.array_equal(first.dose_mg_per_day, again.dose_mg_per_day)
    assert not np.array_equal(first.inr, other.inr)


def test_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    virtual = patients(30)
    whole = treat(virtual, REGIMENS["pharmacogenetic"], SPEC, drawn())
    monkeypatch.setattr("medai_core.precision.dosing.trial.BATCH", 7)
    parts = treat(virtual, REGIMENS["pharmacogenetic"], SPEC, drawn())
    assert np.allclose(whole.inr, parts.inr) and np.array_equal(whole.visits, parts.visits)


def test_a_fixed_dose_is_fixed() -> None:
    found = treat(patients(20), REGIMENS["fixed"], SPEC, drawn())
    assert found.dose_mg_per_day == pytest.approx(5.0)


def test_adjusting_keeps_the_inr_longer_in_range_and_bayes_longer_still() -> None:
    virtual = patients(150)
    share = {n: treat(virtual, r, SPEC, drawn()).in_range(SPEC).mean() for n, r in REGIMENS.items()}
    assert share["fixed"] < share["clinical"] < share["model_based"]
    assert share["pharmacogenetic"] < share["model_based"]


def test_bayes_finds_the_dose_that_a_patient_needs() -> None:
    virtual = patients(60)
    course = Course(virtual, SPEC)
    doser = ModelBased(course.chart, SPEC, drawn())
    before = np.abs(np.log(doser.propose(course.chart, course.due()).dose_mg_per_day) - _needed(virtual))
    while not course.over:
        rows = course.due()
        course.measure(rows)
        if course.chart.day:
            doser.measured(course.chart, rows)
        course.prescribe(rows, doser.propose(course.chart, rows), holds=True)
        course.pass_day()
        doser.pass_day(course.chart)
    every = np.arange(len(virtual))
    after = np.abs(np.log(doser.propose(course.chart, every).dose_mg_per_day) - _needed(virtual))
    assert after.mean() < 0.7 * before.mean()
    assert doser.weights.sum(axis=1) == pytest.approx(np.ones(len(virtual)))


def _needed(virtual):  # type: ignore[no-untyped-def]
    return np.log(steady_dose(virtual.bodies, SPEC.target_inr) * interaction(virtual.people, drawn()))


def test_measures_have_intervals_and_a_gain_compares_each_patient_with_himself() -> None:
    virtual = patients(80)
    ours, theirs = (treat(virtual, REGIMENS[n], SPEC, drawn()) for n in ("model_based", "fixed"))
    found = {m.measure: m for m in outcome_measures(ours, SPEC, data="test")}
    assert set(found) == {"time_in_range", "inr_above_4", "inr_below_1_5", "patients_above_4", "visits"}
    assert all(m.low <= m.value <= m.high and m.n == m.groups == 80 for m in found.values())
    gain = gain_measures(ours, theirs, SPEC, data="test", model="fixed")[0]
    assert gain.value == pytest.approx(ours.in_range(SPEC).mean() - theirs.in_range(SPEC).mean())
    apart = np.hypot(ours.in_range(SPEC).std(), theirs.in_range(SPEC).std()) * 1.96 / np.sqrt(80)
    assert gain.high - gain.value < apart * 1.2


def test_an_interval_stays_where_a_share_can_be_and_one_patient_tells_none() -> None:
    def measured(*values: float, within: tuple[float, float] = (0.0, 1.0)) -> tuple[float, float]:
        m = mean_measure("any", np.array(values), within=within, data="test")
        return m.low, m.high

    assert np.isnan(measured(0.733)).all()
    low, high = measured(0, 0, 0, 0, 0.1)
    assert 0 <= low <= 0.02 < 0.3 < high < 0.6, "few patients without an event tell little"
    low, high = measured(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    assert (low, high) == (pytest.approx(0, abs=1e-9), pytest.approx(0.278, abs=0.001)), "Wilson's"
    low, high = measured(*np.linspace(0.6, 0.8, 200))
    assert high - low < 0.02
    assert measured(-1, 1, within=(-1.0, 1.0)) == (-1, 1)


def test_nobody_is_told_of_a_forgotten_dose_but_it_works_on_the_inr() -> None:
    virtual = patients(40)
    none = replace(virtual, missed=np.zeros_like(virtual.missed))
    many = replace(virtual, missed=np.random.default_rng(0).random(virtual.missed.shape) < 0.5)
    fixed = REGIMENS["fixed"]
    with_all, with_half = (treat(v, fixed, SPEC, drawn()) for v in (none, many))
    assert np.array_equal(with_all.dose_mg_per_day, with_half.dose_mg_per_day)
    assert with_half.inr[:, 40:].mean() < with_all.inr[:, 40:].mean() - 0.3


def test_a_typical_patient_of_unknown_genotype_is_between_the_known_ones_and_less_certain() -> None:
    known = [typical(people(vkorc1=g), drawn()) for g in ("GG", "AA")]
    unknown = typical(people(vkorc1=""), drawn())
    low, high = sorted(float(t.bodies.ec50_mg_per_l[0]) for t in known)
    assert low < float(unknown.bodies.ec50_mg_per_l[0]) < high
    assert unknown.ec50_sd[0] > known[0].ec50_sd[0]
    assert unknown.clearance_sd[0] == known[0].clearance_sd[0]


def test_patients_are_drawn_as_their_distributions_say() -> None:
    virtual = draw_patients(drawn(), 4000, 5, np.random.default_rng(0))
    p = virtual.people
    for k, group in enumerate(drawn().groups):
        rows = p.race == k
        assert rows.mean() == pytest.approx(group.share, abs=0.03)
        a = p.vkorc1[rows].mean() / 2
        assert a == pytest.approx(group.vkorc1_a, abs=0.03)
    assert p.age_years.min() >= 20 and p.weight_kg.min() >= 30 and p.height_cm.max() <= 210
    hidden = draw_patients(drawn(), 400, 5, np.random.default_rng(0), unknown=0.5).people
    assert 0.4 < (hidden.cyp2c9 == -1).mean() < 0.6


# --- the environment


@pytest.mark.filterwarnings("ignore:.*WARN.*we recommend:UserWarning")  # doses in mg, observations without an end
@pytest.mark.filterwarnings("ignore:.*WARN.*observation space:UserWarning")
def test_the_environment_keeps_gymnasiums_rules() -> None:
    check_env(WarfarinCourse(SPEC, drawn()), skip_render_check=True)


def test_the_same_seed_and_doses_give_the_same_course_in_the_environment() -> None:
    def played(seed: int) -> tuple[list[float], int]:
        env = WarfarinCourse(SPEC, drawn(), disturbance=0.3, unknown=0.2)
        seen, _ = env.reset(seed=seed)
        assert seen.shape == (len(OBSERVED),)
        worth, over, told = [], False, {"day": 0}
        while not over:
            _, reward, ended, over, told = env.step({"dose_mg_per_day": np.array([4.0]), "visit": 4})
            assert not ended
            worth.append(reward)
        return worth, told["day"]

    assert played(5) == played(5)
    assert played(5) != played(6)
    assert played(5)[1] == SPEC.days


def test_a_day_in_range_is_worth_most_and_bleeding_costs_more_than_clotting() -> None:
    worth = rewards(np.array([2.5, 1.0, 3.5, 4.5]), SPEC)
    assert worth[0] == 1.0
    assert worth.argmax() == 0
    assert worth[3] < worth[2] < 0
    assert worth[3] < worth[1] < 0


def test_the_environment_is_the_course_that_regimens_are_measured_in() -> None:
    env = WarfarinCourse(SPEC, drawn())
    env.reset(seed=9)
    told = {"day": 0}
    over = False
    while not over:
        _, _, _, over, told = env.step({"dose_mg_per_day": np.array([300.0]), "visit": 0})
        assert told["dose_mg_per_day"] <= SPEC.dose_max_mg_per_day

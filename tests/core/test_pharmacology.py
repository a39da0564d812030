"""Warfarin in the body: the published model's own numbers, and what must hold of any drug."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from medai_core.precision.pharmacology import (
    PUBLISHED,
    Bodies,
    Floats,
    bodies,
    clearance,
    course,
    disturbed,
    ec50,
    inr,
    next_day,
    steady_dose,
    steady_inr,
    untreated,
)

TABLE = {
    ("*1/*1", "GG"): (1.40, 1.76, 1.93, 1.94),
    ("*1/*1", "GA"): (1.56, 2.07, 2.30, 2.32),
    ("*1/*1", "AA"): (1.91, 2.72, 3.09, 3.11),
    ("*1/*3", "GA"): (1.70, 2.56, 3.09, 3.17),
    ("*3/*3", "AA"): (2.42, 4.80, 7.21, 8.39),
}
"""INR at the end of days 3, 7, 14 and 30 of 5 mg a day, at 71 years."""


def typical(*genotypes: tuple[str, str], age_years: float = 71.0) -> Bodies:
    return bodies(
        np.array([clearance(cyp2c9, age_years) for cyp2c9, _ in genotypes]),
        np.array([ec50(vkorc1) for _, vkorc1 in genotypes]),
    )


def by_solver(patients: Bodies, doses_mg: Floats) -> Floats:
    """The INR of the first patient at the end of each day, by a tight solver of the differential equations."""
    ka, volume = patients.absorption_per_h[0], patients.volume_l[0]
    cl, half, gamma = patients.clearance_l_per_h[0], patients.ec50_mg_per_l[0], patients.gamma[0]
    rates = 3 / patients.transit_hours[0]

    def change(_: float, y: Floats) -> list[float]:
        concentration = max(y[1], 0.0) / volume
        left = 1 - patients.emax[0] * concentration**gamma / (half**gamma + concentration**gamma)
        chains = [
            rate * (before - y[at])
            for rate, first in zip(rates, (2, 5), strict=True)
            for at, before in ((first, left), (first + 1, y[first]), (first + 2, y[first + 1]))
        ]
        return [-ka * y[0], ka * y[0] - cl / volume * y[1], *chains]

    y, found = np.array([0.0, 0.0, *[1.0] * 6]), []
    for dose in doses_mg:
        y[0] += dose * patients.s_share
        y = solve_ivp(change, (0, 24), y, method="LSODA", rtol=1e-9, atol=1e-11).y[:, -1]
        found.append(1 + patients.inr_span[0] * (1 - (y[4] + y[7]) / 2))
    return np.array(found)


@pytest.mark.parametrize("genotype", TABLE, ids=" ".join)
def test_five_mg_a_day_lead_to_the_published_inr(genotype: tuple[str, str]) -> None:
    found = course(typical(genotype), np.full((1, 30), 5.0))[0]
    assert found[[2, 6, 13, 29]] == pytest.approx(TABLE[genotype], abs=0.006)


def test_the_dose_for_an_inr_of_2_5_is_the_published_one() -> None:
    found = steady_dose(typical(("*1/*1", "GG"), ("*1/*1", "GA"), ("*1/*1", "AA")), 2.5)
    assert found == pytest.approx([7.69, 5.64, 3.60], abs=0.006)


@pytest.mark.parametrize("dose", [2.0, 5.0, 15.0])
@pytest.mark.parametrize("genotype", [("*1/*1", "GG"), ("*3/*3", "AA")], ids=" ".join)
def test_the_course_is_that_of_a_tight_solver(genotype: tuple[str, str], dose: float) -> None:
    doses = np.full(25, dose)
    doses[8:11] = 0.0
    patients = typical(genotype)
    assert np.abs(course(patients, doses[None])[0] - by_solver(patients, doses)).max() < 0.001


def test_patients_unlike_the_typical_one_are_solved_as_well() -> None:
    patients = disturbed(typical(*[("*1/*2", "GA")] * 4), 0.3, np.random.default_rng(3))
    doses = np.full((4, 20), 6.0)
    found = course(patients, doses)
    for k in range(4):
        alone = patients.chosen(np.array([k]))
        assert np.abs(found[k] - by_solver(alone, doses[k])).max() < 0.001
    assert np.ptp(found[:, -1]) > 0.3


@settings(max_examples=30, deadline=None)
@given(
    st.floats(0.02, 0.6), st.floats(0.01, 4.0), st.lists(st.floats(0, 20), min_size=1, max_size=12), st.floats(0.3, 3.0)
)
def test_no_drug_is_lost_and_none_appears(cl: float, ka: float, doses: list[float], factor: float) -> None:
    patients = replace(bodies(np.array([cl]), np.array([3.0])), absorption_per_h=np.array([ka]))
    amounts = untreated(1)
    for dose in doses:
        amounts = next_day(patients, amounts, np.array([dose]), factor)
        assert (amounts.depot_mg >= 0).all() and (amounts.central_mg >= -1e-12).all()
        assert ((amounts.chains >= 0) & (amounts.chains <= 1 + 1e-5)).all()
    total = amounts.depot_mg + amounts.central_mg + amounts.cleared_mg
    assert total[0] == pytest.approx(PUBLISHED.s_share * sum(doses), rel=1e-9, abs=1e-9)


def test_absorption_as_fast_as_clearance_is_no_division_by_zero() -> None:
    one = bodies(np.array([0.35]), np.array([3.0]))
    same = replace(one, absorption_per_h=one.clearance_l_per_h / one.volume_l)
    near = replace(one, absorption_per_h=one.clearance_l_per_h / one.volume_l * (1 + 1e-4))
    doses = np.full((1, 10), 5.0)
    assert course(same, doses) == pytest.approx(course(near, doses), abs=1e-3)


def test_without_the_drug_the_inr_stays_where_it_was() -> None:
    patients = typical(("*1/*1", "GG"))
    assert course(patients, np.zeros((1, 10))) == pytest.approx(np.ones((1, 10)), abs=1e-4)
    assert inr(patients, untreated(1)) == pytest.approx([1.0])


def test_a_missed_dose_lowers_the_effect_and_it_comes_back() -> None:
    patients = typical(("*1/*1", "GA"))
    doses = np.full((1, 60), 5.6)
    missed = doses.copy()
    missed[0, 30] = 0.0
    lost = course(patients, doses)[0] - course(patients, missed)[0]
    assert (lost[:30] == 0).all()
    assert lost[31:35].max() > 0.1
    assert lost[-1] == pytest.approx(0, abs=0.005)


def test_a_drug_that_slows_the_clearance_raises_the_inr_and_lowers_the_dose_that_is_needed() -> None:
    patients = typical(("*1/*1", "GA"))
    alone, with_drug = (course(patients, np.full((1, 40), 5.0), np.full((1, 40), f))[0, -1] for f in (1.0, 0.8))
    assert with_drug > alone + 0.3
    assert steady_dose(patients, 2.5, 0.8)[0] == pytest.approx(0.8 * steady_dose(patients, 2.5)[0], rel=0.02)


def test_a_dose_taken_for_ever_ends_at_the_steady_inr() -> None:
    patients = typical(("*1/*1", "GG"), ("*1/*3", "AA"))
    dose = steady_dose(patients, 2.5)
    assert course(patients, np.tile(dose[:, None], 200))[:, -1] == pytest.approx([2.5, 2.5], abs=0.002)
    assert steady_inr(patients, dose) == pytest.approx([2.5, 2.5], abs=1e-6)


def test_age_lowers_the_clearance() -> None:
    young, old = (clearance("*1/*1", age) for age in (31.0, 91.0))
    assert old / young == pytest.approx((1 - 0.00571 * 20) / (1 + 0.00571 * 40))
    assert clearance("*1/*1", 400.0) > 0


def test_patients_taken_out_of_many_go_on_as_before() -> None:
    patients = typical(("*1/*1", "GG"), ("*1/*3", "AA"), ("*2/*2", "GA"))
    rows = np.array([2, 0])
    doses = np.full((3, 5), 5.0)
    assert course(patients.chosen(rows), doses[rows]) == pytest.approx(course(patients, doses)[rows])


def test_a_disturbance_leaves_the_inr_before_the_drug_and_full_inhibition_alone() -> None:
    patients = disturbed(typical(*[("*1/*1", "GG")] * 50), 0.3, np.random.default_rng(0))
    assert (patients.inr_base == 1.0).all()
    assert patients.emax.max() <= 1.0
    ratio = patients.volume_l / PUBLISHED.volume_l
    assert ratio.min() >= 0.7 and ratio.max() <= 1.3 and np.ptp(ratio) > 0.4

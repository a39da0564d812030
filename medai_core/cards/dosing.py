"""What a model that doses a drug says of itself in its card, and what its recipe measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reward:
    """What a day is worth in training: 1 in range, less what is below.

    Attributes
    ----------
    bleeding_per_inr : for each 1.0 that the INR is above the range; bleeding_above : beside that, above ``high_inr``.
    clotting_per_inr : for each 1.0 that it is below the range.
    visit : for each measurement.
    """

    bleeding_per_inr: float
    bleeding_above: float
    clotting_per_inr: float
    visit: float


@dataclass(frozen=True)
class DosingSpec:
    """How a drug is dosed, and the limits that hold whatever a network says.

    Attributes
    ----------
    develop : the table below the data folder that virtual patients are fitted to.
    days : the length of a course that is measured.
    range_inr : the therapeutic range; target_inr : what is aimed at.
    high_inr : above it no dose is raised, and the next visit is at most ``soon_days`` away.
    dose_max_mg_per_day : the largest dose; first_max_mg_per_day : the largest on the first visit.
    step_share, step_least_mg : a dose rises by at most this share of the last one, but by this much in any case.
    fall_share : a dose falls by at most this share of the last one, unless the INR is above ``high_inr``.
    step_mg_per_week : weekly doses are multiples of it.
    visit_days : the days until the next visit that can be chosen; early_days : until when at most a week;
        out_days : at most so many after an INR out of range.
    """

    develop: str
    days: int
    range_inr: tuple[float, ...]
    target_inr: float
    high_inr: float
    dose_max_mg_per_day: float
    first_max_mg_per_day: float
    step_share: float
    step_least_mg: float
    fall_share: float
    step_mg_per_week: float
    visit_days: tuple[int, ...]
    early_days: int
    soon_days: int
    out_days: int
    reward: Reward
    why: str = ""


@dataclass(frozen=True)
class Corrections:
    """How the stable dose that people needed differs from the published model's, in natural logarithms.

    Fitted by least squares; every coefficient is of at least 10 people.

    Attributes
    ----------
    typical : of CYP2C9 *1/*1 and VKORC1 GG at the model's own age, white, ``weight_kg`` and ``height_cm``.
    one_variant, two_variants : of CYP2C9; vkorc1 : GA and AA.
    age_per_decade : for each ten years above the model's own age.
    weight, height : for each unit of the logarithm of weight and height.
    people : that it was fitted to; residual : standard deviation of what is left.
    """

    typical: float
    one_variant: float
    two_variants: float
    vkorc1: tuple[float, ...]
    age_per_decade: float
    weight: float
    height: float
    amiodarone: float
    inducer: float
    race: dict[str, float]
    weight_kg: float
    height_cm: float
    residual: float
    people: int


@dataclass(frozen=True)
class Group:
    """People of one race: what their virtual patients are drawn from; each number is of at least 10 people.

    Attributes
    ----------
    share : of all people; female : the share of women.
    cyp2c9 : the shares of the alleles *1, *2 and *3; vkorc1_a : of the allele A of VKORC1 -1639.
    decades : shares of the ages by decade, the first of them from ``first_decade`` years.
    height_cm, weight_log : mean and standard deviation, women and men.
    weight_height : correlation of the logarithm of weight with height within a sex.
    """

    name: str
    share: float
    people: int
    female: float
    cyp2c9: tuple[float, ...]
    vkorc1_a: float
    first_decade: int
    decades: tuple[float, ...]
    height_cm: tuple[tuple[float, ...], ...]
    weight_log: tuple[tuple[float, ...], ...]
    weight_height: float


@dataclass(frozen=True)
class Variability:
    """How virtual patients differ, and how one differs from day to day; what is not of the table is an assumption.

    Attributes
    ----------
    clearance_sd, ec50_sd : between patients, of the logarithm.
    drift_sd, drift_days : within a patient: of the logarithm of the clearance, forgotten after so many days.
    inr_sd : of the logarithm of a measured INR around the true one.
    missed : share of doses that are not taken.
    started, stopped : share of patients per course who start or stop an interacting drug; interaction_days : in which
        two thirds of its effect come or go.
    """

    clearance_sd: float
    ec50_sd: float
    drift_sd: float
    drift_days: float
    inr_sd: float
    missed: float
    started: float
    stopped: float
    interaction_days: float


@dataclass(frozen=True)
class Dosed:
    """What the recipe found out about the people that a drug is dosed in.

    Attributes
    ----------
    groups : by race; amiodarone, inducer : shares of people who take one.
    """

    corrections: Corrections
    groups: tuple[Group, ...]
    variability: Variability
    amiodarone: float
    inducer: float

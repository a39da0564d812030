"""Virtual patients: drawn from distributions fitted to a table, so that none of them is a person in it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from medai_core.cards.dosing import Dosed, Group, Variability
from medai_core.precision.dosing.people import RACES, Bools, Ints, People, genotype_shares, group_of, typical
from medai_core.precision.pharmacology import PUBLISHED, Bodies, Floats, Parameters, disturbed


@dataclass(frozen=True, eq=False)
class VirtualPatients:
    """Patients of whom everything is known, and what will happen to them whatever they are given.

    Attributes
    ----------
    people : what a clinician knows at the start; the genotype may be hidden.
    bodies : what they are really like.
    amiodarone, inducer : (n, days), whether they take it on a day.
    clearance_factor : (n, days), what drugs and the ups and downs of life make of the clearance.
    missed : (n, days), whether a dose is forgotten.
    inr_error : (n, days + 1), by what a measured INR is multiplied.
    """

    people: People
    bodies: Bodies
    amiodarone: Bools
    inducer: Bools
    clearance_factor: Floats
    missed: Bools
    inr_error: Floats

    def __len__(self) -> int:
        return len(self.people)

    def chosen(self, rows: Ints) -> VirtualPatients:
        """These patients alone."""
        rest = {k: v[rows] for k, v in vars(self).items() if isinstance(v, np.ndarray)}
        return replace(self, people=self.people.chosen(rows), bodies=self.bodies.chosen(rows), **rest)


def draw_patients(
    dosed: Dosed,
    n: int,
    days: int,
    rng: np.random.Generator,
    *,
    parameters: Parameters = PUBLISHED,
    disturbance: float = 0.0,
    unknown: float = 0.0,
) -> VirtualPatients:
    """``n`` patients with what happens to them in ``days``.

    Parameters
    ----------
    disturbance : every parameter of everybody is off by up to this share from what the model believes.
    unknown : share of patients whose genotypes nobody knows, each of the two by itself.
    """
    people = draw_people(dosed, n, rng)
    expected = typical(people, dosed, parameters)
    between = dosed.variability
    real = replace(
        expected.bodies,
        clearance_l_per_h=expected.bodies.clearance_l_per_h * np.exp(between.clearance_sd * rng.standard_normal(n)),
        ec50_mg_per_l=expected.bodies.ec50_mg_per_l * np.exp(between.ec50_sd * rng.standard_normal(n)),
    )
    if disturbance:
        real = disturbed(real, disturbance, rng)
    hidden = {name: np.where(rng.random(n) < unknown, -1, getattr(people, name)) for name in ("cyp2c9", "vkorc1")}
    taken = {name: _taken(getattr(people, name), between, days, rng, name) for name in ("amiodarone", "inducer")}
    logs = dosed.corrections.amiodarone, dosed.corrections.inducer
    drugs = sum(log * _acting(now, between) for log, now in zip(logs, taken.values(), strict=True))
    return VirtualPatients(
        replace(people, **hidden),
        real,
        **taken,
        clearance_factor=np.exp(drugs + drift(n, days, between, rng)),
        missed=rng.random((n, days)) < between.missed,
        inr_error=np.exp(between.inr_sd * rng.standard_normal((n, days + 1))),
    )


def draw_people(dosed: Dosed, n: int, rng: np.random.Generator) -> People:
    """What is known of ``n`` patients at the start."""
    race = rng.choice(len(RACES), n, p=_shares(dosed)).astype(np.int64)
    sizes = np.zeros((3, n))
    genes = np.zeros((2, n), dtype=np.int64)
    for k, name in enumerate(RACES):
        rows = np.flatnonzero(race == k)
        group = group_of(dosed, name)
        for gene, shares in enumerate(genotype_shares(group)):
            genes[gene, rows] = rng.choice(len(shares), len(rows), p=shares)
        sizes[:, rows] = _sizes(group, len(rows), rng)
    age, height, weight = sizes
    drugs = [rng.random(n) < share for share in (dosed.amiodarone, dosed.inducer)]
    return People(age, height, weight, race, genes[0], genes[1], *drugs)


def _shares(dosed: Dosed) -> Floats:
    found = np.array([next((g.share for g in dosed.groups if g.name == name), 0.0) for name in RACES])
    return np.asarray(found / found.sum())


def _sizes(group: Group, n: int, rng: np.random.Generator) -> Floats:
    """Age in years, height in cm and weight in kg of ``n`` people of a group, (3, n)."""
    decade = rng.choice(len(group.decades), n, p=np.array(group.decades) / sum(group.decades))
    age = group.first_decade + 10.0 * decade + rng.integers(0, 10, n)
    sex = (rng.random(n) >= group.female).astype(int)
    height_mean, height_sd = np.array(group.height_cm)[sex].T
    weight_mean, weight_sd = np.array(group.weight_log)[sex].T
    z, own = rng.standard_normal((2, n))
    shared = group.weight_height
    weight = weight_mean + weight_sd * (shared * z + np.sqrt(1 - shared**2) * own)
    return np.stack([age, np.clip(height_mean + height_sd * z, 120, 210), np.clip(np.exp(weight), 30, 220)])


def _taken(at_start: Bools, between: Variability, days: int, rng: np.random.Generator, name: str) -> Bools:
    """On which days a drug is taken: some stop it in the course, some start it; (n, days)."""
    n = len(at_start)
    share = np.where(at_start, between.stopped, between.started * (0.2 if name == "inducer" else 1.0))
    changes = rng.random(n) < share
    day = np.where(changes, rng.integers(10, max(11, days), n), days)
    return np.asarray(at_start[:, None] ^ (np.arange(days)[None] >= day[:, None]))


def _acting(taken: Bools, between: Variability) -> Floats:
    """How much of a drug's effect is there on each day, 0 to 1: it comes and goes by and by."""
    level = taken[:, 0].astype(np.float64)
    found = np.empty(taken.shape)
    follow = 1 - np.exp(-1 / between.interaction_days)
    for day in range(taken.shape[1]):
        level = level + follow * (taken[:, day] - level)
        found[:, day] = level
    return found


def drift(n: int, days: int, between: Variability, rng: np.random.Generator) -> Floats:
    """The logarithm of what food, illness and chance make of the clearance, (n, days): it wanders about 0."""
    kept = np.exp(-1 / between.drift_days)
    step = between.drift_sd * np.sqrt(1 - kept**2)
    found = np.empty((n, days))
    now = between.drift_sd * rng.standard_normal(n)
    for day in range(days):
        found[:, day] = now
        now = kept * now + step * rng.standard_normal(n)
    return found

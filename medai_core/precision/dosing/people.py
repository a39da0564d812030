"""Many patients at once, as arrays: what is known of them before the first dose."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from medai_core.cards.dosing import Dosed, Group
from medai_core.precision.pharmacology import CYP2C9, PUBLISHED, VKORC1, Bodies, Floats, Parameters, bodies, ec50
from medai_core.precision.pharmacology import clearance as clearance_of

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

RACES = ("white", "asian", "black", "unknown")
UNKNOWN = -1
DRUGS = ("amiodarone", "inducer")


@dataclass(frozen=True, eq=False)
class People:
    """Patients, (n,) each.

    Attributes
    ----------
    race : place in ``RACES``.
    cyp2c9, vkorc1 : place in ``CYP2C9`` and ``VKORC1``; ``UNKNOWN`` where nobody has looked.
    amiodarone, inducer : whether they take it now.
    """

    age_years: Floats
    height_cm: Floats
    weight_kg: Floats
    race: Ints
    cyp2c9: Ints
    vkorc1: Ints
    amiodarone: Bools
    inducer: Bools

    def __len__(self) -> int:
        return len(self.age_years)

    def chosen(self, rows: Ints) -> People:
        """These patients alone."""
        return People(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


def group_of(dosed: Dosed, race: str) -> Group:
    """The group of a race; the largest one where the table had none of it."""
    return next((g for g in dosed.groups if g.name == race), max(dosed.groups, key=lambda g: g.people))


def genotype_shares(group: Group) -> tuple[Floats, Floats]:
    """The shares of ``CYP2C9`` and of ``VKORC1`` in a group, after Hardy and Weinberg."""
    one, two, three = group.cyp2c9
    a = group.vkorc1_a
    cyp2c9 = np.array([one * one, 2 * one * two, 2 * one * three, two * two, 2 * two * three, three * three])
    return cyp2c9 / cyp2c9.sum(), np.array([(1 - a) ** 2, 2 * a * (1 - a), a * a])


@dataclass(frozen=True, eq=False)
class Typical:
    """What is expected of patients from what is known of them.

    Attributes
    ----------
    bodies : each as the typical patient like that, without interacting drugs.
    clearance_sd, ec50_sd : how far one may be from that, of the logarithm, (n,); wider for an unknown genotype.
    """

    bodies: Bodies
    clearance_sd: Floats
    ec50_sd: Floats


def typical(people: People, dosed: Dosed, parameters: Parameters = PUBLISHED) -> Typical:
    """The typical patient like each of them, corrected to what people in the table needed."""
    clearance, clearance_sd = _by_genotype(people, dosed, people.cyp2c9, 0, _clearances(dosed, parameters))
    half, half_sd = _by_genotype(people, dosed, people.vkorc1, 1, _ec50s(dosed, parameters))
    between = dosed.variability
    clearance += _of_covariates(people, dosed, parameters)
    half += np.array([dosed.corrections.race.get(name, 0.0) for name in RACES])[people.race]
    return Typical(
        bodies(np.exp(clearance), np.exp(half), parameters),
        np.hypot(clearance_sd, between.clearance_sd),
        np.hypot(half_sd, between.ec50_sd),
    )


def _clearances(dosed: Dosed, parameters: Parameters) -> Floats:
    """The logarithm of the clearance of each of ``CYP2C9`` at the model's own age."""
    c = dosed.corrections
    shift = (0.0, c.one_variant, c.two_variants)
    variants = [sum(allele != "*1" for allele in name.split("/")) for name in CYP2C9]
    return np.array(
        [
            np.log(clearance_of(name, parameters.age_years, parameters)) + c.typical + shift[k]
            for name, k in zip(CYP2C9, variants, strict=True)
        ]
    )


def _ec50s(dosed: Dosed, parameters: Parameters) -> Floats:
    shift = (0.0, *dosed.corrections.vkorc1)
    return np.array([np.log(ec50(name, parameters)) + s for name, s in zip(VKORC1, shift, strict=True)])


def _by_genotype(people: People, dosed: Dosed, known: Ints, gene: int, values: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of a logarithm, (n,): where a genotype is unknown, those of the person's race."""
    groups = [group_of(dosed, race) for race in RACES]
    shares = np.stack([genotype_shares(group)[gene] for group in groups])
    mean = shares @ values
    spread = np.sqrt(np.maximum(shares @ values**2 - mean**2, 0))
    unknown = known == UNKNOWN
    return np.where(unknown, mean[people.race], values[known]), np.where(unknown, spread[people.race], 0.0)


def _of_covariates(people: People, dosed: Dosed, parameters: Parameters) -> Floats:
    c = dosed.corrections
    years = people.age_years - parameters.age_years
    of_age = np.log(np.maximum(0.1, 1 - parameters.age_slope_per_year * years)) + c.age_per_decade * years / 10
    size = c.weight * np.log(people.weight_kg / c.weight_kg) + c.height * np.log(people.height_cm / c.height_cm)
    return np.asarray(of_age + size)


def interaction(people: People, dosed: Dosed) -> Floats:
    """By what the clearance is multiplied while the drugs that each takes now act fully, (n,)."""
    c = dosed.corrections
    return np.asarray(np.exp(c.amiodarone * people.amiodarone + c.inducer * people.inducer))

"""The dose that the IWPC's equations give before the first INR is known.

Klein and the International Warfarin Pharmacogenetics Consortium, N Engl J Med 2009;360:753-764
(10.1056/NEJMoa0809329), supplementary appendix: each is the square root of the weekly dose.
"""

from __future__ import annotations

import numpy as np

from medai_core.precision.dosing.people import RACES, UNKNOWN, People
from medai_core.precision.pharmacology import CYP2C9, VKORC1, Floats

FIXED_MG_PER_DAY = 5.0
_OF_CYP2C9 = {"*1/*2": -0.5211, "*1/*3": -0.9357, "*2/*2": -1.0616, "*2/*3": -1.9206, "*3/*3": -2.3312}
_OF_VKORC1 = {"GA": -0.8677, "AA": -1.6974}
_OF_RACE = {"asian": -0.1092, "black": -0.2760, "unknown": -0.1032}
_OF_RACE_CLINICAL = {"asian": -0.6752, "black": 0.4060, "unknown": 0.0443}


def pharmacogenetic_dose(people: People) -> Floats:
    """The daily dose in mg, (n,), by the pharmacogenetic equation; an unknown genotype is a term of its own."""
    cyp2c9 = np.array([*(_OF_CYP2C9.get(name, 0.0) for name in CYP2C9), -0.2188])
    vkorc1 = np.array([*(_OF_VKORC1.get(name, 0.0) for name in VKORC1), -0.4854])
    assert UNKNOWN == -1, "the term of an unknown genotype stands last"
    root = (
        5.6044
        - 0.2614 * _decades(people)
        + 0.0087 * people.height_cm
        + 0.0128 * people.weight_kg
        + vkorc1[people.vkorc1]
        + cyp2c9[people.cyp2c9]
        + np.array([_OF_RACE.get(name, 0.0) for name in RACES])[people.race]
        + 1.1816 * people.inducer
        - 0.5503 * people.amiodarone
    )
    return _daily(root)


def clinical_dose(people: People) -> Floats:
    """The daily dose in mg, (n,), by the clinical equation, which asks for no genotype."""
    root = (
        4.0376
        - 0.2546 * _decades(people)
        + 0.0118 * people.height_cm
        + 0.0134 * people.weight_kg
        + np.array([_OF_RACE_CLINICAL.get(name, 0.0) for name in RACES])[people.race]
        + 1.2799 * people.inducer
        - 0.5695 * people.amiodarone
    )
    return _daily(root)


def _decades(people: People) -> Floats:
    """The age as the equations take it: 2 from 20 to 29 years."""
    return np.floor(people.age_years / 10)


def _daily(root: Floats) -> Floats:
    # A square would turn a root below 0 into a dose.
    return np.asarray(np.maximum(root, 0.5) ** 2 / 7)

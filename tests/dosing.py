"""What the tests of doses share: the card's own way to dose, and people who are nobody."""

from __future__ import annotations

from functools import cache

import numpy as np

from medai_core.cards import Card
from medai_core.cards.dosing import Dosed, DosingSpec
from medai_core.catalog import find_models
from medai_core.precision.dosing.model import DosingModel
from medai_core.precision.dosing.people import RACES, UNKNOWN, People
from medai_core.precision.pharmacology import CYP2C9, VKORC1
from medai_core.training.dosing_cohort import drawn_table, fit_cohort

NAME = "warfarin_policy"


def card() -> Card:
    return find_models().card(NAME)


def spec() -> DosingSpec:
    found = card().dosing
    assert found is not None
    return found


@cache
def model() -> DosingModel:
    models = find_models()
    return models.dosing_model(models.card(NAME))


@cache
def drawn() -> Dosed:
    """Distributions of people who are nobody."""
    return fit_cohort(drawn_table())


def people(
    *,
    age_years: float = 65.0,
    height_cm: float = 170.0,
    weight_kg: float = 75.0,
    race: str = "white",
    cyp2c9: str = "*1/*1",
    vkorc1: str = "GG",
    amiodarone: bool = False,
    inducer: bool = False,
) -> People:
    """One person."""
    return People(
        np.array([age_years]),
        np.array([height_cm]),
        np.array([weight_kg]),
        np.array([RACES.index(race)]),
        np.array([CYP2C9.index(cyp2c9) if cyp2c9 else UNKNOWN]),
        np.array([VKORC1.index(vkorc1) if vkorc1 else UNKNOWN]),
        np.array([amiodarone]),
        np.array([inducer]),
    )

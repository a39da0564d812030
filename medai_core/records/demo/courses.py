"""Simulated stays in intensive care: what was measured of someone hour by hour while they fared well or ill.

Every value walks around the middle of what the cards publish of their cohorts (5, 50 and 95 %), and moves with how
ill the person is, by so many of the cohort's standard deviations as ``SIGNS`` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import pandas as pd

from medai_core.cards import Card, PredictorSpec
from medai_core.catalog import Catalog
from medai_core.metrics import Floats

Quantiles = tuple[float, ...]
Course = dict[str, tuple[Floats, Floats]]
"""The minutes since the start and the values of each sign."""


@dataclass(frozen=True)
class Sign:
    """Something that is measured.

    Attributes
    ----------
    every : hours between two measurements. ill : standard deviations by which it moves in someone gravely ill;
        septic : the same where the reason is an infection.
    """

    every: int
    ill: float
    septic: float


SIGNS = {
    "heart_rate": Sign(1, 1.7, 2.1),
    "respiratory_rate": Sign(1, 1.6, 2.0),
    "oxygen_saturation": Sign(1, -1.5, -1.1),
    "systolic": Sign(1, -1.6, -1.7),
    "diastolic": Sign(1, -1.2, -1.5),
    "mean_pressure": Sign(1, -1.6, -1.8),
    "temperature": Sign(2, -0.3, 2.1),
    "coma_scale": Sign(4, -1.3, -0.7),
    "urine": Sign(1, -1.2, -1.1),
    "arterial_saturation": Sign(6, -1.3, -1.0),
    "oxygen_fraction": Sign(6, 1.2, 0.8),
    "ph": Sign(6, -1.6, -1.2),
    "carbon_dioxide": Sign(6, 0.6, -0.8),
    "oxygen_pressure": Sign(6, -0.9, -0.6),
    "bicarbonate": Sign(6, -1.3, -1.1),
    "base_excess": Sign(6, -1.5, -1.2),
    "lactate": Sign(6, 1.6, 1.3),
    "glucose": Sign(6, 0.6, 0.8),
    "potassium": Sign(6, 0.7, 0.3),
    "sodium": Sign(12, 0.2, 0.0),
    "haematocrit": Sign(12, -0.5, -0.4),
    "haemoglobin": Sign(12, -0.5, -0.4),
    "white_blood_cells": Sign(12, 0.4, 1.7),
    "platelets": Sign(12, -0.7, -1.0),
    "creatinine": Sign(12, 1.1, 0.9),
    "urea_nitrogen": Sign(12, 1.0, 0.8),
    "bilirubin": Sign(12, 0.5, 0.6),
    "magnesium": Sign(12, 0.0, 0.0),
}
"""How often, and how far: typical of a ward; no patient was looked at."""
SAME = {"systolic_bp": "systolic", "diastolic_bp": "diastolic", "mean_bp": "mean_pressure"}
"""What is one thing by two names."""
CALM = 0.1
"""How ill someone is who is well enough, where 1 is gravely."""
WORST = 1.5
"""By how much someone is worse at the end who goes on worsening."""
GAP = range(4, 9)
"""The hours in which nothing is measured of the one with gaps."""


def quantiles(models: Catalog) -> dict[str, Quantiles]:
    """What the cards that watch stays publish of each sign, by its name here."""
    found: dict[str, Quantiles] = {}
    for card in models.trained("monitoring"):
        if card.measured is not None and card.measured.monitored is not None:
            for name, published in card.measured.monitored.typical.items():
                found.setdefault(SAME.get(name, name), published)
    return found


def simulate(course: str, hours: int, published: Mapping[str, Quantiles], seed: int) -> Course:
    """What was measured in one stay.

    Parameters
    ----------
    course : "stable", "worsening", "septic" or "gaps" (well enough, and much is missing).
    published : 5, 50 and 95 % of each sign; one without is not measured.
    """
    ill = _ill(course, np.arange(hours) / max(hours - 1, 1))
    found = {name: _sign(name, course, ill, published[name], seed) for name in SIGNS if name in published}
    if {"systolic", "diastolic", "mean_pressure"} <= found.keys():
        minute, systolic = found["systolic"]
        found["mean_pressure"] = minute, (systolic + 2 * found["diastolic"][1]) / 3
    return found


def _ill(course: str, share: Floats) -> Floats:
    """How ill someone is at each hour, 1 is gravely."""
    if course == "worsening":
        return np.asarray(CALM + WORST * share**1.3)
    if course == "septic":
        return np.asarray(CALM + (1 - CALM) / (1 + np.exp(-14 * (share - 0.62))))
    return np.full(len(share), CALM)


def _sign(name: str, course: str, ill: Floats, published: Quantiles, seed: int) -> tuple[Floats, Floats]:
    sign, rng = SIGNS[name], np.random.default_rng([seed, crc32(name.encode())])
    z = _wandering(len(ill), rng) + ill * (sign.septic if course == "septic" else sign.ill)
    at = np.arange(0, len(ill), sign.every if course != "gaps" else 3 * sign.every)
    if course == "gaps":
        at = at[~np.isin(at, GAP)]
    minute = at * 60.0 + (5 if sign.every <= 2 else rng.integers(5, 45))
    return np.asarray(minute, dtype=np.float64), _value(z[at], published)


def _wandering(hours: int, rng: np.random.Generator) -> Floats:
    """Standard deviations around someone's own middle: each hour remembers most of the one before."""
    steps, found = rng.normal(0, 0.13, hours), np.zeros(hours)
    for hour in range(1, hours):
        found[hour] = 0.88 * found[hour - 1] + steps[hour]
    return np.asarray(found + rng.normal(0, 0.08, hours) + rng.normal(0, 0.25))


def _value(z: Floats, published: Quantiles) -> Floats:
    """Standard deviations as values: straight lines through the published 5, 50 and 95 %."""
    low, middle, high = published
    step = np.where(z < 0, middle - low, high - middle) / 1.645
    return np.asarray(middle + step * z)


def in_card_words(course: Course, fixed: Mapping[str, float | str], card: Card, stay: str) -> pd.DataFrame:
    """A stay as one model is told it: ``stay, minute, parameter, value``, by time.

    Parameters
    ----------
    fixed : what does not change (age, sex), a category by its name; what the card does not ask is left out.
    """
    found: list[tuple[float, str, float]] = []
    for p in card.predictors:
        if p.name in fixed:
            given = fixed[p.name]
            found.append((0.0, p.name, _place(p, given) if isinstance(given, str) else given))
        elif (sign := SAME.get(p.name, p.name)) in course:
            minutes, values = course[sign]
            inside = np.round(np.clip(values, p.low, p.high), p.decimals)
            found += [(m, p.name, v) for m, v in zip(minutes.tolist(), inside.tolist(), strict=True)]
    found.sort(key=lambda row: row[0])
    minute, parameter, value = zip(*found, strict=True) if found else ((), (), ())
    return pd.DataFrame({"stay": stay, "minute": minute, "parameter": parameter, "value": value})


def _place(p: PredictorSpec, category: str) -> float:
    return float([c.name for c in p.categories].index(category))

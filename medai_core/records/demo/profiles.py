"""People drawn from what the cards publish of their cohorts, and the risks that the models give them.

Each number is drawn from the published quantiles, each category from its share. That they fit together as they do in
the cohort is taken from the model's own spread of numbers around the mean (a Gaussian copula); categories are drawn
one by one, since no card says how they go together.
"""

from __future__ import annotations

from datetime import timedelta
from statistics import NormalDist

import numpy as np

from medai_core.cards import PredictorSpec
from medai_core.cards.measured import QUANTILES, PredictorStatistics
from medai_core.catalog import Catalog
from medai_core.errors import N_, Message
from medai_core.metrics import Floats
from medai_core.prognosis.assessment import assess
from medai_core.prognosis.entries import Entry, as_row, refusals
from medai_core.prognosis.risk import RiskModel
from medai_core.records.access import Person
from medai_core.records.demo.people import DISAGREES, Profile
from medai_core.records.store import Store
from medai_core.records.store.estimates import Value, file_estimate
from medai_core.records.store.patients import Patient
from medai_core.records.store.results import give_verdict

NORMAL = NormalDist()
SEXES = {"F": "female", "M": "male"}
KEPT = 0.8
"""Correlation of a value with the same person's at the next visit."""
YEAR = timedelta(days=365.25)
WHY = N_("The heart beats better on a newer echocardiogram; the risk is lower than this.")


def file_profile(ward: Store, person: Person, models: Catalog, to: Patient, event: Profile, seed: int) -> None:
    """Draw someone and file what the outcome's recommended model says; nothing where none is trained."""
    cards = models.outcomes().get(event.outcome, ())
    if not cards or to.details.birth_date is None:
        return
    model = models.risk_model(cards[0])
    years = (ward.clock().date() - to.details.birth_date) / YEAR
    for values, before in zip(_visits(model, to, years, event, seed), (*event.earlier, 0.0), strict=True):
        at = ward.clock() - before * YEAR
        if event.slip is not None:
            slipped = values | {event.slip[0]: event.slip[1]}
            wrong = refused(model, slipped)
            if wrong:
                file_estimate(ward, person, to.id, model, slipped, wrong, at=at - timedelta(minutes=4))
        row = as_row(model.card, {name: Entry(value) for name, value in values.items()})
        id = file_estimate(ward, person, to.id, model, values, assess(model, row, explained=True), at=at)
    if event.verdict:
        agrees = event.verdict != DISAGREES
        give_verdict(ward, person, agrees=agrees, why="" if agrees else WHY, estimate_id=id)


def refused(model: RiskModel, values: dict[str, Value]) -> tuple[Message, ...]:
    """Why no risk is given for what was entered."""
    return refusals(model.card, {name: Entry(value) for name, value in values.items()})


def _visits(model: RiskModel, to: Patient, years: float, event: Profile, seed: int) -> list[dict[str, Value]]:
    """The person at each visit, the oldest first: categories stay, numbers wander."""
    rng = np.random.default_rng(seed)
    categories = {p.name: _category(p, s, to, rng) for p, s in _asked(model) if p.kind != "number"}
    numbers = [p.name for p, _ in _asked(model) if p.kind == "number"]
    spread = np.linalg.cholesky(_together(model))
    z, found = spread @ rng.standard_normal(len(numbers)), []
    for before in (*event.earlier, 0.0):
        age = years - before
        found.append(categories | _numbers(model, _at_age(model, z, age), age))
        z = KEPT * z + np.sqrt(1 - KEPT**2) * (spread @ rng.standard_normal(len(numbers)))
    return [{p.name: values[p.name] for p in model.card.predictors} for values in found]


def _asked(model: RiskModel) -> list[tuple[PredictorSpec, PredictorStatistics]]:
    return list(zip(model.card.predictors, model.measured.predictors, strict=True))


def _together(model: RiskModel) -> Floats:
    """How the numbers correlate in the cohort, (numbers, numbers)."""
    covariance = np.linalg.pinv(model.precision)
    deviation = np.sqrt(np.diag(covariance))
    correlation: Floats = covariance / np.outer(deviation, deviation)
    return 0.999 * correlation + 0.001 * np.eye(len(correlation))


def _at_age(model: RiskModel, z: Floats, age: float) -> Floats:
    """The person given the age: what goes with age moves along with it."""
    numbers = [(p, s) for p, s in _asked(model) if p.kind == "number"]
    place = next((i for i, (p, _) in enumerate(numbers) if p.name == "age"), None)
    if place is None:
        return z
    wanted = NORMAL.inv_cdf(float(np.interp(age, numbers[place][1].quantiles, QUANTILES)))
    return np.asarray(z + _together(model)[:, place] * (wanted - z[place]))


def _numbers(model: RiskModel, z: Floats, age: float) -> dict[str, Value]:
    found: dict[str, Value] = {}
    numbers = [(p, s) for p, s in _asked(model) if p.kind == "number"]
    for (p, s), place in zip(numbers, z.tolist(), strict=True):
        value = age if p.name == "age" else float(np.interp(NORMAL.cdf(place), QUANTILES, s.quantiles))
        found[p.name] = round(min(max(value, p.low), p.high), p.decimals)
    return found


def _category(p: PredictorSpec, s: PredictorStatistics, to: Patient, rng: np.random.Generator) -> Value:
    """A category by the cohort's shares; nothing where it is not known of as many as there."""
    drawn, unknown = rng.random(), rng.random() < s.missing_share
    if p.name == "sex":
        return SEXES.get(to.details.sex or "")
    names, shares = list(s.shares), np.cumsum(list(s.shares.values()))
    return None if unknown else names[min(int(np.searchsorted(shares, drawn * shares[-1])), len(names) - 1)]

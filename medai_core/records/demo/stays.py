"""The DEMO ward's stays in intensive care: vital signs filed, and the risks that the models give hour by hour."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import numpy as np
import pandas as pd

from medai_core.cards import Card
from medai_core.catalog import Catalog
from medai_core.errors import N_
from medai_core.prognosis.monitoring import Answers, Hours, MonitorModel, answer, by_hour
from medai_core.prognosis.monitoring.hours import LAST
from medai_core.records.access import Person
from medai_core.records.demo.courses import Course, in_card_words, quantiles, simulate
from medai_core.records.demo.people import DISAGREES, PEOPLE, Planned, Stay, number_of, stays
from medai_core.records.store import Store
from medai_core.records.store.estimates import Value, file_watched
from medai_core.records.store.patients import Patient
from medai_core.records.store.results import give_verdict
from medai_core.records.store.vitals import PARAMETERS, Vital, file_vitals
from medai_core.sources.tables import harmless_csv

VITALS = {
    "heart_rate": "heart_rate",
    "systolic": "systolic_pressure",
    "diastolic": "diastolic_pressure",
    "respiratory_rate": "respiratory_rate",
    "oxygen_saturation": "oxygen_saturation",
    "temperature": "temperature",
}
"""The record's vital signs by the signs that are simulated."""
EVERY = 6
"""Hours between two risks that are filed."""
SEXES = {"F": "female", "M": "male"}
SLIP = {"minute": 135.0, "parameter": "heart_rate", "value": "999"}
"""A value that cannot be."""
Courses = dict[int, Course]
WHY = N_("The fever began after the transfusion, and the cultures are sterile; I do not take it for sepsis.")


def simulated(models: Catalog, seed: int) -> Courses:
    """What was measured in each stay, by the place of whose it is."""
    published = quantiles(models)
    return {place: simulate(stay.course, stay.hours, published, seed + 1000 + place) for place, stay in stays().items()}


def file_courses(
    ward: Store, person: Person, courses: Courses, patients: Mapping[int, Patient], names: Mapping[str, str] = VITALS
) -> None:
    """File the vital signs of all stays, which end now.

    Parameters
    ----------
    patients : in the record, by their place in ``PEOPLE``. names : the vital signs by the signs that are simulated.
    """
    for place, stay in stays().items():
        began = ward.clock() - timedelta(hours=stay.hours)
        given = [
            Vital(name, _rounded(name, value), began + timedelta(minutes=minute))
            for sign, name in names.items()
            if sign in courses[place]
            for minute, value in zip(*(part.tolist() for part in courses[place][sign]), strict=True)
        ]
        file_vitals(ward, person, patients[place].id, tuple(given))


def file_watching(
    ward: Store, person: Person, model: MonitorModel, courses: Courses, patients: Mapping[int, Patient]
) -> None:
    """File what a model says of each stay every few hours, the last among them, and the verdict on the newest."""
    end = ward.clock()
    for place, stay in stays().items():
        hours = by_hour(_told(courses, place, model.card), [number_of(place)], model.card.predictors)
        at = _hours(stay, model.card)
        found = answer(model, hours, at, explain=False)
        for i, hour in enumerate(at):
            when, values = end - timedelta(hours=stay.hours - hour), _known(model, hours, hour)
            id = file_watched(ward, person, patients[place].id, model, values, found, i, at=when)
        if _judged(stay, model.card, found):
            agrees = stay.verdict != DISAGREES
            give_verdict(ward, person, agrees=agrees, why="" if agrees else WHY, estimate_id=id)


def ward_file(models: Catalog, card: Card, seed: int, names: Mapping[str, str]) -> bytes:
    """The ward's stays as a file of observations (CSV): the one who is watched with gaps has a slip in it too.

    Parameters
    ----------
    names : what the stays of those who are still in the record are called, by their numbers; others are left out.
    """
    courses = simulated(models, seed)
    table = pd.concat([_told(courses, place, card) for place in courses], ignore_index=True)
    known = {p.name: [c.name for c in p.categories] for p in card.predictors if p.categories}
    table["value"] = [
        known[p][int(v)] if p in known else f"{v:g}" for p, v in zip(table["parameter"], table["value"], strict=True)
    ]
    gaps = next(number_of(place) for place, stay in stays().items() if stay.course == "gaps")
    table = pd.concat([table, pd.DataFrame([{"stay": gaps, **SLIP}])], ignore_index=True)
    table = table[table["stay"].isin(list(names))]
    return harmless_csv(table.assign(stay=table["stay"].map(dict(names))))


def _told(courses: Courses, place: int, card: Card) -> pd.DataFrame:
    return in_card_words(courses[place], _fixed(PEOPLE[place], stays()[place]), card, number_of(place))


def _fixed(planned: Planned, stay: Stay) -> dict[str, float | str]:
    """What does not change of someone while they are watched."""
    tall = {"F": 163.0, "M": 176.0}[planned.sex]
    numbers = {"age": float(int(planned.years)), "height": tall, "weight": tall - 96.0, "admitted_before": -6.0}
    return numbers | {"sex": SEXES[planned.sex], "unit": stay.unit}


def _rounded(name: str, value: float) -> float:
    p = PARAMETERS[name]
    return round(min(max(value, p.low), p.high), p.decimals)


def _hours(stay: Stay, card: Card) -> tuple[int, ...]:
    """The hours whose risks are filed: the last one too where it is a refusal."""
    assert card.monitoring is not None
    every = range(stay.hours % EVERY or EVERY, stay.hours, EVERY)
    return (*(hour for hour in every if card.monitoring.covers(hour)), stay.hours)


def _judged(stay: Stay, card: Card, found: Answers) -> bool:
    """Whether there is a verdict on this model's risk: a disagreement is about sepsis."""
    about = bool(stay.verdict) and (stay.verdict != DISAGREES or card.outcome.startswith("sepsis"))
    return about and bool(np.isfinite(found.risk[-1]))


def _known(model: MonitorModel, hours: Hours, hour: int) -> dict[str, Value]:
    """The newest value of each predictor at the end of an hour (from 1) of one stay."""
    found: dict[str, Value] = {}
    for place, p in enumerate(model.card.predictors):
        own = np.flatnonzero((hours.parameter == place) & (hours.hour < hour))
        newest = float(hours.cells[own[-1], LAST]) if len(own) else None
        found[p.name] = p.categories[int(newest)].name if p.categories and newest is not None else newest
    return found

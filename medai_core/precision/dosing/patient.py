"""One patient on warfarin: what is known at the start, and what happened since, by the day of treatment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np

from medai_core.cards import Card, PredictorSpec
from medai_core.cards.dosing import Dosed
from medai_core.errors import Message, PatientError
from medai_core.precision.dosing.people import DRUGS, RACES, UNKNOWN, People, group_of
from medai_core.precision.pharmacology import CYP2C9, VKORC1

INDUCERS = ("carbamazepine", "phenytoin", "rifampicin", "rifampin")
LONGEST_DAYS = 3650
DOSE_MOST_MG = 50.0
"""A dose that nobody was given; what is above it is a weekly dose or a slip."""


@dataclass(frozen=True)
class DoseChange:
    """From the morning of ``day`` on this dose is taken; the INR of that day was measured before it."""

    day: int
    dose_mg_per_day: float


@dataclass(frozen=True)
class InrValue:
    """An INR, measured in the morning of ``day`` before the dose."""

    day: int
    inr: float


@dataclass(frozen=True)
class DrugChange:
    """From ``day`` on the drug, one of ``DRUGS``, is taken or is not any more."""

    day: int
    drug: str
    taken: bool


@dataclass(frozen=True)
class Patient:
    """A patient; days count from that of the first dose, which is 0.

    Attributes
    ----------
    race : one of ``RACES``; "unknown" is an answer.
    height_cm, weight_kg : None where not known; cyp2c9, vkorc1 : empty where nobody has looked.
    drugs : those taken from the start, of ``DRUGS``; drug_changes : what began or ended since.
    doses, inrs : ascending by day; missed_days : on which the dose was not taken.
    today : the day that is to be decided about.
    began : the date of day 0, where INRs come with dates.
    id : what INRs of other people are told from; empty where there is none.
    """

    age_years: float
    race: str = "unknown"
    height_cm: float | None = None
    weight_kg: float | None = None
    cyp2c9: str = ""
    vkorc1: str = ""
    drugs: tuple[str, ...] = ()
    drug_changes: tuple[DrugChange, ...] = ()
    doses: tuple[DoseChange, ...] = ()
    inrs: tuple[InrValue, ...] = ()
    missed_days: tuple[int, ...] = ()
    today: int = 0
    began: date | None = None
    id: str = ""


def checked(patient: Patient, card: Card) -> Patient:
    """The patient, with everything in the order of days.

    Raises
    ------
    PatientError : something is impossible; it says what.
    """
    specs = {p.name: p for p in card.predictors}
    for name in ("age_years", "height_cm", "weight_kg"):
        value = getattr(patient, name)
        if value is not None:
            _within(specs[name].title, value, specs[name].low, specs[name].high)
    _one_of("race", patient.race, RACES)
    _one_of("cyp2c9", patient.cyp2c9, (*CYP2C9, ""))
    _one_of("vkorc1", patient.vkorc1, (*VKORC1, ""))
    for drug in (*patient.drugs, *(change.drug for change in patient.drug_changes)):
        _one_of("drugs", drug, DRUGS)
    _whole("today", patient.today, LONGEST_DAYS)
    for name in ("doses", "inrs", "missed_days", "drug_changes"):
        _days(name, patient)
    for dose in patient.doses:
        _within("dose_mg_per_day", dose.dose_mg_per_day, 0.0, DOSE_MOST_MG)
    for value in patient.inrs:
        _within(specs["inr"].title, value.inr, specs["inr"].low, specs["inr"].high)
    _begun(patient)
    return _sorted(patient)


def _within(field: str, value: float, low: float, high: float) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not low <= value <= high:
        expected = Message("dosing.number", {"low": f"{low:g}", "high": f"{high:g}"})
        raise PatientError("dosing.value", field=field, value=str(value)[:40], expected=(expected,))


def _whole(field: str, value: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= high:
        expected = Message("dosing.whole", {"low": 0, "high": high})
        raise PatientError("dosing.value", field=field, value=str(value)[:40], expected=(expected,))


def _one_of(field: str, value: str, known: Iterable[str]) -> None:
    if value not in known:
        expected = Message("dosing.drug", {"known": ", ".join(k or "-" for k in known)})
        raise PatientError("dosing.value", field=field, value=str(value)[:40], expected=(expected,))


def _days(name: str, patient: Patient) -> None:
    """Nothing where each day of a list is one of the course, and none stands twice."""
    listed = getattr(patient, name)
    days = [item if isinstance(item, int) else item.day for item in listed]
    keys = [(item.day, item.drug) if isinstance(item, DrugChange) else item for item in listed]
    for day in days:
        _whole(name, day, LONGEST_DAYS)
        if day > patient.today:
            raise PatientError("dosing.day", field=name, day=day, today=patient.today)
    plain = keys if name == "drug_changes" else days
    for i, key in enumerate(plain):
        if key in plain[:i]:
            raise PatientError("dosing.twice", field=name, day=days[i])


def _begun(patient: Patient) -> None:
    """Nothing where the course has a beginning that all the rest comes after."""
    told = patient.today > 0 or patient.missed_days or patient.inrs
    first = min((dose.day for dose in patient.doses), default=None)
    if told and patient.today > 0 and first != 0:
        raise PatientError("dosing.no_first_dose", day=0)
    if patient.today in patient.missed_days:
        raise PatientError("dosing.day", field="missed_days", day=patient.today, today=patient.today - 1)


def _sorted(patient: Patient) -> Patient:
    changes = {
        name: tuple(sorted(getattr(patient, name), key=lambda item: item if isinstance(item, int) else item.day))
        for name in ("doses", "inrs", "missed_days", "drug_changes")
    }
    return Patient(**{**vars(patient), **changes})


def takes(patient: Patient, drug: str, day: int) -> bool:
    """Whether the patient takes a drug on a day."""
    last = [change.taken for change in patient.drug_changes if change.drug == drug and change.day <= day]
    return last[-1] if last else drug in patient.drugs


def as_people(patient: Patient, dosed: Dosed, day: int = 0) -> People:
    """The patient as the regimens know him on a day; an unknown size is that of people like him."""
    height, weight = usual_size(patient, dosed)
    return People(
        np.array([float(patient.age_years)]),
        np.array([patient.height_cm if patient.height_cm is not None else height]),
        np.array([patient.weight_kg if patient.weight_kg is not None else weight]),
        np.array([RACES.index(patient.race)]),
        np.array([CYP2C9.index(patient.cyp2c9) if patient.cyp2c9 else UNKNOWN]),
        np.array([VKORC1.index(patient.vkorc1) if patient.vkorc1 else UNKNOWN]),
        *(np.array([takes(patient, drug, day)]) for drug in DRUGS),
    )


def usual_size(patient: Patient, dosed: Dosed) -> tuple[float, float]:
    """Height in cm and weight in kg that are usual in the patient's group."""
    group = group_of(dosed, patient.race)
    share = np.array([group.female, 1 - group.female])
    height = float(share @ np.array(group.height_cm)[:, 0])
    return round(height), round(float(np.exp(share @ np.array(group.weight_log)[:, 0])))


def spec_of(card: Card, name: str) -> PredictorSpec:
    """What the card says of one of the patient's fields."""
    return next(p for p in card.predictors if p.name == name)

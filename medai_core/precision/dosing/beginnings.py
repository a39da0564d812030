"""When a course began: with the first dose that was taken, and anew after a week or more without the drug."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from medai_core.precision.dosing.patient import DoseChange, Patient, takes
from medai_core.precision.dosing.people import DRUGS
from medai_core.precision.pharmacology import Floats

STOPPED_DAYS = 7
"""So many days without a dose are a stopped drug; fewer are a pause."""


def taken_mg(patient: Patient) -> Floats:
    """What was taken on each day before today, mg."""
    prescribed = {dose.day: dose.dose_mg_per_day for dose in patient.doses}
    found, last = np.zeros(patient.today), 0.0
    for day in range(patient.today):
        last = prescribed.get(day, last)
        found[day] = 0.0 if day in patient.missed_days else last
    return found


def beginning(patient: Patient) -> int:
    """The first day of the course that the patient is in; today where a dose is still to begin it, or to begin anew."""
    taken = np.flatnonzero(taken_mg(patient))
    if not len(taken) or stopped_days(patient) >= STOPPED_DAYS:
        return patient.today
    # A day is a beginning where as many days before it were without a dose.
    anew = np.flatnonzero(np.diff(taken) > STOPPED_DAYS)
    return int(taken[anew[-1] + 1] if len(anew) else taken[0])


def stopped_days(patient: Patient) -> int:
    """The days until now on which nothing was taken; 0 where nothing ever was."""
    taken = np.flatnonzero(taken_mg(patient))
    return patient.today - 1 - int(taken[-1]) if len(taken) else 0


def begun_anew(patient: Patient) -> bool:
    """Whether there was another course before the one that the patient is in."""
    return bool(taken_mg(patient)[: beginning(patient)].any())


def since_beginning(patient: Patient) -> Patient:
    """The patient as one whose day 0 is the beginning of the course that he is in."""
    start = beginning(patient)
    if start == 0:
        return patient
    holding = [dose.dose_mg_per_day for dose in patient.doses if dose.day <= start]
    later = [DoseChange(dose.day - start, dose.dose_mg_per_day) for dose in patient.doses if dose.day > start]
    now = any(dose.day == start for dose in patient.doses)
    first = [DoseChange(0, holding[-1])] if now or start < patient.today else []
    return replace(
        patient,
        drugs=tuple(drug for drug in DRUGS if takes(patient, drug, start)),
        drug_changes=tuple(replace(c, day=c.day - start) for c in patient.drug_changes if c.day > start),
        doses=(*first, *later),
        inrs=tuple(replace(v, day=v.day - start) for v in patient.inrs if v.day >= start),
        missed_days=tuple(day - start for day in patient.missed_days if day >= start),
        today=patient.today - start,
    )

"""What bears on one patient's dose today, whoever gives it: the dose so far, INRs that bound it, and holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medai_core.cards.dosing import DosingSpec
from medai_core.precision.dosing import nomogram
from medai_core.precision.dosing.beginnings import beginning, taken_mg
from medai_core.precision.dosing.charting import possible, unsettled
from medai_core.precision.dosing.patient import InrValue, Patient

NAN = float("nan")
DOUBTED_VISIT = 1
"""An INR that may be wrong or dangerous is measured again tomorrow."""
UNBOUND_DAYS = 10_000


@dataclass(frozen=True)
class Standing:
    """A patient before today's dose.

    Attributes
    ----------
    begins : whether a course begins today, or would.
    course_day : how many days of it have passed.
    last_mg : the dose that held until today, mg/day; nan where a course begins.
    decided_mg : what stays without a new INR, or was entered for today; None where a dose is to be found.
    bearing : the newest INR in use and those after it that were left out: each of them may be true.
    inr : the highest of these, nan where there is none.
    doubted : the newest INR that was left out and that no later one settled.
    hold_days : for how many more days an INR has the drug left out.
    visit_most_days : the INR is measured again within so many days.
    caps : doses that no dose of today passes, each with the id of its limit.
    """

    begins: bool
    course_day: int
    last_mg: float
    decided_mg: float | None
    bearing: tuple[InrValue, ...]
    inr: float
    doubted: InrValue | None
    hold_days: int
    visit_most_days: int
    caps: tuple[tuple[float, str], ...]

    @property
    def highest(self) -> InrValue:
        """The INR that bounds the dose; there is one where ``inr`` is a number."""
        return max(self.bearing, key=lambda value: value.inr)


def standing_of(patient: Patient, spec: DosingSpec) -> Standing:
    """What bears on the dose of a patient today."""
    start, used, doubted = beginning(patient), possible(patient)[0], unsettled(patient)
    bearing = (*used[-1:], *doubted)
    begins = start == patient.today
    inr = max((value.inr for value in bearing), default=NAN)
    last = NAN if begins else _dose_before(patient, patient.today)
    decided = _decided(patient, begins, used)
    hold = max((_hold(patient, value) for value in bearing), default=0)
    return Standing(
        begins,
        patient.today - start,
        last,
        decided,
        bearing,
        inr,
        doubted[-1] if doubted else None,
        hold,
        _visit_most(patient, spec, begins, decided, inr, hold, bool(doubted)),
        tuple(_caps(patient, spec, last, bearing, bool(doubted))),
    )


def _dose_before(patient: Patient, day: int) -> float:
    """The dose that was decided on before a day; a pause is none. Nan where there was none."""
    found = [dose.dose_mg_per_day for dose in patient.doses if dose.day < day and dose.dose_mg_per_day > 0]
    return found[-1] if found else NAN


def _decision(patient: Patient) -> int:
    """The day of the last decision on the dose; -1 before the first."""
    return max((dose.day for dose in patient.doses), default=-1)


def _decided(patient: Patient, begins: bool, used: tuple[InrValue, ...]) -> float | None:
    newest = patient.doses[-1] if patient.doses else None
    if newest is not None and newest.day == patient.today and (newest.dose_mg_per_day > 0 or not begins):
        return newest.dose_mg_per_day
    if begins or newest is None or (used and used[-1].day > newest.day):
        return None
    return newest.dose_mg_per_day


def _hold(patient: Patient, value: InrValue) -> int:
    """For how many more days the drug is left out after an INR: the rest, where something was decided since."""
    span = int(nomogram.held_days(np.array([value.inr]))[0])
    if _decision(patient) >= value.day:
        return max(0, value.day + span - patient.today)
    return max(0, span - int((taken_mg(patient)[value.day :] == 0).sum()))


def _visit_most(
    patient: Patient, spec: DosingSpec, begins: bool, decided: float | None, inr: float, hold: int, doubted: bool
) -> int:
    most = [UNBOUND_DAYS]
    if doubted:
        most.append(DOUBTED_VISIT)
    if decided is not None:
        most += [spec.soon_days, *([hold] if hold else [])]
    if begins and inr > spec.high_inr:
        most.append(nomogram.HELD_VISIT)
    return min(most)


def _caps(
    patient: Patient, spec: DosingSpec, last: float, bearing: tuple[InrValue, ...], doubted: bool
) -> list[tuple[float, str]]:
    caps = []
    for value in bearing:
        if value.inr > spec.high_inr:
            # Also a dose that was raised in spite of it is taken back.
            before = _dose_before(patient, value.day)
            caps.append((0.0, "limit.start_high") if np.isnan(before) else (before, "limit.high_inr"))
    if doubted:
        caps.append((0.0 if np.isnan(last) else last, "limit.unsettled"))
    before = _dose_before(patient, patient.today)
    paused = np.isnan(last) or patient.doses[-1].dose_mg_per_day == 0
    if paused and not np.isnan(before) and any(value.inr > spec.high_inr for value in possible(patient)[0]):
        caps.append((before, "limit.again"))
    return caps

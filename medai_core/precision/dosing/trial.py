"""A course of treatment: virtual patients, their visits, the doses, and what becomes of the INR."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from medai_core.cards import Measure
from medai_core.cards.dosing import Dosed, DosingSpec
from medai_core.precision.dosing import nomogram
from medai_core.precision.dosing.chart import Chart
from medai_core.precision.dosing.limits import bound, bound_visit
from medai_core.precision.dosing.people import Ints
from medai_core.precision.dosing.regimens import Proposal, Regimen
from medai_core.precision.dosing.virtual import VirtualPatients
from medai_core.precision.pharmacology import Floats, inr, next_day, untreated

BATCH = 250
"""Patients at once: with their likenesses as many as a processor's cache holds."""


class Course:
    """Virtual patients under treatment, day by day.

    Attributes
    ----------
    chart : what whoever doses them knows.
    inr : the true INR at the end of each day so far, (n, days).
    """

    def __init__(self, patients: VirtualPatients, spec: DosingSpec) -> None:
        n, days = patients.missed.shape
        self.chart = Chart(patients.people, days, most=days + 1)
        self.inr: Floats = np.full((n, days), np.nan)
        self._patients, self._spec = patients, spec
        self._amounts = untreated(n)
        self._next: Ints = np.zeros(n, dtype=np.int64)
        self._held_until: Ints = np.zeros(n, dtype=np.int64)

    @property
    def over(self) -> bool:
        """Whether the last day has passed."""
        return bool(self.chart.day >= self.inr.shape[1])

    def due(self) -> Ints:
        """The patients who have a visit today."""
        return np.flatnonzero(self._next == self.chart.day)

    def measure(self, rows: Ints) -> None:
        """The INR of these patients is entered into the chart, with the error of its measurement; not on day 0."""
        if self.chart.day:
            true = inr(self._patients.bodies.chosen(rows), self._amounts.chosen(rows))
            self.chart.measure(rows, np.maximum(true * self._patients.inr_error[rows, self.chart.day], 0.8))

    def prescribe(self, rows: Ints, proposal: Proposal, *, holds: bool) -> None:
        """The dose and the next visit of these patients, within the limits."""
        measured, last = self.chart.newest(rows)[0], self.chart.last_mg_per_day[rows]
        within = bound(self._spec, proposal.dose_mg_per_day, last, measured)
        self.chart.prescribe(rows, within.dose_mg_per_day)
        days = bound_visit(self._spec, proposal.days, self.chart.day, measured)
        self._next[rows] = self.chart.day + days
        if holds:
            held = np.minimum(nomogram.held_days(measured), days)
            self._held_until[rows] = self.chart.day + held

    def pass_day(self) -> None:
        """Today's dose is taken or forgotten, and works; nobody is told of one that was forgotten."""
        day, people = self.chart.day, self._patients
        dose = np.where(self._held_until > day, 0.0, self.chart.last_mg_per_day)
        taken = np.where(people.missed[:, day], 0.0, dose)
        self._amounts = next_day(people.bodies, self._amounts, taken, people.clearance_factor[:, day])
        self.inr[:, day] = inr(people.bodies, self._amounts)
        self.chart.pass_day(dose, people.amiodarone[:, day], people.inducer[:, day])


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What became of patients under a regimen.

    Attributes
    ----------
    inr : the true INR at the end of each day, (n, days).
    dose_mg_per_day : prescribed, (n, days).
    visits : with a measurement, (n,).
    """

    inr: Floats
    dose_mg_per_day: Floats
    visits: Ints

    def in_range(self, spec: DosingSpec) -> Floats:
        """The share of days in the therapeutic range, (n,)."""
        low, high = spec.range_inr
        return np.asarray(((self.inr >= low) & (self.inr <= high)).mean(axis=1))

    def above(self, inr: float) -> Floats:
        """The share of days above an INR, (n,)."""
        return np.asarray((self.inr > inr).mean(axis=1))

    def below(self, inr: float) -> Floats:
        """The share of days below an INR, (n,)."""
        return np.asarray((self.inr < inr).mean(axis=1))


def treat(patients: VirtualPatients, regimen: Regimen, spec: DosingSpec, dosed: Dosed) -> Outcomes:
    """Every patient through the whole course under one regimen."""
    starts = range(0, len(patients), BATCH)
    parts = [_treat(patients.chosen(np.arange(s, min(s + BATCH, len(patients)))), regimen, spec, dosed) for s in starts]
    return Outcomes(*(np.concatenate([getattr(p, k) for p in parts]) for k in ("inr", "dose_mg_per_day", "visits")))


def _treat(patients: VirtualPatients, regimen: Regimen, spec: DosingSpec, dosed: Dosed) -> Outcomes:
    course = Course(patients, spec)
    doser = regimen(course.chart, spec, dosed)
    while not course.over:
        rows = course.due()
        if len(rows):
            course.measure(rows)
            if course.chart.day:
                doser.measured(course.chart, rows)
            course.prescribe(rows, doser.propose(course.chart, rows), holds=doser.holds)
        course.pass_day()
        doser.pass_day(course.chart)
    return Outcomes(course.inr, course.chart.taken_mg, course.chart.visits)


def outcome_measures(
    found: Outcomes, spec: DosingSpec, *, data: str, model: str = "", subgroup: str = ""
) -> list[Measure]:
    """What a regimen achieved, as shares of days or patients, with 95 % intervals of the mean over patients."""
    values: dict[str, Floats] = {
        "time_in_range": found.in_range(spec),
        "inr_above_4": found.above(4.0),
        "inr_below_1_5": found.below(1.5),
        "patients_above_4": np.asarray((found.inr > 4.0).any(axis=1), dtype=np.float64),
        "visits": found.visits.astype(np.float64),
    }
    most = {"visits": np.inf}
    return [
        mean_measure(name, v, within=(0.0, most.get(name, 1.0)), data=data, model=model, subgroup=subgroup)
        for name, v in values.items()
    ]


def gain_measures(ours: Outcomes, theirs: Outcomes, spec: DosingSpec, *, data: str, model: str) -> list[Measure]:
    """How much more one regimen achieves than another on the same patients; each patient is compared with himself."""
    gains = {
        "time_in_range_gain": ours.in_range(spec) - theirs.in_range(spec),
        "inr_above_4_gain": ours.above(4.0) - theirs.above(4.0),
    }
    return [mean_measure(name, v, within=(-1.0, 1.0), data=data, model=model) for name, v in gains.items()]


def mean_measure(
    name: str,
    values: Floats,
    *,
    within: tuple[float, float],
    data: str,
    model: str = "",
    subgroup: str = "",
) -> Measure:
    """A mean over patients with its 95 % interval.

    The interval is from the normal distribution. Where that leaves the bounds ``within`` which a mean can be, or where
    all patients are alike, it is Wilson's for shares, as if each patient were all or nothing, which is wider; else it
    is cut. One patient tells no interval: it is nan.
    """
    n, mean = len(values), float(values.mean())
    low = high = np.nan
    if n > 1:
        half = 1.96 * float(values.std(ddof=1)) / np.sqrt(n)
        low, high = mean - half, mean + half
        if within == (0.0, 1.0) and (half == 0 or low < 0 or high > 1):
            low, high = _wilson(mean, n)
        low, high = max(low, within[0]), min(high, within[1])
    return replace(Measure(name, mean, low, high, n, n, data), model=model, subgroup=subgroup)


def _wilson(share: float, n: int, z: float = 1.96) -> tuple[float, float]:
    middle, half = share + z * z / (2 * n), z * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)))
    # Rounding may leave the share itself just outside.
    return min((middle - half) / (1 + z * z / n), share), max((middle + half) / (1 + z * z / n), share)

"""Courses of virtual patients under a policy that explores, visit by visit, and what they were worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from medai_core.cards.dosing import Dosed, DosingSpec
from medai_core.precision.dosing import nomogram
from medai_core.precision.dosing.environment import rewards
from medai_core.precision.dosing.equations import FIXED_MG_PER_DAY, clinical_dose, pharmacogenetic_dose
from medai_core.precision.dosing.people import Ints, People
from medai_core.precision.dosing.policy import OBSERVED, Trained
from medai_core.precision.dosing.regimens import Protocolled, TakenOver
from medai_core.precision.dosing.trial import Course
from medai_core.precision.dosing.virtual import VirtualPatients, draw_patients
from medai_core.precision.pharmacology import Floats, steady_dose

Observations = NDArray[np.float32]
Said = Callable[[Observations], tuple[Floats, Floats]]
"""From observations to the logarithm of the dose over the typical one, (m,), and the logits of the visits, (m, k)."""


def varied_patients(dosed: Dosed, n: int, days: int, rng: np.random.Generator) -> VirtualPatients:
    """Patients to learn on, in many worlds: more or less alike, and more or less as the model believes."""
    scale = rng.uniform(0.8, 1.3, 2)
    between = dosed.variability
    changed = replace(
        between,
        clearance_sd=between.clearance_sd * scale[0],
        ec50_sd=between.ec50_sd * scale[0],
        drift_sd=between.drift_sd * scale[1],
        inr_sd=between.inr_sd * rng.uniform(0.8, 1.3),
    )
    disturbance = float(rng.choice([0.0, 0.15, 0.3]))
    return draw_patients(replace(dosed, variability=changed), n, days, rng, disturbance=disturbance, unknown=0.15)


@dataclass(frozen=True, eq=False)
class Steps:
    """Visits of many courses, each patient's one after the other.

    Attributes
    ----------
    patient : (m,), ascending; X : (m, features) what was seen.
    log_share, visit : what was done; log_likely : the logarithm of how likely that was.
    needed : the logarithm of the dose that would in the end have held the target, over the typical one.
    reward : what came of it until the next visit; days : until then.
    """

    patient: Ints
    X: Observations
    log_share: Floats
    visit: Ints
    log_likely: Floats
    needed: Floats
    reward: Floats
    days: Ints


class Explorer:
    """Answers that are varied at random, and remembered."""

    def __init__(self, said: Said, spread: float, rng: np.random.Generator) -> None:
        self._said, self._spread, self._rng = said, spread, rng
        self.seen: list[tuple[Observations, Floats, Ints, Floats]] = []

    def __call__(self, X: Observations) -> tuple[Floats, Ints]:
        mean, logits = self._said(X)
        log_p = logits - logits.max(axis=1, keepdims=True)
        log_p -= np.log(np.exp(log_p).sum(axis=1, keepdims=True))
        place = (np.cumsum(np.exp(log_p), axis=1) > self._rng.random((len(X), 1))).argmax(axis=1)
        z = self._rng.standard_normal(len(X))
        likely = -(z**2) / 2 - np.log(self._spread) + np.take_along_axis(log_p, place[:, None], 1)[:, 0]
        log_share = mean + self._spread * z
        self.seen.append((X, log_share, place, likely))
        return log_share, place


OTHERS = 0.35
"""The share of patients whom somebody else has dosed for a while: a page is shown such ones."""
LATEST = 60
"""The last day on which a patient is taken over."""


def taken_over(n: int, rng: np.random.Generator) -> Ints:
    """The day from which the policy doses each patient, (n,); 0 for most."""
    return np.where(rng.random(n) < OTHERS, rng.integers(1, LATEST + 1, n), 0).astype(np.int64)


def begins(rng: np.random.Generator) -> Callable[[People], Floats]:
    """One of the ways to begin that the policy finds when it takes over."""
    ways: list[Callable[[People], Floats]] = [
        clinical_dose,
        pharmacogenetic_dose,
        lambda people: np.full(len(people), FIXED_MG_PER_DAY),
    ]
    return ways[int(rng.integers(len(ways)))]


def play(
    patients: VirtualPatients, answer: Explorer, spec: DosingSpec, dosed: Dosed, rng: np.random.Generator
) -> Steps:
    """Courses under answers that explore, visit by visit; some patients come from a protocol."""
    course = Course(patients, spec)
    policy = Trained(course.chart, spec, dosed, answer)
    doser = TakenOver(Protocolled(begins(rng), adjusted=True), policy, taken_over(len(patients), rng))
    rows_of: list[Ints] = []
    day_of: list[Ints] = []
    needed: list[Floats] = []
    steady = steady_dose(patients.bodies, spec.target_inr)
    while not course.over:
        rows, today = course.due(), course.chart.day
        if len(rows):
            course.measure(rows)
            if today:
                doser.measured(course.chart, rows)
            led = doser.led(course.chart, rows)
            course.prescribe(rows, doser.propose(course.chart, rows), holds=True)
            rows = rows[~led]
        if len(rows):
            rows_of.append(rows)
            day_of.append(np.full(len(rows), today))
            held = steady[rows] * patients.clearance_factor[rows, today]
            needed.append(np.log(held / policy.observer.typical_mg[rows]))
        course.pass_day()
        doser.pass_day(course.chart)
    parts = [np.concatenate(part) for part in zip(*answer.seen, strict=True)]
    patient, day = np.concatenate(rows_of), np.concatenate(day_of)
    order = np.lexsort((day, patient))
    patient, day = patient[order], day[order]
    days = np.append(np.where(patient[1:] == patient[:-1], day[1:] - day[:-1], spec.days - day[:-1]), 0)
    days[-1] = spec.days - day[-1]
    worth = np.cumsum(np.pad(rewards(course.inr, spec), ((0, 0), (1, 0))), axis=1)
    reward = worth[patient, day + days] - worth[patient, day] - spec.reward.visit
    X, log_share, visit, likely = (part[order] for part in parts)
    return Steps(patient, X, log_share, visit, likely, np.concatenate(needed)[order], reward, days)


def by_nomogram(steps: Steps, spec: DosingSpec) -> Ints:
    """The visit that the nomogram would have chosen, as a place in ``spec.visit_days``."""
    inr = np.exp(steps.X[:, OBSERVED.index("log_inr_0")].astype(np.float64))
    day = np.rint(steps.X[:, OBSERVED.index("day")] * spec.days).astype(int)
    wanted = np.array([nomogram.next_visit(inr[i : i + 1], int(day[i]))[0] for i in range(len(inr))])
    wanted = np.where(day == 0, nomogram.EARLY_VISITS[0], wanted)
    return np.asarray(np.abs(np.array(spec.visit_days)[None] - wanted[:, None]).argmin(axis=1))

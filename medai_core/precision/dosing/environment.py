"""The course of one virtual patient as a Gymnasium environment: doses in, INRs and rewards out."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from medai_core.cards.dosing import Dosed, DosingSpec
from medai_core.precision.dosing.policy import OBSERVED, Observer
from medai_core.precision.dosing.regimens import Proposal
from medai_core.precision.dosing.trial import Course
from medai_core.precision.dosing.virtual import draw_patients
from medai_core.precision.pharmacology import Floats

Observation = NDArray[np.float32]
ROW = np.array([0])


def rewards(inr: Floats, spec: DosingSpec) -> Floats:
    """What each day with such an INR is worth; the same shape."""
    low, high = spec.range_inr
    r = spec.reward
    return np.asarray(
        ((inr >= low) & (inr <= high))
        - r.bleeding_per_inr * np.clip(inr - high, 0, 3)
        - r.bleeding_above * (inr > spec.high_inr)
        - r.clotting_per_inr * np.clip(low - inr, 0, None)
    )


class WarfarinCourse(gymnasium.Env[Observation, dict[str, Any]]):
    """One patient from the first dose to the last day; a step is from one visit to the next.

    The observation is what the policy sees of a chart, ``policy.OBSERVED``: INRs and doses so far, genotypes, age,
    weight and interacting drugs. An action is the dose in mg/day and the place of the next visit in
    ``spec.visit_days``; the limits are applied to it. The reward sums ``rewards`` over the days until the next visit,
    less what a visit costs.

    Parameters
    ----------
    disturbance : by up to which share the patient's parameters are off from what the model believes.
    unknown : how likely it is, of each gene, that nobody knows the genotype.
    """

    metadata = {"render_modes": []}  # noqa: RUF012  # as Gymnasium declares it

    def __init__(self, spec: DosingSpec, dosed: Dosed, *, disturbance: float = 0.0, unknown: float = 0.0) -> None:
        self.observation_space = spaces.Box(-np.inf, np.inf, (len(OBSERVED),), np.float32)
        self.action_space = spaces.Dict(
            {
                "dose_mg_per_day": spaces.Box(0.0, spec.dose_max_mg_per_day, (1,), np.float32),
                "visit": spaces.Discrete(len(spec.visit_days)),
            }
        )
        self._spec, self._dosed = spec, dosed
        self._disturbance, self._unknown = disturbance, unknown

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """A new patient before the first dose."""
        super().reset(seed=seed)
        patient = draw_patients(
            self._dosed, 1, self._spec.days, self.np_random, disturbance=self._disturbance, unknown=self._unknown
        )
        self._course = Course(patient, self._spec)
        self._observer = Observer(self._course.chart, self._spec, self._dosed)
        return self._seen(), self._told()

    def step(self, action: dict[str, Any]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """From this visit to the next, or to the end of the course."""
        dose = np.asarray(action["dose_mg_per_day"], dtype=np.float64).reshape(1)
        days = np.array([self._spec.visit_days[int(action["visit"])]])
        self._course.prescribe(ROW, Proposal(dose, days), holds=True)
        worth = -self._spec.reward.visit
        while True:
            self._course.pass_day()
            self._observer.pass_day(self._course.chart)
            worth += float(rewards(self._course.inr[:, self._course.chart.day - 1], self._spec)[0])
            if self._course.over or len(self._course.due()):
                break
        if not self._course.over:
            self._course.measure(ROW)
            self._observer.measured(self._course.chart, ROW)
        # The course ends by its length, not by what became of the patient.
        return self._seen(), worth, False, self._course.over, self._told()

    def _seen(self) -> Observation:
        return np.asarray(self._observer.observe(self._course.chart, ROW)[0])

    def _told(self) -> dict[str, Any]:
        chart = self._course.chart
        inr, _ = chart.newest(ROW)
        return {"day": chart.day, "inr": float(inr[0]), "dose_mg_per_day": float(chart.last_mg_per_day[0])}

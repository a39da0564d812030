"""The trained policy: what it is shown of a chart, and how its answer becomes a dose."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from medai_core.cards.dosing import Dosed, DosingSpec
from medai_core.precision.dosing.chart import Chart
from medai_core.precision.dosing.equations import pharmacogenetic_dose
from medai_core.precision.dosing.people import Ints
from medai_core.precision.dosing.regimens import Proposal
from medai_core.precision.dosing.twins import Twins
from medai_core.precision.pharmacology import Floats

BACK = 3
"""How many of the last INRs are shown one by one."""
WIDEST = 1.6
"""The largest change of the typical dose that the network can ask for, of the natural logarithm."""
BASELINE = 0.85
"""What is taken off an INR before its logarithm: the INR without the drug is 1, and measured a little below."""

Answer = Callable[[NDArray[np.float32]], tuple[Floats, Ints]]
"""From observations, (m, ``len(OBSERVED)``), to logarithms of doses over the typical one and places of visit days."""

OBSERVED = (
    *(f"{name}_{back}" for back in range(BACK) for name in ("there", "surprise", "log_inr", "age", "expected")),
    "mean_surprise",
    "known",
    "dose",
    "dose_7_days",
    "dose_21_days",
    "first",
    "day",
    "early",
    "expected_now",
    "typical_dose",
    "pharmacogenetic_dose",
    "clearance_spread",
    "ec50_spread",
    "drugs",
    "age_years",
    "weight",
)
"""What the network sees of a patient, in its order."""


class Observer:
    """What the policy sees: the INRs beside those of a typical patient like this one under the same doses.

    An INR's surprise is the logarithm of what it rose by over what a typical one's rose by. It is no estimate of
    anything: no prior, no likelihood; what to make of it the network has learnt.
    """

    def __init__(self, chart: Chart, spec: DosingSpec, dosed: Dosed) -> None:
        n = len(chart)
        self.twins = Twins(chart, dosed, np.zeros((1, 2)), spec.target_inr)
        self._expected: Floats = np.ones(chart.inr.shape)
        self._sum, self._weight = np.zeros(n), np.zeros(n)
        self._days = spec.days

    @property
    def typical_mg(self) -> Floats:
        """The dose that would hold a typical patient like each at the target today, mg/day, (n,)."""
        return np.asarray(self.twins.steady_mg[:, 0] * self.twins.drugs)

    def measured(self, chart: Chart, rows: Ints) -> None:
        """The INR of these patients has just been entered."""
        expected = self.twins.inr[rows, 0]
        self._expected[rows, chart.visits[rows] - 1] = expected
        told = np.clip(expected - 1, 0, 2)
        self._sum[rows] += told * _surprise(chart.newest(rows)[0], expected)
        self._weight[rows] += told

    def pass_day(self, chart: Chart) -> None:
        """A day has just passed."""
        self.twins.pass_day(chart)

    def observe(self, chart: Chart, rows: Ints) -> NDArray[np.float32]:
        """(m, ``len(OBSERVED)``), each about as large as 1."""
        columns = [column for back in range(BACK) for column in self._visit(chart, rows, back)]
        typical = self.typical_mg[rows]
        people, twins = chart.people.chosen(rows), self.twins
        doses = (chart.last_mg_per_day[rows], chart.mean_dose(rows, 7), chart.mean_dose(rows, 21))
        columns += [
            self._sum[rows] / (self._weight[rows] + 0.3),
            np.log1p(self._weight[rows]),
            *(_log_share(dose, typical) for dose in doses),
            np.full(len(rows), float(chart.day == 0)),
            np.full(len(rows), chart.day / self._days),
            np.full(len(rows), np.exp(-chart.day / 7)),
            np.log(twins.inr[rows, 0]),
            np.log(typical / 5),
            np.log(pharmacogenetic_dose(people) / typical),
            4 * (twins.clearance_sd[rows] - 0.25),
            4 * (twins.ec50_sd[rows] - 0.25),
            2 * np.log(twins.drugs[rows]),
            people.age_years / 40 - 1.5,
            np.log(people.weight_kg / 75),
        ]
        return np.stack(columns, axis=1).astype(np.float32)

    def _visit(self, chart: Chart, rows: Ints, back: int) -> list[Floats]:
        inr, day = chart.newest(rows, back)
        there = ~np.isnan(inr)
        expected = self._expected[rows, np.maximum(chart.visits[rows] - 1 - back, 0)]
        inr, day = np.where(there, inr, 1.0), np.where(there, day, chart.day)
        return [
            there.astype(np.float64),
            np.where(there, _surprise(inr, expected), 0.0),
            np.log(inr),
            (chart.day - day) / 28,
            np.where(there, np.log(expected), 0.0),
        ]


def _surprise(inr: Floats, expected: Floats) -> Floats:
    return np.asarray(
        np.clip(np.log(np.maximum(inr - BASELINE, 0.05) / np.maximum(expected - BASELINE, 0.05)), -2.5, 2.5)
    )


def _log_share(dose: Floats, typical: Floats) -> Floats:
    """The logarithm of a dose over the typical one, cut where it says no more; 0 before the first."""
    return np.where(np.isnan(dose), 0.0, np.log(np.clip(dose / typical, 0.1, 8.0)))


class Trained:
    """The policy at work on the patients of a chart."""

    holds = True

    def __init__(self, chart: Chart, spec: DosingSpec, dosed: Dosed, answer: Answer) -> None:
        self.observer = Observer(chart, spec, dosed)
        self._answer, self._visit_days = answer, np.array(spec.visit_days)

    def measured(self, chart: Chart, rows: Ints) -> None:
        self.observer.measured(chart, rows)

    def propose(self, chart: Chart, rows: Ints) -> Proposal:
        """What the network asks for; the limits are applied by whoever prescribes."""
        log_share, place = self._answer(self.observer.observe(chart, rows))
        return Proposal(self.observer.typical_mg[rows] * np.exp(log_share), self._visit_days[place])

    def pass_day(self, chart: Chart) -> None:
        self.observer.pass_day(chart)

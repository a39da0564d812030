"""Ways to dose: each proposes a dose and the next visit from the chart; the limits are applied to all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from medai_core.cards.dosing import Dosed, DosingSpec
from medai_core.precision.dosing import nomogram
from medai_core.precision.dosing.chart import Chart
from medai_core.precision.dosing.equations import FIXED_MG_PER_DAY, clinical_dose, pharmacogenetic_dose
from medai_core.precision.dosing.people import Bools, Ints, People
from medai_core.precision.dosing.twins import Twins
from medai_core.precision.pharmacology import PUBLISHED, Floats


@dataclass(frozen=True, eq=False)
class Proposal:
    """What is proposed to some patients, (n,) each: the dose, before limits, and the days until the next visit."""

    dose_mg_per_day: Floats
    days: Ints


class Doser(Protocol):
    """A regimen at work on the patients of one chart."""

    holds: bool
    """Whether doses are left out after a high INR."""

    def propose(self, chart: Chart, rows: Ints) -> Proposal:
        """For the patients in ``rows``, whose INR of today stands in the chart unless it is the first day."""

    def measured(self, chart: Chart, rows: Ints) -> None:
        """The INR of these patients has just been entered."""

    def pass_day(self, chart: Chart) -> None:
        """A day has just passed."""


Regimen = Callable[[Chart, DosingSpec, Dosed], Doser]


class Protocolled:
    """A dose from an equation, adjusted by the nomogram, or by nothing."""

    def __init__(self, first: Callable[[People], Floats], *, adjusted: bool) -> None:
        self.holds = adjusted
        self._first = first
        self._held: set[int] = set()

    def propose(self, chart: Chart, rows: Ints) -> Proposal:
        if chart.day == 0:
            return Proposal(self._first(chart.people.chosen(rows)), np.full(len(rows), nomogram.EARLY_VISITS[0]))
        (inr, _), last = chart.newest(rows), chart.last_mg_per_day[rows]
        days = nomogram.next_visit(inr, chart.day)
        if not self.holds:
            return Proposal(last, days)
        # Without a new INR there is nothing to adjust to.
        inr = np.where(chart.fresh(rows), inr, np.nan)
        # A dose that was lowered and held at the last visit is not lowered again while the INR falls.
        again = np.isin(rows, list(self._held))
        share = np.where(again & (inr > 2.0), 1.0, nomogram.factor(inr, chart.day))
        self._held -= set(rows.tolist())
        self._held |= set(rows[inr >= 5.0].tolist())
        return Proposal(last * share, days)

    def measured(self, chart: Chart, rows: Ints) -> None:
        """The chart says it all."""

    def pass_day(self, chart: Chart) -> None:
        """The chart says it all."""


def fixed(chart: Chart, spec: DosingSpec, dosed: Dosed) -> Doser:
    """5 mg a day for everybody, whatever the INR."""
    return Protocolled(lambda people: np.full(len(people), FIXED_MG_PER_DAY), adjusted=False)


def clinical(chart: Chart, spec: DosingSpec, dosed: Dosed) -> Doser:
    """The IWPC's clinical dose, then the nomogram."""
    return Protocolled(clinical_dose, adjusted=True)


def pharmacogenetic(chart: Chart, spec: DosingSpec, dosed: Dosed) -> Doser:
    """The IWPC's pharmacogenetic dose, then the nomogram."""
    return Protocolled(pharmacogenetic_dose, adjusted=True)


FORGET_DAYS = 60.0
"""What was learnt of a patient loses weight over so many days: people change."""


def likenesses(across: int = 11) -> tuple[Floats, Floats]:
    """(k, 2) shifts in standard deviations, and the logarithm of how likely each is, up to a constant.

    ``across`` steps of the sum of both, which the needed dose depends on, times the two points of a Gauss-Hermite rule
    of their difference, which only shows in how fast the INR moves.
    """
    total, split = np.meshgrid(np.linspace(-2.7, 2.7, across), (-1.0, 1.0), indexing="ij")
    a, b = total.ravel(), split.ravel()
    return np.stack([a + b, a - b], axis=1) / np.sqrt(2), -(a**2) / 2


class ModelBased:
    """Bayesian dosing: what the INRs say of clearance and sensitivity, and the dose that then centres the INR.

    Attributes
    ----------
    surprise : (n,), by how many standard deviations the newest INR was off from what was expected.
    foreseen : (n, 2), between which values 95 % of that was.
    """

    holds = True

    def __init__(self, chart: Chart, spec: DosingSpec, dosed: Dosed) -> None:
        shifts, self._prior = likenesses()
        self.twins = Twins(chart, dosed, shifts, spec.target_inr)
        self._log = np.tile(self._prior, (len(chart), 1))
        self._last_day = np.zeros(len(chart))
        self.surprise: Floats = np.zeros(len(chart))
        self.foreseen: Floats = np.zeros((len(chart), 2))
        self._between = dosed.variability

    @property
    def weights(self) -> Floats:
        """How likely each likeness of each patient is by now, (n, k); each row sums to 1."""
        found = np.exp(self._log - self._log.max(axis=1, keepdims=True))
        return np.asarray(found / found.sum(axis=1, keepdims=True))

    def measured(self, chart: Chart, rows: Ints) -> None:
        """Bayes' rule; an INR is off by its error and by what the patient's clearance has wandered."""
        inr = chart.newest(rows)[0]
        kept = np.exp(-(chart.day - self._last_day[rows]) / FORGET_DAYS)[:, None]
        self._last_day[rows] = chart.day
        expected = np.maximum(self.twins.inr[rows], 1.0)
        wander = self._between.drift_sd * PUBLISHED.gamma * (expected - 1) / expected
        sd = np.hypot(self._between.inr_sd, wander)
        off = np.log(inr)[:, None] - np.log(expected)
        self._judge(rows, np.log(inr), np.log(expected), sd)
        likely = -((off / sd) ** 2) / 2 - np.log(sd)
        self._log[rows] = self._prior + (self._log[rows] - self._prior) * kept + likely

    def _judge(self, rows: Ints, log_inr: Floats, expected: Floats, sd: Floats) -> None:
        """How unexpected an INR was, before it is learnt from."""
        weight = self.weights[rows]
        mean = (weight * expected).sum(axis=1)
        spread = np.sqrt((weight * (sd**2 + (expected - mean[:, None]) ** 2)).sum(axis=1))
        self.surprise[rows] = np.abs(log_inr - mean) / spread
        self.foreseen[rows] = np.exp(mean[:, None] + np.array([-1.96, 1.96]) * spread[:, None])

    def propose(self, chart: Chart, rows: Ints) -> Proposal:
        """The dose whose logarithm is the mean of those that would hold each likeness at the target."""
        log_dose = (self.weights[rows] * np.log(self.twins.steady_mg[rows])).sum(axis=1)
        dose = np.exp(log_dose) * self.twins.drugs[rows]
        if chart.day == 0:
            return Proposal(dose, np.full(len(rows), nomogram.EARLY_VISITS[0]))
        return Proposal(dose, nomogram.next_visit(chart.newest(rows)[0], chart.day))

    def pass_day(self, chart: Chart) -> None:
        self.twins.pass_day(chart)


class TakenOver:
    """One regimen until a day of each patient, and another from then on, which has seen all that was before.

    Parameters
    ----------
    day : (n,), from which the second one doses.
    """

    holds = True

    def __init__(self, first: Doser, second: Doser, day: Ints) -> None:
        self._parts, self._day = (first, second), day

    def led(self, chart: Chart, rows: Ints) -> Bools:
        """Whether the first regimen doses these patients today, (n,)."""
        return np.asarray(chart.day < self._day[rows])

    def propose(self, chart: Chart, rows: Ints) -> Proposal:
        """What the regimen says whose turn it is."""
        led = self.led(chart, rows)
        dose, days = np.empty(len(rows)), np.empty(len(rows), dtype=np.int64)
        for doser, turn in zip(self._parts, (led, ~led), strict=True):
            if turn.any():
                said = doser.propose(chart, rows[turn])
                dose[turn], days[turn] = said.dose_mg_per_day, said.days
        return Proposal(dose, days)

    def measured(self, chart: Chart, rows: Ints) -> None:
        for doser in self._parts:
            doser.measured(chart, rows)

    def pass_day(self, chart: Chart) -> None:
        for doser in self._parts:
            doser.pass_day(chart)


REGIMENS: dict[str, Regimen] = {
    "fixed": fixed,
    "clinical": clinical,
    "pharmacogenetic": pharmacogenetic,
    "model_based": ModelBased,
}
"""Those that need no network, by their name."""

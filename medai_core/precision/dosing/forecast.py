"""What is expected of one patient's INR under a dose: a course with its band, from what Bayes' rule believes of him."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medai_core.cards import Measure
from medai_core.cards.dosing import Dosed, DosingSpec
from medai_core.precision.dosing.chart import Chart
from medai_core.precision.dosing.people import interaction
from medai_core.precision.dosing.regimens import ModelBased
from medai_core.precision.dosing.trial import Course, mean_measure
from medai_core.precision.dosing.virtual import VirtualPatients, drift
from medai_core.precision.pharmacology import Floats, course

SAMPLES = 400
BAND = 0.90
"""The nominal share of true INRs inside the band."""


@dataclass(frozen=True)
class Forecast:
    """The INR of the coming days under one dose.

    Attributes
    ----------
    dose_mg_per_day : taken from today on, after ``held_days`` without.
    days : of treatment, at whose end the INR is meant; inr : the median; low, high : the 90 % band of the true INR.
    in_range, above_high : the expected share of these days with an INR in range and above the high one.
    """

    dose_mg_per_day: float
    held_days: int
    days: tuple[int, ...]
    inr: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    in_range: float
    above_high: float


@dataclass(frozen=True)
class Needed:
    """The dose in mg/day that would in the end hold the target INR: the median and a 90 % interval."""

    dose_mg_per_day: float
    low: float
    high: float


def needed(believed: ModelBased, row: int = 0) -> Needed:
    """What is believed of the dose that a patient needs, with the drugs that he takes now."""
    dose = believed.twins.steady_mg[row] * believed.twins.drugs[row]
    order = np.argsort(dose)
    weight = believed.weights[row][order]
    at = (np.cumsum(weight) - weight / 2).tolist()
    low, middle, high = np.exp(np.interp([(1 - BAND) / 2, 0.5, (1 + BAND) / 2], at, np.log(dose[order])))
    return Needed(float(middle), float(low), float(high))


def forecast(
    believed: ModelBased,
    chart: Chart,
    spec: DosingSpec,
    dosed: Dosed,
    dose_mg_per_day: float,
    *,
    days: int,
    held_days: int = 0,
    row: int = 0,
    seed: int = 0,
) -> Forecast:
    """The coming ``days`` of a patient of the chart; the same seed gives the same ups and downs under every dose."""
    rng = np.random.default_rng(seed)
    bodies, amounts = believed.twins.of(row)
    chosen = rng.choice(len(bodies), SAMPLES, p=believed.weights[row])
    target = np.log(interaction(chart.people.chosen(np.array([row])), dosed)[0])
    ahead = 1 - np.exp(-np.arange(1, days + 1) / dosed.variability.interaction_days)
    now = np.log(believed.twins.drugs[row])
    factor = np.exp(now + (target - now) * ahead + drift(SAMPLES, days, dosed.variability, rng))
    doses = np.full((SAMPLES, days), dose_mg_per_day)
    doses[:, :held_days] = 0.0
    inr = course(bodies.chosen(chosen), doses, factor, amounts.chosen(chosen))
    low, middle, high = np.quantile(inr, ((1 - BAND) / 2, 0.5, (1 + BAND) / 2), axis=0)
    inside = (inr >= spec.range_inr[0]) & (inr <= spec.range_inr[1])
    return Forecast(
        float(dose_mg_per_day),
        held_days,
        tuple(range(chart.day + 1, chart.day + days + 1)),
        tuple(middle.tolist()),
        tuple(low.tolist()),
        tuple(high.tolist()),
        float(inside.mean()),
        float((inr > spec.high_inr).mean()),
    )


def coverage(patients: VirtualPatients, spec: DosingSpec, dosed: Dosed, *, ahead: int = 7, start: int = 21) -> Measure:
    """The share of true INRs inside the band of a week ahead, after three weeks of Bayesian dosing."""
    under = Course(patients, spec)
    believed = ModelBased(under.chart, spec, dosed)
    bands = None
    while under.chart.day < start + ahead:
        rows = under.due()
        if len(rows) and under.chart.day <= start:
            under.measure(rows)
            if under.chart.day:
                believed.measured(under.chart, rows)
            under.prescribe(rows, believed.propose(under.chart, rows), holds=False)
        if under.chart.day == start:
            bands = _bands(believed, under.chart, spec, dosed, ahead)
        under.pass_day()
        believed.pass_day(under.chart)
    assert bands is not None
    true = under.inr[:, under.chart.day - 1]
    inside = (true >= bands[:, 0]) & (true <= bands[:, 1])
    return mean_measure("band_coverage", inside.astype(np.float64), within=(0.0, 1.0), data="test")


def _bands(believed: ModelBased, chart: Chart, spec: DosingSpec, dosed: Dosed, ahead: int) -> Floats:
    found = []
    for row in range(len(chart)):
        dose = float(chart.last_mg_per_day[row])
        said = forecast(believed, chart, spec, dosed, dose, days=ahead, row=row, seed=row)
        found.append((said.low[-1], said.high[-1]))
    return np.array(found)

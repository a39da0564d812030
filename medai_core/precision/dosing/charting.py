"""One patient's past, put into a chart day by day, and INRs that cannot be left out of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medai_core.cards.dosing import Dosed, DosingSpec
from medai_core.errors import Fact, Message
from medai_core.precision.dosing.beginnings import taken_mg
from medai_core.precision.dosing.chart import Chart
from medai_core.precision.dosing.patient import InrValue, Patient, as_people, takes
from medai_core.precision.dosing.people import DRUGS
from medai_core.precision.dosing.regimens import Doser, Regimen
from medai_core.precision.pharmacology import HOURS_PER_DAY, PUBLISHED, Floats

SLACK = 1.3
"""By how much an INR may pass what is possible: two measurements are each off, and the model is one."""
ROW = np.array([0])


@dataclass(frozen=True, eq=False)
class Charted:
    """A patient's chart on the day that is to be decided about, and a regimen that has followed it."""

    chart: Chart
    doser: Doser


def charted(patient: Patient, regimen: Regimen, spec: DosingSpec, dosed: Dosed) -> Charted:
    """The patient's past as it is known, through a regimen; INRs that are not possible are left out."""
    chart = Chart(as_people(patient, dosed), max(patient.today, 1), most=len(patient.inrs) + 1)
    doser = regimen(chart, spec, dosed)
    doses = {dose.day: dose.dose_mg_per_day for dose in patient.doses}
    inrs = {value.day: value.inr for value in possible(patient)[0]}
    taken = taken_mg(patient)
    for day in range(patient.today):
        _measured(chart, doser, inrs.get(day))
        _decided(chart, doses.get(day))
        chart.pass_day(taken[[day]], *(np.array([takes(patient, drug, day)]) for drug in DRUGS))
        doser.pass_day(chart)
    chart.people = as_people(patient, dosed, patient.today)
    _measured(chart, doser, inrs.get(patient.today))
    _decided(chart, doses.get(patient.today))
    return Charted(chart, doser)


def _decided(chart: Chart, dose_mg_per_day: float | None) -> None:
    """The dose that was decided on, if any; none at all is a pause, after which the last one is what doses go by."""
    if dose_mg_per_day is not None:
        chart.prescribe(ROW, np.array([dose_mg_per_day]) if dose_mg_per_day else chart.last_mg_per_day.copy())


def _measured(chart: Chart, doser: Doser, inr: float | None) -> None:
    # Before the first dose an INR says nothing of the drug.
    if inr is not None and chart.day:
        chart.measure(ROW, np.array([inr]))
        doser.measured(chart, ROW)


def possible(patient: Patient) -> tuple[tuple[InrValue, ...], tuple[Message, ...]]:
    """The INRs that can follow one another, and what is said of the others.

    Clotting factors neither vanish nor come back at once: an INR can rise no faster than if none were made any more,
    and fall no faster than if all inhibition had ended and had been in the faster chain alone.
    """
    kept: list[InrValue] = []
    said = []
    for value in patient.inrs:
        before = kept[-1] if kept else InrValue(0, PUBLISHED.inr_base)
        low, high = reach(before.inr, value.day - before.day)
        if value.day > 0 and not low <= value.inr <= high:
            facts: dict[str, Fact] = {
                "inr": f"{value.inr:g}",
                "day": value.day,
                "before": f"{before.inr:g}",
                "before_day": before.day,
            }
            said.append(Message("warning.jump", {**facts, "low": f"{low:.1f}", "high": f"{high:.1f}"}))
            continue
        kept.append(value)
    return tuple(kept), tuple(said)


def unsettled(patient: Patient) -> tuple[InrValue, ...]:
    """The INRs that are left out and that no later one in use has settled: each may be true."""
    used = possible(patient)[0]
    since = used[-1].day if used else -1
    return tuple(value for value in patient.inrs if value.day > since)


def reach(inr: float, days: int) -> tuple[float, float]:
    """Between which values an INR can be ``days`` after it was ``inr``."""
    base, span = PUBLISHED.inr_base, PUBLISHED.inr_span
    gone = min(1.0, max(0.0, inr - base) / span)
    kept = _kept(days)
    high = base + span * (1 - (1 - gone) * float(kept.mean()))
    low = base + span * gone * float(kept.min())
    return min(low / SLACK, inr / SLACK), max(high * SLACK, inr * SLACK)


def _kept(days: int) -> Floats:
    """The share that each chain still passes on after ``days`` in which nothing entered it."""
    x = 3 * HOURS_PER_DAY * days / np.array(PUBLISHED.transit_hours)
    return np.asarray(np.exp(-x) * (1 + x + x * x / 2))

"""What no dose passes, whoever proposed it: the limits outside of the network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medai_core.cards.dosing import DosingSpec
from medai_core.precision.dosing.nomogram import HELD_INR, HELD_VISIT
from medai_core.precision.pharmacology import Floats

LIMITS = (
    "",
    "limit.largest",
    "limit.first",
    "limit.rise",
    "limit.fall",
    "limit.high_inr",
    "limit.none",
    "limit.start_high",
    "limit.unsettled",
    "limit.again",
)
"""By their place: nothing bound the dose, or the sentence about what did."""


@dataclass(frozen=True, eq=False)
class Bound:
    """Doses within the limits, (n,), and which limit bound each: a place in ``LIMITS``."""

    dose_mg_per_day: Floats
    limit: NDArray[np.int64]


def bound(spec: DosingSpec, proposed: Floats, last: Floats, inr: Floats) -> Bound:
    """Whatever is proposed, made a dose that may be given.

    Parameters
    ----------
    proposed : mg/day, (n,); anything, also what is no number, which becomes the last dose.
    last : the dose before, nan on the first visit.
    inr : measured now, nan where none was; above ``spec.high_inr`` no dose is raised, and none begins.
    """
    first, high = np.isnan(last), inr > spec.high_inr
    before = np.where(first, 0.0, last)
    lost = ~np.isfinite(proposed)
    wanted = np.where(lost, before, proposed)
    ceilings = {
        1: np.full(len(wanted), spec.dose_max_mg_per_day),
        2: np.where(first, spec.first_max_mg_per_day, np.inf),
        3: np.where(first, np.inf, np.maximum(before * (1 + spec.step_share), before + spec.step_least_mg)),
        5: np.where(high & ~first, before, np.inf),
        7: np.where(high & first, 0.0, np.inf),
    }
    floor = np.where(first | high, 0.0, before * (1 - spec.fall_share))
    ceiling = np.minimum.reduce(list(ceilings.values()))
    binding = np.array(list(ceilings))[np.argmin(np.stack(list(ceilings.values())), axis=0)]
    limit = np.where(wanted > ceiling, binding, np.where(wanted < np.minimum(floor, ceiling), 4, 0))
    dose = np.clip(wanted, np.minimum(floor, ceiling), ceiling)
    return Bound(_whole(spec, dose, ceiling), np.where(lost, 6, limit))


def _whole(spec: DosingSpec, dose: Floats, ceiling: Floats) -> Floats:
    """The dose as a weekly dose that tablets can make; rounding raises none above its limit."""
    step = spec.step_mg_per_week
    weekly = np.round(dose * 7 / step) * step
    above = weekly / 7 > ceiling + 1e-9
    return np.asarray(np.where(above, np.floor(ceiling * 7 / step + 1e-9) * step, weekly) / 7)


def bound_visit(spec: DosingSpec, days: NDArray[np.int64], day: int, inr: Floats) -> NDArray[np.int64]:
    """The days until the next visit, (n,): sooner after an INR out of range or high, and in an early course.

    ``inr`` is nan where none was measured.
    """
    low, high = spec.range_inr
    longest = np.full(len(days), 7 if day < spec.early_days else max(spec.visit_days))
    for out, at_most in (
        ((inr < low) | (inr > high), spec.out_days),
        (inr > spec.high_inr, spec.soon_days),
        (inr >= HELD_INR, HELD_VISIT),
    ):
        longest = np.where(out, np.minimum(longest, at_most), longest)
    return np.clip(days, 1, longest)

"""A number that was measured, with its interval."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """A measured value with its 95 % interval.

    Attributes
    ----------
    data : "test", "validation", "cross-validation", "test, degraded" ...: where it was measured.
    n, groups : images, and the groups (patients, exams or blocks) that the bootstrap resampled.
    subgroup : empty for everybody.
    hour : of a model that watches, the hour of the stay that it was measured at, from 1; 0 for all of them.
    ideal : what a perfect model would score at this n, where that is not obvious (calibration error).
    """

    measure: str
    value: float
    low: float
    high: float
    n: int
    groups: int
    data: str
    subgroup: str = ""
    model: str = ""
    ideal: float | None = None
    hour: int = 0


@dataclass(frozen=True)
class Bounds:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float

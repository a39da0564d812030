"""What has been measured and given to many patients so far: all that a regimen may know."""

from __future__ import annotations

import numpy as np

from medai_core.precision.dosing.people import Bools, Ints, People
from medai_core.precision.pharmacology import Floats


class Chart:
    """The charts of ``n`` patients, from the day before the first dose on.

    Attributes
    ----------
    people : as they are now: the drugs that they take change.
    day : doses that could have been taken so far.
    taken_mg : (n, days), the dose of each day that was really taken as far as is known; nan ahead.
    last_mg_per_day : the dose that holds, (n,); nan before the first.
    decided_day : the day on which that was decided, (n,).
    visits : (n,), measurements so far; inr, inr_day : (n, most), nan and 0 ahead.
    """

    def __init__(self, people: People, days: int, most: int = 40) -> None:
        n = len(people)
        self.people = people
        self.day = 0
        self.taken_mg: Floats = np.full((n, days), np.nan)
        self.last_mg_per_day: Floats = np.full(n, np.nan)
        self.decided_day: Ints = np.full(n, -1)
        self.visits: Ints = np.zeros(n, dtype=np.int64)
        self.inr: Floats = np.full((n, most), np.nan)
        self.inr_day: Ints = np.zeros((n, most), dtype=np.int64)

    def __len__(self) -> int:
        return len(self.people)

    def measure(self, rows: Ints, inr: Floats) -> None:
        """The INR of some patients, measured before today's dose."""
        at = self.visits[rows]
        self.inr[rows, at], self.inr_day[rows, at] = inr, self.day
        self.visits[rows] += 1

    def prescribe(self, rows: Ints, dose_mg_per_day: Floats) -> None:
        """What these patients are to take from today on."""
        self.last_mg_per_day[rows], self.decided_day[rows] = dose_mg_per_day, self.day

    def fresh(self, rows: Ints) -> Bools:
        """Whether an INR was measured since the dose was decided last, (n,)."""
        _, day = self.newest(rows)
        return np.asarray(np.nan_to_num(day, nan=-1.0) > self.decided_day[rows])

    def newest(self, rows: Ints, back: int = 0) -> tuple[Floats, Floats]:
        """The INR and its day of ``back`` measurements ago, (n,) each; nan where there was none."""
        at = self.visits[rows] - 1 - back
        there = at >= 0
        at = np.maximum(at, 0)
        return (
            np.where(there, self.inr[rows, at], np.nan),
            np.where(there, self.inr_day[rows, at].astype(np.float64), np.nan),
        )

    def mean_dose(self, rows: Ints, days: int) -> Floats:
        """The mean dose that was taken in the last ``days``, mg/day; nan before the first."""
        if self.day == 0:
            return np.full(len(rows), np.nan)
        return np.asarray(self.taken_mg[rows, max(0, self.day - days) : self.day].mean(axis=1))

    def pass_day(self, taken_mg: Floats, amiodarone: Bools | None = None, inducer: Bools | None = None) -> None:
        """A day with the doses that were taken, and the drugs that are taken beside them since then."""
        self.taken_mg[:, self.day] = taken_mg
        self.day += 1
        if amiodarone is not None and inducer is not None:
            self.people = People(**{**vars(self.people), "amiodarone": amiodarone, "inducer": inducer})

"""A ward that is followed live: each new hour costs one step of the model, however long a stay has lasted.

What arrives late, twice, with another value or from the future has a definite answer, which ``Ward.observe`` says.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd

from medai_core.prognosis.monitoring.drivers import Drivers, quick_drivers
from medai_core.prognosis.monitoring.model import MonitorModel
from medai_core.prognosis.monitoring.stay import Followed, Point, Values, before_hour, cells_of, joined
from medai_core.prognosis.monitoring.watching import advanced

STAYS_MAX = 5_000
"""Stays that are followed; beyond them, the one that has been without news the longest is given up."""
SILENT_HOURS = 24
"""Hours without any observation after which a stay's clock stands still."""

SLACK_MINUTES = 5.0
"""How far a bedside clock may run ahead."""
LONGEST_MINUTES = 366 * 24 * 60.0
"""Minutes since the start after which an observation is taken for a slip in a date."""


@dataclass(frozen=True, eq=False)
class _Work:
    """What is to be done for a stay: new values by hour, and the hours from ``first`` until ``end`` looked at."""

    stay: Followed
    incoming: dict[int, Values]
    first: int
    end: int


class Ward:
    """All stays that are followed with one model; threads may share it.

    Parameters
    ----------
    level : the risk from which an alarm is raised; the card's when None.
    """

    def __init__(self, model: MonitorModel, level: float | None = None) -> None:
        self.model = model
        self.level = model.monitored.level if level is None else level
        self._stays: dict[str, Followed] = {}
        self._places = {p.name: i for i, p in enumerate(model.card.predictors)}
        self._lock = threading.RLock()

    def stays(self) -> tuple[Followed, ...]:
        """Every stay, the highest risk first; those without one last."""
        with self._lock:
            return tuple(sorted(self._stays.values(), key=_rank))

    def started(self) -> dict[str, datetime]:
        """When each stay began, where that is known."""
        with self._lock:
            return {name: s.started for name, s in self._stays.items() if s.started is not None}

    def leave(self, stay: str) -> None:
        """Follow a stay no longer."""
        with self._lock:
            self._stays.pop(stay, None)

    def observe(
        self,
        table: pd.DataFrame,
        stays: Iterable[str] = (),
        started: Mapping[str, datetime] | None = None,
        now: datetime | None = None,
    ) -> tuple[str, ...]:
        """Take new observations, and bring every stay that they are of up to date.

        An observation that was there already changes nothing. One of the same parameter and minute with another
        value replaces it. One that is late by up to ``LATE_HOURS`` changes what is said of the hours since; a later
        one is not used, and neither is one from the future of ``now``: ``Followed.unused`` counts them. What is
        fixed (age) counts from the hour in which it becomes known, however late.

        Parameters
        ----------
        table : ``stay, minute, parameter, value`` in the card's words.
        stays : names to follow though nothing may have been observed of them yet.

        Returns
        -------
        The stays whose course changed.
        """
        with self._lock:
            parts = {str(name): rows for name, rows in table.groupby("stay", sort=False)}
            work = []
            for name in dict.fromkeys((*stays, *parts)):
                stay = self._stays.pop(name, None) or Followed(name, (started or {}).get(name))
                self._stays[name] = stay  # at the end: the first is the one without news the longest
                work.append(self._take(stay, parts.get(name), now))
            while len(self._stays) > STAYS_MAX:
                self._stays.pop(next(iter(self._stays)))
            return self._do([w for w in work if w.stay.name in self._stays])

    def advance(self, now: datetime) -> tuple[str, ...]:
        """Let the time pass until ``now`` for the stays that have times of day; the stays whose course changed."""
        with self._lock:
            timed = [s for s in self._stays.values() if s.started is not None]
            return self._do([self._take(s, None, now) for s in timed])

    def observed(self, stay: str) -> pd.DataFrame:
        """``minute, parameter, value`` of the last ``LATE_HOURS`` of a stay, by time."""
        with self._lock:
            values = self._stays[stay].values if stay in self._stays else ()
            names = [p.name for p in self.model.card.predictors]
            rows = sorted((m, names[p], v) for hour in values for (m, p), v in hour.items())
        return pd.DataFrame(rows, columns=["minute", "parameter", "value"])

    def not_used(self, left_out: pd.DataFrame) -> None:
        """Count what the reader of a file left out: ``stay, parameter, reason`` (a message's id), a row a value."""
        with self._lock:
            counted = left_out.groupby(["stay", "reason", "parameter"], sort=False).size()
            for (name, reason, parameter), n in counted.items():
                if name in self._stays:
                    unused = self._stays[name].unused
                    unused[reason, parameter] = unused.get((reason, parameter), 0) + int(n)

    def drivers(self, name: str) -> Drivers:
        """What drives a stay's risk now, as ``quick_drivers`` finds it; nothing for one that is not followed."""
        with self._lock:
            stay = self._stays.get(name)
            if stay is None or not stay.values:
                return Drivers((), np.zeros(0))
            before, hour = stay.states[-2], stay.passed
            cells = cells_of(stay.values[-1], len(self._places))[None]
        _after, X, network = advanced(self.model, before, cells)
        estimator = self.model.monitored.recommended
        score = self.model.scores(X, network)[estimator]
        found = quick_drivers(self.model, X, before.memory, score, hour, estimator)[0]
        order = [i for i in np.argsort(-np.abs(found), kind="stable").tolist() if found[i] != 0]
        return Drivers(tuple(self.model.card.predictors[i].name for i in order), found[order])

    def _take(self, stay: Followed, rows: pd.DataFrame | None, now: datetime | None) -> _Work:
        """Sort observations into their hours."""
        incoming: dict[int, Values] = {}
        first = stay.passed
        latest = _minutes(stay, now)
        columns = ([],) * 3 if rows is None else (rows[c].tolist() for c in ("minute", "parameter", "value"))
        for minute, parameter, value in zip(*columns, strict=True):
            hour = max(math.ceil(minute / 60) - 1, 0)
            if minute > min(latest + SLACK_MINUTES, LONGEST_MINUTES):
                self._refuse(stay, "observation.future", parameter)
                continue
            if hour < stay.first_kept:
                if parameter not in self.model.spec.fixed:
                    self._refuse(stay, "observation.too_late", parameter)
                    continue
                hour = stay.passed - 1
            key = (float(minute), self._places[parameter])
            if hour >= stay.passed or stay.values[hour - stay.first_kept].get(key) != value:
                incoming.setdefault(hour, {})[key] = value
                first = min(first, hour)
            stay.last_minute = max(stay.last_minute, float(minute))
        clock = min(latest, stay.last_minute + 60 * SILENT_HOURS) if math.isfinite(latest) else stay.last_minute
        return _Work(stay, incoming, first, max(1, math.ceil(clock / 60), stay.passed, *(h + 1 for h in incoming)))

    @staticmethod
    def _refuse(stay: Followed, reason: str, parameter: str) -> None:
        stay.unused[reason, parameter] = stay.unused.get((reason, parameter), 0) + 1

    def _do(self, work: list[_Work]) -> tuple[str, ...]:
        """Look at every hour that changed or began, all stays side by side, each hour after the one before it."""
        pending = [(w, w.first) for w in work if w.first < w.end]
        changed = tuple(w.stay.name for w, _ in pending)
        while pending:
            for w, hour in pending:
                if hour == w.stay.passed:
                    w.stay.begin_hour()
                w.stay.values[hour - w.stay.first_kept].update(w.incoming.get(hour, {}))
            self._look([(w.stay, hour) for w, hour in pending])
            pending = [(w, hour + 1) for w, hour in pending if hour + 1 < w.end]
        return changed

    def _look(self, some: list[tuple[Followed, int]]) -> None:
        """One hour, from 0, of each of some stays."""
        before = [before_hour(stay, hour, self.model) for stay, hour in some]
        cells = np.stack([cells_of(stay.values[hour - stay.first_kept], len(self._places)) for stay, hour in some])
        after, X, network = advanced(self.model, joined(before), cells)
        name = self.model.monitored.recommended
        ended = np.array([hour + 1.0 for _, hour in some])
        e = self.model.estimates(self.model.scores(X, network)[name], ended, name)
        for i, (stay, hour) in enumerate(some):
            place = hour - stay.first_kept + 1
            state = after.chosen(np.array([i]))
            if place < len(stay.states):
                stay.states[place] = state
            else:
                stay.states.append(state)
            covered = self.model.spec.covers(hour + 1)
            risk, low, high = (float(v[i]) if covered else math.nan for v in (e.risk, e.low, e.high))
            self._say(stay, Point(hour + 1, risk, low, high))

    def _say(self, stay: Followed, point: Point) -> None:
        """Enter a risk into the course, with its alarm where it raises one."""
        earlier = next((k for k in range(len(stay.course) - 1, -1, -1) if stay.course[k].hour == point.hour), None)
        raised = earlier is not None and stay.course[earlier].alarm
        quiet = stay.alarmed is not None and point.hour - stay.alarmed < self.model.spec.silent_hours
        if not raised and not quiet and point.risk >= self.level:
            raised, stay.alarmed = True, point.hour
        point = replace(point, alarm=raised)
        if earlier is None:
            stay.course.append(point)
        else:
            stay.course[earlier] = point


def _minutes(stay: Followed, now: datetime | None) -> float:
    """The stay's clock; without an end where it has no times of day, or none is known."""
    if now is None or stay.started is None:
        return math.inf
    return (now - stay.started).total_seconds() / 60


def _rank(stay: Followed) -> tuple[bool, float, str]:
    risk = stay.newest.risk if stay.newest else math.nan
    return math.isnan(risk), -risk if not math.isnan(risk) else 0.0, stay.name

"""A stay that is followed: what is kept of it between two hours, however long it lasts."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from medai_core.metrics import Floats
from medai_core.prognosis.monitoring.hours import COUNT, HIGH, KEPT, LAST, LOW, SQUARE, TOTAL
from medai_core.prognosis.monitoring.model import MonitorModel
from medai_core.prognosis.monitoring.watching import State, begun

LATE_HOURS = 12
"""How late an observation may arrive and still change what was said."""
KEPT_HOURS = 48
"""Hours of a stay's course that are kept to be shown."""

Values = dict[tuple[float, int], float]
"""The observations of an hour: by minute and parameter."""


@dataclass(frozen=True, slots=True)
class Point:
    """The risk of a stay at the end of an hour (from 1); nan where the model was not measured at it.

    Attributes
    ----------
    alarm : whether an alarm was raised in it; one that was raised stays, whatever arrives later.
    """

    hour: int
    risk: float
    low: float
    high: float
    alarm: bool = False


@dataclass(eq=False)
class Followed:
    """A stay that is followed.

    Attributes
    ----------
    started : when it began; None where its observations count minutes only.
    passed : hours that have begun; the last of them is under way.
    last_minute : of the newest observation.
    values : what was observed in the last hours; states : before each of them, and after the last.
    course : the newest last. alarmed : the hour of the last alarm.
    unused : observations that were not used, by reason (a message's id) and parameter.
    """

    name: str
    started: datetime | None
    passed: int = 0
    last_minute: float = 0.0
    states: deque[State] = field(default_factory=deque)
    values: deque[Values] = field(default_factory=deque)
    course: deque[Point] = field(default_factory=lambda: deque(maxlen=KEPT_HOURS))
    alarmed: int | None = None
    unused: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def first_kept(self) -> int:
        """The number, from 0, of the earliest hour that can still be changed."""
        return self.passed - len(self.values)

    def begin_hour(self) -> None:
        """Let another hour be under way, and give up the earliest that was kept."""
        if len(self.values) == LATE_HOURS:
            self.values.popleft()
            self.states.popleft()
        self.values.append({})
        self.passed += 1

    @property
    def newest(self) -> Point | None:
        """The risk now."""
        return self.course[-1] if self.course else None


def before_hour(stay: Followed, hour: int, model: MonitorModel) -> State:
    """The state before an hour."""
    if not stay.states:
        stay.states.append(begun(model, 1))
    return stay.states[hour - stay.first_kept]


def joined(states: list[State]) -> State:
    """The states of several stays side by side."""
    return State(*(np.concatenate([getattr(s, name) for s in states]) for name in ("known", "memory", "hour")))


def cells_of(values: Values, parameters: int) -> Floats:
    """What is kept of the observations of an hour, (parameters, KEPT)."""
    found = np.zeros((parameters, KEPT))
    for (_minute, parameter), value in sorted(values.items()):
        cell = found[parameter]
        first = cell[COUNT] == 0
        cell[LAST] = value
        cell[LOW] = value if first else min(cell[LOW], value)
        cell[HIGH] = value if first else max(cell[HIGH], value)
        cell[TOTAL] += value
        cell[SQUARE] += value * value
        cell[COUNT] += 1
    return found

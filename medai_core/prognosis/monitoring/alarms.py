"""When a risk raises an alarm, and which level of it costs least."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from medai_core.cards.monitoring import AlarmLevel
from medai_core.metrics import Floats


def alarms(risk: Floats, level: float, silent_hours: int) -> NDArray[np.bool_]:
    """Whether an alarm is raised at each hour, (n, k) for risks (n, k) of successive hours.

    An alarm is raised when the risk has reached the level and none was raised in the ``silent_hours`` before: the
    first crossing, and again after the silence while the risk is still there. An hour without a risk (nan) raises
    none, and the silence goes on through it.
    """
    raised = np.zeros(risk.shape, dtype=bool)
    quiet_until = np.full(len(risk), -1)
    with np.errstate(invalid="ignore"):
        above = risk >= level
    for k in range(risk.shape[1]):
        raised[:, k] = above[:, k] & (k >= quiet_until)
        quiet_until = np.where(raised[:, k], k + silent_hours, quiet_until)
    return raised


def cheapest(levels: Sequence[AlarmLevel], missed_cost: float) -> AlarmLevel:
    """The level at which false alarms and missed events cost least together.

    Parameters
    ----------
    missed_cost : how many false alarms one missed event is as bad as.
    """
    return min(levels, key=lambda v: v.false.value + missed_cost * (1 - v.caught.value) * v.events)

"""The utility score of the PhysioNet challenge of 2019: what warnings of sepsis are worth by when they come.

After Reyna 2020, 10.1097/CCM.0000000000004145: a warning is worth most 6 hours before the onset and nothing from 12
hours before it backwards and from 3 hours after it on; a missed one costs up to 2, a false one 0.05 an hour.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from medai_core.metrics import Floats, Ints

EARLY, OPTIMAL, LATE = -12, -6, 3
"""Hours from the onset between which a warning counts, and at which it is worth most."""
BEST, MISSED, FALSE = 1.0, -2.0, -0.05


def hourly_worth(label: Ints) -> tuple[Floats, Floats]:
    """What warning and keeping silent are worth at each hour of one stay, both (hours,).

    Parameters
    ----------
    label : (hours,), 1 from 6 hours before the onset on, as the challenge's data has it; 0 throughout without sepsis.
    """
    hours = np.arange(len(label), dtype=np.float64)
    if not label.any():
        return np.full(len(label), FALSE), np.zeros(len(label))
    away = hours - (int(np.argmax(label)) - OPTIMAL)
    rising = BEST * (away - EARLY) / (OPTIMAL - EARLY)
    falling = BEST * (LATE - away) / (LATE - OPTIMAL)
    warned = np.where(away <= OPTIMAL, np.maximum(rising, FALSE), falling)
    silent = np.where(away <= OPTIMAL, 0.0, MISSED * (away - OPTIMAL) / (LATE - OPTIMAL))
    over = away > LATE
    return np.where(over, 0.0, warned), np.where(over, 0.0, silent)


def stay_utilities(labels: Sequence[Ints], warned: Sequence[NDArray[np.bool_]]) -> Floats:
    """Each stay's utility as observed, at best, and when nothing is ever said, (n, 3)."""
    found = np.zeros((len(labels), 3))
    for i, (label, said) in enumerate(zip(labels, warned, strict=True)):
        yes, no = hourly_worth(label)
        away = np.arange(len(label)) - (int(np.argmax(label)) - OPTIMAL)
        best = (away >= EARLY) & (away <= LATE) & bool(label.any())
        found[i] = np.where(said, yes, no).sum(), np.where(best, yes, no).sum(), no.sum()
    return found


def normalised(utilities: Floats, weight: Floats | None = None) -> float:
    """The score of a cohort: 1 for the best possible warnings, 0 for none; nan where nobody has the event.

    Parameters
    ----------
    utilities : (n, 3) of ``stay_utilities``; weight : (n,), how often each stay counts.
    """
    observed, best, inaction = utilities.sum(axis=0) if weight is None else weight @ utilities
    return float((observed - inaction) / (best - inaction)) if best > inaction else float("nan")

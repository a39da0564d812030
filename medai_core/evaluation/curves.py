"""What a cohort with outcomes shows of a risk: the ROC, observed against predicted, and counts at a threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medai_core.cards import Reliability
from medai_core.evaluation.patients import Judged
from medai_core.metrics import Floats, wilson

POINTS = 400
"""Points of a ROC that are kept: more than a screen can show."""


@dataclass(frozen=True)
class Share:
    """A share with its 95 % Wilson interval and the number of people that it is of; nan of nobody."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Called:
    """What becomes of n people when everybody at or over a threshold is called positive.

    Attributes
    ----------
    true_positive, false_positive, true_negative, false_negative : people whose outcome is known.
    sensitivity, specificity, positive_value, negative_value : weighted for those who were lost to follow-up.
    """

    threshold: float
    true_positive: int
    false_positive: int
    true_negative: int
    false_negative: int
    sensitivity: Share
    specificity: Share
    positive_value: Share
    negative_value: Share


def reliability(judged: Judged, bins: int = 10, *, fewest: int = 20) -> tuple[Reliability, ...]:
    """Predicted against observed in bins of equal count; the censored are left out, their weight is not.

    Parameters
    ----------
    fewest : people in a bin; with fewer people than that in all there is one bin.
    """
    known = np.flatnonzero(judged.outcomes.weight > 0)
    p, y = _risk(judged)[known], judged.outcomes.event[known]
    w = judged.outcomes.weight[known]
    found = []
    for part in np.array_split(np.argsort(p, kind="stable"), max(1, min(bins, len(p) // fewest))):
        if len(part):
            share = float(np.average(y[part], weights=w[part]))
            found.append(Reliability(float(p[part].mean()), share, *wilson(share, len(part)), len(part)))
    return tuple(found)


def roc(judged: Judged) -> Floats:
    """(points, 3): false-positive share, true-positive share and the risk at or over which one is called positive.

    From (0, 0) to (1, 1), one point a distinct risk and at most ``POINTS``; empty with one class only.
    """
    o, risk = judged.outcomes, _risk(judged)
    order = np.argsort(-risk, kind="stable")
    hit = np.cumsum((o.weight * o.event)[order])
    false = np.cumsum((o.weight * (1 - o.event))[order])
    if not len(order) or hit[-1] == 0 or false[-1] == 0:
        return np.zeros((0, 3))
    last = np.flatnonzero(np.append(np.diff(risk[order]) != 0, True))
    last = last[np.unique(np.linspace(0, len(last) - 1, POINTS).astype(int))]
    curve = np.stack([false[last] / false[-1], hit[last] / hit[-1], risk[order][last]], axis=1)
    return np.concatenate([[[0.0, 0.0, 1.0]], curve])


def called(judged: Judged, threshold: float) -> Called:
    """The counts at one threshold of the risk, and the shares that follow from them."""
    o, positive = judged.outcomes, _risk(judged) >= threshold
    known = o.weight > 0
    cells = {
        (over, happened): known & (positive == over) & (o.event == happened)
        for over in (True, False)
        for happened in (1, 0)
    }
    people = {cell: int(mask.sum()) for cell, mask in cells.items()}
    weight = {cell: float(o.weight[mask].sum()) for cell, mask in cells.items()}

    def share(part: tuple[bool, int], rest: tuple[bool, int]) -> Share:
        n, total = people[part] + people[rest], weight[part] + weight[rest]
        value = weight[part] / total if total else float("nan")
        return Share(value, *wilson(value, n), n)

    hit, alarm, clear, missed = (True, 1), (True, 0), (False, 0), (False, 1)
    return Called(
        threshold,
        people[hit],
        people[alarm],
        people[clear],
        people[missed],
        sensitivity=share(hit, missed),
        specificity=share(clear, alarm),
        positive_value=share(hit, alarm),
        negative_value=share(clear, missed),
    )


def _risk(judged: Judged) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(judged.log_odds, -700, 700))))


def useful_span(thresholds: Floats, benefit: Floats) -> tuple[float, float] | None:
    """The longest run of thresholds at which acting on the model beats acting on everybody and on nobody.

    Parameters
    ----------
    benefit : (thresholds, 2), of ``decision_curve``.
    """
    better = (benefit[:, 0] > benefit[:, 1]) & (benefit[:, 0] > 0)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], better, [False]]).astype(int)))
    runs = edges.reshape(-1, 2)
    if len(runs) == 0:
        return None
    first, end = runs[np.argmax(runs[:, 1] - runs[:, 0])]
    return float(thresholds[first]), float(thresholds[end - 1])


def threshold_grid(judged: Judged, steps: int = 60) -> Floats:
    """Thresholds from 1 % to what 1 person in 50 exceeds, where a decision could turn, (steps,)."""
    top = float(np.quantile(_risk(judged), 0.98))
    return np.linspace(0.01, float(np.clip(top, 0.05, 0.95)), steps)

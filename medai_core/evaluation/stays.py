"""How good a model is that watches stays: by hour, over all hours, and by the alarms that it raises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medai_core.cards import Bounds, Measure
from medai_core.cards.monitoring import AlarmLevel
from medai_core.evaluation.patients import calibration, drawn, interval, weighted_auc
from medai_core.evaluation.utility import normalised, stay_utilities
from medai_core.metrics import Floats, Ints
from medai_core.prognosis.monitoring.alarms import alarms
from medai_core.prognosis.risk import logistic

BEFORE = 12
"""Hours before an event that is dated, and up to it, in which an alarm counts as having foreseen it."""


@dataclass(frozen=True, eq=False)
class Watched:
    """What became of n stays at k successive hours.

    Attributes
    ----------
    hours : (k,), counted from 1. label : (n, k), 1 for the event, 0 for none, -1 for an hour that is not judged.
    group : (n,), numbers of patients.
    dated : whether the label says when the event comes; else it is one label for the whole stay.
    """

    hours: Ints
    label: Ints
    group: Ints
    dated: bool

    @property
    def event(self) -> Ints:
        """Whether each stay has the event at all, (n,)."""
        return np.asarray((self.label == 1).any(axis=1), dtype=np.int64)

    @property
    def rightly(self) -> NDArray[np.bool_]:
        """The hours at which an alarm is right, (n, k)."""
        if not self.dated:
            return np.asarray(self.label == 1)
        positive = self.label == 1
        onset = positive.argmax(axis=1) + 6
        away = np.arange(self.label.shape[1])[None] - onset[:, None]
        found = (away >= -BEFORE) & (away <= 0)
        return np.asarray(found & positive.any(axis=1)[:, None] & (self.label >= 0))


def copies(group: Ints, draws: int, seed: int = 0) -> Floats:
    """How often each stay counts when patients are drawn with replacement, (1 + draws, n); all once first."""
    once = np.ones((1, len(group)))
    return np.concatenate([once, drawn(group, np.random.default_rng(seed), draws)]) if draws else once


def average_precision(event: Ints, score: Floats, weight: Floats) -> float:
    """Area under the precision-recall curve as a sum of steps, weighted; nan without an event."""
    order = np.argsort(-score, kind="stable")
    s, hit, all_ = score[order], (weight * event)[order], weight[order]
    if hit.sum() == 0:
        return float("nan")
    ends = np.flatnonzero(np.concatenate([s[1:] != s[:-1], [True]]))
    found, called = np.cumsum(hit)[ends], np.cumsum(all_)[ends]
    gained = np.diff(np.concatenate([[0.0], found]))
    return float((gained * found / np.maximum(called, 1e-12)).sum() / hit.sum())


def balanced_point(event: Ints, score: Floats, threshold: float, weight: Floats) -> float:
    """The lesser of sensitivity and positive predictive value at a threshold: event 1 of the challenge of 2012."""
    called = score >= threshold
    hit = float((weight * event * called).sum())
    return min(hit / max(float((weight * event).sum()), 1e-12), hit / max(float((weight * called).sum()), 1e-12))


def best_balanced_point(event: Ints, score: Floats) -> float:
    """The threshold at which ``balanced_point`` is greatest."""
    candidates = np.unique(np.quantile(score, np.linspace(0.5, 0.995, 400)))
    weight = np.ones(len(score))
    return float(max(candidates, key=lambda t: balanced_point(event, score, float(t), weight)))


def hour_measures(
    event: Ints,
    log_odds: Floats,
    group: Ints,
    *,
    data: str,
    hour: int = 0,
    rivals: Mapping[str, Floats] | None = None,
    threshold: float | None = None,
    draws: int = 500,
) -> tuple[Measure, ...]:
    """Discrimination, calibration and what was gained on rivals, with 95 % intervals by resampling patients.

    Parameters
    ----------
    event, log_odds, group : (n,), of stays at one hour or of all hours of all stays.
    rivals : log-odds or scores of other estimators; each adds its own values and the paired gain on it.
    threshold : the log-odds at which sensitivity and predictive value are balanced.
    """
    weights = copies(group, draws)
    found: dict[tuple[str, str], list[float]] = {
        ("auc", ""): [weighted_auc(event, log_odds, w) for w in weights],
        ("average_precision", ""): [average_precision(event, log_odds, w) for w in weights],
    }
    risk = logistic(log_odds)
    lines = [calibration(event, log_odds, w) for w in weights]
    found["calibration_intercept", ""] = [line[0] for line in lines]
    found["calibration_slope", ""] = [line[1] for line in lines]
    found["brier", ""] = [float(np.average((risk - event) ** 2, weights=w)) for w in weights]
    if threshold is not None:
        found["sensitivity_or_ppv", ""] = [balanced_point(event, log_odds, threshold, w) for w in weights]
    for name, score in (rivals or {}).items():
        for measure, area in (("auc", weighted_auc), ("average_precision", average_precision)):
            theirs = [area(event, score, w) for w in weights]
            found[measure, name] = theirs
            found[f"{measure}_gain", name] = [a - b for a, b in zip(found[measure, ""], theirs, strict=True)]
    n, groups = len(event), len(np.unique(group))
    return tuple(
        Measure(m, *interval(np.array(values)), n, groups, data, model=rival, hour=hour)
        for (m, rival), values in found.items()
    )


def utility_measure(followed: Watched, log_odds: Floats, threshold: float, *, data: str, draws: int = 500) -> Measure:
    """The utility of warning at every hour whose log-odds reach a threshold."""
    utilities = utilities_of(followed, log_odds, threshold)
    weights = copies(followed.group, draws)
    values = [normalised(utilities, w) for w in weights]
    return Measure("utility", *interval(np.array(values)), len(utilities), len(np.unique(followed.group)), data)


def utilities_of(followed: Watched, log_odds: Floats, threshold: float) -> Floats:
    """Each stay's utilities, (n, 3), of warning at every hour whose log-odds reach a threshold."""
    judged = [row >= 0 for row in followed.label]
    labels = [row[own] for row, own in zip(followed.label, judged, strict=True)]
    warned = [row[own] >= threshold for row, own in zip(log_odds, judged, strict=True)]
    return stay_utilities(labels, warned)


def alarm_level(
    followed: Watched, risk: Floats, level: float, silent_hours: int, *, draws: int = 500, drawn: Floats | None = None
) -> AlarmLevel:
    """What alarms at a level cost and catch.

    Parameters
    ----------
    risk : (n, k), at the hours of ``followed``.
    """
    judged = followed.label >= 0
    raised = alarms(np.where(judged, risk, np.nan), level, silent_hours)
    right = (raised & followed.rightly).sum(axis=1)
    false = raised.sum(axis=1) - right
    caught = (right > 0).astype(np.float64)
    days, event = judged.sum(axis=1) / 24, followed.event
    drawn = copies(followed.group, draws) if drawn is None else drawn

    def rate(count: NDArray[np.generic]) -> Bounds:
        return Bounds(*interval(np.array([float(w @ count / max(w @ days, 1e-9) * 100) for w in drawn])))

    share = Bounds(*interval(np.array([float(w @ caught / max(w @ event, 1e-9)) for w in drawn])))
    return AlarmLevel(level, rate(raised.sum(axis=1)), rate(false), share, float(event.sum() / days.sum() * 100))


def level_for(followed: Watched, risk: Floats, silent_hours: int, caught: float) -> float:
    """The highest level whose alarms still foresee a share of the events."""
    candidates = np.unique(np.quantile(risk[followed.label >= 0], np.linspace(0, 0.999, 200)))
    low, high = 0, len(candidates) - 1
    one = copies(followed.group, 0)
    while low < high:
        middle = (low + high + 1) // 2
        found = alarm_level(followed, risk, float(candidates[middle]), silent_hours, drawn=one)
        low, high = (middle, high) if found.caught.value >= caught else (low, middle - 1)
    return float(candidates[low])

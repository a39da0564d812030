"""What drives a stay's risk now, what changed lately, and what is missing or old."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medai_core.metrics import Floats
from medai_core.prognosis.monitoring.hours import LAST, Hours
from medai_core.prognosis.monitoring.model import MonitorModel
from medai_core.prognosis.monitoring.summaries import AT, NUMBER
from medai_core.prognosis.monitoring.watching import State, advanced, begun

SAME = 1e-5
"""What a column may differ by for its rounding."""


@dataclass(frozen=True, eq=False)
class Drivers:
    """How much each measured predictor raises or lowers the risk.

    Attributes
    ----------
    names : of the predictors that were measured at all, the strongest first.
    values : log-odds of the risk as it is, minus those had the predictor never been measured. They need not add up.
    """

    names: tuple[str, ...]
    values: Floats


def drivers(model: MonitorModel, stay: Hours, hour: int, *, estimator: str | None = None) -> Drivers:
    """The drivers of one stay's risk at the end of ``hour`` (from 1): each predictor is left out in turn.

    The stay and its copies without one predictor each go through the served model side by side, from the first
    hour, so that every value is the exact difference and no approximation.
    """
    measured = sorted(set(stay.parameter[stay.hour < hour].tolist()))
    copies = 1 + len(measured)
    state = begun(model, copies)
    for h in range(hour):
        cells = np.repeat(stay.at(h), copies, axis=0)
        cells[np.arange(1, copies), measured] = 0
        state, X, network = advanced(model, state, cells)
    name = model.named(estimator)
    z = model.estimates(model.scores(X, network)[name], np.full(copies, float(hour)), name).log_odds
    values = z[0] - z[1:]
    order = np.argsort(-np.abs(values), kind="stable")
    return Drivers(tuple(model.card.predictors[measured[i]].name for i in order.tolist()), values[order])


def quick_drivers(
    model: MonitorModel,
    X: NDArray[np.float32],
    memory: NDArray[np.float32],
    score: Floats,
    hour: int,
    estimator: str | None = None,
) -> Floats:
    """What each predictor adds to the log-odds of many stays at one hour, (n, predictors); 0 where it is not known.

    Each predictor is forgotten in the columns of that hour, in the served model; what the network's memory holds of
    it from earlier stays. So it costs one step and not the whole stay, and differs a little from ``drivers``.

    Parameters
    ----------
    X : (n, columns) at the end of the hour, from 1; memory : (n, units), before it.
    score : (n, members), of the estimator as it is.
    """
    name, n = model.named(estimator), len(X)
    never, hours = model.columns.never(X), np.full(n, float(hour))
    z = model.estimates(score, hours, name).log_odds
    found = np.zeros((n, len(model.card.predictors)))
    for i in range(len(model.card.predictors)):
        own = model.columns.owned(i)
        known = np.flatnonzero((np.abs(X[:, own] - never[:, own]) > SAME).any(axis=1))
        if len(known) == 0:
            continue
        without = X[known].copy()
        without[:, own] = never[known][:, own]
        said = model.step(x=without, memory=memory[known])["score"]
        scores = model.scores(without, said)[name]
        found[known, i] = z[known] - model.estimates(scores, hours[known], name).log_odds
    return found


@dataclass(frozen=True)
class Change:
    """How a predictor moved: its newest value, the one before the last hours, and when each was measured."""

    name: str
    before: float
    now: float
    before_hour: int
    now_hour: int


def changes(model: MonitorModel, stay: Hours, hour: int) -> tuple[Change, ...]:
    """What changed in the last hours of one stay, by how unusual the step is in the cohort, the largest first."""
    back, scaling = hour - model.spec.change_hours, model.columns.scaling
    found: list[tuple[float, Change]] = []
    for i in model.columns.changing:
        own = np.flatnonzero((stay.parameter == i) & (stay.hour < hour))
        earlier, later = own[stay.hour[own] < back], own[stay.hour[own] >= back]
        if len(earlier) == 0 or len(later) == 0:
            continue
        a, b = earlier[-1], later[-1]
        pair = np.full((2, len(model.card.predictors)), 0.0)
        pair[:, i] = stay.cells[[a, b], LAST]
        scaled = scaling(pair)[:, i]
        change = Change(
            model.card.predictors[i].name, pair[0, i], pair[1, i], int(stay.hour[a]) + 1, int(stay.hour[b]) + 1
        )
        found.append((abs(float(scaled[1] - scaled[0])), change))
    return tuple(change for size, change in sorted(found, key=lambda pair: -pair[0]) if size > 0)


@dataclass(frozen=True)
class Gaps:
    """What the model does without: predictors never measured, and those whose newest value is old (hours)."""

    missing: tuple[str, ...]
    stale: dict[str, int]


def gaps(model: MonitorModel, state: State, place: int = 0) -> Gaps:
    """The gaps of one stay in ``state``."""
    known, passed = state.known[place], int(state.hour[place])
    missing, stale = [], {}
    for i, p in enumerate(model.card.predictors):
        limit = model.spec.stale_hours.get(p.name)
        age = passed - 1 - int(known[i, AT])
        if known[i, NUMBER] == 0:
            missing.append(p.name)
        elif limit is not None and age > limit:
            stale[p.name] = age
    return Gaps(tuple(missing), stale)


def state_at(model: MonitorModel, stay: Hours, hour: int) -> State:
    """The state of stays at the end of ``hour`` (from 1)."""
    state = begun(model, len(stay.stays))
    for h in range(hour):
        state = advanced(model, state, stay.at(h))[0]
    return state

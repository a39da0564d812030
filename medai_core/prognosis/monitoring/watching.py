"""The risk of stays at each hour: all of them at once from what is on file, or one further hour of some."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medai_core.metrics import Floats, Ints
from medai_core.prognosis.monitoring.hours import Hours
from medai_core.prognosis.monitoring.model import ENSEMBLE, MonitorModel
from medai_core.prognosis.monitoring.summaries import after_hour, nothing_known

TOGETHER = 512
"""Stays that are watched side by side, so that memory stays flat."""


@dataclass(frozen=True, eq=False)
class State:
    """All that is kept of n stays between two hours.

    Attributes
    ----------
    known : (n, parameters, KNOWN), running summaries. memory : (n, units), of the network.
    hour : (n,), hours that have passed, which is also the number of the next one.
    """

    known: Floats
    memory: NDArray[np.float32]
    hour: Ints

    def __len__(self) -> int:
        return len(self.hour)

    def chosen(self, stays: Ints) -> State:
        """Of some of the stays."""
        return State(self.known[stays], self.memory[stays], self.hour[stays])


def begun(model: MonitorModel, n: int) -> State:
    """The state of n stays before their first hour."""
    known = nothing_known(n, len(model.card.predictors))
    return State(known, np.zeros((n, model.units), np.float32), np.zeros(n, np.int64))


def advanced(
    model: MonitorModel, state: State, cells: Floats
) -> tuple[State, NDArray[np.float32], NDArray[np.float32]]:
    """The state after one more hour, and the columns (n, columns) and the network's scores (n, members) at its end.

    Parameters
    ----------
    cells : (n, parameters, KEPT), what was measured in the hour.
    """
    hour = state.hour.astype(np.float64)
    known = after_hour(state.known, cells, hour)
    X = model.columns.of(known, cells, hour)
    said = model.step(x=X, memory=state.memory)
    return State(known, said["memory"], state.hour + 1), X, said["score"]


@dataclass(frozen=True, eq=False)
class Course:
    """The risks of n stays at k hours.

    Attributes
    ----------
    hours : (k,), counted from 1. risk, low, high : (n, k); nan at hours that the model was not measured at.
    log_odds : (n, k).
    estimator : which one answered.
    """

    stays: tuple[str, ...]
    hours: Ints
    log_odds: Floats
    risk: Floats
    low: Floats
    high: Floats
    estimator: str


def watch(
    model: MonitorModel,
    hours: Hours,
    at: Sequence[int],
    *,
    estimator: str | None = None,
    tell: Callable[[float], None] = lambda share: None,
) -> Course:
    """The risks of stays at the hours ``at``, each from what was measured up to its end alone.

    Parameters
    ----------
    at : counted from 1; each stay is followed that far, though nothing more may have been measured.
    tell : is called with the share that is done.
    """
    name = model.named(estimator)
    scores = all_scores(model, hours, at, names=(name,), tell=tell)[name]
    return course(model, hours.stays, at, scores, name)


def course(model: MonitorModel, stays: tuple[str, ...], at: Sequence[int], scores: Floats, name: str) -> Course:
    """From an estimator's scores (n, k, members) to calibrated risks."""
    wanted = np.array(list(at), dtype=np.int64)
    z, risk, low, high = np.full((4, len(stays), len(wanted)), np.nan)
    for k, hour in enumerate(wanted.tolist()):
        if model.spec.covers(hour):
            e = model.estimates(scores[:, k], np.full(len(stays), float(hour)), name)
            z[:, k], risk[:, k], low[:, k], high[:, k] = e.log_odds, e.risk, e.low, e.high
    return Course(stays, wanted, z, risk, low, high, name)


@dataclass(frozen=True, eq=False)
class Moment:
    """The end of an hour in some stays.

    Attributes
    ----------
    stays : (m,), their places. hour : from 1. X : (m, columns). memory : (m, units), of the network before the hour.
    score : (m, members), what it said.
    """

    stays: Ints
    hour: int
    X: NDArray[np.float32]
    memory: NDArray[np.float32]
    score: NDArray[np.float32]


def moments(model: MonitorModel, hours: Hours, until: Ints) -> Iterator[Moment]:
    """Every hour of every stay up to its ``until`` (n,), from 1; the hours of a stay in their order."""
    order = np.argsort(until, kind="stable")
    for start in range(0, len(order), TOGETHER):
        part = order[start : start + TOGETHER]
        some, state = hours.chosen(part), begun(model, len(part))
        for hour in range(1, int(until[part].max(initial=0)) + 1):
            memory = state.memory
            state, X, score = advanced(model, state, some.at(hour - 1))
            here = until[part] >= hour
            yield Moment(part[here], hour, X[here], memory[here], score[here])


def all_scores(
    model: MonitorModel,
    hours: Hours,
    at: Sequence[int],
    *,
    names: Sequence[str] = (ENSEMBLE,),
    until: Ints | None = None,
    tell: Callable[[float], None] = lambda share: None,
) -> dict[str, Floats]:
    """Every wanted estimator's scores, (n, k, members) each; nan at hours that a stay is not followed to.

    Parameters
    ----------
    until : (n,), the hour that each stay is followed to; to the last of ``at`` when None.
    """
    n, wanted = len(hours.stays), {hour: k for k, hour in enumerate(at)}
    found = {name: np.full((n, len(wanted), model.members), np.nan) for name in names}
    last = max(wanted, default=0)
    until = np.full(n, last) if until is None else np.minimum(until, last)
    total, done = max(int(until.sum()), 1), 0
    for moment in moments(model, hours, until):
        done += len(moment.stays)
        if moment.hour in wanted:
            scores = model.scores(moment.X, moment.score)
            for name in names:
                found[name][moment.stays, wanted[moment.hour]] = scores[name]
            tell(done / total)
    return found

"""Many stays answered at once: risk with its interval, what drives it, and what the reader has to know beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from medai_core.cards import Card
from medai_core.errors import Message
from medai_core.metrics import Floats, Ints
from medai_core.prognosis.monitoring.drivers import quick_drivers
from medai_core.prognosis.monitoring.hours import Hours
from medai_core.prognosis.monitoring.model import MonitorModel
from medai_core.prognosis.monitoring.watching import moments

TOP = 3
"""Drivers that are named beside a risk."""
OLD_HOURS = 6
"""Hours without any measurement before an answer says so."""


@dataclass(frozen=True, eq=False)
class Answers:
    """The risks of m moments of stays, by stay and then by hour.

    Attributes
    ----------
    stay : (m,), places in ``stays``. hour : (m,), from 1.
    log_odds, risk, low, high : (m,); nan at an hour that the model was not measured at.
    drivers : (m, predictors), what each adds to the log-odds; None where they were not asked for.
    warnings : what has to be said of each.
    """

    card: Card
    stays: tuple[str, ...]
    stay: Ints
    hour: Ints
    log_odds: Floats
    risk: Floats
    low: Floats
    high: Floats
    drivers: Floats | None
    warnings: tuple[tuple[Message, ...], ...]

    def top(self, place: int, count: int = TOP) -> tuple[tuple[str, float], ...]:
        """The strongest drivers of an answer, by name, with what they add."""
        if self.drivers is None:
            return ()
        own = self.drivers[place]
        order = np.argsort(-np.abs(own), kind="stable")[:count]
        return tuple((self.card.predictors[i].name, float(own[i])) for i in order.tolist() if own[i] != 0)


def answer(
    model: MonitorModel,
    hours: Hours,
    at: Sequence[int] = (),
    *,
    estimator: str | None = None,
    explain: bool = True,
    tell: Callable[[float], None] = lambda share: None,
) -> Answers:
    """Every stay at the hours ``at``; where there are none, at the card's, or at every hour that it was watched for.

    A stay of which nothing was measured is answered too: with what the model says of an unknown one, and a warning.
    """
    name, wanted = model.named(estimator), tuple(at) or model.spec.hours
    n = len(hours.stays)
    until = np.full(n, max(wanted)) if wanted else hours.length
    total, done = max(int(until.sum()), 1), 0
    parts: list[dict[str, np.ndarray]] = []
    for moment in moments(model, hours, until):
        done += len(moment.stays)
        if wanted and moment.hour not in wanted:
            continue
        scores = model.scores(moment.X, moment.score)[name]
        e = model.estimates(scores, np.full(len(moment.stays), float(moment.hour)), name)
        part = {"stay": moment.stays, "hour": np.full(len(moment.stays), moment.hour)}
        part |= {k: getattr(e, k) for k in ("log_odds", "risk", "low", "high")}
        if explain:
            part["drivers"] = quick_drivers(model, moment.X, moment.memory, scores, moment.hour, name)
        parts.append(part)
        tell(done / total)
    return _answers(model, hours, parts, explain)


def _answers(model: MonitorModel, hours: Hours, parts: list[dict[str, np.ndarray]], explain: bool) -> Answers:
    names = ("stay", "hour", "log_odds", "risk", "low", "high", *(("drivers",) if explain else ()))
    empty = {n: np.zeros((0, len(model.card.predictors)) if n == "drivers" else 0) for n in names}
    found = {n: np.concatenate([p[n] for p in parts or [empty]]) for n in names}
    order = np.lexsort((found["hour"], found["stay"]))
    found = {n: v[order] for n, v in found.items()}
    stay, hour = found["stay"].astype(np.int64), found["hour"].astype(np.int64)
    outside = np.array([not model.spec.covers(h) for h in hour.tolist()], dtype=bool)
    for name in ("log_odds", "risk", "low", "high"):
        found[name] = np.where(outside, np.nan, found[name])
    said = _warnings(model, hours, stay, hour)
    z, risk, low, high = (found[n] for n in ("log_odds", "risk", "low", "high"))
    return Answers(model.card, hours.stays, stay, hour, z, risk, low, high, found.get("drivers"), said)


def _warnings(model: MonitorModel, hours: Hours, stay: Ints, hour: Ints) -> tuple[tuple[Message, ...], ...]:
    """Outside of what was measured, nothing known, nothing new for hours."""
    changing = np.isin(hours.parameter, model.columns.changing)
    measured = pd.Series(hours.hour[changing]).groupby(hours.stay[changing]).apply(lambda h: np.unique(h.to_numpy()))
    found = []
    for i, h in zip(stay.tolist(), hour.tolist(), strict=True):
        own = measured.get(i, np.zeros(0, np.int64))
        own = own[own < h]
        said = []
        if not model.spec.covers(h):
            said.append(outside_message(model.card, h))
        if len(own) == 0:
            said.append(Message("stay.nothing"))
        elif h - 1 - own[-1] >= OLD_HOURS:
            said.append(Message("stay.old", {"last_hour": int(own[-1]) + 1}))
        found.append(tuple(said))
    return tuple(found)


def outside_message(card: Card, hour: int) -> Message:
    """Why there is no risk at an hour."""
    spec = card.monitoring
    assert spec is not None
    if spec.last_hour:
        return Message("stay.outside", {"hour": hour, "first": spec.first_hour, "last": spec.last_hour})
    return Message("stay.early", {"hour": hour, "first": spec.first_hour})

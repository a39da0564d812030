"""What became of a group over time: curves, tests between groups, and how well a prediction ordered and foretold it.

Everywhere ``time`` is (n,) the follow-up in any one unit and ``happened`` (n,) 1 where it ended with the event, 0 where
it was only censored. Who has the event and who is censored at the same moment had the event first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from medai_core.metrics import Floats, Interval, Ints

NORMAL_95 = 1.959963984540054


@dataclass(frozen=True)
class KaplanMeier:
    """A survival curve: a step at each moment with an event, starting at (0, 1); every array is (steps,).

    Attributes
    ----------
    share : the share without the event from that moment on, until the next.
    low, high : its 95 % interval, on the scale of log(-log), without a step's neighbours taken into account.
    at_risk : people under observation without the event just before that moment.
    n, events : people, and how many had the event.
    """

    times: Floats
    share: Floats
    low: Floats
    high: Floats
    at_risk: Ints
    n: int
    events: int


def kaplan_meier(time: Floats, happened: Ints) -> KaplanMeier:
    """The curve of a group (Kaplan and Meier 1958; variance by Greenwood, interval by Kalbfleisch and Prentice).

    Where the curve reaches 0 its interval is not defined on that scale: it then goes from 0 to the bound before.
    """
    time, happened = np.asarray(time, dtype=np.float64), np.asarray(happened)
    moments = np.unique(time[happened == 1])
    deaths = np.array([((time == t) & (happened == 1)).sum() for t in moments], dtype=np.float64)
    observed = at_risk(time, moments)
    share: Floats = np.cumprod(1 - deaths / observed, dtype=np.float64)
    low, high = _log_log(share, deaths, observed)
    start = np.ones(1)
    return KaplanMeier(
        np.concatenate([[0.0], moments]),
        np.concatenate([start, share]),
        np.concatenate([start, low]),
        np.concatenate([start, high]),
        np.concatenate([[len(time)], observed]).astype(np.int64),
        len(time),
        int(happened.sum()),
    )


def _log_log(share: Floats, deaths: Floats, observed: Ints) -> tuple[Floats, Floats]:
    open_ = share > 0
    spread = np.cumsum(np.where(open_, deaths / np.maximum(observed * (observed - deaths), 1), 0.0))
    logs = np.log(np.where(open_, share, 0.5))
    width = NORMAL_95 * np.sqrt(spread) / logs
    low, high = np.where(open_, share ** np.exp(-width), 0.0), np.where(open_, share ** np.exp(width), 0.0)
    if len(share) and not open_[-1]:
        high[-1] = high[-2] if len(share) > 1 else 1.0
    return low, high


def share_at(time: Floats, happened: Ints, moment: float) -> Interval:
    """The Kaplan-Meier share at a moment, with an interval that is never one point.

    Before the first event log(-log) gives none: the lower bound is then what a binomial of those still observed
    gives (0.025 to the power of 1 over their number). All nan where nobody is observed so long.
    """
    left = int(at_risk(time, np.array([moment]))[0])
    if left == 0:
        return Interval(float("nan"), float("nan"), float("nan"))
    curve = kaplan_meier(time, happened)
    step = int(np.searchsorted(curve.times, moment, side="right")) - 1
    low = float(curve.low[step]) if step else float(0.025 ** (1 / left))
    return Interval(float(curve.share[step]), low, float(curve.high[step]))


def at_risk(time: Floats, at: Floats) -> Ints:
    """People whose follow-up lasts to each of ``at`` or longer, (len(at),)."""
    ordered = np.sort(np.asarray(time, dtype=np.float64))
    return np.asarray(len(ordered) - np.searchsorted(ordered, np.asarray(at, dtype=np.float64), side="left"))


@dataclass(frozen=True)
class LogRank:
    """A test whether groups fare alike: chi-squared ``statistic`` with ``degrees`` of freedom and its ``p``."""

    statistic: float
    degrees: int
    p: float


def log_rank(time: Floats, happened: Ints, group: Ints) -> LogRank:
    """The log-rank test of two or more groups (Mantel 1966, Peto 1972).

    A group that nobody of was observed at any event counts for nothing. With fewer than two that count, or no
    event, there is nothing to test: 0 degrees and a p of nan.
    """
    from scipy.stats import chi2

    time, happened = np.asarray(time, dtype=np.float64), np.asarray(happened)
    kinds = np.unique(group)
    moments = np.unique(time[happened == 1])
    own = [np.asarray(group) == k for k in kinds]
    observed = np.array([at_risk(time[rows], moments) for rows in own], dtype=np.float64)
    deaths = np.array([[(time[rows & (happened == 1)] == t).sum() for t in moments] for rows in own], dtype=np.float64)
    total, dead = observed.sum(axis=0), deaths.sum(axis=0)
    expected = dead * observed / total
    spread = dead * (total - dead) / np.maximum(total - 1, 1) / total**2
    covariance = np.diag((spread * total * observed).sum(axis=1)) - (spread * observed) @ observed.T
    counted = np.flatnonzero(expected.sum(axis=1) > 0)
    if len(counted) < 2:
        return LogRank(0.0, 0, float("nan"))
    free = counted[:-1]
    excess = (deaths - expected).sum(axis=1)[free]
    statistic = float(excess @ np.linalg.pinv(covariance[np.ix_(free, free)]) @ excess)
    return LogRank(statistic, len(free), float(chi2.sf(statistic, len(free))))


def adjusted(p: Floats) -> Floats:
    """The false-discovery rate at which each of several tests would be called, (n,) (Benjamini and Hochberg 1995).

    A p of nan stays nan and is not counted among the tests.
    """
    p = np.asarray(p, dtype=np.float64)
    found = np.full(len(p), np.nan)
    tested = np.flatnonzero(np.isfinite(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    scaled = p[order] * len(order) / np.arange(1, len(order) + 1)
    found[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return found


def concordance(time: Floats, happened: Ints, risk: Floats) -> float:
    """Harrell's concordance: the share of comparable pairs in which who had the event first had the higher risk.

    Half a point for equal risks; nan where no pair can be compared. 0.5 is chance.
    """
    return float(concordances(time, happened, risk)[0])


def concordances(time: Floats, happened: Ints, risk: Floats, copies: Floats | None = None) -> Floats:
    """``concordance`` of several draws of the people at once.

    Parameters
    ----------
    copies : (draws, n), how often each person counts in each draw; everybody once when None.

    Returns
    -------
    (draws,); nan where no pair can be compared.
    """
    return _concordances(time, happened, risk, np.ones(len(time)), copies)


def uno_concordance(time: Floats, happened: Ints, risk: Floats, until: float, copies: Floats | None = None) -> Floats:
    """Uno's concordance up to a moment: pairs weighted by the inverse square of the share uncensored (Uno 2011).

    It does not depend on how the cohort was censored, as Harrell's does. Parameters and result as ``concordances``;
    the weights are those of everybody once.
    """
    share = uncensored_share(time, happened, time)
    weight = np.where(time < until, 1 / np.maximum(share, 0.05) ** 2, 0.0)
    return _concordances(time, happened, risk, weight, copies)


def _concordances(time: Floats, happened: Ints, risk: Floats, weight: Floats, copies: Floats | None) -> Floats:
    """``weight`` : (n,), what each event counts."""
    w = np.ones((1, len(time)), np.float32) if copies is None else copies.astype(np.float32)
    right, total = np.zeros(len(w)), np.zeros(len(w))
    for start in range(0, len(time), 1000):
        i = slice(start, start + 1000)
        later = (time[i, None] < time) | ((time[i, None] == time) & (happened == 0))
        counted = (later & (happened[i, None] == 1)) * weight[i, None].astype(np.float32)
        ordered = (np.sign(risk[i, None] - risk).astype(np.float32) + 1) / 2
        total += ((w[:, i] @ counted) * w).sum(axis=1, dtype=np.float64)
        right += ((w[:, i] @ (counted * ordered)) * w).sum(axis=1, dtype=np.float64)
    return np.asarray(np.divide(right, total, out=np.full(len(w), np.nan), where=total > 0))


def by_horizon(time: Floats, happened: Ints, years: float) -> tuple[Ints, Floats]:
    """Who had the event within ``years``, and the weights that stand in for the censored.

    Inverse probability of censoring (Robins 1992; Kaplan-Meier of the censoring times): who was
    censored before the horizon gets 0, everybody else 1 over the chance of being observed so long.

    Returns
    -------
    event : (n,); weight : (n,), about n in sum.
    """
    event = ((time <= years) & (happened == 1)).astype(np.int64)
    known = (event == 1) | (time >= years)
    observed = uncensored_share(time, happened, np.minimum(time, years))
    return event, np.where(known, 1 / np.maximum(observed, 0.05), 0.0)


def brier(time: Floats, happened: Ints, survival: Floats, at: float) -> float:
    """The mean squared error of the predicted shares without the event at a moment, censoring weighted (Graf 1999).

    Parameters
    ----------
    survival : (n,), each person's predicted share at ``at``.

    Returns
    -------
    0 to 1, lower is better; 0.25 is what "one half" for everybody would get.
    """
    event, weight = by_horizon(time, happened, at)
    return float((weight * (1 - event - survival) ** 2).sum() / len(time))


def integrated_brier(time: Floats, happened: Ints, survival: Floats, moments: Floats) -> float:
    """The mean of ``brier`` over a grid of moments, by trapezoids; ``survival`` is (n, moments)."""
    scores = np.array([brier(time, happened, survival[:, i], float(at)) for i, at in enumerate(moments)])
    return float(np.trapezoid(scores, moments) / (moments[-1] - moments[0]))


def uncensored_share(time: Floats, happened: Ints, at: Floats) -> Floats:
    """The share still uncensored just before each of ``at``, by Kaplan-Meier with censoring as the event.

    Who dies and who is censored at the same moment died first, as everywhere in Kaplan-Meier: only so do
    the weights give back its estimate.
    """
    return _shares(time, 1 - happened, at, earlier=happened, side="left")


def survival_share(time: Floats, happened: Ints, at: Floats) -> Floats:
    """The Kaplan-Meier estimate at each of ``at``, (len(at),)."""
    return _shares(time, happened, at, earlier=np.zeros_like(happened), side="right")


def _shares(time: Floats, happened: Ints, at: Floats, *, earlier: Ints, side: Literal["left", "right"]) -> Floats:
    """The share left at ``at`` ("right") or just before ("left"); ``earlier`` : who has left when his moment comes."""
    moments, place = np.unique(time, return_inverse=True)
    events = np.bincount(place, weights=happened, minlength=len(moments))
    here = np.bincount(place, minlength=len(moments))[::-1].cumsum()[::-1]
    observed = np.maximum(here - np.bincount(place, weights=earlier, minlength=len(moments)), 1)
    share = np.concatenate([[1.0], np.cumprod(1 - events / observed)])
    return np.asarray(share[np.searchsorted(moments, at, side=side)])

"""Proportional hazards with a ridge: the coefficients that make a cohort's order of events most likely (Cox 1972).

Ties are Efron's (1977). With more columns than people the columns are turned onto the axes that the people span, which
changes nothing (Hastie and Tibshirani 2004, 10.1093/biostatistics/kxh010), so that Newton's method solves for as many
unknowns as there are people at most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medai_core.metrics import Floats, Ints

ROUNDS = 60
LARGEST = 50.0
"""Log-hazards beyond this are cut: their exponential would not be a number any more."""


@dataclass(frozen=True, eq=False)
class RiskSets:
    """Who could have had each event of a cohort.

    Attributes
    ----------
    share : (events, n), by how much each person counts among those an event could have happened to: 1 while observed,
        less for those who had it at the same moment (Efron), 0 afterwards.
    happened : (n,). moment : (events,), when; sorted.
    """

    share: Floats
    happened: Ints
    moment: Floats


def risk_sets(time: Floats, happened: Ints) -> RiskSets:
    """The risk sets of a cohort; ``time`` and ``happened`` are (n,)."""
    rows, moments = [], []
    for t in np.unique(time[happened == 1]):
        now = (time == t) & (happened == 1)
        count = int(now.sum())
        for earlier in range(count):
            rows.append((time >= t) - now * (earlier / count))
            moments.append(float(t))
    share = np.array(rows, dtype=np.float64).reshape(len(rows), len(time))
    return RiskSets(share, np.asarray(happened), np.array(moments))


def log_likelihood(sets: RiskSets, log_hazard: Floats) -> float:
    """Cox's partial log-likelihood of log-hazards, (n,); 0 for a cohort without an event."""
    z = np.clip(log_hazard, -LARGEST, LARGEST)
    return float(z[sets.happened == 1].sum() - np.log(sets.share @ np.exp(z)).sum())


def fit_cox(X: Floats, time: Floats, happened: Ints, penalty: float | Floats) -> Floats:
    """The coefficients, (columns,), of the greatest partial likelihood less half the penalised sum of their squares.

    Parameters
    ----------
    X : (n, columns). penalty : of every column, or (columns,); it may be 0 only where there are fewer columns than
        people.

    Returns
    -------
    Zeros for a cohort without an event. A column whose sign tells the outcome perfectly and that has no penalty has no
    best coefficient; what was reached is returned.
    """
    sets = risk_sets(time, happened)
    ridge = np.broadcast_to(np.asarray(penalty, dtype=np.float64), (X.shape[1],))
    if X.shape[1] <= len(X):
        return _newton(sets, np.asarray(X, dtype=np.float64), ridge)
    if (ridge <= 0).any():
        raise ValueError("more columns than people need a penalty each")
    left, spread, right = np.linalg.svd(X / np.sqrt(ridge), full_matrices=False)
    found = _newton(sets, left * spread, np.ones(len(spread)))
    return np.asarray(found @ right / np.sqrt(ridge))


def _newton(sets: RiskSets, X: Floats, ridge: Floats) -> Floats:
    found = np.zeros(X.shape[1])
    reached = _objective(sets, X, ridge, found)
    for _ in range(ROUNDS):
        weight = np.exp(np.clip(X @ found, -LARGEST, LARGEST))
        chance = sets.share * weight / (sets.share @ weight)[:, None]
        gradient = X.T @ (sets.happened - chance.sum(axis=0)) - ridge * found
        mean = chance @ X
        curvature = (X * chance.sum(axis=0)[:, None]).T @ X - mean.T @ mean + np.diag(ridge + 1e-10)
        step = np.linalg.solve(curvature, gradient)
        gained = _objective(sets, X, ridge, found + step)
        # A whole step can lead past the top where the start lies far from it.
        while gained < reached - 1e-12 * abs(reached) and np.abs(step).max() > 1e-10:
            step = step / 2
            gained = _objective(sets, X, ridge, found + step)
        found, reached = found + step, gained
        if np.abs(step).max() < 1e-7:
            break
    return np.asarray(found)


def _objective(sets: RiskSets, X: Floats, ridge: Floats, found: Floats) -> float:
    return log_likelihood(sets, X @ found) - float(ridge @ found**2) / 2


def baseline_hazard(time: Floats, happened: Ints, log_hazard: Floats, at: Floats) -> Floats:
    """The cumulative hazard by each of ``at`` of somebody whose log-hazard is 0, (len(at),) (Breslow, Efron's ties)."""
    sets = risk_sets(time, happened)
    jumps = 1 / (sets.share @ np.exp(np.clip(log_hazard, -LARGEST, LARGEST)))
    total = np.concatenate([[0.0], np.cumsum(jumps)])
    return np.asarray(total[np.searchsorted(sets.moment, at, side="right")])

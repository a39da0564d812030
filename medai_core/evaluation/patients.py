"""How good a risk is: discrimination, calibration and their intervals, censoring weighted, patients resampled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from medai_core.cards import Card, Measure
from medai_core.metrics import Floats, Ints
from medai_core.metrics.survival import concordances
from medai_core.prognosis.cohorts import Cohort, Outcomes

SMALLEST_SUBGROUP = 40
"""People in a subgroup, and five of them with and without the event, before it is reported."""


@dataclass(frozen=True, eq=False)
class Judged:
    """Predicted log-odds of n people beside their outcomes."""

    log_odds: Floats
    outcomes: Outcomes

    def chosen(self, rows: Ints) -> Judged:
        """Some of the people."""
        return Judged(self.log_odds[rows], self.outcomes.chosen(rows))


def weighted_auc(event: Ints, score: Floats, weight: Floats) -> float:
    """Area under the ROC curve with weights (Uno 2007 where they are those of censoring); nan with one class only."""
    order = np.argsort(score, kind="stable")
    s, w1, w0 = score[order], (weight * event)[order], (weight * (1 - event))[order]
    if w1.sum() == 0 or w0.sum() == 0:
        return float("nan")
    starts = np.flatnonzero(np.concatenate([[True], s[1:] != s[:-1]]))
    tied1, tied0 = np.add.reduceat(w1, starts), np.add.reduceat(w0, starts)
    below = np.cumsum(tied0) - tied0
    return float((tied1 * (below + tied0 / 2)).sum() / (w1.sum() * w0.sum()))


def calibration(event: Ints, log_odds: Floats, weight: Floats) -> tuple[float, float]:
    """Intercept (at slope 1) and slope of a weighted logistic recalibration; ideally 0 and 1 (Cox 1958)."""
    shift = recalibration(event, log_odds, weight, slope=False)
    both = recalibration(event, log_odds, weight)
    return float(shift[0]), float(both[1])


def recalibration(event: Ints, log_odds: Floats, weight: Floats, *, slope: bool = True) -> Floats:
    """The intercept, and the slope with ``slope``, that make the outcomes most likely; nan where they do not settle."""
    z = np.clip(log_odds, -30, 30)
    design = np.stack([np.ones(len(z)), z], axis=1) if slope else np.ones((len(z), 1))
    offset = np.zeros(len(z)) if slope else z
    found = np.array([0.0, 1.0]) if slope else np.zeros(1)
    reached = _likelihood(event, design @ found + offset, weight)
    for _ in range(60):
        p = 1 / (1 + np.exp(-np.clip(design @ found + offset, -40, 40)))
        gradient = design.T @ (weight * (event - p))
        hessian = (design * (weight * p * (1 - p))[:, None]).T @ design
        try:
            step = np.clip(np.linalg.solve(hessian + 1e-12 * np.eye(len(found)), gradient), -2, 2)
        except np.linalg.LinAlgError:
            return np.full_like(found, np.nan)
        gained = _likelihood(event, design @ (found + step) + offset, weight)
        # A whole step of Newton's can lead far past the top where scores are far too sure of themselves.
        while gained < reached - 1e-9 * abs(reached) and np.abs(step).max() > 1e-9:
            step = step / 2
            gained = _likelihood(event, design @ (found + step) + offset, weight)
        found, reached = np.asarray(found + step), gained
        if np.abs(step).max() < 1e-8:
            return np.asarray(found)
    return np.full_like(found, np.nan)


def _likelihood(event: Ints, log_odds: Floats, weight: Floats) -> float:
    """The weighted log-likelihood of the outcomes."""
    return float((weight * (event * log_odds - np.logaddexp(0, log_odds))).sum())


def binned_error(event: Ints, risk: Floats, weight: Floats, bins: int = 10) -> float:
    """Mean distance between risk and observed share over bins of equal count."""
    parts = [p for p in np.array_split(np.argsort(risk, kind="stable"), bins) if len(p) and weight[p].sum() > 0]
    gaps = [abs(np.average(risk[p] - event[p], weights=weight[p])) * weight[p].sum() for p in parts]
    return float(sum(gaps) / weight.sum())


def ideal_error(risk: Floats, weight: Floats, rng: np.random.Generator, draws: int = 100) -> float:
    """What ``binned_error`` would be on average, at this n, if every risk were exactly right."""
    chances = (rng.random((draws, len(risk))) < risk).astype(np.int64)
    return float(np.mean([binned_error(event, risk, weight) for event in chances]))


def risk_measures(
    judged: Judged,
    *,
    data: str,
    rivals: Mapping[str, Floats] | None = None,
    seed: int = 0,
    draws: int = 1000,
) -> tuple[Measure, ...]:
    """Every measure with its 95 % interval by resampling patients.

    Parameters
    ----------
    rivals : scores (n,) of other models on the same people; each adds its own discrimination and the
        paired difference to it (``auc_gain``, ``c_index_gain``).
    """
    o, rng = judged.outcomes, np.random.default_rng(seed)
    copies = np.concatenate([np.ones((1, len(o.event))), drawn(o.group, rng, draws)])
    own = _discrimination(o, judged.log_odds, copies)
    found = {(name, ""): values for name, values in (own | _others(judged, copies)).items()}
    for rival, score in (rivals or {}).items():
        theirs = _discrimination(o, score, copies)
        found |= {(name, rival): values for name, values in theirs.items()}
        found |= {(f"{name}_gain", rival): own[name] - values for name, values in theirs.items()}
    ideal = ideal_error(1 / (1 + np.exp(-judged.log_odds)), o.weight, rng)
    n, groups = len(o.event), len(np.unique(o.group))
    return tuple(
        Measure(
            name, *interval(values), n, groups, data, model=rival, ideal=ideal if name == "calibration_error" else None
        )
        for (name, rival), values in found.items()
    )


def drawn(group: Ints, rng: np.random.Generator, draws: int) -> Floats:
    """How often each person is drawn when patients are drawn with replacement, (draws, n)."""
    groups, member = np.unique(group, return_inverse=True)
    # Not within those with and without the event: how many have it is part of what is uncertain.
    copies = [np.bincount(rng.integers(0, len(groups), len(groups)), minlength=len(groups)) for _ in range(draws)]
    return np.asarray(np.array(copies)[:, member], dtype=np.float64)


def interval(values: Floats) -> tuple[float, float, float]:
    """The value, and the 95 % interval of its draws; nan bounds where fewer than half are defined."""
    defined = values[1:][np.isfinite(values[1:])]
    if len(defined) == 0 or len(defined) < (len(values) - 1) / 2:
        return float(values[0]), float("nan"), float("nan")
    low, high = np.quantile(defined, (0.025, 0.975))
    return float(values[0]), float(low), float(high)


def _discrimination(o: Outcomes, score: Floats, copies: Floats) -> dict[str, Floats]:
    """Each (draws,)."""
    areas = np.array([weighted_auc(o.event, score, o.weight * w) for w in copies])
    if o.time is None or o.died is None:
        return {"auc": areas}
    return {"auc": areas, "c_index": concordances(o.time, o.died, score, copies)}


def _others(judged: Judged, copies: Floats) -> dict[str, Floats]:
    """Calibration and what depends on it, each (draws,)."""
    o, z = judged.outcomes, judged.log_odds
    risk = 1 / (1 + np.exp(-z))
    found = []
    for w in copies * o.weight:
        intercept, slope = calibration(o.event, z, w)
        brier = np.average((risk - o.event) ** 2, weights=w)
        found.append([brier, slope, intercept, binned_error(o.event, risk, w), np.average(o.event, weights=w)])
    names = ("brier", "calibration_slope", "calibration_intercept", "calibration_error", "event_share")
    return dict(zip(names, np.array(found).T, strict=True))


def subgroups(card: Card, cohort: Cohort) -> dict[str, Ints]:
    """The rows of each subgroup that the card reports, by its name ("age 40 to 60", "sex: female")."""
    assert card.prediction is not None
    found: dict[str, Ints] = {}
    if card.prediction.age:
        edges = (-np.inf, *card.prediction.age_bands, np.inf)
        age = cohort.rows[card.prediction.age].to_numpy(dtype=np.float64)
        for low, high in pairwise(edges):
            found[_band(low, high)] = np.flatnonzero((age >= low) & (age < high))
    for name in card.prediction.subgroups:
        predictor = next(p for p in (*card.predictors, *card.groupings) if p.name == name)
        for c in predictor.categories:
            found[f"{predictor.title}: {c.title}"] = np.flatnonzero((cohort.rows[name] == c.name).to_numpy())
    return {name: rows for name, rows in found.items() if _enough(cohort.outcomes.event[rows])}


def _band(low: float, high: float) -> str:
    if np.isinf(low):
        return f"age below {high:g}"
    return f"age {low:g} and over" if np.isinf(high) else f"age {low:g} to {high:g}"


def _enough(event: Ints) -> bool:
    return len(event) >= SMALLEST_SUBGROUP and min(event.sum(), (1 - event).sum()) >= 5


def subgroup_measures(card: Card, cohort: Cohort, log_odds: Floats, *, data: str) -> tuple[Measure, ...]:
    """The measures of every subgroup that is large enough."""
    return tuple(
        replace(m, subgroup=name)
        for name, rows in subgroups(card, cohort).items()
        for m in risk_measures(Judged(log_odds[rows], cohort.outcomes.chosen(rows)), data=data, draws=300)
    )


def decision_curve(judged: Judged, thresholds: Sequence[float]) -> Floats:
    """Net benefit of treating above each threshold, beside treating everybody, (thresholds, 2).

    Vickers and Elkin 2006, 10.1177/0272989X06295361; treating nobody is 0.
    """
    o = judged.outcomes
    risk, total = 1 / (1 + np.exp(-judged.log_odds)), o.weight.sum()
    found = []
    for t in thresholds:
        odds = t / (1 - t)
        called = risk >= t
        benefit = (o.weight * called * (o.event - (1 - o.event) * odds)).sum() / total
        everybody = (o.weight * (o.event - (1 - o.event) * odds)).sum() / total
        found.append((benefit, everybody))
    return np.array(found)

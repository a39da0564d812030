"""How good a classifier is: discrimination, calibration, conformal sets, and intervals by group bootstrap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Interval:
    """A value and its 95 % percentile-bootstrap interval."""

    value: float
    low: float
    high: float


def softmax(logits: NDArray[np.floating]) -> Floats:
    """Probabilities along the last axis."""
    shifted = np.exp(np.asarray(logits, dtype=np.float64) - np.max(logits, axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def area_under_curve(label: Ints, probability: Floats) -> float:
    """Area under the ROC curve: of the last class for two, macro average of one against rest for more.

    Parameters
    ----------
    label : (n,), class numbers.
    probability : (n, classes).

    Returns
    -------
    0 to 1; nan when a class has no sample.
    """
    from scipy.stats import rankdata

    classes = range(1, 2) if probability.shape[1] == 2 else range(probability.shape[1])
    areas = []
    for k in classes:
        positive = label == k
        m, n = int(positive.sum()), int((~positive).sum())
        if m == 0 or n == 0:
            return float("nan")
        ranks = rankdata(probability[:, k])
        areas.append((ranks[positive].sum() - m * (m + 1) / 2) / (m * n))
    return float(np.mean(areas))


def recalls(label: Ints, decided: Ints, classes: int) -> Floats:
    """The share of each class that is called by its name, (classes,); nan for a class without samples."""
    counts = np.bincount(label, minlength=classes)
    hits = np.bincount(label, weights=label == decided, minlength=classes).astype(np.float64)
    return np.asarray(np.where(counts > 0, hits / np.maximum(counts, 1), np.nan))


def calibration_line(label: Ints, probability: Floats) -> tuple[float, float]:
    """Intercept (at slope 1) and slope of the calibration of one class's probability; ideally 0 and 1.

    Logistic regression of the outcome on the log-odds of the probability (Cox 1958; Van Calster 2019,
    10.1186/s12916-019-1466-7). nan when the classes are separated by it.

    Parameters
    ----------
    label : (n,), 1 for the class, else 0.
    probability : (n,), of the class.
    """
    p = np.clip(probability, 1e-7, 1 - 1e-7)
    logit = np.log(p / (1 - p))
    found, others = logit[label == 1], logit[label == 0]
    if len(found) == 0 or len(others) == 0:
        return float("nan"), float("nan")
    apart = found.min() >= others.max() or found.max() <= others.min()
    return _intercept(label, logit), float("nan") if apart else _slope(label, logit)


def _intercept(label: Ints, logit: Floats) -> float:
    """The shift of the log-odds that makes the labels most likely, by Newton's method."""
    shift = 0.0
    for _ in range(50):
        p = 1 / (1 + np.exp(-(logit + shift)))
        step = float((label - p).sum() / max((p * (1 - p)).sum(), 1e-12))
        shift += float(np.clip(step, -2, 2))
        if abs(step) < 1e-8:
            return shift
    return float("nan")


def _slope(label: Ints, logit: Floats) -> float:
    """The slope of the logistic regression on the log-odds, by Newton's method; nan where it does not settle."""
    shift, slope = 0.0, 0.0
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(shift + slope * logit, -40, 40)))
        weight, rest = p * (1 - p), label - p
        a, b, c = weight.sum(), weight @ logit, weight @ logit**2
        determinant = a * c - b * b
        if determinant < 1e-12 * a * c:
            break
        steps = np.array([c * rest.sum() - b * (rest @ logit), a * (rest @ logit) - b * rest.sum()]) / determinant
        shift, slope = shift + float(np.clip(steps[0], -2, 2)), slope + float(np.clip(steps[1], -2, 2))
        if np.abs(steps).max() < 1e-8:
            return slope
    return float("nan")


def calibration_error(label: Ints, probability: Floats, bins: int = 10) -> float:
    """Mean distance between probability and frequency over bins of equal count (Nixon 2019), all classes pooled.

    Parameters
    ----------
    label : (n,); probability : (n, classes). For two classes only the last is used.
    """
    p, y = _pooled(label, probability)
    order = np.argsort(p, kind="stable")
    parts = [part for part in np.array_split(order, min(bins, len(order))) if len(part)]
    return float(sum(abs(p[part].mean() - y[part].mean()) * len(part) for part in parts) / len(p))


def ideal_calibration_error(probability: Floats, rng: np.random.Generator, draws: int = 200) -> float:
    """What ``calibration_error`` would be on average, at this n, if every probability were exactly right."""
    cumulative = np.cumsum(probability, axis=1)
    errors = []
    for _ in range(draws):
        label = (rng.random((len(probability), 1)) * cumulative[:, -1:] > cumulative).sum(axis=1)
        errors.append(calibration_error(label, probability))
    return float(np.mean(errors))


def _pooled(label: Ints, probability: Floats) -> tuple[Floats, Floats]:
    """Probability and outcome of the positive class, or of every class after another."""
    if probability.shape[1] == 2:
        return probability[:, 1], (label == 1).astype(np.float64)
    return probability.ravel(), np.eye(probability.shape[1])[label].ravel()


def conformal_quantile(label: Ints, probability: Floats, level: float) -> float:
    """The quantile of 1 - p(true class) that gives sets of the nominal coverage ``level`` (Sadinle 2019).

    The finite-sample rank ceil((n + 1) level); 1.0 (every class is in every set) when n is too small.
    """
    scores = np.sort(1 - probability[np.arange(len(label)), label])
    rank = int(np.ceil((len(scores) + 1) * level))
    return float(scores[rank - 1]) if rank <= len(scores) else 1.0


def class_quantiles(label: Ints, probability: Floats, level: float) -> tuple[float, ...]:
    """``conformal_quantile`` of each class by itself (Vovk 2012, 10.1007/s10994-013-5355-6).

    The sets then hold each class in a share ``level`` of its samples, so however often the classes come;
    one quantile for all holds it only where they come as often as they did when it was found.
    """
    own = [label == k for k in range(probability.shape[1])]
    return tuple(conformal_quantile(label[rows], probability[rows], level) for rows in own)


def in_sets(probability: Floats, quantile: float | tuple[float, ...]) -> NDArray[np.bool_]:
    """Which classes are in the conformal set, (n, classes). A set may be empty: nothing fits well enough.

    Parameters
    ----------
    quantile : one for all classes, or one each.
    """
    return np.asarray(probability >= 1 - np.asarray(quantile))


def bootstrap(
    statistic: Callable[[Ints], NDArray[np.float64]],
    groups: Ints,
    strata: Ints,
    rng: np.random.Generator,
    draws: int = 1000,
) -> list[Interval]:
    """95 % intervals of several statistics at once by resampling whole groups within strata.

    Strata are the groups' main labels: with seven blocks of three classes, free resampling would
    often leave a class out.

    Parameters
    ----------
    statistic : from sample numbers (with repeats) to values, (k,); nan where undefined.
    groups, strata : (n,) group number of each sample, and the stratum of its group.

    Returns
    -------
    k intervals; nan bounds where fewer than half of the draws were defined.
    """
    members = [np.flatnonzero(groups == g) for g in np.unique(groups)]
    stratum = np.array([np.bincount(strata[m]).argmax() for m in members])
    by_stratum = [np.flatnonzero(stratum == s) for s in np.unique(stratum)]
    values = []
    for _ in range(draws):
        chosen = np.concatenate([rng.choice(part, len(part)) for part in by_stratum])
        values.append(statistic(np.concatenate([members[g] for g in chosen])))
    return [_interval(v, d) for v, d in zip(statistic(np.arange(len(groups))), np.array(values).T, strict=True)]


def _interval(value: float, draws: Floats) -> Interval:
    defined = draws[np.isfinite(draws)]
    if len(defined) < len(draws) / 2:
        return Interval(float(value), float("nan"), float("nan"))
    low, high = np.quantile(defined, (0.025, 0.975))
    return Interval(float(value), float(low), float(high))


def wilson(share: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a share of n people (Wilson, JASA 1927); nan of nobody."""
    if n == 0 or np.isnan(share):
        return float("nan"), float("nan")
    c = 1.96**2
    centre = (share + c / (2 * n)) / (1 + c / n)
    half = 1.96 * np.sqrt(share * (1 - share) / n + c / (4 * n * n)) / (1 + c / n)
    return float(max(0.0, centre - half)), float(min(1.0, centre + half))

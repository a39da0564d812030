"""Fitting the estimators of a risk: from encoded rows and outcomes to plain arrays.

scikit-learn fits; what is kept are coefficients, centroids of at least 10 people and trees whose
leaves hold at least 10. Everything is fitted with weights, so that a bootstrap refit is the same fit
with other weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from medai_core.metrics import Floats, Ints
from medai_core.metrics.survival import by_horizon
from medai_core.prognosis.cohorts import Outcomes
from medai_core.prognosis.risk.estimators import Additive, Kernel, Trees
from medai_core.sources.encoding import Encoding
from medai_core.training.settings import FEWEST, Setting
from medai_core.training.trees import fit_boosting, fit_tree


def fit_estimator(
    setting: Setting, encoding: Encoding, X: Floats, outcomes: Outcomes, copies: Sequence[Floats], seed: int
) -> Additive | Kernel | Trees:
    """The estimator fitted to all, and refitted with each of ``copies`` (n,), how often each person is drawn."""
    draws = [np.ones(len(X)), *copies]
    if setting.estimator == "logistic":
        return fit_additive(setting, encoding, X, outcomes, draws)
    if setting.estimator == "svm":
        return fit_kernel(setting, encoding, X, outcomes, draws, seed)
    if setting.estimator == "tree":
        return fit_tree(setting, encoding, X, outcomes, draws, seed)
    return fit_boosting(setting, encoding, X, outcomes, draws, seed)


@dataclass(frozen=True, eq=False)
class Stacked:
    """Everybody once for each horizon, so that all of the follow-up is learnt from.

    Attributes
    ----------
    rows : (m,), the person. event, weight : (m,). horizon : (m, horizons - 1), 1 for a horizon other than the first.
    """

    rows: Ints
    event: Ints
    weight: Floats
    horizon: Floats


def stacked(outcomes: Outcomes, horizons: Sequence[float]) -> Stacked:
    """One row a person and horizon, censoring weighted at each; the outcomes as they are without times."""
    n = len(outcomes.event)
    if outcomes.time is None or outcomes.died is None or not horizons:
        return Stacked(np.arange(n), outcomes.event, outcomes.weight, np.zeros((n, 0)))
    parts = [by_horizon(outcomes.time, outcomes.died, years) for years in horizons]
    horizon = np.repeat(np.eye(len(horizons))[:, 1:], n, axis=0)
    event, weight = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Stacked(np.tile(np.arange(n), len(horizons)), event, weight / len(horizons), horizon)


def standard(encoding: Encoding, X: Floats) -> tuple[Floats, Floats]:
    """Centre and scale of the columns; those of 0 and 1 stay as they are."""
    number = encoding.is_number
    centre = np.where(number, X.mean(axis=0), 0.0)
    return centre, np.where(number, np.maximum(X.std(axis=0), 1e-9), 1.0)


def fit_additive(
    setting: Setting, encoding: Encoding, X: Floats, outcomes: Outcomes, draws: Sequence[Floats]
) -> Additive:
    """Logistic regression with a piecewise-linear function for each number that need not be monotone."""
    centre, scale = standard(encoding, X)
    knots = _knots(encoding, (X - centre) / scale, setting.values.get("knots", 0))
    shape = Additive(centre, scale, knots, np.zeros((1, 1 + X.shape[1] * (1 + knots.shape[1]))))
    basis = shape.basis(X).reshape(len(X), -1)
    rows = stacked(outcomes, setting.values.get("horizons", ()))
    features = np.concatenate([basis[rows.rows], rows.horizon], axis=1)
    found = []
    for copies in draws:
        weight = rows.weight * copies[rows.rows]
        kept = weight > 0
        fitted = LogisticRegression(C=setting.values.get("C", 1.0), solver="newton-cholesky", max_iter=100)
        fitted.fit(features[kept], rows.event[kept], weight[kept])
        found.append(np.concatenate([fitted.intercept_, fitted.coef_[0, : basis.shape[1]]]))
    return Additive(centre, scale, knots, np.array(found))


def _knots(encoding: Encoding, x: Floats, count: int) -> Floats:
    """Knots at even quantiles of the numbers, (columns, count); none where the card promises a direction."""
    knots = np.full((x.shape[1], count), np.nan)
    for j in np.flatnonzero(encoding.is_number):
        if encoding.predictors[encoding.owner[j]].monotone == 0:
            at = np.unique(np.quantile(x[:, j], np.arange(1, count + 1) / (count + 1)))
            at = at[(at > x[:, j].min()) & (at < x[:, j].max())]
            knots[j, : len(at)] = at
    return knots


def fit_kernel(
    setting: Setting, encoding: Encoding, X: Floats, outcomes: Outcomes, draws: Sequence[Floats], seed: int
) -> Kernel:
    """A support vector machine in the span of the landmarks (Williams and Seeger 2001)."""
    centre, scale = standard(encoding, X)
    x = (X - centre) / scale
    landmarks, _ = centroids(x, int(setting.values.get("landmarks", 200)), seed)
    gamma = float(setting.values.get("width", 1.0)) / float(np.median(((x[:2000, None] - landmarks[:50]) ** 2).sum(2)))
    shape = Kernel(centre, scale, landmarks, gamma, np.zeros((1, 1 + len(landmarks))))
    eigenvalue, eigenvector = np.linalg.eigh(shape.features(landmarks * scale + centre))
    kept = eigenvalue > 1e-6 * eigenvalue.max()
    white = eigenvector[:, kept] / np.sqrt(eigenvalue[kept])
    rows = stacked(outcomes, setting.values.get("horizons", ()))
    features = np.concatenate([(shape.features(X) @ white)[rows.rows], rows.horizon], axis=1)
    found = []
    for copies in draws:
        weight = rows.weight * copies[rows.rows]
        machine = LinearSVC(
            C=float(setting.values.get("C", 1.0)), dual=False, class_weight="balanced", tol=1e-3, max_iter=300
        )
        machine.fit(features[weight > 0], rows.event[weight > 0], weight[weight > 0])
        found.append(np.concatenate([machine.intercept_, white @ machine.coef_[0, : white.shape[1]]]))
    return Kernel(centre, scale, landmarks, gamma, np.array(found))


def centroids(x: Floats, count: int, seed: int) -> tuple[Floats, Floats]:
    """Up to ``count`` centroids (k, columns) of at least ``FEWEST`` people each, and their shares of all, (k,).

    Clusters that are too small are given up and their people join the nearest that is left.
    """
    wanted = max(1, min(count, len(x) // (2 * FEWEST)))
    rng = np.random.default_rng(seed)
    drawn = x[rng.permutation(len(x))[:20_000]]
    centres = KMeans(wanted, n_init=1, random_state=seed).fit(drawn).cluster_centers_
    while True:
        nearest = ((x**2).sum(1)[:, None] + (centres**2).sum(1) - 2 * x @ centres.T).argmin(axis=1)
        sizes = np.bincount(nearest, minlength=len(centres))
        if sizes.min() >= FEWEST or len(centres) == 1:
            break
        centres = np.delete(centres, sizes.argmin(), axis=0)
    means = np.stack([x[nearest == k].mean(axis=0) for k in range(len(centres))])
    return means, sizes / sizes.sum()

"""Fitting the estimators of a risk: from encoded rows and outcomes to plain arrays.

scikit-learn fits; what is kept are coefficients, centroids of at least 10 people and trees whose
leaves hold at least 10. Everything is fitted with weights, so that a bootstrap refit is the same fit
with other weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from medai_core.metrics import Floats, Ints
from medai_core.prognosis.cohorts import Outcomes, by_horizon, survival_share
from medai_core.prognosis.risk.encoding import Encoding
from medai_core.prognosis.risk.estimators import Additive, Kernel, Trees

FEWEST = 10
"""People in a centroid or a leaf, at least."""


@dataclass(frozen=True)
class Setting:
    """How an estimator is fitted: its kind and what was chosen in cross-validation."""

    estimator: str
    name: str
    values: dict[str, Any] = field(default_factory=dict)


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


def monotone(encoding: Encoding) -> list[int]:
    """The direction that the card promises for each column."""
    promised = np.array([p.monotone for p in encoding.predictors])[encoding.owner]
    return [int(v) for v in np.where(encoding.is_number, promised, 0)]


def fit_tree(
    setting: Setting, encoding: Encoding, X: Floats, outcomes: Outcomes, draws: Sequence[Floats], seed: int
) -> Trees:
    """One decision tree; a leaf's value is the log-odds of its people, drawn a little towards even."""
    grown = []
    for copies in draws:
        weight = outcomes.weight * copies
        kept = weight > 0
        tree = DecisionTreeClassifier(
            max_leaf_nodes=int(setting.values["leaves"]),
            min_samples_leaf=max(FEWEST, int(setting.values.get("smallest", 0.01) * len(X))),
            monotonic_cst=monotone(encoding),
            random_state=seed,
        )
        tree.fit(X[kept], outcomes.event[kept], weight[kept])
        grown.append(_from_decision_tree(tree, X[kept], outcomes.event[kept], weight[kept], monotone(encoding)))
    return joined([[tree] for tree in grown], [0.0] * len(grown))


@dataclass(frozen=True, eq=False)
class Nodes:
    """One tree: column (-1 for a leaf), threshold, left, right and value, each (nodes,)."""

    column: Ints
    threshold: Floats
    left: Ints
    right: Ints
    value: Floats


def _from_decision_tree(
    tree: DecisionTreeClassifier, X: Floats, event: Ints, weight: Floats, direction: Sequence[int]
) -> Nodes:
    t = tree.tree_
    path = tree.decision_path(X)
    people, events = path.T @ weight, path.T @ (weight * event)
    prior = np.average(event, weights=weight)
    share = (events + prior) / (people + 1)
    ends = t.children_left < 0
    here = np.arange(t.node_count)
    kept = _promised(t, np.log(share / (1 - share)), direction)
    return Nodes(
        np.where(ends, -1, t.feature),
        t.threshold.astype(np.float64),
        np.where(ends, here, t.children_left),
        np.where(ends, here, t.children_right),
        np.where(ends, kept, 0.0),
    )


def _promised(t: Any, value: Floats, direction: Sequence[int]) -> Floats:
    """The nodes' values, (nodes,), held to the directions of the columns.

    scikit-learn compares only the two sides of a split; what lies further down on one side can pass
    what lies on the other. Half-way between the sides is the limit for everything below them.
    """
    value = value.copy()
    pending = [(0, -np.inf, np.inf)]
    while pending:
        node, low, high = pending.pop()
        value[node] = np.clip(value[node], low, high)
        left, right = int(t.children_left[node]), int(t.children_right[node])
        if left < 0:
            continue
        middle = float(np.clip(value[[left, right]], low, high).mean())
        sides = {0: [(low, high)] * 2, 1: [(low, middle), (middle, high)], -1: [(middle, high), (low, middle)]}
        below = sides[direction[int(t.feature[node])]]
        pending += [(left, *below[0]), (right, *below[1])]
    return value


def fit_boosting(
    setting: Setting, encoding: Encoding, X: Floats, outcomes: Outcomes, draws: Sequence[Floats], seed: int
) -> Trees:
    """Gradient-boosted trees for the event by the horizon, or for the rate of the event over all of the follow-up."""
    values = setting.values
    options = {
        "learning_rate": values.get("rate", 0.05),
        "max_leaf_nodes": int(values.get("leaves", 6)),
        "min_samples_leaf": max(FEWEST, int(values.get("smallest", 40))),
        "l2_regularization": values.get("ridge", 5.0),
        "max_features": values.get("columns", 0.5),
        "early_stopping": False,
        "random_state": seed,
        "monotonic_cst": monotone(encoding),
    }
    grown, bases = [], []
    for k, copies in enumerate(draws):
        # Refits only say how far the estimate moves; fewer, larger steps keep them small to store.
        share = 1 if k == 0 else float(values.get("refit_share", 1))
        options["max_iter"] = max(10, int(values["trees"] * share))
        options["learning_rate"] = values.get("rate", 0.05) / share
        fitted = (
            _fit_rate(options, X, outcomes, copies)
            if values.get("follow_up")
            else _fit_event(options, X, outcomes, copies)
        )
        grown.append([_from_boosting(p[0].nodes) for p in fitted._predictors])
        bases.append(float(np.ravel(fitted._baseline_prediction)[0]))
    return joined(grown, bases)


def _fit_event(options: dict[str, Any], X: Floats, outcomes: Outcomes, copies: Floats) -> Any:
    weight = outcomes.weight * copies
    kept = weight > 0
    return HistGradientBoostingClassifier(**options).fit(X[kept], outcomes.event[kept], weight[kept])


def _fit_rate(options: dict[str, Any], X: Floats, outcomes: Outcomes, copies: Floats) -> Any:
    """The log of each person's rate of the event relative to the cohort's.

    With the cohort's cumulative hazard as each one's exposure, a Poisson fit is the piecewise form of
    Cox's proportional hazards (Holford 1980, 10.2307/2529982).
    """
    assert outcomes.time is not None and outcomes.died is not None
    share = survival_share(outcomes.time, outcomes.died, outcomes.time)
    exposure = np.maximum(-np.log(np.maximum(share, 1e-6)), 1e-4)
    kept = copies > 0
    rate = outcomes.died / exposure
    return HistGradientBoostingRegressor(loss="poisson", **options).fit(X[kept], rate[kept], (exposure * copies)[kept])


def _from_boosting(nodes: NDArray[Any]) -> Nodes:
    here = np.arange(len(nodes))
    leaf = nodes["is_leaf"].astype(bool)
    return Nodes(
        np.where(leaf, -1, nodes["feature_idx"].astype(np.int64)),
        np.where(leaf, 0.0, nodes["num_threshold"]),
        np.where(leaf, here, nodes["left"].astype(np.int64)),
        np.where(leaf, here, nodes["right"].astype(np.int64)),
        np.where(leaf, nodes["value"], 0.0),
    )


def joined(ensembles: Sequence[Sequence[Nodes]], bases: Sequence[float]) -> Trees:
    """The ensembles, the model's own first, as one table of nodes."""
    trees = [tree for ensemble in ensembles for tree in ensemble]
    refit = np.repeat(np.arange(len(ensembles)), [len(e) for e in ensembles])
    root = np.cumsum([0, *(len(t.column) for t in trees)])[:-1]
    return Trees(
        np.concatenate([t.column for t in trees]),
        np.concatenate([t.threshold for t in trees]),
        np.concatenate([t.left + r for t, r in zip(trees, root, strict=True)]),
        np.concatenate([t.right + r for t, r in zip(trees, root, strict=True)]),
        np.concatenate([t.value for t in trees]),
        root,
        refit,
        np.array(bases),
    )

"""Fitting trees, one or many, to a risk: leaves of at least ten people that keep the directions a card promises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.tree import DecisionTreeClassifier

from medai_core.metrics import Floats, Ints
from medai_core.metrics.survival import survival_share
from medai_core.prognosis.cohorts import Outcomes
from medai_core.prognosis.risk.estimators import Trees
from medai_core.sources.encoding import Encoding
from medai_core.training.settings import FEWEST, Setting


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

    scikit-learn's own limits do not hold for splits on other columns further down. Where a leaf may not
    say less than another, both go half-way; leaves that break no promise keep their value.
    """
    leaves, low, high = _boxes(t, len(direction))
    apart = high[:, None] <= low[None]
    under = np.eye(len(leaves), dtype=bool)
    for column in map(int, np.flatnonzero(direction)):
        others = np.delete(apart, column, axis=2).any(axis=2)
        below = apart[:, :, column] & ~others & ~others.T
        under |= below if direction[column] > 0 else below.T
    for _ in leaves:
        under |= under @ under
    here = value[leaves]
    most_below = np.where(under, here[:, None], -np.inf).max(axis=0)
    least_above = np.where(under, here[None], np.inf).min(axis=1)
    kept = value.copy()
    kept[leaves] = (most_below + least_above) / 2
    return kept


def _boxes(t: Any, columns: int) -> tuple[Ints, Floats, Floats]:
    """The leaves' numbers, and what each column's value lies above and is at most in them, (leaves, columns)."""
    leaves: list[int] = []
    lows: list[Floats] = []
    highs: list[Floats] = []
    pending = [(0, np.full(columns, -np.inf), np.full(columns, np.inf))]
    while pending:
        node, low, high = pending.pop()
        if t.children_left[node] < 0:
            leaves.append(node)
            lows.append(low)
            highs.append(high)
            continue
        column, at = int(t.feature[node]), float(t.threshold[node])
        ends, starts = high.copy(), low.copy()
        ends[column], starts[column] = at, at
        pending += [(int(t.children_left[node]), low, ends), (int(t.children_right[node]), starts, high)]
    return np.array(leaves), np.array(lows), np.array(highs)


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
        grown.append([from_boosting(p[0].nodes) for p in fitted._predictors])
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


def from_boosting(nodes: NDArray[Any]) -> Nodes:
    """One tree of scikit-learn's histogram boosting."""
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

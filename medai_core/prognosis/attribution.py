"""What drives a risk: Shapley values that are exact and add up to the calibrated log-odds.

The game is the interventional one: predictors that are known take the patient's values, the others
those of the cohort's background (centroids, weighted), and the worth of a set of predictors is the
mean calibrated log-odds (Janzing 2020; Lundberg 2020, 10.1038/s42256-019-0138-9). A predictor that
is made of several columns is one player. All three shapes of estimator have closed forms, so nothing
is sampled: what is left is rounding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medai_core.metrics import Floats, Ints
from medai_core.prognosis.risk import RiskModel
from medai_core.prognosis.risk.estimators import Additive, Kernel, Trees


@dataclass(frozen=True, eq=False)
class Contributions:
    """Why the log-odds of n people are what they are.

    Attributes
    ----------
    base : the cohort's mean log-odds.
    values : (n, predictors), in the card's order; ``base + values.sum(axis=1)`` is the calibrated log-odds.
    """

    base: float
    values: Floats


def explain(model: RiskModel, rows: pd.DataFrame) -> Contributions:
    """The contributions of every predictor to the risks of ``rows`` in the card's words."""
    X = model.encoding.encode(rows)
    base = float(model.background_weight @ model.log_odds(model.background))
    return Contributions(base, contributions(model, X))


def contributions(model: RiskModel, X: Floats) -> Floats:
    """(n, predictors) for encoded rows."""
    owner, players = model.encoding.owner, len(model.encoding.predictors)
    background, weight = model.background, model.background_weight
    estimator = model.estimator
    if isinstance(estimator, Additive):
        terms = estimator.terms(X) - weight @ estimator.terms(background)
        return model.scale * _by_player(terms, owner, players)
    if isinstance(estimator, Kernel):
        rows = [_kernel(estimator, x, background, weight, owner, players) for x in X]
        return model.scale * np.array(rows).reshape(len(X), players)
    paths = leaf_paths(estimator, owner)
    return model.scale * np.array([_trees(paths, x, background, weight, players) for x in X]).reshape(len(X), players)


def _by_player(columns: Floats, owner: Ints, players: int) -> Floats:
    """Sums of (…, columns) over the columns of each player, (…, players)."""
    found = np.zeros((*columns.shape[:-1], players))
    for j in range(columns.shape[-1]):
        found[..., owner[j]] += columns[..., j]
    return found


def _kernel(kernel: Kernel, x: Floats, background: Floats, weight: Floats, owner: Ints, players: int) -> Floats:
    """Exact Shapley values of a radial-basis expansion.

    A Gaussian kernel is a product over predictors, so for one landmark and one background point the
    game is a product of ``a_j`` (known) or ``b_j`` (not), and player j's value is (a_j - b_j) times
    the integral over t in 0..1 of the product over the others of (1 - t) b_i + t a_i: a polynomial of
    degree players - 1, which Gauss and Legendre's rule with half as many nodes integrates exactly.
    """

    def factors(points: Floats) -> Floats:
        z = (points - kernel.centre) / kernel.scale
        square = (z[:, None, :] - kernel.landmarks[None]) ** 2
        return np.exp(-kernel.gamma * _by_player(square, owner, players))

    known, typical = factors(x[None])[0], factors(background)
    nodes, node_weight = np.polynomial.legendre.leggauss(players // 2 + 1)
    alpha = kernel.coefficients[0, 1:]
    values = np.zeros(players)
    for node, share in zip((nodes + 1) / 2, node_weight / 2, strict=True):
        mixed = (1 - node) * typical + node * known
        whole = mixed.prod(axis=2, keepdims=True)
        others = np.divide(whole, mixed, out=np.zeros_like(mixed), where=mixed > 1e-200)
        values += share * np.einsum("m,mkp,k->p", weight, (known - typical) * others, alpha)
    return values


@dataclass(frozen=True, eq=False)
class LeafPaths:
    """Every leaf of the model's own trees with the conditions that lead to it, by player.

    Attributes
    ----------
    low, high : (leaves, depth), a column's value must be above ``low`` and at most ``high``;
        column : (leaves, depth); player : (leaves, depth), -1 where the path is shorter; a player's
        conditions stand side by side. first : (leaves, depth), whether a condition is its player's first.
    value : (leaves,).
    """

    column: Ints
    low: Floats
    high: Floats
    player: Ints
    first: NDArray[np.bool_]
    value: Floats


def leaf_paths(trees: Trees, owner: Ints) -> LeafPaths:
    """The leaves of the model's own trees; conditions on one column are merged."""
    found: list[tuple[dict[int, tuple[float, float]], float]] = []
    pending: list[tuple[int, dict[int, tuple[float, float]]]] = [(int(r), {}) for r in trees.root[trees.refit == 0]]
    while pending:
        node, bounds = pending.pop()
        column = int(trees.column[node])
        if column < 0:
            found.append((bounds, float(trees.value[node])))
            continue
        above, below = bounds.get(column, (-np.inf, np.inf))
        at = float(trees.threshold[node])
        pending.append((int(trees.left[node]), {**bounds, column: (above, min(below, at))}))
        pending.append((int(trees.right[node]), {**bounds, column: (max(above, at), below)}))
    depth = max((len(bounds) for bounds, _ in found), default=0)
    columns = np.zeros((len(found), depth), dtype=np.int64)
    low, high = np.full(columns.shape, -np.inf), np.full(columns.shape, np.inf)
    player = np.full(columns.shape, -1, dtype=np.int64)
    for i, (bounds, _) in enumerate(found):
        for j, column in enumerate(sorted(bounds, key=lambda c: int(owner[c]))):
            columns[i, j], player[i, j] = column, owner[column]
            low[i, j], high[i, j] = bounds[column]
    first = player >= 0
    first[:, 1:] &= player[:, 1:] != player[:, :-1]
    return LeafPaths(columns, low, high, player, first, np.array([value for _, value in found]))


FACTORIALS = np.array([math.factorial(k) for k in range(33)], dtype=np.float64)
SHARES = FACTORIALS[:16, None] * FACTORIALS[None, :16] / FACTORIALS[np.add.outer(np.arange(16), np.arange(16)) + 1]
"""k! m! / (k + m + 1)!, for up to 16 players on a path."""


def _trees(paths: LeafPaths, x: Floats, background: Floats, weight: Floats, players: int) -> Floats:
    """Exact Shapley values of a sum of trees, leaf by leaf.

    For one leaf and one background point, let a players' conditions hold for the patient only and b
    for the background only (and every other one for both; else the leaf is out of reach). Each of the
    a players has (a - 1)! b! / (a + b)! of the leaf's value, each of the b minus a! (b - 1)! / (a + b)!.
    """

    def holds(points: Floats) -> NDArray[np.bool_]:
        value = points[:, paths.column]
        met = (value > paths.low) & (value <= paths.high) | (paths.player < 0)
        return _all_of_player(met, paths)

    mine, theirs = holds(x[None]), holds(background)
    reachable = (mine | theirs).all(axis=2)
    only_mine, only_theirs = mine & ~theirs & paths.first, theirs & ~mine & paths.first
    a, b = only_mine.sum(axis=2), only_theirs.sum(axis=2)
    share = weight[:, None] * paths.value * reachable
    gain = share * SHARES[np.maximum(a - 1, 0), b] * (a > 0)
    loss = share * SHARES[np.maximum(b - 1, 0), a] * (b > 0)
    each = (only_mine * gain[..., None] - only_theirs * loss[..., None]).sum(axis=0)
    return np.asarray(np.bincount(np.maximum(paths.player, 0).ravel(), weights=each.ravel(), minlength=players))


def _all_of_player(met: NDArray[np.bool_], paths: LeafPaths) -> NDArray[np.bool_]:
    """Whether every condition of the player holds that each condition belongs to."""
    found = met.copy()
    depth = met.shape[2]
    for step in range(1, depth):
        same = paths.player[:, step:] == paths.player[:, :-step]
        found[:, :, step:] &= met[:, :, :-step] | ~same
        found[:, :, :-step] &= met[:, :, step:] | ~same
    return found

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
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medai_core.metrics import Floats, Ints
from medai_core.prognosis.risk import RiskModel
from medai_core.prognosis.risk.estimators import Additive, Kernel, Trees

Bits = NDArray[np.uint32]


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
    found = _of_kernel(model, estimator, X) if isinstance(estimator, Kernel) else _of_trees(model, X)
    return model.scale * np.array(found).reshape(len(X), players)


def _by_player(columns: Floats, owner: Ints, players: int) -> Floats:
    """Sums of (…, columns) over the columns of each player, (…, players)."""
    found = np.zeros((*columns.shape[:-1], players))
    for j in range(columns.shape[-1]):
        found[..., owner[j]] += columns[..., j]
    return found


def _of_kernel(model: RiskModel, kernel: Kernel, X: Floats) -> list[Floats]:
    owner, players = model.encoding.owner, len(model.encoding.predictors)

    def factors(points: Floats) -> Floats:
        """(n, landmarks, players): what each player's columns multiply the kernel by."""
        z = (points - kernel.centre) / kernel.scale
        square = (z[:, None, :] - kernel.landmarks[None]) ** 2
        return np.asarray(np.exp(-kernel.gamma * _by_player(square, owner, players)))

    typical, alpha = factors(model.background), kernel.coefficients[0, 1:]
    return [_kernel(factors(x[None])[0], typical, model.background_weight, alpha) for x in X]


def _kernel(known: Floats, typical: Floats, weight: Floats, alpha: Floats) -> Floats:
    """Exact Shapley values of a radial-basis expansion, (players,).

    A Gaussian kernel is a product over predictors, so for one landmark and one background point the
    game is a product of ``a_j`` (known) or ``b_j`` (not), and player j's value is (a_j - b_j) times
    the integral over t in 0..1 of the product over the others of (1 - t) b_i + t a_i: a polynomial of
    degree players - 1, which Gauss and Legendre's rule with half as many nodes integrates exactly.
    """
    players = known.shape[-1]
    nodes, node_weight = np.polynomial.legendre.leggauss(players // 2 + 1)
    pairs = np.outer(weight, alpha).ravel()
    typical = typical.reshape(-1, players)
    more = np.broadcast_to(known, (len(weight), *known.shape)).reshape(-1, players) - typical
    values = np.zeros(players)
    for node, share in zip((nodes + 1) / 2, node_weight / 2, strict=True):
        mixed = typical + node * more
        each = np.divide(more, mixed, out=np.zeros_like(mixed), where=mixed > 1e-200)
        values += share * ((pairs * mixed.prod(axis=1)) @ each)
    return values


def _of_trees(model: RiskModel, X: Floats) -> list[Floats]:
    players = len(model.encoding.predictors)
    paths, theirs = _game(model)
    # A few rows at a time: each takes a number for every leaf.
    parts = (paths.met(X[start : start + 64]) for start in range(0, len(X), 64))
    return [_trees(paths, mine, theirs, model.background_weight, players) for part in parts for mine in part]


@dataclass(frozen=True, eq=False)
class LeafPaths:
    """Every leaf of the model's own trees with the conditions that lead to it, by player.

    Attributes
    ----------
    column : (leaves, depth). low, high : (leaves, depth), the column's value must be above ``low`` and at
        most ``high``; always so where the path is shorter.
    slot : (leaves, depth), the place of a condition's player among those on the path.
    player : (leaves, slots), who is in each place; -1 where the path has fewer.
    everyone : (leaves,), one bit for each place that is taken. value : (leaves,).
    """

    column: Ints
    low: Floats
    high: Floats
    slot: Ints
    player: Ints
    everyone: Bits
    value: Floats

    def met(self, points: Floats) -> Bits:
        """The players all of whose conditions hold, a bit each: (n, leaves) of encoded rows."""
        missed = np.zeros((len(points), len(self.value)), dtype=np.uint32)
        for d in range(self.column.shape[1]):
            value = points[:, self.column[:, d]]
            fails = (value <= self.low[:, d]) | (value > self.high[:, d])
            missed |= fails.astype(np.uint32) << self.slot[:, d].astype(np.uint32)
        return self.everyone & ~missed


@lru_cache(maxsize=16)
def _game(model: RiskModel) -> tuple[LeafPaths, Bits]:
    """The leaves and what the background meets of them: the same for every patient, so worked out once."""
    assert isinstance(model.estimator, Trees)
    paths = leaf_paths(model.estimator, model.encoding.owner)
    return paths, paths.met(model.background)


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
    columns, slot = np.zeros((2, len(found), depth), dtype=np.int64)
    low, high = np.full(columns.shape, -np.inf), np.full(columns.shape, np.inf)
    player = np.full(columns.shape, -1, dtype=np.int64)
    for i, (bounds, _) in enumerate(found):
        owners = list(dict.fromkeys(int(owner[c]) for c in bounds))
        player[i, : len(owners)] = owners
        for j, (column, between) in enumerate(bounds.items()):
            columns[i, j], slot[i, j] = column, owners.index(int(owner[column]))
            low[i, j], high[i, j] = between
    everyone = ((1 << (player >= 0).sum(axis=1)) - 1).astype(np.uint32)
    return LeafPaths(columns, low, high, slot, player, everyone, np.array([value for _, value in found]))


MOST = 32
"""Players on a path: a bit each."""
FACTORIALS = np.array([float(math.factorial(k)) for k in range(2 * MOST + 2)])
SHARES = (
    FACTORIALS[: MOST + 1, None] * FACTORIALS[: MOST + 1] / FACTORIALS[np.add.outer(*[np.arange(MOST + 1)] * 2) + 1]
)
"""k! m! / (k + m + 1)!, for up to ``MOST`` players on a path."""


def _trees(paths: LeafPaths, mine: Bits, theirs: Bits, weight: Floats, players: int) -> Floats:
    """Exact Shapley values of a sum of trees, leaf by leaf, (players,).

    For one leaf and one background point, let a players' conditions hold for the patient only and b
    for the background only (and every other one for both; else the leaf is out of reach). Each of the
    a players has (a - 1)! b! / (a + b)! of the leaf's value, each of the b minus a! (b - 1)! / (a + b)!.
    """
    # A leaf that both reach adds the same to everybody, and is no player's doing.
    point, leaf = np.nonzero(((mine | theirs) == paths.everyone) & (mine != theirs))
    both = mine[leaf] & theirs[point, leaf]
    only_mine, only_theirs = mine[leaf] & ~both, theirs[point, leaf] & ~both
    a, b = np.bitwise_count(only_mine).astype(np.int64), np.bitwise_count(only_theirs).astype(np.int64)
    share = weight[point] * paths.value[leaf]
    gain, loss = share * SHARES[np.maximum(a - 1, 0), b], share * SHARES[np.maximum(b - 1, 0), a]
    found = np.zeros(players)
    for slot in range(paths.player.shape[1]):
        each = (only_mine >> slot & 1) * gain - (only_theirs >> slot & 1) * loss
        found += np.bincount(np.maximum(paths.player[leaf, slot], 0), weights=each, minlength=players)
    return found

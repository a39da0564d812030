"""The three shapes of function that a risk model is made of, each with its bootstrap refits.

All give a score (n,) that is linear in log-odds once calibrated. They are plain arrays: what fits
them is the recipe's business, and nothing here can run code from a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from medai_core.metrics import Floats, Ints

Arrays = dict[str, np.ndarray]
CHUNK = 4096
"""Rows at a time, so that memory stays flat."""


class Estimator(Protocol):
    """A function of encoded rows, and what it would have been on resampled cohorts."""

    kind: ClassVar[str]

    def scores(self, X: Floats, *, refits: bool = False) -> Floats:
        """(n,) scores of encoded rows (n, columns); (n, 1 + refits) with ``refits``, the model's own first."""

    def arrays(self) -> Arrays:
        """What is stored."""


@dataclass(frozen=True, eq=False)
class Additive:
    """A sum of one piecewise-linear function for each column.

    Attributes
    ----------
    centre, scale : (columns,).
    knots : (columns, q), in standardised units; nan where a column has fewer.
    coefficients : (1 + refits, 1 + columns (1 + q)): the intercept, then for each column its slope
        and the change of slope at each knot.
    """

    kind: ClassVar[str] = "additive"
    centre: Floats
    scale: Floats
    knots: Floats
    coefficients: Floats

    def basis(self, X: Floats) -> Floats:
        """(n, columns, 1 + q): the standardised value, and how far it lies above each knot."""
        x = (X - self.centre) / self.scale
        above = np.maximum(x[..., None] - np.nan_to_num(self.knots, nan=np.inf), 0)
        return np.concatenate([x[..., None], above], axis=2)

    def terms(self, X: Floats) -> Floats:
        """(n, columns): what each column adds to the score."""
        weights = self.coefficients[0, 1:].reshape(X.shape[1], -1)
        return np.asarray((self.basis(X) * weights).sum(axis=2))

    def scores(self, X: Floats, *, refits: bool = False) -> Floats:
        """See ``Estimator``."""
        weights = self.coefficients if refits else self.coefficients[:1]
        found = [_affine(self.basis(part).reshape(len(part), weights.shape[1] - 1), weights) for part in _parts(X)]
        return np.concatenate(found) if refits else np.concatenate(found)[:, 0]

    def arrays(self) -> Arrays:
        """What is stored."""
        return {"centre": self.centre, "scale": self.scale, "knots": self.knots, "coefficients": self.coefficients}


@dataclass(frozen=True, eq=False)
class Kernel:
    """A radial-basis kernel machine on landmarks, which are centroids of at least 10 people.

    Attributes
    ----------
    centre, scale : (columns,). landmarks : (k, columns), standardised.
    gamma : the kernel is exp(-gamma |x - landmark|^2).
    coefficients : (1 + refits, 1 + k), the intercept first.
    """

    kind: ClassVar[str] = "kernel"
    centre: Floats
    scale: Floats
    landmarks: Floats
    gamma: float
    coefficients: Floats

    def features(self, X: Floats) -> Floats:
        """(n, k): the kernel with each landmark."""
        x = (X - self.centre) / self.scale
        square = (x**2).sum(axis=1)[:, None] + (self.landmarks**2).sum(axis=1) - 2 * x @ self.landmarks.T
        return np.asarray(np.exp(-self.gamma * np.maximum(square, 0)))

    def scores(self, X: Floats, *, refits: bool = False) -> Floats:
        """See ``Estimator``."""
        weights = self.coefficients if refits else self.coefficients[:1]
        found = np.concatenate([_affine(self.features(part), weights) for part in _parts(X)])
        return found if refits else found[:, 0]

    def arrays(self) -> Arrays:
        """What is stored."""
        return {
            "centre": self.centre,
            "scale": self.scale,
            "landmarks": self.landmarks,
            "gamma": np.array(self.gamma),
            "coefficients": self.coefficients,
        }


@dataclass(frozen=True, eq=False)
class Trees:
    """A sum of decision trees; a leaf holds at least 10 people.

    Attributes
    ----------
    column : (nodes,), which column a node asks, -1 for a leaf. threshold : (nodes,), it goes left where the
        value is at most that.
    left, right : (nodes,), numbers of nodes; a leaf leads to itself. value : (nodes,), what a leaf adds.
    root, refit : (trees,), its first node, and which refit it is of (0 is the model itself).
    base : (1 + refits,).
    """

    kind: ClassVar[str] = "trees"
    column: Ints
    threshold: Floats
    left: Ints
    right: Ints
    value: Floats
    root: Ints
    refit: Ints
    base: Floats

    def leaves(self, X: Floats, roots: Ints) -> Ints:
        """(n, trees): the leaf that each row falls into."""
        node = np.tile(roots, (len(X), 1))
        rows = np.arange(len(X))[:, None]
        while (self.column[node] >= 0).any():
            goes_left = X[rows, np.maximum(self.column[node], 0)] <= self.threshold[node]
            node = np.where(goes_left, self.left[node], self.right[node])
        return node

    def scores(self, X: Floats, *, refits: bool = False) -> Floats:
        """See ``Estimator``."""
        count = len(self.base) if refits else 1
        found = np.tile(self.base[:count], (len(X), 1))
        for k in range(count):
            roots = self.root[self.refit == k]
            size = max(1, 2_000_000 // max(1, len(roots)))
            for start in range(0, len(X), size):
                part = slice(start, start + size)
                found[part, k] += self.value[self.leaves(X[part], roots)].sum(axis=1)
        return found if refits else found[:, 0]

    def arrays(self) -> Arrays:
        """What is stored."""
        names = ("column", "threshold", "left", "right", "value", "root", "refit", "base")
        return {name: getattr(self, name) for name in names}


KINDS: dict[str, type[Additive] | type[Kernel] | type[Trees]] = {t.kind: t for t in (Additive, Kernel, Trees)}


def restored(kind: str, arrays: Arrays) -> Additive | Kernel | Trees:
    """The estimator that ``arrays`` was made of."""
    given: dict[str, Any] = {name: float(a) if a.ndim == 0 else a for name, a in arrays.items()}
    return KINDS[kind](**given)


def _affine(features: Floats, weights: Floats) -> Floats:
    return np.asarray(features @ weights[:, 1:].T + weights[:, 0])


def _parts(X: Floats) -> list[Floats]:
    return [X[start : start + CHUNK] for start in range(0, max(len(X), 1), CHUNK)]

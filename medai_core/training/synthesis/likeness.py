"""How like a set of made images is to a set of real ones, by points in an embedding, (n, dimensions) each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist

Floats = NDArray[np.float64]

NEIGHBOUR = 3
"""Whose distance a real point's surroundings reach to (Kynkäänniemi 2019, arXiv:1904.06991)."""


def frechet_distance(a: Floats, b: Floats) -> float:
    """The distance between the normal distributions fitted to two sets of points (Heusel 2017, arXiv:1706.08500).

    It grows as the sets get smaller, also between two halves of one: compare sets of one size only.
    """
    between = sqrtm(np.cov(a.T) @ np.cov(b.T))
    spread = np.trace(np.cov(a.T)) + np.trace(np.cov(b.T)) - 2 * float(np.trace(np.real(between)))
    return float(np.square(a.mean(axis=0) - b.mean(axis=0)).sum() + spread)


def covered(points: Floats, by: Floats) -> NDArray[np.bool_]:
    """(n,) which points lie in the surroundings of one of ``by``: nearer to it than its third neighbour is."""
    own = cdist(by, by)
    np.fill_diagonal(own, np.inf)
    reach = np.sort(own, axis=1)[:, NEIGHBOUR - 1]
    return np.asarray((cdist(points, by) <= reach).any(axis=1))


def nearest(points: Floats, to: Floats) -> Floats:
    """(n,) the distance of each point to the nearest of ``to``."""
    return np.asarray(np.concatenate([cdist(points[i : i + 256], to).min(axis=1) for i in range(0, len(points), 256)]))

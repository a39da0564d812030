"""Samples in groups by three methods, and the evidence for how many groups there are, if any."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.mixture import GaussianMixture

from medai_core.cards.subtypes import METHODS
from medai_core.metrics import Floats, Ints

__all__ = ["METHODS", "Evidence", "choose", "cluster", "evidence"]

GROUPS_MAX = 8
STABLE = 0.8
"""The mean adjusted Rand index from which a grouping is called stable."""
SURPRISING = 0.05
"""The share of samples drawn without groups that may come as close to groups as the real ones."""
RESAMPLES, RESAMPLES_OF_MANY = 40, 20
NULLS, NULLS_OF_MANY = 100, 40
MANY = 500
"""From so many samples on fewer resamples and draws are made: each tells more."""
REFERENCES = 10
KEPT_SHARE = 0.8


@dataclass(frozen=True)
class Evidence:
    """What speaks for ``k`` groups by one method.

    Attributes
    ----------
    stability : mean adjusted Rand index between the groups of all samples and those found anew in resamples of
        80 %; low : its 5 % quantile over the resamples.
    silhouette : mean silhouette width, -1 to 1.
    gap, gap_error : the gap statistic (Tibshirani 2001, 10.1111/1467-9868.00293) and its error.
    within : the share of the variance that lies within the groups.
    p : the share of draws from one normal distribution with the same components, so without groups, that fall into
        groups at least as tight (Liu 2008, 10.1198/016214508000000454).
    sizes : the number of samples in each group, the largest first.
    """

    k: int
    stability: float
    low: float
    silhouette: float
    gap: float
    gap_error: float
    within: float
    p: float
    sizes: tuple[int, ...]

    @property
    def holds(self) -> bool:
        """Whether the groups come back in resamples and are more than a cut through one cloud."""
        return self.stability >= STABLE and self.p <= SURPRISING


def cluster(scores: Floats, k: int, method: str, *, starts: int = 20) -> Ints:
    """The group of each sample, (n,), numbered from 1, the largest first.

    Parameters
    ----------
    scores : (n, c), principal components.
    method : one of ``METHODS``; hierarchical is Ward's, the mixture's covariances are diagonal.
    """
    if method == "kmeans":
        found = KMeans(k, n_init=starts, random_state=0).fit_predict(scores)
    elif method == "hierarchical":
        from scipy.cluster.hierarchy import fcluster, linkage

        found = fcluster(linkage(scores, "ward"), k, "maxclust") - 1
    else:
        ridge = 1e-3 * float(scores.var(axis=0).mean())
        model = GaussianMixture(k, covariance_type="diag", reg_covar=ridge, n_init=max(starts // 4, 1), random_state=0)
        found = model.fit_predict(scores)
    return by_size(np.asarray(found, dtype=np.int64), scores)


def by_size(found: Ints, scores: Floats) -> Ints:
    """The groups numbered from 1, the largest first; of equal ones that with the lower first component."""
    names, counts = np.unique(found, return_counts=True)
    centre = np.array([scores[found == name, 0].mean() for name in names])
    order = np.lexsort((centre, -counts))
    number = np.empty(int(names.max()) + 1, dtype=np.int64)
    number[names[order]] = np.arange(1, len(names) + 1)
    return np.asarray(number[found])


def evidence(
    scores: Floats, method: str, tell: Callable[[float], None] = lambda share: None, *, most: int | None = None
) -> tuple[Evidence, ...]:
    """The evidence for each number of groups from 2 to at most ``GROUPS_MAX``, and fewer for few samples.

    Parameters
    ----------
    tell : called with the share that is done, and may raise to stop.
    most : the greatest number that is tried.
    """
    rng = np.random.default_rng(0)
    most = max(2, min(most or GROUPS_MAX, len(scores) // 5))
    references = [_box(scores, rng) for _ in range(REFERENCES)]
    normal = [
        rng.normal(0, scores.std(axis=0), scores.shape) for _ in range(NULLS if len(scores) < MANY else NULLS_OF_MANY)
    ]
    found = []
    for k in range(2, most + 1):
        found.append(_evidence(scores, k, method, references, normal, rng))
        tell((k - 1) / (most - 1))
    return tuple(found)


def choose(found: tuple[Evidence, ...]) -> Evidence | None:
    """Of those that hold, the one with the widest silhouette; None where no grouping is stable."""
    holding = [e for e in found if e.holds]
    return max(holding, key=lambda e: e.silhouette) if holding else None


def _evidence(
    scores: Floats, k: int, method: str, references: list[Floats], normal: list[Floats], rng: np.random.Generator
) -> Evidence:
    label = cluster(scores, k, method)
    agreement = []
    for _ in range(RESAMPLES if len(scores) < MANY else RESAMPLES_OF_MANY):
        part = np.sort(rng.choice(len(scores), int(np.ceil(KEPT_SHARE * len(scores))), replace=False))
        agreement.append(adjusted_rand_score(label[part], cluster(scores[part], k, method, starts=4)))
    inside = within(scores, label)
    boxes = np.array([np.log(_tightest(box, k) * box.var(axis=0).sum()) for box in references])
    nulls = np.array([_tightest(cloud, k) for cloud in normal])
    own = _tightest(scores, k, starts=10)
    return Evidence(
        k=k,
        stability=float(np.mean(agreement)),
        low=float(np.quantile(agreement, 0.05)),
        silhouette=float(silhouette_score(scores, label)),
        gap=float(boxes.mean() - np.log(inside * scores.var(axis=0).sum())),
        gap_error=float(boxes.std() * np.sqrt(1 + 1 / len(boxes))),
        within=inside,
        p=float((1 + (nulls <= own).sum()) / (1 + len(nulls))),
        sizes=tuple(int(n) for n in np.bincount(label)[1:]),
    )


def within(scores: Floats, label: NDArray[np.integer]) -> float:
    """The share of the variance of the scores that lies within the groups, 0 to 1."""
    centred = scores - scores.mean(axis=0)
    between = sum((label == g).sum() * (centred[label == g].mean(axis=0) ** 2).sum() for g in np.unique(label))
    return float(1 - between / (centred**2).sum())


def _tightest(scores: Floats, k: int, starts: int = 2) -> float:
    """The share within the tightest k groups that k-means finds."""
    total = ((scores - scores.mean(axis=0)) ** 2).sum()
    return float(KMeans(k, n_init=starts, random_state=0).fit(scores).inertia_ / total)


def _box(scores: Floats, rng: np.random.Generator) -> Floats:
    """Points spread evenly over the box that holds the scores."""
    return rng.uniform(scores.min(axis=0), scores.max(axis=0), scores.shape)

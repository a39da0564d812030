"""Samples in groups by three methods, and the evidence for how many groups there are, if any."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.mixture import GaussianMixture

from medai_core.cards.subtypes import METHODS
from medai_core.metrics import Floats, Ints
from medai_core.precision.genomics.matrix import MANY, Matrix, components_of

__all__ = ["METHODS", "Evidence", "choose", "cluster", "evidence"]

GROUPS_MAX = 8
STABLE = 0.8
"""The mean adjusted Rand index from which a grouping is called stable."""
SURPRISING = 0.05
"""The share of samples drawn without groups that may come as close to groups as the real ones."""
RESAMPLES, RESAMPLES_OF_MANY = 40, 20
NULLS, NULLS_OF_MANY = 100, 40
REFERENCES = 10
FEWEST = 3
"""Fewer samples are no group."""
KEPT_SHARE = 0.8


@dataclass(frozen=True)
class Evidence:
    """What speaks for ``k`` groups by one method.

    Attributes
    ----------
    stability : mean adjusted Rand index between the groups of all samples and those found anew in resamples of
        80 %, from their own components on; low : its 5 % quantile over the resamples.
    silhouette : mean silhouette width, -1 to 1.
    gap, gap_error : the gap statistic (Tibshirani 2001, 10.1111/1467-9868.00293) and its error.
    separation : how far the two groups that are nearest to each other are apart, along the line between their
        centres, in the sum of their standard deviations there; 0 where a group has fewer than three samples.
    p : the share of draws from one normal distribution with the same components, so without groups (the null of Liu
        2008, 10.1198/016214508000000454), whose groups are as far apart for their number, whichever number that is.
    sizes : the number of samples in each group, the largest first.
    """

    k: int
    stability: float
    low: float
    silhouette: float
    gap: float
    gap_error: float
    separation: float
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
    matrix: Matrix, method: str, tell: Callable[[float], None] = lambda share: None, *, most: int | None = None
) -> tuple[Evidence, ...]:
    """The evidence for each number of groups from 2 to at most ``GROUPS_MAX``, and fewer for few samples.

    Parameters
    ----------
    tell : called with the share that is done, and may raise to stop.
    most : the greatest number that is tried.
    """
    rng = np.random.default_rng(0)
    scores = matrix.components
    many = len(scores) >= MANY
    counts = range(2, max(2, min(most or GROUPS_MAX, len(scores) // 5)) + 1)
    references = [_box(scores, rng) for _ in range(REFERENCES)]
    clouds = [rng.normal(0, scores.std(axis=0), scores.shape) for _ in range(NULLS_OF_MANY if many else NULLS)]
    resamples = list(resamples_of(matrix, RESAMPLES_OF_MANY if many else RESAMPLES, rng))
    found, nulls = [], []
    for k in counts:
        nulls.append([separation(cloud, cluster(cloud, k, "kmeans", starts=2)) for cloud in clouds])
        found.append(_evidence(scores, k, method, references, resamples))
        tell((k - 1) / len(counts))
    surprise = _surprise(np.array([e.separation for e in found]), np.array(nulls))
    if not matrix.informative:
        surprise = np.ones(len(found))
    return tuple(replace(e, p=float(p)) for e, p in zip(found, surprise, strict=True))


def _surprise(own: Floats, nulls: Floats) -> Floats:
    """How often one cloud is cut into parts as far apart, at any number of them, (k,).

    Parameters
    ----------
    own : (k,), the separation for each number of groups; nulls : (k, draws), of clouds without groups.
    """
    centre, spread = nulls.mean(axis=1), np.maximum(nulls.std(axis=1), 1e-9)
    farthest = ((nulls - centre[:, None]) / spread[:, None]).max(axis=0)
    above = farthest[None, :] >= ((own - centre) / spread)[:, None]
    return np.asarray((1 + above.sum(axis=1)) / (1 + nulls.shape[1]))


def choose(found: tuple[Evidence, ...]) -> Evidence | None:
    """Of those that hold, the one with the widest silhouette; None where no grouping is stable."""
    holding = [e for e in found if e.holds]
    return max(holding, key=lambda e: e.silhouette) if holding else None


def resamples_of(matrix: Matrix, count: int, rng: np.random.Generator) -> Iterator[tuple[Ints, Floats]]:
    """Some of the samples, and the components that they have by themselves."""
    n, components = matrix.components.shape
    for _ in range(count):
        part = np.sort(rng.choice(n, int(np.ceil(KEPT_SHARE * n)), replace=False))
        yield part, components_of(matrix.products, part, components)


def stabilities(scores: Floats, k: int, method: str, resamples: Iterable[tuple[Ints, Floats]]) -> Floats:
    """The adjusted Rand index of the groups of all samples with those of each resample."""
    label = cluster(scores, k, method)
    return np.array([adjusted_rand_score(label[part], cluster(own, k, method, starts=4)) for part, own in resamples])


def _evidence(
    scores: Floats, k: int, method: str, references: list[Floats], resamples: list[tuple[Ints, Floats]]
) -> Evidence:
    """All but how surprising it is."""
    label = cluster(scores, k, method)
    agreement = stabilities(scores, k, method, resamples)
    boxes = np.array([_log_within(box, cluster(box, k, "kmeans", starts=2)) for box in references])
    return Evidence(
        k=k,
        stability=float(np.mean(agreement)),
        low=float(np.quantile(agreement, 0.05)),
        silhouette=float(silhouette_score(scores, label)),
        gap=float(boxes.mean() - _log_within(scores, label)),
        gap_error=float(boxes.std() * np.sqrt(1 + 1 / len(boxes))),
        separation=separation(scores, label),
        p=1.0,
        sizes=tuple(int(n) for n in np.bincount(label)[1:]),
    )


def separation(scores: Floats, label: Ints) -> float:
    """How far the two nearest groups are apart, in the sum of their standard deviations on the line between them."""
    groups = [scores[label == g] for g in np.unique(label)]
    if min(map(len, groups)) < FEWEST:
        return 0.0
    return min(_apart(one, other) for one, other in combinations(groups, 2))


def _apart(one: Floats, other: Floats) -> float:
    line = other.mean(axis=0) - one.mean(axis=0)
    line /= max(float(np.linalg.norm(line)), 1e-12)
    here, there = one @ line, other @ line
    return float((there.mean() - here.mean()) / max(here.std() + there.std(), 1e-12))


def _log_within(scores: Floats, label: Ints) -> float:
    """The logarithm of the variance within the groups."""
    parts = (scores[label == g] for g in np.unique(label))
    return float(np.log(sum(((part - part.mean(axis=0)) ** 2).sum() for part in parts) / len(scores)))


def _box(scores: Floats, rng: np.random.Generator) -> Floats:
    """Points spread evenly over the box that holds the scores."""
    return rng.uniform(scores.min(axis=0), scores.max(axis=0), scores.shape)

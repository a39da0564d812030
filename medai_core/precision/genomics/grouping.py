"""Subtypes found in a cohort: how many by which evidence, who is in which, and what tells them apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score, silhouette_samples

from medai_core.errors import ManifestError, Message
from medai_core.metrics import Floats, Ints
from medai_core.precision.genomics.clustering import METHODS, Evidence, choose, cluster, evidence
from medai_core.precision.genomics.markers import associations, marker_genes, reuse_warning
from medai_core.precision.genomics.matrix import Matrix, prepare
from medai_core.sources.expression import Expression


@dataclass(frozen=True)
class Grouping:
    """The groups of a cohort.

    Attributes
    ----------
    evidence : for each number of groups; chosen : the one that it speaks for, None where no grouping is stable.
    k : the number of groups that was used; 0 where none was asked for and none is stable.
    label : (n,) the group of each sample of the matrix, from 1, the largest first; 0 where there are none.
    silhouette : (n,) how much nearer to its own group than to the next, -1 to 1; nan where there are none.
    agreement : adjusted Rand index with the groups that each other method makes.
    markers, associations : see ``marker_genes`` and ``associations``; empty where there are no groups.
    clinical : the file's clinical columns, in the order of the samples.
    warnings : what to bear in mind, in sentences.
    """

    matrix: Matrix
    method: str
    evidence: tuple[Evidence, ...]
    chosen: Evidence | None
    k: int
    label: Ints
    silhouette: Floats
    agreement: dict[str, float]
    markers: pd.DataFrame
    associations: pd.DataFrame
    clinical: pd.DataFrame
    warnings: tuple[Message, ...]

    @property
    def used(self) -> Evidence | None:
        """The evidence for the number of groups that was used."""
        return next((e for e in self.evidence if e.k == self.k), None)


def find_subtypes(
    expression: Expression,
    *,
    k: int | None = None,
    method: str = "kmeans",
    tell: Callable[[float], None] = lambda share: None,
) -> Grouping:
    """The groups of an expression matrix; ``k`` of them, or as many as the evidence speaks for.

    Parameters
    ----------
    tell : called with the share that is done, and may raise to stop.

    Raises
    ------
    ManifestError : the matrix cannot be grouped; ``k`` is not between 2 and the number that the samples allow.
    """
    matrix = prepare(expression)
    tell(0.1)
    found = evidence(matrix, method, lambda share: tell(0.1 + 0.8 * share))
    result = _grouped(matrix, method, found, expression.clinical.reindex(matrix.samples), k)
    tell(1.0)
    return result


def regrouped(grouping: Grouping, k: int | None) -> Grouping:
    """The same samples in ``k`` groups, or in as many as the evidence speaks for, which is not gathered again.

    Raises
    ------
    ManifestError : as ``find_subtypes``.
    """
    return _grouped(grouping.matrix, grouping.method, grouping.evidence, grouping.clinical, k)


def _grouped(
    matrix: Matrix, method: str, found: tuple[Evidence, ...], clinical: pd.DataFrame, k: int | None
) -> Grouping:
    if k is not None and k not in {e.k for e in found}:
        raise ManifestError("genomics.k", found=k, least=found[0].k, most=found[-1].k)
    chosen = choose(found)
    used = k or (chosen.k if chosen else 0)
    if not used:
        return _ungrouped(matrix, method, found, clinical)
    label = cluster(matrix.components, used, method)
    others = {m: cluster(matrix.components, used, m) for m in METHODS if m != method}
    compared = associations(matrix, label, clinical)
    return Grouping(
        matrix=matrix,
        method=method,
        evidence=found,
        chosen=chosen,
        k=used,
        label=label,
        silhouette=silhouette_samples(matrix.components, label),
        agreement={m: float(adjusted_rand_score(label, other)) for m, other in others.items()},
        markers=marker_genes(matrix, label),
        associations=compared,
        clinical=clinical,
        warnings=(*_doubts(found, used), Message("genomics.double_use"), *reuse_warning(compared)),
    )


def _ungrouped(matrix: Matrix, method: str, found: tuple[Evidence, ...], clinical: pd.DataFrame) -> Grouping:
    """What is said of a cohort in which no grouping is stable."""
    n = len(matrix.samples)
    best = max(found, key=lambda e: e.stability)
    said = Message("genomics.none_stable", {"k": best.k, "stability": round(best.stability, 2), "p": round(best.p, 2)})
    nothing = pd.DataFrame()
    return Grouping(
        matrix,
        method,
        found,
        None,
        0,
        np.zeros(n, np.int64),
        np.full(n, np.nan),
        {},
        nothing,
        nothing,
        clinical,
        (said,),
    )


def _doubts(found: tuple[Evidence, ...], k: int) -> tuple[Message, ...]:
    """Why the groups that were asked for should not be relied on; nothing where they hold."""
    used = next(e for e in found if e.k == k)
    said = []
    if not used.holds:
        said.append(
            Message("genomics.unstable", {"k": k, "stability": round(used.stability, 2), "p": round(used.p, 2)})
        )
    small = [n for n in used.sizes if n < max(3, 0.02 * sum(used.sizes))]
    if small:
        said.append(Message("genomics.tiny", {"count": len(small), "size": max(small)}))
    return tuple(said)

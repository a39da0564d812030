"""A cohort with its subtypes, found by evidence, and the model that they make."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medai_core.cards import Card
from medai_core.cards.subtypes import GroupEvidence
from medai_core.metrics import Floats, Ints
from medai_core.metrics.survival import log_rank
from medai_core.precision.genomics.clustering import METHODS, Evidence, choose, cluster, evidence
from medai_core.precision.genomics.markers import events, times
from medai_core.precision.genomics.matrix import COMPONENTS_MAX, Matrix, prepare
from medai_core.precision.genomics.placing import SubtypeModel
from medai_core.sources.expression import open_expression
from medai_core.sources.tables import open_table
from medai_core.training.recipes import say

METHOD = METHODS[0]


@dataclass(frozen=True)
class Subtyping:
    """A cohort with its subtypes.

    Attributes
    ----------
    matrix : the expression; label : (n,), subtypes from 1.
    time, happened : (n,), years and 1 for the event.
    symbols, entrez : (p,), "" where the gene has none.
    """

    matrix: Matrix
    label: Ints
    time: Floats
    happened: Ints
    symbols: NDArray[np.str_]
    entrez: NDArray[np.str_]

    @property
    def values(self) -> Floats:
        """(n, p)."""
        return np.asarray(self.matrix.values, dtype=np.float64)


def subtyped(card: Card, data: Path, most: int | None) -> tuple[Subtyping, tuple[GroupEvidence, ...], int]:
    """The cohort in as many subtypes as the evidence speaks for, of at most so many, and that evidence."""
    spec = card.subtypes
    assert spec is not None
    expression = open_expression(data / spec.develop, clinical=spec.clinical)
    matrix = prepare(expression)
    clinical = expression.clinical.reindex(matrix.samples)
    time, happened = times(clinical[spec.time]), events(clinical[spec.event]).astype(np.int64)
    found: list[GroupEvidence] = []
    for method in METHODS:
        tried = evidence(matrix, method, most=most)
        say(f"{card.name}: {method}: " + ", ".join(f"{e.k}: {e.stability:.2f}" for e in tried))
        if method == METHOD:
            chosen = choose(tried)
        found += [_with_survival(e, method, matrix, time, happened) for e in tried]
    assert chosen is not None, "no grouping of the cohort is stable"
    names = open_table(data / spec.symbols).set_index("probe")
    symbols, entrez = (
        np.array([str(names[column].get(gene, "")) for gene in matrix.genes]) for column in ("symbol", "entrez")
    )
    label = cluster(matrix.components, chosen.k, METHOD)
    return Subtyping(matrix, label, time, happened, symbols, entrez), tuple(found), chosen.k


def _with_survival(e: Evidence, method: str, matrix: Matrix, time: Floats, happened: Ints) -> GroupEvidence:
    p = log_rank(time, happened, cluster(matrix.components, e.k, method)).p
    numbers = (e.stability, e.low, e.silhouette, e.gap, e.gap_error, e.p)
    return GroupEvidence(e.k, method, *numbers, e.sizes, p)


def fit(card: Card, values: Floats, label: Ints, cohort: Subtyping) -> SubtypeModel:
    """The centroids of subtypes and what else a placement takes.

    A gene counts by the square of what it differs between the subtypes, in its spread.
    """
    mean, spread = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-6)
    groups = np.unique(label)
    shares = np.array([(label == g).mean() for g in groups])
    centroids = np.array([values[label == g].mean(axis=0) for g in groups])
    between = shares @ (centroids - mean) ** 2
    within = np.sqrt(np.maximum(spread**2 - between, 0.1 * spread**2))
    axes = np.linalg.svd(values - mean, full_matrices=False)[2][:COMPONENTS_MAX].T
    genes = np.array(cohort.matrix.genes)
    return SubtypeModel(
        card, genes, cohort.symbols, cohort.entrez, mean, spread, centroids, within, between / spread**2, axes
    )

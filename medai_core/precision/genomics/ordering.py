"""The ordered heatmap: samples by their tree, marker genes by theirs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import dendrogram, leaves_list, linkage

from medai_core.metrics import Floats, Ints
from medai_core.precision.genomics.grouping import Grouping

GENES = 50


@dataclass(frozen=True)
class Heatmap:
    """Standardised expression in an order in which like stands beside like.

    Attributes
    ----------
    values : (genes, samples), standard deviations from the gene's mean, cut at 3.
    genes, samples : the names in that order; label : (samples,), the group of each.
    branches : the tree of the samples (Ward's, on the components): for each fork four (position, height) pairs, a
        position of i + 0.5 being the i-th sample.
    """

    values: Floats
    genes: tuple[str, ...]
    samples: tuple[str, ...]
    label: Ints
    branches: tuple[tuple[tuple[float, float], ...], ...]


def heatmap(grouping: Grouping, count: int = GENES) -> Heatmap:
    """The heatmap of a grouping, with as many of the genes that mark its groups, or vary most where it has none."""
    matrix = grouping.matrix
    columns = _genes(grouping, count)
    values = np.asarray(matrix.values[:, columns], dtype=np.float64)
    values = np.clip((values - values.mean(axis=0)) / np.maximum(values.std(axis=0), 1e-9), -3, 3)
    tree = linkage(matrix.components, "ward")
    drawn = dendrogram(tree, no_plot=True)
    rows = np.array(drawn["leaves"])
    across = leaves_list(linkage(values.T, "average")) if len(columns) > 2 else np.arange(len(columns))
    forks = zip(drawn["icoord"], drawn["dcoord"], strict=True)
    return Heatmap(
        values=values[rows][:, across].T,
        genes=tuple(matrix.genes[columns[i]] for i in across),
        samples=tuple(matrix.samples[i] for i in rows),
        label=grouping.label[rows],
        branches=tuple(tuple((x / 10, y) for x, y in zip(xs, ys, strict=True)) for xs, ys in forks),
    )


def _genes(grouping: Grouping, count: int) -> Ints:
    """The columns of the genes to show: the first markers of each group in turn."""
    matrix = grouping.matrix
    if not grouping.k or not len(grouping.markers):
        spread = matrix.values.std(axis=0)
        return np.sort(np.lexsort((np.arange(len(spread)), -spread))[:count])
    place = {gene: i for i, gene in enumerate(matrix.genes)}
    by_group = [list(part["gene"][:count]) for _, part in grouping.markers.groupby("group")]
    chosen: dict[str, None] = {}
    for rank in range(count):
        for genes in by_group:
            if rank < len(genes) and len(chosen) < count:
                chosen[genes[rank]] = None
    return np.array([place[gene] for gene in chosen], dtype=np.int64)

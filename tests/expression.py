"""Drawn gene expression with known groups, and models of subtypes made of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medai_core.sources.expression import Expression


def named(values: NDArray[np.floating], clinical: pd.DataFrame | None = None, genes: Sequence[str] = ()) -> Expression:
    """The expression of samples s000, s001, ... and genes g0000, g0001, ..."""
    samples = tuple(f"s{i:03}" for i in range(values.shape[0]))
    clinical = pd.DataFrame(index=list(samples)) if clinical is None else clinical.set_axis(list(samples))
    names = tuple(genes) or tuple(f"g{i:04}" for i in range(values.shape[1]))
    return Expression(np.asarray(values, np.float32), samples, names, clinical)


def grouped(
    sizes: Sequence[int], genes: int = 400, apart: float = 1.2, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Log expression of groups that differ in a quarter of the genes, and the group of each sample."""
    rng = np.random.default_rng(seed)
    label = np.repeat(np.arange(len(sizes)), sizes) + 1
    centres = rng.normal(0, apart, (len(sizes), genes)) * (rng.random(genes) < 0.25)
    axes = rng.normal(0, 0.3, (4, genes))
    values = 8 + rng.normal(0, 1, genes) + centres[label - 1]
    return values + rng.normal(size=(len(label), 4)) @ axes + rng.normal(0, 0.5, (len(label), genes)), label


def intensities(seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Raw intensities of an early array, 72 samples, background subtracted so that some are negative, and their group.

    Group 1 has two lineages, which are closer to each other than to group 2.
    """
    rng = np.random.default_rng(seed)
    genes, lineage = 2000, np.repeat([0, 1, 2], [38, 9, 25])
    level = np.exp(rng.normal(5.3, 1.7, genes))
    effect = rng.normal(0, 1.2, (3, genes)) * (rng.random((3, genes)) < 0.03)
    common = rng.normal(0, 1.3, genes) * (rng.random(genes) < 0.08)
    effect[:2] += common
    values = level * 2 ** (effect[lineage] + rng.normal(0, 0.35, (72, genes))) * np.exp(rng.normal(0, 0.25, (72, 1)))
    return np.round(values + rng.normal(0, 180, (72, genes))), np.where(lineage == 2, 2, 1)

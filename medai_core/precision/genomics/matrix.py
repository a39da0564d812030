"""An expression matrix made ready for clustering: checked, on a log scale, its variable genes as components."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from medai_core.errors import ManifestError, Message
from medai_core.metrics import Floats
from medai_core.sources.expression import Expression

MISSING_SHARE = 0.2
"""A gene that more of the samples lack is left out."""
LOG_SPAN = 50.0
"""No logarithm of a measured abundance is so large, so a greater value means that none was taken."""
VARIABLE_GENES = 2_000
CONTROLS = ("AFFX-", "ERCC-")
"""How the names of controls begin, which were added to a sample and are none of its genes."""
COMPONENTS_MAX = 20
SHUFFLES, SHUFFLES_OF_MANY = 20, 5
MANY = 500
"""From so many samples on fewer draws are made: each tells more."""
SAMPLES_MIN = 10
"""Fewer samples cannot be grouped and the groups be shown to hold."""


@dataclass(frozen=True)
class Matrix:
    """Expression on a log scale, in the order of the names, so that the order of a file changes nothing.

    Attributes
    ----------
    values : (samples, genes), log2 or as it came where it was a logarithm already; nothing is missing.
    variable : (v,), the columns of the genes that vary most, from which the components are made.
    components : (samples, c), principal components, the largest first, in units of the values.
    variances : (c,); explained : (c,), shares of the variance of the variable genes.
    informative : how many of the components say more than chance; the others are there to draw the samples.
    products : (samples, samples), of the centred variable genes, from which the components of some samples follow.
    steps : what was done, in sentences, in order.
    """

    values: NDArray[np.float32]
    samples: tuple[str, ...]
    genes: tuple[str, ...]
    variable: NDArray[np.int64]
    components: Floats
    variances: Floats
    explained: Floats
    informative: int
    products: Floats
    steps: tuple[Message, ...]


def prepare(expression: Expression) -> Matrix:
    """The matrix of an expression file, ready for clustering.

    Raises
    ------
    ManifestError : fewer than ``SAMPLES_MIN`` samples, or fewer than two genes that vary.
    """
    if len(expression.samples) < SAMPLES_MIN:
        raise ManifestError("genomics.few_samples", found=len(expression.samples), needed=SAMPLES_MIN)
    rows = np.argsort(np.array(expression.samples, dtype=object))
    columns = np.argsort(np.array(expression.genes, dtype=object))
    columns = columns[[not expression.genes[i].startswith(CONTROLS) for i in columns]]
    values = np.ascontiguousarray(expression.values[rows][:, columns])
    genes = np.array(expression.genes, dtype=object)[columns]
    values, kept, steps = filled(values)
    if len(columns) < len(expression.genes):
        steps.insert(0, Message("genomics.controls", {"count": len(expression.genes) - len(columns)}))
    values, scale = on_log_scale(values)
    spread = values.std(axis=0, dtype=np.float64)
    varies = spread > 1e-9
    if varies.sum() < 2:
        raise ManifestError("genomics.nothing_varies", genes=len(genes))
    values, genes, spread = values[:, varies], genes[kept][varies], spread[varies]
    variable = np.sort(np.lexsort((np.arange(len(spread)), -spread))[:VARIABLE_GENES])
    steps = [*steps, *scale, Message("genomics.variable", {"count": len(variable), "genes": len(genes)})]
    found = principal_components(values[:, variable])
    told = found.explained[: found.informative]
    steps.append(Message("genomics.components", {"count": len(told), "percent": round(100 * float(told.sum()))}))
    names = tuple(np.array(expression.samples, dtype=object)[rows])
    return Matrix(
        values,
        names,
        tuple(genes),
        variable,
        found.scores,
        found.variances,
        found.explained,
        found.informative,
        found.products,
        tuple(steps),
    )


def filled(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_], list[Message]]:
    """The values without genes that many samples lack, the rest of the gaps filled with the gene's median.

    Returns
    -------
    values : (n, kept); kept : (p,) which genes stay; what was done.
    """
    gaps = np.isnan(values)
    if not gaps.any():
        return values, np.ones(values.shape[1], dtype=bool), []
    kept = gaps.mean(axis=0) <= MISSING_SHARE
    values, gaps = values[:, kept].copy(), gaps[:, kept]
    for column in np.flatnonzero(gaps.any(axis=0)):
        values[gaps[:, column], column] = np.nanmedian(values[:, column])
    said = []
    if not kept.all():
        said.append(Message("genomics.sparse", {"count": int((~kept).sum()), "percent": round(100 * MISSING_SHARE)}))
    if gaps.any():
        said.append(Message("genomics.filled", {"count": int(gaps.sum())}))
    return values, kept, said


def on_log_scale(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], list[Message]]:
    """The values on a log scale, and what was done to bring them there; as they are where they already were.

    Counts are divided by their sample's total first. Intensities with the background subtracted, some of them below
    zero, are first raised to their noise floor: the median size of the negative values, which are nothing but noise
    (for early Affymetrix arrays that is near the customary 100; Dudoit 2002, 10.1198/016214502753479248). Samples
    that were not on a log scale are then brought to one mean and one standard deviation, as there.
    """
    low, high = float(values.min()), float(values.max())
    if max(-low, high) <= LOG_SPAN:
        return values, [Message("genomics.log_already", {"low": round(low, 2), "high": round(high, 2)})]
    if low < 0:
        floor = max(float(np.median(-values[values < 0])), 1.0)
        logged = np.log2(np.maximum(values, np.float32(floor)))
        said = Message("genomics.log_floor", {"low": round(low), "high": round(high), "floor": round(floor)})
    elif np.array_equal(values, np.round(values)):
        size = values.sum(axis=1, dtype=np.float64)
        logged = np.log2(values * (np.median(size) / size)[:, None].astype(np.float32) + 1)
        said = Message("genomics.log_counts", {"high": round(high)})
    else:
        logged = np.log2(values + 1)
        said = Message("genomics.log", {"high": round(high)})
    centre, spread = logged.mean(axis=1, keepdims=True), logged.std(axis=1, keepdims=True)
    logged = (logged - centre) / np.maximum(spread, 1e-6) * np.median(spread) + np.median(centre)
    return logged.astype(np.float32), [said, Message("genomics.samples_scaled")]


@dataclass(frozen=True)
class Components:
    """Principal components as in ``Matrix``."""

    scores: Floats
    variances: Floats
    explained: Floats
    informative: int
    products: Floats


def principal_components(values: NDArray[np.floating]) -> Components:
    """The components that say more than chance, at least two.

    Genes are centred and not scaled: on a log scale a gene that varies more says more. A component stays while its
    variance exceeds that of the same rank whenever every gene's values are shuffled among the samples (Horn 1965,
    10.1007/BF02289447).
    """
    rng = np.random.default_rng(0)
    centred = np.asarray(values - values.mean(axis=0), dtype=np.float32)
    products = (centred @ centred.T).astype(np.float64)
    variance, vectors = np.linalg.eigh(products)
    variance, vectors = np.maximum(variance[::-1], 0), vectors[:, ::-1]
    shuffles = SHUFFLES if len(values) < MANY else SHUFFLES_OF_MANY
    chance = np.max([_variances(rng.permuted(centred, axis=0)) for _ in range(shuffles)], axis=0)
    limit = min(COMPONENTS_MAX, len(variance) - 1, centred.shape[1])
    informative = int(np.argmin(np.append(variance[:limit] > chance[:limit], False)))
    count = max(2, informative)
    vectors = vectors[:, :count] * _signs(centred, vectors[:, :count])
    top, total = variance[:count], max(float(variance.sum()), 1e-12)
    return Components(vectors * np.sqrt(top), top / len(values), top / total, informative, products)


def components_of(products: Floats, rows: NDArray[np.int64], count: int) -> Floats:
    """The largest principal components of some of the samples by themselves, (rows, count).

    Parameters
    ----------
    products : of all samples, as in ``Matrix``.
    """
    own = products[np.ix_(rows, rows)]
    middle = own.mean(axis=0)
    own = own - middle - middle[:, None] + middle.mean()
    n = len(rows)
    variance, vectors = eigh(own, subset_by_index=(n - count, n - 1))
    return np.asarray(vectors * np.sqrt(np.maximum(variance, 0)))


def _variances(centred: NDArray[np.float32]) -> Floats:
    """Those of all components, the largest first, times the number of samples."""
    return np.asarray(np.linalg.eigvalsh((centred @ centred.T).astype(np.float64))[::-1])


def _signs(centred: NDArray[np.float32], vectors: Floats) -> Floats:
    """1 or -1 for each component, so that its largest weight on a gene is positive: else it would be arbitrary."""
    weights = centred.T @ vectors
    return np.asarray(np.sign(weights[np.abs(weights).argmax(axis=0), np.arange(weights.shape[1])]))

"""Expression profiles beside a cohort's: the genes they share, a common scale, and how alike they behave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from medai_core.metrics import Floats, Ints
from medai_core.precision.genomics.matrix import on_log_scale
from medai_core.sources.expression import Expression


@dataclass(frozen=True)
class Shared:
    """What a file measured of a model's genes.

    Attributes
    ----------
    columns : (s,), the model's genes that are shared; names : as the file calls them.
    values : (n, s), as measured; nan where missing.
    naming : the message id of how genes were recognised.
    """

    columns: Ints
    names: tuple[str, ...]
    values: Floats
    naming: str

    @property
    def count(self) -> int:
        """How many are shared."""
        return len(self.columns)


def shared_genes(
    probes: NDArray[np.str_], symbols: NDArray[np.str_], entrez: NDArray[np.str_], expression: Expression
) -> Shared:
    """The genes of a model in a file, by whichever naming shares most; without regard to case."""
    place = {gene.strip().casefold(): i for i, gene in enumerate(expression.genes)}
    best: tuple[Ints, Ints, str] = (np.empty(0, np.int64), np.empty(0, np.int64), "subtype.naming.probe")
    for naming, names in (("probe", probes), ("symbol", symbols), ("entrez", entrez)):
        pairs = [
            (i, place[name.casefold()]) for i, name in enumerate(names.tolist()) if name and name.casefold() in place
        ]
        if len(pairs) > len(best[0]):
            own, theirs = np.array(pairs, dtype=np.int64).T
            best = (own, theirs, f"subtype.naming.{naming}")
    values = np.asarray(expression.values[:, best[1]], dtype=np.float64)
    return Shared(best[0], tuple(expression.genes[i] for i in best[1]), values, best[2])


def on_cohort_scale(values: Floats, mean: Floats, spread: Floats) -> Floats:
    """Each sample's values by their ranks, given the distribution that values within a sample of the cohort have.

    Any scale and any shift of a sample, and any other way to keep its order, leaves no trace.

    Parameters
    ----------
    values : (n, s), a missing one takes the gene's mean afterwards; mean, spread : (s,) of the cohort.
    """
    found = np.empty_like(values)
    width = np.sqrt(mean.var() + (spread**2).mean())
    for row, into in zip(values, found, strict=True):
        known = np.isfinite(row)
        ranks = rankdata(row[known])
        into[known] = norm.ppf((ranks - 0.5) / max(len(ranks), 1)) * width + mean[known].mean()
        into[~known] = mean[~known]
    return found


def among_samples(values: Floats, usable: NDArray[np.bool_]) -> Floats:
    """Each gene's values on a log scale, less their mean and over their spread among the usable samples.

    Parameters
    ----------
    values : (n, s), on any scale, that may differ from gene to gene; usable : (n,).

    Returns
    -------
    (n, s); nan where missing.
    """
    gaps = np.isnan(values)
    middle = np.nanmedian(np.where(gaps.all(axis=0), 0.0, values), axis=0)
    logged = on_log_scale(np.where(gaps, middle, values).astype(np.float32))[0].astype(np.float64)
    centre, width = logged[usable].mean(axis=0), logged[usable].std(axis=0)
    return np.asarray(np.where(gaps, np.nan, (logged - centre) / np.where(width > 1e-9, width, np.inf)))


def explained(deviation: Floats, loadings: Floats) -> Floats:
    """The share of each profile's deviation from the cohort's mean that its components explain, (n,).

    Adjusted for the number of components (as the adjusted R squared is), so that it is near 0 for a foreign profile,
    however few genes there are.
    """
    genes = deviation.shape[1]
    centred = deviation - deviation.mean(axis=1, keepdims=True)
    axes = loadings - loadings.mean(axis=0)
    axes = np.linalg.qr(axes)[0]
    total = np.maximum((centred**2).sum(axis=1), 1e-12)
    share = ((centred @ axes) ** 2).sum(axis=1) / total
    return np.asarray(1 - (1 - share) * (genes - 1) / max(genes - loadings.shape[1] - 1, 1))

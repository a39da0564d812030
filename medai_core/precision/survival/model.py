"""A model of survival that answers: proportional hazards by history and treatment, by expression, and by both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medai_core.cards import Card, Measured
from medai_core.cards.survival import SurvivalSpec, Survived
from medai_core.metrics import Floats
from medai_core.sources.encoding import Encoding

CLINICAL, EXPRESSION, BOTH = "clinical", "expression", "both"
PARTS = (BOTH, CLINICAL, EXPRESSION)
"""The parts of a model: the first that can answers."""


@dataclass(frozen=True, eq=False)
class Genes:
    """The genes that a model weighs, (g,) each: three names, and mean and standard deviation in the cohort."""

    probe: tuple[str, ...]
    symbol: tuple[str, ...]
    entrez: tuple[str, ...]
    mean: Floats
    deviation: Floats


@dataclass(frozen=True, eq=False)
class Part:
    """Proportional hazards by some of the columns.

    Attributes
    ----------
    coefficients : (1 + refits, columns), log-hazard for one unit of a column; the first row is the model, the others
        its refits on resamples of the cohort.
    mean : (columns,), at which the log-hazard is 0.
    hazard : (1 + refits, moments), the cumulative hazard there by each moment, above 0.
    """

    coefficients: Floats
    mean: Floats
    hazard: Floats

    def log_hazard(self, X: Floats) -> Floats:
        """(n, 1 + refits) of rows (n, columns)."""
        return np.asarray((X - self.mean) @ self.coefficients.T)


@dataclass(frozen=True, eq=False)
class SurvivalModel:
    """A model of survival, ready to be asked.

    Attributes
    ----------
    encoding : of the predictors; their columns come before the genes' in the part of both.
    years : (moments,), every half year to which at least 10 of the cohort were followed.
    spread : standard deviations of the refits' log cumulative hazard that make the 95 % interval.
    """

    card: Card
    encoding: Encoding
    genes: Genes
    parts: dict[str, Part]
    years: Floats
    spread: float

    @property
    def spec(self) -> SurvivalSpec:
        """What its card says of it."""
        assert self.card.survival is not None
        return self.card.survival

    @property
    def measured(self) -> Measured:
        """What the recipe measured of it."""
        assert self.card.measured is not None
        return self.card.measured

    @property
    def survived(self) -> Survived:
        """What of that only a model of survival has."""
        assert self.measured.survived is not None
        return self.measured.survived

    @property
    def places(self) -> list[int]:
        """The moments of ``years`` at which survival is told."""
        return [int(np.flatnonzero(self.years == year)[0]) for year in self.spec.horizons]

    def encoded(self, rows: pd.DataFrame) -> Floats:
        """The predictors' columns of rows in the card's words; what is not known is the cohort's mean."""
        X, mean = self.encoding.encode(rows), self.parts[CLINICAL].mean
        for j, p in enumerate(self.encoding.predictors):
            own = self.encoding.owner == j
            X = np.where(own & rows[p.name].isna().to_numpy()[:, None], mean, X)
        return np.asarray(X)


@dataclass(frozen=True, eq=False)
class Curves:
    """Survival of n people, (n, moments) each, with the 95 % interval of the model's estimate."""

    share: Floats
    low: Floats
    high: Floats


def curves(model: SurvivalModel, part: str, X: Floats) -> Curves:
    """The survival curves of rows (n, columns) by a part of the model.

    The interval is that of the estimate, by refits on resamples of the cohort: how long people like this one live on
    average, not how long one of them does.
    """
    fitted = model.parts[part]
    logs = fitted.log_hazard(X)[:, :, None] + np.log(fitted.hazard)
    half = model.spread * logs[:, 1:].std(axis=1, ddof=1)
    own = logs[:, 0]

    def living(log_hazard: Floats) -> Floats:
        return np.asarray(np.exp(-np.exp(np.minimum(log_hazard, 5.0))))

    return Curves(living(own), living(own + half), living(own - half))


def save_model(model: SurvivalModel, path: Path) -> None:
    """Write the parameters as named arrays (``.npz``), which cannot hold code."""
    arrays: dict[str, NDArray[Any]] = {
        "fill": model.encoding.fill,
        "flagged": model.encoding.flagged,
        "probe": np.array(model.genes.probe),
        "symbol": np.array(model.genes.symbol),
        "entrez": np.array(model.genes.entrez),
        "gene_mean": model.genes.mean,
        "gene_deviation": model.genes.deviation,
        "years": model.years,
        "spread": np.array(model.spread),
    }
    for name, part in model.parts.items():
        arrays |= {
            f"{name}_coefficients": part.coefficients.astype(np.float32),
            f"{name}_mean": part.mean,
            f"{name}_hazard": part.hazard,
        }
    with path.open("wb") as stream:
        np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]  # numpy's stubs take no names


def load_model(card: Card, path: Path) -> SurvivalModel:
    """The model of ``card`` from its parameters; the caller has checked the file's hash."""
    with np.load(path, allow_pickle=False) as stored:
        given = {name: stored[name] for name in stored.files}
    names = [tuple(map(str, given[name])) for name in ("probe", "symbol", "entrez")]
    parts = {
        name: Part(given[f"{name}_coefficients"].astype(np.float64), given[f"{name}_mean"], given[f"{name}_hazard"])
        for name in PARTS
    }
    return SurvivalModel(
        card,
        Encoding(card.predictors, given["fill"], given["flagged"]),
        Genes(names[0], names[1], names[2], given["gene_mean"], given["gene_deviation"]),
        parts,
        given["years"],
        float(given["spread"]),
    )

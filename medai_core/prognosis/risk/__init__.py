"""A patient's risk: a calibrated probability with the interval that refits on resampled cohorts give it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medai_core.cards import Card, Measured
from medai_core.errors import ModelError
from medai_core.metrics import Floats
from medai_core.prognosis.risk.estimators import Additive, Kernel, Trees, restored
from medai_core.sources.encoding import Encoding

__all__ = [
    "Estimates",
    "RiskModel",
    "Survival",
    "estimate",
    "load_model",
    "logistic",
    "recalibrated",
    "save_model",
    "survival",
]


@dataclass(frozen=True, eq=False)
class RiskModel:
    """A risk model, ready to be asked.

    Attributes
    ----------
    spread : how many standard deviations of the refits' log-odds make the 95 % interval.
    background : (m, columns), centroids of at least 10 people each that contributions are counted from;
        background_weight : (m,), their shares of the cohort.
    mean, precision : of the encoded number columns in the cohort, for the distance from it.
    """

    card: Card
    encoding: Encoding
    estimator: Additive | Kernel | Trees
    spread: float
    background: Floats
    background_weight: Floats
    mean: Floats
    precision: Floats

    @property
    def measured(self) -> Measured:
        """What the recipe measured of it."""
        assert self.card.measured is not None
        return self.card.measured

    @property
    def scale(self) -> float:
        """Log-odds for one unit of the estimator's score."""
        return 1 / self.measured.calibration.temperature

    def log_odds(self, X: Floats, *, refits: bool = False) -> Floats:
        """Calibrated log-odds of encoded rows: (n,), or (n, 1 + refits) with ``refits``."""
        return self.calibrated(self.estimator.scores(X, refits=refits))

    def calibrated(self, scores: Floats) -> Floats:
        """Calibrated log-odds of the estimator's scores, same shape."""
        return np.asarray(scores * self.scale + self.measured.calibration.offsets[1])


def recalibrated(model: RiskModel) -> RiskModel:
    """``model`` for a place like the one that it was tested at from outside.

    The risks of the development cohort move with it, so that a patient's place among them stays.

    Raises
    ------
    ModelError : the card has no such calibration.
    """
    calibration = model.measured.recalibrated
    if calibration is None:
        raise ModelError("model.not_recalibrated", name=model.card.name)
    own, risks = model.measured.calibration, np.clip(model.measured.risk_quantiles, 1e-12, 1 - 1e-12)
    scores = (np.log(risks / (1 - risks)) - own.offsets[1]) * own.temperature
    moved = tuple(logistic(scores / calibration.temperature + calibration.offsets[1]).tolist())
    measured = replace(model.measured, calibration=calibration, risk_quantiles=moved)
    return replace(model, card=replace(model.card, measured=measured))


@dataclass(frozen=True, eq=False)
class Estimates:
    """The risks of n people.

    Attributes
    ----------
    log_odds, risk : (n,), calibrated. low, high : the 95 % interval of the *estimate*: how far the risk
        would move had the cohort been another sample; it does not say how sure this patient's fate is.
    """

    log_odds: Floats
    risk: Floats
    low: Floats
    high: Floats


def logistic(log_odds: NDArray[np.floating]) -> Floats:
    """Probability from log-odds."""
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -700, 700))))


def estimate(model: RiskModel, rows: pd.DataFrame) -> Estimates:
    """The risks of ``rows`` in the card's words, each with its interval."""
    found = [_estimated(model, rows.iloc[start : start + 20_000]) for start in range(0, max(len(rows), 1), 20_000)]
    z, spread = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Estimates(z, logistic(z), logistic(z - spread), logistic(z + spread))


def _estimated(model: RiskModel, rows: pd.DataFrame) -> tuple[Floats, Floats]:
    z = model.log_odds(model.encoding.encode(rows), refits=True)
    return z[:, 0], model.spread * z[:, 1:].std(axis=1, ddof=1)


@dataclass(frozen=True, eq=False)
class Survival:
    """The share of people like this still free of the event after each year, with its 95 % band.

    Attributes
    ----------
    years, share, low, high : (k,), from year 0.
    """

    years: Floats
    share: Floats
    low: Floats
    high: Floats


def survival(model: RiskModel, row: pd.DataFrame) -> Survival | None:
    """The survival curve of one patient (a table of one row); None where the outcome has no time."""
    curve = model.measured.survival
    if curve is None:
        return None
    assert model.card.prediction is not None
    z, half = _estimated(model, row)
    years, slope, intercept = (np.array(v) for v in (curve.years, curve.slope, curve.intercept))
    before = years <= model.card.prediction.horizon_years

    def share(z: Floats) -> Floats:
        happened = logistic(intercept + slope * z)
        # Each year has its own fit; none before the horizon may say more than the risk there.
        happened = np.maximum.accumulate(np.where(before, np.minimum(happened, logistic(z)), happened))
        return np.concatenate([[1.0], 1 - happened])

    return Survival(np.concatenate([[0.0], years]), share(z), share(z + half), share(z - half))


def save_model(model: RiskModel, path: Path) -> None:
    """Write the parameters as named arrays (``.npz``), which cannot hold code."""
    parts: dict[str, Any] = {
        "kind": np.array(model.estimator.kind),
        "spread": np.array(model.spread),
        "fill": model.encoding.fill,
        "flagged": model.encoding.flagged,
        "background": model.background,
        "background_weight": model.background_weight,
        "mean": model.mean,
        "precision": model.precision,
    }
    parts |= {f"estimator_{name}": array for name, array in model.estimator.arrays().items()}
    with path.open("wb") as stream:
        np.savez_compressed(stream, **parts)


def load_model(card: Card, path: Path) -> RiskModel:
    """The model of ``card`` from its parameters; the caller has checked the file's hash."""
    with np.load(path, allow_pickle=False) as stored:
        given = {name: stored[name] for name in stored.files}
    prefix = "estimator_"
    estimator = restored(
        str(given["kind"]), {k.removeprefix(prefix): v for k, v in given.items() if k.startswith(prefix)}
    )
    return RiskModel(
        card,
        Encoding(card.predictors, given["fill"], given["flagged"]),
        estimator,
        float(given["spread"]),
        given["background"],
        given["background_weight"],
        given["mean"],
        given["precision"],
    )

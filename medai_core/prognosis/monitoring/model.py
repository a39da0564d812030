"""A model that watches: a recurrent network one step at a time, boosted trees and a logistic regression on summaries.

Each of the three was fitted to the same resamples of the cohort, so that each member of one belongs to the
same member of the others; the spread of the members is what the interval of a risk is made of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medai_core.cards import Card, Measured
from medai_core.cards.monitoring import Monitored, MonitoringSpec
from medai_core.errors import ModelError
from medai_core.metrics import Floats
from medai_core.prognosis.monitoring.summaries import Columns, Scaling
from medai_core.prognosis.risk import Estimates, logistic
from medai_core.prognosis.risk.estimators import Trees

Step = Callable[..., dict[str, NDArray[np.float32]]]
"""The network: ``x`` (n, columns) and ``memory`` (n, units) to ``score`` (n, members) and the new ``memory``."""

ENSEMBLE = "ensemble"
ESTIMATORS = ("lstm", "boosting", "logistic")
"""The estimators that the ensemble is the mean of."""


@dataclass(frozen=True, eq=False)
class MonitorModel:
    """A model that watches stays, ready to be asked.

    Attributes
    ----------
    columns : what it is shown of a stay. step : its network. units : numbers in the network's memory.
    trees : one ensemble of trees a member. coefficients : (members, 1 + columns), the intercept first.
    """

    card: Card
    columns: Columns
    step: Step
    units: int
    trees: Trees
    coefficients: Floats

    @property
    def measured(self) -> Measured:
        """What the recipe measured of it."""
        assert self.card.measured is not None
        return self.card.measured

    @property
    def monitored(self) -> Monitored:
        """What the recipe measured of it as a model that watches."""
        assert self.measured.monitored is not None
        return self.measured.monitored

    @property
    def spec(self) -> MonitoringSpec:
        """How its card says that stays are watched."""
        assert self.card.monitoring is not None
        return self.card.monitoring

    @property
    def members(self) -> int:
        """How many resamples of the cohort it was fitted to."""
        return len(self.coefficients)

    def scores(self, X: NDArray[np.float32], network: NDArray[np.float32]) -> dict[str, Floats]:
        """Each estimator's scores, (n, members), for columns and what the network said of them."""
        wide = X.astype(np.float64)
        found = {
            "lstm": network.astype(np.float64),
            "boosting": self.trees.scores(wide, refits=True),
            "logistic": wide @ self.coefficients[:, 1:].T + self.coefficients[:, 0],
        }
        return found | {ENSEMBLE: np.asarray(np.mean([found[name] for name in ESTIMATORS], axis=0))}

    def estimates(self, score: Floats, hour: Floats, estimator: str) -> Estimates:
        """Calibrated risks with their intervals.

        Parameters
        ----------
        score : (n, members), of the estimator. hour : (n,), counted from 1.
        """
        intercept, slope = at_hour(self.monitored, estimator, hour)
        z = intercept + slope * score.mean(axis=1)
        half = (
            self.monitored.spread * np.abs(slope) * score.std(axis=1, ddof=1)
            if score.shape[1] > 1
            else np.zeros(len(z))
        )
        return Estimates(z, logistic(z), logistic(z - half), logistic(z + half))

    def named(self, estimator: str | None) -> str:
        """The estimator that answers: the one asked for, else the card's.

        Raises
        ------
        ModelError : there is none of that name.
        """
        known = self.monitored.calibration
        if estimator is not None and estimator not in known:
            raise ModelError("model.no_estimator", name=self.card.name, estimator=estimator, known=", ".join(known))
        return estimator or self.monitored.recommended


def at_hour(monitored: Monitored, estimator: str, hour: Floats) -> tuple[Floats, Floats]:
    """Intercept and slope of an estimator's calibration at each hour; those of the ends beyond them."""
    fitted = monitored.calibration[estimator]
    return np.interp(hour, fitted.hours, fitted.intercept), np.interp(hour, fitted.hours, fitted.slope)


def save_parameters(model: MonitorModel, path: Path) -> None:
    """Everything but the network as named arrays (``.npz``), which cannot hold code."""
    scaling = model.columns.scaling
    parts: dict[str, Any] = {
        "units": np.array(model.units),
        "logged": scaling.logged,
        "centre": scaling.centre,
        "scale": scaling.scale,
        "coefficients": model.coefficients.astype(np.float32),
    }
    parts |= {f"trees_{name}": _small(array) for name, array in model.trees.arrays().items()}
    with path.open("wb") as stream:
        np.savez_compressed(stream, **parts)


def _small(array: NDArray[Any]) -> NDArray[Any]:
    return array.astype(np.float32 if array.dtype.kind == "f" else np.int32)


def columns_of(card: Card, scaling: Scaling) -> Columns:
    """What a card's model is shown."""
    assert card.monitoring is not None
    fixed = tuple(i for i, p in enumerate(card.predictors) if p.name in card.monitoring.fixed)
    return Columns(card.predictors, fixed, scaling)


def load_model(card: Card, path: Path, network: Step) -> MonitorModel:
    """The model of ``card`` from its parameters; the caller has checked the files' hashes."""
    with np.load(path, allow_pickle=False) as stored:
        given: Mapping[str, NDArray[Any]] = {name: stored[name] for name in stored.files}
    prefix = "trees_"
    arrays = {k.removeprefix(prefix): v for k, v in given.items() if k.startswith(prefix)}
    wide: dict[str, Any] = {k: v.astype(np.float64 if v.dtype.kind == "f" else np.int64) for k, v in arrays.items()}
    scaling = Scaling(*(given[k].astype(np.float64) for k in ("logged", "centre", "scale")))
    coefficients = given["coefficients"].astype(np.float64)
    return MonitorModel(card, columns_of(card, scaling), network, int(given["units"]), Trees(**wide), coefficients)

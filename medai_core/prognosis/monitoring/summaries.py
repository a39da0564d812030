"""What is known of a stay so far, hour by hour: running summaries, and the columns that the models are shown.

Nothing here looks ahead: the columns at an hour follow from the measurements up to its end alone, and a
further hour costs the same however long the stay has lasted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medai_core.cards import PredictorSpec
from medai_core.metrics import Floats
from medai_core.prognosis.monitoring.hours import COUNT, HIGH, LAST, LOW, SQUARE, TOTAL

FIRST, NEWEST, LEAST, MOST, SUM, SQUARES, NUMBER, RECENT, WEIGHT, AT = range(10)
KNOWN = 10
"""Numbers that are kept of a parameter: those of its values so far, and the hour of the newest."""
FADE = 0.5 ** (1 / 6)
"""How much the recent mean forgets in an hour: half of it in six."""
COLUMNS = ("measured", "last", "low", "high", "mean", "first", "recent", "spread", "since", "count")
"""Columns of a parameter that changes, in their order."""


def nothing_known(n: int, parameters: int) -> Floats:
    """The state of n stays before anything was measured, (n, parameters, KNOWN)."""
    state = np.zeros((n, parameters, KNOWN))
    state[..., LEAST], state[..., MOST], state[..., AT] = np.inf, -np.inf, -1
    return state


def after_hour(state: Floats, cells: Floats, hour: Floats) -> Floats:
    """The state after one more hour.

    Parameters
    ----------
    state : (n, parameters, KNOWN); cells : (n, parameters, KEPT), what was measured in the hour.
    hour : (n,), its number from 0 for each stay.
    """
    measured = cells[..., COUNT] > 0
    new = state.copy()
    new[..., FIRST] = np.where(measured & (state[..., NUMBER] == 0), cells[..., LAST], state[..., FIRST])
    new[..., NEWEST] = np.where(measured, cells[..., LAST], state[..., NEWEST])
    new[..., LEAST] = np.where(measured, np.minimum(state[..., LEAST], cells[..., LOW]), state[..., LEAST])
    new[..., MOST] = np.where(measured, np.maximum(state[..., MOST], cells[..., HIGH]), state[..., MOST])
    new[..., SUM] += cells[..., TOTAL]
    new[..., SQUARES] += cells[..., SQUARE]
    new[..., NUMBER] += cells[..., COUNT]
    new[..., RECENT] = FADE * state[..., RECENT] + cells[..., TOTAL]
    new[..., WEIGHT] = FADE * state[..., WEIGHT] + cells[..., COUNT]
    new[..., AT] = np.where(measured, np.broadcast_to(hour[:, None], measured.shape), state[..., AT])
    return new


@dataclass(frozen=True, eq=False)
class Scaling:
    """How values become columns of about the same width.

    Attributes
    ----------
    logged : (parameters,), 1 where log(1 + value) is used; centre, scale : (parameters,), after that.
    """

    logged: Floats
    centre: Floats
    scale: Floats

    def __call__(self, value: Floats) -> Floats:
        """Values (n, parameters) in standard deviations from the cohort's mean, at most 5 away."""
        found = np.where(self.logged > 0, np.log1p(np.maximum(value, 0)), value)
        return np.asarray(np.clip((found - self.centre) / self.scale, -5, 5))


@dataclass(frozen=True, eq=False)
class Columns:
    """Which columns a model is shown of a card's predictors.

    Attributes
    ----------
    fixed : places of the predictors of which only the value counts (age); changing : of the others.
    """

    predictors: tuple[PredictorSpec, ...]
    fixed: tuple[int, ...]
    scaling: Scaling

    @property
    def changing(self) -> tuple[int, ...]:
        """The places of the predictors that are watched."""
        return tuple(i for i in range(len(self.predictors)) if i not in self.fixed)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns, ``<predictor>:<column>``."""
        watched = [f"{self.predictors[i].name}:{c}" for c in COLUMNS for i in self.changing]
        return (*watched, *(f"{p.name}:{word}" for p in self._fixed for word in _words(p)), "hour:log", "hour:share")

    @property
    def _fixed(self) -> tuple[PredictorSpec, ...]:
        return tuple(self.predictors[i] for i in self.fixed)

    def of(self, state: Floats, cells: Floats, hour: Floats) -> NDArray[np.float32]:
        """(n, columns) float32 at the end of an hour; a parameter never measured stands at the cohort's mean.

        Parameters
        ----------
        state : after the hour; cells : of the hour; hour : (n,), its number from 0.
        """
        every = slice(None)
        watched = list(self.changing) if self.fixed else every
        s, scaling = state[:, watched], self._scaling(watched)
        seen = s[..., NUMBER] > 0
        count = np.maximum(s[..., NUMBER], 1)
        mean = s[..., SUM] / count
        recent = s[..., RECENT] / np.maximum(s[..., WEIGHT], 1e-9)
        spread = np.sqrt(np.maximum(s[..., SQUARES] / count - mean**2, 0))
        values = [s[..., NEWEST], s[..., LEAST], s[..., MOST], mean, s[..., FIRST], recent]
        scaled = [np.where(seen, scaling(np.where(seen, v, 0.0)), 0.0) for v in values]
        wide = np.where(scaling.logged > 0, scaling.scale * np.maximum(mean + 1, 1), scaling.scale)
        parts = [
            (cells[:, watched, COUNT] > 0).astype(np.float64),
            *scaled,
            np.where(seen, np.minimum(spread / np.maximum(wide, 1e-9), 5), 0.0),
            np.log1p(np.minimum(hour[:, None] - s[..., AT], 96)) / 2,
            np.log1p(s[..., NUMBER]) / 2,
        ]
        parts += [self._of_fixed(state, i) for i in self.fixed]
        parts.append(np.stack([np.log1p(hour) / 4, np.minimum(hour / 48, 4)], axis=1))
        return np.asarray(np.concatenate(parts, axis=1), dtype=np.float32)

    def owned(self, predictor: int) -> NDArray[np.int64]:
        """The columns of a predictor that is watched, or the words of a fixed one."""
        prefix = self.predictors[predictor].name + ":"
        return np.array([k for k, name in enumerate(self.names) if name.startswith(prefix)], dtype=np.int64)

    def never(self, X: NDArray[np.float32]) -> NDArray[np.float32]:
        """The columns had nothing ever been measured, at the hours of ``X`` (..., columns)."""
        width, since = len(self.changing), COLUMNS.index("since")
        found = np.zeros_like(X)
        hour = np.expm1(4 * X[..., -2:-1])
        found[..., since * width : (since + 1) * width] = np.log1p(np.minimum(hour + 1, 96)) / 2
        found[..., -2:] = X[..., -2:]
        return found

    def _scaling(self, watched: Sequence[int] | slice) -> Scaling:
        s = self.scaling
        return Scaling(s.logged[watched], s.centre[watched], s.scale[watched])

    def _of_fixed(self, state: Floats, i: int) -> Floats:
        value, seen = state[:, i, NEWEST], state[:, i, NUMBER] > 0
        p = self.predictors[i]
        if p.kind == "number":
            s = self._scaling([i])
            return np.stack([np.where(seen, s(value[:, None])[:, 0], 0.0), seen.astype(np.float64)], axis=1)
        return np.stack([seen & (value == k) for k in range(len(p.categories))], axis=1).astype(np.float64)


def _words(p: PredictorSpec) -> tuple[str, ...]:
    return ("value", "known") if p.kind == "number" else tuple(c.name for c in p.categories)

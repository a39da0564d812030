"""From a patient in the card's words to the numbers that an estimator takes, and which predictor each is of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medai_core.cards import PredictorSpec

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Encoding:
    """Columns of numbers for rows in a card's words.

    A number is one column, a category one column for each of its values (1 or 0). Unknown is filled
    with the cohort's typical value; where the cohort itself has enough gaps, one more column says so
    and the estimator learns what not knowing means.

    Attributes
    ----------
    fill : (predictors,), the number, or the place of the category, that stands in for unknown.
    flagged : (predictors,), whether a column tells unknown.
    """

    predictors: tuple[PredictorSpec, ...]
    fill: Floats
    flagged: NDArray[np.bool_]

    @property
    def owner(self) -> NDArray[np.int64]:
        """The predictor's place for each column, (columns,)."""
        return np.repeat(np.arange(len(self.predictors)), self.widths)

    @property
    def widths(self) -> list[int]:
        """How many columns each predictor has."""
        return [
            (1 if p.kind == "number" else len(p.categories)) + int(flag)
            for p, flag in zip(self.predictors, self.flagged, strict=True)
        ]

    @property
    def is_number(self) -> NDArray[np.bool_]:
        """Which columns hold a number in its unit rather than 0 or 1, (columns,)."""
        starts = np.cumsum([0, *self.widths[:-1]])
        numbers = np.zeros(sum(self.widths), dtype=bool)
        numbers[[s for s, p in zip(starts, self.predictors, strict=True) if p.kind == "number"]] = True
        return numbers

    def encode(self, rows: pd.DataFrame) -> Floats:
        """``rows`` in the card's words as (n, columns)."""
        columns: list[Floats] = []
        for p, fill, flag in zip(self.predictors, self.fill, self.flagged, strict=True):
            given = rows[p.name]
            unknown = given.isna().to_numpy()
            if p.kind == "number":
                columns.append(np.where(unknown, fill, given.to_numpy(dtype=np.float64, na_value=np.nan)))
            else:
                # With a column of its own, unknown is no category at all.
                known = {c.name: k for k, c in enumerate(p.categories)}
                place = np.array([known.get(name, -1) for name in given.tolist()], dtype=np.int64)
                stands = np.where(unknown, -1 if flag else int(fill), place)
                columns += [(stands == k).astype(np.float64) for k in range(len(p.categories))]
            if flag:
                columns.append(unknown.astype(np.float64))
        return np.stack(columns, axis=1) if columns else np.zeros((len(rows), 0))


def fit_encoding(rows: pd.DataFrame, predictors: Sequence[PredictorSpec], gaps: float = 0.02) -> Encoding:
    """The encoding of a cohort: medians and most frequent categories; a flag where more than ``gaps`` are unknown."""
    fill = []
    for p in predictors:
        if p.kind == "number":
            median = rows[p.name].median()
            fill.append(float((p.low + p.high) / 2 if np.isnan(median) else median))
        else:
            place = pd.Categorical(rows[p.name], [c.name for c in p.categories]).codes
            fill.append(float(np.bincount(place[place >= 0], minlength=len(p.categories)).argmax()))
    flagged = np.array([bool(rows[p.name].isna().mean() > gaps) for p in predictors])
    return Encoding(tuple(predictors), np.array(fill), flagged)

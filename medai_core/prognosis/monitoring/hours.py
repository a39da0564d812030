"""Observations of hospital stays by the hour: what was measured in each, and how long each stay was watched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from medai_core.cards import PredictorSpec
from medai_core.metrics import Floats, Ints

LAST, LOW, HIGH, TOTAL, SQUARE, COUNT = range(6)
"""What is kept of the values of one parameter in one hour: the last, the extremes, two sums and how many."""
KEPT = 6


@dataclass(frozen=True, eq=False)
class Hours:
    """What was measured in each hour of n stays; an hour in which a parameter was not measured has no cell.

    Attributes
    ----------
    stays : their names. length : (n,), hours that each was watched for.
    stay, hour, parameter : (m,), the cells' places, sorted by hour; hour 0 ends at minute 60, which belongs to it.
    cells : (m, KEPT), in the card's units.
    """

    stays: tuple[str, ...]
    length: Ints
    stay: Ints
    hour: Ints
    parameter: Ints
    cells: Floats
    parameters: int

    def at(self, hour: int) -> Floats:
        """The cells of one hour as (n, parameters, KEPT); 0 with a count of 0 where nothing was measured."""
        found = np.zeros((len(self.stays), self.parameters, KEPT))
        part = slice(*np.searchsorted(self.hour, (hour, hour + 1)))
        found[self.stay[part], self.parameter[part]] = self.cells[part]
        return found

    def chosen(self, stays: Ints) -> Hours:
        """Some of the stays, in the order given."""
        place = np.full(len(self.stays), -1)
        place[stays] = np.arange(len(stays))
        kept = np.flatnonzero(place[self.stay] >= 0)
        names = tuple(self.stays[i] for i in stays.tolist())
        return Hours(
            names,
            self.length[stays],
            place[self.stay[kept]],
            self.hour[kept],
            self.parameter[kept],
            self.cells[kept],
            self.parameters,
        )

    def without(self, parameter: int) -> Hours:
        """The same stays had a parameter never been measured."""
        kept = self.parameter != parameter
        return Hours(
            self.stays,
            self.length,
            self.stay[kept],
            self.hour[kept],
            self.parameter[kept],
            self.cells[kept],
            self.parameters,
        )


def hour_of(minute: Floats) -> Ints:
    """The hour, from 0, that each minute since the start belongs to: (0, 60] is hour 0, and so is all before."""
    return np.asarray(np.maximum(np.ceil(np.asarray(minute, dtype=np.float64) / 60) - 1, 0), dtype=np.int64)


def by_hour(
    table: pd.DataFrame,
    stays: Sequence[str],
    predictors: Sequence[PredictorSpec],
    *,
    length: int | None = None,
    longest: int = 24 * 366,
) -> Hours:
    """The observations of ``stays`` by the hour.

    Parameters
    ----------
    table : ``stay, minute, parameter, value`` in the card's words and units, in the order of time within a stay.
    length : hours that every stay was watched for; up to its last observation, and at least one, when None.
    longest : hours after which nothing is looked at, so that a slip in a date does not make a million of them.
    """
    names = {p.name: i for i, p in enumerate(predictors)}
    stay, parameter = _places(table["stay"], list(stays)), _places(table["parameter"], list(names))
    value, hour = table["value"].to_numpy(dtype=np.float64), hour_of(table["minute"].to_numpy(dtype=np.float64))
    used = (stay >= 0) & (parameter >= 0) & np.isfinite(value) & (hour < (length or longest))
    stay, parameter, value, hour = stay[used], parameter[used], value[used], hour[used]
    watched = np.full(len(stays), length or 1, dtype=np.int64)
    if length is None and len(hour):
        np.maximum.at(watched, stay, hour + 1)
    return Hours(tuple(stays), watched, *_cells(stay, hour, parameter, value, len(names)), len(names))


def _places(cells: pd.Series, names: list[str]) -> Ints:
    """The place of each cell among the names; -1 for one that is none of them."""
    return np.asarray(pd.Index(names, dtype=object).get_indexer(cells.astype(object)), dtype=np.int64)


def _cells(stay: Ints, hour: Ints, parameter: Ints, value: Floats, width: int) -> tuple[Ints, Ints, Ints, Floats]:
    """One row for each (hour, stay, parameter) with a value: the places and what is kept."""
    most = int(stay.max(initial=0)) + 1
    key = (hour * most + stay) * width + parameter
    order = np.argsort(key, kind="stable")
    key, value = key[order], value[order]
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])) if len(key) else np.zeros(0, np.int64)
    if len(key) == 0:
        return stay, hour, parameter, np.zeros((0, KEPT))
    ends = np.concatenate([starts[1:], [len(key)]]) - 1
    cells = np.stack(
        [
            value[ends],
            np.minimum.reduceat(value, starts),
            np.maximum.reduceat(value, starts),
            np.add.reduceat(value, starts),
            np.add.reduceat(value**2, starts),
            ends - starts + 1.0,
        ],
        axis=1,
    )
    place = key[starts]
    return place // width % most, place // width // most, place % width, cells

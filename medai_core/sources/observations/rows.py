"""What a file says of stays, in its own order: rows with a stay and a time, and the cells that a card can judge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AT_START = -np.inf
"""The time of what holds from the start of a stay on, whenever that was: age, sex."""
PER_MINUTE = 60_000_000
YEARS = (1800, 2300)
"""Between these a time of day may lie: de-identified stays are moved by centuries."""


class Reason(IntEnum):
    """Why a cell is not used; its message is ``id``."""

    GOOD = 0
    MISSING = 1
    UNREADABLE = 2
    UNIT = 3
    IMPLAUSIBLE = 4
    SAMPLED = 5
    STAY = 6
    TIME = 7
    FUTURE = 8
    WITHDRAWN = 9
    CONTRADICTED = 10

    @property
    def id(self) -> str:
        """The id of the sentence that says it."""
        return f"observation.{self.name.lower()}"


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a file.

    Attributes
    ----------
    stays : their names, in order of first appearance.
    stay : (n,) place of each row's stay in ``stays``; -1 where it names none.
    at : (n,) when: minutes since the stay's start or, with a ``clock``, microseconds since 1970 in UTC; nan where
        it cannot be read, ``AT_START`` for what holds from the start on.
    clock : whether the file states times of day.
    written : (n,) the time as it stands, for the reader.
    admitted : when stays began, as the file states it, in microseconds since 1970.
    reason : (n,) why a row is not used, as far as its source says; None where it says nothing.
    corrected : (n,) whether a row replaces others of its time wherever they stand; None where none does.
    """

    stays: tuple[str, ...]
    stay: NDArray[np.int64]
    at: NDArray[np.float64]
    clock: bool
    written: pd.Series
    admitted: Mapping[str, float]
    reason: NDArray[np.int8] | None = None
    corrected: NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False)
class Cells:
    """Cells of one predictor.

    Attributes
    ----------
    predictor : its place among the card's.
    row : (n,) the row of the file that each stands in.
    value : (n,) in the card's unit, or the category's place; nan where there is none.
    reason : (n,) a ``Reason``.
    given : (n,) as they stand; ``unit`` (n,) likewise, None where none is stated.
    """

    predictor: int
    row: NDArray[np.int64]
    value: NDArray[np.float64]
    reason: NDArray[np.int8]
    given: pd.Series
    unit: pd.Series | None = None


@dataclass(frozen=True, eq=False)
class Found:
    """A file in the card's words: its rows, their cells, and the names that the card does not know, with counts."""

    rows: Rows
    cells: tuple[Cells, ...]
    unknown: Mapping[str, int]


def instant(when: datetime) -> float:
    """Microseconds since 1970; without a zone it is in UTC. Nan outside of ``YEARS``."""
    if not YEARS[0] <= when.year < YEARS[1]:
        return float("nan")
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return float((aware - EPOCH) // timedelta(microseconds=1))


def moment_of(instant: float) -> datetime:
    """The time of day in UTC, from microseconds since 1970."""
    return EPOCH + timedelta(microseconds=int(instant))


def starts(rows: Rows, started: Mapping[str, datetime] | None, latest: float) -> NDArray[np.float64]:
    """When each stay began, in microseconds since 1970, for rows with a clock; nan where nothing says it.

    It is ``started`` where that knows the stay, else the time of admission that the file states, else the
    first time of one of its rows that is not after ``latest``.
    """
    there = (rows.stay >= 0) & np.isfinite(rows.at) & (rows.at <= latest)
    first = np.full(len(rows.stays), np.inf)
    np.minimum.at(first, rows.stay[there], rows.at[there])
    first[np.isinf(first)] = np.nan
    known = {stay: instant(when) for stay, when in (started or {}).items()}
    for place, stay in enumerate(rows.stays):
        stated = [known.get(stay), rows.admitted.get(stay)]
        first[place] = next((at for at in stated if at is not None and not np.isnan(at)), first[place])
    return first


def places(names: Iterable[str]) -> dict[str, int]:
    """The place of each name, in order of first appearance."""
    return {name: place for place, name in enumerate(dict.fromkeys(names))}

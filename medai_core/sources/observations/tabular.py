"""Tables of observations: long (a row an observation) and wide (a row a stay and time, a column a predictor)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medai_core.cards import PredictorSpec
from medai_core.errors import ManifestError
from medai_core.sources.intake import comparable, distinct_cells
from medai_core.sources.observations.judging import decimal, judge, present
from medai_core.sources.observations.names import (
    PARAMETER,
    STAY,
    TIME,
    UNIT,
    VALUE,
    Words,
    column_of,
    columns_of,
    words_of,
)
from medai_core.sources.observations.rows import Cells, Found, Rows
from medai_core.sources.observations.times import times_in

Places = NDArray[np.int64]


def in_table(table: pd.DataFrame, name: str, predictors: Sequence[PredictorSpec]) -> Found:
    """The observations of a table from a file called ``name``.

    It is long where it has columns for time, parameter and value; without one for the stay it is of a single stay,
    called as the file is. Else it is wide, and each column that is called as a predictor holds its values.
    A value without a unit is in the card's.

    Raises
    ------
    ManifestError : no column says when or, in a wide table, whose; none is one of the predictors; or numbers
        count a time in no one knows what.
    """
    table = table.set_axis([str(c) for c in table.columns], axis=1)
    words = words_of(predictors)
    time = column_of(table.columns, TIME)
    if time is None:
        raise ManifestError("observation.no_time", columns=_listed(table))
    parameter, value = _parameter(table, words), column_of(table.columns, VALUE)
    if parameter is not None and value is not None:
        return _long(table, words, time, parameter, value, PurePath(name).stem or name)
    return _wide(table, words, time)


def _listed(table: pd.DataFrame) -> str:
    shown = [str(c)[:40] for c in table.columns[:12]]
    return ", ".join(shown) + (", ..." if len(table.columns) > 12 else "")


def _parameter(table: pd.DataFrame, words: Words) -> str | None:
    """The column that names parameters: of those that may, the one with most names that the card knows."""
    candidates = columns_of(table.columns, PARAMETER)
    if not candidates:
        return None
    known = {c: sum(bool(words.meant(n)) for n in _coded(table[c])[1]) for c in candidates}
    best = max(candidates, key=lambda c: known[c])
    # A wide table may have a column called "code" or "name" as well.
    wide = not known[best] and any(words.meant(c) for c in table.columns if c not in candidates)
    return None if wide else best


def _coded(column: pd.Series) -> tuple[Places, list[str]]:
    """(n,) the place of each cell's text among the texts of the column, -1 where it is empty, and these texts."""
    place, cells = distinct_cells(comparable(column))
    seen = {text: i for i, text in enumerate(dict.fromkeys(cell for cell in cells if cell))}
    return np.array([seen.get(cell, -1) for cell in cells], dtype=np.int64)[place], list(seen)


def _rows(table: pd.DataFrame, time: str, stay: str | None, single: str) -> Rows:
    at, clock = times_in(table[time], time)
    if stay is None:
        place, stays = np.zeros(len(table), dtype=np.int64), [single]
    else:
        place, stays = _coded(table[stay])
    return Rows(tuple(stays), place, at, clock, table[time], {})


def _long(table: pd.DataFrame, words: Words, time: str, parameter: str, value: str, single: str) -> Found:
    rows = _rows(table, time, column_of(table.columns, STAY), single)
    unit = column_of(table.columns, UNIT)
    place, names = _coded(table[parameter])
    counts = np.bincount(place[place >= 0], minlength=len(names))
    # Rows of one name lie together once they are sorted; short integers are sorted in one pass.
    order = np.argsort(place.astype(np.int16) if len(names) < 2**15 else place, kind="stable").astype(np.int64)
    ends = np.cumsum(counts) + (len(place) - counts.sum())
    given, cells, unknown = decimal(table[value]), [], {}
    for name, count, end in zip(names, counts.tolist(), ends.tolist(), strict=True):
        here, meant = order[end - count : end], words.meant(name)
        if not meant:
            unknown[name[:80]] = count
        for i in meant:
            units = None if unit is None else table[unit].iloc[here]
            cells.append(judge(given.iloc[here], here, words.predictors[i], i, units))
    return Found(rows, tuple(cells), unknown)


def _wide(table: pd.DataFrame, words: Words, time: str) -> Found:
    stay = column_of(table.columns, STAY)
    if stay is None:
        raise ManifestError("observation.no_stay", columns=_listed(table))
    rows, every = _rows(table, time, stay, ""), np.arange(len(table), dtype=np.int64)
    cells: list[Cells] = []
    unknown: dict[str, int] = {}
    for column in (c for c in table.columns if c not in (stay, time)):
        meant, given = words.meant(column), decimal(table[column])
        if not meant:
            unknown[column[:80]] = int(present(given).sum())
        cells += [judge(given, every, words.predictors[i], i) for i in meant]
    if not cells:
        raise ManifestError("observation.no_parameter", columns=_listed(table), needed=words.needed)
    return Found(rows, tuple(cells), {name: count for name, count in unknown.items() if count})

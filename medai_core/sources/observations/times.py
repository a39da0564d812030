"""A column of times as numbers: minutes since the stay's start, or microseconds since 1970 in UTC."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medai_core.errors import ManifestError
from medai_core.sources.intake import comparable, distinct_cells, plain_name
from medai_core.sources.observations.names import MINUTES
from medai_core.sources.observations.rows import YEARS

ELAPSED = r"(-?\d{1,6}):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?"
"""Hours and minutes since admission, as in the text files of the PhysioNet challenge of 2012."""
DATED = r"\d{4}([-/])\d{2}\1\d{2}.*"
UNIX = ((1e8, 5e9, 1e6), (1e11, 5e12, 1e3))
"""Seconds and milliseconds since 1970, and the microseconds in one: no stay lasts so many hours."""
HL7_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)?(\d\d)?(\d\d(?:\.\d{1,9})?)?([+-]\d{4})?", re.ASCII)
LONGEST = 100 * 365.25 * 1440
"""The minutes of a hundred years."""

Times = NDArray[np.float64]


def times_in(column: pd.Series, name: str) -> tuple[Times, bool]:
    """(n,) the time in each cell, nan where it cannot be read, and whether they are times of day.

    Times of day without a zone are in UTC; a number counts what the column is named after. Cells of the
    rarer kind in a column that mixes both cannot be read.

    Raises
    ------
    ManifestError : the column holds numbers and its name does not say what they count.
    """
    if isinstance(column.dtype, pd.DatetimeTZDtype) or pd.api.types.is_datetime64_dtype(column):
        return _instants(column), True
    if pd.api.types.is_timedelta64_dtype(column):
        return _bounded(np.asarray(column.dt.total_seconds(), dtype=np.float64) / 60), False
    scale = MINUTES.get(plain_name(name))
    if scale is not None and pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return _bounded(column.to_numpy(dtype=np.float64, na_value=np.nan) * scale), False
    place, cells = distinct_cells(comparable(column))
    stamps, elapsed, bare = _read(pd.Series(cells, dtype="str"), scale)
    clock = bool(np.isfinite(stamps).sum() >= np.isfinite(elapsed).sum()) and bool(np.isfinite(stamps).any())
    if bare is not None and not clock and not np.isfinite(elapsed).any():
        raise ManifestError("observation.time_unit", column=name[:80], value=bare[:80])
    return (stamps if clock else elapsed)[place], clock


def _read(cells: pd.Series, scale: float | None) -> tuple[Times, Times, str | None]:
    """Distinct cells as instants and as minutes, and one that is a number of no one knows what."""
    numbers = np.array(pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan))
    stamps = np.where(np.isnan(numbers), _dated(cells), np.nan)
    parts = cells.str.strip().str.extract(f"^{ELAPSED}$").astype("str")
    hours, minutes, seconds = (pd.to_numeric(parts[i], errors="coerce").to_numpy(dtype=np.float64) for i in range(3))
    sign = np.where(parts[0].str.startswith("-", na=False), -1.0, 1.0)
    elapsed = hours * 60 + sign * (minutes + np.nan_to_num(seconds) / 60)
    if scale is not None:
        return stamps, _bounded(np.where(np.isnan(numbers), elapsed, numbers * scale)), None
    bare = ~np.isnan(numbers)
    for least, most, micros in UNIX:
        since = (numbers >= least) & (numbers < most)
        stamps[since], bare[since] = np.round(numbers[since] * micros), False
    return stamps, _bounded(elapsed), str(cells[bare].iloc[0]) if bare.any() else None


def _dated(cells: pd.Series) -> Times:
    """ISO 8601 as instants; only what begins with a year, a month and a day: pandas takes "now" for a time."""
    dated = cells.where(cells.str.fullmatch(DATED).fillna(False).astype(bool))
    return _instants(pd.to_datetime(dated.str.replace("/", "-"), errors="coerce", utc=True, format="ISO8601"))


def _instants(column: pd.Series) -> Times:
    """Datetimes as microseconds since 1970; without a zone they are in UTC."""
    aware = column.dt.tz_convert("UTC").dt.tz_localize(None) if column.dt.tz is not None else column
    years = aware.dt.year.to_numpy(dtype=np.float64, na_value=np.nan)
    kept = aware.where((years >= YEARS[0]) & (years < YEARS[1]))
    micros = kept.dt.as_unit("us").to_numpy()
    return np.where(np.isnat(micros), np.nan, micros.astype(np.int64).astype(np.float64))


def _bounded(minutes: Times) -> Times:
    return np.where(np.abs(minutes) <= LONGEST, minutes, np.nan)


def hl7_instant(said: str) -> str:
    """A time of HL7 version 2 in ISO 8601, with its zone or in UTC; empty where it is none to the day."""
    found = HL7_TIME.fullmatch(said.strip())
    if found is None:
        return ""
    year, month, day, hour, minute, second, zone = found.groups()
    return f"{year}-{month}-{day}T{hour or '00'}:{minute or '00'}:{second or '00'}{zone or '+0000'}"

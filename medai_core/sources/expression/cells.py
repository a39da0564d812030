"""What cells hold: numbers, text or nothing."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute

MISSING = ("", "NA", "na", "N/A", "n/a", "NaN", "nan", "NAN", "null", "NULL", "Null", "#N/A", "#NA", "<NA>")
"""How a cell says that nothing was measured. "None" and "unknown" are answers in a clinical column."""
NUMBER = r"(?i)^[+-]?(\d+\.?\d*(e[+-]?\d+)?|\.\d+(e[+-]?\d+)?|inf)$"
COMMA = r"^[+-]?\d*,\d+([eE][+-]?\d+)?$"
"""A number with a decimal comma."""

Column = Any
"""An Arrow array in chunks; the library has no types."""
Numbers = NDArray[np.float64]


def numbers_in(column: Column) -> tuple[Numbers, NDArray[np.bool_] | None]:
    """(n,) the number in each cell, nan where it is empty or text, and where there is text; None where nowhere."""
    if not pa.types.is_string(column.type):
        return np.asarray(compute.cast(column, pa.float64(), safe=False).to_numpy()), None
    try:
        return np.asarray(compute.cast(column, pa.float64()).to_numpy()), None
    except pa.ArrowException:
        pass
    column = text_of(column)
    fits = compute.match_substring_regex(column, NUMBER)
    numbers = compute.cast(compute.if_else(fits, column, None), pa.float64()).to_numpy()
    bad = ~compute.fill_null(fits, True).to_numpy(zero_copy_only=False)
    return np.asarray(numbers), bad if bad.any() else None


def plain(column: Column) -> Column:
    """A column of a file with types as numbers or text, whichever it is.

    Raises
    ------
    pyarrow.ArrowException : it is neither.
    """
    kind = column.type
    number = pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)
    if number or pa.types.is_decimal(kind) or pa.types.is_null(kind):
        return column
    return compute.cast(column, pa.string())


def text_of(column: Column) -> Column:
    """The column as text without surrounding blanks, null where a cell is empty."""
    trimmed = compute.utf8_trim_whitespace(compute.cast(column, pa.string()))
    return compute.if_else(compute.is_in(trimmed, value_set=pa.array(MISSING, trimmed.type)), None, trimmed)


def texts_in(column: Column) -> list[str | None]:
    """Each cell as text, None where it is empty; a whole number is without its ``.0``."""
    if pa.types.is_floating(column.type):
        return [None if value is None or value != value else f"{value:.15g}" for value in column.to_pylist()]
    return list(text_of(column).to_pylist())


def settled(cells: pd.Series) -> pd.Series:
    """A clinical column: float64 where all that it holds are numbers, else text; what is empty is missing."""
    if pd.api.types.is_numeric_dtype(cells):
        return cells.astype(np.float64)
    texts = [None if pd.isna(cell) or str(cell).strip() in MISSING else str(cell).strip() for cell in cells]
    if all(text is None or is_number(text) for text in texts):
        numbers = [np.nan if text is None else float(text) for text in texts]
        return pd.Series(numbers, index=cells.index, name=cells.name, dtype=np.float64)
    return pd.Series(texts, index=cells.index, name=cells.name, dtype=object)


def pointed(column: Column) -> Column:
    """The column with decimal points for decimal commas."""
    return compute.replace_substring(column, ",", ".")


def all_commas(column: Column, bad: NDArray[np.bool_]) -> bool:
    """Whether every cell that is no number is one with a decimal comma."""
    return bool(compute.all(compute.match_substring_regex(text_of(column).filter(pa.array(bad)), COMMA)).as_py())


def has_point(column: Column) -> bool:
    """Whether a cell has a decimal point."""
    return bool(compute.any(compute.match_substring(column, ".")).as_py())


def is_number(text: str) -> bool:
    """Whether the text is a number."""
    return re.match(NUMBER, text, re.ASCII) is not None

"""Tables of patients: CSV, TSV and Parquet in, within limits; CSV that no spreadsheet runs, and Parquet, out."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd

from medai_core.errors import ManifestError

ROWS_MAX = 200_000
BYTES_MAX = 100 * 2**20


def open_table(path: Path) -> pd.DataFrame:
    """The table in a file of one's own, whatever its size; cells of a CSV stay text.

    Raises
    ------
    ManifestError : it cannot be opened or read.
    """
    try:
        return read_table(path.read_bytes(), path.name)
    except OSError as error:
        raise ManifestError("table.unreadable", detail=error.strerror or str(error)) from error


def read_table(data: bytes, name: str) -> pd.DataFrame:
    """The table in ``data``: Parquet by its first bytes, else text separated by the sign its heading has most of."""
    try:
        if data[:4] == b"PAR1":
            return pd.read_parquet(io.BytesIO(data))
        heading = data[:65536].split(b"\n", 1)[0]
        sign = max((",", ";", "\t"), key=lambda c: heading.count(c.encode()))
        return pd.read_csv(io.BytesIO(data), sep=sign, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (ValueError, OSError) as error:
        raise ManifestError("table.unreadable", detail=str(error)) from error


RUNS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a cell starts with that a spreadsheet would run (OWASP, CSV injection)."""


def harmless_csv(table: pd.DataFrame) -> bytes:
    """The table as CSV in UTF-8; text that a spreadsheet would run gets an apostrophe in front, numbers stay."""
    safe = pd.DataFrame({i: _harmless(table.iloc[:, i]) for i in range(table.shape[1])}, index=table.index)
    safe.columns = pd.Index([_quoted(str(c)) for c in table.columns])
    return str(safe.to_csv(index=False)).encode("utf-8-sig")


def _harmless(column: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return column
    return column.astype(object).map(lambda cell: _quoted(cell) if isinstance(cell, str) else cell)


def _quoted(cell: str) -> str:
    try:
        float(cell)
    except ValueError:
        return "'" + cell if cell.lstrip(" ")[:1] in RUNS or cell[:1] in RUNS else cell
    return cell


def parquet(table: pd.DataFrame) -> bytes:
    """The table as Parquet; a column of mixed types becomes text."""
    plain = table.copy()
    for column in plain.columns:
        if plain[column].dtype == object:
            plain[column] = plain[column].map(lambda cell: cell if cell is None or cell != cell else str(cell))
    stream = io.BytesIO()
    plain.to_parquet(stream, index=False)
    return stream.getvalue()

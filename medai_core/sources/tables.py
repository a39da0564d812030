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

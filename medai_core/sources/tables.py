"""Tables of patients: CSV, TSV and Parquet in, within limits; CSV that no spreadsheet runs, and Parquet, out."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from medai_core.errors import ManifestError
from medai_core.sources.formats import foreign

ROWS_MAX = 200_000
BYTES_MAX = 100 * 2**20
COLUMNS_MAX = 2_000
CELLS_MAX = 50_000_000
UNPACKED_MAX = 2**30
"""Bytes that a Parquet file may unpack to: a small one can hold a cell once and mean it 200,000 times."""


def read_table(data: bytes, name: str, *, limited: bool = True, rows: int | None = None) -> pd.DataFrame:
    """The table in an uploaded file called ``name``; cells of a CSV stay text, and an empty one is "".

    Parquet is known by its first bytes; text is separated by the sign that parts its heading most often
    (by tabs where it is called .tsv).

    Parameters
    ----------
    limited : whether the limits apply; what is a file of one's own has any size.
    rows : the most that are read within the limits; ``ROWS_MAX`` when None.

    Raises
    ------
    ManifestError : it is larger than the limits, something else than a table, or damaged; it has no rows,
        two columns of one name, or rows of unequal length.
    """
    if not limited:
        return _read(data, name, None)
    refuse_large(data)
    return _read(data, name, ROWS_MAX if rows is None else rows)


def open_table(path: Path) -> pd.DataFrame:
    """The table in a file of one's own, whatever its size.

    Raises
    ------
    ManifestError : it cannot be opened; else as ``read_table``.
    """
    return read_table(open_bytes(path), path.name, limited=False)


def open_bytes(path: Path) -> bytes:
    """The content of a file of one's own.

    Raises
    ------
    ManifestError : it cannot be opened.
    """
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        detail = getattr(error, "strerror", None) or str(error)
        raise ManifestError("table.unopened", file=str(path), detail=detail) from error


def refuse_large(data: bytes, limit: int | None = None) -> None:
    """Nothing for an upload that is not too large.

    Parameters
    ----------
    limit : in bytes; ``BYTES_MAX`` when None.

    Raises
    ------
    ManifestError : it has more than ``limit`` bytes.
    """
    limit = BYTES_MAX if limit is None else limit
    if len(data) > limit:
        raise ManifestError("table.too_large", size_mb=-(-len(data) // 2**20), limit_mb=limit // 2**20)


def _read(data: bytes, name: str, rows: int | None) -> pd.DataFrame:
    if not data or data.isspace():
        raise ManifestError("table.empty")
    if data.startswith(b"PAR1"):
        with _undamaged():
            table = arrow_table(data, rows=rows).to_pandas(ignore_metadata=True)
    else:
        if found := foreign(data):
            raise ManifestError("table.foreign", found=found)
        table = _csv(data, name, rows)
    twice = [c for c, count in Counter(table.columns).items() if count > 1]
    if twice:
        raise ManifestError("table.twice", column=str(twice[0]))
    if len(table) == 0:
        raise ManifestError("cohort.no_rows")
    return table


def _csv(data: bytes, name: str, rows: int | None) -> pd.DataFrame:
    text = plain_text(data)
    sign, heading = _heading(text, name)
    if rows is not None and len(heading) > COLUMNS_MAX:
        raise ManifestError("table.too_many_columns", columns=len(heading), limit=COLUMNS_MAX)
    if rows is not None and data.count(b"\n") * len(heading) > CELLS_MAX:
        # Rows that are shorter than the heading are filled up before they are found.
        raise ManifestError("table.inflated", limit_mb=UNPACKED_MAX // 2**20)
    most = None if rows is None else rows + 1
    try:
        table = pd.read_csv(
            io.BytesIO(data), sep=sign, dtype=str, keep_default_na=False, encoding="utf-8-sig", nrows=most
        )
    except (ValueError, OSError) as error:
        raise _explained(str(error)) from error
    if rows is not None and len(table) > rows:
        raise ManifestError("table.too_many_rows", limit=rows)
    _refuse_ragged(table, text, sign, heading)
    return table.set_axis(heading, axis=1)


def plain_text(data: bytes) -> str:
    """The text of a CSV, which must be UTF-8 and without NUL.

    Raises
    ------
    ManifestError : it is not.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ManifestError("table.utf16")
    nul = data.find(b"\0")
    if nul >= 0:
        raise ManifestError("table.nul", line=data.count(b"\n", 0, nul) + 1)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ManifestError("table.encoding", line=data.count(b"\n", 0, error.start) + 1) from error


def _heading(text: str, name: str) -> tuple[str, list[str]]:
    """The sign that separates the columns, and their names; one without a name is called by its place."""
    # A heading may go over several lines, but not over megabytes.
    start = io.StringIO(text[: 2**20], newline=None).read().lstrip("\n")
    signs = "\t" if name.lower().endswith((".tsv", ".tab")) else ",;\t"
    try:
        found = {sign: next(csv.reader(io.StringIO(start), delimiter=sign)) for sign in signs}
    except csv.Error as error:
        raise ManifestError("table.damaged") from error
    sign = max(found, key=lambda s: len(found[s]))
    return sign, [column.strip() or f"column {place}" for place, column in enumerate(found[sign], start=1)]


def _refuse_ragged(table: pd.DataFrame, text: str, sign: str, heading: list[str]) -> None:
    """Nothing where every row has as many cells as the heading: pandas names the longer ones, and fills the shorter."""
    needed = len(heading)
    if not isinstance(table.index, pd.RangeIndex):
        # A cell too many in every row: the first was taken for the row's name.
        raise ManifestError("table.ragged", line=2, found=needed + table.index.nlevels, needed=needed)
    if table.shape[1] != needed:
        raise ManifestError("table.damaged")
    if '"' not in text and text.count(sign) == (len(table) + 1) * (needed - 1):
        return
    rows = csv.reader(io.StringIO(text, newline=None), delimiter=sign)
    try:
        for row in rows:
            if row and len(row) < needed:
                raise ManifestError("table.ragged", line=rows.line_num, found=len(row), needed=needed)
    except csv.Error as error:
        raise ManifestError("table.damaged") from error


def _explained(detail: str) -> ManifestError:
    """What pandas says of a CSV, in words for its owner."""
    ragged = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", detail)
    if ragged:
        needed, line, found = map(int, ragged.groups())
        return ManifestError("table.ragged", line=line, found=found, needed=needed)
    unclosed = re.search(r"EOF inside string starting at row (\d+)", detail)
    if unclosed:
        return ManifestError("table.quote", line=int(unclosed.group(1)) + 1)
    return ManifestError("table.damaged")


def arrow_table(data: bytes, *, rows: int | None, columns: int = COLUMNS_MAX) -> Any:
    """The Arrow table in a Parquet file, its texts written out.

    Parameters
    ----------
    rows, columns : the most that are read; no limit applies where ``rows`` is None.

    Raises
    ------
    ManifestError : it is damaged, nested, or larger than the limits.
    """
    # Only where it is needed: it takes longer to import than a small CSV to read.
    import pyarrow as pa
    from pyarrow import parquet as pq

    with _undamaged():
        described = pq.read_metadata(pa.BufferReader(data))
        if rows is not None:
            _refuse_inflated(described, rows, columns)
        leaves = [described.schema.column(i) for i in range(described.num_columns)]
        # As dictionaries, so that a cell that is held once stays one until it is known how much it means.
        texts = [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"]
        return _plain(pq.ParquetFile(pa.BufferReader(data), read_dictionary=texts).read(), limited=rows is not None)


@contextmanager
def _undamaged() -> Iterator[None]:
    """What Arrow says of a file that it cannot read, as a sentence."""
    import pyarrow as pa

    try:
        yield
    except ManifestError:
        raise
    except (pa.ArrowException, ValueError, TypeError, KeyError, OSError, OverflowError, MemoryError) as error:
        raise ManifestError("table.parquet") from error


def _refuse_inflated(described: Any, rows: int, columns: int) -> None:
    """Nothing where the file says of itself that it stays within the limits."""
    if described.num_rows > rows:
        raise ManifestError("table.too_many_rows", limit=rows)
    if described.num_columns > columns:
        raise ManifestError("table.too_many_columns", columns=described.num_columns, limit=columns)
    groups = [described.row_group(i) for i in range(described.num_row_groups)]
    size = sum(group.total_byte_size for group in groups)
    cells = sum(group.column(j).num_values for group in groups for j in range(described.num_columns))
    if size > UNPACKED_MAX or max(cells, described.num_rows * described.num_columns) > CELLS_MAX:
        raise ManifestError("table.inflated", limit_mb=UNPACKED_MAX // 2**20)


def _plain(table: Any, *, limited: bool) -> Any:
    """An Arrow table with its texts written out."""
    import pyarrow as pa
    from pyarrow import compute

    size = 0
    for place, (name, column) in enumerate(zip(table.column_names, table.columns, strict=True)):
        if pa.types.is_nested(column.type):
            raise ManifestError("table.nested", column=name)
        if not pa.types.is_dictionary(column.type):
            continue
        for part in column.chunks:
            length = compute.binary_length(part.dictionary.cast(pa.large_string()))
            size += compute.sum(length.take(part.indices)).as_py() or 0
        if limited and size > UNPACKED_MAX:
            raise ManifestError("table.inflated", limit_mb=UNPACKED_MAX // 2**20)
        table = table.set_column(place, name, column.cast(pa.large_string()))
    return table


RUNS = ("=", "+", "-", "@", "\t", "\n")
"""What a cell starts with that a spreadsheet would run (OWASP, CSV injection)."""
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def harmless_csv(table: pd.DataFrame) -> bytes:
    """The table as CSV in UTF-8; text that a spreadsheet would run gets an apostrophe in front, numbers stay."""
    safe = pd.DataFrame({i: _harmless(table.iloc[:, i]) for i in range(table.shape[1])}, index=table.index)
    safe.columns = pd.Index([_quoted(str(c)) for c in table.columns])
    return str(safe.to_csv(index=False)).encode("utf-8-sig", errors="backslashreplace")


def _harmless(column: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column):
        return column
    cells = [_quoted(cell) if isinstance(cell, str) else cell for cell in column.astype(object)]
    return pd.Series(cells, index=column.index, dtype=object)


def _quoted(cell: str) -> str:
    # A carriage return would be written bare, and a spreadsheet starts a new row at it.
    plain = re.sub(r"\r\n?", "\n", cell) if "\r" in cell else cell
    return "'" + plain if plain.lstrip(" ").startswith(RUNS) and not NUMBER.fullmatch(plain) else plain


def parquet(table: pd.DataFrame) -> bytes:
    """The table as Parquet; a column of mixed types becomes text."""
    plain = table.set_axis([str(c) for c in table.columns], axis=1)
    for column in filter(lambda name: pd.api.types.is_object_dtype(plain[name]), plain.columns):
        missing = plain[column].isna()
        plain[column] = plain[column].map(str).mask(missing, None)
    stream = io.BytesIO()
    plain.to_parquet(stream, index=False)
    return stream.getvalue()

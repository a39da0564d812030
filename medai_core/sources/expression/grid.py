"""A table of expression as it lies in a file: its heading and columns, before it is known which are genes."""

from __future__ import annotations

import csv
import io
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyarrow import csv as arrow_csv

from medai_core.errors import ManifestError, Message
from medai_core.sources.expression.cells import MISSING, Column, plain
from medai_core.sources.expression.matrix import CLINICAL_MAX, GENES_MAX, SAMPLES_MAX, VALUES_MAX
from medai_core.sources.formats import foreign
from medai_core.sources.tables import arrow_table, plain_text

HEADING_MAX = 8 * 2**20
"""Bytes of a heading: 65,000 genes with names of a hundred letters."""
BLOCK = 64 * 2**20
UNPACKED_MAX = 2**29
"""Bytes that an upload may unpack to: forty million values as text."""
OWN_UNPACKED_MAX = 2**32
COLUMNS_MAX = GENES_MAX + CLINICAL_MAX


@dataclass(frozen=True)
class Grid:
    """Rows and columns of a file.

    Attributes
    ----------
    heading : a name for each of ``columns``, trimmed; "" where there is none.
    columns : Arrow arrays of one length: text, or numbers where the file has types.
    index : the place of the column that Parquet keeps the rows' names in.
    sign : what separates the columns of a text; "" in Parquet.
    genes_in_rows : whether the format says so.
    """

    heading: tuple[str, ...]
    columns: tuple[Column, ...]
    index: int | None = None
    sign: str = ""
    genes_in_rows: bool = False
    notes: tuple[Message, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows there are below the heading."""
        return len(self.columns[0])

    def name(self, place: int) -> str:
        """What a column is called; one without a name, by its place."""
        return self.heading[place] or f"column {place + 1}"


def unpacked(data: bytes, *, limited: bool) -> bytes:
    """What a gzip file holds; any other content as it is.

    Raises
    ------
    ManifestError : it is damaged, or unpacks to more than is read.
    """
    most = UNPACKED_MAX if limited else OWN_UNPACKED_MAX
    if not data.startswith(b"\x1f\x8b"):
        return data
    parts, size = [], 0
    try:
        while data.startswith(b"\x1f\x8b"):
            stream = zlib.decompressobj(31)
            parts.append(stream.decompress(data, most + 1 - size))
            size += len(parts[-1])
            if size > most:
                raise ManifestError("expression.inflated", limit_mb=most // 2**20)
            if not stream.eof:
                raise ManifestError("expression.gzip")
            data = stream.unused_data
    except zlib.error as error:
        raise ManifestError("expression.gzip") from error
    return b"".join(parts)


def in_parquet(data: bytes) -> Grid:
    """The grid of a Parquet file.

    Raises
    ------
    ManifestError : as ``tables.arrow_table``.
    """
    table = arrow_table(data, rows=COLUMNS_MAX, columns=COLUMNS_MAX)
    index = _index(table.schema.metadata, table.column_names)
    heading = ["" if name.startswith("__index_level_") else name.strip() for name in table.column_names]
    try:
        columns = [plain(column) for column in table.columns]
    except pa.ArrowException as error:
        raise ManifestError("table.parquet") from error
    if index is not None and pa.types.is_string(columns[index].type):
        # pandas writes the rows' names last and shows them first.
        heading.insert(0, heading.pop(index))
        columns.insert(0, columns.pop(index))
        index = 0
    return Grid(tuple(heading), tuple(columns), index)


def _index(described: dict[bytes, bytes] | None, names: Sequence[str]) -> int | None:
    """The place of the column that was a data frame's index."""
    try:
        kept = json.loads((described or {})[b"pandas"])["index_columns"]
    except (KeyError, TypeError, ValueError):
        return None
    return names.index(kept[0]) if len(kept) == 1 and kept[0] in names else None


def in_text(data: bytes, name: str) -> Grid:
    """The grid of a text whose columns are separated by commas, semicolons or tabs.

    A heading that lacks one cell lacks that of the rows' names, as R writes it.

    Raises
    ------
    ManifestError : it is something else than a table, or damaged.
    """
    if found := foreign(data):
        raise ManifestError("table.foreign", found=found)
    head = plain_text(data)[:HEADING_MAX]
    sign = _sign(head, name)
    heading, start, cells = heading_in(head, sign, quoted=True)
    if cells == len(heading) + 1:
        heading = ["", *heading]
    offset = len(data) - len(data.removeprefix(b"\xef\xbb\xbf")) + start
    columns = columns_in(data, offset, len(heading), sign, quoted=True)
    return Grid(tuple(cell.strip() for cell in heading), columns, sign=sign)


def _sign(head: str, name: str) -> str:
    # A part is enough, and no cell of it is longer than the reader takes.
    first = io.StringIO(head.lstrip("\r\n")[: 2**16], newline=None).read()
    signs = "\t" if name.lower().removesuffix(".gz").endswith((".tsv", ".tab")) else ",;\t"
    try:
        found = {sign: len(next(csv.reader(io.StringIO(first), delimiter=sign), [])) for sign in signs}
    except csv.Error as error:
        raise ManifestError("table.damaged") from error
    return max(found, key=lambda sign: found[sign])


def heading_in(head: str, sign: str, *, quoted: bool) -> tuple[list[str], int, int]:
    """The cells of the first row, the bytes up to the second one, and how many cells that one has.

    Raises
    ------
    ManifestError : it is longer than headings are, has more columns than are read, or no row comes after it.
    """
    lines = io.StringIO(head, newline="")
    size = 0

    def counted() -> Any:
        nonlocal size
        for line in lines:
            size += len(line.encode())
            yield line

    rows = csv.reader(counted(), delimiter=sign, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE)
    try:
        heading = next((row for row in rows if row), [])
        start = size
        second = next((row for row in rows if row), None)
    except csv.Error as error:
        raise ManifestError("table.damaged") from error
    if len(heading) > COLUMNS_MAX:
        raise ManifestError("expression.too_many_columns", columns=len(heading), limit=COLUMNS_MAX)
    if second is None:
        long = len(head) >= HEADING_MAX
        raise ManifestError("expression.long_heading" if long else "expression.no_rows", limit_mb=HEADING_MAX // 2**20)
    return heading, start, len(second)


def columns_in(data: bytes, offset: int, count: int, sign: str, *, quoted: bool) -> tuple[Column, ...]:
    """The columns of a text from ``offset`` on, where the heading ended: text, null where a cell is empty.

    Raises
    ------
    ManifestError : a row has more or fewer cells than the heading, or there are more than are read.
    """
    most = VALUES_MAX + CLINICAL_MAX * SAMPLES_MAX
    if data.count(sign.encode(), offset) + data.count(b"\n", offset) > most:
        raise ManifestError("expression.too_many_values", limit=VALUES_MAX)
    body = pa.BufferReader(memoryview(data)[offset:])
    names, wrong = [str(place) for place in range(count)], []

    def seen(row: Any) -> str:
        wrong.append(row)
        return "error"

    try:
        table = arrow_csv.read_csv(
            body,
            # With one thread it knows in which row it is.
            arrow_csv.ReadOptions(use_threads=False, column_names=names, block_size=BLOCK),
            arrow_csv.ParseOptions(
                delimiter=sign,
                quote_char='"' if quoted else False,
                newlines_in_values=quoted and b'"' in data,
                invalid_row_handler=seen,
            ),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), null_values=MISSING, strings_can_be_null=True
            ),
        )
    except (pa.ArrowException, ValueError, OSError) as error:
        raise _explained(wrong) from error
    return tuple(table.columns)


def _explained(wrong: Sequence[Any]) -> ManifestError:
    if not wrong:
        return ManifestError("table.damaged")
    row = wrong[0]
    # The heading is line 1.
    line = row.number + 1
    if row.text.count('"') % 2:
        return ManifestError("table.quote", line=line)
    return ManifestError("table.ragged", line=line, found=row.actual_columns, needed=row.expected_columns)

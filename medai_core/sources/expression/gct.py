"""GCT, the Broad Institute's text of an expression matrix, versions 1.2 and 1.3: genes in rows.

https://software.broadinstitute.org/software/igv/GCT and, of version 1.3, the documentation of cmapPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from medai_core.errors import ManifestError, Message
from medai_core.sources.expression.cells import Column, texts_in
from medai_core.sources.expression.grid import HEADING_MAX, Grid, columns_in, heading_in
from medai_core.sources.expression.matrix import shown
from medai_core.sources.tables import plain_text


@dataclass(frozen=True)
class Said:
    """What the second line of a GCT says: genes, samples, and columns and rows that describe them."""

    genes: int
    samples: int
    gene_columns: int
    sample_rows: int


def is_gct(data: bytes) -> bool:
    """Whether the content sets out to be GCT."""
    return data.removeprefix(b"\xef\xbb\xbf").startswith((b"#1.2", b"#1.3"))


def in_gct(data: bytes) -> tuple[Grid, dict[str, list[str | None]]]:
    """The grid of a GCT file, its names of genes first, and what it says of the samples beside their values.

    Raises
    ------
    ManifestError : it is cut short, or holds other than it says.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    head = plain_text(data)[:HEADING_MAX]
    lines = head.splitlines(keepends=True)[:2]
    said = _said(lines)
    offset = sum(len(line.encode()) for line in lines)
    heading, start, _cells = heading_in(head[sum(map(len, lines)) :], "\t", quoted=False)
    columns = columns_in(data, offset + start, len(heading), "\t", quoted=False)
    found = (len(columns[0]) - said.sample_rows, len(columns) - 1 - said.gene_columns)
    if found != (said.genes, said.samples):
        raise ManifestError(
            "expression.gct_counts",
            genes=said.genes,
            samples=said.samples,
            found_genes=found[0],
            found_samples=found[1],
        )
    return _parted(tuple(name.strip() for name in heading), columns, said)


def _said(lines: Sequence[str]) -> Said:
    try:
        counts = [int(cell) for cell in lines[1].split()]
        if lines[0].startswith("#1.3"):
            genes, samples, gene_columns, sample_rows = counts
        else:
            genes, samples, gene_columns, sample_rows = *counts[:2], 1, 0
    except (ValueError, IndexError) as error:
        raise ManifestError("expression.gct_line") from error
    if min(genes, samples, gene_columns, sample_rows) < 0:
        raise ManifestError("expression.gct_line")
    return Said(genes, samples, gene_columns, sample_rows)


def _parted(
    heading: tuple[str, ...], columns: tuple[Column, ...], said: Said
) -> tuple[Grid, dict[str, list[str | None]]]:
    first = 1 + said.gene_columns
    kept = [0, *range(first, len(columns))]
    notes: tuple[Message, ...] = ()
    if said.gene_columns:
        notes = (Message("expression.gene_columns", {"columns": shown(heading[1:first], 10)}),)
    names = texts_in(columns[0].slice(0, said.sample_rows))
    cells = [texts_in(columns[place].slice(0, said.sample_rows)) for place in kept[1:]]
    clinical = {name or f"row {row + 1}": [column[row] for column in cells] for row, name in enumerate(names)}
    body = tuple(columns[place].slice(said.sample_rows) for place in kept)
    grid = Grid(tuple(heading[place] for place in kept), body, sign="\t", genes_in_rows=True, notes=notes)
    return grid, clinical

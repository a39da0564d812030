"""A file of gene expression, of whatever kind its content is, checked for what would make a grouping wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medai_core.errors import ManifestError, Message
from medai_core.sources.expression.cells import settled
from medai_core.sources.expression.gct import in_gct, is_gct
from medai_core.sources.expression.grid import COLUMNS_MAX, Grid, in_parquet, in_text, unpacked
from medai_core.sources.expression.matrix import GENES_MAX, SAMPLES_MAX, VALUES_MAX, Expression, short, shown
from medai_core.sources.expression.orientation import Sheet, upright
from medai_core.sources.expression.sorting import clinical_places
from medai_core.sources.expression.turning import profile, turned
from medai_core.sources.tables import open_bytes, refuse_large

BYTES_MAX = 200 * 2**20


def read_expression(
    data: bytes, name: str, *, clinical: Sequence[str] = (), genes_in_rows: bool = False, limited: bool = True
) -> Expression:
    """The expression in an uploaded file called ``name``: CSV, TSV, Parquet or GCT, or one of these packed with gzip.

    Samples are rows, except in GCT and in a list of two columns, genes and their values, which is one sample.
    The samples' names stand in the first column, in Parquet's index, or in a column that is called so.

    Parameters
    ----------
    clinical : columns that are no expression, beside those that are found to be none.
    genes_in_rows : whether genes are rows and samples columns.
    limited : whether the limits of uploads apply to the size of the file; those of the matrix always do.

    Raises
    ------
    ManifestError : it is something else than a matrix of expression, damaged, or larger than the limits; or what it
        holds is text, infinite, named twice, without variation, or the other way round.
    """
    if limited:
        refuse_large(data, BYTES_MAX)
    sheet, said = _sheet(unpacked(data, limited=limited), name, genes_in_rows=genes_in_rows)
    named = [c for c in clinical if c not in said and c.strip() != sheet.key]
    aside = clinical_places(sheet, named)
    genes = np.setdiff1d(np.arange(len(sheet.names)), aside)
    _refuse_unfit(sheet, genes)
    with np.errstate(over="ignore"):
        # What is too large becomes infinite and is refused as that.
        values = sheet.values.astype(np.float32)
    values = np.ascontiguousarray(values[:, genes] if aside else values)
    _refuse_unmeasured(values, sheet, genes)
    beside = _clinical(sheet, aside, said)
    notes = sheet.notes
    if beside.shape[1]:
        facts = {"count": beside.shape[1], "columns": ", ".join(map(short, beside.columns))}
        notes += (Message("expression.set_aside", facts),)
    names = tuple(sheet.names[place] for place in genes)
    return Expression(values, sheet.samples, names, beside, notes, hashlib.sha256(data).hexdigest())


def open_expression(path: Path, *, clinical: Sequence[str] = (), genes_in_rows: bool = False) -> Expression:
    """As ``read_expression``, from a file of one's own."""
    data = open_bytes(path)
    return read_expression(data, path.name, clinical=clinical, genes_in_rows=genes_in_rows, limited=False)


def _sheet(data: bytes, name: str, *, genes_in_rows: bool) -> tuple[Sheet, Mapping[str, list[str | None]]]:
    """The sheet, and what a GCT file says of the samples beside it."""
    if not data or data.isspace():
        raise ManifestError("table.empty")
    said: Mapping[str, list[str | None]] = {}
    if data.startswith(b"PAR1"):
        grid = in_parquet(data)
    elif is_gct(data):
        grid, said = in_gct(data)
    else:
        grid = in_text(data, name)
    _refuse_rows(grid)
    grid = profile(grid) or grid
    return (turned(grid) if genes_in_rows or grid.genes_in_rows else upright(grid)), said


def _refuse_rows(grid: Grid) -> None:
    if not grid.columns:
        raise ManifestError("expression.none")
    if grid.rows == 0:
        raise ManifestError("expression.no_rows")
    if grid.rows > COLUMNS_MAX:
        raise ManifestError("expression.too_many_samples", samples=grid.rows, limit=SAMPLES_MAX)


def _clinical(sheet: Sheet, aside: Sequence[int], said: Mapping[str, list[str | None]]) -> pd.DataFrame:
    index = pd.Index(sheet.samples, dtype=object, name="sample")
    columns = {name: settled(pd.Series(cells, index=index, dtype=object)) for name, cells in said.items()}
    for place in aside:
        cells = sheet.cells(place) if place in sheet.wrong else sheet.values[:, place]
        columns[sheet.names[place]] = settled(pd.Series(cells, index=index))
    return pd.DataFrame(columns, index=index)


def _refuse_unfit(sheet: Sheet, genes: NDArray[np.int64]) -> None:
    """Nothing where enough genes are left, and all that they hold are numbers."""
    wrong = [int(place) for place in genes if place in sheet.wrong]
    if wrong:
        count = sum(int(sheet.wrong[place].sum()) for place in wrong)
        row = int(np.flatnonzero(sheet.wrong[wrong[0]])[0])
        cell = short(sheet.cells(wrong[0])[row] or "")
        facts = {"sample": short(sheet.samples[row]), "gene": short(sheet.names[wrong[0]]), "cell": cell}
        many = "expression.text_cells" if count > 1 else "expression.text_cell"
        raise ManifestError(many, **facts, **({"others": count - 1} if count > 1 else {}))
    if len(genes) < 2:
        raise ManifestError("expression.too_few_genes" if len(genes) else "expression.none")
    if len(genes) > GENES_MAX:
        raise ManifestError("expression.too_many_genes", genes=len(genes), limit=GENES_MAX)
    if len(genes) * len(sheet.samples) > VALUES_MAX:
        raise ManifestError("expression.too_many_values", limit=VALUES_MAX)


def _refuse_unmeasured(values: NDArray[np.float32], sheet: Sheet, genes: NDArray[np.int64]) -> None:
    """Nothing where every value is finite and every sample has at least two that differ."""
    if np.isinf(values).any():
        row, place = (int(at[0]) for at in np.nonzero(np.isinf(values)))
        facts = {"sample": short(sheet.samples[row]), "gene": short(sheet.names[genes[place]])}
        raise ManifestError("expression.infinite", **facts)
    least, most = np.fmin.reduce(values, axis=1), np.fmax.reduce(values, axis=1)
    for id, which in (("expression.samples_missing", np.isnan(most)), ("expression.samples_equal", least == most)):
        if which.any():
            names = [sheet.samples[row] for row in np.flatnonzero(which)]
            raise ManifestError(id, count=len(names), names=shown(names))

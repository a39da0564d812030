"""From a grid to samples in rows: where the samples' names stand, and whether rows are genes after all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medai_core.errors import ManifestError, Message
from medai_core.sources.expression import naming
from medai_core.sources.expression.cells import (
    Column,
    Numbers,
    all_commas,
    has_point,
    is_number,
    numbers_in,
    pointed,
    texts_in,
)
from medai_core.sources.expression.grid import Grid
from medai_core.sources.expression.matrix import CLINICAL_MAX, GENES_MAX, SAMPLES_MAX, VALUES_MAX, shown


@dataclass(frozen=True)
class Sheet:
    """Samples in rows, with all that is said of them.

    Attributes
    ----------
    samples, names : of the rows and the columns.
    key : what the column of the samples' names is called; "" where there is none.
    values : (samples, columns) nan where a cell is empty or holds text.
    wrong : (samples,) where text stands, for each column that holds any, by its place.
    cells : a column's cells as text, by its place.
    """

    samples: tuple[str, ...]
    names: tuple[str, ...]
    values: Numbers
    wrong: dict[int, NDArray[np.bool_]]
    cells: Callable[[int], list[str | None]]
    notes: tuple[Message, ...] = ()
    key: str = ""

    def is_text(self, place: int) -> bool:
        """Whether most of a column's cells that are not empty hold text."""
        if place not in self.wrong:
            return False
        text = int(self.wrong[place].sum())
        return text > int(np.count_nonzero(~np.isnan(self.values[:, place])))


def upright(grid: Grid) -> Sheet:
    """The sheet of a grid with samples in rows.

    Raises
    ------
    ManifestError : its rows are genes, its heading is missing, samples lack a name or share one, or it is too large.
    """
    refuse_headless(grid)
    named = _name_place(grid)
    names = None if named is None else texts_in(grid.columns[named])
    _refuse_transposed(grid, named, [name or "" for name in names or ()])
    notes, key = list(grid.notes), "" if named is None else grid.heading[named]
    if names is None:
        names = [str(row) for row in range(1, grid.rows + 1)]
        notes.append(Message("expression.numbered", {"samples": grid.rows}))
    places = [place for place in range(len(grid.columns)) if place != named and not _is_index(grid, place)]
    places = [place for place in places if grid.heading[place] or grid.columns[place].null_count < grid.rows]
    refuse_large(grid.rows, len(places))
    samples = unique(names, "expression.unnamed_sample", "expression.samples_twice")
    titles = unique([grid.name(place) for place in places], "expression.unnamed_gene", "expression.genes_twice")
    values, wrong, comma = values_in(grid, places)
    return Sheet(samples, titles, values, wrong, lambda at: texts_in(grid.columns[places[at]]), (*notes, *comma), key)


def _is_index(grid: Grid, place: int) -> bool:
    """Whether a column only holds the numbers that Parquet gave to the rows."""
    return place == grid.index and not grid.heading[place]


def refuse_headless(grid: Grid) -> None:
    """Nothing where the first line does not hold measured values: with a sign, an exponent or two decimals."""
    cells = grid.heading[1:] or grid.heading
    measured = [cell for cell in cells if is_number(cell) and re.search(r"^[-+]|[.,]\d\d|[eE]", cell)]
    if grid.sign and 2 * len(measured) > len(grid.heading) - 1:
        raise ManifestError("expression.no_heading", cells=shown(measured))


def _name_place(grid: Grid) -> int | None:
    """The column of the samples' names; None where there is none."""
    first = grid.heading[0]
    if is_text(grid, 0):
        if are_unique(grid.columns[0]) or naming.heads_nothing(first) or naming.heads_samples(first):
            return 0
    elif naming.heads_genes(first) or (naming.heads_samples(first) and is_whole(grid.columns[0])):
        return 0
    named = [p for p in range(1, len(grid.columns)) if naming.heads_samples(grid.heading[p])]
    named = [p for p in named if are_unique(grid.columns[p])]
    text = [p for p in named if is_text(grid, p)]
    named = [p for p in named if p in text or is_whole(grid.columns[p])]
    if _counts(grid.columns[0], first):
        return text[0] if text else 0
    if grid.index is not None and grid.heading[grid.index]:
        return grid.index
    # An index without a name is what rows were counted by.
    return next(iter(text or named), grid.index)


def is_text(grid: Grid, place: int) -> bool:
    """Whether most cells of a column that are not empty hold text, other than numbers with a decimal comma."""
    column = grid.columns[place]
    bad = numbers_in(column)[1]
    if bad is None or 2 * int(bad.sum()) <= len(column) - column.null_count:
        return False
    return grid.sign in ("", ",") or not all_commas(column, bad)


def is_whole(column: Column) -> bool:
    """Whether every cell holds a whole number."""
    numbers = numbers_in(column)[0]
    return bool((numbers == np.round(numbers)).all())


def are_unique(column: Column) -> bool:
    """Whether every cell holds something of its own."""
    texts = texts_in(column)
    return None not in texts and len(set(texts)) == len(texts)


def _counts(column: Column, heading: str) -> bool:
    """Whether the cells number the rows: without a heading each by its own, else from 0 or 1 on."""
    numbers = numbers_in(column)[0]
    if naming.heads_nothing(heading) and is_whole(column):
        return are_unique(column)
    return len(numbers) >= 4 and numbers[0] in (0, 1) and bool((np.diff(numbers) == 1).all())


def _refuse_transposed(grid: Grid, named: int | None, rows: Sequence[str]) -> None:
    """Nothing where the rows are not plainly genes.

    Raises
    ------
    ManifestError : their heading or their names say so, columns hold detection calls, or there are far more rows than
        columns and the columns are numbered as samples are.
    """
    columns = [name for place, name in enumerate(grid.heading) if place != named]
    genes = naming.are_genes(columns)
    if sum(map(naming.is_call, columns)) > 1:
        raise ManifestError("expression.transposed_calls", columns=sum(map(naming.is_call, columns)))
    if naming.heads_genes(grid.heading[0]) and not genes:
        raise ManifestError("expression.transposed_heading", heading=shown([grid.heading[0]]))
    samples = naming.are_samples(columns)
    many = grid.rows > SAMPLES_MAX or (grid.rows > 1000 and grid.rows > 10 * len(columns))
    if not genes and (naming.are_genes(rows) or (samples and (naming.may_be_symbols(rows) or many))):
        raise ManifestError("expression.transposed", names=shown(rows), columns=shown(columns))


def refuse_large(samples: int, genes: int) -> None:
    """Nothing where samples and genes are within the limits, clinical columns among the genes.

    Raises
    ------
    ManifestError : they are not.
    """
    if samples > SAMPLES_MAX:
        raise ManifestError("expression.too_many_samples", samples=samples, limit=SAMPLES_MAX)
    if genes > GENES_MAX + CLINICAL_MAX:
        raise ManifestError("expression.too_many_genes", genes=genes, limit=GENES_MAX)
    if samples * genes > VALUES_MAX + CLINICAL_MAX * samples:
        raise ManifestError("expression.too_many_values", limit=VALUES_MAX)


def unique(names: Sequence[str | None], missing: str, twice: str) -> tuple[str, ...]:
    """The names; refused by the first sentence where one is missing, by the second where some stand twice."""
    if None in names:
        raise ManifestError(missing, row=names.index(None) + 1)
    several = [str(name) for name, count in Counter(names).items() if count > 1]
    if several:
        raise ManifestError(twice, count=len(several), names=shown(several))
    return tuple(map(str, names))


def values_in(grid: Grid, places: Sequence[int]) -> tuple[Numbers, dict[int, NDArray[np.bool_]], tuple[Message, ...]]:
    """(rows, places) the numbers; where text stands, by place; and a note where commas are decimal.

    Raises
    ------
    ManifestError : some numbers have a decimal comma and others a point.
    """
    values = np.empty((grid.rows, len(places)), order="F")
    wrong: dict[int, NDArray[np.bool_]] = {}
    comma = False
    for at, place in enumerate(places):
        column = grid.columns[place]
        values[:, at], bad = numbers_in(pointed(column) if comma else column)
        if bad is not None and not comma and grid.sign not in ("", ",") and all_commas(column, bad):
            comma = True
            values[:, at], bad = numbers_in(pointed(column))
        if bad is not None:
            wrong[at] = bad
    if not comma:
        return values, wrong, ()
    for at, place in enumerate(places):
        if at not in wrong and has_point(grid.columns[place]):
            raise ManifestError("expression.two_decimals", column=shown([grid.name(place)]))
    return values, wrong, (Message("expression.decimal_comma"),)

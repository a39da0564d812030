"""Grids with genes in rows, turned so that samples are; and lists of genes and values, which are one sample."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from medai_core.errors import ManifestError, Message
from medai_core.sources.expression import naming
from medai_core.sources.expression.cells import texts_in
from medai_core.sources.expression.grid import Grid
from medai_core.sources.expression.matrix import shown
from medai_core.sources.expression.orientation import (
    Sheet,
    are_unique,
    is_text,
    refuse_headless,
    refuse_large,
    unique,
    values_in,
)

VALUE = re.compile(r"|values?|expression|intensity|signal|log2|counts?|[tf]pkm|tpm", re.IGNORECASE)
"""What heads the values of a list and is no sample's name."""


def profile(grid: Grid) -> Grid | None:
    """The grid of a single sample where it is a list of genes and their values; None where it is none."""
    if len(grid.columns) != 2 or grid.rows < 2 or grid.genes_in_rows or is_text(grid, 1):
        return None
    first, second = grid.heading
    genes = [name or "" for name in texts_in(grid.columns[0])]
    listed = is_text(grid, 0) and (naming.are_genes(genes) or not naming.heads_samples(first))
    if not (naming.heads_genes(first) or listed):
        return None
    name = "1" if VALUE.fullmatch(second) else second
    return replace(grid, heading=(first, name), genes_in_rows=True)


def turned(grid: Grid) -> Sheet:
    """The sheet of a grid with genes in rows. Columns that describe genes, and detection calls, are left out.

    Raises
    ------
    ManifestError : no column names the genes or the columns are genes, genes or samples lack a name or share one,
        or it is too large.
    """
    refuse_headless(grid)
    named = 0 if grid.genes_in_rows else _gene_place(grid)
    genes = texts_in(grid.columns[named])
    places, notes = [place for place in range(len(grid.columns)) if place != named], list(grid.notes)
    if not grid.genes_in_rows:
        places, left_out = _samples(grid, places)
        notes += left_out
    refuse_large(len(places), grid.rows)
    samples = unique([grid.name(place) for place in places], "expression.unnamed_sample", "expression.samples_twice")
    titles = unique(genes, "expression.unnamed_gene", "expression.genes_twice")
    if not grid.genes_in_rows and naming.are_genes(samples) and not naming.are_genes(titles):
        raise ManifestError("expression.not_turned", names=shown(samples))
    values, wrong, comma = values_in(grid, places)
    bad = np.zeros(values.shape, dtype=bool)
    for at, rows in wrong.items():
        bad[:, at] = rows
    texts = {int(row): bad[row] for row in np.flatnonzero(bad.any(axis=1))}
    return Sheet(samples, titles, values.T, texts, lambda row: _row(grid, places, row), (*notes, *comma))


def _row(grid: Grid, places: Sequence[int], row: int) -> list[str | None]:
    return [texts_in(grid.columns[place].slice(row, 1))[0] for place in places]


def _gene_place(grid: Grid) -> int:
    """The column of the genes' names: the first with a name of its own for each gene, else the first of text."""
    text = [place for place in range(len(grid.columns)) if is_text(grid, place)]
    if own := [place for place in text if are_unique(grid.columns[place])]:
        return own[0]
    first = grid.heading[0]
    if text[:1] == [0] or naming.heads_genes(first) or naming.heads_nothing(first):
        return 0
    raise ManifestError("expression.no_gene_names")


def _samples(grid: Grid, places: Sequence[int]) -> tuple[list[int], list[Message]]:
    """The columns that are samples, and notes on those that are not."""
    calls = [place for place in places if naming.is_call(grid.heading[place])]
    rest = [place for place in places if place not in set(calls)]
    other = [p for p in rest if naming.annotates(grid.heading[p]) or not grid.heading[p] or is_text(grid, p)]
    notes = []
    if calls:
        notes.append(Message("expression.calls", {"columns": len(calls)}))
    if other:
        notes.append(Message("expression.gene_columns", {"columns": shown([grid.name(p) for p in other], 10)}))
    return [place for place in rest if place not in set(other)], notes

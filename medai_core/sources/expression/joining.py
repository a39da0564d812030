"""A clinical table beside a matrix of expression, joined on the samples' names."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from medai_core.errors import ManifestError, Message
from medai_core.sources.expression import naming
from medai_core.sources.expression.cells import settled
from medai_core.sources.expression.matrix import Expression, shown
from medai_core.sources.intake import comparable, distinct_cells


def with_clinical(expression: Expression, table: pd.DataFrame) -> Expression:
    """The expression with a table's columns among its clinical ones; they take the place of those of the same name.

    The column, or else the index, that holds most of the samples' names is the one that is joined on. Samples without
    a row keep missing cells, rows without a sample are left out; notes count both.

    Raises
    ------
    ManifestError : the samples have no names, none of them is in the table, or one has several rows.
    """
    if any(note.id == "expression.numbered" for note in expression.notes):
        raise ManifestError("expression.join_numbered")
    table = table.set_axis([str(column).strip() for column in table.columns], axis=1)
    candidates = [(str(c), _names(table.iloc[:, place])) for place, c in enumerate(table.columns)]
    candidates.append(("", _names(table.index.to_series())))
    samples = set(expression.samples)
    column, names = max(candidates, key=lambda c: (len(samples & set(c[1])), naming.heads_samples(c[0])))
    known = pd.Series([name in samples for name in names])
    if not known.any():
        raise ManifestError("expression.nothing_common", samples=shown(expression.samples))
    rows = table.loc[known.to_numpy()].set_axis([name for name in names if name in samples], axis=0)
    twice = rows.index[rows.index.duplicated()].unique()
    if len(twice):
        raise ManifestError("expression.rows_twice", count=len(twice), names=shown(twice))
    joined = rows.drop(columns=[column], errors="ignore").reindex(list(expression.samples))
    joined = joined.loc[:, ~joined.columns.duplicated()]
    return _joined(expression, joined, without=len(samples) - len(rows), unused=len(table) - len(rows))


def _names(cells: pd.Series) -> list[str]:
    place, distinct = distinct_cells(comparable(cells))
    return [distinct[at] for at in place]


def _joined(expression: Expression, joined: pd.DataFrame, *, without: int, unused: int) -> Expression:
    index = expression.clinical.index
    kept = expression.clinical.drop(columns=[c for c in joined.columns if c in expression.clinical])
    columns = {c: settled(joined[c].set_axis(index, axis=0)) for c in joined.columns}
    clinical = pd.concat([kept, pd.DataFrame(columns, index=index)], axis=1)
    notes = list(expression.notes)
    replaced = [c for c in joined.columns if c in expression.clinical]
    if replaced:
        notes.append(Message("expression.replaced", {"columns": shown(replaced, 10)}))
    if without:
        notes.append(Message("expression.without_row", {"count": without, "samples": len(expression.samples)}))
    if unused:
        notes.append(Message("expression.unused_rows", {"count": unused}))
    return replace(expression, clinical=clinical, notes=tuple(notes))

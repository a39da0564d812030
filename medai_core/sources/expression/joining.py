"""A clinical table beside a matrix of expression, joined on the samples' names."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pandas as pd

from medai_core.errors import ManifestError, Message
from medai_core.sources.expression import naming
from medai_core.sources.expression.cells import is_number, settled
from medai_core.sources.expression.matrix import Expression, shown
from medai_core.sources.intake import comparable, distinct_cells


def with_clinical(expression: Expression, table: pd.DataFrame) -> Expression:
    """The expression with a table's columns among its clinical ones; they take the place of those of the same name.

    The column, or else the index, that holds most of the samples' names is the one that is joined on; one of numbers
    only where it is called as samples are or holds each of them, for any count holds some numbers. Samples without a
    row keep missing cells, rows without a sample are left out; notes count both.

    Raises
    ------
    ManifestError : the samples have no names, none of them is in the table, one has several rows, or two columns have
        one name.
    """
    if any(note.id == "expression.numbered" for note in expression.notes):
        raise ManifestError("expression.join_numbered")
    table = table.set_axis([str(column).strip() for column in table.columns], axis=1)
    twice = [column for column, count in Counter(table.columns).items() if count > 1]
    if twice:
        raise ManifestError("table.twice", column=twice[0])
    column, names = _key(table, frozenset(expression.samples))
    samples = set(expression.samples)
    known = [name in samples for name in names]
    if not any(known):
        raise ManifestError("expression.nothing_common", samples=shown(expression.samples))
    rows = table.loc[known].set_axis([name for name in names if name in samples], axis=0)
    several = rows.index[rows.index.duplicated()].unique()
    if len(several):
        raise ManifestError("expression.rows_twice", count=len(several), names=shown(several))
    joined = rows.drop(columns=[] if column is None else [column]).reindex(list(expression.samples))
    return _joined(expression, joined, without=len(samples) - len(rows), unused=len(table) - len(rows))


def _key(table: pd.DataFrame, samples: frozenset[str]) -> tuple[str | None, list[str]]:
    """The column that holds most of the samples, None for the index, and its cells as text."""
    candidates: list[tuple[str | None, list[str]]] = [(c, _texts(table[c])) for c in table.columns]
    candidates.append((None, _texts(table.index.to_series())))
    common = [len(samples & set(texts)) if _may_name(c, texts, samples) else 0 for c, texts in candidates]
    best = max(range(len(candidates)), key=lambda i: (common[i], naming.heads_samples(candidates[i][0] or "")))
    column, texts = candidates[best]
    return column, texts if common[best] else []


def _may_name(column: str | None, texts: list[str], samples: frozenset[str]) -> bool:
    if not all(is_number(text) for text in texts if text):
        return True
    # The index of a table counts its rows, whatever the samples are called.
    return column is not None and (naming.heads_samples(column) or (len(samples) > 3 and samples <= set(texts)))


def _texts(cells: pd.Series) -> list[str]:
    place, distinct = distinct_cells(comparable(cells))
    return [distinct[at] for at in place]


def _joined(expression: Expression, joined: pd.DataFrame, *, without: int, unused: int) -> Expression:
    index = expression.clinical.index
    replaced = [c for c in joined.columns if c in expression.clinical]
    columns = {c: settled(joined[c].set_axis(index, axis=0)) for c in joined.columns}
    clinical = pd.concat([expression.clinical.drop(columns=replaced), pd.DataFrame(columns, index=index)], axis=1)
    notes = list(expression.notes)
    if replaced:
        notes.append(Message("expression.replaced", {"columns": shown(replaced, 10)}))
    if without:
        notes.append(Message("expression.without_row", {"count": without, "samples": len(expression.samples)}))
    if unused:
        notes.append(Message("expression.unused_rows", {"count": unused}))
    return replace(expression, clinical=clinical, notes=tuple(notes))

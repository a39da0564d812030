"""Labelled images as a table: checked when read, and joined where several are read together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medai_core.errors import ManifestError

COLUMNS = ("file", "label", "group")


def read_manifest(path: Path, names: Sequence[str] | None, split: str | None = None) -> pd.DataFrame:
    """The rows of a manifest, every column as text; ``file`` becomes a full path.

    Parameters
    ----------
    names : the labels that the model knows; None where the labels are only what results are told apart by.
    split : keep only this value of the column ``split``; None keeps all.

    Raises
    ------
    ManifestError : unreadable, a column or a file is missing, a label is unknown, nothing is left.
    """
    table = read_table(path)
    missing = [c for c in (*COLUMNS, *(["split"] if split else [])) if c not in table]
    if missing:
        raise ManifestError("manifest.columns", path=str(path), missing=", ".join(missing))
    if split:
        table = table[table["split"] == split]
    if table.empty:
        raise ManifestError("manifest.empty", path=str(path), split=f" in the split '{split}'" if split else "")
    unknown = sorted(set(table["label"]) - set(names)) if names is not None else []
    if unknown and names is not None:
        raise ManifestError("manifest.labels", path=str(path), unknown=", ".join(unknown), known=", ".join(names))
    table = table.assign(file=[str(path.parent / file) for file in table["file"]])
    absent = [(row, file) for row, file in zip(table.index + 2, table["file"], strict=True) if not Path(file).is_file()]
    if absent:
        row, file = absent[0]
        raise ManifestError("manifest.missing_files", path=str(path), count=len(absent), row=int(row), file=file)
    return table.reset_index(drop=True)


def read_table(path: Path) -> pd.DataFrame:
    """The rows of a manifest as they stand, every column as text.

    Raises
    ------
    ManifestError : it is no CSV file with a header line.
    """
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise ManifestError("manifest.unreadable", path=str(path), detail=str(error)) from error


@dataclass(frozen=True)
class Unit:
    """What is answered once: one file, or the files that are read together and what they are of."""

    name: str
    files: tuple[str, ...]
    label: str
    group: str


def units_of(table: pd.DataFrame, column: str) -> list[Unit]:
    """The units of a manifest, in the order of their first rows.

    Parameters
    ----------
    column : rows of one value in it are one unit. A row without a value is one by itself, named by its file, as is
        every row where there is no such column.

    Raises
    ------
    ManifestError : rows of one unit differ in label or group.
    """
    named = table[column] if column in table else pd.Series("", index=table.index)
    together = {name: _unit(column, str(name), rows) for name, rows in table.groupby(named, sort=False) if name}
    first = ~named.duplicated() | (named == "")
    return [
        together[name] if name else Unit(row.file, (row.file,), row.label, row.group)
        for name, row in zip(named[first], table[first].itertuples(), strict=True)
    ]


def _unit(column: str, name: str, rows: pd.DataFrame) -> Unit:
    for same in ("label", "group"):
        if rows[same].nunique() > 1:
            raise ManifestError("manifest.units", unit=column, name=name, column=same)
    return Unit(name, tuple(rows["file"]), rows["label"].iloc[0], rows["group"].iloc[0])


def split_groups(groups: Sequence[str], labels: Sequence[str], parts: Sequence[float], seed: int) -> NDArray[np.int64]:
    """The part that each sample belongs to, (n,); no group is in two parts.

    Groups are shuffled, sorted by size and dealt out one by one to the part that then lacks most of
    the group's main label, so that small sets with few groups keep their balance.

    Parameters
    ----------
    parts : the share of each part; they sum to 1.
    """
    rng = np.random.default_rng(seed)
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    kinds, label = np.unique(np.asarray(labels), return_inverse=True)
    counts = np.zeros((len(names), len(kinds)))
    np.add.at(counts, (member, label), 1)
    wanted = np.outer(parts, counts.sum(axis=0))
    given = np.zeros_like(wanted)
    part = np.zeros(len(names), dtype=np.int64)
    order = rng.permutation(len(names))
    for g in order[np.argsort(-counts[order].sum(axis=1), kind="stable")]:
        lack = (wanted - given)[:, counts[g].argmax()] / np.maximum(wanted[:, counts[g].argmax()], 1e-9)
        part[g] = int(np.argmax(lack))
        given[part[g]] += counts[g]
    return part[member]

"""One's own labelled images, each row checked, in three parts: to learn from, to choose by, and to measure on."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medai_core.cards import Card
from medai_core.errors import ImageError, ManifestError, Message
from medai_core.evaluation.manifests import COLUMNS, read_table, split_groups
from medai_core.imaging.images import MAX_BYTES, read_image
from medai_core.imaging.preprocessing import squashed
from medai_core.metrics import Ints

TRAIN, VALIDATION, TEST = range(3)
PARTS = ("part.train", "part.validation", "part.test")
"""The parts as messages call them."""
SPLITS = {
    "train": TRAIN,
    "validation": VALIDATION,
    "val": VALIDATION,
    "calibrate": VALIDATION,
    "calibration": VALIDATION,
    "test": TEST,
}
"""What the column ``split`` may say."""
SHARES = (0.6, 0.2, 0.2)
"""Of the groups, where the manifest has no such column; and a quarter of ``train`` chooses where it has but two."""
HALVES = (0.5, 0.5)
"""Of the groups where nothing is learnt: one half sets the limits, on the other they are measured."""
FEWEST = 10
"""Images of each class in each part. Nine are the fewest that a conformal set of 90 % can be made from."""
MOST = 20_000
"""Rows; they are held in memory."""
SHOWN = 10
"""Rows that a refusal names."""

Kinds = Callable[[NDArray[np.uint8]], float]
"""From an image (y, x) or (y, x, 3) to the probability that it is of a kind that the model reads."""


@dataclass(frozen=True, eq=False)
class OwnImages:
    """The images of a manifest as a network takes them.

    Attributes
    ----------
    table : ``file`` (full path), ``label``, ``group``. label, part : (n,), numbers of classes and of ``PARTS``.
    pixels : (n, rows, columns) or (n, rows, columns, 3), 0 to 255.
    kind : (n,), how surely an image is of a kind that the model reads; nan outside the validation part.
    """

    table: pd.DataFrame
    label: Ints
    part: Ints
    pixels: NDArray[np.uint8]
    kind: NDArray[np.float64]

    def rows(self, part: int) -> Ints:
        """The numbers of the images in a part."""
        return np.flatnonzero(self.part == part)

    def of(self, part: int) -> pd.DataFrame:
        """The rows of the manifest in a part."""
        return self.table.iloc[self.rows(part)].reset_index(drop=True)

    def counted(self, names: Sequence[str]) -> str:
        """How many images of how many groups are in each part, by class; names nobody."""
        said = []
        for part, name in enumerate(("train", "validation", "test")):
            rows = self.rows(part)
            counts = np.bincount(self.label[rows], minlength=len(names))
            classes = ", ".join(f"{label} {n}" for label, n in zip(names, counts, strict=True))
            said.append(f"{name} {len(rows)} of {self.table['group'].iloc[rows].nunique()} groups ({classes})")
        return "; ".join(said)


def read_parts(path: Path, names: Sequence[str], seed: int, *, learns: bool = True) -> pd.DataFrame:
    """The rows of a manifest with ``part``, the number of the part that each is in, and ``row``, its line in the file.

    The column ``split`` decides where there is one; else the groups are dealt out by ``SHARES``.

    Parameters
    ----------
    names : the classes of the model.
    learns : whether there is a part to learn from; else its rows are left out, and the others dealt out by ``HALVES``.

    Raises
    ------
    ManifestError : something that a model must not be trained on; it names the rows.
    """
    table = _whole(path)
    table = table.assign(row=table.index + 2, named=table["file"])
    _refuse("manifest.rows_label", table[~table["label"].isin(names)], "label", known=", ".join(names))
    _refuse("manifest.rows_group", table[table["group"].str.strip() == ""], "named")
    _refuse("manifest.rows_outside", table[[_leaves(file) for file in table["file"]]], "named")
    table["file"] = [str(path.parent / file) for file in table["file"]]
    _refuse("manifest.rows_file", table[[not Path(file).is_file() for file in table["file"]]], "named")
    if table["label"].nunique() == 1:
        raise _one_class(table, "part.all")
    table["part"] = _parts(table, seed) if learns else _halves(table, seed)
    table = table[table["part"] >= (TRAIN if learns else VALIDATION)]
    across = table.groupby("group")["part"].transform("nunique") > 1
    beside = table[across].sort_values(["group", "row"], kind="stable")
    _refuse("manifest.rows_across", beside.assign(name=[PARTS[k] for k in beside["part"]]), "name")
    _enough(table, names, PARTS if learns else PARTS[VALIDATION:])
    return table.reset_index(drop=True)


def _whole(path: Path) -> pd.DataFrame:
    table = read_table(path)
    missing = [c for c in COLUMNS if c not in table]
    if missing:
        raise ManifestError("manifest.columns", path=path.name, missing=", ".join(missing))
    if table.empty:
        raise ManifestError("manifest.empty", path=path.name, split="")
    if len(table) > MOST:
        raise ManifestError("manifest.too_many", count=len(table), most=MOST)
    return table


def _leaves(file: str) -> bool:
    """Whether a name leads out of the manifest's folder: what it lists is read without looking at it."""
    return Path(file).is_absolute() or Path(os.path.normpath(file)).parts[:1] == (os.pardir,) or "\0" in file


def _said(table: pd.DataFrame) -> pd.Series:
    """What the column ``split`` says; empty everywhere where there is none."""
    said = table["split"].str.strip().str.lower() if "split" in table else pd.Series("", index=table.index)
    if (said != "").any():
        _refuse("manifest.rows_split", table[~said.isin(SPLITS)], "split", known=", ".join(SPLITS))
    return said


def _parts(table: pd.DataFrame, seed: int) -> Ints:
    said = _said(table)
    if (said == "").all():
        return split_groups(list(table["group"]), list(table["label"]), SHARES, seed)
    part = np.array(said.map(SPLITS), np.int64)
    if not (part == VALIDATION).any():
        rows = table[part == TRAIN]
        part[part == TRAIN] = split_groups(list(rows["group"]), list(rows["label"]), (0.75, 0.25), seed)
    return part


def _halves(table: pd.DataFrame, seed: int) -> Ints:
    """The two parts of images that nothing is learnt from; ``TRAIN`` for those that somebody may have learnt from."""
    said = _said(table)
    part = np.array(said.map({**SPLITS, "": TEST}), np.int64)
    if not (part == VALIDATION).any():
        rows = table[part == TEST]
        part[part == TEST] = VALIDATION + split_groups(list(rows["group"]), list(rows["label"]), HALVES, seed)
    return part


def _enough(table: pd.DataFrame, names: Sequence[str], parts: Sequence[str]) -> None:
    shortages: list[Message] = []
    for name in parts:
        rows = table[table["part"] == PARTS.index(name)]
        if rows["label"].nunique() == 1:
            raise _one_class(rows, name)
        counts = rows["label"].value_counts()
        found = {label: int(counts.get(label, 0)) for label in names}
        shortages += [
            Message("manifest.shortage", {"part": name, "label": label, "found": n})
            for label, n in found.items()
            if n < FEWEST
        ]
    if shortages:
        raise ManifestError("manifest.too_few", fewest=FEWEST, shortages=tuple(shortages))


def _one_class(rows: pd.DataFrame, part: str) -> ManifestError:
    label = str(rows["label"].iloc[0])
    return ManifestError("manifest.one_class", part=part, label=label, count=len(rows), rows=_named(rows, "label"))


def _refuse(id: str, rows: pd.DataFrame, column: str, **facts: str) -> None:
    """Refuse the manifest for these rows; nothing where there are none."""
    if len(rows):
        raise ManifestError(id, count=len(rows), rows=_named(rows, column), **facts)


def _named(rows: pd.DataFrame, column: str) -> tuple[Message, ...]:
    """The first rows, each with what it says, and how many more there are."""
    first = rows.head(SHOWN)
    said = [
        Message("manifest.row", {"row": int(row), "found": str(value)[:80]})
        for row, value in zip(first["row"], first[column], strict=True)
    ]
    more = len(rows) - len(first)
    return (*said, *([Message("manifest.more_rows", {"count": more})] if more else []))


def read_own(
    table: pd.DataFrame, card: Card, kind: Kinds, tell: Callable[[int, int], None] = lambda done, of: None
) -> OwnImages:
    """The images of ``read_parts``, prepared as the card says.

    Parameters
    ----------
    kind : asked for the validation part only, whose images set the limits.
    tell : is called with how many are read, of how many.

    Raises
    ------
    ManifestError : files cannot be read as an image, or the same image is in two parts; it names the rows.
    """
    pixels, kinds, seen, bad = [], [], dict[str, list[int]](), dict[int, str]()
    for i, (file, part) in enumerate(zip(table["file"], table["part"], strict=True)):
        try:
            display, digest = _display(Path(file))
        except (ImageError, OSError) as error:
            bad[i] = str(error)
            continue
        pixels.append(squashed(display, card.input))
        kinds.append(kind(display) if part == VALIDATION else np.nan)
        seen.setdefault(digest, []).append(i)
        tell(i + 1, len(table))
    unread = table.iloc[list(bad)].assign(why=[f"{table['named'][i]}: {why}" for i, why in bad.items()])
    _refuse("manifest.rows_unread", unread, "why")
    _refuse("manifest.rows_twice", table.iloc[_twice(seen.values(), table["part"].to_numpy())], "named")
    names = [finding.name for finding in card.findings]
    label = np.array([names.index(x) for x in table["label"]])
    return OwnImages(table[list(COLUMNS)], label, table["part"].to_numpy(), np.stack(pixels), np.array(kinds))


def _display(file: Path) -> tuple[NDArray[np.uint8], str]:
    """An image (y, x) or (y, x, 3), and the SHA-256 of its pixels."""
    if file.stat().st_size > MAX_BYTES:
        raise ImageError("image.too_large", size_mb=round(file.stat().st_size / 1e6, 1), limit_mb=MAX_BYTES // 10**6)
    display = read_image(file.read_bytes()).display
    return display, hashlib.sha256(repr(display.shape).encode() + display.tobytes()).hexdigest()


def _twice(same: Iterable[list[int]], part: Ints) -> list[int]:
    """The rows whose image is in another part too."""
    return sorted(i for rows in same if len({int(part[i]) for i in rows}) > 1 for i in rows)

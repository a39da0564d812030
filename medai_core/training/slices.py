"""Slices with the outline of one region: read, changed alike, made free of the region, and fitted by fold.

A set in which every image has the region teaches a network to find it everywhere. The healthy-looking half
of a slice, mirrored, is a slice without it; so that symmetry does not give it away, a half with the region is
mirrored as often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medai_core.evaluation import read_manifest
from medai_core.imaging.preprocessing import unit
from medai_core.training import recipes
from medai_core.training.augmentation import Augmentation, augment
from medai_core.training.fitting import fit, overlap_loss, predict, split_groups

Pixels = NDArray[np.uint8]
Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

PLACE = Augmentation(
    rotation_degrees=18, shift=0.08, zoom=0.22, stretch=0.1, contrast=0, brightness=0, flip=0.5, degrade=0
)
TONE = Augmentation(
    rotation_degrees=0, shift=0, zoom=0, stretch=0, contrast=0.35, brightness=0.12, flip=0, degrade=0.25
)
MIRRORED = 0.3
"""The share of the slices in training that are mirrored halves, where a half allows it."""


@dataclass(frozen=True, eq=False)
class Slices:
    """The slices of a split: ``grey`` and ``mask`` (n, rows, columns), 0 to 255; ``parts`` how many folds."""

    table: pd.DataFrame
    grey: Pixels
    mask: Pixels
    label: Ints
    parts: int = 3

    @property
    def groups(self) -> tuple[str, ...]:
        """The block of each slice."""
        return tuple(self.table["group"])

    def folds(self, seed: int) -> Ints:
        """The fold of each slice; no block is in two."""
        shares = (1 / self.parts,) * self.parts
        return split_groups(list(self.table["group"]), list(self.table["label"]), shares, seed)


def read_slices(folder: Path, names: Sequence[str], split: str, size: int) -> Slices:
    """The slices of one split of a manifest with the columns ``label`` and ``mask``."""
    table = read_manifest(folder / "manifest.csv", names, split)
    grey = np.stack([recipes.read_grey(file, (size, size)) for file in table["file"]])
    mask = np.stack([recipes.read_grey(folder / file, (size, size)) for file in table["mask"]])
    return Slices(table, grey, mask, np.array([list(names).index(x) for x in table["label"]]))


def mirrored_half(grey: Pixels, mask: Pixels, *, free: bool) -> tuple[Pixels, Pixels] | None:
    """A slice of one half and its mirror image: of the half ``free`` of the region, or of the one with most of it.

    The middle is the head's own: the mean column of what is not background. None where no half is free, or
    where the half would be too narrow to look like one.

    Parameters
    ----------
    grey, mask : (rows, columns), 0 to 255.
    """
    columns = grey.shape[1]
    inside = np.nonzero(grey > 25)[1]
    middle = round(inside.mean()) if len(inside) else columns // 2
    width = min(middle, columns - middle)
    if width < columns // 3:
        return None
    marked = mask > 127
    left = int(marked[:, :middle].sum()), int(marked[:, middle:].sum())
    from_left = left[0] < left[1] if free else left[0] >= left[1]
    if free and min(left) > 0:
        return None
    made = []
    for pixels in (grey, mask):
        half = pixels[:, middle - width : middle] if from_left else pixels[:, middle : middle + width][:, ::-1]
        whole = np.zeros_like(pixels)
        start = columns // 2
        whole[:, start - min(width, start) : start] = half[:, -min(width, start) :]
        other = half[:, ::-1][:, : columns - start]
        whole[:, start : start + other.shape[1]] = other
        made.append(whole)
    return made[0], made[1]


def free_slices(slices: Slices) -> tuple[Pixels, Ints]:
    """Every mirrored half that is free of the region, (n, rows, columns), and the slice that each is of."""
    made = [(i, mirrored_half(slices.grey[i], slices.mask[i], free=True)) for i in range(len(slices.grey))]
    kept = [(i, pair[0]) for i, pair in made if pair is not None]
    return np.stack([grey for _, grey in kept]), np.array([i for i, _ in kept])


def fit_member(
    given: recipes.Options,
    slices: Slices,
    network: keras.Model,
    k: int,
    *,
    size: int,
    epochs: int,
    name: str,
    rate: float = 2e-3,
) -> keras.Model:
    """A mask network fitted on the blocks outside fold ``k``; its mask has half the input's rows and columns."""
    keras.utils.set_random_seed(given.seed + k)

    def draw(chosen: Ints, rng: np.random.Generator) -> tuple[Floats, Floats]:
        x, y = zip(*(changed(slices.grey[i], slices.mask[i], size, rng) for i in chosen), strict=True)
        half = np.stack(y).reshape(len(y), size // 2, 2, size // 2, 2).mean(axis=(2, 4))
        return unit(np.stack(x))[..., None], np.asarray(half / 255, np.float32)[..., None]

    return fit(
        network,
        "mask",
        overlap_loss,
        np.flatnonzero(slices.folds(given.seed) != k),
        draw,
        path=given.work / f"{name}{k}.keras",
        epochs=1 if given.smoke else epochs,
        steps=2 if given.smoke else None,
        seed=given.seed + k,
        batch=24,
        rate=rate,
    )


def changed(grey: Pixels, mask: Pixels, size: int, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
    """A slice and its mask, (size, size), moved and turned alike at random; sometimes a mirrored half of it."""
    if rng.random() < MIRRORED:
        grey, mask = mirrored_half(grey, mask, free=bool(rng.random() < 0.6)) or (grey, mask)
    seed = int(rng.integers(1 << 31))
    moved = augment(grey, (size, size), PLACE, np.random.default_rng(seed))
    region = augment(mask, (size, size), PLACE, np.random.default_rng(seed))
    return augment(moved, (size, size), TONE, rng), region


def held_out(members: Sequence[keras.Model], grey: Pixels, fold: Ints, size: int, *, mirror: bool = False) -> Floats:
    """The mask logits (n, rows, columns) of each slice by the member that was fitted without its block."""
    x = unit(np.stack([recipes.resized(g, (size, size)) for g in grey]))[..., None]
    made = np.zeros((len(grey), size // 2, size // 2), np.float32)
    for k, member in enumerate(members):
        rows = np.flatnonzero(fold == k)
        made[rows] = predict(member, x[rows])["mask"][..., 0]
        if mirror:
            made[rows] = (made[rows] + predict(member, x[rows][:, :, ::-1])["mask"][..., ::-1, 0]) / 2
    return made


def halved(slices: Slices) -> Slices:
    """The same with two folds: for a smoke run, where building a network's graph takes longer than its few steps."""
    return replace(slices, parts=2)

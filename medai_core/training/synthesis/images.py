"""The real images that a generator learns from and is measured beside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core.cards import Card
from medai_core.evaluation import read_manifest
from medai_core.training import recipes
from medai_core.training.fitting import split_groups
from medai_core.training.recipes import Pixels
from medai_core.training.synthesis.rivals import Labelled, viewed


@dataclass(frozen=True)
class Part:
    """Images of one part: ``pixels`` (n, size, size, channels), 0 to 255; ``labelled`` without the outlines."""

    pixels: Pixels
    labelled: Labelled

    def viewed(self, view: str) -> Labelled:
        """The images as a small classifier sees them."""
        return Labelled(viewed(self.pixels, view), self.labelled.label, self.labelled.group)


def read_parts(data: Path, card: Card, split: str, seed: int) -> tuple[Part, Part]:
    """The images of a split, in two parts that no group crosses; all in the first where it is the test split."""
    spec = card.synthesis
    assert spec is not None
    names = [finding.name for finding in card.findings]
    folder = data / spec.develop
    table = read_manifest(folder / "manifest.csv", names, split)
    channels = [_grey(table["file"], spec.size)]
    if spec.outlined:
        outlines = _grey([str(folder / mask) for mask in table["mask"]], spec.size, whole=True)
        channels.append(outlines)
    pixels = np.stack(channels, axis=-1)
    label = np.array([names.index(x) for x in table["label"]])
    group = table["group"].to_numpy(dtype=str)
    part = np.zeros(len(label), int)
    if split == "train":
        part = split_groups(list(group), list(table["label"]), (0.8, 0.2), seed)

    def rows(k: int) -> Part:
        own = part == k
        return Part(pixels[own], Labelled(pixels[own][..., 0], label[own], group[own]))

    return rows(0), rows(1)


def _grey(files: Sequence[str] | pd.Series, size: int, *, whole: bool = False) -> Pixels:
    """Files as (n, size, size); ``whole`` : every value above 0 is 255, as in masks."""
    pictures = (Picture.open(file).convert("L") for file in files)
    bilinear = Picture.Resampling.BILINEAR
    if whole:
        pictures = (picture.point(lambda value: 255 if value else 0) for picture in pictures)
    return np.stack([np.asarray(picture.resize((size, size), bilinear)) for picture in pictures])


def draw_parts(folder: Path, names: Sequence[str], draw: Callable[[int, np.random.Generator], Pixels]) -> None:
    """A drawn set with outlines, for a smoke run: what is brightest in a drawing counts as inside."""
    recipes.draw_set(folder, names, draw, count=400)
    table = pd.read_csv(folder / "manifest.csv", dtype=str)
    masks = [f"mask_{Path(file).name}" for file in table["file"]]
    for file, mask in zip(table["file"], masks, strict=True):
        with Picture.open(folder / file) as picture:
            picture.convert("L").point(lambda value: 255 * (value > BRIGHT)).save(folder / mask)
    table.assign(mask=masks).to_csv(folder / "manifest.csv", index=False)


BRIGHT = 150
"""Grey levels that nothing but the inside of a drawing reaches."""


def scaled(pixels: Pixels, size: int) -> NDArray[np.float32]:
    """(n, y, x), 0 to 255, as (n, size, size, 1), -1 to 1."""
    sized = np.stack([recipes.resized(image, (size, size)) for image in pixels])
    return np.asarray(sized[..., None], np.float32) / np.float32(127.5) - 1

"""The training images of a classifier: read, resized, and split by group."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core.cards import Card
from medai_core.evaluation import read_manifest
from medai_core.training.fitting import split_groups

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Samples:
    """The training images: ``stored`` for augmentation, ``pixels`` as the network takes them, (n, rows, columns[, 3]).

    The training part is fitted on; the validation part chooses, calibrates and sets limits.
    """

    table: pd.DataFrame
    stored: Pixels
    pixels: Pixels
    label: NDArray[np.int64]
    part: NDArray[np.int64]

    @property
    def training(self) -> NDArray[np.int64]:
        """The rows to fit on."""
        return np.flatnonzero(self.part == 0)

    @property
    def validation(self) -> NDArray[np.int64]:
        """The rows held out of fitting."""
        return np.flatnonzero(self.part == 1)


def read_samples(folder: Path, card: Card, stored: tuple[int, int], seed: int) -> Samples:
    """The training split of a set's folder, 80 % to fit on and 20 % to hold out; groups stay together."""
    names = [finding.name for finding in card.findings]
    table = read_manifest(folder / "manifest.csv", names, "train")
    part = split_groups(list(table["group"]), list(table["label"]), (0.8, 0.2), seed)
    size = (card.input.size[0], card.input.size[1])
    label = np.array([names.index(x) for x in table["label"]])
    return Samples(table, read_pixels(table, stored, card), read_pixels(table, size, card), label, part)


def read_pixels(table: pd.DataFrame, size: tuple[int, int], card: Card) -> Pixels:
    """The files of a table in one size, grey or colour as the card takes them."""
    mode, bilinear = "L" if card.input.channels == 1 else "RGB", Picture.Resampling.BILINEAR
    opened = (Picture.open(file).convert(mode) for file in table["file"])
    return np.stack([np.asarray(picture.resize((size[1], size[0]), bilinear)) for picture in opened])


def inputs(pixels: Pixels) -> NDArray[np.float32]:
    """(n, rows, columns, channels), 0 to 1."""
    return np.asarray(pixels if pixels.ndim == 4 else pixels[..., None], np.float32) / np.float32(255)

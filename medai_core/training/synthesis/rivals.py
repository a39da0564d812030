"""Classifiers of one small kind, taught with real images, with made ones, or with both, and asked about real ones.

They see images whole or, where these have an outline, nearly as this project's own classifier of such scans does: the
image, the box around what is outlined, and what is in the box enlarged. Ours finds that box itself; these are given it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from medai_core.cards import Measure
from medai_core.imaging.preprocessing import region_inputs
from medai_core.imaging.regions import largest_region
from medai_core.metrics import Ints, bootstrap, recalls
from medai_core.training.augmentation import Augmentation, augment
from medai_core.training.fitting import fit, predict
from medai_core.training.networks import residual_network
from medai_core.training.recipes import Pixels
from medai_core.training.samples import inputs

SIDE = 64
"""Rows and columns that the small classifiers see."""
WIDTHS = (16, 32, 64, 96)
WHOLE, REGION = "whole", "region"
CHANGES = {WHOLE: Augmentation(flip=0.0), REGION: Augmentation(flip=0.0, degrade=0.0)}
"""How images are changed for each view; what would blur a box into the image is left out."""


@dataclass(frozen=True)
class Labelled:
    """Images (n, y, x) or (n, y, x, 3), 0 to 255, their label numbers and groups (n,) each."""

    pixels: Pixels
    label: Ints
    group: NDArray[np.str_]

    def __add__(self, other: Labelled) -> Labelled:
        return Labelled(
            np.concatenate([self.pixels, other.pixels]),
            np.concatenate([self.label, other.label]),
            np.concatenate([self.group, other.group]),
        )


def viewed(images: Pixels, view: str) -> Pixels:
    """What a classifier sees of images (n, y, x, channels): grey (n, y, x), or (n, y, x, 3) of a region."""
    if view == WHOLE:
        return images[..., 0]
    seen = []
    for image in images:
        size = len(image)
        box = largest_region(image[..., 1].astype(np.float32) / 255, (size, size)) or (0, 0, size, size)
        crop, whole = region_inputs(image[..., 0], box, size, size)
        seen.append(np.concatenate([whole, crop[..., None]], axis=-1))
    return np.stack(seen)


REAL, MADE, BOTH = "real", "made", "both"


@dataclass(frozen=True)
class Effort:
    """How long each is taught: ``steps`` of 32 images, the same for all, in ``epochs``."""

    epochs: int
    steps: int


def taught_rivals(
    taught: Mapping[str, Labelled], view: str, labels: int, effort: Effort, work: Path, seed: int
) -> dict[str, keras.Model]:
    """The classifiers, by what they were taught with; that of real images is read back from ``work`` if it is there."""
    for name in taught:
        if name != REAL:
            _kept(work, view, name).unlink(missing_ok=True)
    return {
        name: _fitted(images, CHANGES[view], labels, effort, _kept(work, view, name), seed)
        for name, images in taught.items()
    }


def _kept(work: Path, view: str, name: str) -> Path:
    return work / f"{view}_taught_with_{name}.keras"


def called_by(rivals: Mapping[str, keras.Model], asked: Labelled) -> dict[str, Ints]:
    """What each classifier calls the images that are asked about, (n,)."""
    return {name: _logits(network, asked).argmax(axis=1) for name, network in rivals.items()}


def _fitted(images: Labelled, changes: Augmentation, labels: int, effort: Effort, path: Path, seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    counts = np.bincount(images.label, minlength=labels)

    def draw(chosen: Ints, rng: np.random.Generator) -> tuple[NDArray[np.float32], Ints]:
        changed = [augment(images.pixels[i], (SIDE, SIDE), changes, rng) for i in chosen]
        return inputs(np.stack(changed)), images.label[chosen]

    return fit(
        residual_network(SIDE, 1 if images.pixels.ndim == 3 else 3, labels, WIDTHS),
        "logits",
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        np.arange(len(images.label)),
        draw,
        path=path,
        epochs=effort.epochs,
        steps=effort.steps,
        seed=seed,
        weights=1 / counts[images.label],
    )


def _logits(network: keras.Model, asked: Labelled) -> NDArray[np.float32]:
    small = np.stack([augment(pixels, (SIDE, SIDE), UNCHANGED, np.random.default_rng(0)) for pixels in asked.pixels])
    return predict(network, inputs(small))["logits"]


UNCHANGED = Augmentation(0, 0, 0, 0, 0, 0, 0, 0, 0)


def rival_measures(
    called: Mapping[str, Ints], asked: Labelled, labels: int, data: str, seed: int, start: str = ""
) -> list[Measure]:
    """Balanced accuracy of each, the made one's as a share of the real one's, and what adding made images gained.

    Parameters
    ----------
    called : by what each was taught with. start : what the names of the measures begin with.
    """
    groups = np.unique(asked.group, return_inverse=True)[1]

    def values(rows: Ints) -> NDArray[np.float64]:
        of = {k: float(recalls(asked.label[rows], found[rows], labels).mean()) for k, found in called.items()}
        return np.array([of[MADE] / of[REAL], of[MADE], of[REAL], of[BOTH], of[BOTH] - of[REAL]])

    found = bootstrap(values, groups, asked.label, np.random.default_rng(seed))
    n, count = len(asked.label), int(groups.max()) + 1
    return [
        Measure(start + name, one.value, one.low, one.high, n, count, data)
        for name, one in zip(NAMES, found, strict=True)
    ]


NAMES = ("synthetic_to_real_ratio", "taught_synthetic", "taught_real", "taught_both", "augmentation_gain")
"""The measures: balanced accuracy on real images of classifiers taught with each, a ratio and a difference."""

"""Classifiers of one small kind, taught with real images, with made ones, or with both, and asked about real ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from medai_core.cards import Measure
from medai_core.metrics import Ints, bootstrap, recalls
from medai_core.training.augmentation import Augmentation, augment
from medai_core.training.fitting import fit, predict
from medai_core.training.networks import residual_network
from medai_core.training.recipes import Pixels
from medai_core.training.samples import inputs

SIDE = 64
"""Rows and columns that the small classifiers see."""
WIDTHS = (16, 32, 64, 96)
CHANGES = Augmentation(flip=0.0)


@dataclass(frozen=True)
class Labelled:
    """Grey images (n, y, x), 0 to 255, their label numbers and groups (n,) each."""

    pixels: Pixels
    label: Ints
    group: NDArray[np.str_]

    def __add__(self, other: Labelled) -> Labelled:
        return Labelled(
            np.concatenate([self.pixels, other.pixels]),
            np.concatenate([self.label, other.label]),
            np.concatenate([self.group, other.group]),
        )


REAL, MADE, BOTH = "real", "made", "both"


@dataclass(frozen=True)
class Effort:
    """How long each is taught: ``steps`` of 32 images, the same for all, in ``epochs``."""

    epochs: int
    steps: int


def taught_rivals(
    taught: Mapping[str, Labelled], labels: int, effort: Effort, work: Path, seed: int
) -> dict[str, keras.Model]:
    """The classifiers, by what they were taught with; that of real images is read back from ``work`` if it is there."""
    for name in taught:
        if name != REAL:
            (work / f"taught_with_{name}.keras").unlink(missing_ok=True)
    return {name: _fitted(name, images, labels, effort, work, seed) for name, images in taught.items()}


def called_by(rivals: Mapping[str, keras.Model], asked: Labelled) -> dict[str, Ints]:
    """What each classifier calls the images that are asked about, (n,)."""
    return {name: _logits(network, asked).argmax(axis=1) for name, network in rivals.items()}


def _fitted(name: str, images: Labelled, labels: int, effort: Effort, work: Path, seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    counts = np.bincount(images.label, minlength=labels)

    def draw(chosen: Ints, rng: np.random.Generator) -> tuple[NDArray[np.float32], Ints]:
        changed = [augment(images.pixels[i], (SIDE, SIDE), CHANGES, rng) for i in chosen]
        return inputs(np.stack(changed)), images.label[chosen]

    return fit(
        residual_network(SIDE, 1, labels, WIDTHS),
        "logits",
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        np.arange(len(images.label)),
        draw,
        path=work / f"taught_with_{name}.keras",
        epochs=effort.epochs,
        steps=effort.steps,
        seed=seed,
        weights=1 / counts[images.label],
    )


def _logits(network: keras.Model, asked: Labelled) -> NDArray[np.float32]:
    small = np.stack([augment(pixels, (SIDE, SIDE), UNCHANGED, np.random.default_rng(0)) for pixels in asked.pixels])
    return predict(network, inputs(small))["logits"]


UNCHANGED = Augmentation(0, 0, 0, 0, 0, 0, 0, 0, 0)


def rival_measures(called: Mapping[str, Ints], asked: Labelled, labels: int, data: str, seed: int) -> list[Measure]:
    """Balanced accuracy of each, the made one's as a share of the real one's, and what adding made images gained."""
    groups = np.unique(asked.group, return_inverse=True)[1]

    def values(rows: Ints) -> NDArray[np.float64]:
        real, made, both = (recalls(asked.label[rows], called[k][rows], labels).mean() for k in (REAL, MADE, BOTH))
        return np.array([made / real, made, real, both, both - real])

    found = bootstrap(values, groups, asked.label, np.random.default_rng(seed))
    n, count = len(asked.label), int(groups.max()) + 1
    return [Measure(name, one.value, one.low, one.high, n, count, data) for name, one in zip(NAMES, found, strict=True)]


NAMES = ("synthetic_to_real_ratio", "taught_synthetic", "taught_real", "taught_both", "augmentation_gain")
"""The measures: balanced accuracy on real images of classifiers taught with each, a ratio and a difference."""

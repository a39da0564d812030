"""The type of a brain tumour that has been found: fit, compare, calibrate, test once, export.

Two kinds of network. A small U-Net finds the region; a two-eyed network sees that region enlarged and
the whole slice with its box. Both are fitted in grouped cross-validation over the training blocks, so
that every training slice has a region and a type from networks that never saw its block; the members
of the cross-validation, averaged, serve. The router (``scan_kind``) must have been trained before.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent.parent))  # a recipe runs from anywhere, without being installed

import keras
import numpy as np
import pandas as pd
import report
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core.evaluation import read_manifest
from medai_core.imaging.preprocessing import region_inputs, unit
from medai_core.imaging.regions import Box, largest_region, most_evident_region
from medai_core.training import networks, recipes
from medai_core.training.augmentation import Augmentation, augment, jittered
from medai_core.training.export import averaged, with_embedding, write_network
from medai_core.training.fitting import fit, overlap_loss, predict, split_groups

NAMES = ("glioma", "meningioma", "pituitary")
SET = "brain_mri"
STORED, MASK, CROP, SLICE, MARGIN = 128, 96, 96, 64, 1.8
LEAST, EVIDENT = 0.3, 0.1
FOLDS, REPEATS = 3, 2
FINDER_EPOCHS, TYPE_EPOCHS = 40, 24

PLACE = Augmentation(
    rotation_degrees=15, shift=0.08, zoom=0.2, stretch=0.08, contrast=0, brightness=0, flip=0.5, degrade=0
)
TONE = Augmentation(rotation_degrees=0, shift=0, zoom=0, stretch=0, contrast=0.3, brightness=0.1, flip=0, degrade=0.3)

Pixels = NDArray[np.uint8]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Samples:
    """The slices of a split: ``grey`` and ``mask`` are (n, STORED, STORED), 0 to 255; ``parts`` how many folds."""

    table: pd.DataFrame
    grey: Pixels
    mask: Pixels
    label: Ints
    parts: int = FOLDS

    def folds(self, seed: int) -> Ints:
        """The fold of each slice; no block is in two."""
        shares = (1 / self.parts,) * self.parts
        return split_groups(list(self.table["group"]), list(self.table["label"]), shares, seed)

    def true_box(self, i: int) -> Box:
        """The box around the tumour as it was outlined."""
        box = largest_region(self.mask[i].astype(np.float32) / 255, (STORED, STORED))
        return box or (STORED // 4, STORED // 4, 3 * STORED // 4, 3 * STORED // 4)


def main() -> None:
    given = recipes.options(FOLDER)
    if given.smoke:
        draw_set(given.data / SET)
    samples = read_samples(given.data, "train")
    repeats = REPEATS
    if given.smoke:
        # Building a network's graph takes longer than its few steps; two members are enough.
        samples, repeats = replace(samples, parts=2), 1
    finders = [fit_finder(given, samples, k) for k in range(samples.parts)]
    boxes, regions = found_regions(finders, samples, samples.folds(given.seed))
    members = [fit_type(given, samples, boxes, repeat, k) for repeat in range(repeats) for k in range(samples.parts)]
    outlined = [samples.true_box(i) for i in range(len(boxes))]
    write_network(averaged(finders[: 1 if given.smoke else None]), given.out, "region")
    serving = averaged(members[: 1 if given.smoke else None])
    features = predict(serving, seen(samples, outlined))["features"]
    serving = with_embedding(serving, features)
    write_network(serving, given.out)
    reference, rows = fit_reference(given, samples)
    study = report.Study(
        given,
        NAMES,
        tuple(samples.table["group"]),
        samples.label,
        samples.grey,
        samples.mask,
        boxes,
        regions,
        held_out_logits(given, samples, members, seen(samples, boxes)),
        held_out_logits(given, samples, members, seen(samples, outlined)),
        held_out_features(given, samples, members, seen(samples, boxes)),
        predict(serving, seen(samples, boxes))["embedding"],
        reference,
        rows,
    )
    report.write_card(FOLDER, study)


def read_samples(data: Path, split: str) -> Samples:
    """The slices of one split of the manifest."""
    manifest = data / SET / "manifest.csv"
    table = read_manifest(manifest, NAMES, split)
    grey = np.stack([recipes.read_grey(file, (STORED, STORED)) for file in table["file"]])
    mask = np.stack([recipes.read_grey(manifest.parent / file, (STORED, STORED)) for file in table["mask"]])
    return Samples(table, grey, mask, np.array([NAMES.index(x) for x in table["label"]]))


def fit_finder(given: recipes.Options, samples: Samples, k: int) -> keras.Model:
    """A mask network fitted on the blocks outside fold ``k``."""

    def draw(chosen: Ints, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        x, y = [], []
        for i in chosen:
            seed = int(rng.integers(1 << 31))
            a = augment(samples.grey[i], (MASK, MASK), PLACE, np.random.default_rng(seed))
            m = augment(samples.mask[i], (MASK, MASK), PLACE, np.random.default_rng(seed))
            x.append(augment(a, (MASK, MASK), TONE, rng))
            y.append(m.reshape(MASK // 2, 2, MASK // 2, 2).mean(axis=(1, 3)))
        return np.stack(x)[..., None].astype("float32") / 255, np.stack(y)[..., None].astype("float32") / 255

    keras.utils.set_random_seed(given.seed + k)
    return fit(
        networks.mask_network(MASK),
        "mask",
        overlap_loss,
        np.flatnonzero(samples.folds(given.seed) != k),
        draw,
        path=given.work / f"mask{k}.keras",
        epochs=1 if given.smoke else FINDER_EPOCHS,
        steps=2 if given.smoke else None,
        seed=given.seed + k,
        batch=24,
    )


def found_regions(finders: list[keras.Model], samples: Samples, fold: Ints) -> tuple[list[Box], NDArray[np.float32]]:
    """For each slice the box and mask (n, MASK / 2, MASK / 2) by the network that never saw its block."""
    small = np.stack(
        [np.asarray(Picture.fromarray(g).resize((MASK, MASK), Picture.Resampling.BILINEAR)) for g in samples.grey]
    )
    masks = np.zeros((len(small), MASK // 2, MASK // 2), dtype=np.float32)
    for k, finder in enumerate(finders):
        rows = np.flatnonzero(fold == k)
        logits = predict(finder, unit(small[rows])[..., None])["mask"][..., 0]
        masks[rows] = 1 / (1 + np.exp(-logits))
    return [most_evident_region(m, (STORED, STORED), least=LEAST, evident=EVIDENT).box for m in masks], masks


def stacked(inputs: list[tuple[Pixels, Pixels]]) -> dict[str, NDArray[np.float32]]:
    """Crops and slices as a batch for the network."""
    crops, slices = (np.stack(pixels) for pixels in zip(*inputs, strict=True))
    return {"crop": unit(crops)[..., None], "slice": unit(slices)}


def seen(samples: Samples, boxes: list[Box]) -> dict[str, NDArray[np.float32]]:
    """What the two eyes see of every slice with its box."""
    return stacked([region_inputs(samples.grey[i], box, CROP, SLICE, MARGIN) for i, box in enumerate(boxes)])


def fit_type(given: recipes.Options, samples: Samples, boxes: list[Box], repeat: int, k: int) -> keras.Model:
    """A type network fitted on the blocks outside fold ``k`` of a repeat; every type is drawn equally often."""
    fitted = np.flatnonzero(samples.folds(given.seed + repeat) != k)
    label = samples.label[fitted]
    seed = given.seed + 10 * repeat + k
    keras.utils.set_random_seed(seed)
    return fit(
        networks.region_network(CROP, SLICE, len(NAMES)),
        "logits",
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        fitted,
        drawer(samples, boxes),
        path=given.work / f"type{repeat}{k}.keras",
        epochs=1 if given.smoke else TYPE_EPOCHS,
        steps=2 if given.smoke else None,
        seed=seed,
        weights=1 / np.bincount(label)[label],
    )


def held_out_logits(
    given: recipes.Options, samples: Samples, members: list[keras.Model], inputs: dict[str, NDArray[np.float32]]
) -> NDArray[np.float32]:
    """Each slice's logits by the members that never saw its block, (repeats, n, classes)."""
    repeats = len(members) // samples.parts
    logits = np.zeros((repeats, len(samples.label), len(NAMES)), dtype=np.float32)
    for repeat in range(repeats):
        fold = samples.folds(given.seed + repeat)
        for k in range(samples.parts):
            rows = np.flatnonzero(fold == k)
            member = members[repeat * samples.parts + k]
            logits[repeat, rows] = predict(member, {name: x[rows] for name, x in inputs.items()})["logits"]
    return logits


def held_out_features(
    given: recipes.Options, samples: Samples, members: list[keras.Model], inputs: dict[str, NDArray[np.float32]]
) -> list[tuple[Ints, NDArray[np.float32]]]:
    """For each fold of the first repeat, its rows and every slice's features by the member that never saw them."""
    fold = samples.folds(given.seed)
    return [(np.flatnonzero(fold == k), predict(members[k], inputs)["features"]) for k in range(samples.parts)]


def drawer(
    samples: Samples, boxes: list[Box]
) -> Callable[[Ints, np.random.Generator], tuple[dict[str, NDArray[np.float32]], Ints]]:
    """Batches of turned, toned slices, half with the outlined box and half with the found one, both jittered."""

    def draw(chosen: Ints, rng: np.random.Generator) -> tuple[dict[str, NDArray[np.float32]], Ints]:
        inputs = []
        for i in chosen:
            seed = int(rng.integers(1 << 31))
            grey = augment(samples.grey[i], (STORED, STORED), PLACE, np.random.default_rng(seed))
            marked = samples.mask[i]
            if rng.random() < 0.5:
                marked = np.zeros_like(marked)
                top, left, bottom, right = boxes[i]
                marked[top:bottom, left:right] = 255
            marked = augment(marked, (STORED, STORED), PLACE, np.random.default_rng(seed))
            box = largest_region(marked.astype(np.float32) / 255, (STORED, STORED)) or (32, 32, 96, 96)
            grey = augment(grey, (STORED, STORED), TONE, rng)
            inputs.append(region_inputs(grey, jittered(box, STORED, rng), CROP, SLICE, MARGIN))
        return stacked(inputs), samples.label[chosen]

    return draw


def fit_reference(given: recipes.Options, samples: Samples) -> tuple[keras.Model, Ints]:
    """The reference network on whole slices, fitted without the first fold; and the rows of that fold."""
    fold = samples.folds(given.seed)

    def draw(chosen: Ints, rng: np.random.Generator) -> tuple[NDArray[np.float32], Ints]:
        return unit(samples.grey[chosen])[..., None], samples.label[chosen]

    keras.utils.set_random_seed(given.seed)
    network = fit(
        networks.reference_network(128, 1, len(NAMES)),
        "logits",
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        np.flatnonzero(fold != 0),
        draw,
        path=given.work / "reference.keras",
        epochs=1 if given.smoke else 6,
        steps=2 if given.smoke else None,
        seed=given.seed,
        rate=1e-3,
        decay=0.0,
    )
    return network, np.flatnonzero(fold == 0)


def draw_set(folder: Path) -> None:
    """Drawn slices for a smoke run: a grey oval with a bright disc, larger for each class, and the disc as its mask."""
    recipes.draw_set(folder, NAMES, partial(_drawn, masked=False))
    (folder / "masks").mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    table = pd.read_csv(folder / "manifest.csv", dtype=str)
    for i, name in enumerate(table["file"]):
        (folder / name.replace("images", "masks")).write_bytes(recipes.png(_drawn(i % len(NAMES), rng, masked=True)))
    table.assign(mask=table["file"].str.replace("images", "masks")).to_csv(folder / "manifest.csv", index=False)


def _drawn(label: int, rng: np.random.Generator, *, masked: bool) -> Pixels:
    y, x = np.mgrid[0:64, 0:64]
    disc = np.hypot(y - 30, x - 24 - 6 * label) < 4 + 3 * label
    head = np.where(np.hypot((y - 32) / 28, (x - 32) / 22) < 1, 90, 5) + rng.normal(0, 4, (64, 64))
    return np.where(disc, 255 if masked else 200, 0 if masked else np.clip(head, 0, 255)).astype(np.uint8)


if __name__ == "__main__":
    main()

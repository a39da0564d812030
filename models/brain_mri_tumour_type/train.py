"""The type of a brain tumour that has been found: fit, compare, calibrate, test once, export.

The model that outlines tumours (``brain_mri_tumour_segmentation``) finds the region; a two-eyed network sees that
region enlarged and the whole slice with its box. It is fitted in grouped cross-validation over the training
blocks, and each training slice has its region from the member of the outline model that never saw its block; the
members of the cross-validation, averaged, serve. The router (``scan_kind``) and the outline model must have been
trained before, with the same seed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent.parent))  # a recipe runs from anywhere, without being installed

import keras
import numpy as np
import pandas as pd
import report
from numpy.typing import NDArray

from medai_core.cards import read_card
from medai_core.imaging.preprocessing import region_inputs, unit
from medai_core.imaging.regions import Box, largest_region, most_evident_region
from medai_core.imaging.segmentation import pixel_probability
from medai_core.training import networks, recipes
from medai_core.training.augmentation import Augmentation, augment, jittered
from medai_core.training.export import averaged, with_embedding, write_network
from medai_core.training.fitting import fit, predict
from medai_core.training.slices import Slices, halved, held_out, read_slices

NAMES = ("glioma", "meningioma", "pituitary")
SET = "brain_mri"
FINDER = "brain_mri_tumour_segmentation"
FINE, STORED, CROP, SLICE, MARGIN = 192, 128, 96, 64, 1.8
REPEATS, TYPE_EPOCHS = 2, 24

PLACE = Augmentation(
    rotation_degrees=15, shift=0.08, zoom=0.2, stretch=0.08, contrast=0, brightness=0, flip=0.5, degrade=0
)
TONE = Augmentation(rotation_degrees=0, shift=0, zoom=0, stretch=0, contrast=0.3, brightness=0.1, flip=0, degrade=0.3)

Pixels = NDArray[np.uint8]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Samples:
    """The slices of a split: ``grey`` and ``mask`` are (n, STORED, STORED), 0 to 255."""

    slices: Slices
    grey: Pixels
    mask: Pixels

    @property
    def label(self) -> Ints:
        """The type of each slice."""
        return self.slices.label

    @property
    def parts(self) -> int:
        """How many folds."""
        return self.slices.parts

    def folds(self, seed: int) -> Ints:
        """The fold of each slice; no block is in two."""
        return self.slices.folds(seed)

    def true_box(self, i: int) -> Box:
        """The box around the tumour as it was outlined."""
        box = largest_region(self.mask[i].astype(np.float32) / 255, (STORED, STORED))
        return box or (STORED // 4, STORED // 4, 3 * STORED // 4, 3 * STORED // 4)


def main() -> None:
    given = recipes.options(FOLDER, measures=True)
    if given.smoke:
        draw_set(given.data / SET)
    samples = read_samples(given.data, "train", smoke=given.smoke)
    boxes = found_boxes(given, samples)
    repeats = 1 if given.smoke else REPEATS
    if given.measure:
        members = members_of(given.out / "model.keras")
    else:
        members = [
            fit_type(given, samples, boxes, repeat, k) for repeat in range(repeats) for k in range(samples.parts)
        ]
    outlined = [samples.true_box(i) for i in range(len(boxes))]
    if given.measure:
        serving = keras.saving.load_model(given.out / "model.keras", compile=False)
    else:
        serving = averaged(members[: 1 if given.smoke else None])
        serving = with_embedding(serving, predict(serving, seen(samples, outlined))["features"])
        write_network(serving, given.out)
    reference, rows = fit_reference(given, samples)
    study = report.Study(
        given,
        NAMES,
        samples.slices.groups,
        samples.label,
        samples.grey,
        boxes,
        held_out_logits(given, samples, members, seen(samples, boxes)),
        held_out_logits(given, samples, members, seen(samples, outlined)),
        held_out_features(given, samples, members, seen(samples, boxes)),
        predict(serving, seen(samples, boxes))["embedding"],
        reference,
        rows,
    )
    report.write_card(FOLDER, study)


def read_samples(data: Path, split: str, *, smoke: bool = False) -> Samples:
    """The slices of one split of the manifest."""
    slices = read_slices(data / SET, NAMES, split, FINE)
    small = [np.stack([recipes.resized(p, (STORED, STORED)) for p in pixels]) for pixels in (slices.grey, slices.mask)]
    return Samples(halved(slices) if smoke else slices, small[0], small[1])


def members_of(path: Path) -> list[keras.Model]:
    """The networks that were averaged into one, in order."""
    whole = keras.saving.load_model(path, compile=False)
    found = [layer for layer in whole.layers if isinstance(layer, keras.Model)]
    return sorted(found, key=lambda member: int(member.name.rsplit("_", 1)[1]))


def found_boxes(given: recipes.Options, samples: Samples) -> list[Box]:
    """For each slice the box by the member of the outline model that never saw its block."""
    card = read_card(FOLDER.parent / FINDER)
    assert card.measured is not None and card.measured.outlines is not None
    finders = members_of(FOLDER.parent / FINDER / "model.keras")
    if not given.smoke and (len(finders) != samples.parts or card.measured.provenance.seed != given.seed):
        raise SystemExit(f"{FINDER} was fitted with other folds: its members may have seen what they find here.")
    finders = finders[: samples.parts]
    slices, limits = samples.slices, card.measured.outlines
    logit = held_out(finders, slices.grey, slices.folds(given.seed), int(finders[0].inputs[0].shape[1]))
    probability = [pixel_probability(found, card.measured.calibration) for found in logit]
    return [
        most_evident_region(p, (STORED, STORED), least=limits.threshold, evident=limits.evident).box
        for p in probability
    ]


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

"""Malignancy rating of an outlined lung nodule: fit, compare, calibrate, test once, export; all of it per nodule.

Several networks are fitted in grouped cross-validation over the training patients, so that every training
nodule has an answer from networks that never saw its patient. A network is fitted on slices; the slices of a
nodule count by their area, so that each nodule counts the same. The members of the cross-validation of the
approach that did best, averaged, serve. The router (``scan_kind``) must have been trained before.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent.parent))  # a recipe runs from anywhere, without being installed

import comparison
import keras
import numpy as np
import report
from numpy.typing import NDArray

from medai_core.cards import read_card
from medai_core.evaluation import read_manifest
from medai_core.training import networks, nodules, recipes
from medai_core.training.augmentation import Augmentation, augment
from medai_core.training.export import with_embedding, write_network
from medai_core.training.fitting import fit, predict, split_groups

FOLDS = 5
# A nodule has no up and no down. Its size matters where it is seen as it lies, not where it is seen enlarged.
CHANGED = {
    "image": Augmentation(
        rotation_degrees=180, shift=0.05, zoom=0.05, stretch=0.05, contrast=0.06, brightness=0.02, degrade=0.1
    ),
    "view": Augmentation(
        rotation_degrees=180, shift=0.03, zoom=0.1, stretch=0.1, contrast=0.1, brightness=0.02, degrade=0
    ),
}

Ints = NDArray[np.int64]
Seen = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class How:
    """How one kind of network is fitted, and what it is given of a slice."""

    build: Callable[[], keras.Model]
    sees: tuple[str, ...]
    epochs: int
    rate: float = 2e-3


KINDS = {
    "numbers": How(partial(nodules.nodule_parts, 2, view=False), ("numbers",), 20, 5e-3),
    "view": How(partial(nodules.nodule_parts, 2, numbers=False), ("view",), 8),
    "numbers and view": How(partial(nodules.nodule_parts, 2), ("numbers", "view"), 6),
    "slices": How(partial(networks.residual_network, 64, 1, 2, (8, 16, 32)), ("image",), 4),
}


def main() -> None:
    given, card = recipes.options(FOLDER, divides=True), read_card(FOLDER)
    names = tuple(finding.name for finding in card.findings)
    if given.smoke:
        recipes.draw_set(given.data / report.SET, names, drawn, 60, card.input.unit)
    table = read_manifest(given.data / report.SET / "manifest.csv", names, "train")
    own = comparison.nodules_of(table, names, card.input.unit)
    fold = split_groups(own.group, [names[k] for k in own.label], (1 / FOLDS,) * FOLDS, given.seed)
    kinds = {"numbers and view": KINDS["numbers and view"]} if given.smoke else KINDS
    study = comparison.Study(given, names, own, fold, cross_validated(given, own, fold, kinds))
    chosen = comparison.choose(study)
    if given.neighbourhoods:
        report.write_neighbourhoods(study, chosen)
        return
    serving = nodules.nodule_network(64, [m for name in chosen.kinds for m in study.fitted[name].members])
    features = np.asarray(predict(serving, comparison.inputs(own.pixels))["features"], np.float64)
    write_network(with_embedding(serving, features), given.out)
    report.write_card(FOLDER, study, chosen)


def cross_validated(
    given: recipes.Options, own: comparison.Nodules, fold: Ints, kinds: Mapping[str, How]
) -> dict[str, comparison.Fitted]:
    """Each kind of network: one member a fold, and what it says of the slices that it never saw."""
    slice_fold, found = fold[own.member], {}
    for name, how in kinds.items():
        members = []
        logits = np.zeros((len(own.pixels), 2), np.float32)
        for k in range(1 if given.smoke else FOLDS):
            network = fit_member(given, own, np.flatnonzero(slice_fold != k), f"{name} {k}", how)
            rows = np.flatnonzero(slice_fold == k)
            logits[rows] = predict(network, own.given(how.sees, rows))["logits"]
            members.append(network)
        found[name] = comparison.Fitted(members, how.sees, logits)
    return found


def fit_member(given: recipes.Options, own: comparison.Nodules, rows: Ints, name: str, how: How) -> keras.Model:
    """One network, fitted on the slices ``rows``."""
    label = own.label[own.member]
    per_nodule = np.bincount(own.member[rows], own.area[rows], len(own.label))

    def draw(chosen: Ints, rng: np.random.Generator) -> tuple[Seen, Ints]:
        return {kind: changed(own, kind, chosen, rng) for kind in how.sees}, label[chosen]

    keras.utils.set_random_seed(given.seed)
    return fit(
        how.build(),
        "logits",
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        rows,
        draw,
        path=given.work / f"{name}.keras".replace(" ", "_"),
        epochs=1 if given.smoke else how.epochs,
        steps=2 if given.smoke else None,
        seed=given.seed,
        rate=how.rate,
        weights=own.area[rows] / per_nodule[own.member[rows]],
    )


def changed(own: comparison.Nodules, kind: str, chosen: Ints, rng: np.random.Generator) -> NDArray[np.float32]:
    """What a network is given of slices: numbers as they are; pictures turned and mirrored, and half of them warped."""
    if kind == "numbers":
        return own.numbers[chosen]
    pictures = (own.view if kind == "view" else own.pixels)[chosen]
    size = (pictures.shape[1], pictures.shape[2])
    made = [augment(p, size, CHANGED[kind], rng) if rng.random() < 0.5 else turned(p, rng) for p in pictures]
    return comparison.inputs(np.stack(made))


def turned(pixels: comparison.Pixels, rng: np.random.Generator) -> comparison.Pixels:
    """A picture turned by quarters and mirrored at random, which leaves every pixel as it is."""
    quarters = np.rot90(pixels, int(rng.integers(4)))
    return quarters[:, ::-1] if rng.random() < 0.5 else quarters


def drawn(label: int, rng: np.random.Generator) -> comparison.Pixels:
    """A bright disc on black, larger and ragged for the second class."""
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    edge = (0.2 + 0.2 * label) * rng.uniform(0.7, 1.3) * (1 + 0.2 * label * np.sin(7 * np.arctan2(y, x)))
    return np.where(np.hypot(y, x) < edge, np.clip(rng.normal(190, 15, x.shape), 90, 255), 0).astype(np.uint8)


if __name__ == "__main__":
    main()

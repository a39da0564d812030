"""Which of ten kinds an image is: the reference network, fitted, calibrated, tested once, exported.

The kinds come from sets that differ in size, compression and colour. Those differences are made
useless on purpose: every training image is resized, cut, bordered, recoloured, inverted and
compressed at random, all kinds alike.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent.parent))  # a recipe runs from anywhere, without being installed

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core.cards import KINDS, Applicability, Approach, Provenance, read_card
from medai_core.catalog import Catalog, find_models
from medai_core.evaluation import Rule
from medai_core.readings import answerer
from medai_core.training import drawings, examples, networks, recipes, reporting
from medai_core.training.augmentation import Augmentation, augment
from medai_core.training.calibration import with_sets
from medai_core.training.export import with_embedding, write_network
from medai_core.training.fitting import fit, predict, split_groups

STORED, SIZE = 144, 128
SETS = {
    "chest_xray": "chest_radiograph",
    "brain_mri": "brain_mri",
    "chest_ct_slice": "chest_ct_slice",
    "lung_nodule": "ct_nodule",
    "breast_ultrasound": "breast_ultrasound",
    "blood_cells": "blood_smear",
    "malaria": "malaria_smear",
    "cell_nuclei": "",
}
"""The kind of each set; nuclei have theirs in the manifest's label."""

NUCLEI = {"fluorescence": "fluorescence_microscopy", "stained": "stained_tissue", "grey_bright": "other"}
ALIKE = Augmentation(
    rotation_degrees=15,
    shift=0.1,
    zoom=0.3,
    stretch=0.12,
    contrast=0.35,
    brightness=0.15,
    invert=0.12,
    degrade=0.5,
    grey=0.1,
    border=0.15,
)
OTHER = KINDS.index("other")


@dataclass(frozen=True)
class Samples:
    """Images (n, STORED, STORED, 3), their kinds and groups."""

    pixels: NDArray[np.uint8]
    label: NDArray[np.int64]
    group: list[str]


def main() -> None:
    given = recipes.options(FOLDER, measures=True)
    if given.smoke:
        draw_sets(given.data)
    samples = joined([*read_sets(given.data, "train"), *drawn_others(given)])
    part = split_groups(samples.group, [str(k) for k in samples.label], (0.85, 0.15), given.seed)
    recipes.say(f"kinds: {np.bincount(samples.label, minlength=len(KINDS)).tolist()}")
    training, validation = np.flatnonzero(part == 0), np.flatnonzero(part == 1)
    study = fitted_before(given) if given.measure else fit_serving(given, samples, training, validation)
    write_card(given, study, samples, validation)


@dataclass(frozen=True)
class Study:
    """The network that serves, the networks that were tried for it, and how it came about."""

    serving: keras.Model
    tried: tuple[Approach, ...]
    made_by: Provenance


def fitted_before(given: recipes.Options) -> Study:
    """The network that is in the folder, as its card tells of it."""
    known = read_card(given.out).measured
    assert known is not None
    serving = keras.saving.load_model(given.out / "model.keras", compile=False)
    return Study(serving, tuple(a for a in known.approaches if a.measure == "accuracy"), known.provenance)


def fit_serving(
    given: recipes.Options, samples: Samples, training: NDArray[np.int64], validation: NDArray[np.int64]
) -> Study:
    """Fit the network that serves and write it to the model's folder."""
    first, network = fit_reference(given, samples, training)
    rows = np.random.default_rng(given.seed).permutation(training)[:4000]
    serving = with_embedding(network, predict(network, unit(samples.pixels[rows]))["features"])
    write_network(serving, given.out)
    x, label = unit(samples.pixels[validation]), samples.label[validation]
    tried = {"reference network, first course": first, "reference network, second course": serving}
    called = {name: predict(n, x)["logits"].argmax(axis=1) for name, n in tried.items()}
    approaches = tuple(
        Approach(name, "accuracy", float((called[name] == label).mean()), chosen=network is serving)
        for name, network in tried.items()
    )
    used = f"{len(label)} images to calibrate, the rest of {len(samples.label)} to fit"
    return Study(serving, approaches, recipes.provenance(given, used))


def read_sets(data: Path, split: str) -> Iterator[tuple[NDArray[np.uint8], int, str]]:
    """Every image of the sets' split with its kind and group."""
    for name, kind in SETS.items():
        table = pd.read_csv(data / name / "manifest.csv", dtype=str)
        for row in table[table["split"] == split].itertuples():
            picture = Picture.open(data / name / str(row.file)).convert("RGB")
            pixels = np.asarray(picture.resize((STORED, STORED), Picture.Resampling.BILINEAR))
            yield pixels, KINDS.index(kind or NUCLEI[str(row.label)]), f"{name}/{row.group}"


def drawn_others(given: recipes.Options, course: int = 1) -> Iterator[tuple[NDArray[np.uint8], int, str]]:
    """Crops of bundled photographs, then twice as many drawings, each a group of its own."""
    rng = np.random.default_rng(given.seed if course == 1 else (given.seed, course))
    photographs = [drawings.photograph(name) for name in drawings.PHOTOGRAPHS]
    for i in range(20 if given.smoke else 1500 * course):
        yield drawings.crop(photographs[int(rng.integers(len(photographs)))], STORED, rng), OTHER, f"photo{i}"
    for i in range(20 if given.smoke else 3000 * course):
        yield drawings.draw_other(STORED, rng), OTHER, f"drawing{i}"


def joined(images: list[tuple[NDArray[np.uint8], int, str]]) -> Samples:
    """Images, kinds and groups as arrays."""
    return Samples(np.stack([p for p, _, _ in images]), np.array([k for _, k, _ in images]), [g for _, _, g in images])


def fit_reference(given: recipes.Options, samples: Samples, training: NDArray[np.int64]) -> list[keras.Model]:
    """The reference network after its first course, and after a second with many more and fresh *other*.

    After the first, most errors were drawings and photographs taken for a scan.
    """
    first = fit_course(given, "first", samples, training, FIRST)
    extra = joined(list(drawn_others(given, course=2)))
    more = Samples(
        np.concatenate([samples.pixels[training], extra.pixels]),
        np.concatenate([samples.label[training], extra.label]),
        [],
    )
    second = fit_course(given, "second", more, np.arange(len(more.label)), SECOND, first.get_weights())
    return [first, second]


@dataclass(frozen=True)
class Course:
    """How a network is fitted: epochs of so many steps, learning rate, changes to images, how often *other* comes."""

    epochs: int
    steps: int
    rate: float
    how: Augmentation
    others: float


FIRST = Course(20, 150, 1e-3, ALIKE, 2.0)
SECOND = Course(16, 100, 7e-4, replace(ALIKE, degrade=0.4, border=0.1, zoom=0.2, contrast=0.3), 8.0)


def fit_course(
    given: recipes.Options,
    name: str,
    samples: Samples,
    training: NDArray[np.int64],
    course: Course,
    start: list[NDArray[np.float32]] | None = None,
) -> keras.Model:
    """The reference network, kinds drawn equally often but for *other*, which is the most various."""

    def draw(chosen: NDArray[np.int64], rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        x = np.stack([augment(samples.pixels[i], (SIZE, SIZE), course.how, rng) for i in chosen])
        return x.astype(np.float32) / 255, samples.label[chosen]

    weights = 1 / np.bincount(samples.label[training])[samples.label[training]]
    keras.utils.set_random_seed(given.seed)
    network = networks.reference_network(SIZE, 3, len(KINDS))
    if start is not None:
        network.set_weights(start)
    return fit(
        network,
        "logits",
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        training,
        draw,
        path=given.work / f"{name}.keras",
        epochs=1 if given.smoke else course.epochs,
        steps=2 if given.smoke else course.steps,
        seed=given.seed,
        rate=course.rate,
        decay=0.0,
        weights=weights * np.where(samples.label[training] == OTHER, course.others, 1.0),
    )


def unit(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, STORED, STORED, 3) as the network takes it."""
    size = (SIZE, SIZE)
    small = [np.asarray(Picture.fromarray(p).resize(size, Picture.Resampling.BILINEAR)) for p in pixels]
    return np.stack(small).astype(np.float32) / 255


def write_card(given: recipes.Options, study: Study, samples: Samples, validation: NDArray[np.int64]) -> None:
    """Calibrate on the validation part, clean and damaged; test once; write the card."""
    earlier = recipes.begun_card(given, FOLDER)
    card = read_card(given.out)
    seen = predict(study.serving, unit(samples.pixels[validation]))
    label = samples.label[validation]
    limits = Applicability(float(np.quantile(np.linalg.norm(seen["embedding"], axis=1), 0.99)))
    measured = reporting.draft(card, label, seen["logits"], limits, study.tried, study.made_by)
    measured = with_sets(measured, label, seen["logits"], [samples.group[i] for i in validation], given.seed)
    measured = recipes.write_hashes(measured, given.out)
    recipes.say(str(measured.approaches))
    if given.smoke:
        recipes.say("smoke run: fitted, exported and calibrated")
        return
    models = find_models(given.out.parent)
    card = models.card(card.name)
    answer = answerer(card, models)
    rule = Rule(measured.thresholds, measured.sets().quantiles)
    folder = given.work / "test"
    performance, made = reporting.test_measures(write_test(given, folder), KINDS, answer, rule, given.seed)
    unseen, _ = reporting.test_measures(write_unseen(given, folder), KINDS, answer, rule, given.seed)
    unseen = tuple(m for m in unseen if m.measure == "accuracy")
    performance = (*performance, *reporting.subgroup(unseen, "other, from sources not trained on"))
    note = "measured again, nothing fitted" if given.measure else "card"
    recipes.write_hashes(reporting.tested(measured, performance, made, earlier, note), given.out)
    if not given.measure:
        write_examples(given, samples, models)


def write_test(given: recipes.Options, folder: Path) -> pd.DataFrame:
    """The sets' test images and 300 newly drawn *other*, as a manifest's table."""
    rows = []
    for name, kind in SETS.items():
        table = pd.read_csv(given.data / name / "manifest.csv", dtype=str)
        for row in table[table["split"] == "test"].itertuples():
            rows.append((str(given.data / name / str(row.file)), kind or NUCLEI[str(row.label)], f"{name}/{row.group}"))
    rng = np.random.default_rng((given.seed, 1))
    rows += written([drawings.draw_other(200, rng) for _ in range(300)], folder / "drawn")
    return pd.DataFrame(rows, columns=["file", "label", "group"])


def write_unseen(given: recipes.Options, folder: Path) -> pd.DataFrame:
    """*Other* from photographs and families of drawings that were not trained on."""
    rng = np.random.default_rng((given.seed, 2))
    photographs = [drawings.photograph(name) for name in drawings.UNSEEN_PHOTOGRAPHS]
    images = [drawings.crop(photographs[i % len(photographs)], 200, rng) for i in range(200)]
    images += [drawings.draw_other(200, rng, unseen=True) for _ in range(200)]
    return pd.DataFrame(written(images, folder / "unseen"), columns=["file", "label", "group"])


def written(images: list[NDArray[np.uint8]], folder: Path) -> list[tuple[str, str, str]]:
    """The images as files; each is *other* and a group of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, pixels in enumerate(images):
        (folder / f"{i:04}.png").write_bytes(recipes.png(pixels))
    return [(str(folder / f"{i:04}.png"), "other", f"{folder.name}{i}") for i in range(len(images))]


def write_examples(given: recipes.Options, samples: Samples, models: Catalog) -> None:
    """Two drawn images of a kind that has models, and what the router must say of them."""
    card = models.card(FOLDER.name)
    answer = answerer(card, models)
    for kind in ("breast_ultrasound", "chest_ct_slice"):
        k = KINDS.index(kind)
        pixels = samples.pixels[samples.label == k][:400].mean(axis=-1).astype(np.uint8)
        rng = np.random.default_rng((given.seed, k))
        examples.write_accepted(pixels, answer, k, given.out, f"example_{kind}", rng, count=1)
    examples.write_expected(card, answer, given.out)


def draw_sets(data: Path) -> None:
    """A few drawn images of every set, for a smoke run."""
    for shade, name in enumerate(SETS):
        labels = tuple(NUCLEI) if name == "cell_nuclei" else (SETS[name],)

        def draw(label: int, rng: np.random.Generator, level: int = 30 + 25 * shade) -> NDArray[np.uint8]:
            return np.clip(rng.normal(level + 10 * label, 8, (32, 32)), 0, 255).astype(np.uint8)

        recipes.draw_set(data / name, labels, draw, count=30)


if __name__ == "__main__":
    main()

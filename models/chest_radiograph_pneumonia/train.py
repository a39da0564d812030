"""Pneumonia on a chest radiograph: fit, compare, calibrate, test once, export.

The router (``scan_kind``) must have been trained before: the card's refusals are measured with it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent.parent))  # a recipe runs from anywhere, without being installed

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medai_core.cards import Applicability, Approach, Card, Measure, read_card
from medai_core.catalog import Catalog, find_models
from medai_core.evaluation import Predictions, Rule, measures, read_manifest
from medai_core.imaging.applicability import recognise, template_correlation
from medai_core.imaging.classification import calibrated
from medai_core.metrics import area_under_curve, conformal_quantile, recalls, softmax
from medai_core.readings import answerer
from medai_core.training import examples, networks, recipes, reporting
from medai_core.training.augmentation import Augmentation, augment
from medai_core.training.calibration import fit_calibration, mean_picture, prevalence_threshold
from medai_core.training.export import averaged, with_embedding, write_network
from medai_core.training.fitting import fit, predict, split_groups

NAMES = ("normal", "pneumonia")
SET = "chest_xray"
SIZE, STORED = (128, 128), (160, 160)
FITS = {
    "residual": (networks.residual_network, 24, 2e-3, 1e-3),
    "depthwise": (networks.depthwise_network, 16, 2e-3, 1e-3),
    "reference": (networks.reference_network, 6, 1e-3, 0.0),
}
"""By name: the network, epochs, learning rate, weight decay."""

FOREIGN = ("brain_mri", "lung_nodule", "breast_ultrasound", "blood_cells", "chest_ct_slice", "malaria", "cell_nuclei")


@dataclass(frozen=True)
class Samples:
    """The training images: ``stored`` for augmentation, ``pixels`` as the network takes them, (n, rows, columns)."""

    table: pd.DataFrame
    stored: NDArray[np.uint8]
    pixels: NDArray[np.uint8]
    label: NDArray[np.int64]
    part: NDArray[np.int64]

    @property
    def training(self) -> NDArray[np.int64]:
        return np.flatnonzero(self.part == 0)

    @property
    def validation(self) -> NDArray[np.int64]:
        return np.flatnonzero(self.part == 1)


def main() -> None:
    given = recipes.options(FOLDER)
    card = read_card(FOLDER)
    if given.smoke:
        recipes.draw_set(given.data / SET, NAMES, _drawn)
    samples = read_samples(given)
    fitted = fit_all(given, samples)
    approaches, serving = compare(fitted, samples)
    write_network(with_embedding(serving, _predict(serving, samples.pixels[samples.training])["features"]), given.out)
    write_card(given, card, samples, approaches, fitted["reference"])


def read_samples(given: recipes.Options) -> Samples:
    """The training split, 80 % to fit on and 20 % to choose, calibrate and set limits with; patients stay together."""
    table = read_manifest(given.data / SET / "manifest.csv", NAMES, "train")
    part = split_groups(list(table["group"]), list(table["label"]), (0.8, 0.2), given.seed)
    stored = np.stack([recipes.read_grey(file, STORED) for file in table["file"]])
    pixels = np.stack([recipes.read_grey(file, SIZE) for file in table["file"]])
    return Samples(table, stored, pixels, np.array([NAMES.index(x) for x in table["label"]]), part)


def fit_all(given: recipes.Options, samples: Samples) -> dict[str, keras.Model]:
    """Each of the networks in ``FITS``, fitted on the training part."""

    def draw(chosen: NDArray[np.int64], rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        x = np.stack([augment(samples.stored[i], SIZE, Augmentation(), rng) for i in chosen])
        return x[..., None].astype(np.float32) / 255, samples.label[chosen]

    fitted = {}
    for name, (build, epochs, rate, decay) in FITS.items():
        keras.utils.set_random_seed(given.seed)
        fitted[name] = fit(
            build(SIZE[0], 1, 2),
            "logits",
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            samples.training,
            draw,
            path=given.work / f"{name}.keras",
            epochs=1 if given.smoke else epochs,
            steps=2 if given.smoke else None,
            seed=given.seed,
            rate=rate,
            decay=decay,
        )
    return fitted


def compare(fitted: dict[str, keras.Model], samples: Samples) -> tuple[tuple[Approach, ...], keras.Model]:
    """The approaches on the validation part, and the network that serves: the one with the highest AUC."""
    two = [fitted["residual"], fitted["depthwise"]]
    candidates = {
        "reference network": averaged([fitted["reference"]])
        if "evidence" in fitted["reference"].output
        else fitted["reference"],
        "residual network": averaged(two[:1]),
        "depthwise-separable network": averaged(two[1:]),
        "both averaged": averaged(two),
        "both averaged, image and mirror image": averaged(two, mirror=True),
    }
    label = samples.label[samples.validation]
    scored = []
    for name, network in candidates.items():
        p = softmax(_predict(network, samples.pixels[samples.validation])["logits"])
        balanced = recalls(label, (p[:, 1] >= prevalence_threshold(label)).astype(int), 2).mean()
        scored.append(Approach(name, "auc", area_under_curve(label, p), note=f"balanced accuracy {balanced:.4f}"))
        recipes.say(f"{name}: {scored[-1]}")
    best = max(scored[1:], key=lambda a: a.value)
    return tuple(replace(a, chosen=a is best) for a in scored), candidates[best.name]


def write_card(
    given: recipes.Options, card: Card, samples: Samples, approaches: tuple[Approach, ...], reference: keras.Model
) -> None:
    """Calibrate on the validation part, write the draft, test once, write the card and its examples."""
    earlier = recipes.begun_card(given, FOLDER)
    serving = keras.saving.load_model(given.out / "model.keras")
    validation = samples.validation
    seen = _predict(serving, samples.pixels[validation])
    routers = find_models(FOLDER.parent)
    limits = limits_of(card, samples, seen["embedding"], routers)
    made_by = recipes.provenance(
        given, f"{SET}, {len(samples.training)} images to fit, {len(validation)} to choose and calibrate"
    )
    measured = reporting.draft(card, samples.label[validation], seen["logits"], limits, approaches, made_by)
    measured = recipes.write_hashes(measured, given.out)
    models = find_models(given.out.parent) if not given.smoke else routers
    card = replace(read_card(given.out), measured=measured)
    rule = Rule(measured.thresholds, measured.sets().quantiles)
    table = read_manifest(given.data / SET / "manifest.csv", NAMES, "test")
    if given.smoke:
        recipes.say("smoke run: fitted, exported and calibrated")
        return
    answer = answerer(card, models)
    performance, made = reporting.test_measures(table, NAMES, answer, rule, given.seed)
    performance = (
        *performance,
        *baseline(samples, reference, table),
        *reporting.faithfulness(card, partial(models.network, card), samples.pixels[validation], "validation"),
    )
    files = recipes.test_files(given.data, FOREIGN)
    performance = (*performance, reporting.foreign_measure(files, NAMES, answer, given.seed))
    measured = reporting.tested(measured, performance, made, earlier, "card")
    recipes.write_hashes(measured, given.out)
    write_examples(given, card, samples, models)


def limits_of(card: Card, samples: Samples, embedding: NDArray[np.float32], routers: Catalog) -> Applicability:
    """The limits of applicability, from the validation part."""
    validation = samples.validation
    template = mean_picture(samples.pixels[samples.training]) if len(samples.training) >= 200 else ()
    mean = np.array(template)
    router, network = routers.router, routers.network(routers.router)
    kinds = [recognise(samples.stored[i], router, network).probabilities[card.input.kind] for i in validation]
    likeness = [template_correlation(samples.stored[i], mean) if template else 1.0 for i in validation]
    return reporting.limits_from(np.linalg.norm(embedding, axis=1), np.array(likeness), np.array(kinds), template)


def baseline(samples: Samples, reference: keras.Model, table: pd.DataFrame) -> tuple[Measure, ...]:
    """The reference network on the same test images, calibrated on the same validation part."""
    validation = samples.label[samples.validation]
    logits = _predict(reference, samples.pixels[samples.validation])["logits"]
    calibration = fit_calibration(logits, validation)
    to_probability = partial(calibrated, temperature=calibration.temperature, offsets=calibration.offsets)
    rule = Rule(
        {NAMES[1]: prevalence_threshold(validation)}, conformal_quantile(validation, to_probability(logits), 0.9)
    )
    pixels = np.stack([recipes.read_grey(file, SIZE) for file in table["file"]])
    p = to_probability(_predict(reference, pixels)["logits"])
    label = np.array([NAMES.index(x) for x in table["label"]])
    made = Predictions(NAMES, tuple(table["file"]), label, tuple(table["group"]), p, np.zeros(len(p), dtype=bool))
    found = measures(made, rule, data="test")
    return tuple(
        replace(m, model="reference network") for m in found if m.measure in ("auc", "balanced_accuracy", "brier")
    )


def write_examples(given: recipes.Options, card: Card, samples: Samples, models: Catalog) -> None:
    """Two drawn images a class that the model accepts, and what it must return for them."""
    answer = answerer(card, models)
    for k, name in enumerate(NAMES):
        rng = np.random.default_rng((given.seed, k))
        chosen = samples.training[samples.label[samples.training] == k][:400]
        examples.write_accepted(samples.stored[chosen], answer, k, given.out, f"example_{name}", rng)
    examples.write_expected(card, answer, given.out)


def _predict(network: keras.Model, pixels: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    return predict(network, pixels[..., None].astype(np.float32) / 255)


def _drawn(label: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A grey gradient with a bright patch for the second class."""
    y, x = np.mgrid[0:64, 0:64]
    picture = rng.normal(0, 8, (64, 64)) + 90 + y / 2
    picture[20:44, 10:30] += 70 * label
    return np.asarray(np.clip(picture + x / 4, 0, 255).astype(np.uint8))


if __name__ == "__main__":
    main()

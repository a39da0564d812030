"""The shared recipe of classifiers that look at a whole image: fit, compare, calibrate, test once, export.

Every model that is trained so differs only in its card, its data and how far its images may be changed. The
router must have been trained before: the card's refusals are measured with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core.cards import Applicability, Approach, Card, Measure, Measured, read_card
from medai_core.evaluation import Answer, Predictions, Rule, measures, read_manifest
from medai_core.imaging.applicability import Kind, template_correlation
from medai_core.imaging.classification import Networks, calibrated
from medai_core.metrics import area_under_curve, conformal_quantile, recalls, softmax
from medai_core.training import examples, networks, recipes, reporting
from medai_core.training.augmentation import Augmentation, augment
from medai_core.training.calibration import fit_calibration, mean_picture, prevalence_threshold
from medai_core.training.export import averaged, with_embedding, write_network
from medai_core.training.fitting import fit, predict
from medai_core.training.neighbours import add_neighbourhoods
from medai_core.training.samples import Pixels, Samples, inputs, read_pixels, read_samples

Build = Callable[[int, int, int], keras.Model]
"""From size, channels and classes to a network."""


@dataclass(frozen=True)
class Fit:
    """How one network is fitted."""

    build: Build
    epochs: int
    rate: float = 2e-3
    decay: float = 1e-3


FITS = {
    "residual": Fit(networks.residual_network, 24),
    "depthwise-separable": Fit(networks.depthwise_network, 16),
    "reference": Fit(networks.reference_network, 6, 1e-3, 0.0),
}


@dataclass(frozen=True)
class Recipe:
    """What sets one model's training apart.

    Attributes
    ----------
    folder : the model's. set : of the images, below the data folder.
    foreign : sets of other kinds, whose test images the model must refuse.
    stored : (rows, columns) that images are kept in for augmentation.
    draw : makes an image of a label number, for a smoke run.
    fits : by name; "reference" among them is only compared with, the others may serve, alone or the first two averaged.
    upright : whether all images show the same thing the same way up, so that a mean picture tells one turned.
    select : the measure that the serving network is the best by on the validation part, "auc" or "accuracy".
    """

    folder: Path
    set: str
    foreign: tuple[str, ...]
    stored: tuple[int, int]
    draw: Callable[[int, np.random.Generator], Pixels]
    augmentation: Augmentation = Augmentation()
    fits: Mapping[str, Fit] = field(default_factory=lambda: FITS)
    upright: bool = True
    select: str = "auc"


class Served(Protocol):
    """The models as they are served, which training itself does not know."""

    def answer(self, card: Card) -> Answer:
        """What a card's model answers to the bytes of a file."""

    def kind(self, pixels: Pixels) -> Kind:
        """What the router takes an image for."""

    def networks(self, card: Card) -> Networks:
        """A card's networks by file name."""


@dataclass(frozen=True)
class Study:
    """One run: what was asked for, of which model, on which images."""

    recipe: Recipe
    given: recipes.Options
    card: Card
    names: tuple[str, ...]
    samples: Samples


def run(recipe: Recipe, served: Callable[[Path], Served]) -> None:
    """Train the model.

    Parameters
    ----------
    served : the models of a folder of models, as they are served.
    """
    given, card = recipes.options(recipe.folder, divides=True), read_card(recipe.folder)
    names = tuple(finding.name for finding in card.findings)
    if given.smoke:
        recipes.draw_set(given.data / recipe.set, names, recipe.draw)
    study = Study(recipe, given, card, names, read_samples(given.data / recipe.set, card, recipe.stored, given.seed))
    if given.neighbourhoods:
        _divide(study)
        return
    fitted = _fit_all(study)
    approaches, serving = _compare(study, fitted)
    features = np.asarray(_outputs(serving, study.samples.pixels[study.samples.training])["features"], np.float64)
    write_network(with_embedding(serving, features), given.out)
    _write_card(study, approaches, fitted["reference"], served)


def _divide(study: Study) -> None:
    """How the training images were labelled, by where the network in the folder puts them."""
    samples, network = study.samples, keras.saving.load_model(study.given.out / "model.keras", compile=False)
    embedding = _outputs(network, samples.pixels)["embedding"]
    groups = list(samples.table["group"])
    add_neighbourhoods(study.given.out, embedding, samples.label, groups, samples.validation)


def _outputs(network: keras.Model, pixels: Pixels) -> dict[str, NDArray[np.float32]]:
    return predict(network, inputs(pixels))


def _fit_all(study: Study) -> dict[str, keras.Model]:
    """Each of the recipe's networks, fitted on the training part; every class comes as often as the others."""
    samples, given, spec = study.samples, study.given, study.card.input
    counts = np.bincount(samples.label[samples.training], minlength=len(study.names))

    def draw(chosen: NDArray[np.int64], rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        size = (spec.size[0], spec.size[1])
        changed = [augment(samples.stored[i], size, study.recipe.augmentation, rng) for i in chosen]
        return inputs(np.stack(changed)), samples.label[chosen]

    fitted = {}
    for name, how in study.recipe.fits.items():
        if given.smoke and name not in (next(iter(study.recipe.fits)), "reference"):
            continue  # one network of each kind shows that the recipe runs
        keras.utils.set_random_seed(given.seed)
        fitted[name] = fit(
            how.build(spec.size[0], spec.channels, len(study.names)),
            "logits",
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            samples.training,
            draw,
            path=given.work / f"{name}.keras",
            epochs=1 if given.smoke else how.epochs,
            steps=2 if given.smoke else None,
            seed=given.seed,
            rate=how.rate,
            decay=how.decay,
            weights=1 / counts[samples.label[samples.training]] if counts.max() > 1.5 * counts.min() else None,
        )
    return fitted


def _compare(study: Study, fitted: Mapping[str, keras.Model]) -> tuple[tuple[Approach, ...], keras.Model]:
    """The approaches on the validation part, and the network that serves: the best of them."""
    samples, own = study.samples, [name for name in fitted if name != "reference"]
    candidates = {"reference network": fitted["reference"]}
    candidates |= {f"{name} network": averaged([fitted[name]]) for name in own}
    if len(own) > 1:
        two = [fitted[name] for name in own[:2]]
        candidates["both averaged"] = averaged(two)
        candidates["both averaged, image and mirror image"] = averaged(two, mirror=True)
    label, scored = samples.label[samples.validation], []
    for name, network in candidates.items():
        p = softmax(_outputs(network, samples.pixels[samples.validation])["logits"])
        two_classes = len(study.names) == 2
        called = (p[:, 1] >= prevalence_threshold(label)).astype(int) if two_classes else p.argmax(axis=1)
        seen = {"auc": area_under_curve(label, p), "accuracy": float((called == label).mean())}
        seen["balanced accuracy"] = float(recalls(label, called, len(study.names)).mean())
        note = ", ".join(f"{key} {value:.4f}" for key, value in seen.items() if key != study.recipe.select)
        scored.append(Approach(name, study.recipe.select, seen[study.recipe.select], note=note))
        recipes.say(f"{name}: {scored[-1]}")
    best = max(scored[1:], key=lambda a: a.value)
    return tuple(replace(a, chosen=a is best) for a in scored), candidates[best.name]


def _write_card(
    study: Study, approaches: tuple[Approach, ...], reference: keras.Model, served: Callable[[Path], Served]
) -> None:
    """Calibrate on the validation part, write the draft, test once, write the card and its examples."""
    given, samples, names = study.given, study.samples, study.names
    earlier = recipes.begun_card(given, study.recipe.folder)
    measured = _draft(study, approaches, served(study.recipe.folder.parent))
    if given.smoke:
        recipes.say("smoke run: fitted, exported and calibrated")
        return
    card, now = replace(read_card(given.out), measured=measured), served(given.out.parent)
    answer, rule = now.answer(card), Rule(measured.thresholds, measured.sets().quantiles)
    table = read_manifest(given.data / study.recipe.set / "manifest.csv", names, "test")
    performance, made = reporting.test_measures(table, names, answer, rule, given.seed)
    files = recipes.test_files(given.data, study.recipe.foreign)
    performance = (
        *performance,
        *_baseline(study, reference, table),
        *reporting.faithfulness(card, now.networks(card), samples.pixels[samples.validation], "validation"),
        reporting.foreign_measure(files, answer, given.seed),
    )
    recipes.write_hashes(reporting.tested(measured, performance, made, earlier, "card"), given.out)
    _divide(study)
    _write_examples(study, card, answer)


def _draft(study: Study, approaches: tuple[Approach, ...], served: Served) -> Measured:
    """What is known before the test split is touched, written beside the weights."""
    given, samples = study.given, study.samples
    seen = _outputs(keras.saving.load_model(given.out / "model.keras"), samples.pixels[samples.validation])
    limits = _limits(study, seen["embedding"], served)
    counts = f"{len(samples.training)} images to fit, {len(samples.validation)} to choose and calibrate"
    made_by = recipes.provenance(given, f"{study.recipe.set}, {counts}")
    label = samples.label[samples.validation]
    return recipes.write_hashes(
        reporting.draft(study.card, label, seen["logits"], limits, approaches, made_by), given.out
    )


def _limits(study: Study, embedding: NDArray[np.float32], served: Served) -> Applicability:
    """The limits of applicability, from the validation part."""
    samples = study.samples
    grey = samples.pixels[samples.training]
    grey = grey if grey.ndim == 3 else np.stack([np.asarray(Picture.fromarray(p).convert("L")) for p in grey])
    template = mean_picture(grey) if study.recipe.upright and len(grey) >= 200 else ()
    mean, held = np.array(template), samples.stored[samples.validation]
    kinds = [max(map(served.kind(pixels).probabilities.__getitem__, study.card.input.kinds)) for pixels in held]
    likeness = [template_correlation(pixels, mean) if template else 1.0 for pixels in held]
    return reporting.limits_from(np.linalg.norm(embedding, axis=1), np.array(likeness), np.array(kinds), template)


def _baseline(study: Study, reference: keras.Model, table: pd.DataFrame) -> tuple[Measure, ...]:
    """The reference network on the same test images, calibrated on the same validation part."""
    samples, names = study.samples, study.names
    validation = samples.label[samples.validation]
    logits = _outputs(reference, samples.pixels[samples.validation])["logits"]
    calibration = fit_calibration(logits, validation)
    to_probability = partial(calibrated, temperature=calibration.temperature, offsets=calibration.offsets)
    thresholds = {names[1]: prevalence_threshold(validation)} if len(names) == 2 else {}
    rule = Rule(thresholds, conformal_quantile(validation, to_probability(logits), 0.9))
    size = (study.card.input.size[0], study.card.input.size[1])
    p = to_probability(_outputs(reference, read_pixels(table, size, study.card))["logits"])
    label = np.array([names.index(x) for x in table["label"]])
    made = Predictions(names, tuple(table["file"]), label, tuple(table["group"]), p, np.zeros(len(p), dtype=bool))
    kept = ("auc", "accuracy", "balanced_accuracy", "brier")
    return tuple(replace(m, model="reference network") for m in measures(made, rule, data="test") if m.measure in kept)


def _write_examples(study: Study, card: Card, answer: Answer) -> None:
    """Two drawn images a class that the model accepts, and what it must return for them."""
    samples, given = study.samples, study.given
    for k, name in enumerate(study.names):
        rng = np.random.default_rng((given.seed, k))
        chosen = samples.training[samples.label[samples.training] == k]
        if len(chosen) < 200:  # too few to draw from alone
            chosen = samples.training
        examples.write_accepted(samples.stored[chosen[:400]], answer, k, given.out, f"example_{name}", rng)
    examples.write_expected(card, answer, given.out)

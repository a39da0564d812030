"""What the recipe measures of the nodule model, nodule by nodule, and the card that it writes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from comparison import ALONE, AREA, Choice, Nodules, Study, inputs, nodules_of
from numpy.typing import NDArray

from medai_core.cards import Applicability, Card, Measure, Measured, read_card
from medai_core.commands.training import Served, served
from medai_core.evaluation import Answer, Predictions, Rule, measures, read_manifest
from medai_core.imaging.classification import calibrated
from medai_core.metrics import area_under_curve, bootstrap, conformal_quantile
from medai_core.training import examples, recipes, reporting
from medai_core.training.calibration import (
    embedding_distances,
    fit_calibration,
    prevalence_threshold,
    whitening,
    with_sets,
)
from medai_core.training.fitting import predict
from medai_core.training.neighbours import add_neighbourhoods

SET = "lung_nodule"
FOREIGN = ("chest_xray", "brain_mri", "breast_ultrasound", "blood_cells", "chest_ct_slice", "malaria", "cell_nuclei")
HEADLINES = ("auc", "accuracy", "balanced_accuracy", "brier")

Floats = NDArray[np.float64]


def write_card(folder: Path, study: Study, choice: Choice) -> None:
    """Calibrate on the cross-validation, write the draft, test once, write the card and its examples."""
    given, own = study.given, study.nodules
    earlier = recipes.begun_card(given, folder)
    measured = draft(study, choice, served(folder.parent))
    if given.smoke:
        recipes.say("smoke run: fitted, exported and calibrated")
        return
    card, now = replace(read_card(given.out), measured=measured), served(given.out.parent)
    answer, rule = now.answer(card), Rule(measured.thresholds, measured.sets().quantiles)
    table = read_manifest(given.data / SET / "manifest.csv", study.names, "test")
    performance, made = reporting.test_measures(table, study.names, answer, rule, given.seed, card.input.unit)
    tested = nodules_of(table, study.names, card.input.unit)
    performance = (
        *performance,
        above_area(made, tested, "test"),
        *subgroups(made, tested, own, rule),
        *slices_alone(study, tested, table, answer, rule),
        *by_area(study, tested),
        *cross_validation(study, choice, measured, rule),
        *reporting.faithfulness(card, now.networks(card), own.pixels[own.leading], "training", count=60),
        reporting.foreign_measure(recipes.test_files(given.data, FOREIGN), answer, given.seed),
    )
    recipes.write_hashes(reporting.tested(measured, performance, made, earlier, "card"), given.out)
    write_neighbourhoods(study, choice)
    write_examples(study, card, answer)


def write_neighbourhoods(study: Study, choice: Choice) -> None:
    """How the training nodules were labelled by where their leading slices lie.

    What that is worth is measured with a member of the cross-validation, on the patients that it never saw.
    """
    own, fitted = study.nodules, study.fitted[choice.kinds[0]]
    serving = keras.saving.load_model(study.given.out / "model.keras", compile=False)
    embedding = predict(serving, inputs(own.pixels[own.leading]))["embedding"]
    features = predict(fitted.members[0], own.given(fitted.sees, own.leading))["features"].astype(np.float64)
    matrix, shift = whitening(features[study.fold != 0], 16)
    held = np.flatnonzero(study.fold == 0)
    add_neighbourhoods(study.given.out, embedding, own.label, own.group, held, features @ matrix + shift)


def draft(study: Study, choice: Choice, models: Served) -> Measured:
    """What is known before the test split is touched."""
    given, own = study.given, study.nodules
    card = read_card(given.out)
    logits = own.mean(choice.logits, 2)
    used = f"{SET}, {len(own.pixels)} slices of {len(own.label)} nodules of {len(set(own.group))} patients"
    made_by = recipes.provenance(given, f"{used}, cross-validated")
    limits = limits_of(study, choice, models)
    measured = reporting.draft(card, own.label, logits, limits, choice.approaches, made_by)
    source = "prevalence in the cross-validation"
    measured = with_sets(replace(measured, threshold_source=source), own.label, logits, own.group, given.seed)
    return recipes.write_hashes(measured, given.out)


def limits_of(study: Study, choice: Choice, models: Served) -> Applicability:
    """The limits of applicability, which the worst slice of a nodule must pass.

    The serving network's members saw most training slices, so their distances there are too small. How much
    too small is measured in the cross-validation, and the limit is raised by that factor.
    """
    own, factors = study.nodules, []
    for name in choice.kinds:
        for k, member in enumerate(study.fitted[name].members):
            given = own.given(study.fitted[name].sees, np.arange(len(own.pixels)))
            features = predict(member, given)["features"].astype(np.float64)
            seen = study.fold[own.member] != k
            distance = worst(own, embedding_distances(features[seen], features))
            factors.append(np.quantile(distance[study.fold == k], 0.99) / np.quantile(distance[study.fold != k], 0.99))
    recipes.say(f"distances of unseen patients are {np.mean(factors):.2f} times those of seen ones")
    serving = keras.saving.load_model(study.given.out / "model.keras", compile=False)
    embedding = predict(serving, inputs(own.pixels))["embedding"]
    distances = worst(own, np.linalg.norm(embedding, axis=1)) * max(1.0, float(np.mean(factors)))
    kinds = [models.kind(pixels).probabilities["ct_nodule"] for pixels in own.pixels]
    return reporting.limits_from(distances, np.ones(len(distances)), -worst(own, -np.array(kinds)), ())


def worst(own: Nodules, values: Floats) -> Floats:
    """The largest value among each nodule's slices, (nodules,)."""
    found = np.full(len(own.label), -np.inf)
    np.maximum.at(found, own.member, values)
    return found


def predictions(study: Study, own: Nodules, p: Floats) -> Predictions:
    """Probabilities, (nodules, 2), as a model's answers."""
    return Predictions(study.names, own.group, own.label, own.group, p, np.zeros(len(p), dtype=bool))


def headlines(made: Predictions, rule: Rule, data: str, **said: str) -> tuple[Measure, ...]:
    """The few measures that a comparison needs."""
    found = measures(made, rule, data=data)
    return tuple(replace(m, **said) for m in found if m.measure in HEADLINES)


def above_area(made: Predictions, own: Nodules, data: str) -> Measure:
    """How far the model's AUC lies above that of the largest area alone, with a paired interval."""
    area = np.stack([-own.largest, own.largest], axis=1)
    groups = np.unique(own.group, return_inverse=True)[1]

    def gain(rows: NDArray[np.int64]) -> Floats:
        label = own.label[rows]
        return np.array([area_under_curve(label, made.probability[rows]) - area_under_curve(label, area[rows])])

    (found,) = bootstrap(gain, groups, own.label, np.random.default_rng(0))
    return Measure("auc_above_area", found.value, found.low, found.high, len(groups), int(groups.max()) + 1, data)


def subgroups(made: Predictions, tested: Nodules, own: Nodules, rule: Rule) -> tuple[Measure, ...]:
    """The model on small and large nodules, and on nodules of few and of many slices, parted at training medians."""
    area, count = float(np.median(own.largest)), float(np.median(own.count))
    recipes.say(f"training medians: {area:g} pixels, {count:g} slices")
    parts = {
        "small nodules (area up to the training median)": tested.largest <= area,
        "large nodules (area above the training median)": tested.largest > area,
        "few slices (up to the training median)": tested.count <= count,
        "many slices (above the training median)": tested.count > count,
    }
    return tuple(m for name, rows in parts.items() for m in headlines(made.chosen(rows), rule, "test", subgroup=name))


def slices_alone(study: Study, tested: Nodules, table: pd.DataFrame, answer: Answer, rule: Rule) -> tuple[Measure, ...]:
    """Each test slice read alone, and the probabilities of a nodule's slices averaged."""
    alone = {file: answer(Path(file).read_bytes())[0] for file in table["file"]}
    p = tested.mean(np.array([alone[file] for file in tested.file]), 0)
    return headlines(predictions(study, tested, p), rule, "test", model=ALONE)


def by_area(study: Study, tested: Nodules) -> tuple[Measure, ...]:
    """The largest area alone, calibrated on the training nodules."""
    own = study.nodules
    known, asked = (np.stack([np.zeros(len(n.largest)), np.log(n.largest)], axis=1) for n in (own, tested))
    calibration = fit_calibration(known, own.label)
    p = calibrated(known, calibration.temperature, calibration.offsets)
    rule = Rule({study.names[1]: prevalence_threshold(own.label)}, conformal_quantile(own.label, p, 0.9))
    made = predictions(study, tested, calibrated(asked, calibration.temperature, calibration.offsets))
    return (
        *headlines(predictions(study, own, p), rule, "cross-validation", model=AREA),
        *headlines(made, rule, "test", model=AREA),
    )


def cross_validation(study: Study, choice: Choice, measured: Measured, rule: Rule) -> tuple[Measure, ...]:
    """The training nodules, each by networks that never saw its patient."""
    own, fitted = study.nodules, measured.calibration
    p = calibrated(own.mean(choice.logits, 2), fitted.temperature, fitted.offsets)
    alone = own.mean(calibrated(choice.logits, fitted.temperature, fitted.offsets), 0)
    made = predictions(study, own, p)
    return (
        *headlines(made, rule, "cross-validation"),
        *headlines(predictions(study, own, alone), rule, "cross-validation", model=ALONE),
        above_area(made, own, "cross-validation"),
    )


def write_examples(study: Study, card: Card, answer: Answer) -> None:
    """Two drawn nodules a class that the model accepts, and what it must return for them."""
    given, own = study.given, study.nodules
    for k, name in enumerate(study.names):
        pixels = own.pixels[own.leading[own.label == k]]
        pixels = pixels if len(pixels) >= 200 else own.pixels[own.label[own.member] == k]
        rng = np.random.default_rng((given.seed, k))
        # The mark is darker than what counts as nodule, so that it is no part of it.
        examples.write_accepted(pixels[:400], answer, k, given.out, f"example_{name}", rng, finish=cut_out, shade=35)
    examples.write_expected(card, answer, given.out)


def cut_out(drawn: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A drawn nodule with a sharp outline: what is faint becomes black."""
    return np.where(drawn < 70, 0, drawn).astype(np.uint8)

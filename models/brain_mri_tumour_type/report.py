"""What the recipe measures of the type model, and the card that it writes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core.cards import Approach, Card, Measure, read_card
from medai_core.catalog import WEIGHTS, Catalog, find_models
from medai_core.evaluation import Predictions, Rule, measures, read_manifest
from medai_core.imaging.applicability import recognise, template_correlation
from medai_core.imaging.classification import calibrated, classify
from medai_core.imaging.regions import Box, largest_region
from medai_core.imaging.saliency import evidence_over_image, share_inside
from medai_core.metrics import area_under_curve, recalls, softmax
from medai_core.readings import answerer, finder
from medai_core.training import examples, recipes, reporting
from medai_core.training.calibration import embedding_distances, fit_calibration, mean_picture, whitening
from medai_core.training.fitting import predict
from medai_core.training.neighbours import add_neighbourhoods

SET = "brain_mri"
FOREIGN = ("chest_xray", "lung_nodule", "breast_ultrasound", "blood_cells", "chest_ct_slice", "malaria", "cell_nuclei")


@dataclass(frozen=True, eq=False)
class Study:
    """What the fitting left behind.

    Attributes
    ----------
    grey : (n, y, x), the training slices; boxes : found by networks that never saw the block.
    logits : (repeats, n, classes), each by a network that never saw the block.
    held_out, distances : by member of the first repeat, its held-out rows, and the features of all slices.
    reference : the reference network and the rows it was not fitted on.
    """

    given: recipes.Options
    names: tuple[str, ...]
    groups: tuple[str, ...]
    label: NDArray[np.int64]
    grey: NDArray[np.uint8]
    boxes: list[Box]
    logits: NDArray[np.float32]
    outlined_logits: NDArray[np.float32]
    features: list[tuple[NDArray[np.int64], NDArray[np.float32]]]
    embedding: NDArray[np.float32]
    reference: keras.Model
    reference_rows: NDArray[np.int64]


def write_card(folder: Path, study: Study) -> None:
    """Calibrate on the cross-validation, write the draft, test once, write the card and its examples."""
    given = study.given
    earlier, card = recipes.begun_card(given, folder), read_card(given.out)
    routers = find_models(folder.parent)
    size = f"{len(study.label)} slices in {len(set(study.groups))} blocks"
    made_by = recipes.provenance(given, f"{SET}, {size}, cross-validated")
    limits = limits_of(study, routers)
    measured = reporting.draft(card, study.label, study.logits.mean(axis=0), limits, approaches(study), made_by)
    by = routers.card(card.input.region.model).measured if card.input.region else None
    assert by is not None
    measured = recipes.write_hashes(replace(measured, region_sha256=by.sha256[WEIGHTS]), given.out)
    if given.smoke:
        recipes.say("smoke run: fitted, exported and calibrated")
        return
    models = find_models(given.out.parent)
    card = models.card(card.name)
    answer = answerer(card, models)
    rule = Rule(measured.thresholds, measured.sets().quantiles)
    table = read_manifest(given.data / SET / "manifest.csv", study.names, "test")
    performance, made = reporting.test_measures(table, study.names, answer, rule, given.seed)
    files = recipes.test_files(given.data, FOREIGN)
    performance = (
        *performance,
        *on_masks(card, models, table, given.data / SET, rule),
        *cross_validation(study, card, rule),
        *baseline(study, table),
        *reporting.faithfulness(
            card, partial(models.network, card), study.grey, "training", count=40, find=finder(card, models)
        ),
        reporting.foreign_measure(files, answer, given.seed),
    )
    note = "card" if not given.measure else "measured again, with regions by the outline model"
    recipes.write_hashes(reporting.tested(measured, performance, made, earlier, note), given.out)
    write_neighbourhoods(study)
    for k, name in enumerate(study.names):
        pixels = study.grey[study.label == k][:400]
        rng = np.random.default_rng((given.seed, k))
        examples.write_accepted(pixels, answer, k, given.out, f"example_{name}", rng, count=1)
    examples.write_expected(card, answer, given.out)


def write_neighbourhoods(study: Study) -> None:
    """How the training slices were labelled by place; what that is worth, by a member that never saw the block."""
    rows, features = study.features[0]
    matrix, shift = whitening(np.delete(features, rows, axis=0).astype(np.float64), 16)
    unseen = features.astype(np.float64) @ matrix + shift
    add_neighbourhoods(study.given.out, study.embedding, study.label, study.groups, rows, unseen)


def limits_of(study: Study, routers: Catalog) -> Any:
    """The limits of applicability.

    The serving network's members saw most training slices, so their distances there are too small. How
    much too small is measured in the cross-validation, and the limit is raised by that factor.
    """
    factors = []
    for rows, features in study.features:
        seen = np.ones(len(features), dtype=bool)
        seen[rows] = False
        distance = embedding_distances(features[seen].astype(np.float64), features.astype(np.float64))
        factors.append(np.quantile(distance[rows], 0.99) / np.quantile(distance[seen], 0.99))
    template = mean_picture(study.grey) if len(study.grey) >= 200 else ()
    router = routers.router
    kinds = [recognise(g, router, routers.network(router)).probabilities["brain_mri"] for g in study.grey]
    correlations = [template_correlation(g, np.array(template)) if template else 1.0 for g in study.grey]
    own = np.linalg.norm(study.embedding, axis=1) * max(1.0, float(np.mean(factors)))
    recipes.say(f"distances on unseen blocks are {np.mean(factors):.2f} times those on seen ones")
    return reporting.limits_from(own, np.array(correlations), np.array(kinds), template)


def approaches(study: Study) -> tuple[Approach, ...]:
    """What was compared, on the rows that the reference network was not fitted on."""
    rows = study.reference_rows
    reference = predict(study.reference, study.grey[rows][..., None].astype(np.float32) / 255)["logits"]
    tried = {
        "reference network on the whole slice": reference,
        "two eyes, region found by itself, one member": study.logits[0, rows],
        "two eyes, region found by itself, repeats averaged": study.logits.mean(axis=0)[rows],
        "two eyes, region outlined by a reader, one member": study.outlined_logits[0, rows],
    }
    chosen = "two eyes, region found by itself, repeats averaged"
    label = study.label[rows]
    return tuple(
        Approach(
            name,
            "auc",
            area_under_curve(label, softmax(logits)),
            name == chosen,
            f"balanced accuracy {np.nanmean(recalls(label, logits.argmax(axis=1), len(study.names))):.4f}",
        )
        for name, logits in tried.items()
    )


def cross_validation(study: Study, card: Card, rule: Rule) -> tuple[Measure, ...]:
    """Discrimination over the training blocks, each slice by networks that never saw its block."""
    found: list[Measure] = []
    calibration = fit_calibration(study.logits.mean(axis=0), study.label)
    for repeat, logits in enumerate(study.logits, start=1):
        p = calibrated(logits, calibration.temperature, calibration.offsets)
        made = Predictions(study.names, study.groups, study.label, study.groups, p, np.zeros(len(p), dtype=bool))
        every = measures(made, rule, data=f"cross-validation, repeat {repeat}")
        found += [m for m in every if m.measure in ("auc", "balanced_accuracy", "accuracy")]
    return tuple(found)


def on_masks(card: Card, models: Catalog, table: Any, folder: Path, rule: Rule) -> tuple[Measure, ...]:
    """With the outlines of the test slices: evidence inside, and types with the region given."""
    inside, area, outlined = [], [], []
    networks, find = partial(models.network, card), finder(card, models)
    for file, mask_file in zip(table["file"], table["mask"], strict=True):
        grey = np.asarray(Picture.open(file).convert("L"))
        mask = np.asarray(Picture.open(folder / mask_file).convert("L")) > 127
        answer = classify(card, networks, grey, find=find)
        drawn = classify(card, networks, grey, largest_region(mask.astype(np.float32), (mask.shape[0], mask.shape[1])))
        outlined.append(drawn.probabilities)
        evidence = evidence_over_image(answer.maps, (grey.shape[0], grey.shape[1]))
        inside.append(share_inside(evidence[int(answer.probabilities.argmax())], mask))
        area.append(float(mask.mean()))
    groups = tuple(table["group"])
    names = tuple(finding.name for finding in card.findings)
    label = np.array([names.index(x) for x in table["label"]])
    made = Predictions(names, groups, label, groups, np.array(outlined), np.zeros(len(label), dtype=bool))
    given = [m for m in measures(made, rule, data="test") if m.measure in ("auc", "balanced_accuracy", "accuracy")]
    shares = reporting.mean_measures(
        ("evidence_inside_tumour", "area_of_tumour"), list(zip(inside, area, strict=True)), "test"
    )
    return (*shares, *reporting.subgroup(given, "region outlined by a reader"))


def baseline(study: Study, table: Any) -> tuple[Measure, ...]:
    """The reference network on the same test slices."""
    pixels = (
        np.stack([recipes.read_grey(file, (128, 128)) for file in table["file"]])[..., None].astype(np.float32) / 255
    )
    p = softmax(predict(study.reference, pixels)["logits"])
    label = np.array([study.names.index(x) for x in table["label"]])
    groups = tuple(table["group"])
    made = Predictions(study.names, groups, label, groups, p, np.zeros(len(p), dtype=bool))
    found = measures(made, Rule({}, 0.9), data="test")
    return tuple(replace(m, model="reference network") for m in found if m.measure in ("auc", "balanced_accuracy"))

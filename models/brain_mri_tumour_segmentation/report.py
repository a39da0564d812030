"""What the recipe measures of the outlines, and the card that it writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core.cards import Applicability, Approach, Card, Measure, Measured, Outlines, read_card
from medai_core.commands.training import served
from medai_core.evaluation import read_manifest
from medai_core.evaluation.comparing import compare, comparison_measures
from medai_core.evaluation.outlines import Outlined, region_measures
from medai_core.imaging.applicability import template_correlation
from medai_core.imaging.preprocessing import unit
from medai_core.imaging.segmentation import Outliner, Segmentation, evident_regions
from medai_core.metrics import bootstrap, calibration_line
from medai_core.training import examples, outlining, recipes, reporting
from medai_core.training.calibration import embedding_distances, mean_picture
from medai_core.training.export import averaged, with_embedding, write_network
from medai_core.training.fitting import predict
from medai_core.training.slices import Slices, free_slices, held_out, mirrored_half

FOREIGN = ("chest_xray", "lung_nodule", "breast_ultrasound", "blood_cells", "chest_ct_slice", "malaria", "cell_nuclei")
CHOSEN = "U-Net, only regions that are evident somewhere"

Floats = NDArray[np.float32]
Masks = Sequence[NDArray[np.bool_]]


@dataclass(frozen=True, eq=False)
class Study:
    """One run: what was asked for, of which model, on which slices, and the networks that were fitted."""

    given: recipes.Options
    folder: Path
    slices: Slices
    members: Sequence[keras.Model]

    @property
    def size(self) -> int:
        """Rows and columns of the networks' input."""
        return int(self.members[0].inputs[0].shape[1])

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the slices as they are kept."""
        return self.slices.grey.shape[1], self.slices.grey.shape[2]

    @cached_property
    def fold(self) -> NDArray[np.int64]:
        """The fold of each slice."""
        return self.slices.folds(self.given.seed)

    @cached_property
    def inputs(self) -> Floats:
        """The slices as the networks take them."""
        return unit(np.stack([recipes.resized(g, (self.size, self.size)) for g in self.slices.grey]))[..., None]

    def unseen(self, grey: NDArray[np.uint8], rows: NDArray[np.int64], *, mirror: bool = False) -> Floats:
        """Mask logits of images made from the slices ``rows``, by the member that never saw their blocks."""
        return held_out(self.members, grey, self.fold[rows], self.size, mirror=mirror)


def write_card(study: Study) -> None:
    """Export, compare and set limits by cross-validation, write the draft, test once, write card and examples."""
    given = study.given
    serving = averaged(study.members[: 1 if given.smoke else None])
    features = predict(serving, study.inputs)["features"].astype(np.float64)
    write_network(with_embedding(serving, features), given.out)
    earlier = recipes.begun_card(given, study.folder)
    measured = draft(study, features)
    if given.smoke:
        recipes.say("smoke run: fitted, exported and calibrated")
        return
    card, now = replace(read_card(given.out), measured=measured), served(given.out.parent)
    answer = now.outline(card)
    performance = (*test_measures(study, card, answer), *cross_validation(study, measured))
    coverage = next(m for m in performance if m.measure == "size_coverage")
    assert measured.outlines is not None
    measured = replace(
        measured,
        outlines=replace(measured.outlines, coverage=coverage),
        performance=performance,
        test_evaluations=reporting.logged(earlier, performance, "card"),
    )
    measured = recipes.write_hashes(measured, given.out)
    rng = np.random.default_rng(given.seed)
    draw = examples.draw_from_components(study.slices.grey[:400], rng)
    examples.write_outlined({"example_1": draw, "example_2": draw}, answer, given.out)


def draft(study: Study, features: NDArray[np.float64]) -> Measured:
    """What is known before the test split is touched."""
    given, slices, every = study.given, study.slices, np.arange(len(study.fold))
    logit = study.unseen(slices.grey, every)
    calibration = outlining.calibrate_pixels(logit, slices.mask, np.random.default_rng(given.seed))
    free, of = free_slices(slices)
    probability = outlining.probabilities(logit, calibration, study.shape)
    free_probability = outlining.probabilities(study.unseen(free, of), calibration, study.shape)
    limits = outlining.outlines(probability, slices.mask, free_probability)
    made_by = recipes.provenance(
        given, f"brain_mri, {len(every)} slices in {len(set(slices.groups))} blocks, cross-validated"
    )
    measured = Measured(
        sha256={},
        thresholds={},
        threshold_source="the highest mean Dice coefficient in the cross-validation",
        calibration=calibration,
        applicability=limits_of(study, features),
        performance=(),
        reliability=(),
        confusion=(),
        approaches=(),
        test_evaluations=(),
        provenance=made_by,
        outlines=limits,
    )
    if not given.smoke:
        measured = replace(measured, approaches=approaches(study, measured, limits))
    return recipes.write_hashes(measured, given.out)


def approaches(study: Study, measured: Measured, limits: Outlines) -> tuple[Approach, ...]:
    """What was compared, on every fourth training slice, each by something that never saw its block."""
    rows = np.arange(0, len(study.fold), 4)
    grey, mask = study.slices.grey[rows], study.slices.mask[rows]
    once, twice = (
        outlining.probabilities(study.unseen(grey, rows, mirror=mirror), measured.calibration, study.shape)
        for mirror in (False, True)
    )

    def evident(probability: Floats) -> Masks:
        return [evident_regions(p, least=limits.threshold, evident=limits.evident) > 0 for p in probability]

    rng = np.random.default_rng(0)
    tried: dict[str, Masks] = {
        "brightest part inside the head (Otsu, three levels)": [outlining.brightest(g) for g in grey],
        "gradient boosting on each pixel's surroundings": outlining.boosted(grey, mask, study.fold[rows], rng),
        "U-Net, probability of at least 0.5": [p >= 0.5 for p in once],
        "U-Net, threshold by cross-validation": [p >= limits.threshold for p in once],
        CHOSEN: evident(once),
        "U-Net, image and mirror image averaged": evident(twice),
    }
    return tuple(_scored(name, made, mask) for name, made in tried.items())


def _scored(name: str, made: Masks, mask: NDArray[np.uint8]) -> Approach:
    mean, median = outlining.mean_dice(made, mask)
    found = Approach(name, "dice", mean, name == CHOSEN, f"median {median:.4f}, n = {len(mask)}")
    recipes.say(str(found))
    return found


def limits_of(study: Study, features: NDArray[np.float64]) -> Applicability:
    """The limits of applicability.

    The serving members saw most training slices, so their distances there are too small. How much too small is
    measured in the cross-validation, and the limit is raised by that factor.
    """
    factors = []
    for k, member in enumerate(study.members):
        own, seen = predict(member, study.inputs)["features"].astype(np.float64), study.fold != k
        distance = embedding_distances(own[seen], own)
        factors.append(np.quantile(distance[~seen], 0.99) / np.quantile(distance[seen], 0.99))
    recipes.say(f"distances on unseen blocks are {np.mean(factors):.2f} times those on seen ones")
    grey, now = study.slices.grey, served(study.folder.parent)
    template = mean_picture(grey) if len(grey) >= 200 else ()
    kinds = np.array([now.kind(g).probabilities["brain_mri"] for g in grey])
    likeness = np.array([template_correlation(g, np.array(template)) if template else 1.0 for g in grey])
    return reporting.limits_from(
        embedding_distances(features, features) * max(1.0, float(np.mean(factors))), likeness, kinds, template
    )


def test_measures(study: Study, card: Card, answer: Outliner) -> tuple[Measure, ...]:
    """On the test split: overlap, sizes, refusals, and what is refused that has no tumour or is no such slice."""
    manifest = study.given.data / "brain_mri" / "manifest.csv"
    maps: list[Floats] = []

    def kept(data: bytes) -> tuple[Segmentation, bool]:
        found, refused = answer(data)
        maps.append(found.probability)
        return found, refused

    seen, unread = compare(manifest, "test", kept)
    if unread:
        raise ValueError(f"{len(unread)} test images could not be read: {unread[0].reason}")
    assert card.measured is not None and card.measured.outlines is not None
    low, high = card.measured.outlines.size_factors
    sizes = [(one, int((one.outlined.found > 0).sum())) for one in seen if not one.refused]
    held = [bool(low * size <= (one.outlined.true > 0).sum() <= high * size) for one, size in sizes]
    return (
        *comparison_measures(seen, many=False, data="test"),
        *comparison_measures(
            compare(manifest, "test", outlining.toned(answer, "L"))[0], many=False, data="test, degraded"
        ),
        reporting.share("size_coverage", held, [one.outlined.group for one, _size in sizes], "test"),
        *_pixel_measures(maps, [one.outlined for one in seen]),
        reporting.share("free_of_it_refused_share", *_free_refused(manifest, answer), "test"),
        reporting.foreign_measure(recipes.test_files(study.given.data, FOREIGN), answer, study.given.seed),
    )


def _pixel_measures(maps: Sequence[Floats], images: Sequence[Outlined], count: int = 300) -> tuple[Measure, ...]:
    """Calibration of the pixels' probabilities, from ``count`` random pixels a slice; resampled by block."""
    rng, member = np.random.default_rng(0), np.unique([image.group for image in images], return_inverse=True)[1]
    places = [rng.integers(0, image.true.size, count) for image in images]
    label = np.stack([(i.true.ravel()[at] > 0).astype(np.int64) for i, at in zip(images, places, strict=True)])
    p = np.stack([m.ravel()[at].astype(np.float64) for m, at in zip(maps, places, strict=True)])
    found = bootstrap(
        lambda rows: np.array(calibration_line(label[rows].ravel(), p[rows].ravel())[::-1]),
        member,
        np.zeros_like(member),
        rng,
        200,
    )
    names = ("pixel_calibration_slope", "pixel_calibration_intercept")
    return tuple(
        Measure(name, i.value, i.low, i.high, len(images), int(member.max()) + 1, "test")
        for name, i in zip(names, found, strict=True)
    )


def _free_refused(manifest: Path, answer: Outliner) -> tuple[list[bool], list[str]]:
    """Whether each mirrored half that is free of a tumour is refused, and the block that it is of."""
    refused, groups = [], []
    table, folder = read_manifest(manifest, None, "test"), manifest.parent
    for file, mask, group in zip(table["file"], table["mask"], table["group"], strict=True):
        grey, true = (np.asarray(Picture.open(path).convert("L")) for path in (file, folder / mask))
        made = mirrored_half(grey, true, free=True)
        if made is not None:
            refused.append(answer(recipes.png(made[0]))[1])
            groups.append(str(group))
    return refused, groups


def cross_validation(study: Study, measured: Measured) -> tuple[Measure, ...]:
    """Overlap over the training blocks, each slice by the member that never saw its block, and what is refused."""
    assert measured.outlines is not None
    slices, limits = study.slices, measured.outlines
    logit = study.unseen(slices.grey, np.arange(len(study.fold)))
    probability = outlining.probabilities(logit, measured.calibration, study.shape)
    found = [evident_regions(p, least=limits.threshold, evident=limits.evident) > 0 for p in probability]
    types = [str(name) for name in slices.table["label"]]
    images = [
        Outlined(made, true > 127, group, name)
        for made, true, group, name in zip(found, slices.mask, slices.groups, types, strict=True)
    ]
    free, of = free_slices(slices)
    peaks = outlining.probabilities(study.unseen(free, of), measured.calibration, study.shape).max(axis=(1, 2))
    refused = [bool(peak < limits.evident) for peak in peaks]
    nothing = [not bool(made.any()) for made in found]
    data = "cross-validation"
    return (
        *region_measures(images, data=data),
        reporting.share("nothing_outlined_share", nothing, slices.groups, data),
        reporting.share("free_of_it_refused_share", refused, [slices.groups[i] for i in of], data),
    )

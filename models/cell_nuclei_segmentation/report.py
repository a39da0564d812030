"""What the recipe measures of the outlines of nuclei, and the card that it writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from approaches import Candidate, Fields
from numpy.typing import NDArray
from PIL import Image as Picture
from tested import test_measures

from medai_core.cards import Approach, Card, Measure, Measured, Outlines, read_card
from medai_core.evaluation import Answer
from medai_core.evaluation.outlines import Outlined, object_measures
from medai_core.imaging.instances import ObjectMaps, Objects, find_objects, objects, read_maps
from medai_core.runtime import Network
from medai_core.training import examples, recipes, reporting
from medai_core.training.classifiers import Served
from medai_core.training.phantoms import draw_nuclei

FOREIGN = ("chest_xray", "brain_mri", "lung_nodule", "breast_ultrasound", "blood_cells", "chest_ct_slice", "malaria")
LEVEL, BETWEEN, EVIDENT_AT_MOST = 0.9, (0.1, 0.9), 0.9
DRAWN = "drawn from random ellipses with blur and noise"

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int32]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Study:
    """What the fitting left behind: of the held-out images that the card covers, and of the network that serves."""

    given: recipes.Options
    data: str
    held: Fields
    display: Sequence[Pixels]
    groups: Sequence[str]
    approaches: tuple[Approach, ...]
    best: Candidate


def write_card(
    folder: Path,
    study: Study,
    served: Callable[[Path], Served],
    answering: Callable[[Card], Answer] | None,
) -> None:
    """Set limits on the held-out images, write the draft, test once, write the card and its examples."""
    given = study.given
    earlier = recipes.begun_card(given, folder)
    network = Network(given.out / "model.tflite")
    size = read_card(given.out).input.size[0]
    maps = [
        read_maps(pixels, lambda tile: network(image=tile), study.best.calibration, size=size)
        for pixels in study.held.pixels
    ]
    measured = recipes.write_hashes(draft(study, maps, served(folder.parent)), given.out)
    if given.smoke:
        recipes.say("smoke run: fitted, exported and calibrated")
        return
    card = replace(read_card(given.out), measured=measured)
    find = partial(find_objects, card, served(given.out.parent).networks(card))
    performance, reliability = test_measures(given.data, find, measured, given.seed)
    performance += validation_measures(study, maps)
    if answering:
        performance += refusals(given, answering(card))
    measured = replace(
        measured,
        outlines=with_coverage(measured, performance),
        performance=performance,
        reliability=reliability,
        test_evaluations=reporting.logged(earlier, performance, "card"),
    )
    recipes.write_hashes(measured, given.out)
    write_examples(given, card, find, served(folder.parent))


def refusals(given: recipes.Options, answer: Answer) -> tuple[Measure, ...]:
    """The share of images of other kinds that a reading refuses."""
    return (reporting.foreign_measure(recipes.test_files(given.data, FOREIGN), (), answer, given.seed),)


def draft(study: Study, maps: Sequence[ObjectMaps], served: Served) -> Measured:
    """What is known before the test split is touched."""
    choice = study.best.choice
    kinds = [max(map(served.kind(d).probabilities.__getitem__, kinds_of(study))) for d in study.display]
    distances = np.array([np.linalg.norm(m.embedding) for m in maps], dtype=np.float64)
    pairs = zip(found_again(study, maps), study.held.true, strict=True)
    ratios = [len(np.unique(true[true > 0])) / max(found.max(), 1) for found, true in pairs]
    evident = min(EVIDENT_AT_MOST, float(np.quantile([m.interior.max() for m in maps], 0.005)))
    return Measured(
        {},
        {"nucleus": choice.threshold},
        "highest F1 at an intersection over union of 0.5 in the validation part",
        study.best.calibration,
        reporting.limits_from(distances, np.ones(len(maps)), np.array(kinds), ()),
        (),
        (),
        (),
        study.approaches,
        (),
        recipes.provenance(study.given, study.data),
        outlines=Outlines(
            choice.threshold,
            BETWEEN,
            evident,
            size_factors(np.array(ratios), LEVEL),
            LEVEL,
            reporting.UNMEASURED,
            choice.seed,
            choice.least_px,
        ),
    )


def kinds_of(study: Study) -> tuple[str, ...]:
    """The kinds of image that the card covers."""
    return read_card(study.given.out).input.kinds


def found_again(study: Study, maps: Sequence[ObjectMaps]) -> Iterator[Labels]:
    """The objects of each held-out image, as they are served."""
    how = study.best.choice
    for m in maps:
        yield objects(m.interior, m.boundary, threshold=how.threshold, seed=how.seed, least_px=how.least_px)


def size_factors(ratios: Floats, level: float) -> tuple[float, float]:
    """Between which multiples of the found count the true one lies in ``level`` of images.

    Each end is a conformal quantile of the ratios of true to found counts, with the finite-sample rank and half
    of the misses; the extreme ratio where there are too few images.
    """
    ordered, miss = np.sort(ratios), (1 - level) / 2
    rank = int(np.floor((len(ordered) + 1) * miss))
    return float(ordered[max(rank, 1) - 1]), float(ordered[len(ordered) - max(rank, 1)])


def with_coverage(measured: Measured, performance: Sequence[Measure]) -> Outlines:
    """The outlines' numbers with the coverage of the count's interval on the test split."""
    assert measured.outlines is not None
    found = next(m for m in performance if (m.measure, m.data, m.subgroup) == ("coverage", "test", ""))
    return replace(measured.outlines, coverage=found)


def validation_measures(study: Study, maps: Sequence[ObjectMaps]) -> tuple[Measure, ...]:
    """On the images by which thresholds were chosen, so a little too good."""
    rows = zip(found_again(study, maps), study.held.true, study.groups, study.held.label, strict=True)
    return object_measures((Outlined(*row) for row in rows), data="validation", seed=study.given.seed)


def write_examples(given: recipes.Options, card: Card, find: Callable[[Pixels], Objects], served: Served) -> None:
    """A drawn field of each look, that the router takes for what it stands for and that is near the training images."""
    assert card.measured is not None
    limits = card.measured.applicability
    for name, kind in zip(("fluorescence", "stained"), card.input.kinds, strict=True):
        path = given.out / f"example_{name}_1.png"
        for attempt in range(60):
            rng = np.random.default_rng((given.seed, attempt))
            examples.write_example(draw_nuclei(256, rng, stained=name == "stained")[0], path, drawn=DRAWN)
            seen = np.asarray(Picture.open(path).convert("RGB"))
            near = np.linalg.norm(find(seen).maps.embedding) <= limits.distance_max
            if near and served.kind(seen).probabilities[kind] >= max(limits.kind_probability_min, 0.6):
                break
        else:
            path.unlink()
            recipes.say(f"none of 60 drawn fields was accepted as an example of {name}")

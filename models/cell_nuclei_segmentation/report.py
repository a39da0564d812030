"""What the recipe measures of the outlines of nuclei, and the card that it writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from approaches import Candidate, Fields
from numpy.typing import NDArray
from tested import test_measures

from medai_core.cards import Approach, Measure, Measured, Outlines, read_card
from medai_core.commands.training import Served, served
from medai_core.evaluation.outlines import Outlined, object_measures
from medai_core.imaging.instances import ObjectMaps, objects, read_maps
from medai_core.runtime import Network
from medai_core.training import examples, recipes, reporting
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


def write_card(folder: Path, study: Study) -> None:
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
    answer = served(given.out.parent).outline(replace(read_card(given.out), measured=measured))
    performance = (
        *test_measures(given.data, answer, measured, given.seed),
        *validation_measures(study, maps),
        reporting.foreign_measure(recipes.test_files(given.data, FOREIGN), answer, given.seed),
    )
    measured = replace(
        measured,
        outlines=with_coverage(measured, performance),
        performance=performance,
        test_evaluations=reporting.logged(earlier, performance, "card"),
    )
    recipes.write_hashes(measured, given.out)
    rng = np.random.default_rng(given.seed)
    draws = {
        f"example_{name}_1": partial(drawn_field, rng, stained=name == "stained")
        for name in ("fluorescence", "stained")
    }
    examples.write_outlined(draws, answer, given.out, drawn=DRAWN)


def drawn_field(rng: np.random.Generator, *, stained: bool) -> Pixels:
    """A drawn field of one look."""
    return draw_nuclei(256, rng, stained=stained)[0]


def draft(study: Study, maps: Sequence[ObjectMaps], now: Served) -> Measured:
    """What is known before the test split is touched."""
    choice = study.best.choice
    kinds = [max(map(now.kind(d).probabilities.__getitem__, kinds_of(study))) for d in study.display]
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
            replace(reporting.UNMEASURED, measure="count_coverage"),
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
    found = next(m for m in performance if (m.measure, m.data, m.subgroup) == ("count_coverage", "test", ""))
    return replace(measured.outlines, coverage=found)


def validation_measures(study: Study, maps: Sequence[ObjectMaps]) -> tuple[Measure, ...]:
    """On the images by which thresholds were chosen, so a little too good."""
    rows = zip(found_again(study, maps), study.held.true, study.groups, study.held.label, strict=True)
    return object_measures((Outlined(*row) for row in rows), data="validation", seed=study.given.seed)

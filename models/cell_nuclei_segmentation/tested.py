"""What the test split shows of outlined nuclei, as they are served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from approaches import BASELINE, otsu_watershed, sampled_pixels
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core.cards import Measure, Measured
from medai_core.evaluation.comparing import Compared, compare, comparison_measures
from medai_core.evaluation.outlines import Outlined, object_measures
from medai_core.imaging.preprocessing import stretched
from medai_core.imaging.segmentation import Outliner, Segmentation
from medai_core.metrics import Floats, Ints, bootstrap, calibration_line
from medai_core.training import reporting
from medai_core.training.outlining import toned

SET, COVERED = "cell_nuclei", ("fluorescence", "stained")
PIXELS_EACH = 400
DRAWS = 300

Map = NDArray[np.float32]


def test_measures(data: Path, answer: Outliner, measured: Measured, seed: int) -> tuple[Measure, ...]:
    """Everything that the test split shows: overall for what the card covers, and for each label.

    Every image is a group of its own, since no patients are known. A refused reading counts as what was found.
    """
    maps: list[Map] = []

    def kept(file: bytes) -> tuple[Segmentation, bool]:
        found, refused = answer(file)
        maps.append(found.probability)
        return found, refused

    every = _compared(data, kept)
    covered = [i for i, one in enumerate(every) if one.outlined.subgroup in COVERED]
    seen = [every[i] for i in covered]
    others = [replace(one.outlined, subgroup="") for one in every if one.outlined.subgroup not in COVERED]
    worse = [one for one in _compared(data, toned(answer, "RGB")) if one.outlined.subgroup in COVERED]
    outlined = [one.outlined for one in seen]
    return (
        *comparison_measures(seen, many=True, data="test"),
        *count_coverage(outlined, measured, seed),
        *pixel_calibration([maps[i] for i in covered], outlined, seed),
        *reporting.subgroup(object_measures(others, data="test", seed=seed), "grey_bright"),
        *comparison_measures(worse, many=True, data="test, degraded"),
        *_baseline(seen, seed),
    )


def _compared(data: Path, answer: Outliner) -> tuple[Compared, ...]:
    seen, unread = compare(data / SET / "manifest.csv", "test", answer)
    if unread:
        raise ValueError(f"{len(unread)} test images could not be read: {unread[0].reason}")
    return seen


def _baseline(seen: Sequence[Compared], seed: int) -> tuple[Measure, ...]:
    """What needs no training, on the same images."""
    plain = []
    for one in seen:
        display = np.asarray(Picture.open(one.file).convert("RGB"))
        plain.append(replace(one.outlined, found=otsu_watershed(stretched(display))))
    measures = object_measures(plain, data="test", seed=seed)
    return tuple(replace(m, model=BASELINE) for m in measures if m.measure in ("f1_iou50", "dice"))


def count_coverage(outlined: Sequence[Outlined], measured: Measured, seed: int) -> tuple[Measure, ...]:
    """The share of images whose true count lies in the interval around the found one: of all, then of each label."""
    assert measured.outlines is not None
    low, high = measured.outlines.size_factors
    counts = np.array([(o.found.max(), len(np.unique(o.true[o.true > 0]))) for o in outlined])
    inside = (low * counts[:, 0] <= counts[:, 1]) & (counts[:, 1] <= high * counts[:, 0])
    label, made = np.array([o.subgroup for o in outlined]), []
    for name in ("", *np.unique(label)):
        rows = inside[label == name] if name else inside
        share = reporting.share("count_coverage", list(rows), [str(i) for i in range(len(rows))], "test", seed)
        made.append(replace(share, subgroup=str(name)))
    return tuple(made)


def pixel_calibration(maps: Sequence[Map], outlined: Sequence[Outlined], seed: int) -> tuple[Measure, ...]:
    """Slope and intercept of the pixels' probabilities, with intervals that resample images."""
    sampled, inside = sampled_pixels(maps, [np.asarray(one.true) for one in outlined], PIXELS_EACH, seed)
    n = len(maps)
    p, belongs = sampled.reshape(n, -1).astype(np.float64), inside.reshape(n, -1)

    def statistic(rows: Ints) -> Floats:
        return np.array(calibration_line(belongs[rows].ravel(), p[rows].ravel())[::-1])

    label = np.unique([one.subgroup for one in outlined], return_inverse=True)[1]
    found = bootstrap(statistic, np.arange(n), label, np.random.default_rng(seed), DRAWS)
    names = ("pixel_calibration_slope", "pixel_calibration_intercept")
    return tuple(Measure(m, i.value, i.low, i.high, n, n, "test") for m, i in zip(names, found, strict=True))

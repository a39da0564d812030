"""What the test split shows of outlined nuclei, as they are served."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from approaches import BASELINE, otsu_watershed, sampled_pixels
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core.cards import Measure, Measured, Reliability
from medai_core.evaluation import read_manifest
from medai_core.evaluation.outlines import Outlined, object_measures
from medai_core.imaging.instances import Objects
from medai_core.imaging.preprocessing import stretched
from medai_core.metrics import (
    Floats,
    Interval,
    Ints,
    bootstrap,
    calibration_error,
    calibration_line,
    ideal_calibration_error,
)
from medai_core.training import reporting
from medai_core.training.augmentation import degrade

SET, LABELS, COVERED = "cell_nuclei", ("fluorescence", "stained", "grey_bright"), ("fluorescence", "stained")
PIXELS_EACH = 400
DRAWS = 300

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int32]
Find = Callable[[Pixels], Objects]


@dataclass(frozen=True, eq=False)
class Field:
    """An image of the test split and its true outlines."""

    display: Pixels
    true: Labels
    group: str
    label: str

    def outlined(self, found: Labels) -> Outlined:
        """With what was found in it."""
        return Outlined(found, self.true, self.group, self.label)


def test_measures(
    data: Path, find: Find, measured: Measured, seed: int
) -> tuple[tuple[Measure, ...], tuple[Reliability, ...]]:
    """Everything that the test split shows: overall for what the card covers, and for each label.

    Every image is a group of its own, since no patients are known.
    """
    table = read_manifest(data / SET / "manifest.csv", LABELS, "test")
    fields = list(_read(table[table["label"].isin(COVERED)], data / SET))
    others = list(_read(table[~table["label"].isin(COVERED)], data / SET))
    found, rng = [find(field.display) for field in fields], np.random.default_rng(seed)
    outlined = [field.outlined(made.labels) for field, made in zip(fields, found, strict=True)]
    worse = (field.outlined(find(degrade(field.display, rng)).labels) for field in fields)
    plain = (field.outlined(otsu_watershed(stretched(field.display))) for field in fields)
    foreign = (field.outlined(find(field.display).labels) for field in others)
    p, belongs = sampled_pixels([f.maps.interior for f in found], [f.true for f in fields], PIXELS_EACH, seed)
    pixels = _Sampled(p.reshape(len(fields), -1), belongs.reshape(len(fields), -1), _numbers(fields))
    baseline = object_measures(plain, data="test", seed=seed)
    return (
        *object_measures(outlined, data="test", seed=seed),
        *count_coverage(outlined, measured, seed),
        *pixels.calibration(seed),
        *reporting.subgroup(object_measures(foreign, data="test", seed=seed), "grey_bright"),
        *object_measures(worse, data="test, degraded", seed=seed),
        *(replace(m, model=BASELINE) for m in baseline if m.measure in ("f1_iou50", "dice")),
    ), pixels.reliability(seed)


def _read(table: pd.DataFrame, folder: Path) -> Iterator[Field]:
    for row in table.itertuples():
        display = np.asarray(Picture.open(str(row.file)).convert("RGB"))
        true = np.asarray(Picture.open(folder / str(row.labels))).astype(np.int32)
        yield Field(display, true, str(row.group), str(row.label))


def _numbers(fields: Sequence[Field]) -> Ints:
    """The number of each image's label, (n,)."""
    return np.unique([field.label for field in fields], return_inverse=True)[1]


def count_coverage(outlined: Sequence[Outlined], measured: Measured, seed: int) -> tuple[Measure, ...]:
    """The share of images whose true count lies in the interval around the found one: of all, then of each label."""
    assert measured.outlines is not None
    low, high = measured.outlines.size_factors
    counts = np.array([(o.found.max(), len(np.unique(o.true[o.true > 0]))) for o in outlined])
    inside = (low * counts[:, 0] <= counts[:, 1]) & (counts[:, 1] <= high * counts[:, 0])
    label = np.array([o.subgroup for o in outlined])
    made = []
    for name in ("", *np.unique(label)):
        rows = inside[label == name] if name else inside
        share = _by_image(lambda at, rows=rows: np.array([rows[at].mean()]), np.zeros(len(rows), np.int64), seed)[0]
        made.append(Measure("coverage", share.value, share.low, share.high, len(rows), len(rows), "test", str(name)))
    return tuple(made)


def _by_image(statistic: Callable[[Ints], Floats], strata: Ints, seed: int) -> list[Interval]:
    return bootstrap(statistic, np.arange(len(strata)), strata, np.random.default_rng(seed), DRAWS)


@dataclass(frozen=True, eq=False)
class _Sampled:
    """Pixels of every image, (n, pixels): the probability that they belong to a nucleus, and whether they do."""

    p: NDArray[np.float32]
    belongs: Ints
    label: Ints

    def calibration(self, seed: int) -> tuple[Measure, ...]:
        """Slope, intercept and error of the pixels' probabilities, with intervals that resample images."""

        def statistic(rows: Ints) -> Floats:
            p, y = self._pairs(rows)
            intercept, slope = calibration_line(y, p[:, 1])
            return np.array([slope, intercept, calibration_error(y, p)])

        n, names = len(self.p), ("calibration_slope", "calibration_intercept", "calibration_error")
        ideal = ideal_calibration_error(self._pairs(np.arange(n))[0], np.random.default_rng(seed))
        return tuple(
            Measure(name, i.value, i.low, i.high, n, n, "test", ideal=ideal if name == names[2] else None)
            for name, i in zip(names, _by_image(statistic, self.label, seed), strict=True)
        )

    def _pairs(self, rows: Ints) -> tuple[Floats, Ints]:
        p = self.p[rows].ravel().astype(np.float64)
        return np.stack([1 - p, p], axis=-1), self.belongs[rows].ravel()

    def reliability(self, seed: int, bins: int = 10) -> tuple[Reliability, ...]:
        """How often pixels belong to a nucleus by their probability, in bins of equal width; n are pixels."""
        at = np.minimum((self.p * bins).astype(np.int64), bins - 1)
        inside = np.stack([at == k for k in range(bins)])
        n, positive = inside.sum(axis=2).astype(np.float64), (inside * self.belongs).sum(axis=2).astype(np.float64)
        intervals = _by_image(
            lambda rows: positive[:, rows].sum(axis=1) / np.maximum(n[:, rows].sum(axis=1), 1), self.label, seed
        )
        mean = [float(self.p[chosen].mean()) if chosen.any() else float("nan") for chosen in inside]
        return tuple(
            Reliability(mean[k], i.value, i.low, i.high, int(n[k].sum()))
            for k, i in enumerate(intervals)
            if n[k].sum() > 0
        )

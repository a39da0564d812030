"""How well outlines match those drawn by people: one region an image, or many objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medai_core.cards import Measure
from medai_core.imaging.instances import matched
from medai_core.imaging.regions import dice
from medai_core.metrics import Floats, Ints, bootstrap

Labels = NDArray[np.integer] | NDArray[np.bool_]
"""(y, x): 0 (or False) where nothing is, else the number of an object (or True: the region)."""


@dataclass(frozen=True, eq=False)
class Outlined:
    """One image of a manifest: what was found and what people drew, both (y, x).

    ``group`` : the patient, exam or block that the image belongs to; ``subgroup`` : what results are told apart by.
    """

    found: Labels
    true: Labels
    group: str
    subgroup: str = ""


@dataclass(frozen=True, eq=False)
class _Scores:
    """A row an image: its scores, its group and its subgroup."""

    rows: Floats
    group: Sequence[str]
    subgroup: Sequence[str]

    def chosen(self, subgroup: str) -> _Scores:
        places = [i for i, name in enumerate(self.subgroup) if name == subgroup]
        return _Scores(self.rows[places], [self.group[i] for i in places], [subgroup] * len(places))


def region_measures(images: Iterable[Outlined], *, data: str, seed: int = 0, draws: int = 1000) -> tuple[Measure, ...]:
    """Of one region an image: the mean ``dice`` and ``dice_median``, with 95 % intervals by group bootstrap.

    An image in which neither the model nor people outlined anything has a Dice coefficient of 1.

    Parameters
    ----------
    images : looked at one by one, so a generator will do. All, then each subgroup where there are several.
    data : where the images are from, as it will stand in the card.
    """
    scores = _scores(images, lambda image: [dice(image.found > 0, image.true > 0)])
    return _measures(scores, REGION, data=data, seed=seed, draws=draws)


def object_measures(images: Iterable[Outlined], *, data: str, seed: int = 0, draws: int = 1000) -> tuple[Measure, ...]:
    """Of many objects an image, with 95 % intervals by group bootstrap.

    ``f1_iou50``, ``sensitivity_iou50`` and ``precision_iou50`` count the objects of all images together; a found
    and a drawn object match at an intersection over union of 0.5 or more. ``f1_iou50_mean`` is the mean over
    images, ``dice`` and ``dice_median`` are those of all objects' pixels, and ``count_error`` is the mean of
    the difference of the counts as a share of the true one (images without any object are left out of it).

    Parameters
    ----------
    images, data : as in ``region_measures``.
    """
    return _measures(_scores(images, _object_scores), OBJECTS, data=data, seed=seed, draws=draws)


def _object_scores(image: Outlined) -> list[float]:
    """Dice, hits, missed, extra."""
    found, true = np.asarray(image.found, np.int32), np.asarray(image.true, np.int32)
    return [dice(found > 0, true > 0), *matched(found, true)]


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def _f1(hits: Any, missed: Any, extra: Any) -> Any:
    """Of numbers or of arrays; 1 where there is nothing to find and nothing was found."""
    every = 2 * hits + missed + extra
    return np.where(every > 0, 2 * hits / np.maximum(every, 1), 1.0)


def _count_error(rows: Floats) -> float:
    true, found = rows[:, 1] + rows[:, 2], rows[:, 1] + rows[:, 3]
    some = true > 0
    return float((np.abs(found - true)[some] / true[some]).mean()) if some.any() else float("nan")


Statistics = dict[str, Callable[[Floats], float]]
"""From the rows of some images to a measure."""

REGION: Statistics = {"dice": lambda rows: rows[:, 0].mean(), "dice_median": lambda rows: np.median(rows[:, 0])}
OBJECTS: Statistics = {
    "f1_iou50": lambda rows: float(_f1(*rows[:, 1:].sum(axis=0))),
    "f1_iou50_mean": lambda rows: _f1(*rows[:, 1:].T).mean(),
    "sensitivity_iou50": lambda rows: _share(rows[:, 1].sum(), rows[:, [1, 2]].sum()),
    "precision_iou50": lambda rows: _share(rows[:, 1].sum(), rows[:, [1, 3]].sum()),
    **REGION,
    "count_error": _count_error,
}


def _scores(images: Iterable[Outlined], score: Callable[[Outlined], list[float]]) -> _Scores:
    rows, group, subgroup = [], [], []
    for image in images:
        rows.append(score(image))
        group.append(image.group)
        subgroup.append(image.subgroup)
    return _Scores(np.array(rows, dtype=np.float64), group, subgroup)


def _measures(scores: _Scores, names: Statistics, *, data: str, seed: int, draws: int) -> tuple[Measure, ...]:
    """Over all images, then over each subgroup."""
    found = _bootstrapped(scores, names, "", data=data, seed=seed, draws=draws)
    several = sorted(set(scores.subgroup))
    for name in several if len(several) > 1 else ():
        found += _bootstrapped(scores.chosen(name), names, name, data=data, seed=seed, draws=draws)
    return tuple(found)


def _bootstrapped(
    scores: _Scores, names: Statistics, subgroup: str, *, data: str, seed: int, draws: int
) -> list[Measure]:
    groups = np.unique(scores.group, return_inverse=True)[1]
    strata = np.unique(scores.subgroup, return_inverse=True)[1]

    def statistic(rows: Ints) -> Floats:
        return np.array([value(scores.rows[rows]) for value in names.values()])

    intervals = bootstrap(statistic, groups, strata, np.random.default_rng(seed), draws)
    n, several = len(groups), int(groups.max()) + 1
    return [
        Measure(name, i.value, i.low, i.high, n, several, data, subgroup)
        for name, i in zip(names, intervals, strict=True)
    ]

"""From a manifest and a model to measures: the same for a recipe and for ``evaluate``."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medai_core.cards import Measure
from medai_core.errors import ImageError, ManifestError
from medai_core.evaluation.manifests import Unit, read_manifest, units_of
from medai_core.metrics import (
    Floats,
    Interval,
    Ints,
    area_under_curve,
    bootstrap,
    calibration_error,
    calibration_line,
    ideal_calibration_error,
    in_sets,
    recalls,
)

__all__ = [
    "Answer",
    "Predictions",
    "Rule",
    "Unread",
    "decide",
    "measure_names",
    "measure_values",
    "measures",
    "predict",
    "predictions_table",
    "read_manifest",
    "rounded",
    "with_and_without_refusals",
]


@dataclass(frozen=True, eq=False)
class Predictions:
    """A model's answers to the images of a manifest, or to those that are read together.

    Attributes
    ----------
    names : the classes. file : of the image, or the name of what several images were read together as.
    label : (n,), class numbers; group : (n,), numbers of patients, exams or blocks.
    probability : (n, classes), calibrated, also where the reading is refused.
    refused : (n,).
    """

    names: tuple[str, ...]
    file: tuple[str, ...]
    label: Ints
    group: tuple[str, ...]
    probability: Floats
    refused: NDArray[np.bool_]

    def chosen(self, rows: NDArray[np.bool_]) -> Predictions:
        """Some of the rows."""
        places = np.flatnonzero(rows)
        return Predictions(
            self.names,
            tuple(self.file[i] for i in places),
            self.label[places],
            tuple(self.group[i] for i in places),
            self.probability[places],
            self.refused[places],
        )


@dataclass(frozen=True)
class Rule:
    """How probabilities become decisions: the thresholds by class name, and the conformal quantile (or one a class)."""

    thresholds: dict[str, float]
    quantile: float | tuple[float, ...]


class Answer(Protocol):
    """From the bytes of a file, or of those that are read together, to probabilities and whether they are refused."""

    def __call__(self, *files: bytes) -> tuple[Floats, bool]:
        """The probabilities of the classes, (classes,), and whether the reading is refused."""


@dataclass(frozen=True)
class Unread:
    """A file of a manifest that could not be read, and why."""

    file: str
    reason: str


def predict(
    table: pd.DataFrame, names: Sequence[str], answer: Answer, unit: str = ""
) -> tuple[Predictions, tuple[Unread, ...]]:
    """The model's answers to a manifest's rows, and the files that could not be read (left out of the answers).

    Parameters
    ----------
    unit : the column whose rows of one value are read together and answered once, as ``InputSpec.unit`` has it. A
        row without a value, and every row where there is no such column, is answered alone.

    Raises
    ------
    ManifestError : not one file could be read; rows that are read together differ in label or group.
    """
    unread: list[Unread] = []
    kept, probabilities, refused = [], [], []
    units = units_of(table, unit)
    for i, (p, no) in _answers(units, answer, unread):
        kept.append(i)
        probabilities.append(p)
        refused.append(no)
    if not kept:
        raise ManifestError("manifest.unread", path="-", count=len(unread), detail=unread[0].reason)
    rows = pd.DataFrame([vars(units[i]) for i in kept])
    label = np.array([list(names).index(x) for x in rows["label"]])
    made = Predictions(
        tuple(names), tuple(rows["name"]), label, tuple(rows["group"]), np.array(probabilities), np.array(refused)
    )
    return made, tuple(unread)


def _answers(units: Sequence[Unit], answer: Answer, unread: list[Unread]) -> Iterator[tuple[int, tuple[Floats, bool]]]:
    for i, unit in enumerate(units):
        try:
            yield i, answer(*(Path(file).read_bytes() for file in unit.files))
        except (ImageError, OSError) as error:
            unread.append(Unread(unit.name, str(error)))


def measures(made: Predictions, rule: Rule, *, data: str, seed: int = 0, draws: int = 1000) -> tuple[Measure, ...]:
    """Every measure with its 95 % interval by group bootstrap.

    Refused readings count here as answered; ``with_and_without_refusals`` gives both.

    Parameters
    ----------
    data : where the images are from, as it will stand in the card.
    """
    names = measure_names(made.names)
    groups = np.unique(made.group, return_inverse=True)[1]
    rng = np.random.default_rng(seed)

    def statistic(rows: Ints) -> Floats:
        return measure_values(made.label[rows], made.probability[rows], made.names, rule)

    intervals = bootstrap(statistic, groups, made.label, rng, draws)
    ideal = ideal_calibration_error(made.probability, rng)
    return tuple(
        Measure(
            name,
            i.value,
            i.low,
            i.high,
            len(groups),
            int(groups.max()) + 1,
            data,
            ideal=ideal if name == "calibration_error" else None,
        )
        for name, i in zip(names, intervals, strict=True)
    )


def with_and_without_refusals(
    made: Predictions, rule: Rule, *, data: str, seed: int = 0, draws: int = 1000
) -> tuple[Measure, ...]:
    """``measures`` over all, the share refused and, where some are, over the accepted (``..._accepted``)."""
    every = measures(made, rule, data=data, seed=seed, draws=draws)
    groups = np.unique(made.group, return_inverse=True)[1]
    share = _share(made.refused, groups, made.label, seed, draws)
    refused = Measure("refused_share", share.value, share.low, share.high, len(groups), int(groups.max()) + 1, data)
    if made.refused.all() or not made.refused.any():
        return (*every, refused)
    accepted = measures(made.chosen(~made.refused), rule, data=data, seed=seed, draws=draws)
    return (*every, refused, *(Measure(**{**vars(m), "measure": f"{m.measure}_accepted"}) for m in accepted))


def _share(flag: NDArray[np.bool_], groups: Ints, strata: Ints, seed: int, draws: int) -> Interval:
    return bootstrap(lambda rows: np.array([flag[rows].mean()]), groups, strata, np.random.default_rng(seed), draws)[0]


def decide(probability: Floats, names: Sequence[str], thresholds: dict[str, float]) -> Ints:
    """The class that each image is called, (n,): of two by the last one's threshold, else the most probable."""
    if len(names) == 2:
        return (probability[:, 1] >= thresholds.get(names[1], 0.5)).astype(np.int64)
    return np.asarray(probability.argmax(axis=1), dtype=np.int64)


def measure_names(classes: Sequence[str]) -> list[str]:
    """What is measured, in the order of ``measure_values``."""
    against_rest = [f"auc_{name}" for name in classes] if len(classes) > 2 else []
    sensitivities = [f"sensitivity_{name}" for name in classes]
    discrimination = ["auc", *against_rest, "accuracy", "balanced_accuracy", *sensitivities]
    intercepts = (
        ["calibration_intercept"] if len(classes) == 2 else [f"calibration_intercept_{name}" for name in classes]
    )
    return [
        *discrimination,
        "brier",
        "log_loss",
        "calibration_slope",
        *intercepts,
        "calibration_error",
        "coverage",
        "set_size",
    ]


def measure_values(label: Ints, p: Floats, names: Sequence[str], rule: Rule) -> Floats:
    """The values of ``measure_names``, in its order; nan where one is not defined."""
    decided = decide(p, names, rule.thresholds)
    by_class = recalls(label, decided, len(names))
    truth = np.eye(len(names))[label]
    inside = in_sets(p, rule.quantile)
    rows = np.arange(len(label))
    return np.array(
        [
            area_under_curve(label, p),
            *_against_rest(label, p),
            (decided == label).mean(),
            by_class.mean(),
            *by_class,
            ((p - truth) ** 2).sum(axis=1).mean() / (2 if len(names) == 2 else 1),
            -np.log(np.clip(p[rows, label], 1e-12, 1)).mean(),
            *_calibration(label, p),
            calibration_error(label, p),
            inside[rows, label].mean(),
            inside.sum(axis=1).mean(),
        ]
    )


def _against_rest(label: Ints, p: Floats) -> list[float]:
    """The AUC of each class against all others, where there are more than two."""
    if p.shape[1] == 2:
        return []
    pairs = (np.stack([1 - p[:, k], p[:, k]], axis=1) for k in range(p.shape[1]))
    return [area_under_curve((label == k).astype(np.int64), pair) for k, pair in enumerate(pairs)]


def _calibration(label: Ints, p: Floats) -> list[float]:
    """The slope, then the intercept of the last class for two classes, of every class for more.

    For more than two classes the slope is that of all one-against-rest pairs pooled.
    """
    lines = [calibration_line((label == k).astype(np.int64), p[:, k]) for k in range(p.shape[1])]
    if p.shape[1] == 2:
        return [lines[1][1], lines[1][0]]
    pooled = calibration_line(np.eye(p.shape[1], dtype=np.int64)[label].ravel(), p.ravel())
    return [pooled[1], *(line[0] for line in lines)]


def predictions_table(made: Predictions) -> pd.DataFrame:
    """``file, group, label, refused`` and one column a class, named as the finding."""
    table = pd.DataFrame(
        {"file": made.file, "group": made.group, "label": [made.names[k] for k in made.label], "refused": made.refused}
    )
    return table.assign(**{name: made.probability[:, k] for k, name in enumerate(made.names)})


def rounded(value: float) -> float | None:
    """Four decimals for a report; None for what is undefined, since JSON has no nan."""
    return None if math.isnan(value) else round(value, 4)

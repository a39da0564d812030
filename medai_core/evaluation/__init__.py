"""From a manifest and a model to measures: the same for a recipe and for ``evaluate``."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medai_core.cards import Measure
from medai_core.errors import ImageError, ManifestError
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

COLUMNS = ("file", "label", "group")


@dataclass(frozen=True, eq=False)
class Predictions:
    """A model's answers to the images of a manifest.

    Attributes
    ----------
    names : the classes.
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


def read_manifest(path: Path, names: Sequence[str] | None, split: str | None = None) -> pd.DataFrame:
    """The rows of a manifest, every column as text; ``file`` becomes a full path.

    Parameters
    ----------
    names : the labels that the model knows; None where the labels are only what results are told apart by.
    split : keep only this value of the column ``split``; None keeps all.

    Raises
    ------
    ManifestError : unreadable, a column or a file is missing, a label is unknown, nothing is left.
    """
    table = _read_table(path)
    missing = [c for c in (*COLUMNS, *(["split"] if split else [])) if c not in table]
    if missing:
        raise ManifestError("manifest.columns", path=str(path), missing=", ".join(missing))
    if split:
        table = table[table["split"] == split]
    if table.empty:
        raise ManifestError("manifest.empty", path=str(path), split=f" in the split '{split}'" if split else "")
    unknown = sorted(set(table["label"]) - set(names)) if names is not None else []
    if unknown and names is not None:
        raise ManifestError("manifest.labels", path=str(path), unknown=", ".join(unknown), known=", ".join(names))
    table = table.assign(file=[str(path.parent / file) for file in table["file"]])
    absent = [(row, file) for row, file in zip(table.index + 2, table["file"], strict=True) if not Path(file).is_file()]
    if absent:
        row, file = absent[0]
        raise ManifestError("manifest.missing_files", path=str(path), count=len(absent), row=int(row), file=file)
    return table.reset_index(drop=True)


def _read_table(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise ManifestError("manifest.unreadable", path=str(path), detail=str(error)) from error


Answer = Callable[[bytes], tuple[Floats, bool]]
"""From the bytes of a file to the class probabilities and whether a reading is refused."""


@dataclass(frozen=True)
class Unread:
    """A file of a manifest that could not be read, and why."""

    file: str
    reason: str


def predict(table: pd.DataFrame, names: Sequence[str], answer: Answer) -> tuple[Predictions, tuple[Unread, ...]]:
    """The model's answers to a manifest's rows, and the files that could not be read (left out of the answers).

    Raises
    ------
    ManifestError : not one file could be read.
    """
    unread: list[Unread] = []
    kept, probabilities, refused = [], [], []
    for i, (p, no) in _answers(table, answer, unread):
        kept.append(i)
        probabilities.append(p)
        refused.append(no)
    if not kept:
        raise ManifestError("manifest.unread", path="-", count=len(unread), detail=unread[0].reason)
    rows = table.iloc[kept]
    label = np.array([list(names).index(x) for x in rows["label"]])
    made = Predictions(
        tuple(names), tuple(rows["file"]), label, tuple(rows["group"]), np.array(probabilities), np.array(refused)
    )
    return made, tuple(unread)


def _answers(table: pd.DataFrame, answer: Answer, unread: list[Unread]) -> Iterator[tuple[int, tuple[Floats, bool]]]:
    for i, file in enumerate(table["file"]):
        try:
            yield i, answer(Path(file).read_bytes())
        except (ImageError, OSError) as error:
            unread.append(Unread(file, str(error)))


def measures(made: Predictions, rule: Rule, *, data: str, seed: int = 0, draws: int = 1000) -> tuple[Measure, ...]:
    """Every measure with its 95 % interval by group bootstrap.

    Refused readings count here as answered; ``with_and_without_refusals`` gives both.

    Parameters
    ----------
    data : where the images are from, as it will stand in the card.
    """
    names = _names(made.names)
    groups = np.unique(made.group, return_inverse=True)[1]
    rng = np.random.default_rng(seed)

    def statistic(rows: Ints) -> Floats:
        return _values(made.label[rows], made.probability[rows], made.names, rule)

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


def _names(classes: Sequence[str]) -> list[str]:
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


def _values(label: Ints, p: Floats, names: Sequence[str], rule: Rule) -> Floats:
    """The values of ``_names``, in its order."""
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

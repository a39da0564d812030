"""Ways to place a patient in a subtype, compared on patients left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from sklearn.linear_model import LogisticRegression

from medai_core.cards import Approach, Card
from medai_core.metrics import Floats, Ints, recalls
from medai_core.precision.genomics.placing import SubtypeModel, logits
from medai_core.training.subtypes.cohort import Subtyping, fit
from medai_core.training.subtypes.leaving_out import FOLDS, UNIT, Setting, in_setting, left_out

CHOSEN = "nearest centroid, genes by the square of their difference"


def compare(card: Card, cohort: Subtyping, settings: Sequence[Setting], seed: int) -> list[Approach]:
    """The balanced accuracy of each way in each setting, over one round of folds; none is calibrated."""
    k = len(card.findings)
    rng = np.random.default_rng(seed)
    fold = rng.permutation(np.arange(len(cohort.label)) % FOLDS)
    plain = replace(UNIT, slope=30.0, offsets=(0.0,) * k)
    called: dict[tuple[str, str], Ints] = {}
    for out, found in left_out(cohort, k, fold):
        model = fit(card, cohort.values[~out], found, cohort)
        for s in settings:
            columns = s.columns(rng)
            profile = in_setting(model, cohort.values[out], columns, plain, s.foreign, rng)
            train = in_setting(model, cohort.values[~out], columns, plain, False, rng)
            for name, way in WAYS.items():
                into = called.setdefault((name, s.name), np.zeros(len(out), np.int64))
                into[out] = way(model, columns, profile, train, found)
    return [
        Approach(name, f"balanced accuracy, {where}", _balanced(cohort.label - 1, rows, k), name == CHOSEN)
        for (name, where), rows in called.items()
    ]


def _balanced(label: Ints, called: Ints, k: int) -> float:
    return float(np.mean(recalls(label, called, k)))


def _by(weights: Callable[[SubtypeModel], Floats]) -> Callable[..., Ints]:
    def way(model: SubtypeModel, columns: Ints, profile: Floats, train: Floats, label: Ints) -> Ints:
        plain = replace(UNIT, offsets=(0.0,) * len(model.centroids))
        return np.asarray(logits(replace(model, weights=weights(model)), columns, profile, plain).argmax(axis=1))

    return way


def _by_correlation(model: SubtypeModel, columns: Ints, profile: Floats, train: Floats, label: Ints) -> Ints:
    away = profile - model.mean[columns]
    centroids = model.centroids[:, columns] - model.mean[columns]
    found = np.asarray(np.corrcoef(np.vstack([centroids, away])))[len(centroids) :, : len(centroids)]
    return np.asarray(found.argmax(axis=1))


def _by_regression(model: SubtypeModel, columns: Ints, profile: Floats, train: Floats, label: Ints) -> Ints:
    axes = np.linalg.pinv(model.loadings[columns])
    mean = model.mean[columns]
    fitted = LogisticRegression(C=0.05, max_iter=1000).fit((train - mean) @ axes.T, label - 1)
    return np.asarray(fitted.predict((profile - mean) @ axes.T))


WAYS: dict[str, Callable[..., Ints]] = {
    CHOSEN: _by(lambda model: model.weights),
    "nearest centroid, genes by their difference": _by(lambda model: np.sqrt(model.weights)),
    "nearest centroid, genes alike": _by(lambda model: np.ones_like(model.weights)),
    "nearest centroid, genes in their spread": _by(lambda model: model.spread**-2),
    "correlation with the centroids": _by_correlation,
    "logistic regression on principal components": _by_regression,
}

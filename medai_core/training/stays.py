"""From stays with their outcomes to the members of a model that watches, and what each says of stays it never saw."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from medai_core.cards import Card
from medai_core.metrics import Floats, Ints
from medai_core.prognosis.monitoring.cohort import StayCohort
from medai_core.prognosis.monitoring.hours import LAST, Hours
from medai_core.prognosis.monitoring.model import columns_of
from medai_core.prognosis.monitoring.summaries import Columns, Scaling, after_hour, nothing_known
from medai_core.training.recipes import say
from medai_core.training.recurrent import Rows, fit_network, network_scores
from medai_core.training.trees import Nodes, from_boosting

TREES = {
    "learning_rate": 0.04,
    "max_leaf_nodes": 8,
    "max_iter": 300,
    "l2_regularization": 10.0,
    "max_features": 0.1,
    "min_samples_leaf": 60,
    "early_stopping": False,
}
"""Boosting on summaries; chosen in cross-validation among five shapes."""
PENALTY = 0.003
"""Inverse penalty of the logistic regression."""
KEPT_SHARE = 0.25
"""The share of hours without an event that trees and lines are fitted to where every hour has its own label."""


def fit_scaling(hours: Hours) -> Scaling:
    """Mean and width of each parameter's values; logarithms where the values are far from symmetric."""
    logged, centre, scale = np.zeros(hours.parameters), np.zeros(hours.parameters), np.ones(hours.parameters)
    for i in range(hours.parameters):
        value = hours.cells[hours.parameter == i, LAST]
        if len(value) < 10 or value.std() == 0:
            continue
        skewness = float(((value - value.mean()) ** 3).mean() / value.std() ** 3)
        if skewness > 2 and value.min() >= 0:
            logged[i], value = 1.0, np.log1p(value)
        centre[i], scale[i] = value.mean(), max(value.std(), 1e-6)
    return Scaling(logged, centre, scale)


def rows_of(card: Card, columns: Columns, cohort: StayCohort) -> Rows:
    """The columns of every hour of every stay; early hours weigh less where one label holds for the whole stay."""
    assert card.monitoring is not None
    length = cohort.hours.length
    start = np.concatenate([[0], np.cumsum(length)])
    X = np.zeros((int(start[-1]), len(columns.names)), np.float32)
    state = nothing_known(len(cohort), cohort.hours.parameters)
    for hour in range(int(length.max())):
        cells, passed = cohort.hours.at(hour), np.full(len(cohort), float(hour))
        state = after_hour(state, cells, passed)
        on = np.flatnonzero(length > hour)
        X[start[on] + hour] = columns.of(state[on], cells[on], passed[on])
    stay = np.repeat(np.arange(len(cohort)), length)
    hour_of_row = np.arange(len(X)) - start[stay]
    label = cohort.label[stay, hour_of_row]
    share = hour_of_row / max(card.monitoring.last_hour, 1) if card.monitoring.last_hour else np.ones(len(X))
    weight = np.where(label >= 0, 0.2 + 0.8 * share, 0.0)
    return Rows(X, start, np.maximum(label, 0).astype(np.float32), weight.astype(np.float32))


def summary_rows(card: Card, rows: Rows, stays: Ints, seed: int) -> tuple[Ints, Floats]:
    """The rows that trees and lines are fitted to, and how much each counts."""
    assert card.monitoring is not None
    spec, own = card.monitoring, rows.of(stays)
    own = own[rows.weight[own] > 0]
    if not spec.outcomes.hour:
        hour = own - rows.start[rows.stay[own]] + 1
        wanted = np.isin(hour, np.arange(spec.first_hour, spec.last_hour + 1, 12))
        return own[wanted], np.ones(int(wanted.sum()))
    event = rows.label[own] > 0
    kept = event | (np.random.default_rng(seed).random(len(own)) < KEPT_SHARE)
    return own[kept], np.where(event[kept], 1.0, 1 / KEPT_SHARE)


@dataclass(frozen=True, eq=False)
class Member:
    """One resample's network, trees with their base, and line (1 + columns)."""

    network: keras.Model
    boosting: HistGradientBoostingClassifier
    line: Floats

    @property
    def trees(self) -> tuple[list[Nodes], float]:
        """The trees as plain arrays, and what is added to them."""
        nodes = [from_boosting(p[0].nodes) for p in self.boosting._predictors]
        return nodes, float(np.ravel(self.boosting._baseline_prediction)[0])

    def scores(self, rows: Rows, stays: Ints) -> dict[str, Floats]:
        """What each estimator says of every hour of ``stays``."""
        X = rows.X[rows.of(stays)]
        return {
            "lstm": network_scores(self.network, rows, stays),
            "boosting": np.asarray(self.boosting.decision_function(X)),
            "logistic": X @ self.line[1:] + self.line[0],
        }


@dataclass(frozen=True)
class Effort:
    """How much is fitted: members, folds, epochs of the networks and trees of an ensemble."""

    members: int
    folds: int = 5
    epochs: int = 12
    trees: int = 300


def fit_member(
    card: Card, rows: Rows, columns: Columns, cohort: StayCohort, stays: Ints, path: Path, effort: Effort, seed: int
) -> Member:
    """The three estimators fitted to one resample of the patients of ``stays``."""
    count = resample(cohort.group[stays], seed)
    network = fit_network(rows, np.repeat(stays, count), columns, path, epochs=effort.epochs, seed=seed)
    own, weight = summary_rows(card, rows, stays, seed)
    times = np.zeros(len(cohort))
    times[stays] = count
    weight = weight * times[rows.stay[own]]
    own, weight = own[weight > 0], weight[weight > 0]
    boosting = fit_boosting(rows.X[own], rows.label[own], weight, effort.trees, seed)
    return Member(network, boosting, fit_line(rows.X[own], rows.label[own], weight))


def fit_boosting(
    X: NDArray[np.float32], label: NDArray[np.float32], weight: Floats, trees: int, seed: int
) -> HistGradientBoostingClassifier:
    """Boosted trees for the event."""
    options: dict[str, Any] = TREES | {"max_iter": trees, "random_state": seed}
    return HistGradientBoostingClassifier(**options).fit(X, label.astype(int), weight)


def fit_line(X: NDArray[np.float32], label: NDArray[np.float32], weight: Floats) -> Floats:
    """A logistic regression for the event: the intercept and the coefficients."""
    fitted = LogisticRegression(C=PENALTY, solver="newton-cholesky", max_iter=100)
    fitted.fit(X.astype(np.float64), label.astype(int), weight * len(weight) / weight.sum())
    return np.concatenate([fitted.intercept_, fitted.coef_[0]])


def resample(group: Ints, seed: int) -> Ints:
    """How often each stay is drawn when patients are drawn with replacement."""
    names, member = np.unique(group, return_inverse=True)
    drawn = np.random.default_rng(seed).integers(0, len(names), len(names))
    return np.asarray(np.bincount(drawn, minlength=len(names))[member], dtype=np.int64)


def held_out(
    card: Card, rows: Rows, columns: Columns, cohort: StayCohort, fold: Ints, work: Path, effort: Effort, seed: int
) -> dict[str, Floats]:
    """What models say of every hour of stays that none of their parts ever saw, (hours in all, members) each."""
    found: dict[str, Floats] = {}
    for k in range(int(fold.max()) + 1):
        seen, unseen = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        for m in range(effort.members):
            path = work / f"fold_{k}_member_{m}.keras"
            kept = path.with_suffix(".npz")
            scores = read(kept)
            if scores is None:
                member = fit_member(card, rows, columns, cohort, seen, path, effort, seed + 100 * k + m)
                scores = member.scores(rows, unseen)
                np.savez(kept, allow_pickle=False, **scores)
            for name, values in scores.items():
                found.setdefault(name, np.full((len(rows.X), effort.members), np.nan))[rows.of(unseen), m] = values
            say(f"{card.name}: fold {k + 1}, member {m + 1} of {effort.members}")
    return found


def read(path: Path) -> dict[str, Floats] | None:
    """Scores that an earlier run kept."""
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def prepared(card: Card, cohort: StayCohort) -> tuple[Columns, Rows]:
    """The columns that fit a cohort, and its rows."""
    columns = columns_of(card, fit_scaling(cohort.hours))
    return columns, rows_of(card, columns, cohort)

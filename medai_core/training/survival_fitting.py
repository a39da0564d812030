"""Fitting survival: rival approaches in nested cross-validation, and the model that serves with its refits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from medai_core.evaluation.survival import Foretold
from medai_core.metrics import Floats, Ints
from medai_core.metrics.survival import survival_share
from medai_core.precision.survival.cox import baseline_hazard, fit_cox, log_likelihood, risk_sets
from medai_core.prognosis.cohorts import folds

COMPONENTS = 15
"""Main components of expression that the trees see."""


@dataclass(frozen=True, eq=False)
class People:
    """n people with their outcomes and what is known of them, in blocks of columns (n, ...) by name."""

    time: Floats
    happened: Ints
    blocks: Mapping[str, Floats]

    def chosen(self, rows: Ints) -> People:
        """Some of them."""
        return People(self.time[rows], self.happened[rows], {name: X[rows] for name, X in self.blocks.items()})

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True, eq=False)
class Told:
    """Log-hazards (n,) and survival at the horizons (n, horizons) of people who were not fitted to."""

    log_hazard: Floats
    survival: Floats


Approach = Callable[[People, People, tuple[float, ...], int], Told]
"""From people to fit to, people to predict, horizons and a seed."""


@dataclass(frozen=True, eq=False)
class Cox:
    """Proportional hazards by some blocks, each with a ridge from its grid, chosen in inner cross-validation.

    Attributes
    ----------
    grids : the penalties tried for each block, of standardised columns.
    """

    grids: Mapping[str, tuple[float, ...]]
    inner: int = 5

    def __call__(self, seen: People, new: People, horizons: tuple[float, ...], seed: int) -> Told:
        X, mean, deviation = standardised(self.columns(seen))
        penalty = self.penalties(seen, self.choose(seen, seed))
        found = fit_cox(X, seen.time, seen.happened, penalty)
        z = (self.columns(new) - mean) / deviation @ found
        hazard = baseline_hazard(seen.time, seen.happened, X @ found, np.array(horizons))
        return Told(z, np.exp(-np.exp(np.clip(z, -20, 20))[:, None] * hazard))

    def columns(self, people: People) -> Floats:
        """The blocks side by side."""
        return np.concatenate([people.blocks[name] for name in self.grids], axis=1)

    def penalties(self, people: People, chosen: tuple[float, ...]) -> Floats:
        """A penalty for each column."""
        widths = [people.blocks[name].shape[1] for name in self.grids]
        return np.repeat(np.array(chosen, dtype=np.float64), widths)

    def choose(self, people: People, seed: int) -> tuple[float, ...]:
        """The penalties of the greatest cross-validated partial likelihood (Verweij and van Houwelingen 1993)."""
        tried = list(product(*self.grids.values()))
        if len(tried) == 1:
            return tried[0]
        fold = folds(np.arange(len(people)), people.happened, self.inner, seed)
        whole = risk_sets(people.time, people.happened)
        worth = np.zeros(len(tried))
        for k in range(self.inner):
            seen = people.chosen(np.flatnonzero(fold != k))
            X, mean, deviation = standardised(self.columns(seen))
            own = risk_sets(seen.time, seen.happened)
            everybody = (self.columns(people) - mean) / deviation
            for i, penalty in enumerate(tried):
                found = fit_cox(X, seen.time, seen.happened, self.penalties(people, penalty))
                worth[i] += log_likelihood(whole, everybody @ found) - log_likelihood(own, X @ found)
        return tried[int(worth.argmax())]


def standardised(X: Floats) -> tuple[Floats, Floats, Floats]:
    """Columns of mean 0 and deviation 1, the means and the deviations; a constant column stays 0."""
    mean, deviation = X.mean(axis=0), X.std(axis=0)
    deviation = np.where(deviation > 1e-9, deviation, 1.0)
    return (X - mean) / deviation, mean, deviation


def boosted(seen: People, new: People, horizons: tuple[float, ...], seed: int) -> Told:
    """Boosted trees on discrete time: the chance of the event in each year, of who lived to it (Singer, Willett 1993).

    They see history, treatment and the main components of expression, and so may bend and combine as they like.
    """
    last = int(max(horizons))
    _, mean, deviation = standardised(seen.blocks["expression"])
    scaled = (seen.blocks["expression"] - mean) / deviation
    axes = np.linalg.svd(scaled, full_matrices=False)[2][:COMPONENTS].T

    def features(people: People) -> Floats:
        parts = [people.blocks["history"], people.blocks["treatment"]]
        return np.concatenate([*parts, (people.blocks["expression"] - mean) / deviation @ axes], axis=1)

    X, y = _by_year(features(seen), seen.time, seen.happened, last)
    trees = HistGradientBoostingClassifier(
        max_iter=60, learning_rate=0.05, max_leaf_nodes=5, min_samples_leaf=20, l2_regularization=5, random_state=seed
    ).fit(X, y)
    own = features(new)
    rows = np.repeat(own, last, axis=0)
    year = np.tile(np.arange(1.0, last + 1), len(own))
    chance = trees.predict_proba(np.column_stack([rows, year]))[:, 1].reshape(len(own), last)
    living = np.cumprod(1 - chance, axis=1)
    told = living[:, [int(h) - 1 for h in horizons]]
    return Told(np.log(-np.log(np.clip(living[:, -1], 1e-9, 1 - 1e-9))), told)


def _by_year(X: Floats, time: Floats, happened: Ints, last: int) -> tuple[Floats, NDArray[np.int64]]:
    """A row for each person and year that they began and were not censored in: the columns and the year; the event."""
    rows, years, events = [], [], []
    for i in range(len(X)):
        ended = int(np.ceil(time[i]))
        full = ended if happened[i] else int(np.floor(time[i]))
        for year in range(1, min(full, last) + 1):
            rows.append(i)
            years.append(float(year))
            events.append(int(happened[i] and year == ended))
    return np.column_stack([X[rows], years]), np.array(events)


def nobody_apart(seen: People, new: People, horizons: tuple[float, ...], seed: int) -> Told:
    """The same survival for everybody, by Kaplan and Meier: what a Brier score is compared with."""
    share = survival_share(seen.time, seen.happened, np.array(horizons))
    return Told(np.zeros(len(new)), np.tile(share, (len(new), 1)))


def cross_validated(
    approach: Approach, people: People, horizons: tuple[float, ...], *, repeats: int, count: int, seed: int
) -> Foretold:
    """Everybody's survival by an approach that never saw them, ``repeats`` times with other folds."""
    log_hazard = np.zeros((repeats, len(people)))
    survival = np.zeros((repeats, len(people), len(horizons)))
    for r in range(repeats):
        fold = folds(np.arange(len(people)), people.happened, count, seed + r)
        for k in range(count):
            out = np.flatnonzero(fold == k)
            told = approach(people.chosen(np.flatnonzero(fold != k)), people.chosen(out), horizons, seed + r)
            log_hazard[r, out], survival[r, out] = told.log_hazard, told.survival
    return Foretold(people.time, people.happened, log_hazard, survival, horizons)

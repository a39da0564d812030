"""Patients left out: what is said of them by subtypes that were found without them, with fewer genes and elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score

from medai_core.cards import Bounds, Card
from medai_core.cards.subtypes import SharedGenes, SplitHalves
from medai_core.evaluation import Predictions
from medai_core.metrics import Floats, Ints, class_quantiles, in_sets, softmax
from medai_core.metrics.survival import log_rank
from medai_core.precision.genomics.clustering import cluster
from medai_core.precision.genomics.matrix import principal_components
from medai_core.precision.genomics.placing import SubtypeModel, in_mixture, logits
from medai_core.precision.genomics.profiles import Shared, among_samples, explained, on_cohort_scale
from medai_core.training.calibration import fit_calibration
from medai_core.training.reporting import share
from medai_core.training.subtypes.cohort import METHOD, Subtyping, fit

FOLDS = 5
TYPICAL, FOREIGN = 0.01, 0.98
"""The share of the cohort's own profiles that may look foreign, and that of shuffled ones that must."""
LEVEL = 0.95
"""The share of patients whose own subtype should be among the possible ones."""
UNIT = SharedGenes(0, 1.0, (), 0.0, 0.0, (), Bounds(0, 0, 0))
"""Distances as they are."""


@dataclass(frozen=True)
class Seen:
    """What is said of the patients left out in a setting.

    Attributes
    ----------
    covered : (n,), whether the own subtype is among the possible ones; size : (n,), how many are.
    """

    made: Predictions
    covered: NDArray[np.bool_]
    size: Ints


@dataclass(frozen=True)
class Setting:
    """A way to be measured: how many genes are shared, and whether each gene has a scale of its own.

    Attributes
    ----------
    name : as it stands in the card; pool : the model's genes that may be shared; count : how many are.
    foreign : each gene shifted and stretched by a random amount, as on another platform.
    """

    name: str
    pool: Ints
    count: int
    foreign: bool = False

    def columns(self, rng: np.random.Generator) -> Ints:
        """Those that are shared this time."""
        return self.pool if self.count == len(self.pool) else np.sort(rng.choice(self.pool, self.count, replace=False))


def settings_of(cohort: Subtyping, fewest: int) -> list[Setting]:
    """Every gene, those with a symbol, 40 % of these and the fewest that are placed; and all but these elsewhere."""
    every = np.arange(len(cohort.matrix.genes))
    named = np.flatnonzero(cohort.symbols != "")
    own = [
        Setting("cross-validation", every, len(every)),
        Setting("cross-validation, gene symbols", named, len(named)),
        Setting("cross-validation, 40 % of the gene symbols", named, round(0.4 * len(named))),
        Setting(f"cross-validation, {fewest} gene symbols", named, fewest),
    ]
    return [*own, *(Setting(f"{s.name}, another platform", s.pool, s.count, True) for s in own[:3])]


def left_out(cohort: Subtyping, k: int, fold: Ints) -> Iterator[tuple[NDArray[np.bool_], Ints]]:
    """For each fold who is left out, and the subtypes of the others found without them, named as in the whole."""
    for number in np.unique(fold):
        out = fold == number
        values = cohort.matrix.values[~out]
        found = cluster(principal_components(values).scores, k, METHOD)
        yield out, as_named(found, cohort.label[~out], k)


def as_named(found: Ints, label: Ints, k: int) -> Ints:
    """Groups with the names of those in ``label`` that they share most samples with."""
    counts = np.zeros((k, k))
    np.add.at(counts, (found - 1, label - 1), 1)
    _, names = linear_sum_assignment(-counts)
    return np.asarray(names[found - 1] + 1, dtype=np.int64)


def in_setting(
    model: SubtypeModel, values: Floats, columns: Ints, fit: SharedGenes, foreign: bool, rng: np.random.Generator
) -> Floats:
    """Profiles of some genes on the cohort's scale."""
    own = values[:, columns]
    mean, spread = model.mean[columns], model.spread[columns]
    if not foreign:
        return on_cohort_scale(own, mean, spread)
    there = own * rng.uniform(0.5, 1.5, len(columns)) + rng.normal(0, 1.5, len(columns))
    everyone = np.ones(len(own), dtype=bool)
    shared = Shared(columns, (), there, "")
    return in_mixture(model, shared, fit, among_samples(there, everyone), everyone)


def calibrated(
    card: Card, cohort: Subtyping, settings: Sequence[Setting], repeats: int, seed: int
) -> tuple[tuple[SharedGenes, ...], dict[str, Seen], dict[str, NDArray[np.bool_]]]:
    """The calibration for each number of genes, what is said of patients left out in each setting, and who of them
    is refused once the genes have changed places.

    What is said of a patient is calibrated on the other folds.
    """
    k = len(card.findings)
    own = [s for s in settings if not s.foreign]
    raw, share, mixed, folds = _distances(card, cohort, own, repeats, seed)
    label = np.tile(cohort.label - 1, repeats)
    n = len(cohort.label)
    shared = []
    for s in own:
        fitted = fit_calibration(-raw[s.name], label)
        noise = float(np.quantile(mixed[s.name], FOREIGN))
        limit = max(float(np.quantile(share[s.name], TYPICAL)), noise)
        p = _held_out(raw[s.name][:n], cohort.label - 1, folds[:n])
        covered = share_of("coverage", sets_of(p, cohort.label - 1, folds[:n])[0], cohort)
        quantiles = never_empty(class_quantiles(cohort.label - 1, p, LEVEL))
        shared.append(SharedGenes(s.count, 1 / fitted.temperature, fitted.offsets, limit, noise, quantiles, covered))
    by_size = {s.genes: s for s in shared}
    others = _foreign_distances(card, cohort, [s for s in settings if s.foreign], by_size, folds[:n], k, seed)
    seen, names = {}, tuple(f.name for f in card.findings)
    for s in settings:
        distance, alike = others[s.name] if s.foreign else (raw[s.name][:n], share[s.name][:n])
        p = _held_out(distance, cohort.label - 1, folds[:n])
        size = by_size[s.count]
        refused = alike < (size.noise_max if s.foreign else size.explained_min)
        made = Predictions(names, cohort.matrix.samples, cohort.label - 1, cohort.matrix.samples, p, refused)
        seen[s.name] = Seen(made, *sets_of(p, cohort.label - 1, folds[:n]))
    caught = {s.name: mixed[s.name] < by_size[s.count].explained_min for s in own}
    return tuple(shared), seen, {name: refused[:n] for name, refused in caught.items()}


def never_empty(quantiles: tuple[float, ...]) -> tuple[float, ...]:
    """Quantiles with which the most probable subtype is always possible."""
    return tuple(max(q, 1 - 1 / len(quantiles)) for q in quantiles)


def sets_of(p: Floats, label: Ints, fold: Ints) -> tuple[NDArray[np.bool_], Ints]:
    """Whether the own subtype is possible and how many are, by quantiles of the other folds, (n,) each."""
    inside = np.zeros_like(p, dtype=bool)
    for number in np.unique(fold):
        out = fold == number
        inside[out] = in_sets(p[out], never_empty(class_quantiles(label[~out], p[~out], LEVEL)))
    return inside[np.arange(len(p)), label], inside.sum(axis=1)


def share_of(name: str, flags: NDArray[np.bool_], cohort: Subtyping) -> Bounds:
    """A share of the cohort with its interval."""
    found = share(name, flags.astype(float).tolist(), cohort.matrix.samples, "")
    return Bounds(found.value, found.low, found.high)


def _distances(
    card: Card, cohort: Subtyping, settings: Sequence[Setting], repeats: int, seed: int
) -> tuple[dict[str, Floats], dict[str, Floats], dict[str, Floats], Ints]:
    """Squared distances (repeats * n, k) and shares explained of patients left out, by setting.

    Then the shares explained when each patient's genes have changed places; and the folds.
    """
    rng = np.random.default_rng(seed)
    n, k = len(cohort.label), len(card.findings)
    raw = {s.name: np.zeros((repeats * n, k)) for s in settings}
    share, mixed = ({s.name: np.zeros(repeats * n) for s in settings} for _ in range(2))
    folds = np.concatenate([rng.permutation(np.arange(n) % FOLDS) for _ in range(repeats)])
    plain = replace(UNIT, offsets=(0.0,) * k)
    for r in range(repeats):
        place = np.arange(r * n, (r + 1) * n)
        for out, found in left_out(cohort, k, folds[place]):
            model = fit(card, cohort.values[~out], found, cohort)
            for s in settings:
                columns = s.columns(rng)
                profile = in_setting(model, cohort.values[out], columns, plain, False, rng)
                raw[s.name][place[out]] = -logits(model, columns, profile, plain)
                mean, loadings = model.mean[columns], model.loadings[columns]
                share[s.name][place[out]] = explained(profile - mean, loadings)
                mixed[s.name][place[out]] = explained(rng.permuted(profile, axis=1) - mean, loadings)
    return raw, share, mixed, folds


def _foreign_distances(
    card: Card,
    cohort: Subtyping,
    settings: Sequence[Setting],
    by_size: dict[int, SharedGenes],
    fold: Ints,
    k: int,
    seed: int,
) -> dict[str, tuple[Floats, Floats]]:
    """The same for one round on another platform, whose patients are seen together, a fold at a time."""
    rng = np.random.default_rng(seed)
    n = len(cohort.label)
    found = {s.name: (np.zeros((n, k)), np.zeros(n)) for s in settings}
    plain = replace(UNIT, offsets=(0.0,) * k)
    for out, label in left_out(cohort, k, fold):
        model = fit(card, cohort.values[~out], label, cohort)
        for s in settings:
            distance, share = found[s.name]
            columns = s.columns(rng)
            profile = in_setting(model, cohort.values[out], columns, by_size[s.count], True, rng)
            distance[out] = -logits(model, columns, profile, plain)
            share[out] = explained(profile - model.mean[columns], model.loadings[columns])
    return found


def _held_out(distance: Floats, label: Ints, fold: Ints) -> Floats:
    """Probabilities of each fold by the calibration of the others, (n, k)."""
    p = np.zeros_like(distance)
    for number in np.unique(fold):
        own = fold == number
        fitted = fit_calibration(-distance[~own], label[~own])
        p[own] = softmax(-distance[own] / fitted.temperature + np.array(fitted.offsets))
    return p


def halved(card: Card, cohort: Subtyping, k: int, shared: Sequence[SharedGenes], count: int, seed: int) -> SplitHalves:
    """Subtypes found in one half and recognised in the other, whose survival is then compared."""
    rng = np.random.default_rng(seed)
    agreement, p = [], []
    every = np.arange(len(cohort.matrix.genes))
    for _ in range(count):
        half = rng.permutation(np.arange(len(cohort.label)) % 2)
        out, found = next(left_out(cohort, k, half))
        model = fit(card, cohort.values[~out], found, cohort)
        profile = in_setting(model, cohort.values[out], every, shared[0], False, rng)
        placed = logits(model, every, profile, shared[0]).argmax(axis=1) + 1
        agreement.append(adjusted_rand_score(cohort.label[out], placed))
        p.append(log_rank(cohort.time[out], cohort.happened[out], placed).p if len(set(placed.tolist())) > 1 else 1.0)
    return SplitHalves(count, float(np.median(agreement)), float(np.median(p)), float(np.mean(np.array(p) < 0.05)))

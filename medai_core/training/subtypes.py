"""The recipe of a model that places patients in subtypes: found by evidence, measured on patients left out.

The cohort is small and has no test part: every number is of patients that the subtypes were found without.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from medai_core.cards import Applicability, Approach, Calibration, Card, Measured, read_card
from medai_core.cards.subtypes import GroupEvidence, SharedGenes, SplitHalves, Subtyped
from medai_core.evaluation import Predictions
from medai_core.metrics import Floats, Ints, class_quantiles, softmax
from medai_core.metrics.survival import log_rank
from medai_core.precision.genomics.clustering import METHODS, choose, cluster, evidence
from medai_core.precision.genomics.markers import events, times
from medai_core.precision.genomics.matrix import COMPONENTS_MAX, Matrix, prepare, principal_components
from medai_core.precision.genomics.placing import SubtypeModel, in_mixture, logits, save_parameters
from medai_core.precision.genomics.profiles import Shared, among_samples, explained, on_cohort_scale
from medai_core.sources.expression import open_expression
from medai_core.sources.tables import open_table
from medai_core.training import drawn_expression, recipes, subtypes_report
from medai_core.training.calibration import fit_calibration
from medai_core.training.subtypes_rivals import compare

REPEATS, FOLDS, HALVINGS = 5, 5, 50
LEVEL = 0.95
TYPICAL, FOREIGN = 0.01, 0.98
"""The share of the cohort's own profiles that may look foreign, and that of shuffled ones that must."""
METHOD = "kmeans"


@dataclass(frozen=True)
class Subtyping:
    """A cohort with its subtypes.

    Attributes
    ----------
    matrix : the expression; label : (n,), subtypes from 1.
    time, happened : (n,), years and 1 for the event.
    symbols, entrez : (p,), "" where the gene has none.
    """

    matrix: Matrix
    label: Ints
    time: Floats
    happened: Ints
    symbols: NDArray[np.str_]
    entrez: NDArray[np.str_]

    @property
    def values(self) -> Floats:
        """(n, p)."""
        return np.asarray(self.matrix.values, dtype=np.float64)


@dataclass(frozen=True)
class Setting:
    """A way to be measured: the genes that are shared, and whether each gene has a scale of its own.

    Attributes
    ----------
    name : as it stands in the card; columns : the model's genes.
    foreign : each gene shifted and stretched by a random amount, as on another platform.
    """

    name: str
    columns: Ints
    foreign: bool = False


def main(folder: Path) -> None:
    """Find, measure and write the subtypes of the model in ``folder``."""
    given = recipes.options(folder)
    earlier = recipes.begun_card(given, folder)
    card = read_card(given.out)
    assert card.subtypes is not None
    if given.smoke:
        drawn_expression.write(card, given.data)
    cohort, known, k = subtyped(card, given.data, 3 if given.smoke else None)
    repeats, halvings = (1, 2) if given.smoke else (REPEATS, HALVINGS)
    settings = settings_of(cohort, card.subtypes.genes_min, given.seed)
    shared, seen, caught = calibrated(card, cohort, settings, repeats, given.seed)
    halves = halved(card, cohort, k, shared, halvings, given.seed)
    made = Subtyped(k, METHOD, known, subtypes_report.survival(card, cohort), shared, halves, _log_rank(cohort))
    approaches = compare(card, cohort, settings, given.seed)
    predictions = seen[settings[0].name]
    measured = draft(card, shared[0], predictions, made, approaches, given)
    performance = subtypes_report.performance(measured, seen, caught, cohort, given.smoke)
    measured = subtypes_report.tested(measured, performance, predictions, earlier)
    model = replace(fit(card, cohort.values, cohort.label, cohort), card=replace(card, measured=measured))
    save_parameters(model, given.out / "model.npz")
    measured = recipes.write_hashes(measured, given.out)
    subtypes_report.write_example(replace(model, card=replace(card, measured=measured)), cohort, given.out, given.seed)


def subtyped(card: Card, data: Path, most: int | None) -> tuple[Subtyping, tuple[GroupEvidence, ...], int]:
    """The cohort in as many subtypes as the evidence speaks for, of at most so many, and that evidence."""
    spec = card.subtypes
    assert spec is not None
    expression = open_expression(data / spec.develop, clinical=spec.clinical)
    matrix = prepare(expression)
    clinical = expression.clinical.reindex(matrix.samples)
    time, happened = times(clinical[spec.time]), events(clinical[spec.event]).astype(np.int64)
    found: list[GroupEvidence] = []
    for method in METHODS:
        tried = evidence(matrix, method, most=most)
        recipes.say(f"{card.name}: {method}: " + ", ".join(f"{e.k}: {e.stability:.2f}" for e in tried))
        if method == METHOD:
            chosen = choose(tried)
        found += [_with_survival(e, method, matrix, time, happened) for e in tried]
    assert chosen is not None, "no grouping of the cohort is stable"
    names = open_table(data / spec.symbols).set_index("probe")
    symbols, entrez = (
        np.array([str(names[column].get(gene, "")) for gene in matrix.genes]) for column in ("symbol", "entrez")
    )
    label = cluster(matrix.components, chosen.k, METHOD)
    return Subtyping(matrix, label, time, happened, symbols, entrez), tuple(found), chosen.k


def _with_survival(e, method: str, matrix: Matrix, time: Floats, happened: Ints) -> GroupEvidence:  # type: ignore[no-untyped-def]
    p = log_rank(time, happened, cluster(matrix.components, e.k, method)).p
    numbers = (e.stability, e.low, e.silhouette, e.gap, e.gap_error, e.p)
    return GroupEvidence(e.k, method, *numbers, e.sizes, p)


def _log_rank(cohort: Subtyping) -> float:
    return log_rank(cohort.time, cohort.happened, cohort.label).p


def fit(card: Card, values: Floats, label: Ints, cohort: Subtyping) -> SubtypeModel:
    """The centroids of subtypes and what else a placement takes.

    A gene counts by the square of what it differs between the subtypes, in its spread.
    """
    mean, spread = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-6)
    groups = np.unique(label)
    shares = np.array([(label == g).mean() for g in groups])
    centroids = np.array([values[label == g].mean(axis=0) for g in groups])
    between = shares @ (centroids - mean) ** 2
    within = np.sqrt(np.maximum(spread**2 - between, 0.1 * spread**2))
    axes = np.linalg.svd(values - mean, full_matrices=False)[2][:COMPONENTS_MAX].T
    genes = np.array(cohort.matrix.genes)
    return SubtypeModel(
        card, genes, cohort.symbols, cohort.entrez, mean, spread, centroids, within, between / spread**2, axes
    )


def settings_of(cohort: Subtyping, fewest: int, seed: int) -> list[Setting]:
    """Every gene, those with a symbol, 40 % of these and the fewest that are placed; and all but these elsewhere."""
    rng = np.random.default_rng(seed)
    every = np.arange(len(cohort.matrix.genes))
    named = np.flatnonzero(cohort.symbols != "")
    some = np.sort(rng.choice(named, round(0.4 * len(named)), replace=False))
    few = np.sort(rng.choice(named, fewest, replace=False))
    own = [
        Setting("cross-validation", every),
        Setting("cross-validation, gene symbols", named),
        Setting("cross-validation, 40 % of the gene symbols", some),
        Setting(f"cross-validation, {fewest} gene symbols", few),
    ]
    return [*own, *(Setting(f"{s.name}, another platform", s.columns, True) for s in own[:3])]


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
    model: SubtypeModel, values: Floats, setting: Setting, fit: SharedGenes, rng: np.random.Generator
) -> Floats:
    """Profiles of a setting's genes on the cohort's scale."""
    columns = setting.columns
    own = values[:, columns]
    mean, spread = model.mean[columns], model.spread[columns]
    if not setting.foreign:
        return on_cohort_scale(own, mean, spread)
    there = own * rng.uniform(0.5, 1.5, len(columns)) + rng.normal(0, 1.5, len(columns))
    everyone = np.ones(len(own), dtype=bool)
    shared = Shared(columns, (), there, "")
    return in_mixture(model, shared, fit, among_samples(there, everyone), everyone)


def calibrated(
    card: Card, cohort: Subtyping, settings: Sequence[Setting], repeats: int, seed: int
) -> tuple[tuple[SharedGenes, ...], dict[str, Predictions], dict[str, NDArray[np.bool_]]]:
    """The calibration for each number of genes, what is said of patients left out in each setting, and who of them
    is refused once the genes have changed places.

    What is said of a patient is calibrated on the other folds.
    """
    k = len(card.findings)
    own = [s for s in settings if not s.foreign]
    raw, share, mixed, folds = _distances(card, cohort, own, repeats, seed)
    label = np.tile(cohort.label - 1, repeats)
    shared = []
    for s in own:
        fitted = fit_calibration(-raw[s.name], label)
        limit = float(max(np.quantile(share[s.name], TYPICAL), np.quantile(mixed[s.name], FOREIGN)))
        shared.append(SharedGenes(len(s.columns), 1 / fitted.temperature, fitted.offsets, limit))
    n = len(cohort.label)
    by_size = {s.genes: s for s in shared}
    others = _foreign_distances(card, cohort, [s for s in settings if s.foreign], by_size, folds[:n], k, seed)
    seen = {}
    for s in settings:
        distance, alike = others[s.name] if s.foreign else (raw[s.name][:n], share[s.name][:n])
        p = _held_out(distance, cohort.label - 1, folds[:n])
        refused = alike < by_size[len(s.columns)].explained_min
        names = tuple(f.name for f in card.findings)
        seen[s.name] = Predictions(names, cohort.matrix.samples, cohort.label - 1, cohort.matrix.samples, p, refused)
    caught = {s.name: mixed[s.name] < by_size[len(s.columns)].explained_min for s in own}
    return tuple(shared), seen, {name: refused[:n] for name, refused in caught.items()}


UNIT = SharedGenes(0, 1.0, (), 0.0)


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
                profile = in_setting(model, cohort.values[out], s, plain, rng)
                raw[s.name][place[out]] = -logits(model, s.columns, profile, plain)
                mean, loadings = model.mean[s.columns], model.loadings[s.columns]
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
            profile = in_setting(model, cohort.values[out], s, by_size[len(s.columns)], rng)
            distance[out] = -logits(model, s.columns, profile, plain)
            share[out] = explained(profile - model.mean[s.columns], model.loadings[s.columns])
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
    from sklearn.metrics import adjusted_rand_score

    rng = np.random.default_rng(seed)
    agreement, p = [], []
    every = Setting("", np.arange(len(cohort.matrix.genes)))
    for _ in range(count):
        half = rng.permutation(np.arange(len(cohort.label)) % 2)
        out, found = next(left_out(cohort, k, half))
        model = fit(card, cohort.values[~out], found, cohort)
        profile = in_setting(model, cohort.values[out], every, shared[0], rng)
        placed = logits(model, every.columns, profile, shared[0]).argmax(axis=1) + 1
        agreement.append(adjusted_rand_score(cohort.label[out], placed))
        p.append(log_rank(cohort.time[out], cohort.happened[out], placed).p if len(set(placed.tolist())) > 1 else 1.0)
    return SplitHalves(count, float(np.median(agreement)), float(np.median(p)), float(np.mean(np.array(p) < 0.05)))


def draft(
    card: Card,
    shared: SharedGenes,
    made: Predictions,
    subtyped: Subtyped,
    approaches: Sequence[Approach],
    given: recipes.Options,
) -> Measured:
    """What is known before the predictions are measured."""
    quantiles = class_quantiles(made.label, made.probability, LEVEL)
    spec = card.subtypes
    assert spec is not None
    return Measured(
        {},
        {},
        "the most probable subtype is named",
        Calibration(1 / shared.slope, shared.offsets),
        Applicability(0.0),
        (),
        (),
        (),
        tuple(approaches),
        (),
        recipes.provenance(given, str(Path(spec.develop).parent)),
        subtypes_report.conformal(LEVEL, quantiles),
        subtyped=subtyped,
    )

"""A new patient placed in a known subtype: by which genes, how surely, or why not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medai_core.cards import Bounds, Card
from medai_core.cards.subtypes import SharedGenes, Subtyped, SubtypeSpec
from medai_core.errors import ManifestError, Message
from medai_core.metrics import Floats, Ints, in_sets, softmax
from medai_core.precision.genomics.profiles import Shared, among_samples, explained, on_cohort_scale, shared_genes
from medai_core.sources.expression import Expression

TOP = 10
"""Genes that are named for a placement."""
FOREIGN_SHARE = 0.25
"""From so many samples that look foreign on, the file is taken to be from another platform."""
TURNS = 15
"""After so many the shares of the subtypes no longer change."""


@dataclass(frozen=True)
class SubtypeModel:
    """The centroids of a cohort's subtypes; every number is an aggregate of at least 10 people.

    Attributes
    ----------
    probes, symbols, entrez : (p,) the names of each gene, "" where it has none.
    mean, spread : (p,) of the cohort, in its units.
    centroids : (k, p); within : (p,), the spread within a subtype; weights : (p,), how much each gene counts in a
        distance.
    loadings : (p, c), of the cohort's principal components.
    """

    card: Card
    probes: NDArray[np.str_]
    symbols: NDArray[np.str_]
    entrez: NDArray[np.str_]
    mean: Floats
    spread: Floats
    centroids: Floats
    within: Floats
    weights: Floats
    loadings: Floats

    @property
    def spec(self) -> SubtypeSpec:
        """The part of the card that says how a placement is made."""
        assert self.card.subtypes is not None
        return self.card.subtypes

    @property
    def subtyped(self) -> Subtyped:
        """What was measured."""
        assert self.card.measured is not None and self.card.measured.subtyped is not None
        return self.card.measured.subtyped

    @property
    def level(self) -> float:
        """The share of patients whose own subtype should be among the possible ones."""
        assert self.card.measured is not None
        return self.card.measured.level

    @property
    def names(self) -> tuple[str, ...]:
        """The subtypes, in the order of the centroids."""
        return tuple(finding.name for finding in self.card.findings)


@dataclass(frozen=True)
class Placement:
    """Where one sample belongs.

    Attributes
    ----------
    sample : its name.
    refusal : why it was not placed; everything below is then empty or nan.
    subtype : the most probable one.
    probability : of each subtype, calibrated, in the order of the model's names.
    possible : the subtypes in the conformal set, the most probable always among them.
    distance : root mean square distance to the centroid of each subtype, in the spreads of the genes.
    explained : the share of the profile that the cohort's components explain.
    genes : those that decided most, by their first name, with what each says for the subtype against the next, in
        log-odds.
    warnings : what to bear in mind.
    """

    sample: str
    refusal: Message | None
    subtype: str = ""
    probability: tuple[float, ...] = ()
    possible: tuple[str, ...] = ()
    distance: tuple[float, ...] = ()
    explained: float = float("nan")
    genes: tuple[tuple[str, float], ...] = ()
    warnings: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Placements:
    """The placements of a file's samples, in its order.

    Attributes
    ----------
    shared : genes of the model that the file has; total : that the model has.
    centred : whether each gene was centred within the file, since it is from another platform.
    coverage : how often the possible subtypes held the own one, with at most as many genes; level : what was aimed for.
    notes : what was done to all of them, in sentences.
    """

    card: Card
    placed: tuple[Placement, ...]
    shared: int
    total: int
    centred: bool
    coverage: Bounds
    level: float
    notes: tuple[Message, ...]


def place(model: SubtypeModel, expression: Expression) -> Placements:
    """Each sample's subtype, or the reason why it has none.

    A sample's values count by their ranks within it, so that no scale matters. Where the samples are not
    from the cohort's platform, which shows in genes that do not rise and fall together, and there are enough of
    them, each gene is centred within the file first.

    Raises
    ------
    ManifestError : the file shares too few genes with the model.
    """
    spec = model.spec
    found = shared_genes(model.probes, model.symbols, model.entrez, expression)
    if found.count < spec.genes_min:
        raise ManifestError("subtype.few_genes", shared=found.count, needed=spec.genes_min)
    fit = calibration_for(model.subtyped.shared, found.count)
    missing = np.isnan(found.values).mean(axis=1)
    usable = missing <= spec.missing_max
    profile, share, centred = _profiles(model, found, fit, usable)
    total = len(model.probes)
    notes = [
        Message("subtype.shared", {"shared": found.count, "total": total, "naming": (Message(found.naming),)}),
    ]
    if centred:
        notes.append(Message("subtype.centred", {"samples": int(usable.sum())}))
    placed = []
    for i, sample in enumerate(expression.samples):
        refusal = _refusal(model, float(missing[i]), float(share[i]), fit, centred)
        placed.append(
            Placement(sample, refusal) if refusal else _placed(model, found, profile[i], share[i], fit, sample)
        )
    return Placements(model.card, tuple(placed), found.count, total, centred, fit.coverage, model.level, tuple(notes))


def _profiles(
    model: SubtypeModel, found: Shared, fit: SharedGenes, usable: NDArray[np.bool_]
) -> tuple[Floats, Floats, bool]:
    """The samples on the cohort's scale, the share of each that is explained, and whether genes were centred."""
    mean, spread, loadings = model.mean[found.columns], model.spread[found.columns], model.loadings[found.columns]
    profile = on_cohort_scale(found.values, mean, spread)
    share = explained(profile - mean, loadings)
    foreign = bool(usable.any()) and float(np.quantile(share[usable], FOREIGN_SHARE)) < fit.explained_min
    if not foreign or usable.sum() < model.spec.samples_min:
        return profile, share, False
    profile = in_mixture(model, found, fit, among_samples(found.values, usable), usable)
    return profile, explained(profile - mean, loadings), True


def in_mixture(
    model: SubtypeModel, found: Shared, fit: SharedGenes, standard: Floats, usable: NDArray[np.bool_]
) -> Floats:
    """Profiles of another platform on the cohort's scale, whatever the share of each subtype among them.

    What a gene's mean and spread would be in the cohort, were the subtypes as frequent as here, follows from the
    shares; the shares follow from the placements. The two are found in turns, from the cohort's shares on.

    Parameters
    ----------
    standard : (n, s), each gene centred and scaled among the usable samples.
    """
    columns = found.columns
    mean, spread, centroids = model.mean[columns], model.spread[columns], model.centroids[:, columns]
    profile = on_cohort_scale(standard * spread + mean, mean, spread)
    for _ in range(TURNS):
        likely = softmax(logits(model, columns, profile[usable], fit))
        shares = np.clip(likely.mean(axis=0), 0.02, 0.98)
        shares /= shares.sum()
        middle = shares @ centroids
        width = np.sqrt(model.within[columns] ** 2 + shares @ (centroids - middle) ** 2)
        profile = on_cohort_scale(standard * width + middle, mean, spread)
    return profile


def logits(model: SubtypeModel, columns: Ints, profile: Floats, fit: SharedGenes) -> Floats:
    """The unscaled log-probability of each subtype, (n, k), by the genes in ``columns`` of the model."""
    weights = model.weights[columns] / model.weights[columns].sum()
    squares = ((profile[:, None, :] - model.centroids[:, columns]) ** 2) @ weights
    return np.asarray(-fit.slope * squares + np.array(fit.offsets))


def _refusal(model: SubtypeModel, missing: float, share: float, fit: SharedGenes, centred: bool) -> Message | None:
    """Why a sample is not placed; None where it is."""
    if missing > model.spec.missing_max:
        percent, most = round(100 * missing), round(100 * model.spec.missing_max)
        return Message("subtype.missing", {"percent": percent, "most": most})
    needed = fit.noise_max if centred else fit.explained_min
    if share >= needed:
        return None
    facts = {"found": round(share, 2), "needed": round(needed, 2)}
    if centred:
        return Message("subtype.foreign_cohort", facts)
    return Message("subtype.foreign", facts | {"samples": model.spec.samples_min})


def _placed(
    model: SubtypeModel, found: Shared, profile: Floats, share: float, fit: SharedGenes, sample: str
) -> Placement:
    columns = found.columns
    probability = softmax(logits(model, columns, profile[None], fit)[0])
    best, next_best = np.argsort(-probability)[:2]
    squares = (profile - model.centroids[:, columns]) ** 2
    weights = model.weights[columns] / model.weights[columns].sum()
    each = fit.slope * (squares[next_best] - squares[best]) * weights
    order = np.argsort(-np.abs(each), kind="stable")[:TOP]
    scaled = np.sqrt((squares / model.spread[columns] ** 2).mean(axis=1))
    doubtful = probability[best] < model.spec.doubtful_below
    percent = round(100 * float(probability[best]))
    possible = in_sets(probability, fit.quantiles)
    return Placement(
        sample,
        None,
        model.names[best],
        tuple(float(p) for p in probability),
        tuple(name for name, inside in zip(model.names, possible, strict=True) if inside),
        tuple(float(d) for d in scaled),
        float(share),
        tuple((found.names[i], float(each[i])) for i in order),
        (Message("subtype.doubtful", {"percent": percent}),) if doubtful else (),
    )


def calibration_for(known: tuple[SharedGenes, ...], genes: int) -> SharedGenes:
    """The calibration for a number of shared genes, on a line in its logarithm between those that were measured.

    What was promised is that of the next smaller number, whose ``genes`` it bears, so that it is not too much.
    """
    at = np.array([np.log(s.genes) for s in known][::-1])
    here = np.log(genes)

    def line(values: list[float]) -> float:
        return float(np.interp(here, at, values[::-1]))

    def lines(values: list[tuple[float, ...]]) -> tuple[float, ...]:
        return tuple(line([v[i] for v in values]) for i in range(len(values[0])))

    slope, limit = line([s.slope for s in known]), line([s.explained_min for s in known])
    noise = line([s.noise_max for s in known])
    offsets, quantiles = lines([s.offsets for s in known]), lines([s.quantiles for s in known])
    below = next((s for s in known if s.genes <= genes), known[-1])
    return SharedGenes(below.genes, slope, offsets, limit, noise, quantiles, below.coverage)


def save_parameters(model: SubtypeModel, path: Path) -> None:
    """Write everything but the card as plain arrays."""
    np.savez_compressed(
        path,
        probes=model.probes,
        symbols=model.symbols,
        entrez=model.entrez,
        mean=model.mean.astype(np.float32),
        spread=model.spread.astype(np.float32),
        centroids=model.centroids.astype(np.float32),
        within=model.within.astype(np.float32),
        weights=model.weights.astype(np.float32),
        loadings=model.loadings.astype(np.float32),
    )


def load_model(card: Card, path: Path) -> SubtypeModel:
    """The model whose parameters lie in ``path``."""
    with np.load(path, allow_pickle=False) as stored:
        names = {key: stored[key] for key in ("probes", "symbols", "entrez")}
        numbers = {
            key: stored[key].astype(np.float64)
            for key in ("mean", "spread", "centroids", "within", "weights", "loadings")
        }
    return SubtypeModel(card, **names, **numbers)

"""What the recipe of survival measures: what expression adds, calibration, people alike, and when to refuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans

from medai_core.cards import Bounds, Evaluation, Measure, Measured, PredictorStatistics, Reliability
from medai_core.cards.survival import Gain, Survived, Third
from medai_core.evaluation.survival import Foretold, concordance_gain, enough, gain_of, survival_measures, thirds
from medai_core.metrics import Floats, Ints
from medai_core.metrics.survival import concordance, share_at
from medai_core.precision.survival.cox import fit_cox
from medai_core.precision.survival.model import BOTH, CLINICAL, EXPRESSION, PARTS, SurvivalModel
from medai_core.prognosis.cohorts import folds
from medai_core.training import survival_strata
from medai_core.training.recipes import commit, say
from medai_core.training.risks import predictor_statistics, smooth_quantiles
from medai_core.training.survival_fitting import Cox, People, standardised

NOT_GENES = ("esr1", "timerecurrence")
"""Columns of numbers that are neither predictors nor probes: one gene twice, and an outcome."""
BEYOND = 1.25
"""How far beyond what 99 of 100 of the cohort have a sample's spread and shift may lie."""
LOSS = 0.02
"""What the concordance may lose where genes are not known."""


def order(found: Foretold) -> float:
    """Harrell's concordance, the mean over the repeats."""
    return float(np.mean([concordance(found.time, found.happened, z) for z in found.log_hazard]))


def survived(
    model: SurvivalModel, rows: pd.DataFrame, people: People, told: Mapping[str, Foretold], *, seed: int, draws: int
) -> Survived:
    """All of it."""
    groups = subgroups(model, rows, people, seed)
    gains, too_few = [], []
    for name, chosen in groups.items():
        parts = [told[part].chosen(chosen) for part in (CLINICAL, EXPRESSION, BOTH)]
        if enough(parts[0].time, parts[0].happened):
            gains.append(gain_of(*parts, subgroup=name, draws=draws))
        else:
            too_few.append(name)
    for gain in gains:
        say(f"expression adds, {gain.subgroup or 'everybody'} (n = {gain.n}): {gain.concordance}")
    strata, edges = survival_strata.strata_of(model, rows, people, seed)
    weight, loss = least_weight(people, seed)
    spread, shift = scale_of(model, people.blocks["expression"])
    return Survived(
        len(people),
        int(people.happened.sum()),
        tuple(gains),
        tuple(t for part in PARTS for t in calibrated(part, told[part])),
        strata,
        edges,
        weight,
        loss,
        spread,
        shift,
        tuple(too_few),
    )


def subgroups(model: SurvivalModel, rows: pd.DataFrame, people: People, seed: int) -> dict[str, Ints]:
    """Everybody, the subtypes, and those who received each treatment or not."""
    found = {"": np.arange(len(people))}
    found |= {f"subtype: {name}": chosen for name, chosen in subtypes(people.blocks["probes"], seed).items()}
    for p in model.encoding.predictors:
        if p.name in model.spec.treatment:
            own = rows[p.name].to_numpy()
            found |= {f"{p.title}: {c.title}": np.flatnonzero(own == c.name) for c in p.categories}
    return found


def subtypes(probes: Floats, seed: int) -> dict[str, Ints]:
    """The two groups that k-means finds in centred expression, which is not told of outcomes."""
    label = KMeans(2, n_init=10, random_state=seed).fit_predict(probes - probes.mean(axis=0))
    larger = int(np.bincount(label, minlength=2).argmax())
    return {"larger group": np.flatnonzero(label == larger), "smaller group": np.flatnonzero(label != larger)}


def calibrated(part: str, found: Foretold) -> list[Third]:
    """Predicted beside observed risk of the event by each horizon, by thirds of the prediction."""
    shown = []
    for k, years in enumerate(found.horizons):
        for rows in thirds(found, k):
            observed = share_at(found.time[rows], found.happened[rows], years)
            bounds = Bounds(1 - observed.value, 1 - observed.high, 1 - observed.low)
            predicted = 1 - float(found.survival[:, rows, k].mean())
            shown.append(Third(part, years, predicted, bounds, len(rows)))
    return shown


def least_weight(people: People, seed: int, draws: int = 10) -> tuple[float, float]:
    """The least share of the genes' weight at which the concordance loses ``LOSS`` at most, and what it loses there.

    Genes are left out at random from held-out people; what is not known stands at the mean.
    """
    rng = np.random.default_rng(seed)
    cox = Cox({"expression": (1000,)})
    terms, size = _held_out_terms(people, cox, seed)
    whole = concordance(people.time, people.happened, terms.sum(axis=1))
    kept = (1.0, 0.0)
    for share in np.arange(0.9, 0.05, -0.1):
        masks = rng.random((draws, terms.shape[1])) < share
        weight = float(np.mean([size[mask].sum() for mask in masks]))
        worth = [concordance(people.time, people.happened, terms[:, mask].sum(axis=1)) for mask in masks]
        loss = whole - float(np.mean(worth))
        say(f"genes with {weight:.2f} of the weight: C-index {np.mean(worth):.4f} of {whole:.4f}")
        if loss > LOSS:
            break
        kept = (round(weight, 2), round(loss, 4))
    return kept


def _held_out_terms(people: People, cox: Cox, seed: int, count: int = 5) -> tuple[Floats, Floats]:
    """(n, genes) what each gene adds to the log-hazard of people not fitted to; (genes,) the genes' shares."""
    fold = folds(np.arange(len(people)), people.happened, count, seed)
    terms = np.zeros(people.blocks["expression"].shape)
    size: Floats = np.zeros(people.blocks["expression"].shape[1])
    for k in range(count):
        seen = people.chosen(np.flatnonzero(fold != k))
        X, mean, deviation = standardised(cox.columns(seen))
        found = fit_cox(X, seen.time, seen.happened, cox.penalties(seen, (1000.0,)))
        terms[fold == k] = (people.blocks["expression"][fold == k] - mean) / deviation * found
        size += np.abs(found)
    return terms, size / size.sum()


def scale_of(model: SurvivalModel, values: Floats) -> tuple[tuple[float, ...], float]:
    """Within what the spread and the shift of a sample's standardised values lie."""
    z = (values - model.genes.mean) / model.genes.deviation
    spread, shift = np.sqrt((z**2).mean(axis=1)), np.abs(z.mean(axis=1))
    low, high = smooth_quantiles(spread, np.array([0.005, 0.995]))
    most = smooth_quantiles(shift, np.array([0.99]))[0]
    return (float(low / BEYOND), float(high * BEYOND)), float(most * BEYOND)


def described(model: SurvivalModel, rows: pd.DataFrame) -> tuple[PredictorStatistics, ...]:
    """What each predictor looks like in the cohort, and its mean absolute contribution."""
    part = model.parts[BOTH]
    X, width = model.encoded(rows), len(model.encoding.owner)
    terms = (X - part.mean[:width]) * part.coefficients[0, :width]
    return tuple(
        predictor_statistics(p, rows[p.name], float(np.abs(terms[:, model.encoding.owner == j].sum(axis=1)).mean()))
        for j, p in enumerate(model.encoding.predictors)
    )


def judged(
    measured: Measured, told: Mapping[str, Foretold], titles: Mapping[str, str], earlier: Measured | None, *, draws: int
) -> Measured:
    """The card's numbers, and this evaluation logged; the first one stays."""
    data = "cross-validation"
    found: list[Measure] = []
    for name, each in told.items():
        model = "" if name == BOTH else titles.get(name, name)
        measures = survival_measures(each, data=data, model=model, draws=draws)
        # Where everybody is told the same there is no order to be right about.
        found += [m for m in measures if each.log_hazard.any() or m.measure.startswith("brier")]
        if name not in (BOTH, CLINICAL) and each.log_hazard.any():
            found.append(concordance_gain(told[BOTH], each, data=data, model=model, draws=draws))
    assert measured.survived is not None
    found += [m for gain in measured.survived.gains for m in gain_measures(gain, told[BOTH].horizons, data)]
    values = {m.measure: m.value for m in found if not m.model and not m.subgroup}
    entry = Evaluation(datetime.now(UTC).strftime("%Y-%m-%d %H:%M"), commit(), values, data)
    bins = [t for t in measured.survived.thirds if t.part == BOTH and t.years == told[BOTH].horizons[-1]]
    return replace(
        measured,
        performance=tuple(found),
        reliability=tuple(
            Reliability(t.predicted, t.observed.value, t.observed.low, t.observed.high, t.n) for t in bins
        ),
        test_evaluations=(*(earlier.test_evaluations if earlier else ()), entry),
    )


def gain_measures(gain: Gain, horizons: tuple[float, ...], data: str) -> list[Measure]:
    """What expression adds, as measures beside the model without it."""
    named = {"c_index_gain": gain.concordance, "likelihood_ratio": gain.likelihood_ratio}
    named |= {f"brier_gain_{y:g}_years": b for y, b in zip(horizons, gain.brier, strict=True)}
    return [
        Measure(name, b.value, b.low, b.high, gain.n, gain.n, data, gain.subgroup, "history and treatment (Cox)")
        for name, b in named.items()
    ]

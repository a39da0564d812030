"""What the recipe of a model that places patients in subtypes measured, and the example that it writes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medai_core.cards import Card, Conformal, Evaluation, Measure, Measured
from medai_core.cards.subtypes import SubtypeSurvival
from medai_core.evaluation import Predictions, Rule, with_and_without_refusals
from medai_core.metrics import Floats, Ints
from medai_core.metrics.survival import at_risk, kaplan_meier
from medai_core.precision.genomics.clustering import METHODS, resamples_of, stabilities
from medai_core.precision.genomics.placing import SubtypeModel, place
from medai_core.sources.expression import open_expression
from medai_core.training.recipes import commit, say
from medai_core.training.reporting import UNMEASURED, confusion, reliability, share
from medai_core.training.subtypes.cohort import Subtyping

FEWEST = 10
"""A survival curve ends where fewer people are under observation."""
RESAMPLES = 200
DATA = "cross-validation"
TOLERANCE = 1e-4


def conformal(level: float, quantiles: tuple[float, ...]) -> Conformal:
    """The sets of subtypes, before their coverage is known."""
    return Conformal(level, max(quantiles), UNMEASURED, 0.0, quantiles)


def survival(card: Card, cohort: Subtyping) -> tuple[SubtypeSurvival, ...]:
    """The curve of each subtype at whole years, while at least ``FEWEST`` were observed."""
    found = []
    for number, finding in enumerate(card.findings, start=1):
        own = cohort.label == number
        time, happened = cohort.time[own], cohort.happened[own]
        years = np.arange(0.0, 31.0)
        left = at_risk(time, years)
        years, left = years[left >= FEWEST], left[left >= FEWEST]
        curve = kaplan_meier(time, happened)
        at = tuple(years.tolist())
        step = np.searchsorted(curve.times, years, side="right") - 1
        alive, low, high = (tuple(line[step].tolist()) for line in (curve.share, curve.low, curve.high))
        found.append(SubtypeSurvival(finding.name, curve.n, curve.events, at, alive, low, high, tuple(left.tolist())))
    return tuple(found)


def performance(
    measured: Measured,
    seen: Mapping[str, Predictions],
    caught: Mapping[str, NDArray[np.bool_]],
    cohort: Subtyping,
    smoke: bool,
) -> list[Measure]:
    """Every measure in every setting, how often profiles of mixed up genes are refused, and the subtypes' stability."""
    rule = Rule({}, measured.sets().quantiles)
    found = [
        m
        for data, made in seen.items()
        for m in with_and_without_refusals(made, rule, data=data, draws=100 if smoke else 1000)
    ]
    names = cohort.matrix.samples
    found += [
        replace(share("refused_share", refused.tolist(), names, data), subgroup="mixed up genes")
        for data, refused in caught.items()
    ]
    found.append(stability(cohort, len(np.unique(cohort.label)), 20 if smoke else RESAMPLES))
    values = {m.measure: m.value for m in found if m.data == DATA and not m.subgroup}
    say(", ".join(f"{name} {value:.3f}" for name, value in values.items()))
    return found


def stability(cohort: Subtyping, k: int, resamples: int) -> Measure:
    """The mean adjusted Rand index of the subtypes with those found anew in resamples, and where 95 % of them lie."""
    n = len(cohort.label)
    parts = resamples_of(cohort.matrix, resamples, np.random.default_rng(1))
    agreement = stabilities(cohort.matrix.components, k, METHODS[0], parts)
    low, high = np.quantile(agreement, (0.025, 0.975))
    return Measure("stability", float(np.mean(agreement)), float(low), float(high), n, n, "resamples of 80 %")


def tested(measured: Measured, found: Sequence[Measure], made: Predictions, earlier: Measured | None) -> Measured:
    """``measured`` with what was found, and this use of the cohort logged."""
    own = {m.measure: m for m in found if m.data == DATA and not m.subgroup and not m.model}
    values = {name: m.value for name, m in own.items() if np.isfinite(m.value)}
    entry = Evaluation(datetime.now(UTC).strftime("%Y-%m-%d %H:%M"), commit(), values, DATA)
    return replace(
        measured,
        conformal=replace(measured.sets(), coverage=own["coverage"], mean_size=own["set_size"].value),
        performance=tuple(found),
        reliability=reliability(made),
        confusion=confusion(made, made.probability.argmax(axis=1)),
        test_evaluations=(*(earlier.test_evaluations if earlier else ()), entry),
    )


def write_example(model: SubtypeModel, cohort: Subtyping, folder: Path, seed: int) -> None:
    """``example.csv``, drawn profiles marked SYNTHETIC with one that is foreign, and what the model says of them."""
    rng = np.random.default_rng(seed)
    names = model.names
    drawn = [_drawn(cohort, number, rng) for number in range(1, len(names) + 1)]
    table = pd.DataFrame(np.round([*drawn, rng.permutation(drawn[0])], 3), columns=list(cohort.matrix.genes))
    table.insert(0, "sample", [*(f"SYNTHETIC-{name}" for name in names), "SYNTHETIC-foreign"])
    table.to_csv(folder / "example.csv", index=False)
    found = place(model, open_expression(folder / "example.csv"))
    expected = {
        "file": "example.csv",
        "tolerance": TOLERANCE,
        "samples": [
            {
                "sample": p.sample,
                "refused": p.refusal is not None,
                "subtype": p.subtype,
                "probability": [round(v, 6) for v in p.probability],
            }
            for p in found.placed
        ],
    }
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")


def _drawn(cohort: Subtyping, number: int, rng: np.random.Generator) -> Floats:
    """A profile of a subtype: its mean, a random step along the components within it, and no one's noise."""
    own = cohort.values[cohort.label == number]
    mean = own.mean(axis=0)
    away = cohort.values - _means(cohort)
    _, size, axes = np.linalg.svd(away, full_matrices=False)
    step = rng.normal(size=20) * size[:20] / np.sqrt(len(away))
    rest = np.sqrt(np.maximum(away.var(axis=0) - (size[:20] ** 2 / len(away)) @ axes[:20] ** 2, 0))
    return np.asarray(mean + step @ axes[:20] + rng.normal(size=len(mean)) * rest)


def _means(cohort: Subtyping) -> Floats:
    """(n, p), of each patient's subtype."""
    groups: Ints = np.unique(cohort.label)
    means = np.array([cohort.values[cohort.label == g].mean(axis=0) for g in groups])
    return np.asarray(means[cohort.label - 1])

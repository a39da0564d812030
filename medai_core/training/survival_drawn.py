"""Cohorts and examples of survival that are no one's: drawn from a distribution and marked SYNTHETIC."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from medai_core.cards import Card, PredictorSpec
from medai_core.metrics import Floats
from medai_core.precision.survival import answers, patients_of
from medai_core.precision.survival.model import SurvivalModel
from medai_core.sources.expression import Expression

EXAMPLES = 4


def draw_cohort(card: Card, data: Path, n: int = 150, genes: int = 30) -> None:
    """A drawn cohort in the card's own terms, for a smoke run: the event comes sooner along the first predictors and
    the first main component of expression.
    """
    spec = card.survival
    assert spec is not None
    rng = np.random.default_rng(0)
    table: dict[str, Any] = {}
    score = np.zeros(n)
    for i, p in enumerate(card.predictors):
        u = rng.random(n)
        score += (u - 0.5) * max(0, 3 - i)
        table[p.name] = _spread(p, u)
    axis = rng.normal(size=n)
    score += axis
    death = rng.exponential(12 * np.exp(-score))
    end = rng.uniform(6, 18, n)
    table[spec.time] = np.minimum(death, end)
    table[spec.event] = np.where(death <= end, spec.happened[0], "none")
    names = [f"PROBE_{g}" for g in range(genes)]
    for g, name in enumerate(names):
        table[name] = 0.3 * (axis * (g < genes // 2) + rng.normal(size=n))
    for file in (spec.develop, spec.expression.names):
        (data / file).parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(table).to_parquet(data / spec.develop)
    named = {
        "probe": names,
        "symbol": [f"GENE{g}" for g in range(genes)],
        "entrez": [str(900000 + g) for g in range(genes)],
    }
    pd.DataFrame(named).to_csv(data / spec.expression.names, index=False)


def _spread(p: PredictorSpec, u: Floats) -> Any:
    """A predictor's values for places in 0 to 1."""
    if p.kind == "number":
        return np.round(p.low + u * (p.high - p.low), p.decimals)
    return [p.categories[int(v * len(p.categories))].name for v in u]


def write_example(model: SurvivalModel, rows: pd.DataFrame, values: Floats, folder: Path) -> None:
    """``example.csv``, SYNTHETIC patients with history, treatment and expression, and what must come of them.

    Expression is a draw from the main components of at least 200 people (of a smoke run, of nobody's anyway), history
    from what is typical of the cohort.
    """
    rng = np.random.default_rng(3)
    drawn = _profiles(values, rng)
    made = pd.DataFrame([_made(model, rows, rng) for _ in range(EXAMPLES)])
    made.insert(0, "sample", [f"SYNTHETIC_{i + 1}" for i in range(EXAMPLES)])
    genes = pd.DataFrame(np.round(drawn, 3), columns=list(model.genes.probe))
    pd.concat([made, genes], axis=1).to_csv(folder / "example.csv", index=False)
    samples = tuple(made["sample"])
    expression = Expression(genes.to_numpy(dtype=np.float32), samples, model.genes.probe, made.set_index("sample"))
    found = answers(model, patients_of(model, samples, made, expression))
    expected = {
        "file": "example.csv",
        "tolerance": 1e-4,
        "answers": [
            {
                "sample": a.sample,
                "part": a.part,
                "log_hazard": round(a.log_hazard, 5),
                "third": a.third,
                "survival": [[round(v, 5) for v in (s.share.value, s.share.low, s.share.high)] for s in a.at],
            }
            for a in found
        ],
    }
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")


def _profiles(values: Floats, rng: np.random.Generator) -> Floats:
    """(examples, genes): the cohort's mean and a random multiple of each of its 40 main components."""
    mean = values.mean(axis=0)
    _, singular, axes = np.linalg.svd(values - mean, full_matrices=False)
    scale = singular[:40] / np.sqrt(len(values) - 1)
    return np.asarray(mean + rng.normal(0, 1, (EXAMPLES, len(scale))) * scale @ axes[: len(scale)])


def _made(model: SurvivalModel, rows: pd.DataFrame, rng: np.random.Generator) -> dict[str, object]:
    """A history that is no one's: each predictor alone drawn, a number as normal within the cohort's middle range."""
    made: dict[str, object] = {}
    for p in model.card.predictors:
        own = rows[p.name]
        if p.kind == "category":
            shares = own.value_counts(normalize=True)
            made[p.name] = str(rng.choice(shares.index.to_numpy(), p=shares.to_numpy()))
        else:
            low, high = own.quantile([0.1, 0.9])
            made[p.name] = round(float(np.clip(rng.normal(own.mean(), own.std()), low, high)), p.decimals)
    return made

"""Drawn cohorts of gene expression that are no one's: for smoke runs, examples and tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from medai_core.cards import Card


def write(card: Card, data: Path) -> None:
    """A drawn cohort in the files that the card names: two groups, one of which lives longer."""
    spec = card.subtypes
    assert spec is not None
    table, names = drawn(spec.time, spec.event, [*spec.clinical])
    for file, frame in ((spec.develop, table), (spec.symbols, names)):
        path = data / file
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_csv(path, index=False)


def drawn(
    time: str, event: str, clinical: list[str], samples: int = 150, genes: int = 300, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A cohort's table and the names of its genes; the second group, of three in ten, dies three times as fast."""
    rng = np.random.default_rng(seed)
    second = np.arange(samples) % 10 < 3
    effect = rng.normal(0, 0.6, genes) * (rng.random(genes) < 0.4)
    axes = rng.normal(0, 0.12, (6, genes))
    values = np.outer(second, effect) + rng.normal(size=(samples, 6)) @ axes + rng.normal(0, 0.2, (samples, genes))
    values += rng.normal(0, 0.15, genes)
    lived = rng.exponential(np.where(second, 6, 18))
    watched = rng.uniform(4, 18, samples)
    probes = [f"P{i:04}" for i in range(genes)]
    table = pd.DataFrame(values, columns=probes)
    for column in clinical:
        table.insert(0, column, rng.integers(0, 3, samples))
    table[time], table[event] = np.minimum(lived, watched), (lived <= watched).astype(int)
    table.insert(0, "Patient", [f"drawn-{i:03}" for i in range(samples)])
    named = np.sort(rng.choice(genes, genes // 2, replace=False))
    names = pd.DataFrame(
        {"probe": [probes[i] for i in named], "symbol": [f"GENE{i}" for i in named], "entrez": named + 1000}
    )
    return table, names

"""Drawn stays that are no one's: for smoke runs, examples and demonstrations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from medai_core.cards import Card, PredictorSpec
from medai_core.metrics import Floats


def drawn_stay(
    card: Card,
    name: str,
    hours: int,
    worsening: float,
    rng: np.random.Generator,
    typical: Mapping[str, tuple[float, ...]],
) -> pd.DataFrame:
    """``stay, minute, parameter, value`` of one stay: walks around typical values, drifting off with ``worsening``.

    Parameters
    ----------
    worsening : standard deviations by which the shown predictors drift until the end.
    typical : quantiles (5 %, 50 %, 95 %) by predictor; the middle of the plausible range where there are none.
    """
    assert card.monitoring is not None
    spec = card.monitoring
    courses = [
        _fixed(p, rng, typical.get(p.name, ()))
        if p.name in spec.fixed
        else _course(p, hours, worsening if p.name in spec.shown else 0.0, rng, typical.get(p.name, ()))
        for p in card.predictors
    ]
    names = np.repeat([p.name for p in card.predictors], [len(minute) for minute, _ in courses])
    minute, value = (np.concatenate(part) for part in zip(*courses, strict=True))
    return pd.DataFrame({"stay": name, "minute": minute, "parameter": names, "value": value})


def in_words(table: pd.DataFrame, predictors: Sequence[PredictorSpec]) -> pd.DataFrame:
    """The table as a file has it: categories by their names, and numbers without needless decimals."""
    known = {p.name: [c.name for c in p.categories] for p in predictors if p.categories}
    values = [
        known[p][int(v)] if p in known else f"{v:g}" for p, v in zip(table["parameter"], table["value"], strict=True)
    ]
    return table.assign(value=values)


def _range(p: PredictorSpec, typical: tuple[float, ...]) -> tuple[float, float]:
    if typical:
        return typical[1], max((typical[2] - typical[0]) / 3.3, 1e-6)
    return (p.low + p.high) / 2, (p.high - p.low) / 12


def _fixed(p: PredictorSpec, rng: np.random.Generator, typical: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Minutes and values: one."""
    if p.kind != "number":
        value = float(rng.integers(len(p.categories)))
    else:
        middle, width = _range(p, typical)
        value = float(np.round(np.clip(middle + width * rng.normal(), p.low, p.high), p.decimals))
    return np.zeros(1), np.array([value])


def _course(
    p: PredictorSpec, hours: int, worsening: float, rng: np.random.Generator, typical: tuple[float, ...]
) -> tuple[Floats, Floats]:
    """Minutes and values: a walk."""
    middle, width = _range(p, typical)
    every = 1 if worsening or rng.random() < 0.3 else int(rng.integers(4, 13))
    minute = np.arange(0, hours, every) * 60.0 + rng.integers(1, 60)
    steps = np.cumsum(rng.normal(0, 0.25, len(minute))) + rng.normal() * 0.5
    towards = 1.0 if rng.random() < 0.5 or worsening == 0 else -1.0
    value = middle + width * (steps + towards * worsening * minute / (60 * hours))
    inside = np.round(np.clip(value, p.low, p.high), p.decimals)
    return np.asarray(minute, dtype=np.float64), np.asarray(inside, dtype=np.float64)


def write(card: Card, data: Path, count: int = 60) -> None:
    """Drawn files in the place of the card's cohort: half of the stays worsen, and most of those have the event."""
    spec = card.monitoring
    assert spec is not None
    names = {spec.develop: spec.develop_outcomes, spec.test: spec.test_outcomes}
    for k, (observations, outcomes) in enumerate(names.items()):
        if not observations:
            continue
        rng = np.random.default_rng(k)
        length = spec.last_hour or 12
        worse = np.arange(count) % 2 == 1
        stays = [drawn_stay(card, str(1000 + i), length, 3.0 * worse[i], rng, {}) for i in range(count)]
        path = data / observations
        path.parent.mkdir(parents=True, exist_ok=True)
        if spec.outcomes.hour:
            _wide(card, pd.concat(stays), worse, path)
            continue
        in_words(pd.concat(stays, ignore_index=True), card.predictors).to_parquet(path)
        event = (rng.random(count) < np.where(worse, 0.8, 0.1)).astype(int)
        table = pd.DataFrame({spec.outcomes.stay: 1000 + np.arange(count), spec.outcomes.event: event})
        table.to_csv(data / outcomes, index=False)


def _wide(card: Card, table: pd.DataFrame, worse: np.ndarray, path: Path) -> None:
    """One row an hour, as a challenge has it, with the label of the hour."""
    assert card.monitoring is not None
    columns = card.monitoring.outcomes
    hour = np.maximum(np.ceil(table["minute"] / 60), 1)
    wide = table.assign(hour=hour).pivot_table("value", ["stay", "hour"], "parameter", "last").reset_index()
    late = wide["hour"] > wide["hour"].max() / 2
    septic = wide["stay"].astype(int).map(lambda stay: bool(worse[stay - 1000]))
    wide[columns.event] = (late & septic).astype(int)
    wide.rename(columns={"stay": columns.stay, "hour": columns.hour}).to_parquet(path)

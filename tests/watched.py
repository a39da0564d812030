"""Drawn stays for tests of what watches them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from medai_core.cards import Card


def drawn_table(card: Card, *, stays: int, hours: int, seed: int = 0) -> pd.DataFrame:
    """``stay, minute, parameter, value`` of stays that are no one's, each predictor measured every few hours."""
    rng = np.random.default_rng(seed)
    assert card.monitoring is not None and card.measured is not None and card.measured.monitored is not None
    typical = card.measured.monitored.typical
    parts = []
    for stay in range(stays):
        for p in card.predictors:
            if p.name in card.monitoring.fixed:
                value = [
                    float(rng.integers(len(p.categories)))
                    if p.categories
                    else float(np.clip(rng.uniform(40, 80), p.low, p.high))
                ]
                minute = [0.0]
            else:
                low, middle, high = typical.get(p.name, (p.low, (p.low + p.high) / 2, p.high))
                minute = list(np.arange(0, hours, rng.integers(1, 6)) * 60.0 + rng.integers(1, 60))
                value = list(np.clip(rng.normal(middle, (high - low) / 4 + 1e-6, len(minute)), p.low, p.high))
            parts.append(pd.DataFrame({"stay": f"S{stay}", "minute": minute, "parameter": p.name, "value": value}))
    table = pd.concat(parts, ignore_index=True)
    return table.sort_values(["stay", "minute"], kind="stable").reset_index(drop=True)

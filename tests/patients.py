"""SYNTHETIC patients: each predictor drawn on its own from what a card says of its cohort, so of no one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from medai_core.cards import Card
from medai_core.cards.measured import QUANTILES
from medai_core.catalog import Catalog
from medai_core.prognosis.risk import estimate


def draw(card: Card, n: int, seed: int = 0) -> pd.DataFrame:
    """``n`` patients in the card's words."""
    assert card.measured is not None
    rng = np.random.default_rng(seed)
    table = {}
    for p, s in zip(card.predictors, card.measured.predictors, strict=True):
        if p.kind == "number":
            levels = rng.uniform(QUANTILES[0], QUANTILES[-1], n)
            table[p.name] = np.clip(np.interp(levels, QUANTILES, s.quantiles), p.low, p.high).round(3)
        else:
            names, shares = list(s.shares), np.array(list(s.shares.values()))
            table[p.name] = rng.choice(names, n, p=shares / shares.sum())
    return pd.DataFrame(table)


def followed(models: Catalog, card: Card, n: int, seed: int = 0) -> pd.DataFrame:
    """``n`` patients with outcomes that happen exactly as often as the model says."""
    assert card.prediction is not None
    rng = np.random.default_rng(seed + 1)
    table, columns = draw(card, n, seed), card.prediction.columns
    happened = rng.random(n) < estimate(models.risk_model(card), table).risk
    event, none = (columns.happened[0], "0") if columns.above is None else (f"{columns.above + 1:g}", "0")
    table[columns.event] = np.where(happened, event, none)
    return table


def plain_card(models: Catalog) -> Card:
    """A trained risk card whose outcome stands in one column."""
    for cards in models.outcomes().values():
        for card in cards:
            assert card.prediction is not None
            if not card.prediction.columns.time and not card.prediction.columns.group:
                return card
    raise AssertionError("no trained risk model has its outcome in one column")

"""Small risk models with drawn parameters, and patients as different as a card allows: no one's data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st

from medai_core import cards
from medai_core.cards.measured import PredictorStatistics
from medai_core.catalog import find_models
from medai_core.prognosis.risk import RiskModel
from medai_core.prognosis.risk.estimators import Additive, Kernel, Trees
from medai_core.sources.encoding import Encoding

MODELS = find_models()
SHIPPED = MODELS.trained("risk")
KINDS = ("additive", "kernel", "trees")
every_risk = pytest.mark.parametrize("card", SHIPPED, ids=lambda card: card.name)
every_kind = pytest.mark.parametrize("kind", KINDS)

Row = Mapping[str, float | str | None]


# Patients


def patients(card: cards.Card, *, unknown: bool = True) -> st.SearchStrategy[dict[str, float | str | None]]:
    """Anybody whom the card would not refuse."""
    return st.fixed_dictionaries({p.name: values(p, unknown=unknown) for p in card.predictors})


def values(p: cards.PredictorSpec, *, unknown: bool = True) -> st.SearchStrategy[float | str | None]:
    """Any plausible value of a predictor."""
    known: st.SearchStrategy[float | str | None] = (
        st.floats(p.low, p.high) if p.kind == "number" else st.sampled_from([c.name for c in p.categories])
    )
    return st.none() | known if unknown else known


def table(card: cards.Card, *rows: Row) -> pd.DataFrame:
    """Patients in the card's words; what a row does not name is unknown."""
    return pd.DataFrame(
        {
            p.name: pd.Series([row.get(p.name) for row in rows], dtype=np.float64 if p.kind == "number" else object)
            for p in card.predictors
        },
        index=pd.RangeIndex(len(rows)),
    )


def crowd(card: cards.Card, n: int, seed: int = 0, unknown: float = 0.1) -> pd.DataFrame:
    """``n`` people drawn evenly over what is plausible, a share of it unknown."""
    r = np.random.default_rng(seed)

    def one(p: cards.PredictorSpec) -> float | str | None:
        if r.random() < unknown:
            return None
        return float(r.uniform(p.low, p.high)) if p.kind == "number" else str(r.choice([c.name for c in p.categories]))

    return table(card, *({p.name: one(p) for p in card.predictors} for _ in range(n)))


# Small models


def number(name: str, **more: object) -> cards.PredictorSpec:
    return cards.PredictorSpec(name, name.title(), "number", **({"low": -3.0, "high": 3.0, "decimals": 1} | more))  # type: ignore[arg-type]


def category(name: str, *names: str, **more: object) -> cards.PredictorSpec:
    said = tuple(cards.Category(n, n) for n in names)
    return cards.PredictorSpec(name, name.title(), "category", categories=said, **more)  # type: ignore[arg-type]


FIVE = (
    number("age", monotone=1),
    category("pain", "none", "mild", "severe"),
    number("pressure", modifiable="lower"),
    category("smoking", "no", "yes", modifiable="no"),
    number("weight", modifiable="either"),
)


def card_of(predictors: tuple[cards.PredictorSpec, ...], estimator: str = "logistic") -> cards.Card:
    """A card that asks for ``predictors``."""
    columns = cards.OutcomeColumns("died", ("1",))
    return cards.Card(
        name="drawn",
        title="Drawn",
        task="risk",
        version="1",
        intended_use="",
        not_for="",
        limits=(),
        findings=(cards.FindingSpec("death", "Death"),),
        population=cards.Population(""),
        cohorts=(),
        predictors=predictors,
        outcome="drawn",
        prediction=cards.PredictionSpec(estimator, "within 10 years", columns, "drawn.csv", age="age"),
    )


def measured(card: cards.Card, temperature: float = 1.0, offset: float = 0.0) -> cards.Measured:
    """What a recipe would have measured of a cohort that is even between -2 and 2."""
    spread = (-2.0, -1.8, -1.0, 0.0, 1.0, 1.8, 2.0)
    known = tuple(
        PredictorStatistics(p.name, 0.0, 1.0, quantiles=spread)
        if p.kind == "number"
        else PredictorStatistics(p.name, 0.0, 1.0, shares={c.name: 1 / len(p.categories) for c in p.categories})
        for p in card.predictors
    )
    return cards.Measured(
        sha256={},
        thresholds={},
        threshold_source="",
        calibration=cards.Calibration(temperature, (0.0, offset)),
        applicability=cards.Applicability(1e9),
        performance=(),
        reliability=(),
        confusion=(),
        approaches=(),
        test_evaluations=(),
        provenance=cards.Provenance("", "", 0, "", 0.0, ""),
        predictors=known,
        risk_quantiles=tuple(np.linspace(0, 1, 101).tolist()),
    )


def small(
    kind: str,
    seed: int = 0,
    predictors: tuple[cards.PredictorSpec, ...] = FIVE,
    estimator: Additive | Kernel | Trees | None = None,
) -> RiskModel:
    """A risk model with drawn parameters, a temperature, an offset, and a background of fractions of categories."""
    r = np.random.default_rng(seed)
    card = card_of(predictors)
    card = replace(card, measured=measured(card, r.uniform(0.5, 2), r.normal()))
    flagged = r.random(len(predictors)) < 0.4
    encoding = Encoding(predictors, np.array([0.3 if p.kind == "number" else 0.0 for p in predictors]), flagged)
    columns, numbers = len(encoding.owner), encoding.is_number
    background = np.where(numbers, r.normal(size=(4, columns)), r.random((4, columns)))
    weight = r.dirichlet(np.ones(4))
    made = estimator or {"additive": additive, "kernel": kernel, "trees": trees}[kind](columns, r)
    k = int(numbers.sum())
    return RiskModel(card, encoding, made, 2.0, background, weight, np.zeros(k), np.eye(k))


def additive(columns: int, r: np.random.Generator, refits: int = 3) -> Additive:
    knots = r.normal(size=(columns, 2))
    knots[::2, 1] = np.nan
    coefficients = r.normal(size=(1 + refits, 1 + columns * 3))
    return Additive(r.normal(size=columns), r.uniform(0.5, 2, columns), knots, coefficients)


def kernel(columns: int, r: np.random.Generator, refits: int = 3) -> Kernel:
    landmarks = r.normal(size=(6, columns))
    return Kernel(r.normal(size=columns), r.uniform(1, 2, columns), landmarks, 0.1, r.normal(size=(1 + refits, 7)))


def trees(columns: int, r: np.random.Generator, refits: int = 3, each: int = 4, leaves: int = 9) -> Trees:
    """Trees that split drawn leaves of drawn columns, so that a path asks some columns more than once."""
    column, threshold, left, right, value, root, refit = [], [], [], [], [], [], []
    for k in range(1 + refits):
        for _ in range(each):
            root.append(len(column))
            refit.append(k)
            open_leaves = [_leaf(column, threshold, left, right, value, r)]
            while len(open_leaves) < leaves:
                node = open_leaves.pop(int(r.integers(len(open_leaves))))
                column[node], threshold[node] = int(r.integers(columns)), float(r.normal(0.3, 0.5))
                left[node] = _leaf(column, threshold, left, right, value, r)
                right[node] = _leaf(column, threshold, left, right, value, r)
                open_leaves += [left[node], right[node]]
    whole = [np.array(a) for a in (column, threshold, left, right, value, root, refit)]
    return Trees(*whole, r.normal(size=1 + refits))


def _leaf(column: list, threshold: list, left: list, right: list, value: list, r: np.random.Generator) -> int:  # type: ignore[type-arg]
    place = len(column)
    for of, given in zip((column, threshold, left, right, value), (-1, 0.0, place, place, r.normal()), strict=True):
        of.append(given)
    return place

"""What the recipe of a risk model measures on people held out, and the example that it writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from medai_core.cards import Calibration, Evaluation, Measure, Measured
from medai_core.evaluation.curves import reliability
from medai_core.evaluation.patients import Judged, recalibration, risk_measures, subgroup_measures
from medai_core.metrics import Floats
from medai_core.prognosis.attribution import explain
from medai_core.prognosis.cohorts import Cohort, folds
from medai_core.prognosis.risk import RiskModel, estimate
from medai_core.training.recipes import commit, say


def distances(model: RiskModel, X: Floats) -> Floats:
    """How far each row's numbers lie from the cohort's mean (Mahalanobis), (n,)."""
    away = X[:, model.encoding.is_number] - model.mean
    return np.asarray(np.sqrt(np.einsum("ni,ij,nj->n", away, model.precision, away)))


def tested(
    model: RiskModel,
    develop: Cohort,
    held: Cohort,
    where: str,
    score: Floats,
    seen_rivals: Mapping[str, Floats],
    rivals: Mapping[str, Floats],
    earlier: Measured | None,
) -> Measured:
    """The card's numbers: cross-validated over the development people, and once on those held out."""
    measured, card = model.measured, model.card
    z = model.log_odds(model.encoding.encode(held.rows))
    inner = score * model.scale + measured.calibration.offsets[1]
    found = [
        *risk_measures(Judged(z, held.outcomes), data=where, rivals=rivals),
        *subgroup_measures(card, held, z, data=where),
        *risk_measures(Judged(inner, develop.outcomes), data="cross-validation", rivals=seen_rivals, draws=300),
        *subgroup_measures(card, develop, inner, data="cross-validation"),
    ]
    recalibrated = None
    if where == "external":
        recalibrated, more = recalibrate(model, held, z)
        found += more
    say(f"{card.name}: " + ", ".join(f"{m.measure} {m.value:.4f}" for m in found[:4]))
    values = {m.measure: m.value for m in found if m.data == where and not m.subgroup and not m.model}
    entry = Evaluation(datetime.now(UTC).strftime("%Y-%m-%d %H:%M"), commit(), values, where)
    return replace(
        measured,
        performance=tuple(found),
        reliability=reliability(Judged(z, held.outcomes)),
        test_evaluations=(*(earlier.test_evaluations if earlier else ()), entry),
        recalibrated=recalibrated,
    )


def recalibrate(model: RiskModel, held: Cohort, z: Floats) -> tuple[Calibration, list[Measure]]:
    """The calibration for a place like the external one, and how it does there in cross-validation."""
    o = held.outcomes
    fold = folds(o.group, o.event, 10, 0)
    held_out = np.zeros(len(z))
    for k in range(10):
        intercept, slope = recalibration(o.event[fold != k], z[fold != k], o.weight[fold != k])
        held_out[fold == k] = intercept + slope * z[fold == k]
    more = risk_measures(Judged(held_out, o), data="external")
    intercept, slope = recalibration(o.event, z, o.weight)
    own = model.measured.calibration
    whole = Calibration(float(own.temperature / slope), (0.0, float(intercept + slope * own.offsets[1])))
    return whole, [replace(m, subgroup="recalibrated there, cross-validated") for m in more]


def write_example(model: RiskModel, folder: Path) -> None:
    """``example.csv``, the cohort's typical patient and two made from its quantiles, and what must come of them."""
    rows = pd.DataFrame([_made(model, at) for at in (3, 1, 5)])
    rows.to_csv(folder / "example.csv", index=False)
    found, why = estimate(model, rows), explain(model, rows)
    expected = {
        "file": "example.csv",
        "tolerance": 1e-4,
        "risk": [round(float(v), 6) for v in found.risk],
        "low": [round(float(v), 6) for v in found.low],
        "high": [round(float(v), 6) for v in found.high],
        "base": round(why.base, 6),
        "contributions": [
            {p.name: round(float(v), 6) for p, v in zip(model.card.predictors, row, strict=True)} for row in why.values
        ],
    }
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")


def _made(model: RiskModel, at: int) -> dict[str, object]:
    """A SYNTHETIC patient: every number at one quantile of the cohort, every category the typical one."""
    row: dict[str, object] = {}
    for p, s in zip(model.card.predictors, model.measured.predictors, strict=True):
        row[p.name] = round(s.quantiles[at], p.decimals) if s.quantiles else s.typical
    return row

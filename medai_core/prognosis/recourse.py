"""The smallest plausible change that would bring a risk under a chosen level.

Only what the card calls modifiable may change, only in the direction it names, and no farther than
people of the cohort are found. It says what would change *the model's answer*; whether the change
would change the patient's fate is for trials to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from medai_core.cards import PredictorSpec
from medai_core.metrics import Floats
from medai_core.prognosis.risk import RiskModel, estimate, logistic

STEPS = 12
"""Values tried for each predictor between the patient's and the farthest plausible one."""


@dataclass(frozen=True)
class Change:
    """One predictor's change."""

    predictor: str
    before: float | str
    after: float | str


@dataclass(frozen=True)
class Recourse:
    """A change of one to three predictors, and the risk that the model would give then.

    Attributes
    ----------
    reached : False where nothing plausible brings the risk under the level; the change is then the
        one that lowers it most (no changes where nothing does).
    """

    changes: tuple[Change, ...]
    risk: float
    reached: bool


def modifiable(model: RiskModel) -> tuple[PredictorSpec, ...]:
    """The predictors that a patient can change."""
    return tuple(p for p in model.card.predictors if p.modifiable)


def recourse(model: RiskModel, row: pd.DataFrame, level: float) -> Recourse:
    """The smallest change of ``row`` (one patient in the card's words) to a risk below ``level``.

    As few predictors as will do, and among those the cheapest; none where the risk is below already.
    The cost of a change is how much of the cohort's span (5 to 95 %) it crosses, summed over the
    predictors; a category counts half a span. What is unknown is left alone.
    """
    options = [o for p in modifiable(model) if (o := _options(model, p, row)) is not None]
    risk = float(estimate(model, row).risk[0])
    best = Recourse((), risk, risk < level)
    if best.reached:
        return best
    for size in (1, 2, 3):
        found = _search(model, row, [c for c in combinations(options, size)], level)
        if found is not None and found.reached:
            return found
        if found is not None and found.risk < best.risk:
            best = found
    return best


@dataclass(frozen=True, eq=False)
class _Option:
    """The values that one predictor could take, nearest first, with their costs."""

    predictor: PredictorSpec
    before: float | str
    values: list[float | str]
    costs: Floats


def _options(model: RiskModel, p: PredictorSpec, row: pd.DataFrame) -> _Option | None:
    s = next(s for s in model.measured.predictors if s.name == p.name)
    value = row[p.name].iloc[0]
    if pd.isna(value):
        return None
    if p.kind == "category":
        return None if value == p.modifiable else _Option(p, str(value), [p.modifiable], np.array([0.5]))
    # No farther than to what 5 % of the cohort lie beyond.
    ends = min(float(value), s.quantiles[1]), max(float(value), s.quantiles[5])
    span = max(s.quantiles[5] - s.quantiles[1], 1e-9)
    values = [round(v, p.decimals) for end in ends for v in np.linspace(float(value), end, STEPS + 1)[1:]]
    # A value with more decimals than are customary must not be rounded past where it started.
    changed = sorted({v for v in values if _allowed(p, v - float(value))}, key=lambda v: abs(v - float(value)))
    if not changed:
        return None
    return _Option(p, float(value), list(changed), np.array([abs(v - float(value)) / span for v in changed]))


def _allowed(p: PredictorSpec, step: float) -> bool:
    return {"lower": step < 0, "raise": step > 0}.get(p.modifiable, step != 0)


def _search(model: RiskModel, row: pd.DataFrame, choices: list[tuple[_Option, ...]], level: float) -> Recourse | None:
    """The cheapest reaching change among all values of the chosen predictors, else the one with the least risk."""
    patients, costs, made = [], [], []
    for chosen in choices:
        grid = np.stack([g.ravel() for g in np.meshgrid(*[np.arange(len(o.values)) for o in chosen], indexing="ij")], 1)
        for places in grid:
            patients.append({o.predictor.name: o.values[k] for o, k in zip(chosen, places, strict=True)})
            costs.append(sum(float(o.costs[k]) for o, k in zip(chosen, places, strict=True)))
            made.append(chosen)
    if not patients:
        return None
    table = pd.concat([row] * len(patients), ignore_index=True)
    for name in {n for p in patients for n in p}:
        table[name] = [p.get(name, before) for p, before in zip(patients, table[name], strict=True)]
    risk = logistic(model.log_odds(model.encoding.encode(table)))
    reaching = np.flatnonzero(risk < level)
    best = int(reaching[np.argmin(np.array(costs)[reaching])]) if len(reaching) else int(risk.argmin())
    changes = tuple(Change(o.predictor.name, o.before, patients[best][o.predictor.name]) for o in made[best])
    return Recourse(changes, float(risk[best]), bool(len(reaching)))

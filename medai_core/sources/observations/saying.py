"""What was not used and why, as sentences: one a cell, or one a stay, parameter and reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from medai_core.cards import PredictorSpec
from medai_core.errors import Fact, Message
from medai_core.sources.intake import expected
from medai_core.sources.observations.settling import Observations


def said(row: Any, predictors: Sequence[PredictorSpec]) -> Message:
    """Why one cell was not used: ``row`` is a row of ``left_out``, as a Series or a named tuple."""
    return Message(row.reason, _facts(str(row.parameter), str(row.value), predictors))


def summary(observations: Observations, predictors: Sequence[PredictorSpec]) -> dict[str, tuple[Message, ...]]:
    """What was not used of each stay that lacks something: one sentence a parameter and reason, the last value in it.

    Cells that name no stay are under "".
    """
    found: dict[str, list[Message]] = {}
    grouped = observations.left_out.groupby(["stay", "parameter", "reason"], sort=False)["value"]
    for (stay, parameter, reason), count, last in grouped.agg(["size", "last"]).itertuples():
        facts = _facts(parameter, last, predictors)
        many = Message(f"{reason}_many", {**facts, "count": int(count)})
        found.setdefault(stay, []).append(many if count > 1 else Message(reason, facts))
    return {stay: tuple(messages) for stay, messages in found.items()}


def _facts(parameter: str, value: str, predictors: Sequence[PredictorSpec]) -> dict[str, Fact]:
    p = next(p for p in predictors if p.name == parameter)
    bounds: dict[str, Fact] = {"low": f"{p.low:g}", "high": f"{p.high:g}", "unit": p.unit}
    scope = Message("observation.range" if p.unit else "observation.range_count", bounds)
    return {
        "parameter": p.title,
        "value": value,
        "unit": p.unit or p.ucum or "1",
        "range": (scope,),
        "expected": (expected(p),),
    }

"""Advice as files hold it; no dose leaves without the sentence that it is a simulation."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pandas as pd

from medai_core.errors import Message
from medai_core.precision.dosing.advice import Advice
from medai_core.precision.dosing.patient import Patient

DIGITS = 4


def as_plain(advice: Advice, translate: Callable[[str], str] = str) -> dict[str, Any]:
    """The advice as JSON can hold it, its sentences in the language of ``translate``."""
    found = _plain(advice, translate)
    assert isinstance(found, dict)
    return found


def _plain(value: Any, translate: Callable[[str], str]) -> Any:
    if isinstance(value, Message):
        return value.say(translate)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name), translate) for f in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(v, translate) for v in value]
    return round(value, DIGITS) if isinstance(value, float) else value


def as_table(advice: Advice, translate: Callable[[str], str] = str) -> pd.DataFrame:
    """A row for each day and dose that is looked ahead to: the INR with its band, and what the dose is.

    The dose that is proposed comes first; ``note`` says on every row that it is a simulation, and the reason, the limit
    and the warnings stand on every row of the proposed dose.
    """
    said = {
        "reason": advice.reason.say(translate),
        "limit": advice.limit.say(translate) if advice.limit else "",
        "warnings": " ".join(w.say(translate) for w in advice.warnings),
        "alternative": advice.alternative.say(translate) if advice.alternative else "",
    }
    rows = [
        {
            "policy": advice.policy if forecast is advice.expected else "",
            "dose_mg_per_day": round(forecast.dose_mg_per_day, DIGITS),
            "held_days": forecast.held_days,
            "day": day,
            "inr": round(inr, 2),
            "low": round(low, 2),
            "high": round(high, 2),
            "note": advice.simulation.say(translate),
            **(said if forecast is advice.expected else dict.fromkeys(said, "")),
        }
        for forecast in (advice.expected, *advice.others)
        for day, inr, low, high in zip(forecast.days, forecast.inr, forecast.low, forecast.high, strict=True)
    ]
    return pd.DataFrame(rows)


def as_file(patient: Patient, description: str = "") -> dict[str, Any]:
    """The patient as a file that ``reading.read_patient`` takes; what is not known is left out."""
    fields = {f.name: getattr(patient, f.name) for f in dataclasses.fields(patient)}
    found = {name: _plain(value, str) for name, value in fields.items() if value not in (None, "", ())}
    if patient.drug_changes:
        changes = ((c.day, c.drug if c.taken else f"-{c.drug}") for c in patient.drug_changes)
        found["drug_changes"] = [{"day": day, "drug": drug} for day, drug in changes]
    if patient.began is not None:
        found["began"] = patient.began.isoformat()
    return ({"description": description} if description else {}) | found

"""A patient from a file: JSON, or a CSV of one row."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from medai_core.cards import Card
from medai_core.errors import Message, PatientError
from medai_core.precision.dosing.patient import (
    INDUCERS,
    DoseChange,
    DrugChange,
    InrValue,
    Patient,
    checked,
    spec_of,
)
from medai_core.sources.formats import is_json
from medai_core.sources.intake import UNKNOWN, category_of
from medai_core.sources.tables import open_bytes, read_table

FIELDS = tuple(f.name for f in fields(Patient))
EXTRA = ("description",)
"""What a file may say beside: to whoever reads it."""


def open_patient(path: Path, card: Card) -> Patient:
    """The patient in a file of one's own; see ``read_patient``."""
    return read_patient(open_bytes(path), path.name, card)


def read_patient(data: bytes, name: str, card: Card) -> Patient:
    """The patient in a file called ``name``.

    Raises
    ------
    PatientError : it is no patient, or one that cannot be; ManifestError : a table that cannot be read.
    """
    given = _json(data) if is_json(data) or name.lower().endswith(".json") else _row(data, name)
    for field in given:
        if field not in (*FIELDS, *EXTRA):
            raise PatientError("dosing.field", field=str(field)[:60], known=", ".join(FIELDS))
    if "age_years" not in given:
        raise PatientError("dosing.missing", field="age_years")
    read = {field: _READ[field](given[field], field, card) for field in FIELDS if field in given}
    return checked(Patient(**read), card)


def _json(data: bytes) -> dict[str, Any]:
    try:
        given = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise PatientError("dosing.file", detail=str(error)[:120], known=", ".join(FIELDS)) from error
    if not isinstance(given, dict):
        raise PatientError("dosing.file", detail=type(given).__name__, known=", ".join(FIELDS))
    return given


def _row(data: bytes, name: str) -> dict[str, Any]:
    table = read_table(data, name)
    if len(table) != 1:
        raise PatientError("dosing.rows", rows=len(table))
    row = {str(k).strip(): v for k, v in table.iloc[0].to_dict().items()}
    return {k: v for k, v in row.items() if not _blank(v)}


def _blank(value: object) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value)) or str(value).strip() == ""


def _unknown(value: object) -> bool:
    return _blank(value) or (isinstance(value, str) and value.strip().lower() in UNKNOWN)


def _refuse(field: str, value: object, expected: Message) -> PatientError:
    return PatientError("dosing.value", field=field, value=str(value)[:40], expected=(expected,))


def _number(value: Any, field: str, card: Card) -> float | None:
    if _unknown(value) and field != "age_years":
        return None
    try:
        if isinstance(value, bool):
            raise ValueError
        return float(value)
    except (TypeError, ValueError) as error:
        spec = spec_of(card, field)
        raise _refuse(
            field, value, Message("dosing.number", {"low": f"{spec.low:g}", "high": f"{spec.high:g}"})
        ) from error


def _category(value: Any, field: str, card: Card) -> str:
    if _unknown(value):
        return "unknown" if field == "race" else ""
    spec = spec_of(card, field)
    found = category_of(str(value).strip(), spec)
    if found is None:
        raise _refuse(field, value, Message("dosing.drug", {"known": ", ".join(c.name for c in spec.categories)}))
    return found


def _drug(value: Any, field: str) -> str:
    name = str(value).strip().lower()
    if name in (*INDUCERS, "inducer"):
        return "inducer"
    if name == "amiodarone":
        return name
    raise _refuse(field, value, Message("dosing.drug", {"known": ", ".join(("amiodarone", *INDUCERS))}))


def _drugs(value: Any, field: str, card: Card) -> tuple[str, ...]:
    listed = re.split(r"[;,]", value) if isinstance(value, str) else value
    if not isinstance(listed, list):
        raise _refuse(field, value, Message("dosing.drug", {"known": ", ".join(("amiodarone", *INDUCERS))}))
    return tuple(dict.fromkeys(_drug(item, field) for item in listed if not _unknown(item)))


def _whole(value: Any, field: str) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"-?\d{1,6}(\.0+)?", text, re.ASCII):
        raise _refuse(field, value, Message("dosing.whole", {"low": 0, "high": 3650}))
    return int(float(text))


def _pairs(value: Any, field: str, key: str) -> list[tuple[int, Any]]:
    """Days with a value, from "0:5; 7:6" or from objects."""
    if isinstance(value, str):
        parts = [part.partition(":") for part in value.split(";") if part.strip()]
        if all(sign for _, sign, _ in parts):
            return [(_whole(day, field), said.strip()) for day, _, said in parts]
    elif isinstance(value, list) and all(isinstance(v, dict) and set(v) == {"day", key} for v in value):
        return [(_whole(v["day"], field), v[key]) for v in value]
    raise _refuse(field, value, Message("dosing.list"))


def _float(value: Any, field: str) -> float:
    try:
        if isinstance(value, bool):
            raise ValueError
        return float(value)
    except (TypeError, ValueError) as error:
        raise _refuse(field, value, Message("dosing.list")) from error


def _doses(value: Any, field: str, card: Card) -> tuple[DoseChange, ...]:
    return tuple(DoseChange(day, _float(v, field)) for day, v in _pairs(value, field, "dose_mg_per_day"))


def _inrs(value: Any, field: str, card: Card) -> tuple[InrValue, ...]:
    return tuple(InrValue(day, _float(v, field)) for day, v in _pairs(value, field, "inr"))


def _missed(value: Any, field: str, card: Card) -> tuple[int, ...]:
    listed = [part for part in value.split(";") if part.strip()] if isinstance(value, str) else value
    if not isinstance(listed, list):
        raise _refuse(field, value, Message("dosing.list"))
    return tuple(_whole(day, field) for day in listed)


def _changes(value: Any, field: str, card: Card) -> tuple[DrugChange, ...]:
    """From "20:amiodarone; 40:-amiodarone", the sign for one that ends, or from objects with the drug so written."""
    found = []
    for day, said in _pairs(value, field, "drug"):
        name = str(said).strip()
        found.append(DrugChange(day, _drug(name.lstrip("-+"), field), not name.startswith("-")))
    return tuple(found)


def _today(value: Any, field: str, card: Card) -> int:
    return _whole(value, field)


def _began(value: Any, field: str, card: Card) -> date | None:
    if _unknown(value):
        return None
    try:
        return date.fromisoformat(str(value).strip())
    except ValueError as error:
        raise _refuse(field, value, Message("dosing.date")) from error


def _id(value: Any, field: str, card: Card) -> str:
    text = "" if _blank(value) else str(value).strip()
    return text.removesuffix(".0") if isinstance(value, float) else text


_READ: Mapping[str, Callable[[Any, str, Card], Any]] = {
    **dict.fromkeys(("age_years", "height_cm", "weight_kg"), _number),
    **dict.fromkeys(("race", "cyp2c9", "vkorc1"), _category),
    "drugs": _drugs,
    "drug_changes": _changes,
    "doses": _doses,
    "inrs": _inrs,
    "missed_days": _missed,
    "today": _today,
    "began": _began,
    "id": _id,
}

"""Patients in a card's words as a FHIR R4 Bundle: what ``read_bundle`` takes back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pandas as pd

from medai_core.cards import Card, Category, PredictorSpec
from medai_core.sources.fhir.codes import ADDRESSES, CATEGORY, PREDICTOR, SEX, UCUM, Json

STATUS = "http://terminology.hl7.org/CodeSystem/condition-"


def to_bundle(rows: pd.DataFrame, card: Card, *, ids: Sequence[str] | None = None, now: datetime | None = None) -> Json:
    """A collection Bundle of ``rows`` in the card's words; what is unknown is left out.

    Sex is Patient.gender; a number is an Observation in the card's UCUM unit, "yes" to a disease with a
    SNOMED CT code a Condition, everything else an Observation. Predictors without a public code go by the
    card's own names. Age is an Observation: nobody's birth date is made up.

    Parameters
    ----------
    ids : of the patients; their places from 1 when None. One that FHIR does not allow becomes an identifier.
    now : when it is observed and written; an aware datetime, left out when None.
    """
    names = [str(place) for place in range(1, len(rows) + 1)] if ids is None else list(ids)
    stamp = now.isoformat(timespec="seconds") if now is not None else None
    entries: list[Json] = []
    for place, (row, name) in enumerate(zip(rows.to_dict("records"), names, strict=True), start=1):
        entries += _patient({str(k): v for k, v in row.items()}, card, name, place, stamp)
    return {"resourceType": "Bundle", "type": "collection"} | ({"timestamp": stamp} if stamp else {}) | _some(entries)


def _some(entries: list[Json]) -> Json:
    """No list of FHIR is empty."""
    return {"entry": entries} if entries else {}


def _patient(row: dict[str, Any], card: Card, name: str, place: int, stamp: str | None) -> list[Json]:
    allowed = re.fullmatch(r"[A-Za-z0-9.-]{1,64}", name) is not None
    patient: Json = {"resourceType": "Patient", "id": name if allowed else f"row-{place}"}
    if not allowed:
        patient["identifier"] = [{"value": name}]
    url = _url(name)
    entries = [{"fullUrl": url, "resource": patient}]
    for p in card.predictors:
        value = row.get(p.name)
        if value is None or value != value:
            continue
        if _is_sex(p) and value in ("female", "male"):
            patient["gender"] = value
        else:
            stated = resource(p, value, stamp) | {"subject": {"reference": url}}
            entries.append({"fullUrl": _url(f"{name}/{p.name}"), "resource": stated})
    return entries


def _url(name: str) -> str:
    return f"urn:uuid:{uuid5(NAMESPACE_URL, 'medai/' + name)}"


def _is_sex(p: PredictorSpec) -> bool:
    return p.code is not None and (p.code.system, p.code.value) == SEX


def _is_disease(p: PredictorSpec) -> bool:
    return p.code is not None and p.code.system == "SNOMED CT" and {c.name for c in p.categories} == {"yes", "no"}


def resource(p: PredictorSpec, value: Any, stamp: str | None) -> Json:
    """One known value as an Observation or, for a disease that somebody has, a Condition; without its subject."""
    code = _concept(p)
    if _is_disease(p) and value == "yes":
        return {
            "resourceType": "Condition",
            "clinicalStatus": {"coding": [{"system": f"{STATUS}clinical", "code": "active"}]},
            "verificationStatus": {"coding": [{"system": f"{STATUS}ver-status", "code": "confirmed"}]},
            "code": code,
        }
    found: Json = {"resourceType": "Observation", "status": "final", "code": code}
    if stamp is not None:
        found["effectiveDateTime"] = stamp
    if p.kind == "number":
        unit = {"unit": p.unit} if p.unit else {}
        return found | {"valueQuantity": {"value": float(value), **unit, "system": UCUM, "code": p.ucum or "1"}}
    if _is_disease(p):
        return found | {"valueBoolean": False}
    return found | {"valueCodeableConcept": _category(p.category(str(value)))}


def _concept(p: PredictorSpec) -> Json:
    if p.code is not None and p.code.system in ADDRESSES:
        coding = {"system": ADDRESSES[p.code.system], "code": p.code.value, "display": p.code.meaning}
    else:
        coding = {"system": PREDICTOR, "code": p.name}
    return {"coding": [coding], "text": p.title}


def _category(c: Category) -> Json:
    coded = [{"system": CATEGORY, "code": c.name}]
    if c.code is not None and c.code.system in ADDRESSES:
        coded.append({"system": ADDRESSES[c.code.system], "code": c.code.value, "display": c.code.meaning})
    return {"coding": coded, "text": c.title}

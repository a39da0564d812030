"""Which predictor a FHIR code means: by the card's own LOINC and SNOMED CT codes and a few that say the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from medai_core.cards import PredictorSpec

Json = dict[str, Any]
PATIENT = "patient"
"""The column of a Bundle's table with the patients' ids."""

LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
PREDICTOR, CATEGORY = "urn:x-medai:predictor", "urn:x-medai:category"
"""The card's own names, for what no public code says."""
SYSTEMS = {
    LOINC: "LOINC",
    "urn:oid:2.16.840.1.113883.6.1": "LOINC",
    SNOMED: "SNOMED CT",
    "urn:oid:2.16.840.1.113883.6.96": "SNOMED CT",
    PREDICTOR: "MedAI",
}
ADDRESSES = {"LOINC": LOINC, "SNOMED CT": SNOMED}
AGE, SEX = ("LOINC", "30525-0"), ("LOINC", "76689-9")
SAME = {
    # The same quantity as an amount of substance, or with no method named.
    ("LOINC", "14647-2"): ("LOINC", "2093-3"),
    ("LOINC", "14682-9"): ("LOINC", "2160-0"),
    ("LOINC", "14798-3"): ("LOINC", "2498-4"),
    ("LOINC", "14800-7"): ("LOINC", "2500-7"),
    ("LOINC", "26464-8"): ("LOINC", "6690-2"),
    ("LOINC", "26515-7"): ("LOINC", "777-3"),
    ("LOINC", "30341-2"): ("LOINC", "4537-7"),
    ("LOINC", "46098-0"): SEX,
    # The INR of whole blood, of capillary blood at the point of care, and of either.
    ("LOINC", "34714-6"): ("LOINC", "6301-6"),
    ("LOINC", "46418-0"): ("LOINC", "6301-6"),
    ("LOINC", "38875-1"): ("LOINC", "6301-6"),
    # Kinds of the disease that the card means.
    ("SNOMED CT", "44054006"): ("SNOMED CT", "73211009"),
    ("SNOMED CT", "46635009"): ("SNOMED CT", "73211009"),
    ("SNOMED CT", "59621000"): ("SNOMED CT", "38341003"),
    ("SNOMED CT", "449868002"): ("SNOMED CT", "77176002"),
}
"""Codes that mean what a card's code means, as far as a predictor asks."""

Known = dict[tuple[str, str], list[PredictorSpec]]


def known_codes(predictors: Sequence[PredictorSpec]) -> Known:
    """The predictors that each code means."""
    found: Known = {}
    for p in predictors:
        found.setdefault(("MedAI", p.name), []).append(p)
        if p.code is not None:
            found.setdefault((p.code.system, p.code.value), []).append(p)
    return found


def meant(concept: Any, known: Known) -> list[PredictorSpec]:
    """The predictors that a CodeableConcept means; none where it has no code that is known."""
    found: list[PredictorSpec] = []
    for coding in codings(concept):
        code = (SYSTEMS.get(text(coding.get("system")), ""), text(coding.get("code")))
        found += [p for p in known.get(SAME.get(code, code), ()) if p not in found]
    return found


def codings(concept: Any) -> list[Json]:
    """The codings of a CodeableConcept."""
    return objects(record(concept).get("coding"))


def record(value: Any) -> Json:
    """``value`` where it is a JSON object, else an empty one: what comes from outside has any shape."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[Json]:
    """The JSON objects of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """``value`` where it is text, else nothing."""
    return value.strip() if isinstance(value, str) else ""

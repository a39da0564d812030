"""What a FHIR element says of a predictor, as the cell of a table: a number in the card's unit, a category, or text.

Text that is neither is what the intake refuses with its reason: a value in an unknown unit stays "5 mg/g".
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from medai_core.cards import PredictorSpec
from medai_core.sources.fhir.codes import CATEGORY, SYSTEMS, Json, codings, record, text
from medai_core.sources.fhir.units import in_unit_of
from medai_core.sources.intake import category_of

Cell = float | str


def cell_of(element: Json, p: PredictorSpec) -> Cell | None:
    """The cell for an Observation or one of its components; None where it states no value."""
    name = next((key for key in element if key.startswith("value") and not key.startswith("value_")), None)
    if name is None or element[name] is None:
        return None
    value = element[name]
    if name == "valueCodeableConcept":
        return _concept(value, p)
    if name == "valueQuantity":
        return _quantity(record(value), p)
    if name == "valueBoolean":
        return {"True": "yes", "False": "no"}.get(str(value), str(value))
    if name in ("valueInteger", "valueString"):
        return _bare(value, p)
    return name


def _quantity(quantity: Json, p: PredictorSpec) -> Cell | None:
    value, unit = quantity.get("value"), text(quantity.get("code")) or text(quantity.get("unit"))
    if value is None:
        return None
    said = f"{text(quantity.get('comparator'))}{value} {unit}".strip()
    if not isinstance(value, int | float) or isinstance(value, bool) or quantity.get("comparator"):
        return said
    if p.kind != "number" or not unit:
        return _bare(value, p)
    found = in_unit_of(p, float(value), unit)
    return said if found is None else found


def _bare(value: Any, p: PredictorSpec) -> Cell:
    """A value without a unit: enough for a category or a count, and else no one knows what it measures."""
    said = value.strip() if isinstance(value, str) else str(value)
    return said if p.kind != "number" or p.ucum in ("", "1") else f"{said} (no unit)"


def _concept(concept: Any, p: PredictorSpec) -> Cell | None:
    named = {c.name for c in p.categories}
    given = codings(concept)
    for coding in given:
        code = text(coding.get("code"))
        if text(coding.get("system")) == CATEGORY and code in named:
            return code
        system = SYSTEMS.get(text(coding.get("system")))
        for c in p.categories:
            if c.code is not None and (c.code.system, c.code.value) == (system, code):
                return c.name
    # A number is what a table calls a category, not what another code system calls it.
    codes = [code for coding in given if not (code := text(coding.get("code"))).isdigit()]
    said = [words for words in (text(record(concept).get("text")), *(text(c.get("display")) for c in given)) if words]
    exact = replace(p, categories=tuple(replace(c, rest=False, ranges=()) for c in p.categories))
    found = (category_of(words, exact) for words in (*said, *codes))
    return next((name for name in found if name is not None), next(iter((*said, *codes)), None))


def moment(value: Any) -> datetime | None:
    """The point in time of a FHIR date, dateTime or instant: the middle of a month or year; None where it is none."""
    said = text(value)
    if not said:
        return None
    said += {4: "-07-01", 7: "-15"}.get(len(said), "")
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def observed(observation: Json) -> datetime | None:
    """When an Observation was made."""
    period = record(observation.get("effectivePeriod"))
    stated = (observation.get("effectiveDateTime"), observation.get("effectiveInstant"), period.get("end"))
    found = (moment(when) for when in (*stated, period.get("start"), observation.get("issued")))
    return next((when for when in found if when is not None), None)


def age_at(born: Any, day: date | None) -> Cell | None:
    """Completed years on ``day``; a birth date that cannot be one stays text, and None where either is not stated."""
    said, birth = text(born), moment(born)
    if not said or day is None:
        return None
    if birth is None or birth.date() > day:
        return f"born {said}"
    return float(day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day)))

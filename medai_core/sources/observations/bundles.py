"""Observations of stays in FHIR R4: a Bundle, an Observation, or one resource a line (NDJSON)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from medai_core.cards import PredictorSpec
from medai_core.errors import ManifestError
from medai_core.sources.fhir.codes import Json, Known, codings, known_codes, meant, objects, record, text
from medai_core.sources.fhir.reading import ENTERED_IN_ERROR, read_json, refuse_large_json, unversioned
from medai_core.sources.fhir.values import cell_of, moment
from medai_core.sources.observations.rows import Reason, instant
from medai_core.sources.observations.statements import NAN, Said, Statement

CORRECTED = ("amended", "corrected")
KINDS = ("Bundle", "Observation", "Patient", "Encounter")


def in_fhir(data: bytes, predictors: Sequence[PredictorSpec], *, limited: bool = True) -> Said:
    """What a file of FHIR says of stays.

    A stay is the encounter that an Observation refers to, else its subject; a Patient without either is one as well.
    An Observation and its components count by their codes. One that was entered in error withdraws what
    was said before it of the same stay, time and predictor; one that is corrected or amended replaces it.

    Raises
    ------
    ManifestError : it is no FHIR R4 in JSON, of another kind, or larger than the limits.
    """
    if limited:
        refuse_large_json(data)
    resources, aliases = _resources(data)
    known, said = known_codes(predictors), Said()
    patients = {text(r.get("id")): r for r in resources if r.get("resourceType") == "Patient"}
    whose: dict[str, str] = {}
    for resource in resources:
        kind = resource.get("resourceType")
        if kind == "Encounter":
            _encounter(resource, said, whose, aliases)
        elif kind == "Observation":
            _observation(resource, said, whose, aliases, known)
    linked = set(whose.values())
    for patient in filter(None, patients):
        if patient not in linked:
            whose[patient] = patient
            said.stay(patient)
    for name, stay in said.stays.items():
        person = patients.get(whose.get(name, ""), {})
        stay.born, stay.sex = text(person.get("birthDate")), text(person.get("gender"))
    return said


def subjects(data: bytes) -> dict[str, frozenset[str]]:
    """Whom a file of FHIR tells of: each person with all names that the file has for him, ids and identifiers."""
    resources, aliases = _resources(data)
    people: dict[str, set[str]] = {}
    for resource in resources:
        if resource.get("resourceType") == "Patient":
            stated = (text(i.get("value")) for i in objects(resource.get("identifier")))
            names = {text(resource.get("id")), *stated} - {""}
            if names:
                people.setdefault(text(resource.get("id")) or min(names), set()).update(names)
    for resource in resources:
        name = _referred(resource.get("subject"), aliases)
        if name and not any(name in names for names in people.values()):
            people[name] = {name}
    return {name: frozenset(names) for name, names in people.items()}


def _resources(data: bytes) -> tuple[list[Json], dict[str, str]]:
    """The resources of a file in their order, and the id of each by the address that a Bundle gives it."""
    found: list[Json] = []
    aliases: dict[str, str] = {}
    for document in _documents(data):
        kind = text(document.get("resourceType")) if isinstance(document, dict) else ""
        if not kind:
            raise ManifestError("observation.resource", found=type(document).__name__)
        if kind != "Bundle":
            found.append(document)
            continue
        for entry in objects(document.get("entry")):
            resource, url = record(entry.get("resource")), unversioned(text(entry.get("fullUrl")))
            found.append(resource)
            if url and text(resource.get("id")):
                aliases[url] = text(resource.get("id"))
            elif url:
                resource["id"] = _id(url, aliases)
    kinds = [text(r.get("resourceType")) for r in found]
    if found and not set(kinds) & set(KINDS):
        raise ManifestError("observation.resource", found=kinds[0][:80] or "-")
    return found, aliases


def _documents(data: bytes) -> Iterator[Any]:
    """The JSON values of a file: one, or one a line."""
    lines = [(number, line) for number, line in enumerate(data.split(b"\n"), start=1) if line.strip()]
    if len(lines) > 1 and _is_whole(lines[0][1]):
        for number, line in lines:
            yield read_json(line, line=number)
    else:
        yield read_json(data)


def _is_whole(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line.decode("utf-8-sig")), dict)
    except (ValueError, RecursionError):
        return False


def _id(reference: str, aliases: dict[str, str]) -> str:
    """What a reference refers to, without its type and server."""
    plain = unversioned(reference)
    found = re.search(r"(?:^|/)[A-Z][A-Za-z]+/([^/]+)$", plain)
    return aliases.get(plain) or (found.group(1) if found else plain.removeprefix("urn:uuid:"))


def _referred(element: Any, aliases: dict[str, str]) -> str:
    """The id that a Reference names, by its address or its identifier."""
    reference = text(record(element).get("reference"))
    return _id(reference, aliases) if reference else text(record(record(element).get("identifier")).get("value"))


def _encounter(resource: Json, said: Said, whose: dict[str, str], aliases: dict[str, str]) -> None:
    name = text(resource.get("id"))
    period = record(resource.get("period")) or record(resource.get("actualPeriod"))
    began = moment(period.get("start"))
    stay = said.stay(name)
    if began is not None:
        stay.admitted = instant(began)
    subject = _referred(resource.get("subject"), aliases)
    if name and subject:
        whose[name] = subject


def _observation(resource: Json, said: Said, whose: dict[str, str], aliases: dict[str, str], known: Known) -> None:
    subject = _referred(resource.get("subject"), aliases)
    stay = _referred(resource.get("encounter"), aliases) or subject
    said.stay(stay)
    if subject:
        whose.setdefault(stay, subject)
    written, at = _when(resource)
    status = text(resource.get("status"))
    withdrawn, corrected = status in ENTERED_IN_ERROR, status in CORRECTED
    for element in (resource, *objects(resource.get("component"))):
        stated = any(key.startswith("value") and not key.startswith("value_") for key in element)
        found = meant(element.get("code"), known)
        if stated and not found:
            said.count_unknown(_called(element.get("code")))
        for p in found:
            value, unit, reason = _value(element, p)
            if withdrawn:
                value, reason = value or "-", Reason.WITHDRAWN
            if value:
                said.statements.append(Statement(stay, at, written, p.name, value, unit, reason, corrected))


def _called(concept: Any) -> str:
    """What a concept goes by that the card does not know."""
    codes = (text(coding.get("code")) for coding in codings(concept))
    return next(filter(None, codes), "") or text(record(concept).get("text")) or "-"


def _when(resource: Json) -> tuple[str, float]:
    """When an Observation was made, as it is written and as an instant; not less exact than a day."""
    period = record(resource.get("effectivePeriod"))
    stated = (resource.get("effectiveDateTime"), resource.get("effectiveInstant"), period.get("end"))
    said = next(filter(None, (text(when) for when in (*stated, period.get("start"), resource.get("issued")))), "")
    found = moment(said) if len(said) >= 10 else None
    return said, NAN if found is None else instant(found)


def _value(element: Json, p: PredictorSpec) -> tuple[str, str, Reason]:
    """What an Observation or a component states of a predictor: its value and unit as text; "" for no value."""
    if "valueSampledData" in element:
        return "valueSampledData", "", Reason.SAMPLED
    quantity = element.get("valueQuantity")
    if isinstance(quantity, dict):
        value = quantity.get("value")
        said = "" if value is None else f"{text(quantity.get('comparator'))}{value}"
        return said, text(quantity.get("code")) or text(quantity.get("unit")), Reason.GOOD
    for name in ("valueInteger", "valueString"):
        if p.kind == "number" and element.get(name) is not None:
            return str(element[name]).strip(), "", Reason.GOOD
    cell = cell_of(element, p)
    return "" if cell is None else str(cell), "", Reason.GOOD

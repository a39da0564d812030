"""A FHIR R4 Bundle as a table: one row a Patient, one column a predictor that something is said of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd

from medai_core.cards import PredictorSpec
from medai_core.errors import ManifestError
from medai_core.sources.fhir.codes import (
    AGE,
    PATIENT,
    SEX,
    Json,
    Known,
    codings,
    known_codes,
    meant,
    objects,
    record,
    text,
)
from medai_core.sources.fhir.values import Cell, age_at, cell_of, moment, observed
from medai_core.sources.tables import ROWS_MAX, UNPACKED_MAX, refuse_large

OBJECTS_MAX = 10_000_000
"""Objects and lists in the JSON: an empty one has two bytes there and about 100 once it is read."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)
ENTERED_IN_ERROR = ("entered-in-error", "cancelled")
OVER = ("inactive", "resolved", "remission")


@dataclass
class _Person:
    """What is said of one Patient so far: each predictor's cell with when it was observed, and who has what."""

    id: str
    resource: Json
    observed: dict[str, tuple[datetime, Cell]] = field(default_factory=dict)
    has: set[str] = field(default_factory=set)
    last: datetime | None = None


def read_bundle(
    data: bytes, predictors: Sequence[PredictorSpec], *, now: date | None = None, limited: bool = True
) -> pd.DataFrame:
    """The patients of a Bundle, in its order: the column ``patient`` and one for each predictor that is stated.

    An Observation counts by its code (or that of a component) and the latest one wins; a Condition that
    is confirmed and not over makes a yes/no predictor "yes", and none leaves it unknown. Age is that at the
    patient's latest Observation, else at the Bundle's timestamp, else ``now``; sex is that observed, else
    Patient.gender. A value that the card cannot take stays text, which the intake refuses with its reason.

    Raises
    ------
    ManifestError : it is no Bundle of FHIR R4 in JSON; it is larger than the limits; it has no Patient, or one
        twice; an Observation or Condition that counts is of no Patient in it; it says nothing that is asked.
    """
    if limited:
        refuse_large_json(data)
    bundle = _bundle(data)
    known = known_codes(predictors)
    entries = [(i, e, record(e.get("resource"))) for i, e in enumerate(objects(bundle.get("entry")), start=1)]
    people, index = _people(entries, limited=limited)
    for number, _entry, resource in entries:
        if resource.get("resourceType") in ("Observation", "Condition"):
            _take(resource, number, known, index)
    return _table(list(people), bundle, known, now)


def _bundle(data: bytes) -> Json:
    found = read_json(data)
    kind = text(found.get("resourceType")) if isinstance(found, dict) else ""
    if kind != "Bundle":
        raise ManifestError("fhir.resource", found=kind[:80] or type(found).__name__)
    return record(found)


def refuse_large_json(data: bytes) -> None:
    """Nothing for JSON that is not too large, as it is and once it is read.

    Raises
    ------
    ManifestError : it is larger than the limits.
    """
    refuse_large(data)
    if data.count(b"{") + data.count(b"[") > OBJECTS_MAX:
        raise ManifestError("table.inflated", limit_mb=UNPACKED_MAX // 2**20)


def read_json(data: bytes, *, line: int = 1) -> Any:
    """What the JSON of a file says that begins like FHIR; it begins in this ``line`` of the file.

    Raises
    ------
    ManifestError : it is no JSON, or has numbers or depths that FHIR does not know.
    """

    def refused(constant: str) -> None:
        raise ValueError(constant)

    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=refused)
    except UnicodeDecodeError as error:
        raise ManifestError("fhir.encoding") from error
    except json.JSONDecodeError as error:
        raise ManifestError("fhir.json", line=error.lineno + line - 1) from error
    except RecursionError as error:
        raise ManifestError("fhir.deep") from error
    except ValueError as error:
        # NaN, Infinity, or a number of thousands of digits.
        raise ManifestError("fhir.number") from error


def _people(entries: list[tuple[int, Json, Json]], *, limited: bool) -> tuple[list[_Person], dict[str, _Person]]:
    """The Patients, and each by what it may be referred to as."""
    people: list[_Person] = []
    index: dict[str, _Person] = {}
    for number, entry, resource in entries:
        if resource.get("resourceType") != "Patient":
            continue
        url, name = unversioned(text(entry.get("fullUrl"))), text(resource.get("id"))
        person = _Person(name or url or f"entry {number}", resource)
        people.append(person)
        for key in filter(None, {url, name and f"Patient/{name}"}):
            if key in index:
                raise ManifestError("fhir.twice", patient=person.id[:80])
            index[key] = person
    if not people:
        raise ManifestError("fhir.no_patient")
    if limited and len(people) > ROWS_MAX:
        raise ManifestError("fhir.too_many", found=len(people), limit=ROWS_MAX)
    return people, index


def unversioned(reference: str) -> str:
    """A reference to a resource, whichever version of it is meant."""
    return reference.split("/_history/")[0]


def _take(resource: Json, number: int, known: Known, index: dict[str, _Person]) -> None:
    """Enter what an Observation or Condition says of its patient."""
    person = index.get(unversioned(text(record(resource.get("subject")).get("reference"))))
    if resource["resourceType"] == "Observation":
        facts = list(_observations(resource, known))
        when = observed(resource)
        if person is not None and when is not None and resource.get("status") not in ENTERED_IN_ERROR:
            person.last = max(when, person.last or when)
    else:
        facts, when = [(p, "yes") for p in _conditions(resource, known)], None
    if not facts:
        return
    if person is None:
        said = text(record(resource.get("subject")).get("reference"))[:80] or "-"
        raise ManifestError("fhir.reference", resource=resource["resourceType"], entry=number, reference=said)
    for p, cell in facts:
        if resource["resourceType"] == "Condition":
            person.has.add(p.name)
        elif p.name not in person.observed or (when or LONG_AGO) >= person.observed[p.name][0]:
            person.observed[p.name] = (when or LONG_AGO, cell)


def _observations(resource: Json, known: Known) -> Iterator[tuple[PredictorSpec, Cell]]:
    """What an Observation and its components (as of the blood pressure panel, LOINC 85354-9) state."""
    if resource.get("status") in ENTERED_IN_ERROR:
        return
    for element in (resource, *objects(resource.get("component"))):
        for p in meant(element.get("code"), known):
            cell = cell_of(element, p)
            if cell is not None:
                yield p, cell


def _conditions(resource: Json, known: Known) -> list[PredictorSpec]:
    """The yes/no predictors that a Condition makes "yes"."""

    def said(status: str) -> set[str]:
        return {text(coding.get("code")) for coding in codings(resource.get(status))}

    clinical, verified = said("clinicalStatus"), said("verificationStatus")
    ended = any(key.startswith("abatement") for key in resource) and not clinical
    if clinical & set(OVER) or ended or (verified and "confirmed" not in verified):
        return []
    return [p for p in meant(resource.get("code"), known) if any(c.name == "yes" for c in p.categories)]


def _table(people: list[_Person], bundle: Json, known: Known, now: date | None) -> pd.DataFrame:
    exported = moment(bundle.get("timestamp"))
    today = exported.date() if exported else now
    ages, sexes = known.get(AGE, []), known.get(SEX, [])
    rows: list[dict[str, Any]] = []
    for person in people:
        row: dict[str, Any] = {name: cell for name, (_when, cell) in person.observed.items()}
        row |= dict.fromkeys(person.has, "yes")
        gender = text(person.resource.get("gender"))
        for p in sexes if gender else ():
            row.setdefault(p.name, gender)
        age = age_at(person.resource.get("birthDate"), person.last.date() if person.last else today)
        row |= {p.name: age for p in ages if age is not None}
        rows.append(row)
    stated = {name for row in rows for name in row}
    order = [p.name for found in known.values() for p in found if p.name in stated]
    if not order:
        codes = [value for system, value in known if system != "MedAI"] or [value for _system, value in known]
        raise ManifestError("fhir.nothing", codes=", ".join(codes))
    table: dict[str, list[Any]] = {PATIENT: [person.id for person in people]}
    table |= {name: [row.get(name) for row in rows] for name in dict.fromkeys(order)}
    return pd.DataFrame(table, dtype=object)

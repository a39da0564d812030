"""New INRs of a patient: from FHIR Observations, HL7 version 2, or the table of a meter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd

from medai_core.cards import Card
from medai_core.errors import Message, PatientError
from medai_core.precision.dosing.patient import InrValue, Patient, checked, spec_of
from medai_core.precision.dosing.people import Ints
from medai_core.sources.formats import is_json
from medai_core.sources.intake import plain_name
from medai_core.sources.observations import Observations, read_observations, summary
from medai_core.sources.observations.bundles import subjects
from medai_core.sources.observations.hl7v2 import is_hl7, patients_in
from medai_core.sources.observations.names import STAY, column_of
from medai_core.sources.observations.settling import settle
from medai_core.sources.observations.tabular import in_table
from medai_core.sources.tables import read_table

ZONED = re.compile(rb"(\d{4})-?(\d\d)-?(\d\d)[T ]?(\d\d):?(\d\d)(?::?(\d\d)(?:\.\d+)?)?\s?(Z|[+-]\d\d:?\d\d)(?![\d-])")
"""A time that states its zone, in ISO 8601 or as HL7 writes it."""


METER = "meter"
PERSON = ("patientid", "patient", "patientnumber", "subjectid", "subject", "personid", "person", "pid", "mrn")
"""Columns of a table that name whose its rows are, and not which stay's."""


def with_inrs(patient: Patient, data: bytes, name: str, card: Card, *, now: datetime | None = None) -> Patient:
    """The patient with the INRs of a file: FHIR Observations, HL7 version 2, or the table of a meter.

    An INR of a day that has one replaces it. What is newest becomes today, if it is later. A day is that of the
    calendar where the INR was measured, as the file states the time.

    Raises
    ------
    PatientError : no INR in it can be used, it tells of several people or of another one, or dates cannot be counted
    as days;
    ManifestError : it cannot be read.
    """
    spec = (spec_of(card, "inr"),)
    found = _observed(data, name, card, now)
    _of_this_one(patient, _people(data, name, found))
    table = found.table
    if table.empty:
        detail = " ".join(m.text for said in summary(found, spec).values() for m in said)
        raise PatientError("dosing.no_inr", detail=detail or Message("observation.nothing").text)
    days = _counted(table, found, patient, _local_dates(data))
    # What was measured before the first dose says nothing of the drug.
    since = days >= 0
    days, table = days[since], table[since]
    if table.empty:
        raise PatientError("dosing.no_inr", detail=Message("dosing.before").text)
    values = {value.day: value.inr for value in patient.inrs} | dict(
        zip(days.tolist(), table["value"].astype(float).tolist(), strict=True)
    )
    inrs = tuple(InrValue(day, inr) for day, inr in sorted(values.items()))
    return checked(replace(patient, inrs=inrs, today=max(patient.today, int(days.max()))), card)


def _observed(data: bytes, name: str, card: Card, now: datetime | None) -> Observations:
    spec = (spec_of(card, "inr"),)
    if not is_json(data) and not is_hl7(data):
        table = read_table(data, name)
        if column_of(table.columns, STAY) is None:
            # A meter belongs to one person and does not say to whom.
            latest = float("inf") if now is None else now.timestamp() * 1e6
            found = in_table(table.assign(stay=METER), name, spec)
            return settle(found, spec, started=None, latest=latest)
    return read_observations(data, name, spec, now=now)


def _people(data: bytes, name: str, found: Observations) -> Mapping[str, frozenset[str]]:
    """Whom a file tells of, with all names that it has for each; none where it names stays alone."""
    if is_json(data):
        people = subjects(data)
    elif is_hl7(data):
        people = {name: frozenset({name}) for name in patients_in(data)}
    else:
        named = column_of(read_table(data, name).columns, STAY)
        people = {stay: frozenset({stay}) for stay in found.stays} if plain_name(named or "") in PERSON else {}
    return people or {stay: frozenset() for stay in found.stays}


def _of_this_one(patient: Patient, people: Mapping[str, frozenset[str]]) -> None:
    if len(people) > 1:
        raise PatientError("dosing.people", n=len(people))
    for name, names in people.items():
        if patient.id and names and patient.id not in names:
            raise PatientError("dosing.other_patient", found=name[:60], own=patient.id[:60])


def _local_dates(data: bytes) -> dict[int, date]:
    """The date that each time with a zone states, by seconds since 1970."""
    found: dict[int, date] = {}
    for parts in ZONED.finditer(data):
        *numbers, zone = (part.decode() if part else "0" for part in parts.groups())
        try:
            local = datetime(*(int(n) for n in numbers))  # type: ignore[arg-type, misc, unused-ignore]
        except ValueError:
            continue
        sign = -1 if zone.startswith("-") else 1
        hours, minutes = (0, 0) if zone == "Z" else (int(zone[1:3]), int(zone[-2:]))
        at = local.replace(tzinfo=UTC) - sign * timedelta(hours=hours, minutes=minutes)
        found.setdefault(int(at.timestamp()), local.date())
    return found


def _counted(table: pd.DataFrame, found: Observations, patient: Patient, dates: Mapping[int, date]) -> Ints:
    """The day of treatment of each INR; negative before the first dose."""
    minutes = table["minute"].to_numpy(dtype=np.float64)
    if not found.started:
        return np.asarray(np.floor(minutes / 1440), dtype=np.int64)
    if patient.began is None:
        raise PatientError("dosing.no_date")
    days = []
    for stay, minute in zip(table["stay"].astype(str), minutes.tolist(), strict=True):
        at = found.started[stay] + timedelta(minutes=minute)
        local = dates.get(int(at.timestamp() + 1e-3), at.date())
        days.append((local - patient.began).days)
    return np.array(days, dtype=np.int64)

"""Vital signs of a patient, each with its LOINC code, unit and plausible range."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select

from medai_core.errors import N_, RecordError
from medai_core.records.access import Person
from medai_core.records.audit import Act
from medai_core.records.schema import vital
from medai_core.records.store import Store
from medai_core.records.store.patients import known_patient, new_id


@dataclass(frozen=True)
class Parameter:
    """A vital sign: its title, LOINC code, unit, and the range outside which a value is a slip."""

    title: str
    loinc: str
    unit: str
    low: float
    high: float
    decimals: int = 0


PARAMETERS = {
    "heart_rate": Parameter(N_("Heart rate"), "8867-4", "/min", 10, 350),
    "systolic_pressure": Parameter(N_("Systolic pressure"), "8480-6", "mmHg", 20, 320),
    "diastolic_pressure": Parameter(N_("Diastolic pressure"), "8462-4", "mmHg", 10, 220),
    "respiratory_rate": Parameter(N_("Respiratory rate"), "9279-1", "/min", 1, 120),
    "oxygen_saturation": Parameter(N_("Oxygen saturation"), "59408-5", "%", 10, 100),
    "temperature": Parameter(N_("Body temperature"), "8310-5", "°C", 20, 45, 1),
}
"""The vital signs that are kept; codes from LOINC, units in UCUM but for the degree sign (Cel)."""

SLACK = timedelta(minutes=5)
"""How far a bedside clock may run ahead."""


@dataclass(frozen=True)
class Vital:
    """One value, in the parameter's unit."""

    parameter: str
    value: float
    at: datetime
    by: str = ""


def file_vitals(store: Store, person: Person, id: str, given: tuple[Vital, ...]) -> None:
    """File vital signs to a patient, all or none.

    Raises
    ------
    RecordError : a value is implausible, its time lies in the future, or there is no such patient.
    AccessError : the role may not.
    """
    store.allow(person, "file")
    for v in given:
        _check(v, store.clock())
    if not given:
        return
    with store.writing(person) as work:
        known_patient(work.connection, id)
        stamped = {"patient": id, "entered_at": work.now, "entered_by": person.name}
        rows = [{"id": new_id(), "parameter": v.parameter, "value": v.value, "taken_at": v.at} for v in given]
        work.connection.execute(insert(vital), [row | stamped for row in rows])
        work.enter(Act("vitals.file", id, detail={"values": len(given)}))


def _check(v: Vital, now: datetime) -> None:
    p = PARAMETERS.get(v.parameter)
    if p is None:
        raise RecordError("vital.unknown", found=v.parameter, known=", ".join(PARAMETERS))
    if not p.low <= v.value <= p.high:
        facts = {"value": f"{v.value:g}", "unit": p.unit, "low": f"{p.low:g}", "high": f"{p.high:g}"}
        raise RecordError("vital.range", parameter=p.title, **facts)
    if v.at > now + SLACK:
        raise RecordError("vital.future")


def vitals_of(store: Store, id: str) -> tuple[Vital, ...]:
    """The vital signs of a patient, the oldest first."""
    with store.reading() as connection:
        rows = connection.execute(select(vital).where(vital.c.patient == id).order_by(vital.c.taken_at))
        return tuple(Vital(r.parameter, r.value, r.taken_at, r.entered_by) for r in rows)

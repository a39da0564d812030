"""The DEMO ward: 24 patients who are nobody, drawn from a seed, marked DEMO, made once and removed by one call.

Everything that they show was computed by the models that are installed, refusals included. What a model that is not
installed or not trained would have said is not there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select

from medai_core.cards import Card
from medai_core.catalog import Catalog
from medai_core.errors import ModelError
from medai_core.records.access import Person
from medai_core.records.audit import Act
from medai_core.records.demo.people import PEOPLE, Event, Mistake, Profile, Scan, Stay, details_of
from medai_core.records.demo.profiles import file_profile
from medai_core.records.demo.scans import file_mistake, file_scan_of
from medai_core.records.schema import patient
from medai_core.records.store import Store
from medai_core.records.store.patients import Patient, create_patient, drop_files, remove_patients
from medai_core.records.store.settings import keep_setting, setting_of

SETTING = "demo"
MAKER = Person("demo", "DEMO", "clinician")
"""Who made them, whoever came first: a reader finds them too, and no verdict of theirs is a clinician's."""
SEED = 2024


def has_demo_choice(store: Store) -> bool:
    """Whether the DEMO patients were made, or removed, before."""
    return setting_of(store, SETTING) is not None


def make_demo(store: Store, person: Person, models: Catalog, *, seed: int = SEED) -> int:
    """Make the DEMO patients, once in the life of a record and all or none; how many.

    Of two visitors of a new record one makes them, and the other waits for it.
    """
    store.allow(person, "file")
    with store.as_one(person) as (ward, work):
        if work.connection.execute(select(patient.c.id).limit(1)).first() or has_demo_choice(ward):
            return 0
        keep_setting(work.connection, SETTING, True)
        work.enter(Act("demo"))
        _fill(_at(ward, work.now), person, models, seed)
    return len(PEOPLE)


def remove_demo(store: Store, person: Person) -> int:
    """Take every DEMO patient out of the record; how many there were."""
    store.allow(person, "edit")
    with store.writing(person) as work:
        ids = list(work.connection.execute(select(patient.c.id).where(patient.c.demo.is_(True))).scalars())
        gone = remove_patients(work.connection, ids)
        keep_setting(work.connection, SETTING, False)
        for id in ids:
            work.enter(Act("patient.delete", id, detail={"demo": True}))
    drop_files(store, gone)
    return len(ids)


def demo_count(store: Store) -> int:
    """How many DEMO patients there are."""
    with store.reading() as connection:
        return len(connection.execute(select(patient.c.id).where(patient.c.demo.is_(True))).all())


def demo_stays(store: Store, models: Catalog, card: Card, *, seed: int = SEED) -> bytes:
    """The stays of the DEMO patients as a file of observations for one model; empty where there are none."""
    from medai_core.records.demo.stays import staying, ward_file

    query = select(patient.c.number, patient.c.name).where(patient.c.demo.is_(True), patient.c.number.in_(staying()))
    with store.reading() as connection:
        names = {row.number: f"{row.name} ({row.number})" for row in connection.execute(query)}
    return ward_file(models, card, seed, names) if names else b""


def _fill(ward: Store, person: Person, models: Catalog, seed: int) -> None:
    """Everybody with what happens to them. What needs a model that is absent or altered is left out."""
    from medai_core.records.demo.stays import file_courses, simulated

    now = ward.clock()
    patients: dict[int, Patient] = {}
    for place, planned in enumerate(PEOPLE):
        first = now - timedelta(hours=1 + max(event.hours for event in planned.events))
        details = details_of(place, now.date())
        patients[place] = create_patient(_at(ward, first), person, details, demo=True)
        for number, event in enumerate(planned.events):
            own = seed + 10 * place + number
            _unless_absent(partial(_file, ward, person, models, patients[place], event, own))
    courses = simulated(models, seed)
    file_courses(ward, person, courses, patients)
    for card in models.trained("monitoring"):
        _unless_absent(partial(_watch, ward, person, models, card, courses, patients))


def _watch(ward: Store, person: Person, models: Catalog, card: Card, *of: Any) -> None:
    from medai_core.records.demo.stays import file_watching

    file_watching(ward, person, models.monitor_model(card), *of)


def _file(ward: Store, person: Person, models: Catalog, to: Patient, event: Event, seed: int) -> None:
    then = _at(ward, ward.clock() - timedelta(hours=event.hours))
    if isinstance(event, Scan):
        file_scan_of(then, person, models, to, event, seed)
    elif isinstance(event, Mistake):
        file_mistake(then, person, models, to, event)
    elif isinstance(event, Profile):
        file_profile(then, person, models, to, event, seed)
    else:
        assert isinstance(event, Stay)  # all stays are filed together


def _at(ward: Store, moment: datetime) -> Store:
    """The record at another time."""
    return replace(ward, clock=lambda: moment)


def _unless_absent(filing: Callable[[], None]) -> None:
    try:
        filing()
    except ModelError:
        return

"""The DEMO ward: 24 patients who are nobody, drawn from a seed, marked DEMO, made once and removed by one call.

Everything that they show was computed by the models that are installed, refusals included. What a model that is not
installed or not trained would have said is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from medai_core.records.demo.people import PEOPLE, Event, Mistake, Profile, Scan, details_of, staying
from medai_core.records.demo.pictures import Pictures, pictures
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


def demo_stays(store: Store) -> dict[str, str]:
    """The DEMO patients in intensive care who are in the record: what their stays are called, by their numbers."""
    query = select(patient.c.number, patient.c.name).where(patient.c.demo.is_(True), patient.c.number.in_(staying()))
    with store.reading() as connection:
        return {
            row.number: f"{row.name} ({row.number})" for row in connection.execute(query.order_by(patient.c.number))
        }


def stays_file(models: Catalog, card: Card, names: Mapping[str, str], *, seed: int = SEED) -> bytes:
    """The stays of ``demo_stays`` as a file of observations (CSV) for a model that watches."""
    from medai_core.records.demo.stays import ward_file

    return ward_file(models, card, seed, names)


def _fill(ward: Store, person: Person, models: Catalog, seed: int) -> None:
    """Everybody with what happens to them. What needs a model that is absent or altered is left out."""
    from medai_core.records.demo.stays import file_courses, simulated

    made = pictures(models, [e for planned in PEOPLE for e in planned.events if isinstance(e, Scan)], seed)
    patients = {place: _admit(ward, person, place) for place in range(len(PEOPLE))}
    for place, to in patients.items():
        for number, event in enumerate(PEOPLE[place].events, start=1):
            then = _at(ward, ward.clock() - timedelta(hours=event.hours))
            filing = _filing(event, made, number, seed + 10 * place + number)
            if filing is not None:
                _unless_absent(partial(filing, then, person, models, to))
    courses = simulated(models, seed)
    file_courses(ward, person, courses, patients)
    for card in models.trained("monitoring"):
        _unless_absent(partial(_watch, ward, person, models, card, courses, patients))


def _admit(ward: Store, person: Person, place: int) -> Patient:
    """Someone of the ward, known since an hour before the first that happens to them."""
    now = ward.clock()
    first = now - timedelta(hours=1 + max(event.hours for event in PEOPLE[place].events))
    return create_patient(_at(ward, first), person, details_of(place, now.date()), demo=True)


def _filing(event: Event, made: Pictures, number: int, seed: int) -> Callable[..., None] | None:
    """How an event is filed; None for a stay: all stays are filed together."""
    if isinstance(event, Scan):
        return partial(file_scan_of, event=event, made=made, number=number)
    if isinstance(event, Mistake):
        return partial(file_mistake, event=event)
    return partial(file_profile, event=event, seed=seed) if isinstance(event, Profile) else None


def _watch(ward: Store, person: Person, models: Catalog, card: Card, *of: Any) -> None:
    from medai_core.records.demo.stays import file_watching

    file_watching(ward, person, models.monitor_model(card), *of)


def _at(ward: Store, moment: datetime) -> Store:
    """The record at another time."""
    return replace(ward, clock=lambda: moment)


def _unless_absent(filing: Callable[[], None]) -> None:
    try:
        filing()
    except ModelError:
        return

"""A few patients that are nobody: made by this program from its own SYNTHETIC examples, marked DEMO.

Everything they show was computed by the models that are installed, refusals included.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image as Picture
from sqlalchemy import select

from medai_core.catalog import Catalog, samples
from medai_core.imaging.images import read_image
from medai_core.prognosis.assessment import assess, typical
from medai_core.readings import read_scan
from medai_core.records.access import Person
from medai_core.records.audit import Act
from medai_core.records.schema import patient
from medai_core.records.store import Store
from medai_core.records.store.estimates import Value, file_estimate
from medai_core.records.store.filing import file_scan
from medai_core.records.store.patients import Details, Patient, create_patient, drop_files, remove_patients
from medai_core.records.store.results import give_verdict, scans_of
from medai_core.records.store.settings import keep_setting, setting_of
from medai_core.records.store.vitals import PARAMETERS, Vital, file_vitals

SETTING = "demo"
MAKER = Person("demo", "DEMO", "clinician")
"""Who made them, whoever came first: a reader finds them too, and no verdict of theirs is a clinician's."""
PEOPLE = (
    Details("DEMO, Film", "DEMO-1", date(2022, 5, 17), "F"),
    Details("DEMO, Tumour", "DEMO-2", date(1971, 2, 3), "M"),
    Details("DEMO, Refused", "DEMO-3", date(1988, 11, 30), "F"),
    Details("DEMO, Risk", "DEMO-4", date(1958, 8, 9), "M"),
)
CHEST, BRAIN = "chest_radiograph_pneumonia", "brain_mri_tumour_type"
FOLLOWED = "mortality_10y"
AGES = (62.0, 64.0, 67.0)
"""How old a cohort's typical patient was at one risk of the followed outcome and the next; at others, the last."""
COURSE = {
    "heart_rate": (78, 82, 88, 97, 104, 98),
    "systolic_pressure": (138, 134, 128, 118, 112, 121),
    "diastolic_pressure": (84, 82, 78, 70, 66, 72),
    "respiratory_rate": (14, 15, 17, 21, 24, 20),
    "oxygen_saturation": (98, 97, 96, 93, 92, 95),
    "temperature": (36.8, 37.1, 37.9, 38.6, 38.9, 38.1),
}
"""Vital signs every four hours, invented."""


def has_demo_choice(store: Store) -> bool:
    """Whether the DEMO patients were made, or removed, before."""
    return setting_of(store, SETTING) is not None


def make_demo(store: Store, person: Person, models: Catalog) -> int:
    """Make the DEMO patients, once in the life of a record; how many."""
    store.allow(person, "file")
    with store.writing(person) as work:
        # Said first: of two visitors of a new record one makes them.
        if work.connection.execute(select(patient.c.id).limit(1)).first() or has_demo_choice(store):
            return 0
        keep_setting(work.connection, SETTING, True)
        work.enter(Act("demo"))
    film, tumour, refused, risk = (create_patient(store, person, details, demo=True) for details in PEOPLE)
    _file_films(store, person, models, film)
    _file_examples(store, person, models, tumour, BRAIN, affirm=True)
    _file_examples(store, person, models, refused, BRAIN, affirm=False, at_most=1)
    _file_bundled(store, person, models, refused)
    file_risks(store, person, models, risk)
    file_demo_vitals(store, person, risk)
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


def _file(store: Store, person: Person, models: Catalog, to: Patient, path: Path, **asked: Any) -> None:
    data = path.read_bytes()
    readings = read_scan(data, path.name, models, **asked)
    file_scan(store, person, to.id, data, readings, {card.name: card for card in models.cards})


def _examples(models: Catalog, name: str) -> list[Path]:
    return sorted((models.folder / name).glob("example*.png"))


def _file_examples(
    store: Store, person: Person, models: Catalog, to: Patient, name: str, *, affirm: bool, at_most: int = 2
) -> None:
    for path in _examples(models, name)[:at_most]:
        _file(store, person, models, to, path, affirm=affirm)


def _file_films(store: Store, person: Person, models: Catalog, to: Patient) -> None:
    """A normal film that somebody has read, and a newer one with pneumonia that waits."""
    films = _examples(models, CHEST)
    for path in (films[0], films[-1]) if len(films) > 1 else films:
        _file(store, person, models, to, path)
        if path == films[0]:
            first = scans_of(store, to.id)[0].readings[0]
            give_verdict(store, person, agrees=True, reading_id=first.id)


def _file_bundled(store: Store, person: Person, models: Catalog, to: Patient) -> None:
    """A CT that no model here reads. It names a person of its library's making, so only its pixels are filed."""
    bundled = next((s.path for s in samples(models) if s.name == "CT_small.dcm"), None)
    if bundled is not None and models.trained("applicability"):
        stream = BytesIO()
        Picture.fromarray(read_image(bundled.read_bytes()).display).save(stream, "PNG")
        data = stream.getvalue()
        file_scan(store, person, to.id, data, read_scan(data, "ct_slice.png", models), {})


def file_risks(store: Store, person: Person, models: Catalog, to: Patient) -> None:
    """The risk of every outcome for the cohort's typical patient, and of one outcome as the years went by."""
    for outcome, cards in models.outcomes().items():
        model = models.risk_model(cards[0])
        for age in AGES if outcome == FOLLOWED else AGES[-1:]:
            values: dict[str, Value] = dict(typical(model))
            if isinstance(values.get("age"), float):
                values["age"] = age
            row = pd.DataFrame({name: [value] for name, value in values.items()})
            at = store.clock() - timedelta(days=365 * (AGES[-1] - age))
            file_estimate(store, person, to.id, model, values, assess(model, row, explained=True), at=at)


def file_demo_vitals(store: Store, person: Person, to: Patient) -> None:
    """Half a day of vital signs."""
    end: datetime = store.clock()
    count = len(COURSE["heart_rate"])
    file_vitals(
        store,
        person,
        to.id,
        tuple(
            Vital(name, float(value), end - timedelta(hours=4 * (count - i)))
            for name in PARAMETERS
            for i, value in enumerate(COURSE[name])
        ),
    )

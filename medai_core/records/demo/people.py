"""The 24 patients of the DEMO ward, who are nobody: their names and ages, and what happens to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from medai_core.records.store.patients import Details

CHEST, BRAIN = "chest_radiograph_pneumonia", "brain_mri_tumour_type"
AGREES, DISAGREES = "agrees", "disagrees"


@dataclass(frozen=True)
class Scan:
    """A synthetic scan, read by the models.

    Attributes
    ----------
    model : whose images it is like; label : what the generator is asked for, one of the model's findings.
    hours : how many ago it was made. verdict : ``AGREES``, ``DISAGREES``, or empty where nobody has looked.
    affirm : whether the models' preconditions were affirmed.
    """

    model: str
    label: str
    hours: float
    verdict: str = ""
    affirm: bool = True


@dataclass(frozen=True)
class Mistake:
    """What no model reads: ``what`` is "ct", a slice of a body that a library bundles, or "form", a page of paper."""

    what: str
    hours: float
    verdict: str = ""


@dataclass(frozen=True)
class Profile:
    """A risk of someone drawn from a cohort's published distributions.

    Attributes
    ----------
    outcome : of the recommended model. hours : how many ago the risk was given.
    earlier : years before that at which the same person's risk was given too.
    slip : the predictor that was first entered with a value that cannot be, and that value.
    """

    outcome: str
    hours: float
    earlier: tuple[float, ...] = ()
    verdict: str = ""
    slip: tuple[str, float] | None = None


@dataclass(frozen=True)
class Stay:
    """A simulated stay in intensive care that began ``hours`` ago and is watched until now; ``course`` says how."""

    course: str
    hours: int
    unit: str
    verdict: str = ""


Event = Scan | Mistake | Profile | Stay


@dataclass(frozen=True)
class Planned:
    """Someone of the ward: a given name (the family is called DEMO), the sex, the age, and what happens to them."""

    given: str
    sex: str
    years: float
    events: tuple[Event, ...]


DAY = 24.0
PEOPLE = (
    # Children with chest radiographs
    Planned("Mei", "F", 3.4, (Scan(CHEST, "normal", 8 * DAY, AGREES), Scan(CHEST, "pneumonia", 2.3))),
    Planned("Tomas", "M", 1.8, (Scan(CHEST, "pneumonia", 1.2),)),
    Planned("Amara", "F", 4.6, (Scan(CHEST, "normal", 5.5),)),
    Planned("Luca", "M", 2.9, (Scan(CHEST, "pneumonia", 30, AGREES), Scan(CHEST, "normal", 3.1))),
    Planned("Noor", "F", 5.2, (Scan(CHEST, "pneumonia", 26, DISAGREES),)),
    Planned("Kofi", "M", 1.3, (Scan(CHEST, "normal", 21, AGREES),)),
    Planned("Freya", "F", 3.9, (Scan(CHEST, "normal", 47, DISAGREES),)),
    Planned("Ravi", "M", 9.4, (Scan(CHEST, "pneumonia", 6.4),)),  # older than the children that the model is for
    # Adults with brain MRI
    Planned("Ingrid", "F", 58.2, (Scan(BRAIN, "glioma", 4.2),)),
    Planned("Mateo", "M", 47.6, (Scan(BRAIN, "meningioma", 28, AGREES),)),
    Planned("Sakura", "F", 36.1, (Scan(BRAIN, "pituitary", 9.7), Profile("readmission_30d", 8.0))),
    Planned("Chidi", "M", 64.9, (Scan(BRAIN, "glioma", 33, DISAGREES), Profile("mortality_10y", 30.0))),
    Planned("Lena", "F", 52.3, (Scan(BRAIN, "meningioma", 7.3, affirm=False),)),
    Planned("Omar", "M", 41.7, (Scan(BRAIN, "pituitary", 60 * DAY, AGREES), Mistake("ct", 2.8))),
    # Adults with risk profiles
    Planned("Anton", "M", 67.5, (Profile("mortality_10y", 12.0, earlier=(6.0, 4.0, 2.0)),)),
    Planned("Yara", "F", 55.8, (Profile("coronary_disease", 15.0, verdict=AGREES), Mistake("form", 14.0, AGREES))),
    Planned("Henrik", "M", 72.4, (Profile("heart_failure_death", 18.0, verdict=DISAGREES),)),
    Planned("Leilani", "F", 61.2, (Profile("readmission_30d", 20.0), Profile("mortality_10y", 20.5))),
    Planned("Bao", "M", 49.0, (Profile("mortality_10y", 11.0, slip=("systolic_bp", 412.0)),)),
    Planned("Zofia", "F", 69.3, (Profile("coronary_disease", 40.0), Profile("heart_failure_death", 39.0))),
    # Adults in intensive care
    Planned("Emeka", "M", 63.7, (Stay("stable", 30, "cardiac_surgery", AGREES),)),
    Planned("Paloma", "F", 71.1, (Stay("worsening", 26, "coronary"), Profile("heart_failure_death", 27.0))),
    Planned("Nils", "M", 58.8, (Stay("septic", 32, "medical", DISAGREES), Scan(CHEST, "pneumonia", 3.6))),
    Planned("Tala", "F", 44.4, (Stay("gaps", 10, "surgical"),)),
)
FAMILY = "DEMO"


def details_of(place: int, today: date) -> Details:
    """Who someone of the ward is, so many years old today."""
    planned = PEOPLE[place]
    born = today - timedelta(days=round(365.25 * planned.years))
    return Details(f"{FAMILY}, {planned.given}", number_of(place), born, planned.sex)


def number_of(place: int) -> str:
    """The number of someone of the ward, from 1."""
    return f"{FAMILY}-{place + 1}"


def stays() -> dict[int, Stay]:
    """The stays in intensive care, by the place of whose they are."""
    return {place: e for place, planned in enumerate(PEOPLE) for e in planned.events if isinstance(e, Stay)}


def staying() -> tuple[str, ...]:
    """The numbers of those who are in intensive care."""
    return tuple(map(number_of, stays()))

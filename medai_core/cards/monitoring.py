"""What a model that watches a stay hour by hour says of itself in its card, and what its recipe measured."""

from __future__ import annotations

from dataclasses import dataclass, field

from medai_core.cards.measures import Bounds


@dataclass(frozen=True)
class StayOutcomes:
    """Where the files of a cohort say what became of its stays.

    Attributes
    ----------
    stay : the column with the stay's name; event : the column with 1 where the event happened.
    hour : the column with the hour, from 1, where the event's column is true of an hour and not of the whole stay.
    group : the column of the patient, where a patient may have several stays; each is one's own without it.
    """

    stay: str
    event: str
    hour: str = ""
    group: str = ""


@dataclass(frozen=True)
class MonitoringSpec:
    """How a stay is watched.

    Attributes
    ----------
    horizon : in words, as it ends "the risk of ... ": "before leaving the hospital".
    develop, develop_outcomes, test, test_outcomes : files below the data folder; a file of outcomes is empty where
        the observations hold them, and so is the test file where a part of the patients is held out by the recipe.
    outcomes : their columns.
    first_hour, last_hour : the hours, counted from 1, that the model was measured at; no end where it is 0.
    hours : those that are answered unless others are asked; every hour where there are none.
    fixed : predictors of which only the value counts, not its course (age).
    shown : the predictors that a monitor shows first.
    stale_hours : hours after which a value is called old, by predictor.
    missed_cost : how many false alarms one missed event is taken to be as bad as, unless the user says otherwise.
    silent_hours : hours for which no further alarm is raised after one.
    members : resamples of the cohort that each estimator is fitted to.
    change_hours : hours that "what changed lately" looks back.
    why : how the estimators compare.
    """

    horizon: str
    develop: str
    outcomes: StayOutcomes
    first_hour: int
    shown: tuple[str, ...]
    stale_hours: dict[str, float]
    silent_hours: int
    missed_cost: float
    develop_outcomes: str = ""
    test: str = ""
    test_outcomes: str = ""
    last_hour: int = 0
    hours: tuple[int, ...] = ()
    fixed: tuple[str, ...] = ()
    members: int = 6
    change_hours: int = 6
    why: str = ""

    def covers(self, hour: int) -> bool:
        """Whether the model was measured at an hour, counted from 1."""
        return hour >= self.first_hour and (not self.last_hour or hour <= self.last_hour)


@dataclass(frozen=True)
class HourCalibration:
    """Log-odds = intercept + slope * score, each on a line between the ``hours`` that it was fitted at."""

    hours: tuple[float, ...]
    intercept: tuple[float, ...]
    slope: tuple[float, ...]


@dataclass(frozen=True)
class AlarmLevel:
    """What a level of the risk costs and gives, on the test split.

    Attributes
    ----------
    alarms : per 100 patient-days; false : those that foresee no event, per 100 patient-days: in stays without
        it and, where it is dated, more than 12 hours before it or after it.
    caught : the share of stays with the event in which an alarm foresaw it.
    events : stays with the event per 100 patient-days.
    """

    level: float
    alarms: Bounds
    false: Bounds
    caught: Bounds
    events: float


@dataclass(frozen=True)
class Monitored:
    """What the recipe measured of a model that watches.

    Attributes
    ----------
    calibration : of each estimator that can answer, by its name; "ensemble" is their mean.
    recommended : the estimator that answers unless another is asked.
    spread : standard deviations of the members' log-odds that make the 95 % interval.
    levels : from the lowest; level : the one that is offered first, chosen on development data.
    typical : of each predictor the 5 %, 50 % and 95 % quantiles of its values in the development cohort.
    """

    calibration: dict[str, HourCalibration]
    recommended: str
    spread: float
    levels: tuple[AlarmLevel, ...]
    level: float
    typical: dict[str, tuple[float, ...]] = field(default_factory=dict)

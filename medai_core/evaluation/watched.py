"""A model that watches, measured on stays whose outcome is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from medai_core.cards import Measure
from medai_core.errors import ManifestError
from medai_core.evaluation.stays import Watched, alarm_level, hour_measures, utility_measure
from medai_core.metrics import Floats
from medai_core.prognosis.monitoring.cohort import StayCohort
from medai_core.prognosis.monitoring.model import MonitorModel
from medai_core.prognosis.monitoring.watching import all_scores, course
from medai_core.prognosis.risk import logistic

FEWEST, FEWEST_EACH = 20, 5
"""Stays with a known outcome, and with and without the event, before a model is judged on them."""


def stay_measures(
    model: MonitorModel,
    cohort: StayCohort,
    *,
    data: str,
    hours: Sequence[int] = (),
    estimator: str | None = None,
    draws: int = 300,
) -> tuple[Measure, ...]:
    """Discrimination and calibration at the hours asked (else the card's, else over all), and the card's alarms.

    Raises
    ------
    ManifestError : too few stays, or too few with or without the event.
    """
    events = int(cohort.event.sum())
    if len(cohort) < FEWEST or min(events, len(cohort) - events) < FEWEST_EACH:
        raise ManifestError("stays.too_few", stays=len(cohort), events=events, least=FEWEST, least_each=FEWEST_EACH)
    followed, z = watched(model, cohort, estimator)
    found: list[Measure] = []
    threshold = log_odds(next(iter(model.measured.thresholds.values())))
    for hour in hours or model.spec.hours:
        k = hour - model.spec.first_hour
        if not 0 <= k < followed.label.shape[1]:
            continue
        own = np.flatnonzero(followed.label[:, k] >= 0)
        point = threshold if hour == model.spec.last_hour else None
        event, group = followed.label[own, k], followed.group[own]
        found += hour_measures(event, z[own, k], group, data=data, hour=hour, threshold=point, draws=draws)
    if followed.dated and not hours:
        at = followed.label >= 0
        group = np.broadcast_to(followed.group[:, None], at.shape)[at]
        found += hour_measures(followed.label[at], z[at], group, data=data, draws=draws)
        found.append(utility_measure(followed, z, threshold, data=data, draws=draws))
    return (*found, *alarm_measures(model, followed, z, model.monitored.level, data=data))


def watched(model: MonitorModel, cohort: StayCohort, estimator: str | None) -> tuple[Watched, Floats]:
    """What became of the stays at every hour that the model answers, and the log-odds that it gives there."""
    name = model.named(estimator)
    hours = np.arange(model.spec.first_hour, cohort.label.shape[1] + 1)
    scores = all_scores(model, cohort.hours, hours.tolist(), names=(name,), until=cohort.hours.length)[name]
    z = course(model, cohort.hours.stays, hours.tolist(), scores, name).log_odds
    dated = bool(model.spec.outcomes.hour)
    return Watched(hours, cohort.label[:, hours - 1], cohort.group, dated), z


def alarm_measures(
    model: MonitorModel, followed: Watched, z: Floats, level: float, *, data: str
) -> tuple[Measure, Measure]:
    """Alarms per patient-day at a level, and the share of patients with the event that they foresaw."""
    found = alarm_level(followed, logistic(z), level, model.spec.silent_hours)
    n, groups = len(followed.group), len(np.unique(followed.group))
    a, c = found.alarms, found.caught
    return (
        Measure("alarms_per_patient_day", a.value / 100, a.low / 100, a.high / 100, n, groups, data),
        Measure("patients_caught", c.value, c.low, c.high, n, groups, data),
    )


def log_odds(probability: float) -> float:
    """The log-odds of a probability."""
    p = min(max(probability, 1e-12), 1 - 1e-12)
    return float(np.log(p / (1 - p)))

"""What the recipe of a model that watches measures on stays held out, and the example that it writes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from medai_core.cards import Evaluation, Measure, Measured, Reliability
from medai_core.cards.monitoring import AlarmLevel
from medai_core.evaluation.curves import reliability
from medai_core.evaluation.patients import Judged
from medai_core.evaluation.stays import (
    Watched,
    alarm_level,
    best_balanced_point,
    copies,
    hour_measures,
    level_for,
    utilities_of,
    utility_measure,
)
from medai_core.evaluation.utility import normalised
from medai_core.evaluation.watched import alarm_measures
from medai_core.metrics import Floats, Ints
from medai_core.prognosis.cohorts import Outcomes
from medai_core.prognosis.monitoring.alarms import cheapest
from medai_core.prognosis.monitoring.cohort import StayCohort
from medai_core.prognosis.monitoring.hours import by_hour
from medai_core.prognosis.monitoring.model import ENSEMBLE, ESTIMATORS, MonitorModel
from medai_core.prognosis.monitoring.summaries import Columns
from medai_core.prognosis.monitoring.watching import all_scores, course, watch
from medai_core.prognosis.risk import logistic
from medai_core.sources.observations import open_observations
from medai_core.training.drawn_stays import drawn_stay, in_words
from medai_core.training.recipes import commit, say
from medai_core.training.recurrent import Rows
from medai_core.training.stays import fit_boosting, fit_line, rows_of

SENSITIVITY = 0.8
"""The share of patients with the event that the reported alarms catch in development."""
LEVELS = 24
USED = {
    False: "where sensitivity and positive predictive value are equal at the last hour in cross-validation",
    True: "where the challenge's utility is greatest in cross-validation",
}
"""Where the threshold of a card comes from, by whether its outcome is dated."""


def tested(
    model: MonitorModel,
    develop: StayCohort,
    rows: Rows,
    seen: Mapping[str, Floats],
    columns: Columns,
    test: StayCohort,
    earlier: Measured | None,
) -> Measured:
    """The card's numbers: in cross-validation, and once on the test stays as the model is served."""
    inner = in_hours(model, develop, rows, seen)
    outer = as_served(model, test)
    best = model.monitored.recommended
    followed, known = followed_at(model, test), followed_at(model, develop)
    if model.spec.outcomes.hour:
        found = hourly_report(model, known, inner, followed, outer)
    else:
        found = at_hours_report(model, rows, inner, test, outer, columns, known)
    for name in (best, *(n for n in inner if n != best)):
        alarmed = at_sensitivity(model, known, inner[name], followed, outer[name])
        found += [replace(m, model="" if name == best else name) for m in alarmed]
    say(f"{model.card.name}: " + ", ".join(f"{m.measure} {m.hour} {m.value:.4f}" for m in found if not m.model))
    levels, level = alarm_levels(model, known, inner[best], followed, outer[best])
    z = inner[best]
    point = best_utility(known, z) if known.dated else best_balanced_point(known.event, z[:, -1])
    return replace(
        model.measured,
        thresholds={model.card.findings[0].name: float(logistic(np.array(point)))},
        threshold_source=USED[known.dated],
        performance=tuple(found),
        reliability=reliable(followed, outer[best]),
        test_evaluations=(*(earlier.test_evaluations if earlier else ()), entry_of(found)),
        monitored=replace(model.monitored, levels=levels, level=level),
    )


def entry_of(found: Sequence[Measure]) -> Evaluation:
    """The line that logs this use of the test split."""
    values = {
        f"{m.measure}{f' at {m.hour} h' if m.hour else ''}": m.value for m in found if m.data == "test" and not m.model
    }
    return Evaluation(datetime.now(UTC).strftime("%Y-%m-%d %H:%M"), commit(), values, "test")


def as_served(model: MonitorModel, cohort: StayCohort) -> dict[str, Floats]:
    """Every estimator's log-odds at every hour of every stay, (n, hours), from the model as it is served."""
    names, wanted = (ENSEMBLE, *ESTIMATORS), wanted_of(model, cohort).tolist()
    scores = all_scores(model, cohort.hours, wanted, names=names, until=cohort.hours.length)
    say(f"{model.card.name}: the test stays are watched")
    return {n: course(model, cohort.hours.stays, wanted, scores[n], n).log_odds for n in names}


def wanted_of(model: MonitorModel, cohort: StayCohort) -> Ints:
    """The hours that stays are judged at."""
    return np.arange(model.spec.first_hour, cohort.label.shape[1] + 1)


def followed_at(model: MonitorModel, cohort: StayCohort) -> Watched:
    """What became of the stays at the hours that they are judged at."""
    hours = wanted_of(model, cohort)
    return Watched(hours, cohort.label[:, hours - 1], cohort.group, bool(model.spec.outcomes.hour))


def in_hours(model: MonitorModel, cohort: StayCohort, rows: Rows, seen: Mapping[str, Floats]) -> dict[str, Floats]:
    """Calibrated log-odds of scores that stand one behind the other, (n, hours); nan beyond a stay's end."""
    wanted = wanted_of(model, cohort)
    stay = rows.stay
    hour = np.arange(len(rows.X)) - rows.start[stay]
    found = {}
    for name, score in seen.items():
        table = np.full((len(cohort), cohort.label.shape[1], score.shape[1]), np.nan)
        table[stay, hour] = score
        found[name] = course(model, cohort.hours.stays, wanted.tolist(), table[:, wanted - 1], name).log_odds
    return found


def at_hours_report(
    model: MonitorModel,
    rows: Rows,
    inner: Mapping[str, Floats],
    test: StayCohort,
    outer: Mapping[str, Floats],
    columns: Columns,
    known: Watched,
) -> list[Measure]:
    """Discrimination and calibration at each hour of the card, beside plain models fitted to that hour alone."""
    best, spec = model.monitored.recommended, model.spec
    others = [name for name in (ENSEMBLE, *ESTIMATORS) if name != best]
    test_rows = rows_of(model.card, columns, test)
    found: list[Measure] = []
    for hour in spec.hours:
        k = hour - spec.first_hour
        own, new = (r.start[:-1] + hour - 1 for r in (rows, test_rows))
        one = np.ones(len(own))
        line = fit_line(rows.X[own], rows.label[own], one)
        trees = fit_boosting(rows.X[own], rows.label[own], one, 200, 0)
        rivals = {name: outer[name][:, k] for name in others} | {
            "plain logistic regression": test_rows.X[new] @ line[1:] + line[0],
            "plain boosting": np.asarray(trees.decision_function(test_rows.X[new])),
        }
        threshold = best_balanced_point(known.event, inner[best][:, k])
        values = {"hour": hour, "rivals": rivals, "threshold": threshold}
        found += hour_measures(test.event, outer[best][:, k], test.group, data="test", **values)  # type: ignore[arg-type]
        inside = {name: inner[name][:, k] for name in others}
        found += hour_measures(
            known.event, inner[best][:, k], known.group, data="cross-validation", hour=hour, rivals=inside, draws=200
        )
    return found


def hourly_report(
    model: MonitorModel,
    known: Watched,
    inner: Mapping[str, Floats],
    followed: Watched,
    outer: Mapping[str, Floats],
) -> list[Measure]:
    """Discrimination, calibration and utility over all hours."""
    best = model.monitored.recommended
    others = [name for name in (ENSEMBLE, *ESTIMATORS) if name != best]
    found: list[Measure] = []
    for data, part, z in (("test", followed, outer), ("cross-validation", known, inner)):
        at = part.label >= 0
        group = np.broadcast_to(part.group[:, None], at.shape)[at]
        rivals = {name: z[name][at] for name in others}
        found += hour_measures(part.label[at], z[best][at], group, data=data, rivals=rivals, draws=200)
    found.append(utility_measure(followed, outer[best], best_utility(known, inner[best]), data="test"))
    for name in others:
        rival = utility_measure(followed, outer[name], best_utility(known, inner[name]), data="test")
        found.append(replace(rival, model=name))
    return found


def best_utility(known: Watched, log_odds: Floats) -> float:
    """The log-odds from which warning is worth most in development."""
    candidates = np.quantile(log_odds[known.label >= 0], np.linspace(0.5, 0.995, 40))
    return float(max(candidates, key=lambda t: normalised(utilities_of(known, log_odds, float(t)))))


def alarm_levels(
    model: MonitorModel, known: Watched, inner: Floats, followed: Watched, outer: Floats
) -> tuple[tuple[AlarmLevel, ...], float]:
    """What alarms cost and catch on the test split at levels chosen in development, and the one offered first."""
    silent = model.spec.silent_hours
    top = np.nanmax(np.where(known.label >= 0, logistic(inner), np.nan), axis=1)
    grid = sorted({float(f"{v:.2g}") for v in np.quantile(top, np.linspace(0.1, 0.99, LEVELS))})
    once, often = copies(known.group, 0), copies(followed.group, 300)
    before = [alarm_level(known, logistic(inner), level, silent, drawn=once) for level in grid]
    after = tuple(alarm_level(followed, logistic(outer), level, silent, drawn=often) for level in grid)
    return after, cheapest(before, model.spec.missed_cost).level


def at_sensitivity(
    model: MonitorModel, known: Watched, inner: Floats, followed: Watched, outer: Floats
) -> tuple[Measure, ...]:
    """Alarms per patient-day on the test split at the level that catches four in five in development."""
    level = level_for(known, logistic(inner), model.spec.silent_hours, SENSITIVITY)
    return alarm_measures(model, followed, outer, level, data="test")


def reliable(followed: Watched, log_odds: Floats) -> tuple[Reliability, ...]:
    """The reliability plot: at the last hour of the card, or over all hours."""
    if followed.dated:
        at = followed.label >= 0
        event, z = followed.label[at], log_odds[at]
    else:
        event, z = followed.event, log_odds[:, -1]
    return reliability(Judged(z, Outcomes(event, np.ones(len(event)), np.arange(len(event)))))


def write_example(model: MonitorModel, folder: Path) -> None:
    """A drawn stay that worsens, and what the model says of it."""
    last = model.spec.last_hour or 24
    table = drawn_stay(
        model.card, "SYNTHETIC-1", last, 2.0, np.random.default_rng(11), model.monitored.typical
    ).sort_values("minute", kind="stable")
    path = folder / "example.csv"
    in_words(table, model.card.predictors).to_csv(path, index=False)
    hours = list(model.spec.hours or (1, 6, 12, 24))
    found = open_observations(path, model.card.predictors)
    stays = by_hour(found.table, found.stays, model.card.predictors)
    said = watch(model, stays, hours)
    lines = {name: np.round(getattr(said, name)[0], 6).tolist() for name in ("risk", "low", "high")}
    each = {n: np.round(watch(model, stays, hours, estimator=n).risk[0], 6).tolist() for n in (ENSEMBLE, *ESTIMATORS)}
    expected = {"file": path.name, "tolerance": 1e-4, "hours": hours} | lines | {"estimators": each}
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")

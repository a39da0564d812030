"""The one recipe of all models that watch a stay: compare and calibrate in cross-validation, test once on others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.stats import t as student

from medai_core.cards import Applicability, Approach, Calibration, Card, Measured, read_card
from medai_core.cards.monitoring import HourCalibration, Monitored
from medai_core.evaluation.patients import recalibration, weighted_auc
from medai_core.evaluation.stays import average_precision
from medai_core.metrics import Floats, Ints
from medai_core.prognosis.cohorts import folds
from medai_core.prognosis.monitoring.cohort import StayCohort, with_outcomes
from medai_core.prognosis.monitoring.hours import LAST
from medai_core.prognosis.monitoring.model import ENSEMBLE, ESTIMATORS, MonitorModel, load_model, save_parameters
from medai_core.prognosis.monitoring.summaries import Columns
from medai_core.runtime import Network
from medai_core.sources.observations import open_observations
from medai_core.sources.tables import open_table
from medai_core.training import drawn_stays, monitoring_report, recipes
from medai_core.training.export import write_network
from medai_core.training.recurrent import Rows, one_step, together
from medai_core.training.stays import Effort, Member, fit_member, held_out, prepared
from medai_core.training.trees import joined

KNOTS = (3, 8, 16, 32, 64)
"""Hours at which a calibration is fitted where stays have no common end."""
SMOKE = Effort(members=2, folds=2, epochs=1, trees=10)


def main(folder: Path) -> None:
    """Fit, measure and write the model in ``folder``."""
    given = recipes.options(folder)
    earlier = recipes.begun_card(given, folder)
    card = read_card(given.out)
    assert card.monitoring is not None
    effort = SMOKE if given.smoke else Effort(card.monitoring.members)
    if given.smoke:
        drawn_stays.write(card, given.data)
    develop, test = parts_of(card, given)
    columns, rows = prepared(card, develop)
    fold = folds(develop.group, develop.event, effort.folds, given.seed + 1)
    work = given.out / "work" if given.smoke else given.work
    seen = held_out(card, rows, columns, develop, fold, work, effort, given.seed)
    seen[ENSEMBLE] = np.mean([seen[name] for name in ESTIMATORS], axis=0)
    compared = compare(card, rows, seen)
    monitored = calibrated(card, develop, rows, seen, compared.best, effort.members)
    every = np.arange(len(develop))
    members = [
        fit_member(card, rows, columns, develop, every, work / f"member_{m}.keras", effort, given.seed + 1000 + m)
        for m in range(effort.members)
    ]
    measured = drafted(card, develop, compared.approaches, monitored, given)
    model = written(replace(card, measured=measured), columns, members, given.out)
    if given.smoke:
        recipes.write_hashes(measured, given.out)
        recipes.say("smoke run: fitted, calibrated and written")
        return
    measured = monitoring_report.tested(model, develop, rows, seen, columns, test, earlier)
    measured = recipes.write_hashes(measured, given.out)
    monitoring_report.write_example(replace(model, card=replace(card, measured=measured)), given.out)


def parts_of(card: Card, given: recipes.Options) -> tuple[StayCohort, StayCohort]:
    """The stays to develop on and those to test on; a fifth of the patients where the card names no other file."""
    spec = card.monitoring
    assert spec is not None
    develop = read_stays(card, given.data / spec.develop, given.data / (spec.develop_outcomes or spec.develop))
    if spec.test:
        return develop, read_stays(card, given.data / spec.test, given.data / (spec.test_outcomes or spec.test))
    part = folds(develop.group, develop.event, 5, given.seed)
    return develop.chosen(np.flatnonzero(part > 0)), develop.chosen(np.flatnonzero(part == 0))


def read_stays(card: Card, observations: Path, outcomes: Path) -> StayCohort:
    """The stays of two files, or of one that holds both."""
    return with_outcomes(open_observations(observations, card.predictors).table, open_table(outcomes), card)


@dataclass(frozen=True)
class Compared:
    """What was compared in cross-validation, and the estimator that came out first."""

    best: str
    approaches: tuple[Approach, ...]


def judged_at(card: Card, rows: Rows) -> dict[str, Ints]:
    """The rows that estimators are compared at, by what they are called."""
    assert card.monitoring is not None
    known = rows.weight > 0
    hour = np.arange(len(rows.X)) - rows.start[rows.stay] + 1
    if card.monitoring.outcomes.hour:
        return {"all hours": np.flatnonzero(known)}
    return {f"hour {h}": np.flatnonzero(known & (hour == h)) for h in card.monitoring.hours}


def compare(card: Card, rows: Rows, seen: Mapping[str, Floats]) -> Compared:
    """Every estimator, their mean, and the means of two, each on stays it never saw."""
    kinds = {name: seen[name].mean(axis=1) for name in (*ESTIMATORS, ENSEMBLE)}
    for left, right in (("lstm", "boosting"), ("boosting", "logistic")):
        kinds[f"{left} and {right}"] = (kinds[left] + kinds[right]) / 2
    approaches, worth = [], {}
    for name, score in kinds.items():
        areas = []
        for where, at in judged_at(card, rows).items():
            event, one = rows.label[at].astype(np.int64), np.ones(len(at))
            areas.append(weighted_auc(event, score[at], one))
            approaches.append(Approach(f"{name}, {where}", "auc", areas[-1]))
            approaches.append(
                Approach(f"{name}, {where}", "average_precision", average_precision(event, score[at], one))
            )
        worth[name] = float(np.mean(areas))
    best = max((*ESTIMATORS, ENSEMBLE), key=worth.__getitem__)
    for a in approaches:
        recipes.say(f"{card.name}: {a.name}: {a.measure} {a.value:.4f}")
    return Compared(best, tuple(replace(a, chosen=a.name.startswith(best + ",")) for a in approaches))


def calibrated(
    card: Card, develop: StayCohort, rows: Rows, seen: Mapping[str, Floats], best: str, members: int
) -> Monitored:
    """Each estimator's calibration by hour, from what it says of stays it never saw."""
    windows = hour_windows(card, rows)
    found = {}
    for name in (ENSEMBLE, *ESTIMATORS):
        score = seen[name].mean(axis=1)
        fitted = [
            recalibration(rows.label[at].astype(np.int64), score[at], np.ones(len(at))) for at in windows.values()
        ]
        intercept, slope = (tuple(float(f[i]) for f in fitted) for i in (0, 1))
        found[name] = HourCalibration(tuple(float(h) for h in windows), intercept, slope)
    spread = float(student.ppf(0.975, members - 1))
    return Monitored(found, best, spread, (), 0.0, typical(card, develop))


def hour_windows(card: Card, rows: Rows) -> dict[int, Ints]:
    """The rows that the calibration of each hour is fitted to."""
    spec = card.monitoring
    assert spec is not None
    known = rows.weight > 0
    hour = np.arange(len(rows.X)) - rows.start[rows.stay] + 1
    if not spec.outcomes.hour:
        knots: Sequence[int] = range(spec.first_hour, spec.last_hour + 1, 12)
        return {h: np.flatnonzero(known & (hour == h)) for h in knots}
    edges = pairwise([0.0, *(float(np.sqrt(a * b)) for a, b in pairwise(KNOTS)), np.inf])
    parts = {h: np.flatnonzero(known & (hour > a) & (hour <= b)) for h, (a, b) in zip(KNOTS, edges, strict=True)}
    return {h: at for h, at in parts.items() if rows.label[at].sum() >= 20} or {1: np.flatnonzero(known)}


def typical(card: Card, develop: StayCohort) -> dict[str, tuple[float, ...]]:
    """The 5 %, 50 % and 95 % quantiles of each number's hourly values, where at least 100 stays have one."""
    found = {}
    for i, p in enumerate(card.predictors):
        own = develop.hours.parameter == i
        if p.kind == "number" and len(np.unique(develop.hours.stay[own])) >= 100:
            found[p.name] = tuple(float(v) for v in np.quantile(develop.hours.cells[own, LAST], (0.05, 0.5, 0.95)))
    return found


def drafted(
    card: Card, develop: StayCohort, approaches: tuple[Approach, ...], monitored: Monitored, given: recipes.Options
) -> Measured:
    """What is known before the test."""
    assert card.monitoring is not None
    name = card.findings[0].name
    data = f"{card.monitoring.develop}, {len(develop)} stays"
    return Measured(
        {},
        {name: float(develop.event.mean())},
        "share of the development stays with the event",
        Calibration(1.0, (0.0, 0.0)),
        Applicability(0.0),
        (),
        (),
        (),
        approaches,
        (),
        recipes.provenance(given, data),
        monitored=monitored,
    )


def written(card: Card, columns: Columns, members: Sequence[Member], out: Path) -> MonitorModel:
    """The model's files, and the model as it is read back from them."""
    network, units = one_step([m.network for m in members])
    write_network(network, out)
    together([m.network for m in members]).save(out / "model.keras")
    nodes, bases = zip(*(m.trees for m in members), strict=True)
    drawn = MonitorModel(
        card, columns, Network(out / "model.tflite"), units, joined(nodes, bases), np.array([m.line for m in members])
    )
    save_parameters(drawn, out / "model.npz")
    return load_model(card, out / "model.npz", drawn.step)

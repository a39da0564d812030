"""What the recipe of a dosing policy measures on virtual patients held out, and the example that it writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from medai_core.cards import Evaluation, Measure, Measured
from medai_core.cards.dosing import Dosed, DosingSpec
from medai_core.precision.dosing.advice import advise
from medai_core.precision.dosing.chart import Chart
from medai_core.precision.dosing.environment import rewards
from medai_core.precision.dosing.equations import FIXED_MG_PER_DAY, clinical_dose, pharmacogenetic_dose
from medai_core.precision.dosing.forecast import coverage
from medai_core.precision.dosing.model import DosingModel
from medai_core.precision.dosing.reading import open_patient
from medai_core.precision.dosing.regimens import Doser, Regimen, TakenOver
from medai_core.precision.dosing.trial import Outcomes, gain_measures, mean_measure, outcome_measures, treat
from medai_core.precision.dosing.virtual import VirtualPatients, draw_patients
from medai_core.training.dosing_cohort import Table
from medai_core.training.recipes import commit, say

PATIENTS = 5000
WORLDS = (
    ("test", 1.0, 1.0, 0.0),
    ("test, disturbed by 30 %", 1.0, 1.0, 0.3),
    ("test, patients a third more alike", 0.67, 1.0, 0.0),
    ("test, patients a third less alike", 1.33, 1.0, 0.0),
    ("test, a third steadier", 1.0, 0.67, 0.0),
    ("test, a third less steady", 1.0, 1.33, 0.0),
)
"""Where regimens are measured: by what differences between and within patients are multiplied, and the disturbance."""
UNKNOWN = "genotype unknown"
TAKEN_OVER = 28


def worth(outcomes: Outcomes, spec: DosingSpec) -> float:
    """The mean reward of a course."""
    return float(rewards(outcomes.inr, spec).sum(axis=1).mean() - spec.reward.visit * outcomes.visits.mean())


def tested(model: DosingModel, table: Table, earlier: Measured | None, seed: int) -> Measured:
    """The card's numbers: every regimen on the same patients of each world, and the equations on people."""
    found: list[Measure] = []
    for data, patients, dosed in worlds(model.dosed, model.spec, seed):
        found += compared(model, patients, dosed, data)
    hidden = draw_patients(model.dosed, PATIENTS // 5, model.spec.days, _rng(seed), unknown=1.0)
    found += outcome_measures(
        _under(model, "clinical", hidden), model.spec, data="test", model="clinical", subgroup=UNKNOWN
    )
    found += outcome_measures(_under(model, model.card.name, hidden), model.spec, data="test", subgroup=UNKNOWN)
    found += taken_over(model, seed)
    found += equation_errors(table)
    followed = draw_patients(model.dosed, 500, model.spec.days, _rng(seed))
    found.append(coverage(followed, model.spec, model.dosed))
    say(f"{model.card.name}: " + ", ".join(f"{m.measure} {m.model} {m.value:.4f}" for m in found if m.data == "test"))
    measured = model.card.measured
    assert measured is not None
    log = earlier.test_evaluations if earlier else ()
    return replace(measured, performance=tuple(found), test_evaluations=(*log, entry_of(found)))


def worlds(dosed: Dosed, spec: DosingSpec, seed: int) -> Iterator[tuple[str, VirtualPatients, Dosed]]:
    """The test patients of each world; what the regimens believe of them stays the same."""
    for data, between, within, disturbance in WORLDS:
        v = dosed.variability
        changed = replace(
            v,
            clearance_sd=v.clearance_sd * between,
            ec50_sd=v.ec50_sd * between,
            drift_sd=v.drift_sd * within,
            inr_sd=v.inr_sd * within,
        )
        n = PATIENTS if between == within == 1.0 else PATIENTS // 5
        yield (
            data,
            draw_patients(replace(dosed, variability=changed), n, spec.days, _rng(seed), disturbance=disturbance),
            dosed,
        )


def _rng(seed: int) -> np.random.Generator:
    """The test patients are drawn apart from those of validation and of training."""
    return np.random.default_rng([seed, 10])


def _under(model: DosingModel, name: str, patients: VirtualPatients) -> Outcomes:
    return treat(patients, model.regimen(name), model.spec, model.dosed)


def compared(model: DosingModel, patients: VirtualPatients, dosed: Dosed, data: str) -> list[Measure]:
    """Every regimen's outcomes, and by how much the policy is ahead of each."""
    ours = treat(patients, model.regimen(model.card.name), model.spec, dosed)
    found = outcome_measures(ours, model.spec, data=data)
    for name in model.policies[:-1]:
        theirs = treat(patients, model.regimen(name), model.spec, dosed)
        found += outcome_measures(theirs, model.spec, data=data, model=name)
        found += gain_measures(ours, theirs, model.spec, data=data, model=name)
        say(f"{data}: {name} {theirs.in_range(model.spec).mean():.4f}, ours {ours.in_range(model.spec).mean():.4f}")
    return found


def taken_over(model: DosingModel, seed: int) -> list[Measure]:
    """The days after the 28th where patients begin with the clinical dose and the nomogram, and go on otherwise."""

    def over(name: str) -> Regimen:
        def begin(chart: Chart, spec: DosingSpec, dosed: Dosed) -> Doser:
            first, second = (model.regimen(part)(chart, spec, dosed) for part in ("clinical", name))
            return TakenOver(first, second, np.full(len(chart), TAKEN_OVER))

        return begin

    patients = draw_patients(model.dosed, PATIENTS // 5, model.spec.days, _rng(seed))
    late = {
        n: since(treat(patients, over(n), model.spec, model.dosed))
        for n in ("clinical", "model_based", model.card.name)
    }
    found = []
    for name, outcomes in late.items():
        own = "" if name == model.card.name else name
        said = outcome_measures(outcomes, model.spec, data="test, taken over on day 28", model=own)
        found += [m for m in said if m.measure != "visits"]
    return found


def since(outcomes: Outcomes) -> Outcomes:
    """What became of patients after they were taken over."""
    return Outcomes(outcomes.inr[:, TAKEN_OVER:], outcomes.dose_mg_per_day[:, TAKEN_OVER:], outcomes.visits)


def equation_errors(table: Table) -> list[Measure]:
    """The mean absolute error of the equations on people whose height and weight are known."""
    rows = np.flatnonzero(table.complete)
    people, dose = table.people.chosen(rows), table.dose_mg_per_day[rows]
    doses = {
        "pharmacogenetic": pharmacogenetic_dose(people),
        "clinical": clinical_dose(people),
        "fixed": np.full(len(people), FIXED_MG_PER_DAY),
    }
    return [
        mean_measure(
            "dose_error_mg_per_day",
            np.abs(found - dose),
            within=(0.0, np.inf),
            data="people with a stable dose",
            model=name,
        )
        for name, found in doses.items()
    ]


def entry_of(found: list[Measure]) -> Evaluation:
    """The line that logs this use of the test patients."""
    values = {m.measure: m.value for m in found if m.data == "test" and not m.model and not m.subgroup}
    return Evaluation(datetime.now(UTC).strftime("%Y-%m-%d %H:%M"), commit(), values, "test")


EXAMPLE = {
    "description": "SYNTHETIC",
    "age_years": 68,
    "height_cm": 172,
    "weight_kg": 80,
    "race": "white",
    "cyp2c9": "*1/*2",
    "vkorc1": "GA",
    "drugs": [],
    "doses": [{"day": 0, "dose_mg_per_day": 5.0}],
    "inrs": [{"day": 4, "inr": 1.6}, {"day": 7, "inr": 2.2}, {"day": 14, "inr": 3.3}],
    "today": 14,
}


def write_example(model: DosingModel, folder: Path) -> None:
    """A patient who is nobody, and what each regimen says."""
    path = folder / "example.json"
    path.write_text(json.dumps(EXAMPLE, indent=1) + "\n", encoding="utf-8")
    patient = open_patient(path, model.card)
    said = {}
    for name in model.policies:
        advice = advise(model, patient, name)
        said[name] = {"dose_mg_per_day": round(advice.dose_mg_per_day, 4), "next_visit_days": advice.next_visit_days}
    expected = {"file": path.name, "tolerance": 0.08, "policies": said}
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")

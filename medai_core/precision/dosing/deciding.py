"""What every regimen says of one patient today, within all limits, and whether the trained policy is to be asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medai_core.cards.dosing import DosingSpec
from medai_core.precision.dosing.beginnings import begun_anew, since_beginning
from medai_core.precision.dosing.chart import Chart
from medai_core.precision.dosing.charting import ROW, Charted, charted
from medai_core.precision.dosing.limits import LIMITS, bound, bound_visit
from medai_core.precision.dosing.model import DosingModel
from medai_core.precision.dosing.patient import Patient
from medai_core.precision.dosing.regimens import ModelBased
from medai_core.precision.dosing.standing import Standing, standing_of

MODEL_BASED = "model_based"


@dataclass(frozen=True)
class Protocol:
    """What one regimen says today, within the limits."""

    name: str
    dose_mg_per_day: float
    next_visit_days: int
    held_days: int


@dataclass(frozen=True)
class Said:
    """What a regimen says, what it had proposed, and the place in ``LIMITS`` of what bound it."""

    protocol: Protocol
    proposed: float
    limit: int


@dataclass(frozen=True, eq=False)
class Decided:
    """What is said of a patient today.

    Attributes
    ----------
    said : by the name of each regimen that answers.
    believed : Bayesian dosing, which has followed the patient's whole ``chart``: the estimate and all courses are its
        own.
    standing : what bears on the dose, whoever gives it.
    outside : the id of the sentence why the trained policy does not answer; "" where it does.
    """

    said: dict[str, Said]
    believed: ModelBased
    chart: Chart
    standing: Standing
    outside: str


def decide(model: DosingModel, patient: Patient) -> Decided:
    """What every regimen that answers says of a patient."""
    spec, standing = model.spec, standing_of(patient, model.spec)
    outside = _outside(patient, standing, spec)
    own = since_beginning(patient)
    followed = {
        # Bayesian dosing remembers what it learnt before a pause; the others begin anew after it.
        name: charted(patient if name == MODEL_BASED else own, model.regimen(name), spec, model.dosed)
        for name in model.policies
        if not (outside and name == model.card.name)
    }
    said = {name: _say(spec, name, past, standing) for name, past in followed.items()}
    believed = followed[MODEL_BASED].doser
    assert isinstance(believed, ModelBased)
    return Decided(said, believed, followed[MODEL_BASED].chart, standing, outside)


def _outside(patient: Patient, standing: Standing, spec: DosingSpec) -> str:
    """Why the patient is none that the policy was trained for."""
    if begun_anew(patient):
        return "warning.policy_again"
    return "warning.policy_days" if standing.course_day >= spec.days else ""


def _say(spec: DosingSpec, name: str, followed: Charted, standing: Standing) -> Said:
    proposal = followed.doser.propose(followed.chart, ROW)
    proposed = float(proposal.dose_mg_per_day[0]) if standing.decided_mg is None else standing.decided_mg
    dose, limit = _within(spec, standing, proposed)
    days = int(bound_visit(spec, proposal.days, standing.course_day, np.array([standing.inr]))[0])
    days = min(days, standing.visit_most_days)
    held = standing.hold_days if followed.doser.holds else 0
    return Said(Protocol(name, dose, days, held if standing.doubted else min(held, days)), proposed, limit)


def _within(spec: DosingSpec, standing: Standing, proposed: float) -> tuple[float, int]:
    """The dose within all limits, and the place of the one that bound it."""
    found = bound(spec, *(np.array([v]) for v in (proposed, standing.last_mg, standing.inr)))
    dose, limit = float(found.dose_mg_per_day[0]), int(found.limit[0])
    if standing.decided_mg is not None and LIMITS[limit] in ("", "limit.fall"):
        dose, limit = proposed, 0
    for cap, id in standing.caps:
        if dose > cap + 1e-9:
            dose, limit = cap, LIMITS.index(id)
    return dose, limit

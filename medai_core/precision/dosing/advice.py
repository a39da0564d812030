"""All that is said of one patient's dose: what the policy proposes and why, what it leads to, what others would say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from medai_core.errors import Fact, Message
from medai_core.precision.dosing import nomogram
from medai_core.precision.dosing.chart import Chart
from medai_core.precision.dosing.charting import ROW, Charted, charted, possible
from medai_core.precision.dosing.forecast import Forecast, Needed, forecast, needed
from medai_core.precision.dosing.limits import LIMITS, bound, bound_visit
from medai_core.precision.dosing.model import DosingModel
from medai_core.precision.dosing.patient import InrValue, Patient
from medai_core.precision.dosing.regimens import ModelBased
from medai_core.precision.dosing.warnings import warnings_of

SIMULATION = Message("dosing.simulation")
"""Stands beside every dose, wherever it is shown or written."""
AHEAD_DAYS = 28
OTHERS = (0.8, 1.25)
"""Shares of the proposed dose whose courses are shown beside it, with the last dose and none at all."""


@dataclass(frozen=True)
class Protocol:
    """What one regimen says today, within the limits."""

    name: str
    dose_mg_per_day: float
    next_visit_days: int
    held_days: int


@dataclass(frozen=True)
class Advice:
    """A dose with all that belongs beside it.

    Attributes
    ----------
    simulation : the sentence that no dose is shown without.
    policy : the regimen's name; dose_mg_per_day, dose_mg_per_week : what it proposes, within the limits.
    proposed_mg_per_day : before them; limit : the one that bound it, None where none did.
    held_days : for how many days the drug is left out first; next_visit_days : until the INR is measured again.
    last_mg_per_day : the dose so far, None before the first.
    reason : why, in a sentence.
    needed : what is believed of the dose that the patient needs in the end.
    expected : the course of the INR under the dose, with its band; others : under other doses, ascending.
    protocols : what every regimen says, the policy's own among them; courses : of the INR under each, in their order.
    inrs : those that were used.
    warnings : what whoever doses has to know.
    """

    simulation: Message
    policy: str
    day: int
    dose_mg_per_day: float
    dose_mg_per_week: float
    proposed_mg_per_day: float
    limit: Message | None
    held_days: int
    next_visit_days: int
    last_mg_per_day: float | None
    reason: Message
    needed: Needed
    expected: Forecast
    others: tuple[Forecast, ...]
    protocols: tuple[Protocol, ...]
    courses: tuple[Forecast, ...]
    inrs: tuple[InrValue, ...]
    warnings: tuple[Message, ...]


@dataclass(frozen=True)
class _Said:
    """What a regimen says, and what bound it."""

    protocol: Protocol
    proposed: float
    limit: int


def advise(
    model: DosingModel,
    patient: Patient,
    policy: str = "",
    *,
    doses_mg_per_day: tuple[float, ...] = (),
    ahead_days: int = AHEAD_DAYS,
) -> Advice:
    """What a policy says of a patient today.

    Parameters
    ----------
    patient : as ``patient.checked`` or a reader returned it.
    policy : the model's own when empty.
    doses_mg_per_day : other doses whose courses are wanted.

    Raises
    ------
    ModelError : there is no such policy.
    """
    name = policy or model.card.name
    model.regimen(name)
    followed = {p: charted(patient, model.regimen(p), model.spec, model.dosed) for p in model.policies}
    said = {p: _say(model, p, followed[p]) for p in model.policies}
    believed, chart = _believed(followed)
    own, last, estimate = said[name], float(chart.last_mg_per_day[0]), needed(believed)
    ahead = partial(forecast, believed, chart, model.spec, model.dosed, days=ahead_days)
    dose, held = own.protocol.dose_mg_per_day, own.protocol.held_days
    return Advice(
        SIMULATION,
        name,
        patient.today,
        dose,
        round(7 * dose, 2),
        own.proposed,
        _limit(model, own),
        held,
        own.protocol.next_visit_days,
        None if np.isnan(last) else last,
        _reason(model, followed[name], own, estimate),
        estimate,
        ahead(dose, held_days=held),
        tuple(ahead(d) for d in _others(dose, last, doses_mg_per_day)),
        tuple(s.protocol for s in said.values()),
        tuple(ahead(s.protocol.dose_mg_per_day, held_days=s.protocol.held_days) for s in said.values()),
        possible(patient)[0],
        warnings_of(patient, model.dosed, believed, chart),
    )


def _believed(followed: dict[str, Charted]) -> tuple[ModelBased, Chart]:
    """Bayesian dosing and the chart that it followed: the estimate and all courses are its own, whoever doses."""
    by_model = followed["model_based"]
    assert isinstance(by_model.doser, ModelBased)
    return by_model.doser, by_model.chart


def _others(dose: float, last: float, wanted: tuple[float, ...]) -> list[float]:
    """The doses whose courses are shown beside that of ``dose``, ascending: none at all is one of them."""
    found = {0.0, *map(float, wanted), *(round(dose * share, 3) for share in OTHERS)}
    return sorted(found if np.isnan(last) else found | {last})


def _say(model: DosingModel, name: str, followed: Charted) -> _Said:
    """One regimen's dose within the limits; the last one stays where there is no INR to go by."""
    chart, spec = followed.chart, model.spec
    inr, last = chart.newest(ROW)[0], chart.last_mg_per_day
    proposal = followed.doser.propose(chart, ROW)
    # On a day that is not the first, a policy changes a dose only on a new INR, as it learnt to.
    kept = chart.day > 0 and not chart.fresh(ROW)[0]
    proposed = last if kept else proposal.dose_mg_per_day
    within = bound(spec, proposed, last, inr)
    days = int(bound_visit(spec, proposal.days, chart.day, inr)[0])
    if kept:
        days = min(days, spec.soon_days)
    held = 0
    if followed.doser.holds and not kept:
        held = min(int(nomogram.held_days(inr)[0]), days)
    dose = float(last[0]) if kept else float(within.dose_mg_per_day[0])
    return _Said(Protocol(name, dose, days, held), float(proposed[0]), 0 if kept else int(within.limit[0]))


def _limit(model: DosingModel, said: _Said) -> Message | None:
    """What bound the dose, with the dose that it allowed."""
    id = LIMITS[said.limit]
    spec = model.spec
    if not id:
        return None
    if id == "limit.none":
        return Message(id)
    if id == "limit.high_inr":
        return Message(id, {"high_inr": f"{spec.high_inr:g}"})
    largest = {"limit.largest": spec.dose_max_mg_per_day, "limit.first": spec.first_max_mg_per_day}
    return Message(id, {"limit_mg": f"{largest.get(id, said.protocol.dose_mg_per_day):.1f}"})


def _reason(model: DosingModel, followed: Charted, said: _Said, estimate: Needed) -> Message:
    chart = followed.chart
    if chart.day == 0:
        return Message("reason.first")
    if not chart.fresh(ROW)[0]:
        return Message("reason.kept")
    inr, day = (float(v[0]) for v in chart.newest(ROW))
    if said.protocol.held_days:
        return Message("reason.held", {"inr": f"{inr:.1f}", "days": said.protocol.held_days})
    change = said.protocol.dose_mg_per_day - float(chart.last_mg_per_day[0])
    id = "reason.unchanged" if abs(change) < 0.05 else "reason.raised" if change > 0 else "reason.lowered"
    facts: dict[str, Fact] = {"inr": f"{inr:.1f}", "day": int(day), "target": f"{model.spec.target_inr:g}"}
    if id != "reason.unchanged":
        facts["needed_mg"] = f"{estimate.dose_mg_per_day:.1f}"
    return Message(id, facts)

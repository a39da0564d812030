"""All that is said of one patient's dose: what the policy proposes and why, what it leads to, what others would say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from medai_core.errors import Fact, Message
from medai_core.precision.dosing.beginnings import stopped_days
from medai_core.precision.dosing.charting import possible
from medai_core.precision.dosing.deciding import MODEL_BASED, Decided, Protocol, Said, decide
from medai_core.precision.dosing.forecast import Forecast, Needed, forecast, needed
from medai_core.precision.dosing.limits import LIMITS
from medai_core.precision.dosing.model import DosingModel
from medai_core.precision.dosing.patient import InrValue, Patient
from medai_core.precision.dosing.standing import Standing
from medai_core.precision.dosing.warnings import warnings_of

SIMULATION = Message("dosing.simulation")
"""Stands beside every dose, wherever it is shown or written."""
AHEAD_DAYS = 28
OTHERS = (0.8, 1.25)
"""Shares of the proposed dose whose courses are shown beside it, with the last dose and none at all."""


@dataclass(frozen=True)
class Advice:
    """A dose with all that belongs beside it.

    Attributes
    ----------
    simulation : the sentence that no dose is shown without.
    policy : the regimen's name, that of Bayesian dosing where the trained one does not answer.
    dose_mg_per_day, dose_mg_per_week : what it proposes, within the limits.
    proposed_mg_per_day : before them; limit : the one that bound it, None where none did.
    held_days : for how many days the drug is left out first; next_visit_days : until the INR is measured again.
    last_mg_per_day : the dose so far, None before the first.
    reason : why, in a sentence.
    needed : what is believed of the dose that the patient needs in the end.
    expected : the course of the INR under the dose, with its band; others : under other doses, ascending.
    protocols : what every regimen says, the policy's own among them unless it does not answer for such a patient;
        courses : of the INR under each, in their order.
    inrs : those that were used.
    warnings : what whoever doses has to know.
    alternative : beside the trained policy's dose, that of Bayesian dosing where it does better; None beside others.
    patient : the id of whom it is said, empty where there is none.
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
    alternative: Message | None = None
    patient: str = ""


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
    asked = policy or model.card.name
    model.regimen(asked)
    found = decide(model, patient)
    name = asked if asked in found.said else MODEL_BASED
    own, chart, believed = found.said[name], found.chart, found.believed
    ahead = partial(forecast, believed, chart, model.spec, model.dosed, days=ahead_days)
    dose, held, estimate = own.protocol.dose_mg_per_day, own.protocol.held_days, needed(believed)
    outside = () if name == asked else (Message(found.outside, {"days": model.spec.days}),)
    return Advice(
        SIMULATION,
        name,
        patient.today,
        dose,
        round(7 * dose, 2),
        own.proposed,
        _limit(model, own, found.standing),
        held,
        own.protocol.next_visit_days,
        _last(patient),
        _reason(model, patient, found.standing, own, estimate),
        estimate,
        ahead(dose, held_days=held),
        tuple(ahead(d) for d in _others(dose, _last(patient), doses_mg_per_day)),
        tuple(s.protocol for s in found.said.values()),
        tuple(ahead(s.protocol.dose_mg_per_day, held_days=s.protocol.held_days) for s in found.said.values()),
        possible(patient)[0],
        (*outside, *warnings_of(patient, model.dosed, believed, chart)),
        _alternative(model, found) if name == model.card.name else None,
        patient.id,
    )


def _last(patient: Patient) -> float | None:
    """The dose so far, None before the first; one that was entered for today is the newest."""
    return patient.doses[-1].dose_mg_per_day if patient.doses else None


def _others(dose: float, last: float | None, wanted: tuple[float, ...]) -> list[float]:
    """The doses whose courses are shown beside that of ``dose``, ascending: none at all is one of them."""
    found = {0.0, *map(float, wanted), *(round(dose * share, 3) for share in OTHERS)}
    return sorted(found if last is None else found | {last})


WORLD = "test, disturbed by 30 %"


def _alternative(model: DosingModel, found: Decided) -> Message | None:
    """What Bayesian dosing says, where fewer of its virtual patients had a high INR though the model was wrong."""
    shares = {
        m.model: m
        for m in (model.card.measured.performance if model.card.measured else ())
        if (m.measure, m.data, m.subgroup) == ("patients_above_4", WORLD, "")
    }
    theirs, ours = shares.get(MODEL_BASED), shares.get("")
    if theirs is None or ours is None or theirs.value >= ours.value:
        return None
    said = {k: f"{m.value:.1%} ({m.low:.1%} to {m.high:.1%})" for k, m in (("theirs", theirs), ("ours", ours))}
    dose = found.said[MODEL_BASED].protocol.dose_mg_per_day
    return Message("dosing.alternative", {"dose_mg": f"{dose:.2f}", "n": ours.n, **said})


def _limit(model: DosingModel, said: Said, standing: Standing) -> Message | None:
    """What bound the dose, with the dose that it allowed."""
    id, spec = LIMITS[said.limit], model.spec
    if not id:
        return None
    largest = {"limit.largest": spec.dose_max_mg_per_day, "limit.first": spec.first_max_mg_per_day}
    facts: dict[str, Fact] = {
        "limit_mg": f"{largest.get(id, said.protocol.dose_mg_per_day):.1f}",
        "high_inr": f"{spec.high_inr:g}",
    }
    if standing.doubted:
        facts |= {"inr": f"{standing.doubted.inr:g}", "day": standing.doubted.day}
    return Message(id, facts)


def _reason(model: DosingModel, patient: Patient, standing: Standing, said: Said, estimate: Needed) -> Message:
    if standing.begins and standing.inr > model.spec.high_inr:
        return Message("reason.start_high", {"inr": f"{standing.inr:.1f}", "day": standing.highest.day})
    if said.protocol.held_days:
        return Message("reason.held", {"inr": f"{standing.inr:.1f}", "days": said.protocol.held_days})
    if standing.doubted:
        return Message("reason.doubted", {"inr": f"{standing.doubted.inr:g}", "day": standing.doubted.day})
    if standing.decided_mg is not None:
        return Message("reason.kept")
    if standing.begins:
        again = stopped_days(patient)
        return Message("reason.again", {"days": again}) if again else Message("reason.first")
    return _found(model, standing, said, estimate)


def _found(model: DosingModel, standing: Standing, said: Said, estimate: Needed) -> Message:
    """Why a dose is what it is where an INR told something: what Bayes' rule makes of it, whoever doses."""
    change = said.protocol.dose_mg_per_day - standing.last_mg
    id = "reason.unchanged" if abs(change) < 0.05 else "reason.raised" if change > 0 else "reason.lowered"
    newest = standing.bearing[-1]
    facts: dict[str, Fact] = {
        "inr": f"{newest.inr:.1f}",
        "day": newest.day,
        "target": f"{model.spec.target_inr:g}",
        "needed_mg": f"{estimate.dose_mg_per_day:.1f}",
    }
    return Message(id, facts)

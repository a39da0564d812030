"""What whoever doses one patient has to know beside the dose."""

from __future__ import annotations

from collections.abc import Iterator

from medai_core.cards.dosing import Dosed
from medai_core.errors import Fact, Message
from medai_core.precision.dosing.beginnings import STOPPED_DAYS, stopped_days
from medai_core.precision.dosing.chart import Chart
from medai_core.precision.dosing.charting import ROW, possible, unsettled
from medai_core.precision.dosing.patient import Patient, usual_size
from medai_core.precision.dosing.regimens import ModelBased

DANGEROUS_INR = 9.0
"""From here on no dose is the answer, but the local guideline for reversal."""
OLD_DAYS = 35
HIGH_BEFORE = 1.4
"""From here on an INR before the first dose is not that of a healthy person without the drug."""
SOON_DAYS = 60
"""How long after its start or end a drug is spoken of."""
SURPRISING = 3.0
"""Standard deviations of the logarithm of an INR from which it is called unexpected."""


def warnings_of(patient: Patient, dosed: Dosed, believed: ModelBased, chart: Chart) -> tuple[Message, ...]:
    """All of them, the most urgent first.

    Parameters
    ----------
    believed : Bayesian dosing that has followed the patient's ``chart`` until today.
    """
    return (
        *_dangerous(patient),
        *_before(patient),
        *possible(patient)[1],
        *_surprising(believed, chart),
        *_stopped(patient),
        *_drugs(patient),
        *_missed(patient),
        *_old(patient),
        *_unknown(patient, dosed),
    )


def _dangerous(patient: Patient) -> Iterator[Message]:
    """Also an INR that does not fit may be true until it was measured again."""
    highest = max((value.inr for value in (*possible(patient)[0][-1:], *unsettled(patient))), default=0.0)
    if highest >= DANGEROUS_INR:
        yield Message("warning.very_high", {"inr": f"{highest:g}"})


def _before(patient: Patient) -> Iterator[Message]:
    for value in patient.inrs:
        if value.day == 0 and value.inr >= HIGH_BEFORE:
            yield Message("warning.high_before", {"inr": f"{value.inr:g}"})


def _surprising(believed: ModelBased, chart: Chart) -> Iterator[Message]:
    if believed.surprise[0] >= SURPRISING:
        inr, day = (float(v[0]) for v in chart.newest(ROW))
        low, high = believed.foreseen[0]
        facts: dict[str, Fact] = {"inr": f"{inr:g}", "day": int(day), "low": f"{low:.1f}", "high": f"{high:.1f}"}
        yield Message("warning.surprise", facts)


def _stopped(patient: Patient) -> Iterator[Message]:
    """The drug itself was not taken for a week or more until now."""
    days = stopped_days(patient)
    if days >= STOPPED_DAYS:
        yield Message("warning.stopped", {"days": days})


def _drugs(patient: Patient) -> Iterator[Message]:
    for change in patient.drug_changes:
        if patient.today - change.day <= SOON_DAYS:
            id = "warning.drug_started" if change.taken else "warning.drug_stopped"
            yield Message(id, {"drug": f"drug.{change.drug}", "day": change.day})


def _missed(patient: Patient) -> Iterator[Message]:
    if patient.missed_days:
        yield Message("warning.missed", {"count": len(patient.missed_days)})


def _old(patient: Patient) -> Iterator[Message]:
    last = max((value.day for value in patient.inrs), default=0)
    if patient.today - last > OLD_DAYS:
        yield Message("warning.late", {"days": patient.today - last})


def _unknown(patient: Patient, dosed: Dosed) -> Iterator[Message]:
    for gene in ("CYP2C9", "VKORC1"):
        if not getattr(patient, gene.lower()):
            yield Message("warning.genotype", {"gene": gene})
    height, weight = usual_size(patient, dosed)
    if patient.height_cm is None:
        yield Message("warning.size", {"field": "field.height", "value": f"{height:g} cm"})
    if patient.weight_kg is None:
        yield Message("warning.size", {"field": "field.weight", "value": f"{weight:g} kg"})
    if patient.race == "unknown":
        yield Message("warning.race")

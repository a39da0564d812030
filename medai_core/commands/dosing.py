"""Commands about doses: ``dose`` for one patient, ``simulate`` for many virtual ones."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime

import numpy as np

from medai_core.catalog import Catalog
from medai_core.errors import ModelError, PatientError
from medai_core.precision.dosing import SIMULATION, Advice, DosingModel, Forecast, advise, open_patient, with_inrs
from medai_core.precision.dosing.exports import as_plain
from medai_core.precision.dosing.trial import outcome_measures, treat
from medai_core.precision.dosing.virtual import draw_patients
from medai_core.sources.tables import open_bytes

MOST = 100_000
"""Virtual patients at once: more would only take longer."""
SHOWN_DAYS = 7
"""The course of the INR is printed at every so many days."""


def dose(options: argparse.Namespace, models: Catalog) -> int:
    """Print what a policy says of one patient, and why."""
    model = _model(options, models)
    patient = open_patient(options.patient, model.card)
    if options.inrs:
        data = open_bytes(options.inrs)
        patient = with_inrs(patient, data, options.inrs.name, model.card, now=datetime.now(UTC))
    advice = advise(model, patient, options.policy)
    if options.json:
        print(json.dumps(_made_by(model) | as_plain(advice)))
    else:
        print("\n".join(_lines(advice)))
    return 0


def _made_by(model: DosingModel) -> dict[str, object]:
    """Which model says it: its name, version and the hash of its network."""
    measured = model.card.measured
    sha256 = measured.sha256 if measured else ""
    return {"model": {"name": model.card.name, "version": model.card.version, "sha256": sha256}}


def simulate(options: argparse.Namespace, models: Catalog) -> int:
    """Print what a policy achieves on virtual patients, with intervals."""
    model = _model(options, models)
    if not 1 <= options.patients <= MOST:
        raise PatientError("dosing.patients", n=options.patients, most=MOST)
    name = options.policy or model.card.name
    regimen = model.regimen(name)
    patients = draw_patients(model.dosed, options.patients, model.spec.days, np.random.default_rng([options.seed, 100]))
    outcomes = treat(patients, regimen, model.spec, model.dosed)
    found = {m.measure: m for m in outcome_measures(outcomes, model.spec, data="simulated")}
    if options.json:
        values = {k: {part: _plain(getattr(m, part)) for part in ("value", "low", "high")} for k, m in found.items()}
        head = {"simulation": SIMULATION.text, "policy": name, "patients": options.patients, "days": model.spec.days}
        print(json.dumps(head | {"seed": options.seed} | values))
        return 0
    print(
        f"{name}: {options.patients} virtual patients, {model.spec.days} days, seed {options.seed}. {SIMULATION.text}"
    )
    for measure, m in found.items():
        form = ".2f" if measure == "visits" else ".1%"
        interval = f"({m.low:{form}} to {m.high:{form}})" if np.isfinite(m.low) else "(one patient: no interval)"
        print(f"  {WORDS[measure]:42} {m.value:6{form}}  {interval}")
    return 0


def _plain(value: float) -> float | None:
    """A number as JSON has it; none where one patient tells no interval."""
    return round(value, 6) if np.isfinite(value) else None


WORDS = {
    "time_in_range": "time in therapeutic range",
    "inr_above_4": "time with an INR above 4",
    "inr_below_1_5": "time with an INR below 1.5",
    "patients_above_4": "patients with an INR above 4 on any day",
    "visits": "measurements a patient",
}
"""What each measure is called."""


def _model(options: argparse.Namespace, models: Catalog) -> DosingModel:
    """The model that is named, else the first that doses and has been trained."""
    if options.model:
        return models.dosing_model(models.card(options.model))
    trained = models.trained("dosing")
    if not trained:
        raise ModelError("dosing.none")
    return models.dosing_model(trained[0])


def _lines(advice: Advice) -> list[str]:
    dose = f"{advice.dose_mg_per_day:.2f} mg a day ({advice.dose_mg_per_week:g} mg a week)"
    held = f" after {advice.held_days} days without" if advice.held_days else ""
    lines = [
        f"{advice.policy}, day {advice.day}: {dose}{held}; next INR in {advice.next_visit_days} days. "
        f"{advice.simulation.text}",
        f"  {advice.reason.text}",
        *(f"  {other.text}" for other in (advice.alternative,) if other),
        *(f"  Limit: {limit.text}" for limit in (advice.limit,) if limit),
        *(f"  {warning.text}" for warning in advice.warnings),
        f"  Needed in the end: {advice.needed.dose_mg_per_day:.1f} mg a day "
        f"(90 % interval {advice.needed.low:.1f} to {advice.needed.high:.1f})",
        f"  Expected under this dose: {_expected(advice.expected)}",
    ]
    lines += [f"  Under {f.dose_mg_per_day:.2f} mg a day: {_expected(f)}" for f in advice.others]
    lines += [
        f"  {p.name}: {p.dose_mg_per_day:.2f} mg a day, next INR in {p.next_visit_days} days" for p in advice.protocols
    ]
    return lines


def _expected(found: Forecast) -> str:
    """A course in a line: the INR with its band at the end of each week, and the shares of days."""
    at = range(SHOWN_DAYS - 1, len(found.days), SHOWN_DAYS)
    weeks = ", ".join(
        f"day {found.days[i]} INR {found.inr[i]:.1f} ({found.low[i]:.1f} to {found.high[i]:.1f})" for i in at
    )
    return f"{weeks}; {found.in_range:.0%} of days in range, {found.above_high:.0%} above 4"

"""All that is filed to one patient, as plain facts: for the command line and for taking it away."""

from __future__ import annotations

from typing import Any

from medai_core.readings import outline_json, similar_json
from medai_core.records.store import Store
from medai_core.records.store.estimates import StoredEstimate, estimates_of
from medai_core.records.store.patients import Patient
from medai_core.records.store.results import StoredReading, StoredScan, Verdict, scans_of
from medai_core.records.store.vitals import PARAMETERS, vitals_of


def portrait(store: Store, patient: Patient) -> dict[str, Any]:
    """The patient with scans, readings, refusals, risks, vital signs and verdicts, the newest first; in English."""
    details = patient.details
    return {
        "patient": {
            "id": patient.id,
            "number": details.number,
            "name": details.name,
            "birth_date": details.birth_date.isoformat() if details.birth_date else None,
            "sex": details.sex,
            "demo": patient.demo,
            "retain_until": patient.retain_until.isoformat() if patient.retain_until else None,
        },
        "scans": [_scan(scan) for scan in scans_of(store, patient.id)],
        "estimates": [_estimate(e) for e in estimates_of(store, patient.id)],
        "vitals": [
            {
                "parameter": v.parameter,
                "loinc": PARAMETERS[v.parameter].loinc,
                "value": v.value,
                "unit": PARAMETERS[v.parameter].unit,
                "at": v.at.isoformat(),
            }
            for v in reversed(vitals_of(store, patient.id))
        ],
    }


def _scan(scan: StoredScan) -> dict[str, Any]:
    return {
        "id": scan.id,
        "file": scan.file,
        "sha256": scan.sha256,
        "format": scan.format,
        "modality": scan.modality,
        "acquired": scan.acquired.isoformat() if scan.acquired else None,
        "filed": scan.filed_at.isoformat(),
        "filed_by": scan.filed_by,
        "names_patient": scan.states_patient,
        "readings": [_reading(reading) for reading in scan.readings],
    }


def _reading(stored: StoredReading) -> dict[str, Any]:
    given = stored.reading
    return {
        "id": stored.id,
        "model": given.model,
        "version": given.version,
        "weights_sha256": given.weights_sha256,
        "frame": given.image.frame,
        "kind": given.kind.name if given.kind else None,
        "refused": given.refusal.text if given.refusal else None,
        "findings": [
            {"name": f.name, "probability": round(f.probability, 6), "in_set": f.in_set} for f in given.findings
        ],
        "outline": outline_json(given.outline) if given.outline else None,
        "similar": similar_json(given.similar) if given.similar else None,
        "coverage": given.coverage,
        "measured_coverage": stored.measured_coverage,
        "notices": [notice.text for notice in given.notices],
        "read": stored.at.isoformat(),
        "read_by": stored.by,
        "unread": stored.unread,
        "verdicts": [_verdict(v) for v in stored.verdicts],
    }


def _estimate(e: StoredEstimate) -> dict[str, Any]:
    return {
        "id": e.id,
        "outcome": e.outcome,
        "model": e.model,
        "version": e.version,
        "weights_sha256": e.weights_sha256,
        "recalibrated": e.recalibrated,
        "risk": e.risk,
        "low": e.low,
        "high": e.high,
        "refused": [m.text for m in e.refusals],
        "warnings": [m.text for m in e.warnings],
        "predictors": e.predictors,
        "contributions_log_odds": e.contributions,
        "made": e.at.isoformat(),
        "made_by": e.by,
        "verdicts": [_verdict(v) for v in e.verdicts],
    }


def _verdict(v: Verdict) -> dict[str, Any]:
    return {"agrees": v.agrees, "why": v.why, "at": v.at.isoformat(), "by": v.by, "by_name": v.by_name}

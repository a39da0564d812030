"""A patient's record as one FHIR R4 Bundle, checked against the specification before it leaves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from medai_core.errors import RecordError
from medai_core.records.dicom.source import uids_of
from medai_core.records.dossier import Dossier
from medai_core.records.fhir.parts import (
    DICOM_UID,
    Json,
    entry,
    instant,
    patient_resource,
    practitioner_resource,
    quantity,
    reference,
    tags,
    url,
)
from medai_core.records.fhir.results import Subject, estimate_entries, reading_entries
from medai_core.records.store.results import StoredScan
from medai_core.records.store.vitals import PARAMETERS, vitals_of
from medai_core.sources.fhir.codes import LOINC

UCUM = {"°C": "Cel", "mmHg": "mm[Hg]"}
"""The units of vital signs that UCUM writes in another way."""


def record_bundle(found: Dossier) -> bytes:
    """The Bundle: patient, studies, readings, risks, vital signs, verdicts, and where each comes from."""
    patient = url("patient", found.patient.id)
    entries = _unique(_entries(found, Subject(found, patient)))
    bundle = {
        "resourceType": "Bundle",
        "meta": tags(found.patient),
        "type": "collection",
        "timestamp": instant(found.made_at),
        "entry": entries,
    }
    return checked(json.dumps(bundle, ensure_ascii=False, indent=1).encode())


def checked(bundle: bytes) -> bytes:
    """The Bundle, which the FHIR R4 definitions allow.

    Raises
    ------
    RecordError : they do not allow it.
    """
    # Takes longer to import than a Bundle to write.
    from fhir.resources.R4B.bundle import Bundle

    try:
        Bundle.model_validate_json(bundle)
    except ValueError as error:
        # What is wrong would repeat what is filed.
        raise RecordError("export.invalid") from error
    return bundle


def _entries(found: Dossier, of: Subject) -> Iterator[Json]:
    yield entry(of.patient, patient_resource(found.patient))
    people = {r.by for s in found.scans for r in s.readings} | {e.by for e in found.estimates}
    for name in sorted(people | {s.filed_by for s in found.scans}):
        yield entry(url("person", name), practitioner_resource("", name))
    studies: dict[str, list[StoredScan]] = {}
    for scan in found.scans:
        studies.setdefault(scan.study, []).append(scan)
    for id, scans in studies.items():
        yield entry(url("study", id), _study(of, scans))
    for scan in found.scans:
        for stored in scan.readings:
            yield from reading_entries(of, scan, stored)
    for estimate in found.estimates:
        yield from estimate_entries(of, estimate)
    yield from _vitals(found, of)


def _unique(entries: Iterable[Json]) -> list[Json]:
    """Each resource once: several results are by one model and one person."""
    return list({e["fullUrl"]: e for e in entries}.values())


def _study(of: Subject, scans: list[StoredScan]) -> Json:
    series: dict[str, list[StoredScan]] = {}
    for scan in scans:
        series.setdefault(uids_of(scan)[1], []).append(scan)
    return of.stamp | {
        "resourceType": "ImagingStudy",
        "identifier": [{"system": DICOM_UID, "value": f"urn:oid:{uids_of(scans[0])[0]}"}],
        "status": "available",
        "started": _started(scans[0]),
        "numberOfSeries": len(series),
        "numberOfInstances": len(scans),
        "series": [_series(uid, of_series) for uid, of_series in series.items()],
    }


def _started(scan: StoredScan) -> str:
    """When a study began; when it was filed, where the file says nothing that can be."""
    at = scan.acquired if scan.acquired and scan.acquired.year >= 1900 else scan.filed_at
    return at.astimezone().isoformat(timespec="seconds")


def _series(uid: str, scans: list[StoredScan]) -> Json:
    modality = scans[0].modality or "OT"
    return {
        "uid": uid,
        "modality": {"system": "http://dicom.nema.org/resources/ontology/DCM", "code": modality},
        "numberOfInstances": len(scans),
        "description": "; ".join(f"{s.file}, SHA-256 {s.sha256}" for s in scans),
    }


def _vitals(found: Dossier, of: Subject) -> Iterator[Json]:
    category = {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}
    for v in vitals_of(found.store, found.patient.id):
        p = PARAMETERS[v.parameter]
        code = {"coding": [{"system": LOINC, "code": p.loinc, "display": p.title}], "text": p.title}
        yield entry(
            url("vital", f"{found.patient.id}/{v.parameter}/{v.at}"),
            {
                "resourceType": "Observation",
                "status": "final",
                "category": [{"coding": [category]}],
                "code": code,
                "subject": reference(of.patient),
                "effectiveDateTime": instant(v.at),
                "valueQuantity": quantity(v.value, p.unit, UCUM.get(p.unit, p.unit)),
            },
        )

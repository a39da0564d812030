"""The parts that resources are made of: references, concepts, notes, and who or what says something."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from medai_core.cards import Code
from medai_core.records.store.patients import Patient
from medai_core.records.wording import RESEARCH_USE
from medai_core.sources.fhir.codes import ADDRESSES, UCUM

Json = dict[str, Any]

OWN = "urn:medai:result"
NUMBER, RECORD, FILE, WEIGHTS = "urn:medai:patient-number", "urn:medai:record", "urn:medai:sha256", "urn:medai:weights"
DICOM_UID = "urn:dicom:uid"
DCM = "http://dicom.nema.org/resources/ontology/DCM"
ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
TAG = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HRESCH", "display": RESEARCH_USE}
"""What every result is marked with: healthcare research."""
TEST = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST", "display": "test health data"}
"""What everything of a DEMO patient is marked with too."""
SYSTEMS = {**ADDRESSES, "RadLex": "http://www.radlex.org"}


def entry(url: str, resource: Json) -> Json:
    """One entry of a Bundle."""
    return {"fullUrl": url, "resource": resource}


def url(kind: str, id: str) -> str:
    """What a resource of the record is called, always the same."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'medai/{kind}/{id}')}"


def reference(to: str, display: str = "") -> Json:
    """A reference to an entry of the same Bundle."""
    return {"reference": to} | ({"display": display} if display else {})


def instant(at: datetime) -> str:
    """A moment with its zone."""
    return at.isoformat(timespec="milliseconds")


def concept(code: Code | None, name: str, title: str) -> Json:
    """A CodeableConcept from a card's code; MedAI's own where it has none."""
    if code is not None and code.system in SYSTEMS:
        coding = {"system": SYSTEMS[code.system], "code": code.value, "display": code.meaning}
    else:
        coding = {"system": OWN, "code": name}
    return {"coding": [coding], "text": title}


def own(code: str, title: str) -> Json:
    """A concept that no public code has."""
    return {"coding": [{"system": OWN, "code": code, "display": title}], "text": title}


def quantity(value: float, unit: str, ucum: str) -> Json:
    """A Quantity in UCUM."""
    return {"value": value, "unit": unit, "system": UCUM, "code": ucum}


def notes(texts: Iterable[str]) -> list[Json]:
    """Sentences as notes."""
    return [{"text": text} for text in texts if text]


def tags(patient: Patient) -> Json:
    """What everything that is about someone is marked with."""
    return {"tag": [TAG, TEST] if patient.demo else [TAG]}


def patient_resource(patient: Patient) -> Json:
    """The person; what is not known is left out."""
    details = patient.details
    family, _comma, given = details.name.partition(",")
    name: Json = {"text": details.name}
    if family.strip():
        name["family"] = family.strip()
    if given.strip():
        name["given"] = [given.strip()]
    found: Json = {
        "resourceType": "Patient",
        "identifier": [{"system": RECORD, "value": patient.id}],
        "name": [name],
    }
    if details.number:
        found["identifier"].insert(0, {"system": NUMBER, "value": details.number})
    if details.birth_date:
        found["birthDate"] = details.birth_date.isoformat()
    if patient.demo:
        found["meta"] = {"tag": [TEST]}
    gender = {"F": "female", "M": "male", "O": "other"}.get(details.sex or "")
    return found | ({"gender": gender} if gender else {})


def device_resource(model: str, version: str, weights: str, title: str) -> Json:
    """A model as the device that gives results: name, version and weights."""
    return {
        "resourceType": "Device",
        "identifier": [{"system": WEIGHTS, "value": weights}],
        "manufacturer": "MedAI",
        "deviceName": [{"name": title or model, "type": "user-friendly-name"}, {"name": model, "type": "model-name"}],
        "version": [{"value": version}],
        "note": notes([RESEARCH_USE]),
    }


def practitioner_resource(subject: str, name: str) -> Json:
    """Somebody who read, filed or judged."""
    return {
        "resourceType": "Practitioner",
        "identifier": [{"system": "urn:medai:account", "value": subject or name}],
        "name": [{"text": name}],
    }

"""The audit as FHIR R4 AuditEvent resources (https://hl7.org/fhir/R4/auditevent.html)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from medai_core.records.audit import ACTIONS, Entry

SYSTEM = "urn:medai:audit"
EVENT_TYPE = "http://terminology.hl7.org/CodeSystem/audit-event-type"
DICOM = "http://dicom.nema.org/resources/ontology/DCM"
ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
OBJECT = "http://terminology.hl7.org/CodeSystem/audit-entity-type"

KINDS = {
    "sign-in": (DICOM, "110114", "User Authentication"),
    "sign-out": (DICOM, "110114", "User Authentication"),
    "sign-in.refused": (DICOM, "110114", "User Authentication"),
    "export": (DICOM, "110106", "Export"),
    "audit.export": (DICOM, "110106", "Export"),
    "backup": (DICOM, "110106", "Export"),
    "restore": (DICOM, "110107", "Import"),
    "pacs.find": (DICOM, "110112", "Query"),
    "pacs.fetch": (DICOM, "110107", "Import"),
    "pacs.store": (DICOM, "110106", "Export"),
    "scan.file": (DICOM, "110107", "Import"),
    "list": (DICOM, "110112", "Query"),
    "audit.view": (DICOM, "110101", "Audit Log Used"),
    "audit.verify": (DICOM, "110101", "Audit Log Used"),
    "setting": (DICOM, "110100", "Application Activity"),
}
"""DICOM's audit event types (PS3.16, CID 400); every other action is one on a patient's record."""
RECORD = (DICOM, "110110", "Patient Record")

VERBS = {"create": "C", "file": "C", "edit": "U", "retain": "U", "delete": "D", "view": "R", "list": "R", "read": "R"}
"""FHIR's action codes by the last word of an action; E (execute) for the others."""
UNKNOWN = "unknown"
REFUSALS = ("refused", "refuse")


def audit_event(entry: Entry) -> dict[str, Any]:
    """One entry as an AuditEvent; number, chain and signature stand as its details, so that it can be verified."""
    system, code, display = KINDS.get(entry.action, RECORD)
    last = entry.action.split(".")[-1]
    refused = last in REFUSALS
    return {
        "resourceType": "AuditEvent",
        "id": f"medai-{entry.number}",
        "type": {"system": system, "code": code, "display": display},
        "subtype": [{"system": SYSTEM, "code": entry.action, "display": ACTIONS.get(entry.action, entry.action)}],
        "action": VERBS.get(last, "E"),
        "recorded": entry.at,
        "outcome": "4" if refused else "0",
        "agent": [
            {
                # Of a sign-in that was refused nothing may be known, and FHIR has no empty strings.
                "type": {"text": entry.role or UNKNOWN},
                "who": {
                    "identifier": {"system": SYSTEM, "value": entry.subject or UNKNOWN},
                    "display": entry.name or UNKNOWN,
                },
                "requestor": True,
            }
        ],
        "source": {"observer": {"display": "MedAI"}},
        "entity": _entities(entry),
    }


def _entities(entry: Entry) -> list[dict[str, Any]]:
    proof = {"number": str(entry.number), "previous": entry.previous, "hmac-sha256": entry.mac, "detail": entry.detail}
    found: list[dict[str, Any]] = [
        {
            "what": {"identifier": {"system": SYSTEM, "value": str(entry.number)}},
            "type": {"system": OBJECT, "code": "2", "display": "System Object"},
            "role": {"system": ROLE, "code": "13", "display": "Security Resource"},
            "detail": [{"type": name, "valueString": value} for name, value in proof.items()],
        }
    ]
    if entry.patient:
        found.append(
            {
                "what": {"identifier": {"system": SYSTEM, "value": entry.patient}, "type": "Patient"},
                "type": {"system": OBJECT, "code": "1", "display": "Person"},
                "role": {"system": ROLE, "code": "1", "display": "Patient"},
            }
        )
    if entry.object:
        found.append(
            {
                "what": {"identifier": {"system": SYSTEM, "value": entry.object}},
                "type": {"system": OBJECT, "code": "2", "display": "System Object"},
                "role": {"system": ROLE, "code": "4", "display": "Domain Resource"},
            }
        )
    return found


def audit_bundle(entries: Iterable[Entry]) -> dict[str, Any]:
    """Entries as one Bundle."""
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": audit_event(entry)} for entry in entries],
    }

"""The record and its audit as FHIR R4 (https://hl7.org/fhir/R4/)."""

from medai_core.records.fhir.audit import audit_bundle, audit_event
from medai_core.records.fhir.bundle import record_bundle

__all__ = ["audit_bundle", "audit_event", "record_bundle"]

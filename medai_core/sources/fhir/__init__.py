"""FHIR R4: Bundles of Patient, Observation and Condition, in and out, by the codes and units of a card."""

from medai_core.sources.fhir.codes import PATIENT
from medai_core.sources.fhir.reading import read_bundle
from medai_core.sources.fhir.writing import resource, to_bundle

__all__ = ["PATIENT", "read_bundle", "resource", "to_bundle"]

"""Coded concepts: the standard's where it has one, MedAI's own where it has none."""

from __future__ import annotations

from highdicom.sr import CodedConcept

from medai_core.cards import Card, Code

OWN = "99MEDAI"
SCHEMES = {"SNOMED CT": "SCT", "LOINC": "LN", "RadLex": "RADLEX", "ICD-10": "I10"}
"""DICOM's designators of the systems that cards name (PS3.16, chapter 8)."""

PROBABILITY = CodedConcept("122157", "DCM", "Probability")
ONE = CodedConcept("1", "UCUM", "no units")
COMMENT = CodedConcept("121106", "DCM", "Comment")
FINDING = CodedConcept("121071", "DCM", "Finding")
PROCEDURE = CodedConcept("363679005", "SCT", "Imaging procedure")
YES = CodedConcept("373066001", "SCT", "Yes")
NO = CodedConcept("373067005", "SCT", "No")
NETWORK = CodedConcept("123110", "DCM", "Artificial Intelligence")
ABNORMAL = CodedConcept("49755003", "SCT", "Morphologically Abnormal Structure")
LESION = CodedConcept("52988006", "SCT", "Lesion")
STRUCTURE = CodedConcept("91723000", "SCT", "Anatomical Structure")
AREA = CodedConcept("42798000", "SCT", "Area")
QUANTITY = CodedConcept("246205007", "SCT", "Quantity")
SQUARE_MM = CodedConcept("mm2", "UCUM", "square millimeter")
PIXELS = CodedConcept("{pixels}", "UCUM", "pixels")
IN_SET = CodedConcept("IN_SET", OWN, "In the conformal set")
OVER_THRESHOLD = CodedConcept("OVER_THRESHOLD", OWN, "Over the card's threshold")
ANSWER = CodedConcept("ANSWER", OWN, "Answer of the model")
GIVEN = CodedConcept("GIVEN", OWN, "Findings are given")
REFUSED = CodedConcept("REFUSED", OWN, "Refused, no finding is given")
VERDICT = CodedConcept("VERDICT", OWN, "Clinician's verdict")
AGREES = CodedConcept("AGREES", OWN, "Agrees")
DISAGREES = CodedConcept("DISAGREES", OWN, "Disagrees")


def concept(code: Code | None, name: str, title: str) -> CodedConcept:
    """A card's code as DICOM writes it; MedAI's own where the card has none."""
    if code is None or code.system not in SCHEMES:
        return CodedConcept(name.upper()[:16], OWN, title[:64])
    return CodedConcept(code.value, SCHEMES[code.system], code.meaning[:64])


def finding_concept(card: Card | None, name: str) -> CodedConcept:
    """A finding of a card, coded."""
    spec = next((f for f in card.findings if f.name == name), None) if card else None
    return concept(spec.code, name, spec.title) if spec else concept(None, name, name)

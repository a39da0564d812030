"""From the unit of a FHIR quantity (UCUM) to the card's; a unit that is not known is never guessed."""

from __future__ import annotations

import re
from functools import lru_cache

from medai_core.cards import PredictorSpec

SCALES = (
    {"g/L": 1.0, "mg/L": 1e-3, "ug/L": 1e-6, "g/dL": 10.0, "mg/dL": 1e-2, "ug/dL": 1e-5, "ug/mL": 1e-3, "ng/mL": 1e-6},
    {"mol/L": 1.0, "mmol/L": 1e-3, "umol/L": 1e-6, "nmol/L": 1e-9},
    {"/L": 1.0, "/mL": 1e3, "/uL": 1e6, "/mm3": 1e6, "10*3/uL": 1e9, "10*3/mm3": 1e9, "10*6/L": 1e6, "10*9/L": 1e9},
    {"a": 1.0, "mo": 1 / 12, "wk": 7 / 365.25, "d": 1 / 365.25},
    {"mm": 1.0, "cm": 10.0, "m": 1000.0},
    {"/min": 1.0, "/s": 60.0, "Hz": 60.0},
    {"kg": 1.0, "g": 1e-3, "[lb_av]": 0.45359237},
    {"L": 1.0, "mL": 1e-3},
    {"kg/m2": 1.0, "g/cm2": 10.0},
)
"""Units of one dimension, each in terms of the first."""
PARTS = {("1", "%"): 100.0}
WRITTEN = {
    "mmHg": "mm[Hg]",
    "years": "a",
    "year": "a",
    "yr": "a",
    "days": "d",
    "mEq/L": "meq/L",
    "beats/min": "/min",
    "bpm": "/min",
    "breaths/min": "/min",
    "count/min": "/min",
    "1/min": "/min",
    "°C": "Cel",
    "℃": "Cel",
    "degC": "Cel",
    "C": "Cel",
    "°F": "[degF]",
    "℉": "[degF]",
    "degF": "[degF]",
    "F": "[degF]",
    "mmhg": "mm[Hg]",
    "lb": "[lb_av]",
    "lbs": "[lb_av]",
    "mm/hr": "mm/h",
}
"""How units are written that are no UCUM."""
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹µμ", "0123456789uu")


@lru_cache(maxsize=1000)
def ucum(unit: str) -> str:
    """``unit`` in UCUM, litres as L and without annotations in braces; what is not known stays as it is."""
    plain = re.sub(r"\{[^}]*\}", "", unit.strip().replace(" ", ""))
    plain = re.sub(r"(?<![\d*^])10\^?([⁰¹²³⁴⁵⁶⁷⁸⁹]|(?<=\^)\d)", r"10*\1", plain).translate(RAISED)
    plain = re.sub(r"(?<![A-Za-z])([a-z]?)l(?=$|/)", r"\1L", plain)
    return WRITTEN.get(plain, plain) or "1"


def in_unit_of(p: PredictorSpec, value: float, unit: str) -> float | None:
    """``value`` in the card's unit, to 12 figures; None where there is no way from the one to the other."""
    found, needed = ucum(unit), ucum(p.ucum)
    if found == needed or (p.unit and found == ucum(p.unit)):
        return value
    if p.other_unit is not None and found == ucum(p.other_unit.unit):
        return float(f"{(value - p.other_unit.offset) / p.other_unit.factor:.12g}")
    if (found, needed) == ("[degF]", "Cel"):
        return float(f"{(value - 32) / 1.8:.12g}")
    factor = PARTS.get((found, needed))
    for scale in SCALES:
        if found in scale and needed in scale:
            factor = scale[found] / scale[needed]
    return None if factor is None else float(f"{value * factor:.12g}")

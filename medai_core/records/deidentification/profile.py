"""What becomes of each element: DICOM PS3.15, Table E.1-1, and a rule for what the table does not name.

``profile.csv`` holds the table's Basic Profile (edition 2026c): tag, keyword, action. Where the table leaves
a choice to the object's definition (``X/Z``, ``X/D``, ...), the element stays, emptied or with a dummy value, so
that the object stays one that others can read. Dates take the option "retain longitudinal temporal information
with modified dates". The rule for the rest is stricter than the table: what could hold a sentence goes, unless it
is known to hold none.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib.resources import files

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.tag import BaseTag

EDITION = "2026c"

OVERLAYS = range(0x6000, 0x6100)
CURVES = range(0x5000, 0x5100)
"""Repeating groups whose pixels and texts are removed whole."""

BIRTH = {0x00100030, 0x00100032, 0x00100033, 0x00100034, 0x0010003A, 0x0010003B}
"""When a person was born or died is theirs, and no date of an examination."""

TEXT = {"PN", "LT", "ST", "UT", "UC", "UR", "AE", "UN"}
"""Value representations that hold whatever somebody wrote."""
LABELS = {"LO", "SH"}
NUMBERS = {"US", "SS", "UL", "SL", "FL", "FD", "SV", "UV"}
BYTES = {"OB", "OW", "OD", "OF", "OL", "OV"}

KEPT_LABELS = {
    "CodeMeaning", "CodeValue", "CodingSchemeDesignator", "CodingSchemeVersion", "ConvolutionKernel",
    "LUTExplanation", "Manufacturer", "ManufacturerModelName", "ModalityLUTType", "PositionReferenceIndicator",
    "ReceiveCoilName", "RescaleType", "SequenceName", "TransmitCoilName",
    "WindowCenterWidthExplanation",
}  # fmt: skip
"""Labels outside the table that name a thing and no person; what the file calls its people is looked for in them."""

KEPT_BYTES = {
    "BlueLookupTableData", "BluePaletteColorLookupTableData", "DoubleFloatPixelData", "FloatPixelData",
    "GreenPaletteColorLookupTableData", "LUTData", "PixelData", "RedPaletteColorLookupTableData",
}  # fmt: skip
TOP_LEVEL = {"PixelData", "FloatPixelData", "DoubleFloatPixelData"}
"""Pixels in a sequence are an icon or another image, which nobody has looked at."""

FORM = {
    "AS": r"\d{3}[DWMY]",
    "CS": r"[A-Z0-9_ ]{0,16}",
    "DA": r"\d{8}",
    "DT": r"\d{4,14}(\.\d{1,6})?([+-]\d{4})?",
    "DS": r"[-+0-9.eE ]{0,16}",
    "IS": r"[-+0-9 ]{0,12}",
    "TM": r"\d{2,6}(\.\d{1,6})?",
    "UI": r"[0-9.]{0,64}",
}
"""How a value of each representation is written (PS3.5, 6.2); one that is written otherwise is no such value."""


@cache
def _table() -> dict[int, str]:
    rows = csv.DictReader((files(__package__) / "profile.csv").read_text(encoding="utf-8").splitlines())
    return {int(row["tag"], 16): row["action"] for row in rows}


def action(element: DataElement) -> str:
    """One letter of PS3.15 for an element: X (remove), Z (empty), D (dummy), U (map), K (keep), C (shift the date)."""
    tag = element.tag
    if tag.is_private or tag.group in OVERLAYS or tag.group in CURVES or tag.element == 0:
        return "X"
    if not _as_defined(element):
        return "X"
    listed = _table().get(int(tag))
    if element.VR in ("DA", "DT", "TM") and int(tag) not in BIRTH:
        return "C"
    if listed:
        return _chosen(listed, element.VR)
    return _unlisted(tag, element)


def _as_defined(element: DataElement) -> bool:
    """Whether an element has the representation that the dictionary gives it; numbers may be of another width."""
    if not element.keyword:
        return True  # decided below
    defined = set(dictionary_VR(element.tag).split(" or "))
    return element.VR in defined or (element.VR in NUMBERS and bool(defined & NUMBERS))


def _chosen(listed: str, vr: str) -> str:
    """The one of the table's alternatives that is taken whatever the object's definition asks."""
    if "U*" in listed:
        return "K"  # a sequence of references: its items are looked at one by one, their UIDs mapped
    if vr == "SQ":
        return "Z" if "Z" in listed else "X"
    return "D" if "D" in listed else "Z" if "Z" in listed else listed


def _unlisted(tag: BaseTag, element: DataElement) -> str:
    if not element.keyword:
        return "X"  # of no edition of the dictionary that is known here
    if element.keyword == "SegmentLabel":
        return "D"  # a segment must have one
    if element.VR == "UI":
        return "K"  # a class, or a name that is mapped like any other
    if element.VR in LABELS:
        return "K" if element.keyword in KEPT_LABELS else "X"
    if element.VR in BYTES:
        return "K" if element.keyword in KEPT_BYTES else "X"
    return "X" if element.VR in TEXT else "K"


def well_formed(vr: str, value: str) -> bool:
    """Whether a value is written as its representation asks; text has no such form."""
    form = FORM.get(vr)
    return form is None or re.fullmatch(form, value.strip()) is not None

"""A dataset made anew from what may stay of another one."""

from __future__ import annotations

from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from medai_core.records.deidentification.naming import Names, elements, read, texts
from medai_core.records.deidentification.profile import BYTES, NUMBERS, TOP_LEVEL, action, well_formed
from medai_core.records.deidentification.pseudonyms import Pseudonyms

DUMMIES: dict[str, Any] = {"PN": "Removed", "DS": "0", "IS": "0", "AS": "000Y", "UR": "urn:removed"}
"""What stands for a value that an object must have (action D); REMOVED where it is text, 0 where it is a number."""
TABLES = {
    "LUTData": "LUTDescriptor",
    "RedPaletteColorLookupTableData": "RedPaletteColorLookupTableDescriptor",
    "GreenPaletteColorLookupTableData": "GreenPaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableData": "BluePaletteColorLookupTableDescriptor",
}
"""Lookup tables, and what says how long they are."""
PLAIN_PIXELS = {"FloatPixelData": 4, "DoubleFloatPixelData": 8}


def cleaned(ds: Dataset, names: Names, instead: Pseudonyms, *, top: bool = True) -> Dataset:
    """What may stay of ``ds``, in a dataset of its own: nothing of the old one is carried over unseen."""
    kept = Dataset()
    for tag in list(ds.keys()):
        element = read(ds, tag)
        if element is None or (not top and element.keyword in TOP_LEVEL):
            continue
        found = _kept(element, names, instead)
        if found is not None:
            kept.add(found)
    _cut(kept)
    return kept


def _kept(element: DataElement, names: Names, instead: Pseudonyms) -> DataElement | None:
    """What becomes of one element; None where it goes."""
    what = action(element)
    if what == "X":
        return None
    if element.VR == "SQ":
        items = [] if what == "Z" else [cleaned(item, names, instead, top=False) for item in element.value or ()]
        return DataElement(element.tag, "SQ", Sequence(items))
    return DataElement(element.tag, element.VR, _value(what, element, names, instead))


def _value(what: str, element: DataElement, names: Names, instead: Pseudonyms) -> Any:
    if what == "Z":
        return None
    if what == "D":
        return _dummy(element.VR)
    if element.VR in BYTES or element.VR in NUMBERS or element.VR == "AT":
        return element.value if what == "K" else None
    values = [_text(what, element.VR, text, names, instead) for text in texts(element)]
    return values[0] if len(values) == 1 else values


def _text(what: str, vr: str, text: str, names: Names, instead: Pseudonyms) -> str:
    """One value that is written in letters and digits."""
    if vr == "UI" or what == "U":
        return instead.uid(text, always=what == "U")
    if not well_formed(vr, text):
        return ""
    if vr in ("DA", "DT"):
        return instead.date(text)
    return "" if _points(vr, text, names) else text


def _points(vr: str, text: str, names: Names) -> bool:
    """Whether a value points at somebody; numbers and codes only as a whole, or half of all images would break."""
    if vr in ("TM", "DA", "DT", "AS"):
        return False
    if vr in ("DS", "IS"):
        return names.counts(text)
    return names.is_one(text) if vr == "CS" else names.mentioned(text)


def _dummy(vr: str) -> Any:
    if vr in BYTES or vr == "UN":
        return b""
    return DUMMIES.get(vr, 0 if vr in NUMBERS else "REMOVED")


def _cut(kept: Dataset) -> None:
    """Tables and plain pixels at the length that they are said to have: nothing stands behind them."""
    for keyword, descriptor in TABLES.items():
        data, described = kept.get(keyword), kept.get(descriptor)
        if isinstance(data, bytes) and described:
            entries = int(described[0]) or 65536
            kept[keyword].value = data[: 2 * entries] if len(data) >= 2 * entries else data[: entries + entries % 2]
    for keyword, size in PLAIN_PIXELS.items():
        if keyword in kept:
            count = int(kept.get("Rows") or 0) * int(kept.get("Columns") or 0) * int(kept.get("NumberOfFrames") or 1)
            kept[keyword].value = kept[keyword].value[: size * count]


def still_mentioned(ds: Dataset, names: Names) -> bool:
    """Whether a value of ``ds`` still points at somebody; what stands in their place is no name."""
    looked_at = ("LO", "SH", "CS", "PN", "LT", "ST", "DS", "IS")
    return any(_points(e.VR, text, names) for e in elements(ds) if e.VR in looked_at for text in texts(e))

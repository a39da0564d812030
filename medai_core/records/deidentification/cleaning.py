"""A dataset made anew from what may stay of another one."""

from __future__ import annotations

from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from medai_core.records.deidentification.naming import Names, elements, read, texts
from medai_core.records.deidentification.profile import BYTES, action, well_formed
from medai_core.records.deidentification.pseudonyms import Pseudonyms

DUMMIES: dict[str, Any] = {"PN": "Removed", "DS": "0", "IS": "0", "AS": "000Y", "UR": "urn:removed"}
"""What stands for a value that an object must have (action D); REMOVED where it is text, 0 where it is a number."""
NUMBERS = {"US", "SS", "UL", "SL", "FL", "FD", "SV", "UV"}


def cleaned(ds: Dataset, names: Names, instead: Pseudonyms) -> Dataset:
    """What may stay of ``ds``, in a dataset of its own: nothing of the old one is carried over unseen."""
    kept = Dataset()
    for tag in list(ds.keys()):
        element = read(ds, tag)
        if element is None:
            continue
        found = _kept(element, names, instead)
        if found is not None:
            kept.add(found)
    return kept


def _kept(element: DataElement, names: Names, instead: Pseudonyms) -> DataElement | None:
    """What becomes of one element; None where it goes."""
    what = action(element)
    if what == "X":
        return None
    if element.VR == "SQ":
        items = [] if what == "Z" else [cleaned(item, names, instead) for item in element.value or ()]
        return DataElement(element.tag, "SQ", Sequence(items))
    return DataElement(element.tag, element.VR, _value(what, element, names, instead))


def _value(what: str, element: DataElement, names: Names, instead: Pseudonyms) -> Any:
    if what == "Z":
        return None
    if what == "D":
        return _dummy(element.VR)
    if element.VR in BYTES or element.VR in NUMBERS or element.VR == "AT":
        return element.value
    values = [_text(what, element.VR, text, names, instead) for text in texts(element)]
    return values[0] if len(values) == 1 else values


def _text(what: str, vr: str, text: str, names: Names, instead: Pseudonyms) -> str:
    """One value that is written in letters and digits."""
    if vr == "UI" or what == "U":
        return instead.uid(text)
    if not well_formed(vr, text):
        return ""
    if what == "C" and vr in ("DA", "DT"):
        return instead.date(text)
    return "" if vr not in ("DA", "DT", "TM") and names.mentioned(text, code=vr == "CS") else text


def _dummy(vr: str) -> Any:
    if vr in BYTES or vr == "UN":
        return b""
    return DUMMIES.get(vr, 0 if vr in NUMBERS else "REMOVED")


def still_mentioned(ds: Dataset, names: Names) -> bool:
    """Whether a text of ``ds`` still holds a word that points at somebody."""
    looked_at = ("LO", "SH", "CS", "PN", "LT", "ST")
    return any(names.mentioned(text, code=e.VR == "CS") for e in elements(ds) if e.VR in looked_at for text in texts(e))

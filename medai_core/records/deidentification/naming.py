"""What a file calls its people, so that it can be looked for where nobody would expect it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from medai_core.records.store.words import fold

NUMBERS = {
    "AccessionNumber", "AdmissionID", "IssuerOfPatientID", "MedicalRecordLocator", "OtherPatientIDs", "PatientID",
    "PatientTelephoneNumbers",
}  # fmt: skip
"""Elements beside the names whose whole value points at one person."""

SHORT = 3
"""Words up to so many letters count only where they stand alone: "Li" is in many words."""


def elements(ds: Dataset) -> Iterator[DataElement]:
    """Every element that can be understood, those of sequences too."""
    for tag in list(ds.keys()):
        element = read(ds, tag)
        if element is None:
            continue
        yield element
        if element.VR == "SQ":
            for item in element.value or ():
                yield from elements(item)


def read(ds: Dataset, tag: Any) -> DataElement | None:
    """One element; None where its value cannot be understood."""
    try:
        element: DataElement = ds[tag]
        _ = element.value
    except Exception:  # pydicom converts late, and damage has no one exception
        return None
    return element


def texts(element: DataElement) -> list[str]:
    """The values of an element as text; none for bytes."""
    value = element.value
    if value is None or isinstance(value, bytes):
        return []
    several = isinstance(value, list | tuple) or type(value).__name__ == "MultiValue"
    return [str(v) for v in (value if several else [value])]


@dataclass(frozen=True)
class Names:
    """The words that point at a person, folded: without case, accents and punctuation."""

    words: frozenset[str]

    def mentioned(self, text: str, *, code: bool = False) -> bool:
        """Whether ``text`` holds one of the words; a ``code`` ("CT", "LI") holds no short one by more than chance."""
        plain = fold(text)
        alone = set() if code else set(plain.split())
        packed = plain.replace(" ", "")
        return any(w in alone or (w in packed and _long(w)) for w in self.words)

    @property
    def telling(self) -> list[bytes]:
        """The words that are no chance find among bytes: five letters or more."""
        return [w.encode() for w in self.words if len(w) >= 5 and re.search(r"[a-z]", w)]


def _long(word: str) -> bool:
    return not word.isdecimal() and (len(word) > SHORT or not word.isascii())


def names_in(ds: Dataset) -> Names:
    """What the file calls its people, in any element and any script."""
    found: set[str] = set()
    for element in elements(ds):
        if element.VR == "PN":
            found |= {word for text in texts(element) for word in fold(re.sub(r"[\^=]", " ", text)).split()}
        elif element.keyword in NUMBERS:
            found |= {fold(text).replace(" ", "") for text in texts(element)}
    return Names(frozenset(word for word in found if len(word) > 1))

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
TELLING = 5
"""Digits in a row that are no coincidence."""
NOBODY = {"anonymous", "anonymized", "anonymised", "deidentified", "none", "removed", "unknown", "test", "patient"}
"""Words that stand for a name that was removed already."""
TERMS = {
    "original", "derived", "primary", "secondary", "axial", "localizer", "other", "rgb", "monochrome1", "monochrome2",
    "palette color", "ybr_full", "ybr_full_422", "ybr_ict", "ybr_rct", "none", "yes", "no",
}  # fmt: skip
"""Codes that an image cannot do without; somebody may be called so all the same."""


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
    """What points at a person.

    Attributes
    ----------
    words : folded: without case, accents and punctuation. digits : numbers and dates, digits alone.
    """

    words: frozenset[str]
    digits: frozenset[str]

    def mentioned(self, text: str) -> bool:
        """Whether a text somebody may have typed holds one of them."""
        plain = fold(text)
        alone, packed = set(plain.split()), plain.replace(" ", "")
        if any(w in alone or (w in packed and _long(w)) for w in self.words):
            return True
        digits = re.sub(r"\D", "", text)
        return any(number in digits for number in self.digits)

    def is_one(self, code: str) -> bool:
        """Whether a code is one of the words as a whole; a part of a code is a coincidence."""
        plain = code.strip().casefold()
        return len(plain) >= SHORT and plain not in TERMS and (fold(code) in self.words or self.counts(code))

    def counts(self, number: str) -> bool:
        """Whether a number is one of theirs, as a whole."""
        return re.sub(r"\D", "", number) in self.digits and number.strip().isdecimal()

    @property
    def telling(self) -> list[bytes]:
        """The words that are no chance find among bytes."""
        found = (w for w in self.words if len(w) >= TELLING and w not in TERMS)
        return [w.encode() for w in found if re.search(r"[a-z]", w)]


def _long(word: str) -> bool:
    return not word.isdecimal() and (len(word) > SHORT or not word.isascii())


def names_in(ds: Dataset) -> Names:
    """What the file calls its people, in any element and any script, and when the patient was born."""
    words: set[str] = set()
    digits: set[str] = set()
    for element in elements(ds):
        if element.VR == "PN":
            words |= {word for text in texts(element) for word in fold(re.sub(r"[\^=]", " ", text)).split()}
        elif element.keyword in NUMBERS:
            found = {fold(text).replace(" ", "") for text in texts(element)}
            words |= found
            digits |= {re.sub(r"\D", "", text) for text in found}
        elif element.keyword == "PatientBirthDate":
            digits |= {date for text in texts(element) for date in _written(re.sub(r"\D", "", text))}
    kept = frozenset(word for word in words - NOBODY if len(word) > 1)
    return Names(kept, frozenset(number for number in digits if len(number) >= TELLING))


def _written(day: str) -> set[str]:
    """The ways to write YYYYMMDD in digits."""
    year, month, date = day[:4], day[4:6], day[6:8]
    return {day, date + month + year, month + date + year} if len(day) == 8 else set()

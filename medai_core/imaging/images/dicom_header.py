"""What a DICOM header says, read forgivingly: a damaged element is a silent one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any

from pydicom.dataset import Dataset

from medai_core.errors import ImageError
from medai_core.imaging.images.image import Patient, Place, Uids
from medai_core.imaging.images.synthetic import says_synthetic

_YEARS = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0}
_LONGEST_TEXT = 200


def value(ds: Dataset, keyword: str) -> Any:
    """The value of an element, None where it is absent, empty or cannot be understood."""
    try:
        found = ds.get(keyword)
    except Exception:  # pydicom converts late, and damage has no one exception
        return None
    return None if found is None or (hasattr(found, "__len__") and len(found) == 0) else found


def text(ds: Dataset, keyword: str) -> str | None:
    """The first value as a line of printable text."""
    found = value(ds, keyword)
    if found is None or isinstance(found, bytes):
        return None
    if not isinstance(found, str) and isinstance(found, Iterable) and not hasattr(found, "components"):
        found = next(iter(found), "")
    line = "".join(sign if sign.isprintable() else " " for sign in str(found))
    return line.strip()[:_LONGEST_TEXT] or None


def numbers(ds: Dataset, keyword: str) -> tuple[float, ...]:
    """All values of an element as finite numbers; none where one is not."""
    found = value(ds, keyword)
    listed = found if isinstance(found, Iterable) and not isinstance(found, str) else [found]
    try:
        read = tuple(float(item) for item in listed)
    except (TypeError, ValueError, OverflowError):
        return ()
    return read if all(math.isfinite(number) for number in read) else ()


def integer(ds: Dataset, keyword: str, default: int | None = None) -> int:
    """A number that the image cannot be read without; ImageError where it is absent and has no default."""
    if default is not None and keyword not in ds:
        return default
    read = numbers(ds, keyword)
    if not read or read[0] != int(read[0]):
        raise ImageError("image.header", format="DICOM", field=keyword)
    return int(read[0])


def first(ds: Dataset, sequence: str) -> Dataset | None:
    """The first item of a sequence."""
    items = value(ds, sequence)
    item = items[0] if items is not None and not isinstance(items, bytes | str) else None
    return item if isinstance(item, Dataset) else None


def macro(ds: Dataset, frame: int, sequence: str) -> Dataset:
    """Where the facts of a functional group stand for a frame: its own, the shared, else the header.

    Enhanced multi-frame objects keep what other objects have at the top in these groups (PS3.3, C.7.6.16).
    """
    own = value(ds, "PerFrameFunctionalGroupsSequence")
    groups = own[frame] if own is not None and not isinstance(own, bytes | str) and frame < len(own) else None
    for place in (groups, first(ds, "SharedFunctionalGroupsSequence")):
        item = first(place, sequence) if isinstance(place, Dataset) else None
        if item is not None:
            return item
    return ds


def spacing_mm(ds: Dataset, frame: int) -> tuple[float, float] | None:
    """PixelSpacing. ImagerPixelSpacing is that of the detector, not of the patient, and so no answer."""
    read = numbers(macro(ds, frame, "PixelMeasuresSequence"), "PixelSpacing")
    return (read[0], read[1]) if len(read) == 2 and min(read) > 0 else None


def place(ds: Dataset, frame: int) -> Place | None:
    """Where the frame lies: ImagePositionPatient and ImageOrientationPatient, where both are there and possible.

    The cosines are made unit vectors at right angles; where they are off by more than a hundredth, they say nothing.
    """
    corner = numbers(macro(ds, frame, "PlanePositionSequence"), "ImagePositionPatient")
    cosines = numbers(macro(ds, frame, "PlaneOrientationSequence"), "ImageOrientationPatient")
    if len(corner) != 3 or len(cosines) != 6:
        return None
    along, down = cosines[:3], cosines[3:]
    lengths = math.hypot(*along), math.hypot(*down)
    if (
        any(abs(length - 1) > 0.01 for length in lengths)
        or abs(sum(a * b for a, b in zip(along, down, strict=True))) > 0.01
    ):
        return None
    x, y, z = corner
    return Place((x, y, z), _unit(along), _unit(down))


def _unit(vector: tuple[float, ...]) -> tuple[float, float, float]:
    length = math.hypot(*vector)
    x, y, z = (part / length for part in vector)
    return x, y, z


def unit(ds: Dataset, frame: int) -> str | None:
    """The unit of the values after the modality's rule; None where the header says none, or "unspecified" (US).

    A CT's are Hounsfield units where it has a rule at all (PS3.3, C.11.1.1.2).
    """
    rule = macro(ds, frame, "PixelValueTransformationSequence")
    said = text(rule, "RescaleType") or text(ds, "Units")
    if said and said.upper() not in ("US", "NONE"):
        return said
    return "HU" if upper(ds, "Modality") == "CT" and numbers(rule, "RescaleIntercept") else None


def slice_mm(ds: Dataset, frame: int) -> float | None:
    """SpacingBetweenSlices of a multi-frame object. SliceThickness may leave gaps, and so is no answer."""
    read = numbers(macro(ds, frame, "PixelMeasuresSequence"), "SpacingBetweenSlices")
    return abs(read[0]) if len(read) == 1 and read[0] != 0 and int(ds.get("NumberOfFrames") or 1) > 1 else None


def acquired(ds: Dataset) -> datetime | None:
    """When the scan was made: acquisition, else content, else study."""
    whole = text(ds, "AcquisitionDateTime")
    if whole and (day := _date(whole[:8])):
        return datetime.combine(day, _time(whole[8:]))
    for prefix in ("Acquisition", "Content", "Study"):
        if day := _date(text(ds, f"{prefix}Date")):
            return datetime.combine(day, _time(text(ds, f"{prefix}Time")))
    return None


def patient(ds: Dataset) -> Patient:
    """The identifying facts."""
    born, sex = _date(text(ds, "PatientBirthDate")), text(ds, "PatientSex")
    return Patient(
        id=text(ds, "PatientID"),
        name=_name(text(ds, "PatientName")),
        birth_date=born,
        sex=sex.upper() if sex else None,
        age_years=_age(text(ds, "PatientAge"), born, acquired(ds)),
    )


def uids(ds: Dataset) -> Uids:
    """What the file, its series and its study are called."""
    return Uids(*(text(ds, name) for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")))


def synthetic(ds: Dataset) -> bool:
    """Whether the header says that a program made the image: Synthetic Data (0008,001C), or the words we write."""
    words = (text(ds, name) for name in ("PatientName", "PatientID", "ImageComments", "SeriesDescription"))
    return upper(ds, "SyntheticData") == "YES" or says_synthetic(words)


def upper(ds: Dataset, keyword: str) -> str | None:
    """A code string, upper case."""
    found = text(ds, keyword)
    return found.upper() if found else None


def _date(digits: str | None) -> date | None:
    plain = (digits or "").replace(".", "").replace("-", "")  # ACR-NEMA wrote 1993.08.22
    try:
        return datetime.strptime(plain, "%Y%m%d").date() if len(plain) == 8 else None
    except ValueError:
        return None


def _time(digits: str | None) -> time:
    """Midnight where silent; the zone after a sign is left out, for the reader lives in it."""
    plain = (digits or "").replace(":", "").split("+")[0].split("-")[0]
    clock, _, fraction = plain.partition(".")
    try:
        hour, minute, second = (int(clock[at : at + 2] or 0) for at in (0, 2, 4))
        return time(hour, minute, min(second, 59), int(fraction[:6].ljust(6, "0") or 0))
    except ValueError:
        return time()


def _age(code: str | None, born: date | None, at: datetime | None) -> float | None:
    # "000Y" is what anonymisers leave: a child of that age has its months or days counted.
    if code and code != "000Y" and len(code) == 4 and code[:3].isdecimal() and code[3].upper() in _YEARS:
        return int(code[:3]) * _YEARS[code[3].upper()]
    if born and at and at.date() >= born:
        return (at.date() - born).days / 365.25
    return None


def _name(coded: str | None) -> str | None:
    """``Adams^John Robert^Quincy^Rev.^B.A.`` as "Adams, John Robert Quincy, Rev., B.A."."""
    groups = []
    for group in (coded or "").split("="):  # alphabetic, ideographic, phonetic (PS3.5, 6.2.1)
        family, given, middle, *titles = [part.strip() for part in group.split("^")] + [""] * 3
        parts = (family, f"{given} {middle}".strip(), *titles)
        groups.append(", ".join(part for part in parts if part))
    said = [group for group in groups if group]
    return f"{said[0]} ({', '.join(said[1:])})" if len(said) > 1 else (said[0] if said else None)

"""What a file that was read becomes: one frame with its facts, and the person it shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Patient:
    """What a file says of the person it shows; every field is None where the file is silent.

    Attributes
    ----------
    name : "Family, Given Middle, Prefix, Suffix", other scripts after it in brackets.
    sex : DICOM's code: "M", "F" or "O".
    age_years : the age at the time of the scan, from PatientAge or else from the two dates.
    """

    id: str | None = None
    name: str | None = None
    birth_date: date | None = None
    sex: str | None = None
    age_years: float | None = None


@dataclass(frozen=True)
class Uids:
    """DICOM's own names for a file and what it belongs to; None where the file is silent."""

    study: str | None = None
    series: str | None = None
    instance: str | None = None


@dataclass(frozen=True, eq=False)
class Image:
    """One frame of one scan.

    Attributes
    ----------
    pixels : (y, x) float32 in the modality's own unit (Hounsfield for CT, after the modality LUT),
        or (y, x, 3) uint8 for a colour image. Always finite: a value that is not (NaN, infinity)
        became the lowest finite one.
    display : (y, x) or (y, x, 3) uint8, as a person should see it: after modality LUT, VOI LUT or
        window, and only then the MONOCHROME1 inversion. What the networks are given.
    sha256 : of the bytes of the whole file; with ``frame`` it names these pixels, and caches key on it.
    format : "DICOM", "NIfTI", "PNG", "JPEG" or "TIFF".
    frame, frames : which frame this is, counted from 0, and of how many.
    spacing_mm : (between rows, between columns); None where the file does not say. Never guessed.
    slice_mm : between the middles of neighbouring frames of a volume; None where the file does not say.
    window : (centre, width) in the unit of ``pixels``, as used for ``display``; None for colour, for
        a VOI LUT, and for 8-bit files that are shown as they are.
    modality : DICOM's code (CT, MR, DX, CR, US ...), None where the file has none.
    body_part, view : BodyPartExamined and ViewPosition, upper case, None where silent.
    acquired : acquisition (else content, else study) date and time, in the scanner's local time.
    uids : DICOM's own names of study, series and instance.
    inverted : True where low values are shown bright (MONOCHROME1): pass it on to ``windowed``.
    """

    pixels: NDArray[np.float32] | NDArray[np.uint8]
    display: NDArray[np.uint8]
    sha256: str
    format: str
    frame: int = 0
    frames: int = 1
    spacing_mm: tuple[float, float] | None = None
    window: tuple[float, float] | None = None
    modality: str | None = None
    body_part: str | None = None
    view: str | None = None
    acquired: datetime | None = None
    patient: Patient = Patient()
    uids: Uids = Uids()
    inverted: bool = False
    slice_mm: float | None = None

"""What a file that was read becomes: one frame with its facts, and the person it shows."""

from __future__ import annotations

from collections.abc import Callable
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


@dataclass(frozen=True)
class Place:
    """Where a frame lies in the patient, in DICOM's coordinates: x to the left, y to the back, z to the head.

    Attributes
    ----------
    corner_mm : the middle of the first pixel.
    along_row, down_column : unit vectors, the way that columns and that rows are counted.
    """

    corner_mm: tuple[float, float, float]
    along_row: tuple[float, float, float]
    down_column: tuple[float, float, float]


@dataclass(frozen=True)
class Header:
    """What a file says of one frame, its pixels not decoded; fields as those of ``Image``.

    Attributes
    ----------
    number : DICOM's InstanceNumber.
    phase : which echo and which time it is of, where the file says so; frames of one place differ in it.
    unit : of the pixels' values; None where the file does not say.
    synthetic : whether the file's words say that a program made it.
    """

    rows: int
    columns: int
    spacing_mm: tuple[float, float] | None = None
    slice_mm: float | None = None
    place: Place | None = None
    modality: str | None = None
    patient: Patient = Patient()
    uids: Uids = Uids()
    number: int | None = None
    acquired: datetime | None = None
    phase: tuple[str | None, ...] = ()
    unit: str | None = None
    synthetic: bool = False


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
    place : where the frame lies in the patient; None where the file does not say.
    inverted : True where low values are shown bright (MONOCHROME1): pass it on to ``windowed``.
    synthetic : whether the file says, in its words or by a mark in its pixels, that a program made it.
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
    place: Place | None = None
    synthetic: bool = False


@dataclass(frozen=True, eq=False)
class Opened:
    """A file that was understood, none of its pixels decoded: how many frames it has, and how to get each.

    Attributes
    ----------
    read, header : of a frame, counted from 0; they raise ``ImageError`` for one that is not there.
    pixels : those of ``read`` alone; a frame of one value, which cannot be shown, has them all the same.
    """

    frames: int
    read: Callable[[int], Image]
    header: Callable[[int], Header]
    pixels: Callable[[int], NDArray[np.float32] | NDArray[np.uint8]]

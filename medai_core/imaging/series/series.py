"""A series: its slices in order, each decoded when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from medai_core.errors import ImageError, Message
from medai_core.imaging.images import Header, Image, Opened, open_image
from medai_core.imaging.series.files import File

MOST = 2048
"""Slices of a series, at most."""
TILTED_DEGREES = 0.5
"""From which on a gantry counts as tilted."""


@dataclass(frozen=True, eq=False)
class Part:
    """One frame of one file that has so many ``frames``."""

    file: File
    frame: int
    header: Header
    frames: int = 1


@dataclass(frozen=True, eq=False)
class Series:
    """Slices that belong together.

    Attributes
    ----------
    slots : every slice in the order of its place along ``normal``, None where one is missing.
    step_mm : from a slice to the next one, along the normal; None where that is unknown or uneven.
    tilt_degrees : between the normal and the line on which the slices lie.
    notices : what the reader must know of it.
    """

    slots: tuple[Part | None, ...]
    step_mm: float | None
    tilt_degrees: float
    notices: tuple[Message, ...]
    _last: list[tuple[File, Opened]] = field(default_factory=list, repr=False)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The slices that are there."""
        return tuple(part for part in self.slots if part is not None)

    @property
    def missing(self) -> tuple[int, ...]:
        """The numbers of the slices that are missing, from 0."""
        return tuple(i for i, part in enumerate(self.slots) if part is None)

    @property
    def header(self) -> Header:
        """What the middle one of its files says."""
        return self.parts[len(self.parts) // 2].header

    @property
    def spacing_mm(self) -> tuple[float, float, float] | None:
        """Between slices, rows and columns; None where one of them is not known."""
        rows_columns = self.header.spacing_mm
        return None if self.step_mm is None or rows_columns is None else (self.step_mm, *rows_columns)

    @property
    def placed(self) -> bool:
        """Whether it is known where the slices lie."""
        return self.header.place is not None

    def at_mm(self, number: int) -> float:
        """Where a slice lies along the normal, from the origin of DICOM's coordinates; it must be there and placed."""
        part = self.slots[number]
        assert part is not None and part.header.place is not None
        return float(np.dot(normal_of(self.header), part.header.place.corner_mm))

    def read(self, number: int) -> Image:
        """The slice as a person sees it. A file of several frames is understood once for those that follow each other.

        Raises
        ------
        ImageError : it is missing, cannot be read, or has nothing to be seen.
        """
        opened, frame = self._opened(number)
        return opened.read(frame)

    def pixels(self, number: int) -> NDArray[np.float32] | NDArray[np.uint8]:
        """The slice's values alone, (y, x) or (y, x, 3); errors as for ``read``, but for a slice of one value."""
        opened, frame = self._opened(number)
        return opened.pixels(frame)

    def _opened(self, number: int) -> tuple[Opened, int]:
        part = self.slots[number]
        if part is None:
            raise ImageError("series.empty_place")
        last = self._last[0] if self._last else None
        if last is None or last[0] is not part.file:  # another thread may set it meanwhile
            last = (part.file, open_image(part.file.read()))
            self._last[:] = [last]
        return last[1], part.frame


def normal_of(header: Header) -> NDArray[np.float64]:
    """The unit vector across a slice, in DICOM's coordinates; the slice must have a place."""
    assert header.place is not None
    return np.cross(header.place.along_row, header.place.down_column)

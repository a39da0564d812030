"""The voxels of a series, and the three planes that a person looks at them in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medai_core.errors import N_, ImageError
from medai_core.imaging.images import Image
from medai_core.imaging.images.display import natural_window
from medai_core.imaging.series.series import TILTED_DEGREES, Series, normal_of

MOST_BYTES = 2**31
"""Of the voxels of a series, at most: 2 GiB."""

PLANES = {"axial": N_("axial"), "coronal": N_("coronal"), "sagittal": N_("sagittal")}

Index = tuple[int, int, int]
"""(z, y, x): slice, row and column of a voxel."""

# Of each plane, which of left (0), back (1) and head (2) runs down its rows and along its columns, and the way.
_DOWN = {"axial": (1, 1), "coronal": (2, -1), "sagittal": (2, -1)}
_ALONG = {"axial": (0, 1), "coronal": (0, 1), "sagittal": (1, 1)}
_ACROSS = {"axial": 2, "coronal": 1, "sagittal": 0}


@dataclass(frozen=True, eq=False)
class Volume:
    """All slices of a series at once.

    Attributes
    ----------
    voxels : (z, y, x) int16 or float32 in the modality's unit, or (z, y, x, 3) uint8; the order is that of the
        series. Missing slices have the value that is shown black.
    spacing_mm : between slices, rows and columns; None where one is not known.
    window : (centre, width) to begin with; None for colour and for files that are shown as they are.
    inverted : True where low values are shown bright.
    unit : of the values; None where the files do not say.
    pixel_mm : between the rows and the columns of a slice; None where unknown.
    missing : the numbers of the slices that are not there.
    sheared : True where the gantry was tilted: only the slices themselves are as long and wide as they look.
    axes : for z, y and x, which of left (0), back (1), head (2) it runs along best, and 1 or -1; None where unknown.
    """

    voxels: NDArray[Any]
    spacing_mm: tuple[float, float, float] | None
    window: tuple[float, float] | None
    inverted: bool
    axes: tuple[tuple[int, int], ...] | None
    unit: str | None = None
    pixel_mm: tuple[float, float] | None = None
    missing: tuple[int, ...] = ()
    sheared: bool = False

    @property
    def hounsfield(self) -> bool:
        """Whether the values are Hounsfield units."""
        return self.unit == "HU"

    @property
    def planes(self) -> tuple[str, ...]:
        """The planes it can be seen in, its own first; "slices" where it is not known how it lies."""
        if self.axes is None or len(self.voxels) < 2:
            return ("slices",)
        own = next(plane for plane, across in _ACROSS.items() if across == self.axes[0][0])
        return (own, *(plane for plane in PLANES if plane != own))

    def count(self, plane: str) -> int:
        """How many pictures there are in a plane."""
        return int(self.voxels.shape[self._turn(plane)[0][0]])

    def picture(self, plane: str, number: int) -> NDArray[Any]:
        """One picture, (rows, columns) or with colours (rows, columns, 3), a view.

        Head or front is up, and the patient's right at the left.

        Parameters
        ----------
        number : from 0; of the volume's own plane that of the slice, of others from the front or the right.
        """
        order = self._turn(plane)
        axes = [axis for axis, _ in order]
        cut: NDArray[Any] = np.moveaxis(self.voxels, axes, (0, 1, 2))[self._number(order[0], number)]
        return cut[:: order[1][1], :: order[2][1]]

    def aspect(self, plane: str) -> tuple[float, float] | None:
        """Millimetres between rows and between columns of a plane's pictures; None where a length is unknown."""
        if plane == self.planes[0]:
            return self.pixel_mm
        return None if self.sheared else self._sizes(plane)

    def proportion(self, plane: str) -> float:
        """How much further apart rows are than columns, as well as it is known."""
        rows, columns = (self.pixel_mm if plane == self.planes[0] else self._sizes(plane)) or (1.0, 1.0)
        return rows / columns

    def _sizes(self, plane: str) -> tuple[float, float] | None:
        order = self._turn(plane)
        return None if self.spacing_mm is None else (self.spacing_mm[order[1][0]], self.spacing_mm[order[2][0]])

    def known(self, plane: str, number: int) -> NDArray[np.bool_]:
        """Where a picture shows what was scanned, (rows, columns): not where a slice is missing."""
        there = np.ones(len(self.voxels), bool)
        there[list(self.missing)] = False
        mask = np.broadcast_to(there[:, None, None], self.voxels.shape[:3])
        return Volume(mask, None, None, False, self.axes).picture(plane, number)

    def voxel(self, plane: str, number: int, row: float, column: float) -> Index:
        """The voxel under a place in a picture.

        Raises
        ------
        ImageError : the place is outside.
        """
        order = self._turn(plane)
        found = [0, 0, 0]
        found[order[0][0]] = self._number(order[0], number)
        for (axis, way), place in zip(order[1:], (row, column), strict=True):
            size = self.voxels.shape[axis]
            if not 0 <= place < size:
                raise ImageError("series.outside")
            found[axis] = int(place) if way > 0 else size - 1 - int(place)
        return found[0], found[1], found[2]

    def nearest(self, plane: str, number: int, row: float, column: float) -> Index:
        """The voxel whose middle is nearest to a place in a picture, which may lie on its edge."""
        rows, columns = self.picture(plane, number).shape[:2]
        inside = (min(max(round(at), 0), size - 1) for at, size in ((row, rows), (column, columns)))
        return self.voxel(plane, number, *inside)

    def _number(self, across: tuple[int, int], number: int) -> int:
        axis, way = across
        return number if way > 0 else self.voxels.shape[axis] - 1 - number

    def _turn(self, plane: str) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
        """The voxels' axis across a plane, down its rows and along its columns, each with the way it runs."""
        if plane == "slices" or self.axes is None:
            return (0, 1), (1, 1), (2, 1)
        axis_of = {direction: (axis, way) for axis, (direction, way) in enumerate(self.axes)}
        across = axis_of[_ACROSS[plane]]
        if across[0] == 0:
            across = (0, 1)  # numbered as the slices are
        (down, down_way), (along, along_way) = _DOWN[plane], _ALONG[plane]
        down_axis, along_axis = axis_of[down], axis_of[along]
        return across, (down_axis[0], down_axis[1] * down_way), (along_axis[0], along_axis[1] * along_way)


def load_volume(series: Series, advance: Callable[[int, int], None] = lambda done, of: None) -> Volume:
    """Decode all slices.

    Parameters
    ----------
    advance : told after each slice how many are done, of how many.

    Raises
    ------
    ImageError : a slice cannot be read, or the volume needs more than ``MOST_BYTES``.
    """
    numbers = [i for i, part in enumerate(series.slots) if part is not None]
    voxels = _room(series, _pixels(series, numbers[len(numbers) // 2]))
    lowest, highest = np.inf, -np.inf
    for done, number in enumerate(numbers, start=1):
        pixels = _pixels(series, number)
        if pixels.shape != voxels.shape[1:]:
            part = series.slots[number]
            raise ImageError("series.unlike", file=part.file.name if part is not None else "")
        if voxels.dtype == np.int16 and not _whole(pixels):
            _admit(voxels.shape, np.float32)
            voxels = voxels.astype(np.float32)
        voxels[number] = pixels
        lowest, highest = min(lowest, float(pixels.min())), max(highest, float(pixels.max()))
        advance(done, len(numbers))
    window, inverted = _shown(series, numbers)
    voxels[list(series.missing)] = highest if inverted else lowest
    voxels.flags.writeable = False
    return Volume(
        voxels,
        series.spacing_mm,
        window,
        inverted,
        _axes(series),
        unit=series.header.unit,
        pixel_mm=series.header.spacing_mm,
        missing=series.missing,
        sheared=series.tilt_degrees > TILTED_DEGREES,
    )


def _pixels(series: Series, number: int) -> NDArray[Any]:
    try:
        return series.pixels(number)
    except ImageError as error:
        part = series.slots[number]
        name = part.file.name if part is not None else ""
        raise ImageError("image.slice", file=name, reason=(error.message,)) from error


def _shown(series: Series, numbers: list[int]) -> tuple[tuple[float, float] | None, bool]:
    """The window and the inversion of the slice nearest to the middle that can be shown; no window for 8 bits."""
    middle = len(series.slots) / 2
    for number in sorted(numbers, key=lambda n: abs(n - middle)):
        try:
            image = series.read(number)
        except ImageError:
            continue
        if image.window is None and image.pixels.ndim == 2 and not _as_it_is(image):
            # A table of grey levels stands in for a window, which is not kept.
            return natural_window(np.asarray(image.pixels, np.float32), image.modality), image.inverted
        return image.window, image.inverted
    raise ImageError("image.constant")


def _as_it_is(image: Image) -> bool:
    """Whether the values are the grey levels that are shown."""
    display = 255 - image.display if image.inverted else image.display
    return np.array_equal(image.pixels, display)


def _room(series: Series, pixels: NDArray[Any]) -> NDArray[Any]:
    kind: Any = np.uint8 if pixels.ndim == 3 else np.int16 if _whole(pixels) else np.float32
    shape = (len(series.slots), *pixels.shape)
    _admit(shape, kind)
    return np.zeros(shape, kind)


def _admit(shape: tuple[int, ...], kind: Any) -> None:
    size = int(np.prod(shape)) * np.dtype(kind).itemsize
    if size > MOST_BYTES:
        raise ImageError("series.too_large", size_mb=round(size / 1e6), limit_mb=round(MOST_BYTES / 1e6))


def _whole(pixels: NDArray[Any]) -> bool:
    """Whether all values are whole numbers of 16 bits."""
    low, high = np.iinfo(np.int16).min, np.iinfo(np.int16).max
    return bool(pixels.min() >= low and pixels.max() <= high and np.array_equal(pixels, np.rint(pixels)))


def _axes(series: Series) -> tuple[tuple[int, int], ...] | None:
    """The nearest of the patient's axes for each of the voxels', every one taken once."""
    header = series.header
    if header.place is None:
        return None
    directions = np.array([normal_of(header), header.place.down_column, header.place.along_row])
    left, found = np.abs(directions), [(0, 1)] * 3
    for _ in range(3):
        axis, direction = np.unravel_index(int(np.argmax(left)), left.shape)
        found[int(axis)] = (int(direction), 1 if directions[axis, direction] > 0 else -1)
        left[axis], left[:, direction] = -1, -1
    return tuple(found)

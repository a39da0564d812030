"""A nodule on a CT series, outlined from one point inside of it by region growing in three dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medai_core.errors import ImageError
from medai_core.imaging.series.volume import Index, Volume

REACH_MM = 30.0
"""How far from the point a nodule may reach; above 30 mm in diameter it is called a mass (Hansell 2008,
10.1148/radiol.2462070712)."""
AIR_HU = -850.0
"""What lung parenchyma has on inspiration."""
FAINTEST_HU = -700.0
"""A point fainter than this is air or parenchyma, not a nodule."""
OPENINGS_MM = (1.5, 2.5, 4.0)
"""Radii of the balls that cut a nodule from vessels and from the chest wall, the next where one was too small."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class How:
    """How an outline is grown, and how the reader corrects it.

    Attributes
    ----------
    threshold_hu : the least value that belongs to it; None is half-way between the point and the lung.
    reach_mm : how far from the point it may reach; less than ``REACH_MM`` cuts it there.
    grown_mm : by how much it is made larger, or smaller where negative, in the end.
    """

    threshold_hu: float | None = None
    reach_mm: float = REACH_MM
    grown_mm: float = 0.0


@dataclass(frozen=True, eq=False)
class Grown:
    """What was outlined.

    Attributes
    ----------
    part, box : the mask of a part of the volume, (z, y, x), and which part that is.
    shape : of the whole volume.
    seed : the point that it was grown from.
    threshold_hu : the least value that belongs to it.
    cut : whether it had to be cut from something that it touches.
    incomplete : whether it touches the edge of the volume or a slice that is missing: some of it may lie there.
    """

    part: Mask
    box: tuple[slice, ...]
    shape: tuple[int, int, int]
    seed: Index
    threshold_hu: float
    cut: bool
    incomplete: bool
    spacing_mm: tuple[float, float, float]

    @property
    def mask(self) -> Mask:
        """(z, y, x) of the whole volume."""
        made = np.zeros(self.shape, bool)
        made[self.box] = self.part
        return made

    @property
    def volume_ml(self) -> float:
        """Of all voxels in the outline."""
        return float(self.part.sum() * np.prod(self.spacing_mm) / 1000)

    @property
    def slices(self) -> tuple[int, ...]:
        """The slices that it is on."""
        start = int(self.box[0].start)
        return tuple(start + int(z) for z in np.flatnonzero(self.part.any(axis=(1, 2))))

    @property
    def diameter_mm(self) -> float:
        """The longest distance between two voxels' middles on one slice, and one pixel more (RECIST's long axis)."""
        return max((_long_axis(cut, self.spacing_mm[1:]) for cut in self.part if cut.any()), default=0.0)


def grow(volume: Volume, seed: Index, how: How = How()) -> Grown:
    """Outline what a point lies in: all that is connected with it and at least as dense as half-way to the lung.

    Where that reaches further than a nodule does, it hangs together with a vessel or the chest wall, and the part
    around the point is cut off by a morphological opening (Kostis 2003, 10.1109/TMI.2003.817785).

    Raises
    ------
    ImageError : the spacing is unknown, the point is not in something denser than lung, or no opening cuts it off.
    """
    if volume.spacing_mm is None or volume.voxels.ndim != 3:
        raise ImageError("series.no_spacing")
    if not all(0 <= at < size for at, size in zip(seed, volume.voxels.shape, strict=True)):
        raise ImageError("series.outside")
    box, own = _around(volume, seed, how.reach_mm)
    values = volume.voxels[box].astype(np.float32)
    dense = _density(values, own)
    if dense < FAINTEST_HU:
        raise ImageError("series.no_nodule", found_hu=round(dense), least_hu=round(FAINTEST_HU))
    threshold = (dense + AIR_HU) / 2 if how.threshold_hu is None else how.threshold_hu
    away = _away_mm(values.shape, own, volume.spacing_mm)
    within = away <= how.reach_mm
    # A nodule may be on the first or the last slice, but not at the side of the picture.
    rim = (away > how.reach_mm - max(volume.spacing_mm)) | _sides(volume, box)
    found = _connected((values >= threshold) & within, own)
    cut = how.reach_mm >= REACH_MM and bool((found & rim).any())
    if cut:
        found = _separated(found, rim, own, volume.spacing_mm)
    found = _resized(found, within & (values > AIR_HU - 100), how.grown_mm, volume.spacing_mm)
    if not found.any():
        raise ImageError("series.nothing_left")
    z, y, x = volume.voxels.shape
    incomplete = _incomplete(found, box, (z, y, x), volume.missing)
    return Grown(found, box, (z, y, x), seed, float(threshold), cut, incomplete, volume.spacing_mm)


def numbered(outlined: Sequence[Grown]) -> NDArray[np.uint16]:
    """(z, y, x) of the whole volume: 0, or the number of the outline, from 1; where two overlap, that of the first."""
    made = np.zeros(outlined[0].shape, np.uint16)
    for number in range(len(outlined), 0, -1):
        made[outlined[number - 1].box][outlined[number - 1].part] = number
    return made


def _incomplete(found: Mask, box: tuple[slice, ...], shape: Index, missing: tuple[int, ...]) -> bool:
    for axis, (part, size) in enumerate(zip(box, shape, strict=True)):
        lines = part.start + np.flatnonzero(found.any(axis=tuple(a for a in range(3) if a != axis)))
        if lines[0] == 0 or lines[-1] == size - 1:
            return True
    slices = set((box[0].start + np.flatnonzero(found.any(axis=(1, 2)))).tolist())
    return any({z - 1, z + 1} & slices for z in missing)


def _around(volume: Volume, seed: Index, reach_mm: float) -> tuple[tuple[slice, ...], Index]:
    """The box about a point, a voxel wider than the reach, and where the point is in it."""
    assert volume.spacing_mm is not None
    box, own = [], []
    for at, size, step in zip(seed, volume.voxels.shape, volume.spacing_mm, strict=True):
        wide = int(np.ceil(reach_mm / step)) + 1
        start = max(0, at - wide)
        box.append(slice(start, min(size, at + wide + 1)))
        own.append(at - start)
    return tuple(box), (own[0], own[1], own[2])


def _sides(volume: Volume, box: tuple[slice, ...]) -> Mask:
    """The outermost rows and columns of the slices, where they are in the box."""
    inner = np.zeros(volume.voxels.shape[1:], bool)
    inner[1:-1, 1:-1] = True
    return np.asarray(~inner[box[1:]][None])


def _density(values: NDArray[np.float32], own: Index) -> float:
    """The median about a point, 3 x 3 pixels of its slice."""
    z, y, x = own
    return float(np.median(values[z, max(0, y - 1) : y + 2, max(0, x - 1) : x + 2]))


def _away_mm(shape: tuple[int, ...], centre: Index, spacing_mm: tuple[float, float, float]) -> NDArray[np.float64]:
    """How far each voxel is from the point."""
    axes = np.ogrid[tuple(slice(size) for size in shape)]
    square = sum(((axis - at) * step) ** 2 for axis, at, step in zip(axes, centre, spacing_mm, strict=True))
    return np.asarray(np.sqrt(square))


def _connected(mask: Mask, own: Index) -> Mask:
    from scipy import ndimage

    if not mask[own]:
        raise ImageError("series.no_nodule_above")
    labels, _ = ndimage.label(mask)
    return np.asarray(labels == labels[own])


def _separated(found: Mask, rim: Mask, own: Index, spacing_mm: tuple[float, float, float]) -> Mask:
    """The part around the point, cut from what reaches as far as ``rim`` and so further than a nodule does."""
    from scipy import ndimage

    depth = ndimage.distance_transform_edt(found, sampling=spacing_mm)
    for radius in OPENINGS_MM:
        cores, count = ndimage.label(depth > radius)
        apart, nearest = ndimage.distance_transform_edt(cores == 0, sampling=spacing_mm, return_indices=True)
        if not count or apart[own] > radius + max(spacing_mm):
            break  # the point lies in what is too thin for this ball
        core = cores == cores[tuple(index[own] for index in nearest)]
        opened = np.asarray(found & (ndimage.distance_transform_edt(~core, sampling=spacing_mm) <= radius))
        if not (opened & rim).any():
            return opened
    raise ImageError("series.no_edge", reach_mm=round(REACH_MM))


def _shrunk(mask: Mask, by_mm: float, spacing_mm: tuple[float, float, float]) -> Mask:
    from scipy import ndimage

    padded = np.pad(mask, 1)
    depth = ndimage.distance_transform_edt(padded, sampling=spacing_mm)[1:-1, 1:-1, 1:-1]
    return np.asarray(depth > by_mm)


def _resized(mask: Mask, allowed: Mask, by_mm: float, spacing_mm: tuple[float, float, float]) -> Mask:
    from scipy import ndimage

    if by_mm == 0:
        return mask
    if by_mm < 0:
        return _shrunk(mask, -by_mm, spacing_mm)
    near = ndimage.distance_transform_edt(~mask, sampling=spacing_mm) <= by_mm
    return np.asarray(near & allowed)


def _long_axis(mask: Mask, spacing_mm: tuple[float, float]) -> float:
    from scipy import ndimage

    edge = mask & ~ndimage.binary_erosion(mask)
    points = np.argwhere(edge) * spacing_mm
    apart = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=-1))
    return float(apart.max() + np.mean(spacing_mm))

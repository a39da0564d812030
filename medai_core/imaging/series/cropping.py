"""From an outlined nodule to the pictures that the nodule model takes, made as those it was trained on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medai_core.errors import ImageError
from medai_core.imaging.series.growing import Grown
from medai_core.imaging.series.volume import Volume

SIZE = 64
BLACK_HU, WHITE_HU = -1000.0, 150.0
"""Of the training crops, which do not say it: their commonest grey, 228 of 255, is taken for soft tissue of 30 HU,
and black for air."""
PIXELS_MM = (0.4, 1.0)
"""Pixels of chest CT; the crops are not resampled, and so say nothing to the model where pixels are of other sizes."""


def nodule_crops(volume: Volume, grown: Grown) -> tuple[tuple[int, NDArray[np.uint8]], ...]:
    """Each slice of the nodule as 64 x 64 pixels, black outside of the outline, its box in the middle; by number.

    Raises
    ------
    ImageError : the pixels are not those of a chest CT, or the nodule is wider than the crop.
    """
    pixel_mm = grown.spacing_mm[1]
    if not (PIXELS_MM[0] <= pixel_mm <= PIXELS_MM[1]) or abs(grown.spacing_mm[2] - pixel_mm) > 0.01:
        raise ImageError("series.crop_pixels", found_mm=round(pixel_mm, 2), least_mm=PIXELS_MM[0], most_mm=PIXELS_MM[1])
    mask = grown.mask
    return tuple((z, _crop(volume.voxels[z], mask[z])) for z in grown.slices)


def _crop(values: NDArray[np.generic], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, left = (int(line[0] + line[-1] + 1) // 2 - SIZE // 2 for line in (rows, columns))
    if max(rows[-1] - rows[0], columns[-1] - columns[0]) >= SIZE:
        raise ImageError("series.crop_size", size=SIZE)
    grey = np.clip((values.astype(np.float32) - BLACK_HU) / (WHITE_HU - BLACK_HU), 0, 1) * 255
    # What is outlined is never black, or it would be taken for what is around it.
    shown = np.where(mask, np.maximum(np.rint(grey), 1), 0).astype(np.uint8)
    padded = np.pad(shown, SIZE)
    return padded[top + SIZE : top + 2 * SIZE, left + SIZE : left + 2 * SIZE]

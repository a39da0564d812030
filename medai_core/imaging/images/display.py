"""From the modality's values to the grey levels that a person sees."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medai_core.errors import ImageError

# The soft-tissue window that a CT without one is shown in: -160 to 240 Hounsfield units.
SOFT_TISSUE = (40.0, 400.0)
# A tail of 0.5 % at either end: a metal marker or a burnt-in letter must not darken the rest.
_TAILS = (0.5, 99.5)
_SAMPLE = 2**20  # pixels that the percentiles are taken of


def windowed(pixels: NDArray[np.generic], centre: float, width: float, *, inverted: bool = False) -> NDArray[np.uint8]:
    """The values in a window as grey levels, 0 to 255, by DICOM's LINEAR function (PS3.3, C.11.2.1.2.1).

    Black up to ``centre - width / 2``, white from
    ``centre + width / 2 - 1`` on; a width of 1 or less is a threshold at ``centre - 0.5``.

    Parameters
    ----------
    pixels : (y, x) in the unit of the window; NaN is shown as the lowest.
    centre, width : of the window, in the unit of ``pixels``.
    inverted : show low values bright.
    """
    values = np.asarray(pixels, dtype=np.float32)
    with np.errstate(all="ignore"):
        if width > 1:
            grey = (values - np.float32(centre - width / 2)) * np.float32(255 / (width - 1))
        else:
            grey = np.where(values > centre - 0.5, np.float32(255), np.float32(0))
        shown: NDArray[np.uint8] = np.clip(np.nan_to_num(np.rint(grey), copy=False, nan=0.0), 0, 255).astype(np.uint8)
    return 255 - shown if inverted else shown


def finite(values: NDArray[Any]) -> NDArray[np.float32]:
    """The values as float32, what is not finite set to the lowest that is; none finite: ImageError."""
    with np.errstate(all="ignore"):
        pixels = values.astype(np.float32)
    if values.dtype.kind == "f":
        good = np.isfinite(pixels)
        if not good.any():
            raise ImageError("image.constant")
        if not good.all():
            pixels[~good] = pixels[good].min()
    return pixels


def natural_window(pixels: NDArray[np.float32], modality: str | None = None) -> tuple[float, float]:
    """The window for an image whose file names none: soft tissue for CT, else the middle 99 %.

    Raises
    ------
    ImageError : where all pixels have the same value.
    """
    low, high = float(pixels.min()), float(pixels.max())
    if low == high:
        raise ImageError("image.constant")
    centre, width = SOFT_TISSUE
    # A CT of raw values, or of air alone, would be all black or white in it.
    if modality == "CT" and low < centre + width / 2 - 1 and high > centre - width / 2:
        return SOFT_TISSUE
    step = max(1, round((pixels.size / _SAMPLE) ** 0.5))
    tails = np.percentile(pixels[::step, ::step].astype(np.float64), _TAILS)
    if tails[0] < tails[1]:
        low, high = float(tails[0]), float(tails[1])
    return spanning(low, high)


def spanning(low: float, high: float) -> tuple[float, float]:
    """The window that shows ``low`` black and ``high`` white."""
    return (low + high + 1) / 2, high - low + 1

"""Whether a picture has lines of text in it: a look at its pixels, where the header may be silent or wrong.

Letters are thin strokes that stand out from what is around them, of like height, one after the other on a line.
``benchmarks/writing.py`` measures how often that is seen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

LETTERS = 6
"""So many marks in a line look like writing; a side marker has one or two."""
HEIGHTS = (6, 80)
"""Rows that a letter is high, in pixels."""
STROKE = 9
"""Pixels that a stroke is thinner than."""
CONTRAST = 0.3
"""How far a stroke stands out, as a share of the picture's range."""
MOST = 20_000
"""Marks beyond which a picture is noise."""

_Box = tuple[int, int, int, int]
"""(top, bottom, left, right), exclusive ends."""


def writing_in(ds: Dataset) -> bool | None:
    """Whether a frame (the first, the middle, the last) looks as if text were drawn into it; None: nobody can tell."""
    from pydicom.pixels.utils import pixel_array

    if "PixelData" not in ds:
        return False
    try:
        count = int(ds.get("NumberOfFrames") or 1)
        frames = [np.asarray(pixel_array(ds, index=i)) for i in sorted({0, count // 2, count - 1})]
    except Exception:  # what the decoders raise is whatever a damaged frame makes them stumble over
        return None
    return any(looks_written(f.max(axis=-1) if f.ndim == 3 and f.shape[-1] in (3, 4) else f) for f in frames)


def looks_written(pixels: NDArray[Any]) -> bool:
    """Whether marks stand in a line as letters do, brighter or darker than what is around them.

    Parameters
    ----------
    pixels : (y, x), any numbers.
    """
    from scipy import ndimage

    grey = np.asarray(pixels, np.float32)
    if grey.ndim != 2 or grey.size == 0 or grey.max() <= grey.min():
        return False
    grey = (grey - grey.min()) / (grey.max() - grey.min())
    return any(
        _has_line(side - ndimage.grey_opening(side, size=(STROKE, STROKE)) > CONTRAST) for side in (grey, 1 - grey)
    )


def _has_line(strokes: NDArray[np.bool_]) -> bool:
    from scipy import ndimage

    labels, count = ndimage.label(strokes, structure=np.ones((3, 3)))
    if count > MOST:
        return False
    boxes = [(b[0].start, b[0].stop, b[1].start, b[1].stop) for b in ndimage.find_objects(labels)]
    marks = sorted(filter(_like_a_letter, boxes), key=lambda mark: mark[2])
    return any(_run(mark, marks[i + 1 :]) >= LETTERS for i, mark in enumerate(marks))


def _like_a_letter(box: _Box) -> bool:
    height, width = box[1] - box[0], box[3] - box[2]
    return HEIGHTS[0] <= height <= HEIGHTS[1] and 0.15 * height <= width <= 1.7 * height


def _run(first: _Box, later: list[_Box]) -> int:
    """How many marks follow each other on the line of ``first``, itself included; small letters stand on it too."""
    height, count, end = first[1] - first[0], 1, first[3]
    for mark in later:
        if mark[2] - end > 4 * height:
            break
        on_line = abs(mark[1] - first[1]) <= max(1, 0.12 * height)
        alike = abs(mark[1] - mark[0] - height) <= max(1, 0.45 * height)
        if on_line and alike and -1 <= mark[2] - end <= 1.3 * height:
            count, end = count + 1, mark[3]
    return count

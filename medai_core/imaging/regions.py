"""Where something is: masks, and the boxes around what they find."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

Box = tuple[int, int, int, int]
"""(top, left, bottom, right) in pixels of the image; the ends are exclusive."""


@dataclass(frozen=True, eq=False)
class Region:
    """Where a mask network looks: a box, and the pixels (y, x) in it that belong to the region.

    ``evident`` is False where nothing stands out.
    """

    box: Box
    evident: bool
    mask: NDArray[np.bool_]


def most_evident_region(
    probability: NDArray[np.float32], shape: tuple[int, int], *, least: float, evident: float
) -> Region:
    """The most likely region, in an image of ``shape``; there always is one.

    Parameters
    ----------
    least : the probability from which a pixel belongs to a region; where none reaches it, half the
        greatest probability takes its place.
    evident : the greatest probability from which the region stands out.
    """
    peak = float(probability.max())
    box = largest_region(probability, shape, least=min(least, peak / 2))
    assert box is not None
    return Region(box, peak >= evident, region_mask(probability, shape, box, least=min(least, peak / 2)))


def largest_region(probability: NDArray[np.float32], shape: tuple[int, int], *, least: float = 0.5) -> Box | None:
    """The box around the most evident connected region, in an image of ``shape``.

    Parameters
    ----------
    probability : (rows, columns), 0 to 1, at any resolution.
    shape : (rows, columns) of the image that the box is for.
    least : the probability from which a pixel belongs to a region.

    Returns
    -------
    The box, at least one pixel of ``probability`` wide; None when no pixel reaches ``least``.
    Regions are compared by their summed probability, so that a large doubtful one does not beat a
    small clear one of the same area.
    """
    from scipy import ndimage

    labels, count = ndimage.label(probability >= least)
    if count == 0:
        return None
    sums = ndimage.sum_labels(probability, labels, np.arange(1, count + 1))
    rows, columns = np.nonzero(labels == 1 + int(np.argmax(sums)))
    down, across = shape[0] / probability.shape[0], shape[1] / probability.shape[1]
    top, bottom = int(rows.min() * down), int(np.ceil((rows.max() + 1) * down))
    left, right = int(columns.min() * across), int(np.ceil((columns.max() + 1) * across))
    return top, left, min(bottom, shape[0]), min(right, shape[1])


def region_mask(
    probability: NDArray[np.float32], shape: tuple[int, int], box: Box, *, least: float
) -> NDArray[np.bool_]:
    """The pixels of a region, (y, x) of ``shape``: those inside ``box`` that reach ``least``; the box where none does.

    Parameters
    ----------
    probability : (rows, columns), 0 to 1, at any resolution.
    """
    large = Picture.fromarray(np.asarray(probability, np.float32)).resize(
        (shape[1], shape[0]), Picture.Resampling.BILINEAR
    )
    inside = np.zeros(shape, dtype=bool)
    inside[box[0] : box[2], box[1] : box[3]] = True
    found = (np.asarray(large) >= least) & inside
    return found if found.any() else inside


def box_around(mask: NDArray[np.bool_]) -> Box:
    """The smallest box that holds every pixel of ``mask`` (y, x); of no pixels, an empty box at the origin."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return 0, 0, 0, 0
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def dice(found: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    """Twice the overlap over the sum of the areas, 0 to 1; 1 when both are empty (Dice 1945, 10.2307/1932409)."""
    total = int(found.sum()) + int(true.sum())
    return 1.0 if total == 0 else 2 * int((found & true).sum()) / total

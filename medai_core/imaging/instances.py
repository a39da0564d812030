"""Many objects in one image: a network's maps tile by tile, one number an object, and how objects match outlines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medai_core.cards import Calibration, Card
from medai_core.imaging.classification import Networks
from medai_core.imaging.preprocessing import stretched, unit

Floats = NDArray[np.float32]
Labels = NDArray[np.int32]
"""(y, x): 0, or the number of the object that the pixel belongs to."""
Pixels = NDArray[np.uint8]
Answer = Callable[[Floats], Mapping[str, Floats]]
"""From tiles (1, size, size, channels), 0 to 1, to a network's outputs: ``mask`` (1, size, size, k), ``embedding``."""

OVERLAP = 0.25
"""The share of their size that neighbouring tiles have in common at least."""


@dataclass(frozen=True, eq=False)
class ObjectMaps:
    """What a network says of every pixel of an image.

    Attributes
    ----------
    interior : (y, x), the calibrated probability that the pixel belongs to an object.
    boundary : (y, x), that it lies on an object's boundary; not calibrated, it only divides what touches.
    embedding : (dimensions,), the mean over tiles; its norm is a distance from the training images.
    """

    interior: Floats
    boundary: Floats
    embedding: Floats


@dataclass(frozen=True, eq=False)
class Objects:
    """The objects of one image; ``labels`` (y, x) counts them from 1 to ``count``."""

    labels: Labels
    maps: ObjectMaps

    @property
    def count(self) -> int:
        """How many there are."""
        return int(self.labels.max(initial=0))

    @property
    def areas_px(self) -> NDArray[np.int64]:
        """The area of each, (count,), in pixels."""
        return np.bincount(self.labels.ravel(), minlength=1)[1:]


def find_objects(card: Card, networks: Networks, display: Pixels) -> Objects:
    """The objects that a card's network outlines in one image, before anyone asks whether it applies.

    Parameters
    ----------
    display : (y, x) or (y, x, 3), 0 to 255, at its own resolution.
    """
    assert card.measured is not None
    how = card.measured.outlines
    assert how is not None
    network = networks("model.tflite")
    maps = read_maps(
        stretched(display), lambda tile: network(image=tile), card.measured.calibration, size=card.input.size[0]
    )
    found = objects(maps.interior, maps.boundary, threshold=how.threshold, seed=how.seed, least_px=how.least_px)
    return Objects(found, maps)


def read_maps(pixels: Pixels, answer: Answer, calibration: Calibration, *, size: int) -> ObjectMaps:
    """The maps of an image that has been prepared, (y, x, channels), 0 to 255."""
    logits, embedding = tiled(pixels, answer, size=size)
    return ObjectMaps(interior_probability(logits[..., 0], calibration), logistic(logits[..., 1]), embedding)


def interior_probability(logit: Floats, calibration: Calibration) -> Floats:
    """The calibrated probability that a pixel belongs to an object, same shape as ``logit``.

    It is the second part of softmax([0, logit] / temperature + offsets).
    """
    first, second = calibration.offsets
    return logistic(logit / np.float32(calibration.temperature) + np.float32(second - first))


def logistic(logit: Floats) -> Floats:
    """1 / (1 + exp(-logit)), without overflow."""
    return np.asarray(np.exp(-np.logaddexp(np.float32(0), -logit)), dtype=np.float32)


def tiled(pixels: Pixels, answer: Answer, *, size: int, overlap: float = OVERLAP) -> tuple[Floats, Floats]:
    """A network's ``mask`` (y, x, k) over an image of any size, and the mean of the tiles' ``embedding`` (d,).

    The image keeps its resolution. It is looked at in squares of ``size`` that share ``overlap`` of it or more
    and are blended with a weight that falls smoothly towards their edges; where the image is smaller than a
    square, it is mirrored. Besides the answer, only one tile is held at a time.

    Parameters
    ----------
    pixels : (y, x, channels), 0 to 255.
    """
    height, width = pixels.shape[:2]
    missing = (max(0, size - height), max(0, size - width))
    whole = np.pad(pixels, [(m // 2, m - m // 2) for m in missing] + [(0, 0)], mode="symmetric")
    shared = round(size * overlap)
    weight = _weight(size, shared)
    total, weights = np.zeros(0, np.float32), np.zeros(whole.shape[:2], np.float32)
    embeddings = []
    for top in _starts(whole.shape[0], size, shared):
        for left in _starts(whole.shape[1], size, shared):
            place = (slice(top, top + size), slice(left, left + size))
            outputs = answer(unit(whole[place][None]))
            mask = outputs["mask"][0]
            if total.size == 0:
                total = np.zeros((*whole.shape[:2], mask.shape[-1]), np.float32)
            total[place] += mask * weight[..., None]
            weights[place] += weight
            embeddings.append(outputs["embedding"][0])
    total /= weights[..., None]
    top, left = missing[0] // 2, missing[1] // 2
    return total[top : top + height, left : left + width], np.mean(embeddings, axis=0, dtype=np.float32)


def _starts(length: int, size: int, shared: int) -> list[int]:
    """Where tiles begin along an axis: evenly, the first at the start and the last at the end."""
    count = 1 + int(np.ceil((length - size) / (size - shared)))
    return [int(start) for start in np.linspace(0, length - size, count)]


def _weight(size: int, shared: int) -> Floats:
    """(size, size), 1 inside and towards 0 at the edges over ``shared`` pixels."""
    depth = np.minimum(np.arange(size), np.arange(size)[::-1]) + 0.5
    line = np.sin(np.pi / 2 * np.minimum(depth / shared, 1)) ** 2
    return np.asarray(np.outer(line, line), dtype=np.float32)


def objects(interior: Floats, boundary: Floats, *, threshold: float, seed: float, least_px: int) -> Labels:
    """One number an object, (y, x), from 1 on without gaps; 0 where nothing is.

    Each connected place where ``interior - boundary`` reaches ``seed`` starts an object, which grows by watershed
    to the pixels whose ``interior`` reaches ``threshold``; a connected region of those without a start is one
    object. Objects of fewer than ``least_px`` pixels are left out.

    Parameters
    ----------
    interior, boundary : (y, x), the probabilities that a pixel belongs to an object and lies on a boundary.
    """
    from scipy import ndimage
    from skimage.segmentation import watershed

    belongs, inside = interior >= threshold, interior - boundary
    starts, count = ndimage.label(belongs & (inside >= seed))
    regions, several = ndimage.label(belongs)
    started = np.zeros(several + 1, dtype=bool)
    started[regions[starts > 0]] = True
    lone = belongs & ~started[regions]
    starts[lone] = count + regions[lone]
    grown = watershed(-inside, starts, mask=belongs)  # type: ignore[no-untyped-call]  # scikit-image has no types
    return without_small(grown, least_px)


def without_small(labels: NDArray[np.integer], least_px: int) -> Labels:
    """``labels`` (y, x) without the objects of fewer than ``least_px`` pixels, numbered from 1 on without gaps."""
    areas = np.bincount(labels.ravel())
    kept = areas >= max(1, least_px)
    kept[0] = False
    return np.asarray(np.where(kept, np.cumsum(kept), 0)[labels], dtype=np.int32)


def matched(found: Labels, true: Labels, *, least_iou: float = 0.5) -> tuple[int, int, int]:
    """How many objects were found, were missed, and were found where none is: (hits, missed, extra).

    A found and a true object match when their intersection over union is at least ``least_iou``; each matches
    one other at most. F1 is ``2 hits / (2 hits + missed + extra)``.

    Parameters
    ----------
    least_iou : 0.5 or more: then only exact halves, of which one counts, have a partner in common.

    Raises
    ------
    ValueError : ``least_iou`` is lower, where it would not be clear who matches whom.
    """
    if least_iou < 0.5:
        raise ValueError(f"objects match at an intersection over union of 0.5 or more, not {least_iou}")
    both = (found > 0) & (true > 0)
    columns = int(true.max(initial=0)) + 1
    pairs, shared = np.unique(found[both].astype(np.int64) * columns + true[both], return_counts=True)
    found_area, true_area = np.bincount(found.ravel(), minlength=1), np.bincount(true.ravel(), minlength=1)
    mine, theirs = pairs // columns, pairs % columns
    iou = shared / (found_area[mine] + true_area[theirs] - shared)
    good = iou >= least_iou
    one_each = np.unique(mine[good], return_index=True)[1]
    hits = len(np.unique(theirs[good][one_each]))
    return hits, int((true_area[1:] > 0).sum()) - hits, int((found_area[1:] > 0).sum()) - hits

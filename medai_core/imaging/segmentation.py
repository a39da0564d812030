"""Outline what an image shows: calibrated probabilities by place, the outline, where it is doubtful, and its size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core.cards import Calibration, Card
from medai_core.imaging.instances import find_objects
from medai_core.imaging.preprocessing import network_input
from medai_core.imaging.regions import Region, most_evident_region
from medai_core.runtime import Network

EDGE, DOUBT, HALO = 1, 2, 3
"""What ``marks`` says of a pixel."""


@dataclass(frozen=True, eq=False)
class Segmentation:
    """What a network says of every place of one image, before anyone asks whether it applies.

    Attributes
    ----------
    probability : (y, x) float32 over the image's own pixels, calibrated: that the pixel belongs.
    labels : (y, x) int32; 0 background, else the number of the object (1 for the one region).
    evident : False where nothing stands out as far as the card asks; ``labels`` are then all 0.
    embedding : whitened, its norm is a distance from the training images.
    """

    probability: NDArray[np.float32]
    labels: NDArray[np.int32]
    evident: bool
    embedding: NDArray[np.float32]


Outliner = Callable[[bytes], tuple[Segmentation, bool]]
"""From the bytes of a file to its segmentation and whether a reading is refused."""


@dataclass(frozen=True, eq=False)
class Outline:
    """What a model outlined, with its size.

    Attributes
    ----------
    finding : the name of what is outlined; many : one label an object, else one region.
    count : objects, or connected parts of the region; area_px : pixels of all of it.
    area_mm2 : None where the file does not say how large a pixel is; never guessed.
    low, high : the true area in pixels (one region) or the true count (many) lies between them in ``level`` of scans.
    labels : (y, x) int32; doubtful : (y, x), where the probability is between the card's bounds.
        Both None in lists.
    """

    finding: str
    many: bool
    count: int
    area_px: int
    area_mm2: float | None
    low: float
    high: float
    level: float
    labels: NDArray[np.int32] | None = None
    doubtful: NDArray[np.bool_] | None = None


def segment(card: Card, network: Network, display: NDArray[np.uint8]) -> Segmentation:
    """The segmentation of one image.

    Parameters
    ----------
    display : (y, x) or (y, x, 3), 0 to 255.
    """
    assert card.measured is not None and card.measured.outlines is not None and card.outline is not None
    if card.outline.many:
        found = find_objects(card, lambda _file: network, display)
        return Segmentation(found.maps.interior, found.labels, found.count > 0, found.maps.embedding)
    outputs, limits = network(image=network_input(display, card.input)), card.measured.outlines
    logit = enlarged(outputs["mask"][0, ..., 0], (display.shape[0], display.shape[1]))
    probability = pixel_probability(logit, card.measured.calibration)
    labels = evident_regions(probability, least=limits.threshold, evident=limits.evident)
    return Segmentation(probability, labels, bool(labels.any()), outputs["embedding"][0])


def outlined(card: Card, found: Segmentation, spacing_mm: tuple[float, float] | None) -> Outline:
    """The outline of a segmentation, measured.

    Parameters
    ----------
    spacing_mm : (between rows, between columns); None where it is not known.
    """
    assert card.measured is not None and card.measured.outlines is not None and card.outline is not None
    limits, many = card.measured.outlines, card.outline.many
    count, area = int(found.labels.max()), int((found.labels > 0).sum())
    low, high = (factor * (count if many else area) for factor in limits.size_factors)
    return Outline(
        finding=card.findings[0].name,
        many=many,
        count=count,
        area_px=area,
        area_mm2=area * spacing_mm[0] * spacing_mm[1] if spacing_mm else None,
        low=low,
        high=high,
        level=limits.level,
        labels=found.labels,
        doubtful=(found.probability >= limits.between[0]) & (found.probability < limits.between[1]),
    )


def find_region(card: Card, network: Network, evident: float, grey: NDArray[np.uint8]) -> Region:
    """The region that a segmentation model holds most likely in ``grey`` (y, x); there always is one.

    Parameters
    ----------
    evident : the greatest probability from which it stands out.
    """
    assert card.measured is not None and card.measured.outlines is not None
    limits, probability = card.measured.outlines, segment(card, network, grey).probability
    shape = (grey.shape[0], grey.shape[1])
    return most_evident_region(probability, shape, least=limits.threshold, evident=evident)


def evident_regions(probability: NDArray[np.float32], *, least: float, evident: float) -> NDArray[np.int32]:
    """The connected regions (y, x) of at least ``least`` that reach ``evident`` somewhere, numbered from 1 by size."""
    from scipy import ndimage

    labels, count = ndimage.label(probability >= least)
    if count == 0:
        return np.zeros(probability.shape, np.int32)
    numbers = np.arange(1, count + 1)
    peaks, sizes = ndimage.maximum(probability, labels, numbers), np.bincount(labels.ravel())[1:]
    kept = [k for k in np.argsort(-sizes, kind="stable") if peaks[k] >= evident]
    table = np.zeros(count + 1, np.int32)
    for number, k in enumerate(kept, start=1):
        table[k + 1] = number
    return np.asarray(table[labels], np.int32)


def enlarged(values: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """(rows, columns) at another resolution, bilinear."""
    picture = Picture.fromarray(np.ascontiguousarray(values, np.float32))
    return np.asarray(picture.resize((shape[1], shape[0]), Picture.Resampling.BILINEAR), np.float32)


def pixel_probability(logit: NDArray[np.floating], calibration: Calibration) -> NDArray[np.float32]:
    """Probabilities from logits of any shape: 1 / (1 + exp(-(logit / temperature + offset)))."""
    moved = np.asarray(logit, np.float32) / np.float32(calibration.temperature) + np.float32(calibration.offsets[1])
    return np.asarray(1 / (1 + np.exp(-np.clip(moved, -60, 60))), np.float32)


def marks(outline: Outline, step: int = 1) -> NDArray[np.uint8]:
    """What is drawn over the image, (y, x) of every ``step``-th pixel.

    ``EDGE`` on the outermost pixels of an object, also where two objects touch; ``HALO`` on the pixels around
    it, so that the line shows on light and dark; ``DOUBT`` elsewhere where it is doubtful.
    """
    assert outline.labels is not None and outline.doubtful is not None
    labels, doubtful = outline.labels[::step, ::step], outline.doubtful[::step, ::step]
    return np.where(edges := edge_marks(labels), edges, np.where(doubtful, DOUBT, 0)).astype(np.uint8)


def edge_marks(labels: NDArray[Any]) -> NDArray[np.uint8]:
    """``EDGE`` on the outermost pixels of each object of ``labels`` (y, x), ``HALO`` around them, 0 elsewhere."""
    rows, columns = labels.shape
    around = np.pad(labels, 1, mode="edge")
    sides = [around[y : y + rows, x : x + columns] != labels for y, x in ((0, 1), (2, 1), (1, 0), (1, 2))]
    border = np.logical_or.reduce(sides)
    return np.where(border, np.where(labels > 0, EDGE, HALO), 0).astype(np.uint8)

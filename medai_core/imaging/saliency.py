"""Evidence maps: which places of an image speak for a class, and how far such a map can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageFilter

from medai_core.imaging.classification import Map

Evidence = NDArray[np.float32]

CIVIDIS = ("#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838")
"""Ten steps of cividis (Nunez, PLoS ONE 2018, 10.1371/journal.pone.0199239), least to most."""


def evidence_over_image(maps: Sequence[Map], shape: tuple[int, int]) -> Evidence:
    """The maps laid over the image and set against the other classes, (class, y, x).

    A class's logit is the sum of its maps' means. Here each place gets its share of it per share of
    the image's area, less the mean of the other classes: the average over the image is how far the
    class's logit lies above the others'. Positive speaks for the class, negative against it. It says
    where the network found its reasons, not that a disease is there.

    Parameters
    ----------
    shape : (rows, columns) of the image.
    """
    total = sum(_laid(m, shape) for m in maps)
    assert isinstance(total, np.ndarray)
    classes = len(total)
    return np.asarray((total * classes - total.sum(axis=0)) / max(classes - 1, 1), dtype=np.float32)


def _laid(m: Map, shape: tuple[int, int]) -> Evidence:
    """One map over the image, zero outside its extent, as density per share of the image's area."""
    top, left, bottom, right = m.extent
    rows, columns = m.values.shape[1:]
    density = shape[0] * shape[1] / ((bottom - top) * (right - left))
    down, across = rows / (bottom - top), columns / (right - left)
    laid = np.zeros((len(m.values), *shape), dtype=np.float32)
    # Clip the extent to the image; the picture's own transform then samples just that part of the map.
    y0, y1 = max(0, int(np.floor(top))), min(shape[0], int(np.ceil(bottom)))
    x0, x1 = max(0, int(np.floor(left))), min(shape[1], int(np.ceil(right)))
    box = tuple(
        np.clip(
            [(x0 - left) * across, (y0 - top) * down, (x1 - left) * across, (y1 - top) * down], 0, [columns, rows] * 2
        )
    )
    for k, values in enumerate(m.values):
        picture = Picture.fromarray(values.astype(np.float32) * np.float32(density))
        laid[k, y0:y1, x0:x1] = np.asarray(picture.resize((x1 - x0, y1 - y0), Picture.Resampling.BILINEAR, box=box))
    return laid


def share_inside(evidence: NDArray[np.float32], mask: NDArray[np.bool_]) -> float:
    """The share of one class's positive evidence (y, x) inside ``mask`` (y, x), 0 to 1; 0 where none is positive."""
    positive = np.maximum(evidence, 0)
    total = float(positive.sum())
    return float(positive[mask].sum()) / total if total > 0 else 0.0


def deletion_and_insertion(
    probability: Callable[[NDArray[np.uint8]], float],
    display: NDArray[np.uint8],
    evidence: NDArray[np.float32],
    steps: int = 10,
) -> tuple[float, float]:
    """Mean probability while the most evident places are blurred, and while only they are shown (Petsiuk 2018).

    A faithful map has a low first and a high second number; a random order of places gives the same for both.

    Parameters
    ----------
    probability : of the class, for an image like ``display`` (y, x) or (y, x, 3).
    evidence : (y, x), of the class.
    """
    blurred = np.asarray(Picture.fromarray(display).filter(ImageFilter.GaussianBlur(max(display.shape[:2]) / 12)))
    order = np.argsort(-evidence, axis=None, kind="stable")
    deleted, inserted = [], []
    for share in np.linspace(0, 1, steps + 1):
        flat = np.zeros(evidence.size, dtype=bool)
        flat[order[: round(share * evidence.size)]] = True
        chosen = flat.reshape(evidence.shape if display.ndim == 2 else (*evidence.shape, 1))
        deleted.append(probability(np.where(chosen, blurred, display)))
        inserted.append(probability(np.where(chosen, display, blurred)))
    return float(np.mean(deleted)), float(np.mean(inserted))


def evidence_ceiling(evidence: NDArray[np.float32]) -> float:
    """The evidence that the map's end stands for, one for all findings so that they can be compared."""
    return max(float(evidence.max(initial=0.0)), 1e-9)


def evidence_shares(evidence: NDArray[np.float32], ceiling: float) -> NDArray[np.uint8]:
    """Evidence for a finding, 0 to 255 of the ceiling; what speaks against it is 0."""
    return np.asarray(np.rint(255 * np.clip(evidence / ceiling, 0, 1)), np.uint8)


def coloured(shares: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(…, 3) RGB of shares 0 to 255."""
    steps = np.array([[int(step[i : i + 2], 16) for i in (1, 3, 5)] for step in CIVIDIS], float)
    at = np.arange(256) / 255 * (len(steps) - 1)
    table = np.stack([np.interp(at, np.arange(len(steps)), steps[:, c]) for c in range(3)], axis=-1)
    return np.asarray(np.rint(table)[shares], np.uint8)

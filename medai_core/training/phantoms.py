"""Drawn fields of a microscope whose outlines are known: for smoke runs, examples and tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageFilter

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int32]
Rng = np.random.Generator


def draw_nuclei(size: int, rng: Rng, *, count: int = 24, stained: bool = False) -> tuple[Pixels, Labels]:
    """A field with ``count`` ellipses or fewer, some of which touch, blurred and noisy; and their outlines (y, x).

    Returns
    -------
    pixels : (size, size, 3), 0 to 255: bright on black like fluorescence, or purple on pale like stained tissue.
    labels : (size, size), 0 or the number of a nucleus, from 1 on.
    """
    labels = np.zeros((size, size), np.int32)
    light = np.zeros((size, size))
    for _ in range(count):
        inside, depth = _ellipse(size, rng)
        if (inside & (labels > 0)).sum() > 0.15 * inside.sum():
            continue
        own = inside & (labels == 0)
        labels[own] = labels.max() + 1
        light[own] = rng.uniform(0.35, 1.0) * (0.75 + 0.25 * depth[own])
    share = _blurred(light * (1 + 0.08 * rng.normal(size=light.shape)), rng.uniform(0.8, 1.6))
    noise = rng.normal(0, 0.012, (size, size))
    return (_tissue if stained else _fluorescence)(share + noise), labels


def _ellipse(size: int, rng: Rng) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Where an ellipse is, and how deep each of its pixels lies in it, 0 to 1; both (y, x)."""
    y, x = np.mgrid[:size, :size]
    centre, angle = rng.uniform(0, size, 2), rng.uniform(0, np.pi)
    long = rng.uniform(8, 15)
    along = (x - centre[1]) * np.cos(angle) + (y - centre[0]) * np.sin(angle)
    across = (y - centre[0]) * np.cos(angle) - (x - centre[1]) * np.sin(angle)
    distance = np.hypot(along / long, across / (long * rng.uniform(0.6, 0.95)))
    return distance <= 1, np.sqrt(np.clip(1 - distance**2, 0, 1))


def _blurred(light: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    picture = Picture.fromarray(np.clip(200 * light, 0, 255).astype(np.uint8))
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(radius)), dtype=np.float64) / 200


def _fluorescence(share: NDArray[np.float64]) -> Pixels:
    grey = np.clip(9 + 120 * share, 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=-1)


def _tissue(share: NDArray[np.float64]) -> Pixels:
    pale, purple = np.array([206.0, 186.0, 216.0]), np.array([84.0, 44.0, 140.0])
    mixed = pale + np.clip(share, -0.1, 1)[..., None] * (purple - pale)
    return np.asarray(np.clip(mixed, 0, 255), dtype=np.uint8)

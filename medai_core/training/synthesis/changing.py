"""Differentiable changes of images, so that a discriminator cannot learn few images by heart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

Tensor = Any
Floats = NDArray[np.float32]

SHIFT, ZOOM, TURN_DEGREES = 0.1, 0.15, 8.0
"""How far: shares of the size, of a factor, and degrees."""
TONE, CONTRAST = 0.25, 0.3
HOLE = 0.35
"""The side of the square that is hidden, as a share of the image's."""


def drawn_changes(n: int, size: int, rng: np.random.Generator) -> dict[str, Floats]:
    """Changes for ``n`` images: ``transform`` (n, 8) from output to input pixels, ``tone``, ``contrast``, ``hole``."""
    angle = np.deg2rad(rng.uniform(-TURN_DEGREES, TURN_DEGREES, n))
    zoom = np.exp(rng.uniform(-ZOOM, ZOOM, n))
    cos, sin = zoom * np.cos(angle), zoom * np.sin(angle)
    shift, centre = rng.uniform(-SHIFT, SHIFT, (2, n)) * size, (size - 1) / 2
    left = centre - cos * centre + sin * centre + shift[0]
    top = centre - sin * centre - cos * centre + shift[1]
    nothing = np.zeros(n)
    transform = np.stack([cos, -sin, left, sin, cos, top, nothing, nothing], axis=1)
    centres = rng.uniform(0, 1, (n, 2)) + 10 * (rng.random((n, 1)) < 0.5)  # half of the images stay whole
    at = (np.arange(size) + 0.5) / size
    inside = [np.abs(at[None] - centres[:, k : k + 1]) < HOLE / 2 for k in (0, 1)]
    hole = 1 - inside[0][:, :, None] * inside[1][:, None, :]
    made = {
        "transform": transform,
        "tone": rng.uniform(-TONE, TONE, (n, 1, 1, 1)),
        "contrast": np.exp(rng.uniform(-CONTRAST, CONTRAST, (n, 1, 1, 1))),
        "hole": hole[..., None],
    }
    return {name: value.astype(np.float32) for name, value in made.items()}


def changed(image: Tensor, how: Mapping[str, Tensor]) -> Tensor:
    """Images (n, y, x, channels), -1 to 1, moved, with another tone (the first channel alone), a part hidden."""
    moved = ops.image.affine_transform(image + 1.0, how["transform"], interpolation="bilinear") - 1.0
    grey = moved[..., 0:1]
    mean = ops.mean(grey, axis=(1, 2, 3), keepdims=True)
    grey = (grey - mean) * how["contrast"] + mean + how["tone"]
    moved = ops.concatenate([grey, moved[..., 1:]], axis=-1) if image.shape[-1] > 1 else grey
    return moved * how["hole"]

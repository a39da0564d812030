"""Outlines as stars: a centre, a size and a shape in few numbers, and how these vary by label.

What a generator makes lies inside one of these: an outline that it drew itself fell into several pieces, and what it
drew for a label lay anywhere. The radius of a star is a Fourier series of the angle (Zahn 1972,
10.1109/TC.1972.5008949), of its logarithm, so that it is never below nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from medai_core.imaging.regions import most_evident_region
from medai_core.metrics import Ints
from medai_core.training.recipes import Pixels

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Tensor = Any

TURNS = (2, 3, 4)
"""Waves that a radius has, in a turn."""
SHAPE = 3 + 2 * len(TURNS)
"""Numbers that an outline is drawn from;"""
SHAPED = SHAPE + 2
"""and those that tell how bright it is inside besides."""
SECTORS = 32
"""Of the circle, in which an outline's radius is measured."""
PARTS = 4
"""Of a pixel, along each side, by which its share of a sector is told."""
INSIDE = (0.05, 0.95)
"""Between which shares of the size a centre lies: none by chance is to leave the image."""
RADII = (0.007, 0.5)
"""The least and the largest radius, as shares of the size: a pixel of 128, and half the image."""
FEW = 60
"""Images that a mean or a kind is of at least, where there are as many: none is to be that of a few people."""
BRIGHT = 64.0
"""Grey levels, of 255, that count as one."""


def numbers_of(pixels: Pixels) -> Floats:
    """What the outlines of images (n, size, size, 2: grey, outline), 0 to 255, are told by, (n, 11).

    The centre (x, y) as shares of the size, the logarithm of the mean radius, its waves, how much brighter the inside
    is than what lies around, and its middle than its rim, in 64 grey levels. Of several pieces the largest counts.

    Raises
    ------
    ValueError : an image has no outline.
    """
    found = []
    for k, image in enumerate(pixels):
        if not image[..., 1].any():
            raise ValueError(f"image {k} has no outline; its mask needs at least one pixel")
        outline = image[..., 1].astype(np.float32) / 255  # one that was made smaller may be pale
        region = most_evident_region(outline, outline.shape, least=0.5, evident=0.5)
        found.append(_numbers(image[..., 0].astype(float), region.mask))
    return np.stack(found).astype(np.float32)


def _numbers(grey: Doubles, inside: NDArray[np.bool_]) -> Doubles:
    """The numbers of one image; its radius is measured on parts of pixels, of which an outline of a few has enough."""
    size = len(grey)
    rows, columns = np.nonzero(inside)
    y, x = rows.mean(), columns.mean()
    part = (np.arange(PARTS) + 0.5) / PARTS - 0.5
    down = (rows[:, None, None] + part[:, None] - y + np.zeros((PARTS, PARTS))).ravel()
    across = (columns[:, None, None] + part - x + np.zeros((PARTS, PARTS))).ravel()
    area = np.bincount(_sector(down, across), minlength=SECTORS) / PARTS**2
    radius = np.log(np.sqrt(np.maximum(area, 0.25) * SECTORS / np.pi) / size)
    middle = ((np.arange(SECTORS) + 0.5) / SECTORS - 0.5) * 2 * np.pi
    waves = [2 * float((radius * wave(k * middle)).mean()) for k in TURNS for wave in (np.cos, np.sin)]
    at = np.mgrid[0:size, 0:size]
    share = np.hypot(at[1] - x, at[0] - y) / (size * np.exp(radius[_sector(at[0] - y, at[1] - x)]))
    bright = [
        _contrast(grey, share < 1, (share > 1.1) & (share < 1.8)),
        _contrast(grey, share < 0.5, (share > 0.7) & (share < 1)),
    ]
    return np.array([(x + 0.5) / size, (y + 0.5) / size, radius.mean(), *waves, *bright])


def _sector(down: Doubles, across: Doubles) -> Ints:
    return ((np.arctan2(down, across) / (2 * np.pi) + 0.5) * SECTORS).astype(int) % SECTORS


def _contrast(grey: Doubles, one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float(grey[one].mean() - grey[other].mean()) / BRIGHT if one.any() and other.any() else 0.0


def drawn(numbers: Tensor, size: int) -> Tensor:
    """The outlines of numbers (n, 11), (n, size, size, 1): -1 outside, 1 inside, and about a pixel of edge."""
    edge, distance = _stars(numbers, size)
    return ops.expand_dims(ops.tanh((edge - distance) * size), -1)


def painted(numbers: Tensor, size: int) -> Tensor:
    """How much brighter the inside is than what lies around, nothing elsewhere, (n, size, size, 1), of -1 to 1."""
    edge, distance = _stars(numbers, size)
    inside = (ops.tanh((edge - distance) * size) + 1) / 2
    bright, middle = numbers[:, SHAPE, None, None], numbers[:, SHAPE + 1, None, None]
    # 2/3 is the mean share of the radius on a disc, 0.53 how far its middle half and its rim lie apart.
    paint = bright + middle * (2 / 3 - ops.minimum(distance / edge, 1.0)) / 0.53
    return ops.expand_dims(inside * paint * (BRIGHT / 127.5), -1)


def _stars(numbers: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """The radius at, and the distance of, each place (n, size, size) from the centre, as shares of the size."""
    x, y, radius, *waves = (numbers[:, k : k + 1, None] for k in range(SHAPE))
    x, y = ops.clip(x, *INSIDE), ops.clip(y, *INSIDE)
    at = np.asarray((np.arange(size) + 0.5) / size, np.float32)
    across, down = ops.subtract(at[None, None, :], x), ops.subtract(at[None, :, None], y)
    distance = ops.sqrt(ops.square(across) + ops.square(down) + 1e-6)
    once = cos, sin = across / distance, down / distance
    for turn in range(2, max(TURNS) + 1):
        cos, sin = cos * once[0] - sin * once[1], sin * once[0] + cos * once[1]
        if turn in TURNS:
            k = 2 * TURNS.index(turn)
            radius = radius + waves[k] * cos + waves[k + 1] * sin
    return ops.clip(ops.exp(radius), *RADII), distance


def drawn_all(numbers: Floats, size: int) -> Floats:
    """The outlines of many numbers, as ``drawn``."""
    parts = [ops.convert_to_numpy(drawn(numbers[k : k + 64], size)) for k in range(0, len(numbers), 64)]
    return np.concatenate(parts)


def filled(images: Floats) -> Floats:
    """Images (n, y, x, channels), -1 to 1, filled smoothly from around where their outlines are, (n, y, x, 1)."""
    if images.shape[-1] == 1:
        return images
    grey, hole = images[..., 0].copy(), images[..., 1] > -0.9
    grey[hole] = 0.0
    for _ in range(200):
        padded = np.pad(grey, ((0, 0), (1, 1), (1, 1)), mode="edge")
        around = (padded[:, :-2, 1:-1] + padded[:, 2:, 1:-1] + padded[:, 1:-1, :-2] + padded[:, 1:-1, 2:]) / 4
        grey = np.where(hole, around, grey)
    return np.asarray(grey[..., None], np.float32)


def terms_of(numbers: Floats, label: Ints, kind: Ints, labels: int, kinds: int) -> tuple[Doubles, Doubles]:
    """How outlines vary: of each label and kind a mean, and of each label the spread, no mean of fewer than 60 images.

    Returns
    -------
    (labels, kinds, 1 + 11, 11): the mean and what each of 11 standard normal numbers adds to it; and those numbers of
    the images themselves, (n, 11).
    """
    told = np.concatenate([np.eye(labels)[label], np.eye(kinds)[kind]], axis=1)
    added = np.linalg.lstsq(told, numbers, rcond=None)[0]
    mean = added[:labels, None] + added[None, labels:]
    terms, code = np.zeros((labels, kinds, 1 + SHAPED, SHAPED)), np.zeros(numbers.shape)
    for k in range(labels):
        for one in range(kinds):
            rows = (label == k) & (kind == one)
            if rows.sum() >= FEW:
                mean[k, one] = numbers[rows].mean(axis=0)
        rows = label == k
        apart = numbers[rows] - mean[k, kind[rows]]
        spread = np.linalg.cholesky(np.cov(apart.T) + 1e-6 * np.eye(SHAPED))
        code[rows] = np.linalg.solve(spread, apart.T).T
        terms[k, :, 0], terms[k, :, 1:] = mean[k], spread.T[None]
    return terms, code

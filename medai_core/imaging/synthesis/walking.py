"""From one image to another, step by step: what the generator makes on the way between two of its latent points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from medai_core.errors import SynthesisError
from medai_core.imaging.synthesis.drawing import BATCH, accepted, checked_seed, draw, latent_of, shown
from medai_core.imaging.synthesis.model import Made, SynthesisModel, Synthetic

Floats = NDArray[np.float32]

MOST_STEPS = 100


def between(
    model: SynthesisModel, label: str, seeds: tuple[int, int], shares: Sequence[float], other: str | None = None
) -> Made:
    """The images on the way from the first image of one seed to the first of another; a step too near is left out.

    The way is along a sphere (Shoemake 1985, 10.1145/325334.325242), since the latent points of images lie near one.

    Parameters
    ----------
    label : of the first; ``other`` : of the second, the same where None. On the way both are told in shares, and an
        image is labelled by the greater one.
    shares : how far on the way each step is, 0 to 1; the images' ``number`` is the step's, ``seed`` the first seed.

    Raises
    ------
    SynthesisError : a label, a seed or a share cannot be, or all that was drawn for an end lay too near.
    """
    if not 1 <= len(shares) <= MOST_STEPS or not all(0 <= share <= 1 for share in shares):
        raise SynthesisError("synthesis.shares", most=MOST_STEPS)
    names = (label, label if other is None else other)
    told = [model.asked(name) for name in names]
    begin, end = (_end(model, asked, checked_seed(seed)) for asked, seed in zip(told, seeds, strict=True))
    images: list[Synthetic] = []
    for first in range(0, len(shares), BATCH):
        steps = range(first, min(first + BATCH, len(shares)))
        latent = np.stack([spherical(begin, end, shares[k]) for k in steps])
        labels = np.stack([(1 - shares[k]) * told[0] + shares[k] * told[1] for k in steps]).astype(np.float32)
        for k, drawn in zip(steps, draw(model, latent, labels, [True] * len(steps)), strict=True):
            if drawn is not None and drawn.nearest >= model.nearest_min:
                images.append(shown(model, names[shares[k] > 0.5], seeds[0], k, drawn))
    return Made(tuple(images), len(shares) - len(images))


def _end(model: SynthesisModel, asked: Floats, seed: int) -> Floats:
    """The latent point of a seed's first image."""
    _, attempts = accepted(model, asked, [0], seed)
    return latent_of(model, seed, 0, attempts[0])


def spherical(one: Floats, other: Floats, share: float) -> Floats:
    """The point at ``share`` of the way between two, (latent,): in angle and in length alike."""
    lengths = float(np.linalg.norm(one)), float(np.linalg.norm(other))
    angle = float(np.arccos(np.clip(one @ other / (lengths[0] * lengths[1]), -1, 1)))
    if np.sin(angle) < 1e-6:
        return np.asarray((1 - share) * one + share * other, np.float32)
    way = np.sin((1 - share) * angle) * one / lengths[0] + np.sin(share * angle) * other / lengths[1]
    length = (1 - share) * lengths[0] + share * lengths[1]
    return np.asarray(way / np.sin(angle) * length, np.float32)

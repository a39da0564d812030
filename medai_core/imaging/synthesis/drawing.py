"""Images from seeds: each from its own number, so that a seed gives the same ones, however many are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medai_core.errors import SynthesisError
from medai_core.imaging.synthesis.model import Made, SynthesisModel, Synthetic

Floats = NDArray[np.float32]

MOST, MOST_SEED = 1000, 2**32 - 1
"""Images at once, and the highest seed."""
ATTEMPTS = 20
"""Images drawn for one number before it is given up: of a guard that withholds one in five, one in 10^14 numbers."""
BATCH = 4
"""Images a call of the network. Always so many, so that what an image looks like to the last bit hangs on itself."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """What the network made of one latent point: ``image`` and ``outline`` (y, x), and how near it lies."""

    image: Floats
    outline: Floats | None
    nearest: float


def synthesize(
    model: SynthesisModel, label: str, count: int, seed: int, progress: Callable[[float], None] | None = None
) -> Made:
    """``count`` images of a label, the first ones of a seed.

    An image that lies too near to a training image is not shown; another is drawn for its number. On one machine a
    seed gives the same bytes each time; another kind of processor may round a grey level otherwise.

    Parameters
    ----------
    label : one of ``model.labels``. count : 1 to 1000. seed : 0 to 2**32 - 1.
    progress : told after each call of the network which share is done, 0 to 1.

    Raises
    ------
    SynthesisError : the label, the count or the seed cannot be, or of one number all that was drawn lay too near.
    """
    asked = model.asked(label)
    if not 1 <= count <= MOST:
        raise SynthesisError("synthesis.count", count=count, most=MOST)
    images: list[Synthetic] = []
    withheld = 0
    for first in range(0, count, BATCH):
        numbers = range(first, min(first + BATCH, count))
        found, attempts = accepted(model, asked, numbers, checked_seed(seed))
        images += [shown(model, label, seed, k, drawn) for k, drawn in zip(numbers, found, strict=True)]
        withheld += sum(attempts)
        if progress is not None:
            progress(len(images) / count)
    return Made(tuple(images), withheld)


def checked_seed(seed: int) -> int:
    """``seed``, which can be one.

    Raises
    ------
    SynthesisError : it cannot.
    """
    if not 0 <= seed <= MOST_SEED:
        raise SynthesisError("synthesis.seed", seed=seed, most=MOST_SEED)
    return seed


def latent_of(model: SynthesisModel, seed: int, number: int, attempt: int) -> Floats:
    """The latent point, (latent,), of an attempt at a number of a seed."""
    return np.random.default_rng([seed, number, attempt]).standard_normal(model.spec.latent, np.float32)


def accepted(
    model: SynthesisModel, asked: Floats, numbers: Sequence[int], seed: int
) -> tuple[list[Drawn], tuple[int, ...]]:
    """For each number, at most a batch of them, the first image that is not too near, and at which attempt it came."""
    found: dict[int, Drawn] = {}
    attempts = dict.fromkeys(numbers, 0)
    for attempt in range(ATTEMPTS):
        latent = np.stack([latent_of(model, seed, k, attempt) for k in numbers])
        drawn = draw(model, latent, np.tile(asked, (len(numbers), 1)), [k not in found for k in numbers])
        for number, one in zip(numbers, drawn, strict=True):
            if one is not None and one.nearest >= model.nearest_min:
                found[number], attempts[number] = one, attempt
        if len(found) == len(numbers):
            return [found[k] for k in numbers], tuple(attempts.values())
    number = next(k for k in numbers if k not in found)
    raise SynthesisError("synthesis.too_near", number=number + 1, seed=seed, attempts=ATTEMPTS)


def draw(model: SynthesisModel, latent: Floats, labels: Floats, wanted: Sequence[bool]) -> list[Drawn | None]:
    """What the network makes of at most a batch of latent points, (n, latent), and labels, (n, labels).

    Parameters
    ----------
    wanted : which of them; the others become None.
    """
    rest = ((0, BATCH - len(latent)), (0, 0))
    made = model.network(latent=np.pad(latent, rest), label=np.pad(labels, rest))
    outlines = made["outline"][..., 0] if model.spec.outlined else None
    return [
        Drawn(
            made["image"][i, ..., 0],
            None if outlines is None else outlines[i],
            model.guard.nearest(made["embedding"][i]),
        )
        if one
        else None
        for i, one in enumerate(wanted)
    ]


def shown(model: SynthesisModel, label: str, seed: int, number: int, drawn: Drawn) -> Synthetic:
    """What was drawn, as an image."""
    pixels = np.rint(np.clip(drawn.image, 0, 1) * 255).astype(np.uint8)
    outline = None if drawn.outline is None else drawn.outline > 0.5
    return Synthetic(model.card.name, model.card.version, label, seed, number, pixels, outline, drawn.nearest)

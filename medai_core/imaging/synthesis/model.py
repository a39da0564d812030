"""A model that makes scans: its generator, and the guard that withholds what lies too near to a training image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medai_core.cards import Card, SynthesisSpec
from medai_core.errors import ModelError, SynthesisError
from medai_core.runtime import Network


@dataclass(frozen=True, eq=False)
class Synthetic:
    """One image that no patient ever had.

    Attributes
    ----------
    model, version : the card's that made it.
    label : what was asked for; nobody has looked whether it shows.
    seed, number : what it was drawn from; ``number`` counts from 0 within the seed.
    pixels : (y, x). outline : (y, x), of what the card says is outlined; None where the model outlines nothing.
    nearest : the distance to the nearest training image in the guard's embedding, at least the guard's limit.
    """

    model: str
    version: str
    label: str
    seed: int
    number: int
    pixels: NDArray[np.uint8]
    outline: NDArray[np.bool_] | None
    nearest: float


@dataclass(frozen=True, eq=False)
class Made:
    """What was made, in order; ``withheld`` : how many images were drawn and not shown, since they lay too near."""

    images: tuple[Synthetic, ...]
    withheld: int


@dataclass(frozen=True, eq=False)
class TrainingImages:
    """Where the training images lie, and no more of them than that.

    Attributes
    ----------
    points : (n, dimensions) float32, their projected embeddings as they are kept, in steps of ``scale``.
    """

    points: NDArray[np.float32]

    def nearest(self, embedding: NDArray[np.float32]) -> float:
        """The Euclidean distance from ``embedding``, (dimensions,), to the nearest of them."""
        apart = self.points - embedding
        return float(np.sqrt(np.einsum("ij,ij->i", apart, apart).min()))


@dataclass(frozen=True, eq=False)
class SynthesisModel:
    """The generator of a card with its guard.

    Attributes
    ----------
    network : from ``latent`` and ``label`` to ``image``, ``embedding`` and, where the card says so, ``outline``.
    guard : the training images; ``nearest_min`` : how near an image may lie to one of them.
    """

    card: Card
    network: Network
    guard: TrainingImages

    @property
    def spec(self) -> SynthesisSpec:
        """What is made."""
        assert self.card.synthesis is not None
        return self.card.synthesis

    @property
    def nearest_min(self) -> float:
        """The least distance to a training image that an image is shown with."""
        assert self.card.measured is not None and self.card.measured.guard is not None
        return self.card.measured.guard.nearest_min

    @property
    def labels(self) -> tuple[str, ...]:
        """What can be asked for, in the card's order."""
        return tuple(finding.name for finding in self.card.findings)

    def asked(self, label: str) -> NDArray[np.float32]:
        """What the network is told of a label, (labels,): 1 for it, 0 for the others.

        Raises
        ------
        SynthesisError : the model makes no such thing.
        """
        if label not in self.labels:
            raise SynthesisError("synthesis.label", name=label, known=", ".join(self.labels))
        return np.array([name == label for name in self.labels], np.float32)


def load_model(card: Card, network: Network, guard: Path) -> SynthesisModel:
    """The model of a card from its generator and the file of its guard, in which nothing can run.

    Raises
    ------
    ModelError : the card was measured without a guard: nothing is made then.
    """
    if card.measured is None or card.measured.guard is None:
        raise ModelError("model.no_guard", name=card.name)
    with np.load(guard, allow_pickle=False) as arrays:
        points = arrays["nearest"].astype(np.float32) * np.float32(arrays["scale"])
    return SynthesisModel(card, network, TrainingImages(points))

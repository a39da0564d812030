"""One run of a generator's recipe: what was asked for, on which images, judged by which classifier."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from medai_core.cards import Card, read_card
from medai_core.evaluation import Answer
from medai_core.imaging.classification import Finder, Networks
from medai_core.training.recipes import Options, Pixels
from medai_core.training.synthesis.images import Part
from medai_core.training.synthesis.learning import made_by
from medai_core.training.synthesis.measuring import Judge
from medai_core.training.synthesis.networks import LATENT

Ints = NDArray[np.int64]
JUDGED = 400
"""Made images of each label that ways are compared and cards are measured with."""


class Served(Protocol):
    """The models as they are served, which training itself does not know."""

    def answer(self, card: Card) -> Answer:
        """What a card's model answers to the bytes of a file."""

    def finder(self, card: Card) -> Finder | None:
        """What finds the region for a card's model."""

    def networks(self, card: Card) -> Networks:
        """A card's networks by file name."""


@dataclass(frozen=True)
class Study:
    """One run: what was asked for, of which model, on which images; ``held_out`` is of other groups."""

    given: Options
    card: Card
    judge: Judge | None
    training: Part
    held_out: Part

    @property
    def labels(self) -> int:
        """How many there are."""
        return len(self.card.findings)


def judge_of(card: Card, folder: Path, served: Callable[[Path], Served]) -> Judge:
    """The classifier that the card names, as it is served."""
    assert card.synthesis is not None
    judge, models = read_card(folder / card.synthesis.classifier), served(folder)
    return Judge(judge, models.networks(judge), models.answer(judge), models.finder(judge))


def like(label: Ints, made: Ints, rng: np.random.Generator) -> Ints:
    """Rows of made images, as many of each label as there are real ones or as can be had in their proportion."""
    counts = np.bincount(label)
    share = min(1.0, min(float((made == k).sum()) / n for k, n in enumerate(counts) if n))
    return np.concatenate(
        [rng.choice(np.flatnonzero(made == k), int(n * share), replace=False) for k, n in enumerate(counts)]
    )


def draws(network: keras.Model, labels: int, count: int, seed: int) -> tuple[Pixels, Ints]:
    """``count`` made images of each label, (n, y, x, channels), and their label numbers."""
    label = np.repeat(np.arange(labels), count)
    latent = np.random.default_rng((seed, 1)).normal(size=(len(label), LATENT)).astype(np.float32)
    return made_by(network, label, latent), label

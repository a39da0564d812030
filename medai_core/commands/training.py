"""What recipes are told of serving: training itself stays below the catalog."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medai_core.cards import Card
from medai_core.catalog import Catalog, find_models
from medai_core.evaluation import Answer
from medai_core.imaging.applicability import Kind, recognise
from medai_core.imaging.classification import Finder, Networks
from medai_core.imaging.segmentation import Outliner
from medai_core.readings import answerer, finder, outliner


@dataclass(frozen=True)
class Served:
    """The models of a folder, as they are served."""

    models: Catalog

    def answer(self, card: Card) -> Answer:
        """What a card's model answers to the bytes of a file."""
        return answerer(card, self.models)

    def outline(self, card: Card) -> Outliner:
        """What a card's model outlines in the bytes of a file."""
        return outliner(card, self.models)

    def finder(self, card: Card) -> Finder | None:
        """What finds the region for a card's model."""
        return finder(card, self.models)

    def kind(self, pixels: NDArray[np.uint8]) -> Kind:
        """What the router takes an image for."""
        return recognise(pixels, self.models.router, self.models.network(self.models.router))

    def networks(self, card: Card) -> Networks:
        """A card's networks by file name."""
        return partial(self.models.network, card)


def served(folder: Path) -> Served:
    """The models of a folder of models."""
    return Served(find_models(folder))


def served_beside(models: Catalog, folder: Path) -> Served:
    """The models, and the one in ``folder`` that is being made."""
    return Served(models.beside(folder))

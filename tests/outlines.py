"""Phantoms with a known outline, and a network that finds what is bright: what outlines are tested on."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import cast

import numpy as np
from numpy.typing import NDArray

from medai_core import cards
from medai_core.catalog import Catalog, find_models
from medai_core.runtime import Arrays, Network
from tests import drawn

NAME = "brain_mri_bright"


class Bright:
    """A network in the shape of the served ones: what is brighter than the middle belongs, at half resolution."""

    def __call__(self, image: NDArray[np.float32]) -> Arrays:
        half = image[:, ::2, ::2, :1] + image[:, 1::2, 1::2, :1]
        return {"mask": 6 * (half / 2 - 0.5), "embedding": np.zeros((len(image), 17), np.float32)}


def outline_card(*, many: bool = False) -> cards.Card:
    """A card of a model that outlines; a pixel belongs from 0.5, and a part must reach 0.9."""
    coverage = drawn.measure("size_coverage", 0.91)
    limits = cards.Outlines(0.5, (0.1, 0.9), 0.9, (0.7, 1.2), 0.9, coverage)
    made = drawn.card(NAME, "Bright", "brain_mri", ("tumour",), ("肿瘤",))
    measured = replace(
        drawn.measured(("tumour",)),
        outlines=limits,
        conformal=None,
        calibration=cards.Calibration(1.0, (0.0, 0.0)),
        applicability=cards.Applicability(14.2),
    )
    return replace(
        made,
        task="segmentation",
        input=cards.InputSpec((128, 128), 1, ("brain_mri",)),
        outline=cards.OutlineSpec(many=many),
        measured=measured,
    )


def discs(shape: tuple[int, int], *places: tuple[int, int, int], level: int = 255) -> NDArray[np.uint8]:
    """Discs (row, column, radius) on black, each of one level."""
    y, x = np.indices(shape)
    made = np.zeros(shape, np.uint8)
    for row, column, radius in places:
        made[(y - row) ** 2 + (x - column) ** 2 <= radius**2] = level
    return made


class ModelsWithBright:
    """The project's models and one that outlines what is bright."""

    def __init__(self) -> None:
        self.real = find_models()

    @property
    def router(self) -> cards.Card:
        return self.real.router

    def card(self, name: str) -> cards.Card:
        return outline_card() if name == NAME else self.real.card(name)

    def network(self, card: cards.Card, file: str = "model.tflite") -> Bright | Network:
        return Bright() if card.name == NAME else self.real.network(card, file)


@cache
def models_with_bright() -> Catalog:
    """A catalog in all that a reading asks of one."""
    return cast(Catalog, ModelsWithBright())

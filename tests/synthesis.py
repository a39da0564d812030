"""The models that make scans, as the tests use them; no test hangs on what an image of theirs looks like."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from medai_core.catalog import Catalog, find_models
from medai_core.imaging.synthesis import SynthesisModel, Synthetic, TrainingImages, synthesize
from medai_core.imaging.synthesis.drawing import BATCH, latent_of

CHEST, BRAIN = "chest_radiograph_gan", "brain_mri_gan"


@cache
def models() -> Catalog:
    """The models of the project."""
    return find_models()


@cache
def model(name: str = CHEST) -> SynthesisModel:
    """The model of that name."""
    return models().synthesis_model(models().card(name))


@cache
def images(name: str = CHEST) -> tuple[Synthetic, ...]:
    """Its first two images of its first label."""
    return synthesize(model(name), model(name).labels[0], 2, 1).images


def guarded(points: NDArray[np.float32], nearest_min: float, name: str = CHEST) -> SynthesisModel:
    """The model with training images at ``points``, (n, dimensions), that none may lie so near to."""
    card = model(name).card
    assert card.measured is not None and card.measured.guard is not None
    guard = replace(card.measured.guard, nearest_min=nearest_min)
    measured = replace(card.measured, guard=guard)
    return replace(model(name), card=replace(card, measured=measured), guard=TrainingImages(points))


def embedding(label: str, seed: int, number: int, attempt: int = 0) -> NDArray[np.float32]:
    """Where the image of an attempt lies, (dimensions,)."""
    return placed(label, latent_of(model(), seed, number, attempt))


def placed(label: str, latent: NDArray[np.float32]) -> NDArray[np.float32]:
    """Where the image of a latent point lies, (dimensions,)."""
    asked = np.tile(model().asked(label), (BATCH, 1))
    return model().network(latent=np.tile(latent, (BATCH, 1)), label=asked)["embedding"][0]

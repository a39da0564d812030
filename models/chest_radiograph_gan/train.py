"""Synthetic chest radiographs of children: the recipe of generators. The classifier that judges comes before it."""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent.parent))  # a recipe runs from anywhere, without being installed

import numpy as np
from numpy.typing import NDArray

from medai_core.commands.training import served
from medai_core.training.synthesis.learning import Stage
from medai_core.training.synthesis.recipe import Recipe, run

STAGES = (Stage(64, 1000), Stage(128, 1250))


def drawn(label: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A grey gradient with a bright patch for the second label."""
    y, x = np.mgrid[0:64, 0:64]
    picture = rng.normal(0, 8, (64, 64)) + 90 + y / 2
    picture[20:44, 10:30] += 70 * label
    return np.asarray(np.clip(picture + x / 4, 0, 255).astype(np.uint8))


if __name__ == "__main__":
    run(Recipe(FOLDER, STAGES, drawn), served)

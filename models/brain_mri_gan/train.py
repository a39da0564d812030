"""Synthetic brain MRI with a tumour: the recipe of generators. The classifier that judges comes before it."""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent.parent))  # a recipe runs from anywhere, without being installed

import numpy as np
from numpy.typing import NDArray

from medai_core.commands.training import served
from medai_core.training.synthesis.adversarial import Pull
from medai_core.training.synthesis.learning import Stage
from medai_core.training.synthesis.recipe import Recipe, run

# The tie is of the image alone; an outline is drawn, not learnt.
PULL = Pull(alike=3.0, heed=0.2)
STAGES = (Stage(64, 5500, pull=PULL), Stage(128, 2250, pull=PULL))


def drawn(label: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A grey disc with a bright spot, whose place tells the label."""
    y, x = np.mgrid[0:64, 0:64]
    picture = 90.0 * (np.hypot(y - 32, x - 32) < 28) + rng.normal(0, 6, (64, 64))
    picture[np.hypot(y - 22 - 8 * label, x - 20 - 8 * label) < 6] += 120
    return np.asarray(np.clip(picture, 0, 255).astype(np.uint8))


if __name__ == "__main__":
    run(Recipe(FOLDER, STAGES, drawn), served)

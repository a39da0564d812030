"""Pneumonia on a chest radiograph: the shared recipe of classifiers on films of children."""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent.parent))  # a recipe runs from anywhere, without being installed

import numpy as np
from numpy.typing import NDArray

from medai_core.commands.training import served
from medai_core.training.classifiers import Recipe, run

OTHERS = ("brain_mri", "lung_nodule", "breast_ultrasound", "blood_cells", "chest_ct_slice", "malaria", "cell_nuclei")


def drawn(label: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A grey gradient with a bright patch for the second class."""
    y, x = np.mgrid[0:64, 0:64]
    picture = rng.normal(0, 8, (64, 64)) + 90 + y / 2
    picture[20:44, 10:30] += 70 * label
    return np.asarray(np.clip(picture + x / 4, 0, 255).astype(np.uint8))


if __name__ == "__main__":
    run(Recipe(FOLDER, "chest_xray", OTHERS, (160, 160), drawn), served)

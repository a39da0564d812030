"""Malaria parasite in a red blood cell: the shared recipe of classifiers on single cells, split by patient."""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent.parent))  # a recipe runs from anywhere, without being installed

import numpy as np
from numpy.typing import NDArray

from medai_core.commands.training import served
from medai_core.training import networks
from medai_core.training.augmentation import Augmentation
from medai_core.training.classifiers import Fit, Recipe, run

OTHERS = ("brain_mri", "lung_nodule", "breast_ultrasound", "blood_cells", "chest_ct_slice", "chest_xray", "cell_nuclei")
FITS = {
    "residual": Fit(networks.residual_network, 14),
    "depthwise-separable": Fit(networks.depthwise_network, 8),
    "reference": Fit(networks.reference_network, 5, 1e-3, 0.0),
}
# A cell has no up and no down.
TURNED = Augmentation(rotation_degrees=180, shift=0.05, zoom=0.12, contrast=0.25, brightness=0.1, degrade=0.25)


def drawn(label: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A grey disc on black, with a dark spot for the second class."""
    y, x = np.mgrid[-1:1:50j, -1:1:50j]
    picture = np.where(x**2 + y**2 < 0.8, 170 + rng.normal(0, 6, x.shape), 0)
    cx, cy = rng.uniform(-0.4, 0.4, 2)
    spot = (x - cx) ** 2 + (y - cy) ** 2 < 0.03
    return np.asarray(np.clip(np.where(spot & bool(label), 60, picture), 0, 255).astype(np.uint8))


if __name__ == "__main__":
    run(Recipe(FOLDER, "malaria", OTHERS, (64, 64), drawn, TURNED, FITS, upright=False), served)

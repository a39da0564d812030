"""Breast lesion on ultrasound: the shared recipe of classifiers on a small set, so with many epochs."""

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

OTHERS = ("brain_mri", "lung_nodule", "chest_xray", "blood_cells", "chest_ct_slice", "malaria", "cell_nuclei")
FITS = {
    "residual": Fit(networks.residual_network, 50, 2e-3, 5e-3),
    "depthwise-separable": Fit(networks.depthwise_network, 30, 2e-3, 5e-3),
    "reference": Fit(networks.reference_network, 15, 1e-3, 0.0),
}
FREELY = Augmentation(
    rotation_degrees=15, shift=0.12, zoom=0.25, stretch=0.15, contrast=0.3, brightness=0.12, degrade=0.3
)


def drawn(label: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Speckle, with a smooth dark oval for the second class and a ragged one for the third."""
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    picture = 110 + rng.normal(0, 25, x.shape)
    edge = 0.15 + (0.06 * np.sin(9 * np.arctan2(y, x)) if label == 2 else 0)
    lesion = (x**2 + 2 * y**2 < edge) & (label > 0)
    return np.asarray(np.clip(np.where(lesion, 25, picture), 0, 255).astype(np.uint8))


if __name__ == "__main__":
    run(Recipe(FOLDER, "breast_ultrasound", OTHERS, (160, 160), drawn, FREELY, FITS, upright=False), served)

"""Type of a blood cell: the shared recipe of classifiers on single cells in colour."""

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
from medai_core.training.pretrained import efficientnet_lite

OTHERS = ("brain_mri", "lung_nodule", "breast_ultrasound", "chest_xray", "chest_ct_slice", "malaria", "cell_nuclei")
FITS = {
    "pretrained": Fit(efficientnet_lite, 14, 6e-4, 2e-2),
    "residual": Fit(networks.residual_network, 12),
    "reference": Fit(networks.reference_network, 4, 1e-3, 0.0),
}
# A cell has no up and no down; its colours are the stain's.
TURNED = Augmentation(rotation_degrees=180, shift=0.06, zoom=0.15, contrast=0.2, brightness=0.08, degrade=0.25)


def drawn(label: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A disc on pink, its size and hue by the class."""
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    disc = (x**2 + y**2 < 0.1 + 0.07 * label)[..., None]
    colour = np.array([90 + 18 * label, 60, 200 - 18 * label])
    picture = np.where(disc, colour, (230, 190, 190)) + rng.normal(0, 6, (*x.shape, 3))
    return np.asarray(np.clip(picture, 0, 255).astype(np.uint8))


if __name__ == "__main__":
    run(
        Recipe(FOLDER, "blood_cells", OTHERS, (128, 128), drawn, TURNED, FITS, upright=False, select="accuracy"), served
    )

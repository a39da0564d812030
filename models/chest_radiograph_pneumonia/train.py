"""Pneumonia on a chest radiograph: the shared recipe of classifiers on films of children."""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent.parent))  # a recipe runs from anywhere, without being installed

from medai_core.commands.training import served
from medai_core.training.classifiers import Recipe, run
from medai_core.training.drawings import draw_film

OTHERS = ("brain_mri", "lung_nodule", "breast_ultrasound", "blood_cells", "chest_ct_slice", "malaria", "cell_nuclei")


if __name__ == "__main__":
    run(Recipe(FOLDER, "chest_xray", OTHERS, (160, 160), draw_film), served)

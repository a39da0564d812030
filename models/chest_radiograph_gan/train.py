"""Synthetic chest radiographs of children: the recipe of generators. The classifier that judges comes before it."""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent.parent))  # a recipe runs from anywhere, without being installed

from medai_core.commands.training import served
from medai_core.training.drawings import draw_film
from medai_core.training.synthesis.learning import Stage
from medai_core.training.synthesis.recipe import Recipe, run

STAGES = (Stage(64, 2500), Stage(128, 2000))


if __name__ == "__main__":
    run(Recipe(FOLDER, STAGES, draw_film), served)

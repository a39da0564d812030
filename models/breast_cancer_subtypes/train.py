"""Subtypes of breast cancer by gene expression: the recipe of models that place patients in subtypes, on this card."""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent.parent))  # a recipe runs from anywhere, without being installed

from medai_core.training.subtypes import main

if __name__ == "__main__":
    main(FOLDER)

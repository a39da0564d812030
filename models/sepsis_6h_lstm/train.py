"""Sepsis within 6 hours, hour by hour in intensive care: the recipe of all models that watch a stay."""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent.parent))  # a recipe runs from anywhere, without being installed

from medai_core.training.monitoring import main

if __name__ == "__main__":
    main(FOLDER)

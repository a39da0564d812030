"""A policy that doses warfarin: virtual patients, imitation, reinforcement, and the test beside published protocols."""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent.parent))  # a recipe runs from anywhere, without being installed

from medai_core.training.dosing import main

if __name__ == "__main__":
    main(FOLDER)

"""Subtypes in gene expression on the page: found in a cohort, and a patient placed in known ones."""

from ui.subtypes.asking import choose_view
from ui.subtypes.cohort import find
from ui.subtypes.place import place

__all__ = ["choose_view", "find", "place"]

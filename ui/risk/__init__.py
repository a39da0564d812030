"""A patient's risk on the page: asked for, answered, explained, and what would change it."""

from ui.risk.answer import answer, heading, refused
from ui.risk.asking import Patient, Question, ask, choose
from ui.risk.change import what_if
from ui.risk.compare import estimators
from ui.risk.export import downloads
from ui.risk.why import drivers, tree

__all__ = [
    "Patient",
    "Question",
    "answer",
    "ask",
    "choose",
    "downloads",
    "drivers",
    "estimators",
    "heading",
    "refused",
    "tree",
    "what_if",
]

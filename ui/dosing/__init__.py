"""A patient's next dose of warfarin on the page: asked for, answered, compared, and what another dose would do."""

from ui.dosing.answer import answer, heading, refused, waiting
from ui.dosing.asking import choose
from ui.dosing.case import Case, Question
from ui.dosing.compare import beside_model, protocols
from ui.dosing.export import downloads
from ui.dosing.form import ask
from ui.dosing.trying import what_if

__all__ = [
    "Case",
    "Question",
    "answer",
    "ask",
    "beside_model",
    "choose",
    "downloads",
    "heading",
    "protocols",
    "refused",
    "waiting",
    "what_if",
]

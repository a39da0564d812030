"""A cohort on the page: asked for, scored, and judged where the table says what became of its people."""

from ui.cohort.asking import ask, ask_columns, choose_model
from ui.cohort.patients import answer, heading, refused
from ui.cohort.scored import read, score
from ui.cohort.views import views

__all__ = ["answer", "ask", "ask_columns", "choose_model", "heading", "read", "refused", "score", "views"]

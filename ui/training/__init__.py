"""A model fitted further on one's own images: asked for, watched while it runs, compared, switched to."""

from ui.training.asking import ask
from ui.training.live import watch
from ui.training.switching import compare

__all__ = ["ask", "compare", "watch"]

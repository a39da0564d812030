"""One patient's survival from history, treatment and expression: asked for, told, and taken away."""

from ui.survival.page import survive

__all__ = ["survive"]

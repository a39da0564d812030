"""How a sentence is marked for the translators."""

from __future__ import annotations


def N_(template: str) -> str:
    """Mark a template for the translators and return it unchanged."""
    return template

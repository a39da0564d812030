"""Who is at this page (provisional)."""

from __future__ import annotations

from medai_core.records import access
from medai_core.records.access import Person


def person() -> Person:
    """The person at this page."""
    return access.LOCAL


def may(permission: str) -> bool:
    """Whether the person at this page may."""
    return access.may(person(), permission)

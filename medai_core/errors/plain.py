"""A sentence as plain values, for a file that another process reads, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from medai_core.errors import MESSAGES, Fact, Message


def to_plain(message: Message) -> dict[str, Any]:
    """The message as JSON can hold it."""
    facts = {k: [to_plain(m) for m in v] if isinstance(v, tuple) else v for k, v in message.facts.items()}
    return {"id": message.id, "facts": facts}


def from_plain(value: Mapping[str, Any]) -> Message:
    """The message of ``to_plain``.

    Raises
    ------
    KeyError, TypeError, AttributeError : it is none, or there is no such sentence.
    """
    if value["id"] not in MESSAGES:
        raise KeyError(value["id"])
    facts: dict[str, Fact] = {}
    for name, fact in value["facts"].items():
        facts[name] = tuple(map(from_plain, fact)) if isinstance(fact, list) else fact
    return Message(value["id"], facts)

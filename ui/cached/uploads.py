"""A file that the reader has given, as every page that takes one keeps it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Upload:
    """A file that the reader has given; ``synthetic`` where it is one of the project's own examples."""

    name: str
    data: bytes
    sha256: str
    synthetic: bool = False


def given(name: str, data: bytes, *, synthetic: bool = False) -> Upload:
    """A file as it came."""
    return Upload(name, data, hashlib.sha256(data).hexdigest(), synthetic)


def named(*parts: str) -> str:
    """A short name for what comes of all these parts together, and of no others."""
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()[:24]

"""What a file is, by its first bytes: so that a scan or a workbook given for a table is called by its name."""

from __future__ import annotations

import re

STARTS = (
    (b"%PDF", "format.pdf"),
    (b"\x89PNG", "format.picture"),
    (b"\xff\xd8\xff", "format.picture"),
    (b"GIF8", "format.picture"),
    (b"II*\0", "format.picture"),
    (b"MM\0*", "format.picture"),
    (b"\xd0\xcf\x11\xe0", "format.office"),
    (b"{\\rtf", "format.office"),
    (b"\x1f\x8b", "format.archive"),
    (b"7z\xbc\xaf\x27\x1c", "format.archive"),
    (b"Rar!", "format.archive"),
    (b"\xfd7zXZ", "format.archive"),
    (b"\x28\xb5\x2f\xfd", "format.archive"),
    (b"SQLite format 3", "format.database"),
    (b"ARROW1", "format.database"),
    (b"\x89HDF", "format.database"),
)
INSIDE = ((b"xl/", "format.excel"), (b"word/", "format.office"), (b"content.xml", "format.office"))
"""What the names in a ZIP say that it is."""
MARKUP = re.compile(rb"\s*<(!doctype|\?xml|[a-z]+[\s>])", re.IGNORECASE)
JSON = re.compile(rb"\s*(\{|\[\s*[\[{\]])")


def is_json(data: bytes) -> bool:
    """Whether the content sets out to be JSON: no heading of a table begins so."""
    return bool(JSON.match(data.removeprefix(b"\xef\xbb\xbf")[:65536]))


def foreign(data: bytes) -> str | None:
    """The message id of what a file is that is no table; None where it may be text."""
    for start, what in STARTS:
        if data.startswith(start):
            return what
    if data[128:132] == b"DICM":
        return "format.dicom"
    if data.startswith(b"PK\x03\x04"):
        return next((what for name, what in INSIDE if name in data), "format.archive")
    if is_json(data):
        return "format.json"
    return "format.markup" if MARKUP.match(data.removeprefix(b"\xef\xbb\xbf")[:65536]) else None

"""The size that a compressed stream itself claims, and whether it is whole.

Decoders believe the stream and not the header around it: a stream that claims 60,000 x 60,000 in an
image of 16 x 16 would fill the memory, so the two are compared before anything is decoded.
"""

from __future__ import annotations

import re
import struct

from medai_core.errors import ImageError

# A progressive JPEG has about ten scans. A small file can hold thousands, each of which costs a pass
# over all pixels.
_MAX_SCANS = 100
_MAX_SEGMENTS = 10_000
START_OF_CODESTREAM = b"\xff\x4f\xff\x51"  # of JPEG 2000: SOC, and SIZ right behind it
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}  # F7: JPEG-LS
_START_OF_SCAN, _END = 0xDA, 0xD9
# In a scan's data, FF is followed by a stuffed 00 (JPEG-LS: a byte below 80), a restart or a fill byte.
_MARKER = re.compile(rb"\xff+([\x80-\xcf\xd9-\xfe])")


def jpeg_size(data: bytes, coding: str = "JPEG", format: str = "JPEG") -> tuple[int, int, int]:
    """(rows, columns, bits) of a JPEG or JPEG-LS stream that is whole, from its markers alone.

    Raises
    ------
    ImageError : ``image.cut`` where no end is found, ``image.stream`` where the markers make no sense.
    """
    size, scans, position = None, 0, 2
    for _ in range(_MAX_SEGMENTS):
        marker, position = _next_marker(data, position, format)
        if marker == _END:
            break
        if marker < 0xC0:  # reserved: what was read as a marker are damaged data
            raise ImageError("image.stream", coding=coding)
        length = int.from_bytes(data[position : position + 2], "big")
        if marker in _START_OF_FRAME and size is None:
            size = struct.unpack(">BHH", data[position + 2 : position + 7].ljust(5, b"\0"))
        scans += marker == _START_OF_SCAN
        position += max(length, 2)
    else:
        raise ImageError("image.stream", coding=coding)
    if size is None or 0 in size or not 0 < scans <= _MAX_SCANS:
        raise ImageError("image.stream", coding=coding)
    bits, rows, columns = size
    return rows, columns, bits


def _next_marker(data: bytes, position: int, format: str) -> tuple[int, int]:
    """The next marker and where what follows it begins; scan data before it are skipped."""
    found = _MARKER.search(data, position)
    if found is None:
        raise ImageError("image.cut", format=format)
    return found[1][0], found.end()


def jpeg2000_size(data: bytes, coding: str) -> tuple[int, int]:
    """(rows, columns) of a JPEG 2000 codestream, bare or in a JP2 box, from its SIZ segment."""
    start = data.find(START_OF_CODESTREAM)
    segment = data[start + 8 : start + 42]
    if start < 0 or len(segment) < 34:
        raise ImageError("image.stream", coding=coding)
    right, bottom, left, top = struct.unpack(">4I", segment[:16])
    # Between them: the tiles' size and origin, four numbers.
    (components,) = struct.unpack(">H", segment[32:])
    # No packet holds FFD9: where it is absent, the stream was cut.
    if data.find(b"\xff\xd9", start) < 0 or components not in (1, 3, 4) or right <= left or bottom <= top:
        raise ImageError("image.stream", coding=coding)
    return bottom - top, right - left


def run_length_bytes(segments: bytes) -> int:
    """How many bytes a PackBits stream unpacks to (PS3.5, G.3.2), without unpacking it."""
    position, total = 0, 0
    while position < len(segments):
        header = segments[position]
        if header < 128:
            total, position = total + header + 1, position + header + 2
        else:
            total, position = (total + (257 - header) % 129, position + (2 if header > 128 else 1))
    return total

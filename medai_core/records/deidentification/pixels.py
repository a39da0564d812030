"""Pixel data without what is not pixels: comments inside compressed frames, and bytes after the last one."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, encapsulate_extended, generate_frames
from pydicom.pixels.utils import get_expected_length
from pydicom.uid import UID, ExplicitVRLittleEndian, RLELossless

SOI, EOI, SOS, COM = 0xD8, 0xD9, 0xDA, 0xFE
APP = range(0xE0, 0xF0)
NEEDED = {0xE0: (b"JFIF\0", 16), 0xEE: (b"Adobe", 14)}
"""Application segments that decoders look at: how they begin, and how long they are where nothing is added."""
J2K_START = b"\xff\x4f\xff\x51"
J2K_COMMENT, J2K_TILE, J2K_DATA, J2K_END = 0x64, 0x90, 0x93, b"\xff\xd9"

JPEG = ("1.2.840.10008.1.2.4.5", "1.2.840.10008.1.2.4.7", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81")
J2K = ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.20")
"""How the transfer syntaxes begin whose frames are understood here."""


def bare_pixels(ds: Dataset, syntax: UID) -> UID:
    """Leave nothing but pixels in the pixel data of ``ds``; the transfer syntax that they have then.

    Raises
    ------
    ValueError : the frames are coded in a way that is not understood here, and may hold anything.
    """
    if "PixelData" not in ds:
        return syntax
    if syntax == RLELossless:
        # What stands between and behind its segments shows only when they are decoded.
        ds.decompress(as_rgb=False)
        return ExplicitVRLittleEndian
    if not syntax.is_compressed or syntax.is_deflated:
        length = get_expected_length(ds)
        ds["PixelData"].value = ds.PixelData[: length + length % 2]
        return syntax
    count = int(ds.get("NumberOfFrames") or 1)
    frames = [bare_frame(frame, syntax) for frame in generate_frames(ds.PixelData, number_of_frames=count)]
    if "ExtendedOffsetTable" in ds:
        data, ds.ExtendedOffsetTable, ds.ExtendedOffsetTableLengths = encapsulate_extended(frames)
    else:
        data = encapsulate(frames)
    ds["PixelData"].value = data
    return syntax


def bare_frame(frame: bytes, syntax: UID) -> bytes:
    """One compressed frame without comments, application data and what follows its end.

    Raises
    ------
    ValueError : it is not built as its transfer syntax says.
    """
    if syntax.startswith(J2K) and frame.startswith(J2K_START):
        return _bare_j2k(frame)
    if syntax.startswith(JPEG) and frame.startswith(bytes((0xFF, SOI))):
        return _bare_jpeg(frame)
    raise ValueError(f"a frame of {syntax.name} that is not understood")


def _bare_jpeg(frame: bytes) -> bytes:
    """For JPEG and JPEG-LS (ITU-T T.81, B.1; T.87, C.1)."""
    kept, at, seen = bytearray(frame[:2]), 2, set()
    while at + 4 <= len(frame) and frame[at] == 0xFF:
        marker = frame[at + 1]
        if marker == EOI:
            break
        if marker == 0xFF:  # fill
            at += 1
            continue
        end = at + 2 + int.from_bytes(frame[at + 2 : at + 4], "big")
        if marker == SOS:
            end = _end_of_scan(frame, end)
        if marker not in APP:
            kept += b"" if marker == COM else frame[at:end]
        elif marker not in seen and _needed(marker, frame[at + 4 : end]):
            seen.add(marker)
            kept += frame[at:end]
        at = end
    kept += bytes((0xFF, EOI))
    return bytes(kept)


def _needed(marker: int, payload: bytes) -> bool:
    beginning, length = NEEDED.get(marker, (b"", 0))
    return bool(beginning) and payload.startswith(beginning) and len(payload) + 2 <= length


def _end_of_scan(frame: bytes, at: int) -> int:
    """Where the next marker stands that ends the coded data from ``at`` on."""
    while True:
        at = frame.find(b"\xff", at)
        if at < 0 or at + 1 >= len(frame):
            return len(frame)
        # Below 0x80 the byte is stuffed data, in either standard; D0 to D7 restart within a scan.
        if frame[at + 1] >= 0x80 and not 0xD0 <= frame[at + 1] <= 0xD7 and frame[at + 1] != 0xFF:
            return at
        at += 1


def _bare_j2k(frame: bytes) -> bytes:
    """For JPEG 2000 (ITU-T T.800, A.3 and A.9.2): the comments of all headers go, and what follows the end."""
    kept, at = _segments(frame, 2, J2K_TILE)
    kept = frame[:2] + kept
    while frame[at : at + 2] == bytes((0xFF, J2K_TILE)):
        length = int.from_bytes(frame[at + 6 : at + 10], "big")
        end = at + length if length else frame.rfind(J2K_END)
        if not at < end <= len(frame):
            raise ValueError("a tile-part that is longer than its frame")
        header, data = _segments(frame, at + 12, J2K_DATA)
        size = 12 + len(header) + end - data
        tile = frame[at : at + 6] + (size if length else 0).to_bytes(4, "big") + frame[at + 10 : at + 12]
        kept += tile + header + frame[data:end]
        at = end
    return kept + J2K_END


def _segments(frame: bytes, at: int, last: int) -> tuple[bytes, int]:
    """The marker segments from ``at`` up to the marker ``last``, comments left out, and where that stands."""
    kept = bytearray()
    while at + 4 <= len(frame) and frame[at] == 0xFF and frame[at + 1] != last:
        end = at + 2 + int.from_bytes(frame[at + 2 : at + 4], "big")
        if frame[at + 1] != J2K_COMMENT:
            kept += frame[at:end]
        at = end
    if frame[at : at + 2] != bytes((0xFF, last)):
        raise ValueError("a header that does not end")
    return bytes(kept), at

"""Pixel data without what is not pixels: comments inside compressed frames, and bytes after the last one."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, encapsulate_extended, generate_frames
from pydicom.pixels.utils import get_expected_length
from pydicom.uid import UID

SOI, EOI, SOS, COM = 0xD8, 0xD9, 0xDA, 0xFE
APP = range(0xE0, 0xF0)
NEEDED = {0xE0: 16, 0xEE: 14}
"""Application segments that decoders look at (JFIF, Adobe), and how long they are where nothing is added."""
J2K_START, J2K_COMMENT, J2K_TILE = b"\xff\x4f\xff\x51", 0x64, 0x90


def bare_pixels(ds: Dataset, syntax: UID) -> bytes:
    """The pixel data of ``ds`` with nothing but pixels in it."""
    data: bytes = ds.PixelData
    if not syntax.is_compressed or syntax.is_deflated:
        length = get_expected_length(ds)
        return data[: length + length % 2]
    frames = [bare_frame(f) for f in generate_frames(data, number_of_frames=int(ds.get("NumberOfFrames") or 1))]
    if "ExtendedOffsetTable" in ds:
        data, ds.ExtendedOffsetTable, ds.ExtendedOffsetTableLengths = encapsulate_extended(frames)
        return data
    return encapsulate(frames)


def bare_frame(frame: bytes) -> bytes:
    """One compressed frame without comments, application data and what follows its end."""
    if frame.startswith(J2K_START):
        return _bare_j2k(frame)
    return _bare_jpeg(frame) if frame.startswith(bytes((0xFF, SOI))) else frame


def _bare_jpeg(frame: bytes) -> bytes:
    """For JPEG and JPEG-LS (ITU-T T.81, B.1; T.87, C.1); as it is where it is not built as they are."""
    kept, at = bytearray(frame[:2]), 2
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
        if not (marker == COM or (marker in APP and end - at - 2 > NEEDED.get(marker, 0))):
            kept += frame[at:end]
        at = end
    kept += bytes((0xFF, EOI))
    return bytes(kept)


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
    """For JPEG 2000 (ITU-T T.800, A.9.2): the comments of the main header go."""
    kept, at = bytearray(frame[:2]), 2
    while at + 4 <= len(frame) and frame[at] == 0xFF and frame[at + 1] != J2K_TILE:
        end = at + 2 + int.from_bytes(frame[at + 2 : at + 4], "big")
        if frame[at + 1] != J2K_COMMENT:
            kept += frame[at:end]
        at = end
    return bytes(kept) + frame[at:]

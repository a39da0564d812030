"""Which kind of file the bytes are, from the bytes alone."""

from __future__ import annotations

import struct
import zlib

from medai_core.errors import ImageError

_MAGIC = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",  # BigTIFF
    b"MM\0+": "TIFF",
}
_ARCHIVES = {
    b"PK\x03\x04": "ZIP",
    b"PK\x05\x06": "ZIP",
    b"PK\x07\x08": "ZIP",
    b"\x1f\x8b": "GZIP",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!\x1a\x07": "RAR",
    b"\xfd7zXZ\0": "XZ",
    b"BZh": "BZIP2",
    b"\x28\xb5\x2f\xfd": "Zstandard",
}
NIFTI_HEADER_BYTES = 540  # of NIfTI-2; NIfTI-1 has 348


def format_of(data: bytes) -> str:
    """DICOM, NIfTI, PNG, JPEG or TIFF.

    Raises
    ------
    ImageError : for an empty file, an archive and everything else.
    """
    if not data:
        raise ImageError("image.empty")
    if data[128:132] == b"DICM":
        return "DICOM"
    for magic, name in _MAGIC.items():
        if data[: len(magic)] == magic:
            return name
    if nifti_version(data) or nifti_version(gunzipped_start(data)):
        return "NIfTI"
    _refuse_archive(data)
    if _starts_like_dicom(data[:12]):
        return "DICOM"
    raise ImageError("image.unknown")


def _refuse_archive(data: bytes) -> None:
    for magic, kind in _ARCHIVES.items():
        if data[: len(magic)] == magic:
            raise ImageError("image.archive", kind=kind)
    if data[257:262] == b"ustar":
        raise ImageError("image.archive", kind="TAR")


def nifti_version(start: bytes) -> tuple[int, str] | None:
    """(1 or 2, "<" or ">") for the beginning of a NIfTI file, else None."""
    for order in "<>":
        if start[:4] == struct.pack(f"{order}i", 348) and start[344:348] in (b"n+1\0", b"ni1\0"):
            return 1, order
        if start[:4] == struct.pack(f"{order}i", 540) and start[4:8] in (b"n+2\0", b"ni2\0"):
            return 2, order
    return None


def gunzipped_start(data: bytes) -> bytes:
    """The first bytes inside a gzip file, enough for a NIfTI header; none if it is not one."""
    if data[:2] != b"\x1f\x8b":
        return b""
    try:
        return zlib.decompressobj(31).decompress(data[:4096], NIFTI_HEADER_BYTES)
    except zlib.error:
        return b""


def _starts_like_dicom(start: bytes) -> bool:
    """Whether a data set begins here without preamble: an element of group 2 or 8 of a likely length.

    A file with neither preamble nor "DICM" is no DICOM file (PS3.10, 7.1), but old archives write them.
    """
    if len(start) < 12:
        return False
    for order in "<>":
        group, element = struct.unpack(f"{order}HH", start[:4])
        if group in (0x0002, 0x0008) and element <= 0x0100:
            explicit = start[4:6].isalpha() and start[4:6].isupper()
            return explicit or (order == "<" and struct.unpack("<I", start[4:8])[0] <= 128)
    return False

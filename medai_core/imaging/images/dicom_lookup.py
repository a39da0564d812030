"""DICOM's lookup tables: of the modality, of values of interest, of a palette's colours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from medai_core.errors import ImageError
from medai_core.imaging.images.dicom_header import value

_CHANNELS = ("Red", "Green", "Blue")


class Table:
    """A lookup table: the first value it maps, its entries, and how many bits they have.

    Values below the first are mapped as the first, values above the last as the last (PS3.3, C.11.1.1.1).
    """

    def __init__(self, first: int, entries: NDArray[np.uint16], bits: int) -> None:
        self.first, self.entries, self.bits = first, entries, bits

    def mapped(self, values: NDArray[Any]) -> NDArray[np.uint16]:
        """The entries for whole values of any shape; others are rounded."""
        if values.dtype.kind == "f":
            values = np.rint(np.nan_to_num(values))
        last = len(self.entries) - 1
        return self.entries[np.clip(values.astype(np.int64) - self.first, 0, last)]

    def grey(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """The entries for these values, their range of bits as 0 to 255."""
        shown = self.mapped(values).astype(np.float32) * np.float32(255 / (2**self.bits - 1))
        grey: NDArray[np.uint8] = np.clip(np.rint(shown), 0, 255).astype(np.uint8)
        return grey


def table(item: Dataset, little: bool, signed: bool) -> Table:
    """The table in an item of a Modality or VOI LUT Sequence."""
    first, count, bits = _descriptor(item, "LUTDescriptor", little, signed)
    return Table(first, _entries(item, "LUTData", count, bits, little), bits)


def palette(ds: Dataset, values: NDArray[Any], little: bool) -> NDArray[np.uint8]:
    """(y, x, 3) colours for the (y, x) indices of a PALETTE COLOR image (PS3.3, C.7.6.3.1.5)."""
    return np.stack([_channel(ds, colour, little).mapped(values) for colour in _CHANNELS], axis=-1).astype(np.uint8)


def _channel(ds: Dataset, colour: str, little: bool) -> Table:
    name = f"{colour}PaletteColorLookupTable"
    # Indices are unsigned, so the first one is too.
    first, count, bits = _descriptor(ds, f"{name}Descriptor", little, signed=False)
    if f"Segmented{name}Data" in ds:
        entries = _expanded(_words(ds, f"Segmented{name}Data", little, 1 if bits == 8 else 2), count)
    else:
        entries = _entries(ds, f"{name}Data", count, bits, little)
    # Some writers keep 8-bit colours in a table that claims 16 bits: the values tell.
    wide = bits > 8 and entries.max() > 255
    return Table(first, (entries >> 8 if wide else entries & 255).astype(np.uint16), 8)


def _descriptor(item: Dataset, keyword: str, little: bool, signed: bool) -> tuple[int, int, int]:
    """(first value mapped, number of entries, bits of an entry)."""
    words = _words(item, keyword, little, 2)
    if len(words) < 3:
        raise ImageError("image.header", format="DICOM", field=keyword)
    count, first, bits = (int(word) for word in words[:3])
    if not 1 <= bits <= 16:
        raise ImageError("image.header", format="DICOM", field=keyword)
    return first - 2**16 if signed and first >= 2**15 else first, count or 2**16, bits


def _entries(item: Dataset, keyword: str, count: int, bits: int, little: bool) -> NDArray[np.uint16]:
    found = value(item, keyword)
    packed = isinstance(found, bytes) and bits <= 8 and len(found) < 2 * count
    entries = _words(item, keyword, little, 1 if packed else 2)[:count]
    if not len(entries):
        raise ImageError("image.header", format="DICOM", field=keyword)
    return entries


def _words(item: Dataset, keyword: str, little: bool, size: int) -> NDArray[np.uint16]:
    """The unsigned numbers of an element, which pydicom gives as bytes, a number or a list, by its VR."""
    found = value(item, keyword)
    if isinstance(found, bytes):
        order = "<" if little else ">"
        whole = found[: len(found) // size * size]
        return np.frombuffer(whole, f"{order}u{size}").astype(np.uint16)
    try:
        return (np.atleast_1d(np.asarray(found, dtype=np.int64)) & 0xFFFF).astype(np.uint16)
    except (TypeError, ValueError, OverflowError) as error:
        raise ImageError("image.header", format="DICOM", field=keyword) from error


def _expanded(words: NDArray[np.uint16], count: int) -> NDArray[np.uint16]:
    """A segmented table (PS3.3, C.7.9.2), never longer than its descriptor says."""
    out: list[int] = []
    position = 0
    while position + 2 < len(words) and len(out) < count:
        kind, length = int(words[position]), int(words[position + 1])
        if kind == 0 and length:
            out += words[position + 2 : position + 2 + length].tolist()
            position += 2 + length
        elif kind == 1 and length and out:
            end = int(words[position + 2])
            out += np.rint(np.linspace(out[-1], end, length + 1)[1:]).astype(int).tolist()
            position += 3
        else:  # an indirect segment saves a few bytes of header; no file with one was found
            break
    if not out:
        raise ImageError("image.header", format="DICOM", field="PaletteColorLookupTableData")
    return np.asarray(out[:count], dtype=np.uint16)


def little_endian(ds: Dataset) -> bool:
    """Whether the words inside byte strings are little endian."""
    return bool(ds.original_encoding[1] is not False)

"""The bytes to read, with what was asked of them and what they may cost."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from functools import cached_property

from medai_core.errors import ImageError

# bgzip writes members of 64 KiB: this many reach 4 GiB. Without a limit, half a gigabyte of empty
# members would keep the loop busy for minutes.
_MAX_MEMBERS = 2**16
_CHUNK = 2**16
_RAW_DEFLATE, _GZIP = -15, 31  # zlib's names for the two, in its argument `wbits`


@dataclass(frozen=True)
class Source:
    """One file to read.

    Attributes
    ----------
    data : the whole file.
    max_pixels : rows times columns of one frame, at most.
    max_bytes : of the file, and of what it unpacks to, at most.
    """

    data: bytes
    max_pixels: int
    max_bytes: int

    @cached_property
    def sha256(self) -> str:
        """The hexadecimal digest of the file."""
        return hashlib.sha256(self.data).hexdigest()

    def admit(self, rows: int, columns: int) -> None:
        """Refuse a frame of more pixels than the limit; to be called before it is decoded."""
        if rows * columns > self.max_pixels:
            raise ImageError("image.too_many_pixels", rows=rows, columns=columns, limit_pixels=self.max_pixels)

    def inflated_gzip(self, size: int, format: str) -> bytes:
        """The first ``size`` bytes of what a gzip file holds; fewer raise ImageError."""
        if size > self.max_bytes:
            raise self._bomb()
        found = _inflated(self.data, 0, size, _GZIP)
        if len(found) < size:
            raise ImageError("image.cut", format=format)
        return found

    def inflated_tail(self, start: int, format: str) -> bytes:
        """What a raw deflate stream from ``start`` on holds; ImageError where that passes the limit."""
        stream = zlib.decompressobj(_RAW_DEFLATE)
        found = stream.decompress(memoryview(self.data)[start:], self.max_bytes + 1)
        if len(found) > self.max_bytes:
            raise self._bomb()
        if not stream.eof:
            raise ImageError("image.cut", format=format)
        return found

    def _bomb(self) -> ImageError:
        return ImageError("image.inflated", limit_mb=megabytes(self.max_bytes))


def megabytes(size: int) -> float:
    """A number of bytes in MB, to be read by a person."""
    return round(size / 1e6, 1)


def _inflated(data: bytes, start: int, size: int, wbits: int) -> bytes:
    """At most ``size`` bytes out of the members of a gzip file that follow each other."""
    view, out, members = memoryview(data), bytearray(), 0
    stream = zlib.decompressobj(wbits)
    while len(out) < size and start < len(data) and members < _MAX_MEMBERS:
        chunk = view[start : start + _CHUNK]
        out += stream.decompress(chunk, size - len(out))
        start += len(chunk) - len(stream.unconsumed_tail) - len(stream.unused_data)
        if stream.eof:
            stream, members = zlib.decompressobj(wbits), members + 1
    return bytes(out)

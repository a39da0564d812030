"""PNG, JPEG and TIFF: pictures, which know neither a patient nor a millimetre."""

from __future__ import annotations

import struct
from functools import partial
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

from medai_core.errors import ImageError
from medai_core.imaging.images.codestreams import jpeg_size
from medai_core.imaging.images.display import finite, natural_window, windowed
from medai_core.imaging.images.formats import format_of
from medai_core.imaging.images.image import Header, Image, Opened
from medai_core.imaging.images.source import Source, megabytes
from medai_core.imaging.images.synthetic import says_synthetic

_MAX_PAGES = 5_000  # Pillow's time to find a page grows with the square of their number
_MAX_CHUNKS = 100_000
_ORIENTATION, _DESCRIPTION, _PHOTOMETRIC, _TILE_WIDTH, _TILE_LENGTH = 0x0112, 270, 262, 322, 323
_OFFSETS_AND_COUNTS = ((273, 279), (324, 325))  # of strips, of tiles


def open_raster(source: Source) -> Opened:
    """The picture in a PNG or JPEG, or the pages of a TIFF; 8 bits are shown as they are.

    ``spacing_mm`` is None even where a resolution is noted: that is of the paper, not of the patient.
    """
    format = format_of(source.data)
    pages = _tiff_pages(source.data) if format == "TIFF" else 1
    return Opened(
        pages,
        lambda frame: _read(source, format, frame, pages),
        partial(_header, source, format),
        lambda frame: _numbers(_decoded(source, format, frame)[0]),
    )


def _header(source: Source, format: str, frame: int) -> Header:
    picture = _opened(source, format, frame)
    return Header(picture.height, picture.width, number=frame, synthetic=says_synthetic(_words(picture)))


def _numbers(array: NDArray[Any]) -> NDArray[np.float32] | NDArray[np.uint8]:
    return array if array.ndim == 3 else finite(array)


def _decoded(source: Source, format: str, frame: int) -> tuple[NDArray[Any], bool, bool]:
    """(y, x) or (y, x, 3) upright, whether low values are shown bright, and whether its words say it is SYNTHETIC."""
    picture = _opened(source, format, frame)
    source.admit(picture.height, picture.width)
    try:
        picture.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise _fault(error, format) from error
    # Pillow turns a TIFF by itself.
    array = _upright(_array(picture), 1 if format == "TIFF" else _orientation(picture))
    inverted = format == "TIFF" and picture.tag_v2.get(_PHOTOMETRIC) == 0
    return array, inverted, says_synthetic(_words(picture))


def _read(source: Source, format: str, frame: int, frames: int) -> Image:
    array, inverted, synthetic = _decoded(source, format, frame)
    facts: dict[str, Any] = {"sha256": source.sha256, "format": format, "frame": frame, "frames": frames}
    facts["synthetic"] = synthetic
    if array.ndim == 3:
        return Image(pixels=array, display=array, **facts)
    pixels = finite(array)
    if array.dtype == np.uint8:
        return Image(pixels=pixels, display=array, **facts)
    window = natural_window(pixels)
    display = windowed(pixels, *window, inverted=inverted)
    return Image(pixels=pixels, display=display, window=window, inverted=inverted, **facts)


def _opened(source: Source, format: str, frame: int) -> Any:
    """Pillow's image at the frame to be read, nothing decoded yet.

    The format's own class is asked, not ``PIL.Image.open``: that one has a limit of its own on the
    size, which can be changed for the whole process only.
    """
    file = BytesIO(source.data)
    try:
        if format == "TIFF":
            return _tiff_page(source, file, frame)
        if format == "PNG":
            _walk_png(source.data)
            return PngImageFile(file)
        source.admit(*jpeg_size(source.data)[:2])
        return JpegImageFile(file)
    except (OSError, SyntaxError, ValueError) as error:
        raise _fault(error, format) from error


def _tiff_page(source: Source, file: BytesIO, frame: int) -> Any:
    picture = TiffImageFile(file)
    picture.seek(frame)
    source.admit(picture.height, picture.width)
    tags = picture.tag_v2
    # libtiff makes room for a whole tile, however small the picture in it.
    source.admit(int(tags.get(_TILE_LENGTH, 0)), int(tags.get(_TILE_WIDTH, 0)))
    for offsets, counts in _OFFSETS_AND_COUNTS:
        ends = [start + size for start, size in zip(tags.get(offsets, ()), tags.get(counts, ()), strict=False)]
        if ends and max(ends) > len(source.data):
            raise ImageError("image.cut", format="TIFF")
    return picture


def _tiff_pages(data: bytes) -> int:
    """The number of pages, by following their chain; Pillow's own count has no bound."""
    order, big = "<" if data[:2] == b"II" else ">", data[2:4] in (b"+\0", b"\0+")
    word, count, entry, first = ("Q", "Q", 20, 8) if big else ("I", "H", 12, 4)
    seen: set[int] = set()
    try:
        (offset,) = struct.unpack_from(order + word, data, first)
        while offset and offset not in seen:
            seen.add(offset)
            if len(seen) > _MAX_PAGES:
                raise ImageError("image.too_many_frames", limit=_MAX_PAGES)
            (entries,) = struct.unpack_from(order + count, data, offset)
            end = offset + struct.calcsize(count) + entries * entry
            (offset,) = struct.unpack_from(order + word, data, end)
    except (struct.error, OverflowError) as error:
        raise ImageError("image.cut", format="TIFF") from error
    return len(seen)


def _walk_png(data: bytes) -> None:
    """Refuse a PNG that does not reach its last chunk; Pillow is content with all of the pixels."""
    position = 8
    for _ in range(_MAX_CHUNKS):
        length, kind = struct.unpack(">I4s", data[position : position + 8].ljust(8, b"\0"))
        position += 12 + length
        if position > len(data):
            raise ImageError("image.cut", format="PNG")
        if kind == b"IEND":
            return
    raise ImageError("image.corrupt", format="PNG")


def _fault(error: Exception, format: str) -> ImageError:
    """Which sentence an error of Pillow's stands for."""
    words = str(error).lower()
    if "too large" in words or "max_text" in words:  # a text or a profile in a PNG that is a bomb
        return ImageError("image.inflated", limit_mb=megabytes(ImageFile.SAFEBLOCK))
    if format == "JPEG" and "truncated" not in words:
        return ImageError("image.stream", coding=format)
    return ImageError("image.cut" if "truncated" in words else "image.corrupt", format=format)


def _array(picture: Any) -> NDArray[Any]:
    """(y, x) of the file's depth, or (y, x, 3) uint8; what is transparent is laid on black."""
    if picture.mode == "1":
        picture = picture.convert("L")
    transparent = "transparency" in picture.info or picture.mode in ("LA", "PA", "RGBA", "La", "RGBa")
    if picture.mode in ("L", "I", "F") or picture.mode.startswith("I;"):
        return np.array(picture)
    if not transparent:
        return np.array(picture if picture.mode == "RGB" else picture.convert("RGB"))
    colour = np.array(picture.convert("RGBA"))
    alpha = colour[..., 3:].astype(np.uint16)
    laid = ((colour[..., :3] * alpha + 127) // 255).astype(np.uint8)
    return laid[..., 0].copy() if picture.mode in ("LA", "La") else laid


def _orientation(picture: Any) -> int:
    found = _exif(picture, _ORIENTATION)
    return found if isinstance(found, int) else 1


def _exif(picture: Any, tag: int) -> object:
    try:
        return picture.getexif().get(tag)
    except Exception:  # Exif may be damaged in every way; the picture still stands
        return None


def _words(picture: Any) -> list[object]:
    """The texts of a file: a PNG's, a JPEG's comment, the description in a TIFF or in Exif."""
    comment = picture.info.get("comment")
    said = [*picture.info.values(), _exif(picture, _DESCRIPTION)]
    return [*said, comment.decode("latin-1")] if isinstance(comment, bytes) else said


def _upright(array: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turned as Exif's Orientation says (CIPA DC-008, 4.6.5): 1 as it is, 6 a quarter clockwise."""
    if orientation in (5, 6, 7, 8):
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return np.ascontiguousarray(array)

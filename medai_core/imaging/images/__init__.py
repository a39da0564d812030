"""A scan from the bytes of a file, whatever its name says."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np

from medai_core.errors import ImageError
from medai_core.imaging.images.display import windowed
from medai_core.imaging.images.formats import format_of
from medai_core.imaging.images.image import Header, Image, Opened, Patient, Place, Uids
from medai_core.imaging.images.source import Source, megabytes
from medai_core.imaging.images.synthetic import is_marked

__all__ = [
    "MAX_BYTES",
    "MAX_PIXELS",
    "Header",
    "Image",
    "Opened",
    "Patient",
    "Place",
    "Uids",
    "open_image",
    "read_image",
    "windowed",
]

T = TypeVar("T")

MAX_PIXELS = 2**26  # 8192 x 8192; the largest mammograms have a quarter of it
MAX_BYTES = 2**29  # 512 MiB; a tomosynthesis or a body CT in one file passes


def read_image(
    data: bytes, *, frame: int | None = None, max_pixels: int = MAX_PIXELS, max_bytes: int = MAX_BYTES
) -> Image:
    """One frame of a scan: DICOM, NIfTI, PNG, JPEG or TIFF, told apart by content alone.

    Parameters
    ----------
    data : the whole file.
    frame : which frame, counted from 0; None is the middle one (``frames // 2``). The slices of a
        NIfTI volume are its frames, from the feet up; of a series over time, slice by slice with all
        times of a slice together; the pages of a TIFF are its frames.
    max_pixels : an image of more is refused before it is decoded.
    max_bytes : a file that is larger, or unpacks to more, is refused.

    Raises
    ------
    ImageError : whatever the bytes are, no other exception leaves this function.
    """
    opened = open_image(data, max_pixels=max_pixels, max_bytes=max_bytes)
    return opened.read(opened.frames // 2 if frame is None else frame)


def open_image(data: bytes, *, max_pixels: int = MAX_PIXELS, max_bytes: int = MAX_BYTES) -> Opened:
    """A file of many frames, to be read one by one without understanding it again for each.

    Parameters and errors as for ``read_image``; ``read`` raises as it does, too.
    """
    if len(data) > max_bytes:
        raise ImageError("image.too_large", size_mb=megabytes(len(data)), limit_mb=megabytes(max_bytes))
    format = format_of(data)
    opened = _guarded(format, lambda: _opener(format)(Source(data, max_pixels, max_bytes)))
    return Opened(
        opened.frames,
        lambda frame: _guarded(format, lambda: _looked_at(opened.read(_admitted(frame, opened.frames)))),
        lambda frame: _guarded(format, lambda: opened.header(_admitted(frame, opened.frames))),
        lambda frame: _guarded(format, lambda: opened.pixels(_admitted(frame, opened.frames))),
    )


def _looked_at(image: Image) -> Image:
    """The image, which is synthetic too where only the mark in its pixels says so: tags are lost on the way."""
    return replace(image, synthetic=True) if not image.synthetic and is_marked(image.display) else image


def _admitted(frame: int, frames: int) -> int:
    if not 0 <= frame < frames:
        raise ImageError("image.frame", number=frame + 1, frames=frames)
    return frame


def _guarded(format: str, work: Callable[[], T]) -> T:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # What the libraries warn of is either mended by them or found out here; a reader can do nothing.
        warnings.simplefilter("ignore")
        try:
            return work()
        except ImageError:
            raise
        except Exception as error:  # the decoders raise whatever a damaged file makes them stumble over
            raise ImageError("image.corrupt", format=format) from error


def _opener(format: str) -> Callable[[Source], Opened]:
    # Imported when needed: pydicom and nibabel take longer to import than a PNG to read.
    if format == "DICOM":
        from medai_core.imaging.images.dicom import open_dicom

        return open_dicom
    if format == "NIfTI":
        from medai_core.imaging.images.nifti import open_nifti

        return open_nifti
    from medai_core.imaging.images.raster import open_raster

    return open_raster

"""A scan from the bytes of a file, whatever its name says."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from medai_core.errors import ImageError
from medai_core.imaging.images.display import windowed
from medai_core.imaging.images.formats import format_of
from medai_core.imaging.images.image import Image, Patient, Uids
from medai_core.imaging.images.source import Source, megabytes

__all__ = ["MAX_BYTES", "MAX_PIXELS", "Image", "Patient", "Uids", "read_image", "windowed"]

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
    if len(data) > max_bytes:
        raise ImageError("image.too_large", size_mb=megabytes(len(data)), limit_mb=megabytes(max_bytes))
    format = format_of(data)
    source = Source(data, frame, max_pixels, max_bytes)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # What the libraries warn of is either mended by them or found out here; a reader can do nothing.
        warnings.simplefilter("ignore")
        try:
            return _reader(format)(source)
        except ImageError:
            raise
        except Exception as error:  # the decoders raise whatever a damaged file makes them stumble over
            raise ImageError("image.corrupt", format=format) from error


def _reader(format: str) -> Callable[[Source], Image]:
    # Imported when needed: pydicom and nibabel take longer to import than a PNG to read.
    if format == "DICOM":
        from medai_core.imaging.images.dicom import read_dicom

        return read_dicom
    if format == "NIfTI":
        from medai_core.imaging.images.nifti import read_nifti

        return read_nifti
    from medai_core.imaging.images.raster import read_raster

    return read_raster

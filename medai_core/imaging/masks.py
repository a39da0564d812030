"""Outlines as files: PNG in the size of the image, NIfTI in the place of the volume that it is of."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL.PngImagePlugin import PngInfo

from medai_core.imaging.images import Image
from medai_core.imaging.images.nifti import grid_of
from medai_core.imaging.images.synthetic import WORD
from medai_core.imaging.segmentation import Outline
from medai_core.imaging.series.series import Series, normal_of

OF_SYNTHETIC = f"{WORD}: the outline of an image that a program made"


def mask_pixels(outline: Outline) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """(y, x): 0 and 255 for one region; 0 and the number of each object for many."""
    assert outline.labels is not None
    if outline.many:
        return outline.labels.astype(np.uint16)
    return np.where(outline.labels > 0, np.uint8(255), np.uint8(0))


def mask_png(outline: Outline, *, synthetic: bool = False) -> bytes:
    """The mask as PNG: 8 bits for one region, 16 for many objects; says so where it is of a synthetic image."""
    words, stream = PngInfo(), io.BytesIO()
    if synthetic:
        words.add_text("Description", OF_SYNTHETIC)
    Picture.fromarray(mask_pixels(outline)).save(stream, "PNG", pnginfo=words)
    return stream.getvalue()


def mask_nifti(outline: Outline, image: Image, source: bytes) -> bytes:
    """The mask of one frame as NIfTI (gzip), in the place of its slice where the scan is a NIfTI volume itself.

    Parameters
    ----------
    source : the bytes of the scan.
    """
    assert outline.labels is not None
    frames = image.frames if grid_of(source) is not None else 1
    labels = np.zeros((frames, *outline.labels.shape), np.uint16)
    labels[image.frame if frames > 1 else 0] = outline.labels
    return _volume_nifti(labels, image, source)


def _volume_nifti(stack: NDArray[np.uint16], image: Image, source: bytes) -> bytes:
    """Masks (z, y, x) of one file's frames.

    A volume that was NIfTI gives its own place in space, its axes to the right, to anterior and to superior. Any
    other scan's is not known here: the axes then run along columns, rows and frames from the corner, in the size
    of its pixels, or in pixels (unit "unknown") where no size is known.
    """
    place = grid_of(source)
    # Rows run from anterior to posterior and columns from right to left; NIfTI counts the other way.
    voxels = stack[:, ::-1, ::-1].transpose(2, 1, 0) if place is not None else stack.transpose(2, 1, 0)
    if place is None:
        rows, columns = image.spacing_mm or (1.0, 1.0)
        place = np.diag([columns, rows, image.slice_mm or 1.0, 1.0])
    return _packed(voxels, place, known=image.spacing_mm is not None, synthetic=image.synthetic)


def series_nifti(labels: NDArray[np.integer], series: Series) -> bytes:
    """Masks (z, y, x) of a series as one NIfTI volume (gzip), its axes the nearest to right, anterior and superior.

    Where it is not known how the series lies, the axes run along columns, rows and slices from the corner, in
    millimetres where sizes are known, else in pixels (unit "unknown").
    """
    voxels, spacing = np.asarray(labels, np.uint16).transpose(2, 1, 0), series.spacing_mm
    synthetic = any(part.header.synthetic for part in series.parts)
    first, last = series.parts[0].header.place, series.parts[-1].header.place
    if first is None or last is None or spacing is None:
        place = np.diag([*(spacing or (1.0, 1.0, 1.0))[::-1], 1.0])
        return _packed(voxels, place, known=spacing is not None, synthetic=synthetic)
    across = normal_of(series.header) * spacing[0]
    if len(series.slots) > 1:  # not along the normal where the gantry was tilted
        across = np.subtract(last.corner_mm, first.corner_mm) / (len(series.slots) - 1)
    place = np.eye(4)
    place[:3, :3] = np.array(
        [np.multiply(first.along_row, spacing[2]), np.multiply(first.down_column, spacing[1]), across]
    ).T
    place[:3, 3] = first.corner_mm
    place[:2] *= -1  # DICOM counts to the left and to the back
    return _packed(*_canonical(voxels, place), known=True, synthetic=synthetic)


def _canonical(
    voxels: NDArray[np.uint16], place: NDArray[np.float64]
) -> tuple[NDArray[np.uint16], NDArray[np.float64]]:
    from nibabel.orientations import apply_orientation, inv_ornt_aff, io_orientation

    axes = io_orientation(place)  # type: ignore[no-untyped-call]
    moved = place @ inv_ornt_aff(axes, voxels.shape)  # type: ignore[no-untyped-call]
    return apply_orientation(voxels, axes), moved  # type: ignore[no-untyped-call]


def _packed(voxels: NDArray[np.uint16], place: NDArray[np.float64], *, known: bool, synthetic: bool) -> bytes:
    import nibabel

    made = nibabel.Nifti1Image(np.ascontiguousarray(voxels), place)  # type: ignore[no-untyped-call]
    made.header.set_xyzt_units("mm" if known else "unknown")  # type: ignore[no-untyped-call]
    if synthetic:
        made.header["descrip"] = OF_SYNTHETIC
    return gzipped(made.to_bytes())


def gzipped(data: bytes) -> bytes:
    """The bytes packed, the same each time: no clock goes into the header."""
    import gzip

    return gzip.compress(data, mtime=0)

"""Scans that the tests make: DICOM films with a header of their choice, and pictures that are no scan."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

RAMP = np.arange(64, dtype=np.uint8).reshape(8, 8)


def dicom(pixels: NDArray[np.uint8] = RAMP, **header: object) -> bytes:
    """Grey pixels (y, x), or frames of them (z, y, x), as a radiograph's file whose header says this."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    ds.Rows, ds.Columns = pixels.shape[-2:]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.WindowCenter, ds.WindowWidth = 128, 256  # shown as it is
    ds.PixelData = pixels.tobytes()
    for keyword, value in header.items():
        setattr(ds, keyword, value)
    out = BytesIO()
    ds.save_as(out, enforce_file_format=True)
    return out.getvalue()


def png(pixels: NDArray[np.uint8]) -> bytes:
    out = BytesIO()
    Picture.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def grey(file: Path) -> NDArray[np.uint8]:
    """A picture's grey levels, (y, x)."""
    return np.asarray(Picture.open(file).convert("L"))


def photograph() -> bytes:
    """A cat; no recipe learns from this one."""
    import skimage

    return (Path(skimage.__file__).parent / "data/chelsea.png").read_bytes()


def bundled(name: str) -> Path:
    """A file that pydicom brings along."""
    return Path(str(get_testdata_file(name, download=False)))

"""Series that the tests make: bodies of known size as the files of a scanner, at any spacing and in any position."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from medai_core.imaging.series import File
from tests.scans import dicom

AXIAL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
CORONAL = ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0))
SAGITTAL = ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0))
OBLIQUE = ((0.8, 0.6, 0.0), (0.0, 0.0, -1.0))
LUNG, TISSUE = -850, 30

Cosines = tuple[tuple[float, float, float], tuple[float, float, float]]
Body = Callable[[NDArray[np.float64]], NDArray[np.bool_]]
"""From points (..., 3) in mm, in DICOM's coordinates, to whether they are inside."""


def cube(side_mm: float, centre: Sequence[float] = (0, 0, 0), turned: NDArray[np.float64] | None = None) -> Body:
    """A cube along the axes, or along the rows of ``turned``."""

    def inside(at: NDArray[np.float64]) -> NDArray[np.bool_]:
        own = at - np.asarray(centre)
        own = own if turned is None else own @ turned.T
        return np.asarray((np.abs(own) < side_mm / 2).all(axis=-1))

    return inside


def ball(diameter_mm: float, centre: Sequence[float] = (0, 0, 0)) -> Body:
    return lambda at: np.asarray(np.linalg.norm(at - np.asarray(centre), axis=-1) < diameter_mm / 2)


def rod(diameter_mm: float, through: Sequence[float], along: int = 0) -> Body:
    """A straight vessel without end."""
    others = [axis for axis in range(3) if axis != along]

    def inside(at: NDArray[np.float64]) -> NDArray[np.bool_]:
        return np.asarray(np.linalg.norm((at - np.asarray(through))[..., others], axis=-1) < diameter_mm / 2)

    return inside


@dataclass(frozen=True)
class Scanner:
    """How a body is scanned."""

    spacing: tuple[float, float, float] = (2.0, 0.7, 0.7)
    shape: tuple[int, int, int] = (16, 48, 48)
    cosines: Cosines = AXIAL
    tilt: float = 0.0
    series: str = "1.2.3.7"

    @property
    def normal(self) -> NDArray[np.float64]:
        return np.cross(*self.cosines)

    @property
    def frame(self) -> NDArray[np.float64]:
        """Normal, down the rows, along the columns."""
        return np.array([self.normal, self.cosines[1], self.cosines[0]])

    def corner(self, z: int) -> NDArray[np.float64]:
        """Of slice ``z``; the middle of the volume is at 0."""
        away = [(z - (self.shape[0] - 1) / 2), -(self.shape[1] - 1) / 2, -(self.shape[2] - 1) / 2]
        lean = np.tan(np.radians(self.tilt)) * away[0] * self.spacing[0] * np.asarray(self.cosines[1])
        return np.asarray((np.array(away) * self.spacing) @ self.frame + lean)

    def values(self, *bodies: Body, fine: int = 3) -> NDArray[np.int16]:
        """(z, y, x) Hounsfield units: tissue in lung, each voxel the mean of ``fine`` cubed points."""
        within = [(np.arange(fine) + 0.5) / fine - 0.5] * 3
        offsets = np.stack(np.meshgrid(*within, indexing="ij"), axis=-1).reshape(-1, 3) * self.spacing @ self.frame
        rows = np.arange(self.shape[1])[:, None, None] * self.spacing[1] * self.frame[1]
        columns = np.arange(self.shape[2])[None, :, None] * self.spacing[2] * self.frame[2]
        made = np.zeros(self.shape)
        for z in range(self.shape[0]):
            at = self.corner(z) + rows + columns
            for offset in offsets:
                made[z] += np.any([body(at + offset) for body in bodies], axis=0)
        return np.rint(LUNG + (TISSUE - LUNG) * made / len(offsets)).astype(np.int16)

    def files(self, values: NDArray[np.int16], **header: object) -> list[File]:
        """One file a slice, in order."""
        return [File(f"{z:03}.dcm", partial(_same, self.slice(values[z], z, **header))) for z in range(len(values))]

    def slice(self, values: NDArray[np.int16], z: int, **header: object) -> bytes:
        said = {
            "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2",
            "Modality": "CT",
            "BitsAllocated": 16,
            "BitsStored": 16,
            "HighBit": 15,
            "RescaleSlope": 1,
            "RescaleIntercept": -2000,
            "WindowCenter": -600,
            "WindowWidth": 1500,
            "PatientID": "P-1",
            "PatientName": "Drawn^Ada",
            "StudyInstanceUID": "1.2.3.6",
            "SeriesInstanceUID": self.series,
            "SOPInstanceUID": f"{self.series}.{z + 1}",
            "InstanceNumber": z + 1,
            "PixelSpacing": list(self.spacing[1:]),
            "SliceThickness": self.spacing[0],
            "ImagePositionPatient": [round(float(c), 4) for c in self.corner(z)],
            "ImageOrientationPatient": [*self.cosines[0], *self.cosines[1]],
            "FrameOfReferenceUID": "1.2.3.8",
        }
        return dicom((values.astype(np.int32) + 2000).astype(np.uint16), **(said | header))


def _same(data: bytes) -> bytes:
    return data

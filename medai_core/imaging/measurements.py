"""Lengths, angles and areas between points on a picture, and the values within."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medai_core.errors import N_

Point = tuple[float, float]
"""(row, column) in pixels; whole numbers are the middles of pixels."""

MEASURED = {"length": N_("Length"), "angle": N_("Angle"), "area": N_("Area")}
"""Titles of what is measured."""

LEAST_POINTS = {"length": 2, "angle": 3, "area": 3}


@dataclass(frozen=True)
class Measurement:
    """What was measured; what is not known is None.

    Attributes
    ----------
    kind : "length", "angle" or "area".
    points : between which it was measured, (row, column).
    length_mm, length_px : of a line; area_mm2, area_px : of a polygon, without regard to holes.
    degrees : between the two sides at the second of three points, 0 to 180.
    mean, deviation, least, most, count : of the values whose pixels' middles lie inside a polygon.
    unit : of the values; None where it is not known.
    """

    kind: str
    points: tuple[Point, ...]
    length_px: float | None = None
    length_mm: float | None = None
    degrees: float | None = None
    area_px: float | None = None
    area_mm2: float | None = None
    mean: float | None = None
    deviation: float | None = None
    least: float | None = None
    most: float | None = None
    count: int | None = None
    unit: str | None = None

    @property
    def said(self) -> str:
        """The value with its unit, in millimetres where the file says how large a pixel is; "?" where unknown."""
        if self.kind == "length":
            return f"{self.length_px:.1f} px" if self.length_mm is None else f"{self.length_mm:.1f} mm"
        if self.kind == "angle":
            return "?" if self.degrees is None else f"{self.degrees:.1f}°"
        area = f"{self.area_px:.0f} px²" if self.area_mm2 is None else f"{self.area_mm2:.1f} mm²"
        if self.mean is None:
            return area
        return f"{area}, {_rounded(self.mean)} ± {_rounded(self.deviation or 0)} {self.unit or ''}".rstrip()


def _rounded(value: float) -> str:
    """Whole where the value is large, three digits where it is small."""
    return f"{value:.0f}" if abs(value) >= 100 or value == 0 else f"{value:.3g}"


def measure(
    kind: str,
    points: Sequence[Point],
    pixels: NDArray[Any],
    spacing_mm: tuple[float, float] | None,
    unit: str | None = None,
    known: NDArray[np.bool_] | None = None,
) -> Measurement:
    """Measure between points.

    Parameters
    ----------
    points : as many as ``LEAST_POINTS`` says; of a polygon, three or more.
    pixels : (y, x) in the modality's unit, or (y, x, 3), of which the mean grey is taken.
    spacing_mm : between rows and between columns; None where unknown: then only pixels and, where they are square
        or not at all known, no angle is given.

    known : where the pixels were scanned, (y, x); others have no value. unit : of the values.

    Raises
    ------
    ValueError : the kind is unknown or the points are too few.
    """
    if len(points) < LEAST_POINTS[kind]:
        raise ValueError(f"a measurement of {kind} takes {LEAST_POINTS[kind]} points or more")
    at, kept = np.asarray(points, np.float64), tuple(points)
    scale = np.asarray(spacing_mm) if spacing_mm else None
    if kind == "length":
        return Measurement(kind, kept, _length(at[:2]), None if scale is None else _length(at[:2] * scale))
    if kind == "angle":
        return Measurement(kind, kept, degrees=None if scale is None else _degrees(at[:3] * scale))
    area = _area(at)
    mm2 = None if spacing_mm is None else area * spacing_mm[0] * spacing_mm[1]
    return Measurement(kind, kept, area_px=area, area_mm2=mm2, unit=unit, **_values(at, pixels, known))


def _length(at: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(at[1] - at[0]))


def _degrees(at: NDArray[np.float64]) -> float | None:
    one, two = at[0] - at[1], at[2] - at[1]
    lengths = np.linalg.norm(one) * np.linalg.norm(two)
    return None if lengths == 0 else float(np.degrees(np.arccos(np.clip(one @ two / lengths, -1, 1))))


def _area(at: NDArray[np.float64]) -> float:
    """By the shoelace formula; a polygon that crosses itself counts its parts against each other."""
    y, x = at[:, 0], at[:, 1]
    return float(abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2)


def _values(at: NDArray[np.float64], pixels: NDArray[Any], known: NDArray[np.bool_] | None) -> dict[str, Any]:
    from skimage.draw import polygon2mask

    inside = polygon2mask(pixels.shape[:2], at)  # type: ignore[no-untyped-call]
    inside = inside if known is None else inside & known
    values = (pixels.mean(axis=-1) if pixels.ndim == 3 else pixels)[inside].astype(np.float64)
    if not values.size:
        return {"count": 0}
    deviation = float(values.std(ddof=1)) if values.size > 1 else None
    return {
        "mean": float(values.mean()),
        "deviation": deviation,
        "least": float(values.min()),
        "most": float(values.max()),
        "count": int(values.size),
    }

"""Slices that belong together, in the order in which they lie in the patient; what is wrong with them is said."""

from __future__ import annotations

from medai_core.imaging.series.arranging import Arranged, LeftOut, arrange
from medai_core.imaging.series.files import File, files_at, unpacked
from medai_core.imaging.series.series import MOST, Part, Series
from medai_core.imaging.series.volume import PLANES, Volume, load_volume

__all__ = [
    "MOST",
    "PLANES",
    "Arranged",
    "File",
    "LeftOut",
    "Part",
    "Series",
    "Volume",
    "arrange",
    "files_at",
    "load_volume",
    "unpacked",
]

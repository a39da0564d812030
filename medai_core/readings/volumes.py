"""All frames of a volume outlined one by one, and how large the whole is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medai_core.catalog import Catalog
from medai_core.errors import ImageError
from medai_core.imaging.images import Image, read_image
from medai_core.readings import Question, read_image_with

FRAMES = 512
"""The most frames that are outlined in one go."""


@dataclass(frozen=True, eq=False)
class Volume:
    """What a model outlined in every frame of one file.

    Attributes
    ----------
    labels : (z, y, x) uint16; 0 where nothing is outlined, and in frames that were refused.
    areas_px : of each frame; refused : frames without an answer.
    volume_ml : None where the file does not say how large a pixel is or how far apart the frames are.
    image : the middle frame.
    """

    labels: NDArray[np.uint16]
    areas_px: tuple[int, ...]
    refused: int
    volume_ml: float | None
    image: Image


def outline_volume(
    data: bytes,
    file: str,
    models: Catalog,
    model: str,
    *,
    kind: str | None = None,
    advance: Callable[[int, int], None] = lambda done, of: None,
) -> Volume:
    """Outline each frame of a file with a segmentation model.

    Each frame is read on its own, so what is outlined need not join from frame to frame. A frame that is refused
    or shows nothing at all counts as without an outline, which may make the volume too small.

    Parameters
    ----------
    kind : the kind of image, where the reader overrules the router.
    advance : told after each frame how many are done, of how many.

    Raises
    ------
    ImageError : the file cannot be read, or has more than ``FRAMES`` frames. ModelError : the model is unknown.
    """
    middle = read_image(data)
    if middle.frames > FRAMES:
        raise ImageError("image.many_frames", frames=middle.frames, most=FRAMES)
    labels, refused = np.zeros((middle.frames, *middle.display.shape[:2]), np.uint16), 0
    for frame in range(middle.frames):
        found = _labels(data, frame, file, models, Question(model=model, kind=kind))
        if found is None:
            refused += 1
        else:
            labels[frame] = found
        advance(frame + 1, middle.frames)
    areas = tuple(int(n) for n in (labels > 0).sum(axis=(1, 2)))
    return Volume(labels, areas, refused, volume_ml(areas, middle), middle)


def _labels(data: bytes, frame: int, file: str, models: Catalog, asked: Question) -> NDArray[np.int32] | None:
    """What is outlined in one frame, (y, x); None where nothing is, or where the frame cannot be shown."""
    try:
        image = read_image(data, frame=frame)
    except ImageError:  # the file itself was read before: one blank frame must not cost the others
        return None
    outline = read_image_with(image, file, models, asked)[0].outline
    return outline.labels if outline is not None else None


def volume_ml(areas_px: tuple[int, ...], image: Image) -> float | None:
    """Areas in pixels times the size of a pixel and the distance of the frames; None where one is not known."""
    if image.spacing_mm is None or image.slice_mm is None:
        return None
    return sum(areas_px) * image.spacing_mm[0] * image.spacing_mm[1] * image.slice_mm / 1000

"""From an image to what a network is given: as data in the card, the same in training and serving."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core.cards import InputSpec
from medai_core.imaging.regions import Box

Pixels = NDArray[np.uint8]
BILINEAR = Picture.Resampling.BILINEAR


def network_input(display: Pixels, spec: InputSpec) -> NDArray[np.float32]:
    """``display`` (y, x) or (y, x, 3) as (1, rows, columns, channels), 0 to 1.

    The whole image is squashed to the size, first to ``prepared_size`` when it is larger than that,
    as the training images were. Colour becomes grey by its luma (ITU-R BT.601) where one channel is
    wanted; grey is repeated where three are.
    """
    pixels = squashed(display, spec)
    if spec.channels == 1:
        pixels = pixels[..., None]
    return unit(pixels[None])


def unit(pixels: Pixels) -> NDArray[np.float32]:
    """0 to 255 as 0 to 1, same shape."""
    return np.asarray(pixels, dtype=np.float32) / np.float32(255)


def squashed(display: Pixels, spec: InputSpec) -> Pixels:
    """``display`` in the network's size, (rows, columns) or (rows, columns, 3), still 0 to 255."""
    picture = Picture.fromarray(display).convert("L" if spec.channels == 1 else "RGB")
    prepared = (spec.prepared_size[1], spec.prepared_size[0]) if spec.prepared_size else None
    if prepared and picture.size != prepared and min(picture.size) > min(prepared):
        picture = picture.resize(prepared, BILINEAR)
    return np.asarray(picture.resize((spec.size[1], spec.size[0]), BILINEAR))


def region_inputs(
    grey: Pixels, box: Box, crop_size: int, slice_size: int, margin: float = 1.8
) -> tuple[Pixels, Pixels]:
    """What a two-eyed network sees of a region, 0 to 255.

    Parameters
    ----------
    grey : (y, x), the whole slice.
    margin : side of the crop as a multiple of the box's longer side.

    Returns
    -------
    crop : (crop_size, crop_size), the square around the region; black where it leaves the slice.
    whole : (slice_size, slice_size, 2), the slice and the filled box.
    """
    picture = Picture.fromarray(grey)
    top, left, bottom, right = crop_box(box, margin)
    crop = picture.transform((crop_size, crop_size), Picture.Transform.EXTENT, (left, top, right, bottom), BILINEAR)
    whole = np.zeros((slice_size, slice_size, 2), dtype=np.uint8)
    whole[..., 0] = np.asarray(picture.resize((slice_size, slice_size), BILINEAR))
    rows, columns = np.array(box[::2]) * slice_size / grey.shape[0], np.array(box[1::2]) * slice_size / grey.shape[1]
    whole[int(rows[0]) : int(np.ceil(rows[1])), int(columns[0]) : int(np.ceil(columns[1])), 1] = 255
    return np.asarray(crop), whole


def crop_box(box: Box, margin: float = 1.8) -> tuple[float, float, float, float]:
    """The square (top, left, bottom, right) of ``margin`` times the box's longer side about its centre."""
    top, left, bottom, right = box
    half = margin * max(bottom - top, right - left) / 2
    y, x = (top + bottom) / 2, (left + right) / 2
    return y - half, x - half, y + half, x + half

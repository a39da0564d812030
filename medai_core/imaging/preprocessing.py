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


BRIGHT_BACKGROUND = 75
"""The median luma from which a microscope image has a bright background; fluorescence in the set of
10.1038/s41592-019-0612-7 has at most 43, stained tissue at least 104."""
LEAST_RANGE = 16
"""The fewest grey levels that are stretched over the whole range: an empty field must not become one of objects."""


def stretched(display: Pixels) -> Pixels:
    """A microscope image with what is stained bright on dark and over the whole range, (y, x, 3), 0 to 255.

    A bright background is inverted and each colour stretched by itself, which takes away what stains and lamps
    differ in. On a dark one the brightest colour stands for all three, since a fluorescence that is shown in
    blue would all but vanish in luma, and a square root lifts dim objects beside bright ones.

    Parameters
    ----------
    display : (y, x) or (y, x, 3), 0 to 255. The range is that of the whole image, so tiles are cut afterwards.
    """
    picture = Picture.fromarray(display)
    step = max(1, int(np.sqrt(display.shape[0] * display.shape[1] / 1e6)))
    colours = np.asarray(picture.convert("RGB"))
    if np.median(np.asarray(picture.convert("L"))[::step, ::step]) >= BRIGHT_BACKGROUND:
        return np.stack([_ranged(255 - colours[..., k], step) for k in range(3)], axis=-1)
    return np.repeat(_ranged(colours.max(axis=-1), step, power=0.5)[..., None], 3, axis=-1)


def _ranged(grey: Pixels, step: int, power: float = 1.0) -> Pixels:
    """``grey`` (y, x) with its 0.5 and 99.8 % quantiles at 0 and 255."""
    low, high = np.quantile(grey[::step, ::step], (0.005, 0.998))
    share = np.clip((np.arange(256) - low) / max(float(high - low), LEAST_RANGE), 0, 1)
    return np.asarray(np.round(255 * share**power).astype(np.uint8)[grey])


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

"""Random changes to training images, and the degradations under which a model is measured again."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageChops, ImageFilter, ImageOps

from medai_core.imaging.regions import Box

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Augmentation:
    """How far a training image may be changed; every range is symmetrical around "unchanged".

    Attributes
    ----------
    rotation_degrees, shift (share of the size), zoom (factor - 1), stretch (factor - 1, of one axis).
    contrast (factor - 1), brightness (share of full scale).
    flip, invert, degrade, grey, border : probabilities; ``degrade`` is loss of resolution, JPEG and noise.
    """

    rotation_degrees: float = 8
    shift: float = 0.06
    zoom: float = 0.12
    stretch: float = 0.06
    contrast: float = 0.25
    brightness: float = 0.1
    flip: float = 0.5
    invert: float = 0.0
    degrade: float = 0.35
    grey: float = 0.0
    border: float = 0.0


def augment(pixels: Pixels, size: tuple[int, int], how: Augmentation, rng: np.random.Generator) -> Pixels:
    """``pixels`` (y, x) or (y, x, 3), changed at random, as (rows, columns) of ``size``."""
    picture = Picture.fromarray(pixels)
    if rng.random() < how.degrade:
        picture = degraded(picture, rng)
    picture = _warped(picture, size, how, rng)
    picture = _recoloured(picture, how, rng)
    if rng.random() < how.border:
        picture = _bordered(picture, rng)
    return np.asarray(picture)


def degraded(picture: Picture.Image, rng: np.random.Generator) -> Picture.Image:
    """Loss of resolution (down to a third), noise, blur and JPEG at quality 20 to 90, each at random; same size."""
    size = picture.size
    if rng.random() < 0.6:
        factor = rng.uniform(0.33, 1.0)
        small = (max(24, round(size[0] * factor)), max(24, round(size[1] * factor)))
        picture = picture.resize(small, Picture.Resampling.BILINEAR).resize(size, Picture.Resampling.BILINEAR)
    if rng.random() < 0.3:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.2)))
    if rng.random() < 0.5:
        noise = rng.normal(0, rng.uniform(1, 10), (size[1], size[0], len(picture.getbands()))).squeeze()
        picture = Picture.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))
    if rng.random() < 0.7:
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=int(rng.integers(20, 90)))
        picture = Picture.open(stream)
        picture.load()
    return picture


def degrade(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Damage for measuring: ``degraded``, a crop or border of up to 6 %, brightness up to 12 %, contrast up to 15 %."""
    picture = degraded(Picture.fromarray(pixels), rng)
    width, height = picture.size
    edges = rng.uniform(-0.06, 0.06, 4) * (width, height, width, height)
    box = (round(edges[0]), round(edges[1]), width + round(edges[2]), height + round(edges[3]))
    picture = picture.crop(box).resize((width, height), Picture.Resampling.BILINEAR)
    return np.asarray(
        picture.point(_tone(1 + rng.uniform(-0.15, 0.15), rng.uniform(-0.12, 0.12), bands=len(picture.getbands())))
    )


def _warped(
    picture: Picture.Image, size: tuple[int, int], how: Augmentation, rng: np.random.Generator
) -> Picture.Image:
    rows, columns = size
    angle = np.deg2rad(rng.uniform(-how.rotation_degrees, how.rotation_degrees))
    zoom = np.exp(rng.uniform(-how.zoom, how.zoom))
    stretch = np.exp(rng.uniform(-how.stretch, how.stretch))
    mirror = -1.0 if rng.random() < how.flip else 1.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    # The map goes from output to input pixels, both measured from their centres.
    scale_in = np.diag([picture.size[0] / columns, picture.size[1] / rows])
    matrix = scale_in @ turn @ np.diag([zoom * stretch * mirror, zoom / stretch])
    centre_in = np.array(picture.size) / 2 + rng.uniform(-how.shift, how.shift, 2) * picture.size
    offset = centre_in - matrix @ np.array([columns / 2, rows / 2])
    data = (matrix[0, 0], matrix[0, 1], offset[0], matrix[1, 0], matrix[1, 1], offset[1])
    return picture.transform((columns, rows), Picture.Transform.AFFINE, data, Picture.Resampling.BILINEAR)


def _recoloured(picture: Picture.Image, how: Augmentation, rng: np.random.Generator) -> Picture.Image:
    if rng.random() < how.grey:
        picture = picture.convert("L").convert(picture.mode)
    contrast = np.exp(rng.uniform(-how.contrast, how.contrast))
    picture = picture.point(
        _tone(contrast, rng.uniform(-how.brightness, how.brightness), bands=len(picture.getbands()))
    )
    return ImageChops.invert(picture) if rng.random() < how.invert else picture


def _tone(contrast: float, brightness: float, *, bands: int) -> list[int]:
    """A look-up table: contrast around the middle, then brightness as a share of full scale."""
    table = np.clip((np.arange(256) - 127.5) * contrast + 127.5 + 255 * brightness, 0, 255).astype(int).tolist()
    return list(table) * bands


def _bordered(picture: Picture.Image, rng: np.random.Generator) -> Picture.Image:
    """The picture smaller inside a black, white or grey border, as screenshots and exports have it."""
    width, height = picture.size
    margins = (rng.uniform(0, 0.15, 4) * (width, height, width, height)).astype(int)
    shade = (0, 255, int(rng.integers(0, 256)))[int(rng.integers(3))]
    inner = picture.resize(
        (width - margins[0] - margins[2], height - margins[1] - margins[3]), Picture.Resampling.BILINEAR
    )
    colour = (shade,) * len(picture.getbands())
    return ImageOps.expand(inner, border=tuple(int(m) for m in margins), fill=colour if len(colour) > 1 else shade)


def jittered(box: Box, size: int, rng: np.random.Generator) -> Box:
    """The box moved by up to 12 % of its size and scaled by up to a quarter, kept in a square image."""
    top, left, bottom, right = box
    height, width = (bottom - top) * np.exp(rng.uniform(-0.22, 0.22)), (right - left) * np.exp(rng.uniform(-0.22, 0.22))
    y = (top + bottom) / 2 + rng.uniform(-0.12, 0.12) * height
    x = (left + right) / 2 + rng.uniform(-0.12, 0.12) * width
    edges = np.clip(np.round([y - height / 2, x - width / 2, y + height / 2, x + width / 2]), 0, size).astype(int)
    return int(edges[0]), int(edges[1]), max(int(edges[2]), int(edges[0]) + 2), max(int(edges[3]), int(edges[1]) + 2)

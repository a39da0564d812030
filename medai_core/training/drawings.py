"""Pictures that are no scan: photographs that dependencies bundle, and drawings made here.

The router learns them as *other*. Some sources are kept for measuring only.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageDraw, ImageFilter, ImageFont

Pixels = NDArray[np.uint8]
Rng = np.random.Generator

PHOTOGRAPHS = (
    *(
        "astronaut.png",
        "camera.png",
        "motorcycle_left.png",
        "motorcycle_right.png",
        "color.png",
        "hubble_deep_field.jpg",
    ),
    *("moon.png", "brick.png", "grass.png", "gravel.png", "coins.png", "page.png", "text.png", "clock_motion.png"),
    *("horse.png", "logo.png", "chessboard_RGB.png", "retina.jpg", "microaneurysms.png", "cell.png", "china.jpg"),
)
"""Bundled pictures for training; ``ihc.png`` is left out, since it is stained tissue."""

UNSEEN_PHOTOGRAPHS = ("chelsea.png", "coffee.png", "rocket.jpg", "flower.jpg")
"""Bundled pictures that no recipe trains on: they measure *other* on new sources."""

WORDS = (
    "the",
    "risk",
    "of",
    "patient",
    "study",
    "left",
    "image",
    "reading",
    "dose",
    "month",
    "normal",
    "table",
    "report",
    "value",
    "heart",
    "blood",
    "age",
    "result",
)


def photograph(name: str) -> Pixels:
    """A picture bundled with scikit-image or scikit-learn, (y, x, 3)."""
    import skimage
    import sklearn

    for folder in (Path(skimage.__file__).parent / "data", Path(sklearn.__file__).parent / "datasets/images"):
        if (folder / name).exists():
            return np.asarray(Picture.open(folder / name).convert("RGB"))
    raise FileNotFoundError(name)


def crop(pixels: Pixels, size: int, rng: Rng) -> Pixels:
    """A random square of 20 to 100 % of the picture's shorter side, (size, size, 3)."""
    side = int(min(pixels.shape[:2]) * rng.uniform(0.2, 1.0))
    top, left = (int(rng.integers(0, n - side + 1)) for n in pixels.shape[:2])
    piece = Picture.fromarray(pixels[top : top + side, left : left + side])
    return np.asarray(piece.resize((size, size), Picture.Resampling.BILINEAR))


def draw_other(size: int, rng: Rng, *, unseen: bool = False) -> Pixels:
    """One drawing of a random family, (size, size, 3); ``unseen`` takes the families kept for measuring."""
    families = UNSEEN_FAMILIES if unseen else FAMILIES
    return np.asarray(families[int(rng.integers(len(families)))](size, rng).convert("RGB"))


def _shade(rng: Rng) -> tuple[int, int, int]:
    colour = rng.integers(0, 256, 3) if rng.random() < 0.5 else np.repeat(rng.integers(0, 256), 3)
    return int(colour[0]), int(colour[1]), int(colour[2])


def _page(size: int, rng: Rng) -> Picture.Image:
    paper, ink = ((250, 250, 248), (20, 20, 20)) if rng.random() < 0.75 else (_shade(rng), _shade(rng))
    picture = Picture.new("RGB", (size, size), paper)
    pen = ImageDraw.Draw(picture)
    points = float(rng.uniform(5, 18))
    font = ImageFont.load_default(points)
    left = int(rng.integers(2, 20))
    for y in range(int(rng.integers(0, 20)), size, int(points * 1.4) + 1):
        if rng.random() < 0.88:
            pen.text((left, y), " ".join(rng.choice(WORDS, 12)), fill=ink, font=font)
    return picture


def _screen(size: int, rng: Rng) -> Picture.Image:
    picture = Picture.new("RGB", (size, size), _shade(rng))
    pen = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(3, 14))):
        x, y = rng.integers(-10, size, 2)
        box = (int(x), int(y), int(x + rng.integers(8, size)), int(y + rng.integers(4, size // 2)))
        pen.rounded_rectangle(box, radius=int(rng.integers(0, 8)), fill=_shade(rng), outline=_shade(rng))
        pen.text(
            (box[0] + 3, box[1] + 2),
            " ".join(rng.choice(WORDS, 3)),
            fill=_shade(rng),
            font=ImageFont.load_default(float(rng.uniform(5, 12))),
        )
    return picture


def _noise(size: int, rng: Rng) -> Picture.Image:
    cells = int(rng.choice([size, size, size // 2, size // 4, 16, 8]))
    bands = 3 if rng.random() < 0.4 else 1
    field = rng.normal(rng.uniform(40, 215), rng.uniform(5, 90), (cells, cells, bands))
    if rng.random() < 0.3:
        field = np.asarray(rng.integers(0, 2, (cells, cells, bands)) * 255.0, dtype=np.float64)
    pixels = np.repeat(np.clip(field, 0, 255).astype(np.uint8), 3 // bands, axis=2)
    method = Picture.Resampling.NEAREST if rng.random() < 0.4 else Picture.Resampling.BICUBIC
    return Picture.fromarray(pixels).resize((size, size), method)


def _clouds(size: int, rng: Rng) -> Picture.Image:
    """Noise of several scales added up: smoke, marble, blurred anatomy-like shadows."""
    field = np.zeros((size, size))
    for octave in range(1, 7):
        cells = 2**octave
        layer = Picture.fromarray(rng.normal(0, 1, (cells, cells)).astype(np.float32))
        field += np.asarray(layer.resize((size, size), Picture.Resampling.BICUBIC)) / 2 ** (
            octave * rng.uniform(0.4, 1.0)
        )
    low, high = np.quantile(field, (rng.uniform(0, 0.4), rng.uniform(0.9, 1.0)))
    return Picture.fromarray((np.clip((field - low) / (high - low), 0, 1) * 255).astype(np.uint8))


def _shapes(size: int, rng: Rng) -> Picture.Image:
    picture = Picture.new("RGB", (size, size), (0, 0, 0) if rng.random() < 0.4 else _shade(rng))
    pen = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(1, 12))):
        x, y = rng.integers(-20, size, 2)
        box = (int(x), int(y), int(x + rng.integers(4, size)), int(y + rng.integers(4, size)))
        kind = int(rng.integers(4))
        if kind == 0:
            pen.ellipse(box, fill=_shade(rng), outline=_shade(rng), width=int(rng.integers(1, 6)))
        elif kind == 1:
            pen.rectangle(
                box,
                fill=_shade(rng) if rng.random() < 0.5 else None,
                outline=_shade(rng),
                width=int(rng.integers(1, 6)),
            )
        elif kind == 2:
            pen.polygon(
                [(int(a), int(b)) for a, b in rng.integers(0, size, (int(rng.integers(3, 7)), 2))], fill=_shade(rng)
            )
        else:
            pen.line(
                [(int(a), int(b)) for a, b in rng.integers(0, size, (int(rng.integers(2, 6)), 2))],
                fill=_shade(rng),
                width=int(rng.integers(1, 8)),
            )
    return picture.filter(ImageFilter.GaussianBlur(rng.uniform(0, 3))) if rng.random() < 0.4 else picture


def _chart(size: int, rng: Rng) -> Picture.Image:
    ground, ink = ((255, 255, 255), (30, 30, 30)) if rng.random() < 0.6 else (_shade(rng), _shade(rng))
    picture = Picture.new("RGB", (size, size), ground)
    pen = ImageDraw.Draw(picture)
    pen.line([(12, 4), (12, size - 12), (size - 4, size - 12)], fill=ink)
    steps = int(rng.integers(4, 40))
    for _ in range(int(rng.integers(1, 4))):
        heights = np.clip(np.cumsum(rng.normal(0, 8, steps)) + rng.uniform(20, size - 20), 4, size - 12)
        xs = np.linspace(12, size - 4, steps)
        if rng.random() < 0.4:
            for x, h in zip(xs, heights, strict=True):
                pen.rectangle((int(x), int(h), int(x + size / steps / 2), size - 12), fill=_shade(rng))
        else:
            pen.line(
                [(int(x), int(h)) for x, h in zip(xs, heights, strict=True)],
                fill=_shade(rng),
                width=int(rng.integers(1, 4)),
            )
    return picture


def _gradient(size: int, rng: Rng) -> Picture.Image:
    """A blank, a ramp, a disc of light, or stripes."""
    y, x = (np.mgrid[0:size, 0:size] / size - 0.5).astype(np.float64)
    angle, kind = rng.uniform(0, 2 * np.pi), int(rng.integers(4))
    ramp = np.cos(angle) * x + np.sin(angle) * y
    field = (np.zeros_like(x), ramp, -np.hypot(x, y), np.sin(ramp * rng.uniform(10, 120)) / 2)[kind]
    return Picture.fromarray(np.clip(rng.uniform(0, 255) + field * rng.uniform(50, 500), 0, 255).astype(np.uint8))


def _head_like(size: int, rng: Rng) -> Picture.Image:
    """An oval of smoke on black: near a scan in its outline, and none."""
    mask = Picture.new("L", (size, size))
    cx, cy, a, b = (
        size * rng.uniform(0.35, 0.65),
        size * rng.uniform(0.35, 0.65),
        size * rng.uniform(0.1, 0.45),
        size * rng.uniform(0.1, 0.45),
    )
    ImageDraw.Draw(mask).ellipse((cx - a, cy - b, cx + a, cy + b), fill=255)
    inside = (_clouds, _noise, _shapes, _gradient)[int(rng.integers(4))](size, rng).convert("RGB")
    return Picture.composite(inside, Picture.new("RGB", (size, size), (int(rng.integers(0, 25)),) * 3), mask)


def _barcode(size: int, rng: Rng) -> Picture.Image:
    bars = np.repeat(rng.integers(0, 2, size), rng.integers(1, 6, size))[:size].astype(np.uint8) * 255
    return Picture.fromarray(np.tile(bars, (size, 1))).rotate(float(rng.choice([0, 90])))


def _spiral(size: int, rng: Rng) -> Picture.Image:
    picture = Picture.new("RGB", (size, size), _shade(rng))
    turns = np.linspace(0, rng.uniform(8, 60), 600)
    radius = turns / turns.max() * size / 2
    points = [
        (int(size / 2 + r * np.cos(t)), int(size / 2 + r * np.sin(t))) for t, r in zip(turns, radius, strict=True)
    ]
    ImageDraw.Draw(picture).line(points, fill=_shade(rng), width=int(rng.integers(1, 5)))
    return picture


def _tiles(size: int, rng: Rng) -> Picture.Image:
    cells = int(rng.integers(3, 24))
    board = rng.integers(0, 256, (cells, cells, 3)).astype(np.uint8)
    return Picture.fromarray(board).resize((size, size), Picture.Resampling.NEAREST)


Family = Callable[[int, Rng], Picture.Image]
FAMILIES: tuple[Family, ...] = (_page, _screen, _noise, _clouds, _shapes, _chart, _gradient, _head_like)
UNSEEN_FAMILIES: tuple[Family, ...] = (_barcode, _spiral, _tiles)


def draw_film(label: int, rng: Rng) -> Pixels:
    """A grey gradient with a bright patch for the second label: a film for a recipe's smoke run."""
    y, x = np.mgrid[0:64, 0:64]
    picture = rng.normal(0, 8, (64, 64)) + 90 + y / 2
    picture[20:44, 10:30] += 70 * label
    return np.asarray(np.clip(picture + x / 4, 0, 255).astype(np.uint8))

"""Examples that are no one's: draws from the main components of many images, marked SYNTHETIC."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageDraw, PngImagePlugin

from medai_core.cards import Card
from medai_core.evaluation import Answer
from medai_core.imaging.segmentation import Outliner
from medai_core.training.recipes import say

Pixels = NDArray[np.uint8]


def draw_from_components(
    pixels: Pixels, rng: np.random.Generator, *, components: int = 40, spread: float = 0.8
) -> Callable[[], Pixels]:
    """Draws of images that are no one's: the mean of at least 200 plus random multiples of their main components.

    Parameters
    ----------
    pixels : (n, rows, columns) or (n, rows, columns, 3).

    Returns
    -------
    A function that gives one new image of that shape a call.
    """
    if len(pixels) < 200:
        raise ValueError(f"{len(pixels)} images are too few to draw from; 200 are needed")
    flat = pixels.reshape(len(pixels), -1).astype(np.float32)
    mean = flat.mean(axis=0)
    _, singular, directions = np.linalg.svd(flat - mean, full_matrices=False)
    scale = singular[:components] / np.sqrt(len(flat) - 1)

    def draw() -> Pixels:
        picture = mean + (rng.normal(0, spread, components) * scale) @ directions[:components]
        return np.asarray(np.clip(picture, 0, 255).astype(np.uint8).reshape(pixels.shape[1:]))

    return draw


def write_example(
    pixels: Pixels, path: Path, shade: int = 150, *, drawn: str = "drawn from a principal-component model"
) -> None:
    """A drawn image as PNG, marked SYNTHETIC in a corner, in grey of this shade, and in the file's own words.

    Parameters
    ----------
    drawn : those words: how it was drawn.
    """
    picture = Picture.fromarray(pixels)
    ImageDraw.Draw(picture).text(
        (3, picture.size[1] - 12), "SYNTHETIC", fill=shade if picture.mode == "L" else (shade,) * 3
    )
    words = PngImagePlugin.PngInfo()
    words.add_text("Description", f"SYNTHETIC: {drawn}; no patient's image")
    picture.save(path, "PNG", pnginfo=words, optimize=True)


def write_accepted(
    pixels: Pixels,
    answer: Answer,
    label: int,
    folder: Path,
    stem: str,
    rng: np.random.Generator,
    *,
    count: int = 2,
    finish: Callable[[Pixels], Pixels] = lambda drawn: drawn,
    shade: int = 150,
) -> None:
    """``count`` images drawn from the components of ``pixels`` that the model accepts and calls ``label``.

    Parameters
    ----------
    finish : what is done to a drawn image; shade : the grey of the mark in its corner.
    """
    draw = draw_from_components(pixels, rng)
    written = 0
    for _ in range(400):
        path = folder / f"{stem}_{written + 1}.png"
        write_example(finish(draw()), path, shade)
        p, refused = answer(path.read_bytes())
        written += int(p is not None and not refused and int(p.argmax()) == label)
        if written == count:
            return
    path.unlink()
    say(f"{stem}: only {written} of 400 draws were accepted")


def write_expected(card: Card, answer: Answer, folder: Path) -> None:
    """``expected.json``: what the model must return for its examples."""
    names = [finding.name for finding in card.findings]
    expected = {}
    for path in sorted(folder.glob("example*.png")):
        p, refused = answer(path.read_bytes())
        expected[path.name] = {
            "refused": refused,
            "probabilities": dict(zip(names, [round(float(v), 5) for v in p], strict=True)),
        }
    text = json.dumps({"tolerance": 0.001, "examples": expected}, indent=1)
    (folder / "expected.json").write_text(text + "\n", encoding="utf-8")


def write_outlined(
    draws: Mapping[str, Callable[[], Pixels]],
    answer: Outliner,
    folder: Path,
    *,
    drawn: str = "drawn from a principal-component model",
) -> None:
    """One image a stem, drawn until the model outlines something in it, and ``expected.json``: what it outlines.

    Parameters
    ----------
    draws : from the stem of a file to what draws it; drawn : how, in the file's own words.
    """
    expected = dict[str, Any]()
    for stem, draw in draws.items():
        path = folder / f"{stem}.png"
        for _ in range(400):
            write_example(draw(), path, drawn=drawn)
            found, refused = answer(path.read_bytes())
            if not refused:
                expected[path.name] = {
                    "refused": False,
                    "count": int(found.labels.max()),
                    "area_px": int((found.labels > 0).sum()),
                    "greatest_probability": round(float(found.probability.max()), 4),
                }
                break
        else:
            path.unlink()
            say(f"{stem}: none of 400 draws was accepted")
    text = json.dumps({"tolerance": 0.001, "area_tolerance": 0.02, "examples": expected}, indent=1)
    (folder / "expected.json").write_text(text + "\n", encoding="utf-8")

"""Synthetic images as PNG, which say in words and, unless they are asked not to, in their pixels what they are."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import PngImagePlugin

from medai_core.imaging.images import read_image
from medai_core.imaging.images.synthetic import WORD, mark
from medai_core.imaging.synthesis.model import Synthetic


def as_png(image: Synthetic, *, marked: bool = True) -> bytes:
    """The image as a grey PNG; the same image gives the same bytes.

    Parameters
    ----------
    marked : whether SYNTHETIC also stands in a corner of the pixels; the file's texts always say it.
    """
    return _png(mark(image.pixels) if marked else image.pixels, image, "made by a generative network")


def outline_png(image: Synthetic) -> bytes | None:
    """The outline as PNG in the size of the image, 255 where it is; None where the model outlines nothing."""
    if image.outline is None:
        return None
    return _png(np.where(image.outline, 255, 0).astype(np.uint8), image, "an outline made by a generative network")


def _png(pixels: NDArray[np.uint8], image: Synthetic, how: str) -> bytes:
    words = PngImagePlugin.PngInfo()
    words.add_text("Description", f"{WORD}: {how}; no patient's image")
    words.add_text("Source", f"{WORD} {image.model} {image.version}, {image.label}, {drawn_from(image)}")
    stream = BytesIO()
    Picture.fromarray(pixels).save(stream, "PNG", pnginfo=words, optimize=True)
    return stream.getvalue()


def drawn_from(image: Synthetic) -> str:
    """What the image was drawn from."""
    return f"seed {image.seed}, number {image.number}"


def name_of(image: Synthetic) -> str:
    """How the image's files are called, without what tells their format."""
    return f"{image.model}_{image.label}_{image.seed}_{image.number:04d}"


def is_synthetic(data: bytes) -> bool:
    """Whether a file says of itself, in its words or by the mark in its pixels, that a program made it.

    Raises
    ------
    ImageError : the bytes are no scan that can be read.
    """
    return read_image(data).synthetic

"""Whether an image says of itself that a program made it: by words in its file, or by a mark in its pixels.

The mark is the word SYNTHETIC in white on a dark plate in the lower left corner, in letters of this module's own,
so that it looks the same whatever is installed and is found again where the file's words were lost.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

Pixels = NDArray[np.uint8]

WORD = "SYNTHETIC"
SIDE = 128
"""The side of an image that the letters are drawn for; in a larger one they are larger."""
PLATE, INK = 16, 235
"""The greys of the plate and of the letters."""
CORRELATION = 0.8
"""From which correlation with the drawn mark, or with its negative, a corner is taken for it: marks kept as JPEG of
quality 20 or enlarged up to eight times had 0.93 to 1, and of 4,000 films, slices and drawings none had 0.3."""
LETTERS = {
    "S": (".####", "#....", "#....", ".###.", "....#", "....#", "####."),
    "Y": ("#...#", "#...#", ".#.#.", "..#..", "..#..", "..#..", "..#.."),
    "N": ("#...#", "##..#", "#.#.#", "#.#.#", "#..##", "#...#", "#...#"),
    "T": ("#####", "..#..", "..#..", "..#..", "..#..", "..#..", "..#.."),
    "H": ("#...#", "#...#", "#...#", "#####", "#...#", "#...#", "#...#"),
    "E": ("#####", "#....", "#....", "####.", "#....", "#....", "#####"),
    "I": ("###", ".#.", ".#.", ".#.", ".#.", ".#.", "###"),
    "C": (".####", "#....", "#....", "#....", "#....", "#....", ".####"),
}


def _drawn() -> Pixels:
    """The word on its plate, (11, 55)."""
    rows = [".".join(LETTERS[sign][row] for sign in WORD) for row in range(7)]
    signs = np.array([[sign == "#" for sign in row] for row in rows])
    return np.pad(np.where(signs, INK, PLATE).astype(np.uint8), 2, constant_values=PLATE)


MARK = _drawn()


def mark(pixels: Pixels) -> Pixels:
    """A copy of a square image, (y, x), with the mark; one of less than ``SIDE`` has no room for it and stays plain."""
    made, side = pixels.copy(), len(pixels)
    if side >= SIDE:
        rows, columns = _size(side)
        drawn = Picture.fromarray(MARK).resize((columns, rows), Picture.Resampling.NEAREST)
        made[-rows:, :columns] = np.asarray(drawn)
    return made


def _size(side: int) -> tuple[int, int]:
    """The rows and columns of the mark in an image of that side."""
    return round(side * MARK.shape[0] / SIDE), round(side * MARK.shape[1] / SIDE)


def is_marked(display: Pixels) -> bool:
    """Whether the mark stands in the corner of an image, (y, x) or (y, x, 3), a square of any size from ``SIDE`` on."""
    side = display.shape[0]
    if side != display.shape[1] or side < SIDE:
        return False
    rows, columns = _size(side)
    corner = display[-rows:, :columns]
    small = Picture.fromarray(np.ascontiguousarray(corner)).convert("L")
    seen = np.asarray(small.resize((MARK.shape[1], MARK.shape[0]), Picture.Resampling.BOX), np.float64)
    if np.ptp(seen) < (INK - PLATE) / 2:
        return False
    return bool(abs(np.corrcoef(seen.ravel(), MARK.astype(np.float64).ravel())[0, 1]) >= CORRELATION)


def says_synthetic(words: Iterable[object]) -> bool:
    """Whether one of a file's texts begins with the word, as all that this program writes do."""
    return any(isinstance(said, str) and said.lstrip().startswith(WORD) for said in words)

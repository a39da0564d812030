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
"""The side of an image that the letters are drawn for; a larger one has them as many times larger as it holds this."""
PLATE, INK = 16, 235
"""The greys of the plate and of the letters."""
CORRELATION = 0.8
"""From which correlation with the drawn mark a corner is taken for it: an enlarged JPEG of quality 40 has 0.93, and
no corner without the mark that was tried has more than 0.5."""
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
    """A copy of ``pixels``, (y, x), with the mark; an image too small for it stays as it is."""
    times = max(1, min(pixels.shape) // SIDE)
    drawn = np.kron(MARK, np.ones((times, times), np.uint8))
    made = pixels.copy()
    if pixels.shape[0] >= drawn.shape[0] and pixels.shape[1] >= drawn.shape[1]:
        made[-drawn.shape[0] :, : drawn.shape[1]] = drawn
    return made


def is_marked(display: Pixels) -> bool:
    """Whether the mark stands in the corner of an image, (y, x) or (y, x, 3), of any size that is square."""
    if display.shape[0] != display.shape[1] or display.shape[0] < SIDE:
        return False
    corner = display[-max(1, round(display.shape[0] * MARK.shape[0] / SIDE)) :, :][
        :, : max(1, round(display.shape[1] * MARK.shape[1] / SIDE))
    ]
    small = Picture.fromarray(np.ascontiguousarray(corner)).convert("L")
    seen = np.asarray(small.resize((MARK.shape[1], MARK.shape[0]), Picture.Resampling.BOX), np.float64)
    if np.ptp(seen) < (INK - PLATE) / 2:
        return False
    return bool(np.corrcoef(seen.ravel(), MARK.astype(np.float64).ravel())[0, 1] >= CORRELATION)


def says_synthetic(words: Iterable[object]) -> bool:
    """Whether one of a file's texts begins with the word, as all that this program writes do."""
    return any(isinstance(said, str) and said.lstrip().startswith(WORD) for said in words)

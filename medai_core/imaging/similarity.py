"""Similar cases as statistics: how the training images around this one were labelled.

No training image is shipped. The training images are divided by where the network's embedding puts them into
neighbourhoods of many patients each; of a neighbourhood, its middle and the counts of its labels are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

LEAST = 10
"""The fewest groups (patients, exams or blocks) that a neighbourhood is made of."""


@dataclass(frozen=True)
class Similar:
    """How the training images nearest to this one were labelled.

    Attributes
    ----------
    counts : training images by the finding's name; groups : how many patients, exams or blocks they are of.
    """

    counts: dict[str, int]
    groups: int

    @property
    def n(self) -> int:
        """How many training images."""
        return sum(self.counts.values())


@dataclass(frozen=True, eq=False)
class Neighbourhoods:
    """Where the training images lie, as far as may be told.

    Attributes
    ----------
    middle : (k, dimensions) float32, the mean embedding of each neighbourhood.
    counts : (k, classes) its images by class; groups : (k,) its patients, exams or blocks.
    """

    middle: NDArray[np.float32]
    counts: NDArray[np.int64]
    groups: NDArray[np.int64]

    def nearest(self, embedding: NDArray[np.floating], names: tuple[str, ...]) -> Similar:
        """The neighbourhood whose middle is nearest to ``embedding`` (dimensions,), its classes by ``names``."""
        k = int(np.linalg.norm(self.middle - np.asarray(embedding, np.float32), axis=1).argmin())
        return Similar(dict(zip(names, map(int, self.counts[k]), strict=True)), int(self.groups[k]))


def divided(
    embedding: NDArray[np.floating], label: NDArray[np.integer], group: NDArray[np.integer], classes: int
) -> Neighbourhoods:
    """The neighbourhoods of the training images: halved along their widest direction while both halves are large.

    A half is large enough with ``LEAST`` groups and twice as many images. The halves are of equal size, so a
    neighbourhood is small where images lie close.

    Parameters
    ----------
    embedding : (n, dimensions); label : (n,), 0 to ``classes`` - 1; group : (n,).
    """
    points = np.asarray(embedding, np.float64)
    leaves, open_parts = [], [np.arange(len(points))]
    while open_parts:
        part = open_parts.pop()
        spread = points[part] - points[part].mean(axis=0)
        along = spread @ np.linalg.svd(spread, full_matrices=False)[2][0]
        order = part[np.argsort(along, kind="stable")]
        halves = order[: len(order) // 2], order[len(order) // 2 :]
        if all(len(half) >= 2 * LEAST and len(np.unique(group[half])) >= LEAST for half in halves):
            open_parts += halves
        else:
            leaves.append(part)
    return Neighbourhoods(
        np.stack([points[leaf].mean(axis=0) for leaf in leaves]).astype(np.float32),
        np.stack([np.bincount(label[leaf], minlength=classes) for leaf in leaves]).astype(np.int64),
        np.array([len(np.unique(group[leaf])) for leaf in leaves], np.int64),
    )


def write_neighbourhoods(found: Neighbourhoods, path: Path) -> None:
    """Into a file of plain arrays.

    Raises
    ------
    ValueError : a neighbourhood is of fewer than ``LEAST`` groups, and could tell of one person.
    """
    if int(found.groups.min(initial=LEAST)) < LEAST:
        raise ValueError(f"a neighbourhood of {int(found.groups.min())} groups; {LEAST} are needed")
    np.savez_compressed(path, middle=found.middle, counts=found.counts, groups=found.groups)


def read_neighbourhoods(path: Path) -> Neighbourhoods:
    """From a file of plain arrays; nothing in it can run."""
    with np.load(path, allow_pickle=False) as arrays:
        return Neighbourhoods(arrays["middle"], arrays["counts"], arrays["groups"])

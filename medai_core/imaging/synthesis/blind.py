"""A blind test: which of these images are real? Made of what a reader brings and what a model made, and scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medai_core.cards import InputSpec
from medai_core.errors import Message, SynthesisError
from medai_core.imaging.images import read_image
from medai_core.imaging.preprocessing import squashed
from medai_core.imaging.synthesis.drawing import MOST_SEED, synthesize
from medai_core.imaging.synthesis.model import SynthesisModel, Synthetic
from medai_core.metrics import wilson

LEVEL = 0.05
"""Answers that guessing gives less often than this are told from guessing."""
ELSEWHERE = 2**31
"""How far the seed of a test's images lies from the seed of the test."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Brought:
    """A real image that the reader brought.

    Attributes
    ----------
    name, sha256 : of the file. The name may name a person, so it leaves in no export.
    pixels : (y, x), prepared as the model's own images are.
    """

    name: str
    sha256: str
    pixels: Pixels


@dataclass(frozen=True, eq=False)
class Item:
    """One image of a test; ``brought`` where it is real, ``made`` where it is synthetic."""

    pixels: Pixels
    brought: Brought | None = None
    made: Synthetic | None = None

    @property
    def real(self) -> bool:
        """The truth."""
        return self.brought is not None


@dataclass(frozen=True, eq=False)
class BlindTest:
    """Images in the order in which they are shown; no mark in the pixels of any."""

    items: tuple[Item, ...]
    seed: int


@dataclass(frozen=True)
class Rate:
    """So many right of n, with the 95 % interval of the share (Wilson)."""

    right: int
    n: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The share that was right; nan of none."""
        return self.right / self.n if self.n else float("nan")


@dataclass(frozen=True)
class Score:
    """How well real was told from synthetic.

    Attributes
    ----------
    every, real, synthetic : answers that were right, of all images, of the real and of the synthetic ones.
    p : how often guessing goes as far with the truth as these answers, or farther: Fisher's exact test, two-sided.
        It holds however often the reader says "real", and however many of the images are.
    least_p : of answers that were all right; where it is not below ``LEVEL``, nothing could have been found.
    """

    every: Rate
    real: Rate
    synthetic: Rate
    p: float
    least_p: float

    @property
    def said(self) -> Message:
        """Whether this differs from guessing, in a sentence. It is about these images and this reader only."""
        if self.least_p >= LEVEL:
            return Message("blind.few", {"n": self.every.n})
        facts = {"p": "< 0.001" if self.p < 0.001 else f"= {self.p:.3f}"}
        if self.p >= LEVEL:
            return Message("blind.guessing", facts)
        better = self.real.share + self.synthetic.share > 1
        return Message("blind.better" if better else "blind.reversed", facts)


def bring(data: bytes, name: str, size: int, prepared: tuple[int, ...] = ()) -> Brought:
    """A file as an image of a test: the middle frame, grey, squashed to a square.

    Parameters
    ----------
    size : rows and columns of the model's images.
    prepared : the size that the model's training images had been squashed to before; empty where they had not.

    Raises
    ------
    SynthesisError : the file says of itself that it is synthetic, or its image is smaller than the model's.
    ImageError : it cannot be read as a scan.
    """
    image = read_image(data)
    if image.synthetic:
        raise SynthesisError("blind.synthetic")
    rows, columns = image.display.shape[:2]
    if min(rows, columns) < size:
        raise SynthesisError("blind.small", rows=rows, columns=columns, size=size)
    spec = InputSpec((size, size), channels=1, prepared_size=prepared)
    return Brought(name, image.sha256, squashed(image.display, spec))


def mixed_in(
    model: SynthesisModel,
    labels: Sequence[str],
    count: int,
    seed: int,
    progress: Callable[[float], None] | None = None,
) -> tuple[Synthetic, ...]:
    """The synthetic images of a test: ``count`` of them, as many of each label as can be.

    They come from another seed, so that whoever has made images of the same seed has not seen them.

    Raises
    ------
    SynthesisError : they cannot be made as asked.
    """
    images: list[Synthetic] = []
    for k, label in enumerate(labels):
        many = len(range(k, count, len(labels)))
        if many:
            images += synthesize(model, label, many, (seed + ELSEWHERE) % (MOST_SEED + 1)).images
        if progress is not None:
            progress(len(images) / count)
    return tuple(images)


def blind_test(brought: Sequence[Brought], made: Sequence[Synthetic], seed: int) -> BlindTest:
    """Both kinds of images in an order that hangs on the seed.

    Raises
    ------
    SynthesisError : there are none of one kind, or one file was brought twice.
    """
    if not brought or not made:
        raise SynthesisError("blind.none")
    if len({b.sha256 for b in brought}) < len(brought):
        raise SynthesisError("blind.twice")
    items = [Item(b.pixels, brought=b) for b in brought] + [Item(s.pixels, made=s) for s in made]
    order = np.random.default_rng(seed).permutation(len(items))
    return BlindTest(tuple(items[i] for i in order), seed)


def score(test: BlindTest, answers: Sequence[bool]) -> Score:
    """What the answers are worth; ``answers`` : one for each image in turn, True for "real".

    The table of truth and answers is tested by Fisher's exact test (Fisher 1935, The Design of Experiments, II: a lady
    tasting tea); shares have the interval of Wilson (JASA 1927).
    """
    if len(answers) != len(test.items):
        raise SynthesisError("blind.unanswered", missing=len(test.items) - len(answers))
    real = np.array([item.real for item in test.items])
    said = np.array(answers, dtype=bool)
    right = real == said
    p, least = _fisher(real, said), _fisher(real, real)
    return Score(_rate(right), _rate(right[real]), _rate(right[~real]), p, least)


def _fisher(real: NDArray[np.bool_], said: NDArray[np.bool_]) -> float:
    from scipy.stats import fisher_exact

    table = [
        [int((real & said).sum()), int((real & ~said).sum())],
        [int((~real & said).sum()), int((~real & ~said).sum())],
    ]
    return float(fisher_exact(table).pvalue)


def _rate(right: NDArray[np.bool_]) -> Rate:
    n, hits = len(right), int(right.sum())
    return Rate(hits, n, *wilson(hits / n if n else float("nan"), n))


def rows(test: BlindTest, answers: Sequence[bool]) -> list[dict[str, Any]]:
    """Each image with its truth and what was answered; real ones by the hash of their file, never by its name."""
    return [
        _row(number, item, answer) for number, (item, answer) in enumerate(zip(test.items, answers, strict=True), 1)
    ]


def _row(number: int, item: Item, answer: bool) -> dict[str, Any]:
    made = item.made
    return {
        "image": number,
        "truth": "real" if item.real else "synthetic",
        "answer": "real" if answer else "synthetic",
        "right": item.real == answer,
        "file_sha256": item.brought.sha256 if item.brought else None,
        "model": made.model if made else None,
        "version": made.version if made else None,
        "label": made.label if made else None,
        "seed": made.seed if made else None,
        "number": made.number if made else None,
    }


def as_plain(test: BlindTest, answers: Sequence[bool]) -> dict[str, Any]:
    """The whole test with its score, for JSON."""
    found = score(test, answers)
    shares = {
        name: {"right": rate.right, "n": rate.n, "share": rate.share, "low": rate.low, "high": rate.high}
        for name, rate in (("all", found.every), ("real", found.real), ("synthetic", found.synthetic))
    }
    return {
        "seed": test.seed,
        "score": shares,
        "interval": "95 %, Wilson",
        "p": found.p,
        "test": "Fisher, exact, two-sided",
        "said": found.said.text,
        "images": rows(test, answers),
    }

"""Several images of one thing that are read together: the files of a series, or the frames of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from medai_core.cards import Card
from medai_core.errors import ImageError, Message
from medai_core.imaging.applicability import Kind, header_refusal, kind_refusal, likeness_refusal
from medai_core.imaging.classification import (
    Classification,
    Finder,
    Networks,
    Together,
    classify_together,
    region_refusal,
)
from medai_core.imaging.images import Image, read_image

MOST = 256
"""Slices that are read together, at most; a nodule has some tens."""


@dataclass(frozen=True, eq=False)
class Slice:
    """One of several images; ``file`` is where it is from."""

    file: str
    image: Image


def slices_of(data: bytes, file: str) -> tuple[Slice, ...]:
    """Every frame of a file.

    Raises
    ------
    ImageError : the file cannot be read, or has more than ``MOST`` frames.
    """
    middle = read_image(data)
    if middle.frames > MOST:
        raise ImageError("image.too_many_slices", slices=middle.frames, most=MOST)
    frames = (middle if i == middle.frame else read_image(data, frame=i) for i in range(middle.frames))
    return tuple(Slice(file, image) for image in frames)


def slices_of_files(files: Iterable[tuple[str, bytes]]) -> tuple[Slice, ...]:
    """Every frame of several files, given by name and bytes.

    Raises
    ------
    ImageError : a file cannot be read, which it then names; or all have more than ``MOST`` frames together.
    """
    found: list[Slice] = []
    for file, data in files:
        try:
            found += slices_of(data, file)
        except ImageError as error:
            raise ImageError("image.slice", file=file, reason=(error.message,)) from error
        if len(found) > MOST:
            raise ImageError("image.too_many_slices", slices=len(found), most=MOST)
    return tuple(found)


@dataclass(frozen=True, eq=False)
class Look:
    """What a model says of slices together, and whether it applies to them.

    Attributes
    ----------
    place : the number of the slice that counts most, or of the first that is refused, with its ``kind``.
    refusal : why that one, or all together, rule the model out.
    """

    slices: tuple[Slice, ...]
    answer: Together
    place: int
    kind: Kind
    refusal: Message | None

    @property
    def shown(self) -> Slice:
        """The slice to show."""
        return self.slices[self.place]

    @property
    def notice(self) -> Message:
        """What the reader must know of how many slices were read."""
        if len(self.slices) == 1:
            return Message("notice.one_slice")
        facts = {"slice": self.place + 1, "slices": len(self.slices)}
        return Message("notice.slice_refused" if self.refusal else "notice.slices", facts)


def look(
    card: Card,
    networks: Networks,
    slices: tuple[Slice, ...],
    kind_of: Callable[[Image], Kind],
    find: Finder | None = None,
) -> Look:
    """Classify slices as one; the first that is refused refuses all of them."""
    answer = classify_together(card, networks, [s.image.display for s in slices], find)
    kinds = [kind_of(s.image) for s in slices]
    for i, (part, kind, each) in enumerate(zip(slices, kinds, answer.each, strict=True)):
        refusal = image_refusal(card, part.image, kind, each)
        if refusal is not None:
            return Look(slices, answer, i, kind, refusal)
    return Look(slices, answer, answer.leading, kinds[answer.leading], strangers_refusal(slices))


def image_refusal(card: Card, image: Image, kind: Kind, answer: Classification) -> Message | None:
    """Why a model does not apply to one image: its kind, what its file says, or its pixels; None where it applies."""
    return (
        kind_refusal(card, kind)
        or header_refusal(card, image)
        or region_refusal(answer)
        or likeness_refusal(card, image.display, answer.embedding)
    )


def strangers_refusal(slices: Sequence[Slice]) -> Message | None:
    """Why the slices cannot be of one thing: the files name several patients, or several series; else None.

    What a file is silent about contradicts nothing.
    """
    images = [s.image for s in slices]
    people = zip(*((i.patient.id, i.patient.name, i.patient.birth_date) for i in images), strict=True)
    if any(len(set(said) - {None}) > 1 for said in people):
        return Message("refusal.several_patients")
    return Message("refusal.several_series") if len({i.uids.series for i in images} - {None}) > 1 else None

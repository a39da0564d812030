"""A whole series read by one model, slice by slice: nothing but its numbers and outlines is kept of a slice."""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medai_core.cards import Card
from medai_core.catalog import WEIGHTS, Catalog
from medai_core.errors import ImageError, Message, ModelError
from medai_core.imaging.images import Image
from medai_core.imaging.series import Series
from medai_core.readings import IMAGE_TASKS, Question, Reading, cards_for, read_image_with
from medai_core.readings.answers import kind_of

Advance = Callable[[int, int], None]

NOTHING = "refusal.nothing_outlined"
"""The refusal of a slice that was read and shows nothing."""

THREADS = min(4, os.cpu_count() or 1)
"""In which networks answer; an interpreter leaves Python to others while it runs."""


@dataclass(frozen=True, eq=False)
class SliceAnswer:
    """What a model says of one slice.

    Attributes
    ----------
    number : of the slice in its series, from 0; ``file`` : where it is from.
    refusal : why it says nothing.
    probabilities : of the card's findings; none where refused, and where the model outlines instead.
    area_px : of what it outlined, 0 where nothing was; None for models that outline nothing.
    in_set : whether each finding is in the conformal set.
    """

    number: int
    file: str
    refusal: Message | None
    probabilities: tuple[float, ...]
    area_px: int | None
    in_set: tuple[bool, ...] = ()
    outlined: NDArray[np.uint8] | None = None
    """The outline's pixels, packed eight to a byte."""
    synthetic: bool = False
    """Whether a program made the slice, as its file says."""

    @property
    def unread(self) -> bool:
        """Whether the model says nothing of it."""
        return self.refusal is not None and self.refusal.id != NOTHING


@dataclass(frozen=True, eq=False)
class SeriesReading:
    """One model's answers to all slices of a series.

    Attributes
    ----------
    shape : slices, rows and columns. findings : the card's names, in its order.
    volume_ml : of all that was outlined, and so too small where slices are unread; None where voxels have no known
        size, where all are unread, and for models that outline nothing.
    level : of the conformal sets; None for models that outline.
    """

    model: str
    version: str
    weights_sha256: str
    findings: tuple[str, ...]
    shape: tuple[int, int, int]
    answers: tuple[SliceAnswer, ...]
    volume_ml: float | None
    notices: tuple[Message, ...]
    seconds: float
    level: float | None = None

    @property
    def outlines(self) -> bool:
        """Whether the model outlines."""
        return any(answer.area_px is not None for answer in self.answers)

    @property
    def unread(self) -> int:
        """Slices that the model says nothing of; one in which nothing stands out was read."""
        return sum(answer.unread for answer in self.answers)

    @property
    def refusals(self) -> tuple[tuple[Message, int], ...]:
        """Each reason for which slices were refused, and how many, the commonest first."""
        first = {a.refusal.id: a.refusal for a in reversed(self.answers) if a.refusal is not None}
        counts = Counter(a.refusal.id for a in self.answers if a.refusal is not None)
        return tuple((first[id], count) for id, count in counts.most_common())

    def most(self, finding: int) -> SliceAnswer | None:
        """The slice with the highest probability of a finding; None where all were refused."""
        read = [answer for answer in self.answers if answer.probabilities]
        return max(read, key=lambda a: a.probabilities[finding]) if read else None

    def labels(self) -> NDArray[np.uint8]:
        """(z, y, x): 1 where something was outlined."""
        made = np.zeros(self.shape, np.uint8)
        for answer in self.answers:
            if answer.outlined is not None:
                made[answer.number] = unpacked_mask(answer.outlined, self.shape[1:])
        return made


def unpacked_mask(packed: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """A slice's outline, (y, x): 1 where something was outlined."""
    return np.unpackbits(packed, count=shape[0] * shape[1]).reshape(shape)


def models_for(series: Series, models: Catalog, kind: str | None = None) -> tuple[str, tuple[Card, ...]]:
    """The kind of the series' middle slice, by the router or as the reader says, and the models for it.

    Raises
    ------
    ImageError : the slice cannot be read.
    """
    image = series.read(_middle(series))
    name = kind or kind_of(models, None, image).name
    return name, cards_for(name, models)


def _middle(series: Series) -> int:
    numbers = [number for number, part in enumerate(series.slots) if part is not None]
    return numbers[len(numbers) // 2]


def read_series(
    series: Series,
    models: Catalog,
    model: str,
    *,
    kind: str | None = None,
    affirm: bool = False,
    advance: Advance = lambda done, of: None,
) -> SeriesReading:
    """Read every slice with one model, each on its own: what is found need not hang together from slice to slice.

    Only a few slices are held at a time. Slices that are missing or show nothing at all count as refused.

    Parameters
    ----------
    kind : the kind of image, where the reader overrules the router. affirm : the model's precondition holds.
    advance : told after each slice how many are done, of how many; what it raises ends the reading.

    Raises
    ------
    ModelError : the model is unknown, or reads the slices of one thing together.
    """
    start, card = time.perf_counter(), models.card(model)
    if card.task not in IMAGE_TASKS or card.measured is None:
        raise ModelError("model.cannot_read", name=card.name)
    if card.input.unit:
        raise ModelError("model.reads_outlined", name=card.name, unit=card.input.unit)
    answers = _answers(series, models, Question(model=model, kind=kind, affirm=affirm), card, advance)
    header = series.header
    return SeriesReading(
        model=card.name,
        version=card.version,
        weights_sha256=card.measured.sha256[WEIGHTS],
        findings=tuple(finding.name for finding in card.findings),
        shape=(len(series.slots), header.rows, header.columns),
        answers=tuple(answers),
        volume_ml=volume_ml(answers, series.spacing_mm) if card.outline else None,
        level=None if card.outline else card.measured.level,
        notices=_notices(series, answers),
        seconds=time.perf_counter() - start,
    )


def _notices(series: Series, answers: list[SliceAnswer]) -> tuple[Message, ...]:
    """What the reader must know of the series, and that it is synthetic where only the pixels of a slice say so."""
    said = Message("notice.synthetic")
    new = said not in series.notices and any(answer.synthetic for answer in answers)
    return (said, *series.notices) if new else series.notices


def _answers(series: Series, models: Catalog, question: Question, card: Card, advance: Advance) -> list[SliceAnswer]:
    """All answers in order: slices are decoded here, a few ahead of the threads in which the networks answer."""
    answers: list[SliceAnswer] = []
    count, waiting = len(series.slots), deque[Future[SliceAnswer]]()
    pool = ThreadPoolExecutor(THREADS)
    try:
        for number in range(count):
            image = _read(series, number)
            waiting.append(pool.submit(_answer, series, number, image, models, question, card))
            while len(waiting) > (THREADS if number + 1 < count else 0):
                answers.append(waiting.popleft().result())
                advance(len(answers), count)
    finally:
        pool.shutdown(cancel_futures=True)
    return answers


def _read(series: Series, number: int) -> Image | ImageError:
    """The slice, or why it cannot be read: one must not cost the others."""
    try:
        return series.read(number)
    except ImageError as error:
        return error


def _answer(
    series: Series, number: int, image: Image | ImageError, models: Catalog, question: Question, card: Card
) -> SliceAnswer:
    part = series.slots[number]
    file, area = part.file.name if part is not None else "", 0 if card.outline else None
    if isinstance(image, ImageError):
        return SliceAnswer(number, file, image.message, (), area)
    reading: Reading = read_image_with(image, file, models, question)[0]
    outline = reading.outline
    return SliceAnswer(
        number,
        file,
        reading.refusal,
        tuple(finding.probability for finding in reading.findings),
        outline.area_px if outline else area,
        tuple(finding.in_set for finding in reading.findings),
        np.packbits(outline.labels > 0) if outline and outline.labels is not None else None,
        image.synthetic,
    )


def volume_ml(answers: list[SliceAnswer], spacing_mm: tuple[float, float, float] | None) -> float | None:
    """The sum of the areas times the size of a voxel; None where that is not known, or no slice was read."""
    if spacing_mm is None or all(answer.unread for answer in answers):
        return None
    return float(sum(answer.area_px or 0 for answer in answers) * np.prod(spacing_mm) / 1000)


def series_json(series: Series, reading: SeriesReading) -> dict[str, Any]:
    """The reading as the command line and the downloads write it; refusals stay in it."""
    header = series.header
    patient, uids = header.patient, header.uids
    return {
        "study": uids.study,
        "series": uids.series,
        "slices": len(series.slots),
        "slices_missing": list(series.missing),
        "spacing_mm": series.spacing_mm,
        "tilt_degrees": round(series.tilt_degrees, 2),
        "modality": header.modality,
        "patient": {
            "id": patient.id,
            "name": patient.name,
            "birth_date": patient.birth_date.isoformat() if patient.birth_date else None,
        },
        "acquired": header.acquired.isoformat() if header.acquired else None,
        "model": reading.model,
        "version": reading.version,
        "weights_sha256": reading.weights_sha256,
        "volume_ml": None if reading.volume_ml is None else round(reading.volume_ml, 3),
        "volume_is_at_least": reading.volume_ml is not None and reading.unread > 0,
        "coverage": reading.level,
        "slices_unread": reading.unread,
        "slices_refused": sum(answer.refusal is not None for answer in reading.answers),
        "highest": {
            name: {"slice": most.number, "probability": round(most.probabilities[k], 6)}
            for k, name in enumerate(reading.findings)
            if (most := reading.most(k)) is not None
        },
        "notices": [notice.text for notice in reading.notices],
        "answers": [_answer_json(answer, reading.findings) for answer in reading.answers],
        "seconds": round(reading.seconds, 3),
    }


def _answer_json(answer: SliceAnswer, findings: tuple[str, ...]) -> dict[str, Any]:
    return {
        "slice": answer.number,
        "file": answer.file,
        "refused": answer.refusal.text if answer.refusal else None,
        "refusal_id": answer.refusal.id if answer.refusal else None,
        "probabilities": {name: round(p, 6) for name, p in zip(findings, answer.probabilities, strict=False)},
        "in_set": [name for name, inside in zip(findings, answer.in_set, strict=False) if inside],
        "area_px": answer.area_px,
    }

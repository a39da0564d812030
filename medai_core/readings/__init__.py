"""The one way from an input to results: route a scan to the models that apply, and run them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from medai_core.cards import Card
from medai_core.catalog import WEIGHTS, Catalog
from medai_core.errors import Message, ModelError
from medai_core.imaging.applicability import (
    header_notices,
    header_refusal,
    kind_refusal,
    likeness_refusal,
)
from medai_core.imaging.classification import Classification, classify, region_refusal
from medai_core.imaging.images import Image, read_image
from medai_core.imaging.regions import Box, box_around
from medai_core.imaging.saliency import evidence_over_image
from medai_core.imaging.segmentation import outlined, segment
from medai_core.imaging.similarity import Similar
from medai_core.imaging.slices import Slice, look, slices_of, slices_of_files
from medai_core.readings.answers import answerer, finder, kind_of, nothing_outlined, outliner
from medai_core.readings.reading import Finding, Question, Reading, Region, as_json, outline_json, similar_json

__all__ = [
    "Finding",
    "Question",
    "Reading",
    "Region",
    "answerer",
    "as_json",
    "cards_for",
    "finder",
    "findings_of",
    "no_model",
    "outline_json",
    "outliner",
    "read_image_with",
    "read_scan",
    "read_together",
    "similar_json",
]

IMAGE_TASKS = ("classification", "segmentation")
"""What can be asked of a scan."""


def read_scan(
    data: bytes,
    file: str,
    models: Catalog,
    *,
    frame: int | None = None,
    model: str | None = None,
    kind: str | None = None,
    affirm: bool = False,
    region: Box | None = None,
) -> tuple[Reading, ...]:
    """The readings of one scan: one for each model that applies, or one that says why there is none.

    Parameters
    ----------
    data : the bytes of the file; ``file`` is only repeated in the result.
    frame : which frame of a multi-frame file, from 0; the middle one when None, or all for a model that reads
        them together. model, kind, affirm, region : see ``Question``.

    Raises
    ------
    ImageError : the bytes are no scan that can be read.
    ModelError : ``model`` is unknown, or weights are absent or altered.
    """
    image = read_image(data, frame=frame)
    slices = partial(slices_of, data, file) if frame is None and image.frames > 1 else None
    return read_image_with(image, file, models, Question(model, kind, affirm, region, slices))


def read_together(
    files: Iterable[tuple[str, bytes]], models: Catalog, question: Question = Question()
) -> tuple[Reading, ...]:
    """``read_scan`` for files, by name and bytes, that are the slices of one thing; the middle one is routed.

    Raises
    ------
    ImageError : one of them cannot be read. ModelError : a model that applies reads each image alone.
    """
    slices = slices_of_files(files)
    middle = slices[len(slices) // 2]
    found = read_image_with(middle.image, middle.file, models, replace(question, slices=lambda: slices))
    for reading in found:
        if reading.model and not models.card(reading.model).input.unit:
            raise ModelError("model.reads_alone", name=reading.model)
    return found


def read_image_with(image: Image, file: str, models: Catalog, question: Question = Question()) -> tuple[Reading, ...]:
    """``read_scan`` for an image that is already decoded."""
    start = time.perf_counter()
    kind = kind_of(models, question.kind, image)
    notices = (*_synthetic_notice([image]), *_frame_notice(image))
    blank = Reading(file, image, kind, None, None, None, None, (), None, notices, None, None, 0.0)
    cards = [models.card(question.model)] if question.model else list(cards_for(kind.name, models))
    if not cards:
        refusal = no_model(kind.name)
        return (replace(blank, refusal=refusal, seconds=time.perf_counter() - start),)
    return tuple(_read_with(card, models, blank, question, start) for card in cards)


def cards_for(kind: str, models: Catalog) -> tuple[Card, ...]:
    """The models that answer for a kind of image."""
    return tuple(card for task in IMAGE_TASKS for card in models.trained(task) if kind in card.input.kinds)


def no_model(kind: str) -> Message:
    """Why nothing is said of an image of a kind that no model answers for."""
    return Message("refusal.other" if kind == "other" else "refusal.no_model", {"found": f"kind.{kind}"})


def _synthetic_notice(images: Iterable[Image]) -> tuple[Message, ...]:
    """That a program made what is read, where a file says so: beside every answer and every refusal."""
    return (Message("notice.synthetic"),) if any(image.synthetic for image in images) else ()


def _frame_notice(image: Image) -> tuple[Message, ...]:
    if image.frames == 1:
        return ()
    return (Message("notice.frame", {"frame": image.frame + 1, "frames": image.frames}),)


def _read_with(card: Card, models: Catalog, blank: Reading, question: Question, start: float) -> Reading:
    if card.task not in IMAGE_TASKS or card.measured is None:
        raise ModelError("model.cannot_read", name=card.name)
    assert blank.kind is not None
    reading = replace(
        blank,
        model=card.name,
        version=card.version,
        weights_sha256=card.measured.sha256[WEIGHTS],
        coverage=card.measured.level,
        notices=blank.notices + header_notices(card, blank.image),
    )
    refusal = None if card.input.unit else kind_refusal(card, blank.kind) or header_refusal(card, blank.image)
    if refusal is None and card.precondition and not question.affirm:
        refusal = Message("reading.precondition", {"precondition": card.precondition})
    if refusal is None:
        read = _segmented if card.outline else _classified_together if card.input.unit else _classified
        reading, refusal = read(reading, card, models, question)
    return replace(reading, refusal=refusal, seconds=time.perf_counter() - start)


def _classified(reading: Reading, card: Card, models: Catalog, question: Question) -> tuple[Reading, Message | None]:
    """The reading with its findings, or as it was with the reason why it has none."""
    display = reading.image.display
    answer = classify(card, partial(models.network, card), display, question.box, finder(card, models))
    refusal = region_refusal(answer) or likeness_refusal(card, display, answer.embedding)
    if refusal is not None:
        return reading, refusal
    region = Region(answer.box, "drawn" if question.box else "found") if answer.box else None
    evidence = evidence_over_image(answer.maps, (display.shape[0], display.shape[1]))
    reading = replace(reading, region=region, evidence=evidence, mask=answer.mask)
    return replace(reading, findings=findings_of(card, answer), similar=_similar(card, models, answer)), None


def _similar(card: Card, models: Catalog, answer: Classification) -> Similar | None:
    """How the training images nearest to this one were labelled, where the model keeps them."""
    known = models.neighbourhoods(card)
    names = tuple(finding.name for finding in card.findings)
    return known.nearest(answer.embedding, names) if known else None


def _segmented(reading: Reading, card: Card, models: Catalog, _question: Question) -> tuple[Reading, Message | None]:
    """The reading with its outline, or as it was with the reason why it has none."""
    image = reading.image
    found = segment(card, models.network(card), image.display)
    refusal = likeness_refusal(card, image.display, found.embedding) or nothing_outlined(found)
    if refusal is not None:
        return reading, refusal
    outline, mask = outlined(card, found, image.spacing_mm), found.labels > 0
    notices = [] if image.spacing_mm or outline.many else [Message("notice.no_spacing")]
    if not outline.many:
        notices.append(Message("notice.outline_is_no_finding"))
    return (
        replace(
            reading,
            outline=outline,
            mask=mask,
            region=Region(box_around(mask), "found"),
            notices=(*reading.notices, *notices),
        ),
        None,
    )


def _classified_together(
    reading: Reading, card: Card, models: Catalog, question: Question
) -> tuple[Reading, Message | None]:
    """``_classified`` for a model that reads several images as one; shows what counts most, or what was refused."""
    slices = question.slices() if question.slices else (Slice(reading.file, reading.image),)
    found = look(card, partial(models.network, card), slices, partial(kind_of, models, question.kind))
    file, image = found.shown.file, found.shown.image
    notices = [*_synthetic_notice(s.image for s in slices), *(() if len(slices) > 1 else _frame_notice(image))]
    notices += [*header_notices(card, image), found.notice]
    reading = replace(reading, file=file, image=image, kind=found.kind, notices=tuple(notices))
    if found.refusal is not None:
        return reading, found.refusal
    evidence = evidence_over_image(found.answer.whole.maps, (image.display.shape[0], image.display.shape[1]))
    whole = found.answer.whole
    reading = replace(reading, findings=findings_of(card, whole), similar=_similar(card, models, whole))
    return replace(reading, evidence=evidence), None


def findings_of(card: Card, answer: Classification) -> tuple[Finding, ...]:
    """The classes with their probabilities, in the card's order."""
    assert card.measured is not None
    thresholds = card.measured.thresholds
    return tuple(
        Finding(spec.name, float(p), bool(inside), float(p) >= thresholds.get(spec.name, float("inf")))
        for spec, p, inside in zip(card.findings, answer.probabilities, answer.in_set, strict=True)
    )

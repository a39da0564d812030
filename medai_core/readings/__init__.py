"""The one way from an input to results: route a scan to the models that apply, and run them."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from medai_core.cards import Card
from medai_core.catalog import WEIGHTS, Catalog
from medai_core.errors import Message, ModelError
from medai_core.imaging.applicability import (
    Kind,
    header_notices,
    header_refusal,
    kind_refusal,
    likeness_refusal,
    recognise,
)
from medai_core.imaging.classification import Classification, Finder, classify
from medai_core.imaging.images import Image, read_image
from medai_core.imaging.regions import Box, box_around
from medai_core.imaging.saliency import evidence_over_image
from medai_core.imaging.segmentation import Outliner, Segmentation, find_region, outlined, segment
from medai_core.imaging.similarity import Similar
from medai_core.metrics import Floats
from medai_core.readings.reading import Finding, Question, Reading, Region, as_json, outline_json, similar_json
from medai_core.runtime import Network

if TYPE_CHECKING:
    # Only a type: pandas, which evaluation needs, takes longer to import than a scan to read.
    from medai_core.evaluation import Answer

__all__ = [
    "Finding",
    "Question",
    "Reading",
    "Region",
    "answerer",
    "as_json",
    "finder",
    "findings_of",
    "outline_json",
    "outliner",
    "read_image_with",
    "read_scan",
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
    frame : which frame of a multi-frame file, from 0; the middle one when None.
    model, kind, affirm, region : see ``Question``.

    Raises
    ------
    ImageError : the bytes are no scan that can be read.
    ModelError : ``model`` is unknown, or weights are absent or altered.
    """
    return read_image_with(read_image(data, frame=frame), file, models, Question(model, kind, affirm, region))


def read_image_with(image: Image, file: str, models: Catalog, question: Question = Question()) -> tuple[Reading, ...]:
    """``read_scan`` for an image that is already decoded."""
    start = time.perf_counter()
    kind = recognise(image.display, models.router, models.network(models.router))
    if question.kind:
        kind = Kind(question.kind, kind.probabilities.get(question.kind, 0.0), kind.probabilities, overruled=True)
    blank = Reading(file, image, kind, None, None, None, None, (), None, _frame_notice(image), None, None, 0.0)
    cards = [models.card(question.model)] if question.model else _cards_for(kind, models)
    if not cards:
        reason = "refusal.other" if kind.name == "other" else "refusal.no_model"
        return (
            replace(
                blank, refusal=Message(reason, {"found": f"kind.{kind.name}"}), seconds=time.perf_counter() - start
            ),
        )
    return tuple(_read_with(card, models, blank, question, start) for card in cards)


def _cards_for(kind: Kind, models: Catalog) -> list[Card]:
    return [card for task in IMAGE_TASKS for card in models.trained(task) if kind.name in card.input.kinds]


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
    refusal = kind_refusal(card, blank.kind) or header_refusal(card, blank.image)
    if refusal is None and card.precondition and not question.affirm:
        refusal = Message("reading.precondition", {"precondition": card.precondition})
    if refusal is None and card.task == "segmentation":
        reading, refusal = _segmented(reading, card, models)
    elif refusal is None:
        reading, refusal = _classified(reading, card, models, question)
    return replace(reading, refusal=refusal, seconds=time.perf_counter() - start)


def _classified(reading: Reading, card: Card, models: Catalog, question: Question) -> tuple[Reading, Message | None]:
    """The reading with its findings, or as it was with the reason why it has none."""
    display = reading.image.display
    answer = classify(card, partial(models.network, card), display, question.box, finder(card, models))
    refusal = _region_refusal(answer) or likeness_refusal(card, display, answer.embedding)
    if refusal is not None:
        return reading, refusal
    region = Region(answer.box, "drawn" if question.box else "found") if answer.box else None
    evidence = evidence_over_image(answer.maps, (display.shape[0], display.shape[1]))
    reading = replace(reading, region=region, evidence=evidence, mask=answer.mask)
    return replace(reading, findings=findings_of(card, answer), similar=_similar(card, models, answer)), None


def finder(card: Card, models: Catalog) -> Finder | None:
    """What finds the region for a model that is shown one; None for others.

    Raises
    ------
    ModelError : the model that finds it is absent, or is not the one that this one was measured with.
    """
    if card.input.region is None:
        return None
    by = models.card(card.input.region.model)
    network = models.network(by)
    if card.measured is None or by.measured is None or by.measured.sha256[WEIGHTS] != card.measured.region_sha256:
        raise ModelError("model.other_finder", name=card.name, finder=by.name)
    return partial(find_region, by, network)


def _similar(card: Card, models: Catalog, answer: Classification) -> Similar | None:
    """How the training images nearest to this one were labelled, where the model keeps them."""
    known = models.neighbourhoods(card)
    names = tuple(finding.name for finding in card.findings)
    return known.nearest(answer.embedding, names) if known else None


def _segmented(reading: Reading, card: Card, models: Catalog) -> tuple[Reading, Message | None]:
    """The reading with its outline, or as it was with the reason why it has none."""
    image = reading.image
    found = segment(card, models.network(card), image.display)
    refusal = likeness_refusal(card, image.display, found.embedding) or _nothing_outlined(found)
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


def _nothing_outlined(found: Segmentation) -> Message | None:
    return None if found.evident else Message("refusal.nothing_outlined")


def _region_refusal(answer: Classification) -> Message | None:
    return None if answer.evident else Message("refusal.no_region")


def answerer(card: Card, models: Catalog) -> Answer:
    """What ``evaluation.predict`` asks of each file: the probabilities, and whether a reading is refused.

    The model's precondition counts as affirmed: a manifest's labels affirm it.
    """
    if card.task == "applicability":
        return partial(_kind_answer, card, models.network(card))
    return partial(_answer, card, models)


def _kind_answer(card: Card, network: Network, data: bytes) -> tuple[Floats, bool]:
    return np.array(list(recognise(read_image(data).display, card, network).probabilities.values())), False


def _answer(card: Card, models: Catalog, data: bytes) -> tuple[Floats, bool]:
    image = read_image(data)
    kind = recognise(image.display, models.router, models.network(models.router))
    answer = classify(card, partial(models.network, card), image.display, find=finder(card, models))
    refusal = (
        kind_refusal(card, kind)
        or header_refusal(card, image)
        or _region_refusal(answer)
        or likeness_refusal(card, image.display, answer.embedding)
    )
    return answer.probabilities, refusal is not None


def outliner(card: Card, models: Catalog) -> Outliner:
    """What ``evaluation.outlines`` asks of each file: the segmentation, and whether a reading is refused."""
    return partial(_outline_answer, card, models)


def _outline_answer(card: Card, models: Catalog, data: bytes) -> tuple[Segmentation, bool]:
    image = read_image(data)
    kind = recognise(image.display, models.router, models.network(models.router))
    found = segment(card, models.network(card), image.display)
    refusal = (
        kind_refusal(card, kind)
        or header_refusal(card, image)
        or likeness_refusal(card, image.display, found.embedding)
        or _nothing_outlined(found)
    )
    return found, refusal is not None


def findings_of(card: Card, answer: Classification) -> tuple[Finding, ...]:
    """The classes with their probabilities, in the card's order."""
    assert card.measured is not None
    thresholds = card.measured.thresholds
    return tuple(
        Finding(spec.name, float(p), bool(inside), float(p) >= thresholds.get(spec.name, float("inf")))
        for spec, p, inside in zip(card.findings, answer.probabilities, answer.in_set, strict=True)
    )

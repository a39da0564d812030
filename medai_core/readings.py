"""The one way from an input to results: route a scan to the models that apply, and run them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

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
from medai_core.imaging.classification import Classification, classify, region_refusal
from medai_core.imaging.images import Image, read_image
from medai_core.imaging.saliency import evidence_over_image
from medai_core.imaging.segmentation import Box
from medai_core.imaging.slices import Slice, look, slices_of, slices_of_files
from medai_core.metrics import Floats
from medai_core.runtime import Network

if TYPE_CHECKING:
    # Only a type: pandas, which evaluation needs, takes longer to import than a scan to read.
    from medai_core.evaluation import Answer


@dataclass(frozen=True)
class Finding:
    """One class of one reading.

    Attributes
    ----------
    probability : calibrated, 0 to 1.
    in_set : whether it is in the conformal set at the reading's nominal coverage.
    over_threshold : whether the probability reaches the card's threshold; False where the card sets none.
    """

    name: str
    probability: float
    in_set: bool
    over_threshold: bool


@dataclass(frozen=True)
class Region:
    """Where in the image a model looked: a box in pixels, (top, left, bottom, right), exclusive ends.

    ``source`` is "found" (by the model itself) or "drawn" (by the reader).
    """

    box: Box
    source: str


@dataclass(frozen=True, eq=False)
class Reading:
    """One model's whole answer to one scan, or the reason why it gives none.

    Attributes
    ----------
    model : the card's name; None where no model applies.
    refusal : why there are no findings; None when there are.
    findings : in the card's order; empty when refused.
    coverage : the nominal coverage of the conformal set.
    notices : what the reader must know beside the result ("age and view not verified").
    mask : (y, x), what a model itself takes for the region; None where it outlines none, and when refused.
    evidence : (class, y, x) float32 over the image's own pixels: how much each place speaks for the
        class (log-odds per share of the image's area); None when refused.
    seconds : from the decoded image to this reading.
    """

    file: str
    image: Image
    kind: Kind | None
    model: str | None
    version: str | None
    weights_sha256: str | None
    refusal: Message | None
    findings: tuple[Finding, ...]
    coverage: float | None
    notices: tuple[Message, ...]
    region: Region | None
    evidence: NDArray[np.float32] | None
    seconds: float
    mask: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Question:
    """What the reader adds to a scan.

    Attributes
    ----------
    model : the one model to ask; None asks all that apply.
    kind : the kind of image, where the reader overrules the router.
    affirm : the reader affirms the models' preconditions.
    box : the region, where the reader drew it.
    slices : gives all images of the same thing, for a model that reads them together; None: there is but the one.
    """

    model: str | None = None
    kind: str | None = None
    affirm: bool = False
    box: Box | None = None
    slices: Callable[[], tuple[Slice, ...]] | None = field(default=None, compare=False)


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
    kind = _kind(models, question.kind, image)
    blank = Reading(file, image, kind, None, None, None, None, (), None, _frame_notice(image), None, None, 0.0)
    cards = [models.card(question.model)] if question.model else _cards_for(kind, models)
    if not cards:
        reason = "refusal.other" if kind.name == "other" else "refusal.no_model"
        refusal = Message(reason, {"found": f"kind.{kind.name}"})
        return (replace(blank, refusal=refusal, seconds=time.perf_counter() - start),)
    return tuple(_read_with(card, models, blank, question, start) for card in cards)


def _kind(models: Catalog, chosen: str | None, image: Image) -> Kind:
    """What the router takes the image for, or what the reader has chosen."""
    kind = recognise(image.display, models.router, models.network(models.router))
    p = kind.probabilities
    return Kind(chosen, p.get(chosen, 0.0), p, overruled=True) if chosen else kind


def _cards_for(kind: Kind, models: Catalog) -> list[Card]:
    return [card for card in models.trained("classification") if kind.name in card.input.kinds]


def _frame_notice(image: Image) -> tuple[Message, ...]:
    if image.frames == 1:
        return ()
    return (Message("notice.frame", {"frame": image.frame + 1, "frames": image.frames}),)


def _read_with(card: Card, models: Catalog, blank: Reading, question: Question, start: float) -> Reading:
    if card.task != "classification" or card.measured is None:
        raise ModelError("model.cannot_read", name=card.name)
    assert blank.kind is not None
    reading = replace(
        blank,
        model=card.name,
        version=card.version,
        weights_sha256=card.measured.sha256[WEIGHTS],
        coverage=card.measured.sets().level,
        notices=blank.notices + header_notices(card, blank.image),
    )
    refusal = None if card.input.unit else kind_refusal(card, blank.kind) or header_refusal(card, blank.image)
    if refusal is None and card.precondition and not question.affirm:
        refusal = Message("reading.precondition", {"precondition": card.precondition})
    if refusal is None:
        reading, refusal = (_classified_together if card.input.unit else _classified)(reading, card, models, question)
    return replace(reading, refusal=refusal, seconds=time.perf_counter() - start)


def _classified(reading: Reading, card: Card, models: Catalog, question: Question) -> tuple[Reading, Message | None]:
    """The reading with its findings, or as it was with the reason why it has none."""
    display = reading.image.display
    answer = classify(card, partial(models.network, card), display, question.box)
    refusal = region_refusal(answer) or likeness_refusal(card, display, answer.embedding)
    if refusal is not None:
        return reading, refusal
    region = Region(answer.box, "drawn" if question.box else "found") if answer.box else None
    evidence = evidence_over_image(answer.maps, (display.shape[0], display.shape[1]))
    findings = findings_of(card, answer)
    return replace(reading, findings=findings, region=region, evidence=evidence, mask=answer.mask), None


def _classified_together(
    reading: Reading, card: Card, models: Catalog, question: Question
) -> tuple[Reading, Message | None]:
    """``_classified`` for a model that reads several images as one; shows what counts most, or what was refused."""
    slices = question.slices() if question.slices else (Slice(reading.file, reading.image),)
    found = look(card, partial(models.network, card), slices, partial(_kind, models, question.kind))
    file, image = found.shown.file, found.shown.image
    notices = (*(() if len(slices) > 1 else _frame_notice(image)), *header_notices(card, image), found.notice)
    reading = replace(reading, file=file, image=image, kind=found.kind, notices=notices)
    if found.refusal is not None:
        return reading, found.refusal
    evidence = evidence_over_image(found.answer.whole.maps, (image.display.shape[0], image.display.shape[1]))
    return replace(reading, findings=findings_of(card, found.answer.whole), evidence=evidence), None


def answerer(card: Card, models: Catalog) -> Answer:
    """What ``evaluation.predict`` asks of each file, or of the files that are read together.

    It gives the probabilities, and whether a reading is refused. A manifest's labels affirm the precondition.
    """
    if card.task == "applicability":
        return partial(_kind_answer, card, models.network(card))
    return partial(_answer, card, models)


def _kind_answer(card: Card, network: Network, data: bytes) -> tuple[Floats, bool]:
    return np.array(list(recognise(read_image(data).display, card, network).probabilities.values())), False


def _answer(card: Card, models: Catalog, *files: bytes) -> tuple[Floats, bool]:
    named = ((str(number), data) for number, data in enumerate(files, start=1))
    slices = slices_of_files(named) if card.input.unit else tuple(Slice(n, read_image(data)) for n, data in named)
    found = look(card, partial(models.network, card), slices, partial(_kind, models, None))
    return found.answer.whole.probabilities, found.refusal is not None


def findings_of(card: Card, answer: Classification) -> tuple[Finding, ...]:
    """The classes with their probabilities, in the card's order."""
    assert card.measured is not None
    thresholds = card.measured.thresholds
    return tuple(
        Finding(spec.name, float(p), bool(inside), float(p) >= thresholds.get(spec.name, float("inf")))
        for spec, p, inside in zip(card.findings, answer.probabilities, answer.in_set, strict=True)
    )


def as_json(reading: Reading) -> dict[str, Any]:
    """The reading as the command line and the downloads write it; a refusal stays in it."""
    image, kind = reading.image, reading.kind
    return {
        "file": reading.file,
        "sha256": image.sha256,
        "kind": kind.name if kind else None,
        "kind_probability": round(kind.probability, 6) if kind else None,
        "kind_overruled": kind.overruled if kind else False,
        "model": reading.model,
        "version": reading.version,
        "weights_sha256": reading.weights_sha256,
        "refused": reading.refusal.text if reading.refusal else None,
        "refusal_id": reading.refusal.id if reading.refusal else None,
        "findings": [
            {"name": f.name, "probability": round(f.probability, 6), "in_set": f.in_set} for f in reading.findings
        ],
        "coverage": reading.coverage,
        "notices": [notice.text for notice in reading.notices],
        "region": {"box": list(reading.region.box), "source": reading.region.source} if reading.region else None,
        "frame": image.frame,
        "frames": image.frames,
        "patient": {"id": image.patient.id, "name": image.patient.name},
        "acquired": image.acquired.isoformat() if image.acquired else None,
        "seconds": round(reading.seconds, 6),
    }

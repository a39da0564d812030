"""Readings as rows and back: what was said stays as it was said, whatever model comes later."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from sqlalchemy import Row

from medai_core.cards import Card, Measure
from medai_core.catalog import WEIGHTS
from medai_core.errors import Message
from medai_core.imaging.applicability import Kind
from medai_core.imaging.images import Image, read_image
from medai_core.imaging.measurements import Measurement
from medai_core.imaging.segmentation import Outline
from medai_core.imaging.similarity import Similar
from medai_core.readings import Finding, Reading, Region
from medai_core.records.store.urgency import urgency_of

MAP_SIDE = 160
"""The longer side of a stored evidence map; maps come from a coarser grid than this."""


def reading_columns(given: Reading, card: Card | None) -> dict[str, Any]:
    """What a reading says, as the columns of its row."""
    urgency, finding = urgency_of(given, card)
    return {
        "frame": given.image.frame,
        "kind": asdict(given.kind) if given.kind else None,
        "model": given.model,
        "version": given.version,
        "weights_sha256": given.weights_sha256,
        "refusal": _said(given.refusal) if given.refusal else None,
        "findings": [asdict(finding) for finding in given.findings],
        "coverage": given.coverage,
        "measured_coverage": _coverage(card) if given.refusal is None else None,
        "notices": [_said(notice) for notice in given.notices],
        "region": asdict(given.region) if given.region else None,
        "evidence": _packed(given.evidence) if given.evidence is not None else None,
        "mask": _packed_mask(given) if given.mask is not None else None,
        "outline": _outline_facts(given.outline) if given.outline else None,
        "similar": asdict(given.similar) if given.similar else None,
        "measurements": [asdict(one) for one in given.measurements],
        "seconds": given.seconds,
        "urgency": urgency,
        "urgent_finding": finding,
    }


def _said(message: Message) -> dict[str, Any]:
    return {"id": message.id, "facts": dict(message.facts)}


def message_of(stored: Mapping[str, Any]) -> Message:
    """A sentence as it was stored."""
    return Message(stored["id"], dict(stored["facts"]))


def _coverage(card: Card | None) -> dict[str, Any] | None:
    if card is None or card.measured is None:
        return None
    return asdict(card.measured.promised)


def _packed(evidence: NDArray[np.float32]) -> bytes:
    """Evidence (class, y, x), averaged down, as compressed arrays."""
    _classes, height, width = evidence.shape
    shrink = min(1.0, MAP_SIDE / max(height, width))
    small = _resized(evidence, (max(1, round(height * shrink)), max(1, round(width * shrink))))
    stream = io.BytesIO()
    np.savez_compressed(stream, evidence=small)
    return stream.getvalue()


def _unpacked(stored: bytes, shape: tuple[int, int]) -> NDArray[np.float32]:
    with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
        return _resized(arrays["evidence"], shape)


def _packed_mask(given: Reading) -> bytes:
    """The mask, and of an outline the objects' numbers and where it is doubtful."""
    assert given.mask is not None
    arrays: dict[str, Any] = {"bits": np.packbits(given.mask), "shape": given.mask.shape}
    if given.outline is not None:
        assert given.outline.labels is not None and given.outline.doubtful is not None
        arrays |= {"labels": given.outline.labels, "doubtful": np.packbits(given.outline.doubtful)}
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def _with_mask(reading: Reading, stored: bytes) -> Reading:
    with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
        shape = (int(arrays["shape"][0]), int(arrays["shape"][1]))
        reading = replace(reading, mask=_unpacked_bits(arrays["bits"], shape))
        if reading.outline is None:
            return reading
        doubtful = _unpacked_bits(arrays["doubtful"], shape)
        return replace(reading, outline=replace(reading.outline, labels=arrays["labels"], doubtful=doubtful))


def _unpacked_bits(bits: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.bool_]:
    return np.unpackbits(bits, count=shape[0] * shape[1]).reshape(shape).astype(bool)


def _outline_facts(outline: Outline) -> dict[str, Any]:
    """What lists need; the pixels lie beside the mask."""
    return asdict(replace(outline, labels=None, doubtful=None))


def _resized(evidence: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Maps (class, y, x) at another (rows, columns)."""
    size = (shape[1], shape[0])
    how = Picture.Resampling.BOX if shape[0] < evidence.shape[1] else Picture.Resampling.BILINEAR
    maps = [np.asarray(Picture.fromarray(np.asarray(m, np.float32)).resize(size, how)) for m in evidence]
    return np.stack(maps).astype(np.float32)


def reading_of(row: Row[Any], data: bytes, file: str) -> Reading:
    """The reading that was stored, over the pixels that it was made from.

    Parameters
    ----------
    row : of the table ``reading``; ``data`` the bytes of its scan.

    Raises
    ------
    ImageError : the bytes cannot be read.
    """
    image = read_image(data, frame=row.frame)
    height, width = image.display.shape[:2]
    evidence = _unpacked(row.evidence, (height, width)) if row.evidence else None
    found = replace(outline_of(row, file), image=image, evidence=evidence)
    return _with_mask(found, row.mask) if row.mask else found


def outline_of(row: Row[Any], file: str) -> Reading:
    """``reading_of`` without pixels and maps: for lists."""
    nothing = np.empty((0, 0), np.uint8)
    return Reading(
        file=file,
        image=Image(nothing, nothing, "", "", frame=row.frame),
        kind=Kind(**row.kind) if row.kind else None,
        model=row.model,
        version=row.version,
        weights_sha256=row.weights_sha256,
        refusal=message_of(row.refusal) if row.refusal else None,
        findings=tuple(Finding(**finding) for finding in row.findings),
        coverage=row.coverage,
        notices=tuple(map(message_of, row.notices)),
        region=Region(tuple(row.region["box"]), row.region["source"]) if row.region else None,
        evidence=None,
        seconds=row.seconds,
        outline=Outline(**row.outline) if row.outline else None,
        similar=Similar(**row.similar) if row.similar else None,
        measurements=tuple(map(_measurement, row.measurements or ())),
    )


def _measurement(stored: Mapping[str, Any]) -> Measurement:
    return Measurement(**{**stored, "points": tuple((row, column) for row, column in stored["points"])})


def card_then(card: Card | None, weights_sha256: str | None, coverage: Mapping[str, Any] | None) -> Card | None:
    """The card to show an old reading with: today's words, but the coverage that was measured of *its* weights."""
    if card is None or card.measured is None or card.measured.sha256.get(WEIGHTS) == weights_sha256:
        return card
    if coverage is None:
        return replace(card, measured=None)
    then = Measure(**coverage)
    if card.measured.outlines is not None:
        return replace(card, measured=replace(card.measured, outlines=replace(card.measured.outlines, coverage=then)))
    if card.measured.conformal is None:
        return replace(card, measured=None)
    return replace(card, measured=replace(card.measured, conformal=replace(card.measured.conformal, coverage=then)))

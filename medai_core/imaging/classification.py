"""Classify an image: calibrated probabilities, their conformal set, and where they come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core.cards import Card
from medai_core.errors import Message
from medai_core.imaging.preprocessing import crop_box, network_input, region_inputs, unit
from medai_core.imaging.regions import Box, Region
from medai_core.metrics import in_sets, softmax
from medai_core.runtime import Arrays, Network

Networks = Callable[[str], Network]
"""The card's networks by file name."""

Finder = Callable[[NDArray[np.uint8]], Region]
"""From an image (y, x) to the region that a network is to be shown enlarged."""


@dataclass(frozen=True, eq=False)
class Map:
    """A network's evidence over a rectangle of the image.

    Attributes
    ----------
    values : (class, rows, columns); the mean over the map is the map's part of the logit.
    extent : (top, left, bottom, right) in pixels of the image; may reach beyond it.
    """

    values: NDArray[np.float32]
    extent: tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Classification:
    """What a network says of one image, before anyone asks whether it applies.

    Attributes
    ----------
    probabilities : (classes,), calibrated; in_set : (classes,), the conformal set.
    logits : (classes,), before calibration; embedding : whitened, its norm is a distance.
    maps : evidence; the sum of their means is ``logits`` up to the network's constant.
    box : the region that was looked at, for networks that take one.
    evident : False where the network had to look for its region and nothing stood out; it then looked
        at the most likely place, and a reading refuses.
    mask : (y, x), what the region's network takes for the region; None where it found none itself.
    weight : by how much the image counts among those that are read together with it.
    """

    probabilities: NDArray[np.float64]
    in_set: NDArray[np.bool_]
    logits: NDArray[np.float32]
    embedding: NDArray[np.float32]
    maps: tuple[Map, ...]
    box: Box | None = None
    evident: bool = True
    mask: NDArray[np.bool_] | None = None
    weight: float = 1.0


@dataclass(frozen=True, eq=False)
class Together:
    """What a network says of several images of one thing, such as the slices of a nodule.

    Attributes
    ----------
    each : of every image alone.
    whole : ``logits`` are the weighted mean of the images', ``probabilities`` and ``in_set`` follow from them;
        all else, the maps too, is that of the leading image alone.
    leading : the number of the image that counts most.
    """

    each: tuple[Classification, ...]
    whole: Classification
    leading: int


def classify_together(
    card: Card, networks: Networks, displays: Sequence[NDArray[np.uint8]], find: Finder | None = None
) -> Together:
    """The classification of what at least one image shows; of one image it is that image's own."""
    each = tuple(classify(card, networks, display, find=find) for display in displays)
    weights = np.array([answer.weight for answer in each])
    logits = np.average([answer.logits for answer in each], axis=0, weights=weights).astype(np.float32)
    leading = int(weights.argmax())
    p, inside = _decided(card, logits)
    return Together(each, replace(each[leading], probabilities=p, in_set=inside, logits=logits), leading)


def classify(
    card: Card, networks: Networks, display: NDArray[np.uint8], box: Box | None = None, find: Finder | None = None
) -> Classification:
    """The classification of one image.

    Parameters
    ----------
    display : (y, x) or (y, x, 3), 0 to 255.
    box : the region, for a network that takes one; found by ``find`` when None.
    """
    if card.input.region is None:
        height, width = display.shape[:2]
        outputs = networks("model.tflite")(image=network_input(display, card.input))
        return _result(card, outputs, (_map(outputs["evidence"], (0.0, 0.0, height, width)),), None)
    grey = np.asarray(Picture.fromarray(display).convert("L"))
    if box is not None:
        return _classify_region(card, networks, grey, box)
    assert find is not None
    found = find(grey)
    return replace(_classify_region(card, networks, grey, found.box), evident=found.evident, mask=found.mask)


def region_refusal(answer: Classification) -> Message | None:
    """Why the network had nothing to look at; None where it had."""
    return None if answer.evident else Message("refusal.no_region")


def _classify_region(card: Card, networks: Networks, grey: NDArray[np.uint8], box: Box) -> Classification:
    region = card.input.region
    assert region is not None
    crop, whole = region_inputs(grey, box, card.input.size[0], region.slice_size, region.margin)
    inputs = {"crop": unit(crop[None, ..., None]), "slice": unit(whole[None])}
    outputs = networks("model.tflite")(**inputs)
    near = _map(outputs["evidence"], crop_box(box, region.margin))
    far = _map(outputs["slice_evidence"], (0.0, 0.0, float(grey.shape[0]), float(grey.shape[1])))
    return _result(card, outputs, (near, far), box)


def _map(evidence: NDArray[np.float32], extent: tuple[float, float, float, float]) -> Map:
    return Map(np.moveaxis(evidence[0], -1, 0), extent)


def _result(card: Card, outputs: Arrays, maps: tuple[Map, ...], box: Box | None) -> Classification:
    logits = outputs["logits"][0]
    p, inside = _decided(card, logits)
    weight = float(outputs["weight"][0, 0]) if "weight" in outputs else 1.0
    return Classification(p, inside, logits, outputs["embedding"][0], maps, box, weight=weight)


def _decided(card: Card, logits: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The calibrated probabilities and the conformal set, (classes,) each."""
    assert card.measured is not None
    p = calibrated(logits, card.measured.calibration.temperature, card.measured.calibration.offsets)
    return p, in_sets(p, card.measured.sets().quantiles)


def calibrated(logits: NDArray[np.floating], temperature: float, offsets: tuple[float, ...]) -> NDArray[np.float64]:
    """Probabilities (…, classes) from logits (…, classes): softmax(logits / temperature + offsets)."""
    return softmax(np.asarray(logits) / temperature + np.array(offsets))

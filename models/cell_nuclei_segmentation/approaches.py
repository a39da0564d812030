"""What was tried to outline nuclei, compared on images held out of fitting; nothing here sees the test split."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import keras
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.filters import threshold_otsu
from skimage.segmentation import watershed

from medai_core.cards import Approach, Calibration
from medai_core.imaging.instances import (
    Answer,
    Floats,
    Labels,
    ObjectMaps,
    interior_probability,
    logistic,
    matched,
    objects,
    tiled,
    without_small,
)
from medai_core.training.calibration import fit_calibration
from medai_core.training.fitting import predict
from medai_core.training.recipes import say

THRESHOLDS, SEEDS, LEAST_PX = (0.3, 0.4, 0.5, 0.6, 0.7), (0.3, 0.4, 0.5, 0.6, 0.7, 0.8), (8, 16, 24, 36)
BASELINE = "Otsu's threshold and watershed of the distance"
WORTH_A_SECOND_LOOK = 0.005
"""The gain in F1 from which a network serves that takes twice as long."""
PIXELS_EACH = 400
"""How many pixels of an image the calibration is fitted on, so that all images count alike."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Fields:
    """Images as the network takes them, (y, x, 3), with their true outlines (y, x) and their label."""

    pixels: Sequence[Pixels]
    true: Sequence[Labels]
    label: Sequence[str]


@dataclass(frozen=True)
class Choice:
    """How maps become objects."""

    threshold: float = 0.5
    seed: float = 0.5
    least_px: int = 1


@dataclass(frozen=True)
class Candidate:
    """A network with what was chosen for it."""

    network: keras.Model
    calibration: Calibration
    choice: Choice
    score: float


def compare(
    candidates: Mapping[str, keras.Model], held: Fields, size: int, seed: int
) -> tuple[tuple[Approach, ...], Candidate]:
    """Every approach with its best parameters on the held-out images, and the network that serves.

    Parameters
    ----------
    candidates : from the one that answers fastest on.
    """
    plain = {"Otsu's threshold and connected components": otsu_components, BASELINE: otsu_watershed}
    tried = [_without_training(name, how, held) for name, how in plain.items()]
    served: dict[str, Candidate] = {}
    for name, network in candidates.items():
        calibration, maps = held_out_maps(network, held, size, seed)
        if not served:
            tried.append(_chosen(f"{name}, inside alone", maps, held, divided=False)[0])
        approach, choice = _chosen(f"{name}, inside and boundary, watershed", maps, held, divided=True)
        tried.append(approach)
        served[approach.name] = Candidate(network, calibration, choice, approach.value)
    best, *others = served
    for name in others:
        best = name if served[name].score > served[best].score + WORTH_A_SECOND_LOOK else best
    return tuple(replace(a, chosen=a.name == best) for a in tried), served[best]


def held_out_maps(network: keras.Model, held: Fields, size: int, seed: int) -> tuple[Calibration, list[ObjectMaps]]:
    """The calibration of a network's pixels on the held-out images, and the maps of these with it."""
    looked = [tiled(pixels, keras_answer(network), size=size) for pixels in held.pixels]
    logit, label = sampled_pixels([logits[..., 0] for logits, _ in looked], held.true, PIXELS_EACH, seed)
    calibration = fit_calibration(np.stack([np.zeros_like(logit), logit], axis=-1), label)
    return calibration, [
        ObjectMaps(interior_probability(logits[..., 0], calibration), logistic(logits[..., 1]), features)
        for logits, features in looked
    ]


def keras_answer(network: keras.Model) -> Answer:
    """The network's answer to a tile, with its features in the place of an embedding."""

    def answer(tile: Floats) -> dict[str, Floats]:
        outputs = predict(network, {"image": tile})
        return {"mask": outputs["mask"], "embedding": outputs["features"]}

    return answer


def sampled_pixels(
    values: Sequence[Floats], true: Sequence[Labels], each: int, seed: int
) -> tuple[Floats, NDArray[np.int64]]:
    """``each`` random pixels of every image: their values, and whether they belong to a nucleus, (n,)."""
    rng = np.random.default_rng(seed)
    places = [rng.integers(0, v.size, each) for v in values]
    pairs = list(zip(values, true, places, strict=True))
    return (
        np.concatenate([v.ravel()[at] for v, _, at in pairs]),
        np.concatenate([(t.ravel()[at] > 0).astype(np.int64) for _, t, at in pairs]),
    )


def otsu_components(pixels: Pixels) -> Labels:
    """The connected regions above Otsu's threshold (1979, 10.1109/TSMC.1979.4310076)."""
    return np.asarray(ndimage.label(_above_otsu(pixels))[0], dtype=np.int32)


def otsu_watershed(pixels: Pixels) -> Labels:
    """The regions above Otsu's threshold, cut where they are narrow: a watershed of the distance to the background."""
    above = _above_otsu(pixels)
    distance = ndimage.gaussian_filter(ndimage.distance_transform_edt(above), 1.0)
    peaks = peak_local_max(distance, min_distance=5, labels=ndimage.label(above)[0], exclude_border=False)
    starts = np.zeros(above.shape, np.int32)
    starts[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return np.asarray(watershed(-distance, starts, mask=above), dtype=np.int32)


def _above_otsu(pixels: Pixels) -> NDArray[np.bool_]:
    grey = ndimage.gaussian_filter(pixels.mean(axis=-1), 1.0)
    return np.asarray(grey > threshold_otsu(grey)) if np.ptp(grey) > 0 else np.zeros(grey.shape, bool)


def _without_training(name: str, how: Callable[[Pixels], Labels], held: Fields) -> Approach:
    found = [how(pixels) for pixels in held.pixels]
    best = max(LEAST_PX, key=lambda least: f1([without_small(f, least) for f in found], held)[""])
    return _approach(name, f1([without_small(f, best) for f in found], held), Choice(least_px=best))


def _chosen(name: str, maps: Sequence[ObjectMaps], held: Fields, *, divided: bool) -> tuple[Approach, Choice]:
    """The parameters with the highest F1; without the boundary an object is a connected region."""
    best, choice = {"": -1.0}, Choice()
    for threshold, seed in product(THRESHOLDS, SEEDS if divided else (0.0,)):
        found = [objects(m.interior, m.boundary * divided, threshold=threshold, seed=seed, least_px=1) for m in maps]
        for least in LEAST_PX:
            scores = f1([without_small(f, least) for f in found], held)
            if scores[""] > best[""]:
                best, choice = scores, Choice(threshold, seed, least)
    return _approach(name, best, choice), choice


def f1(found: Sequence[Labels], held: Fields) -> dict[str, float]:
    """F1 at an intersection over union of 0.5, of all objects together under "", and of each label's images."""
    counts = np.array([matched(f, t) for f, t in zip(found, held.true, strict=True)])
    labels = np.array(held.label)
    parts = {"": np.ones(len(labels), bool)} | {str(name): labels == name for name in np.unique(labels)}
    sums = {name: counts[rows].sum(axis=0) for name, rows in parts.items()}
    return {name: float(2 * h / max(2 * h + m + e, 1)) for name, (h, m, e) in sums.items()}


def _approach(name: str, scores: Mapping[str, float], choice: Choice) -> Approach:
    apart = ", ".join(f"{label} {score:.3f}" for label, score in scores.items() if label)
    note = f"{apart}; threshold {choice.threshold}, seed {choice.seed}, at least {choice.least_px} px"
    say(f"{name}: {scores['']:.4f} ({note})")
    return Approach(name, "f1_iou50", scores[""], note=note)

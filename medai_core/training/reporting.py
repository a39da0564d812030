"""What stands in ``measured.toml``: from held-out logits to a draft, and from the test split to the measures."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core.cards import (
    Applicability,
    Approach,
    Card,
    Conformal,
    Evaluation,
    Measure,
    Measured,
    Provenance,
    Reliability,
)
from medai_core.evaluation import Answer, Predictions, Rule, decide, predict, with_and_without_refusals
from medai_core.imaging.classification import Finder, Networks, classify
from medai_core.imaging.regions import Box
from medai_core.imaging.saliency import deletion_and_insertion, evidence_over_image
from medai_core.metrics import Floats, Ints, bootstrap, conformal_quantile, softmax
from medai_core.training.augmentation import degrade
from medai_core.training.calibration import fit_calibration, prevalence_threshold
from medai_core.training.recipes import commit, png

Pixels = NDArray[np.uint8]

UNMEASURED = Measure("coverage", float("nan"), float("nan"), float("nan"), 0, 0, "test")


def draft(
    card: Card,
    label: Ints,
    logits: NDArray[np.floating],
    limits: Applicability,
    approaches: Sequence[Approach],
    made_by: Provenance,
    *,
    level: float = 0.9,
    cautious: bool = False,
) -> Measured:
    """What is known before the test split is touched: calibration, quantile, thresholds, limits.

    Parameters
    ----------
    label, logits : of the held-out validation images, (n,) and (n, classes).
    cautious : for few images, see ``fit_calibration``.
    """
    calibration = fit_calibration(logits, label, cautious=cautious)
    p = softmax(logits / calibration.temperature + np.array(calibration.offsets))
    names = [finding.name for finding in card.findings]
    if len(names) == 2:
        thresholds, source = {names[1]: prevalence_threshold(label)}, "prevalence in the validation part"
    else:
        thresholds, source = {}, "the most probable class is called"
    return Measured(
        {},
        thresholds,
        source,
        calibration,
        limits,
        (),
        (),
        (),
        tuple(approaches),
        (),
        made_by,
        Conformal(level, conformal_quantile(label, p, level), UNMEASURED, 0.0),
    )


def limits_from(
    distances: Floats, correlations: Floats, kinds: Floats, template: tuple[tuple[float, ...], ...]
) -> Applicability:
    """The limits that 99 % (distance) and 99.5 % (correlation, kind) of the validation images pass, each alone."""
    passed = {"distance_max": 0.99, "template_correlation_min": 0.995, "kind_probability_min": 0.995}
    return Applicability(
        float(np.quantile(distances, passed["distance_max"])),
        float(min(0.5, np.quantile(kinds, 1 - passed["kind_probability_min"]))),
        template,
        float(np.quantile(correlations, 1 - passed["template_correlation_min"])),
        passed,
    )


def tested(
    measured: Measured, performance: Sequence[Measure], made: Predictions, earlier: Measured | None, note: str
) -> Measured:
    """``measured`` with what the test split showed, and this use of it logged."""
    found = {m.measure: m for m in performance if m.data == "test" and not m.subgroup and not m.model}
    conformal = replace(measured.sets(), coverage=found["coverage"], mean_size=found["set_size"].value)
    return replace(
        measured,
        conformal=conformal,
        performance=tuple(performance),
        reliability=reliability(made),
        confusion=confusion(made, decide(made.probability, made.names, measured.thresholds)),
        test_evaluations=logged(earlier, performance, note),
    )


def logged(earlier: Measured | None, performance: Sequence[Measure], note: str) -> tuple[Evaluation, ...]:
    """The log of test evaluations with this one added; the first one stays."""
    values = {
        m.measure: m.value
        for m in performance
        if m.data == "test" and not m.subgroup and not m.model and np.isfinite(m.value)
    }
    entry = Evaluation(datetime.now(UTC).strftime("%Y-%m-%d %H:%M"), commit(), values, note)
    return (*(earlier.test_evaluations if earlier else ()), entry)


def damaged(answer: Answer, seed: int) -> Answer:
    """``answer`` to a degraded copy of each file, the same copy at every call."""

    def copy(data: bytes) -> bytes:
        picture = Picture.open(io.BytesIO(data))
        pixels = np.asarray(picture.convert("L" if picture.mode == "L" else "RGB"))
        return png(degrade(pixels, np.random.default_rng((seed, len(data)))))

    def to_degraded(*files: bytes) -> tuple[Floats, bool]:
        return answer(*map(copy, files))

    return to_degraded


def test_measures(
    table: pd.DataFrame, names: Sequence[str], answer: Answer, rule: Rule, seed: int, unit: str = ""
) -> tuple[tuple[Measure, ...], Predictions]:
    """The measures on the test split as it is and degraded, and the predictions for the undamaged images."""
    made, unread = predict(table, names, answer, unit)
    worse, _ = predict(table, names, damaged(answer, seed), unit)
    if unread:
        raise ValueError(f"{len(unread)} test images could not be read: {unread[0].reason}")
    found = with_and_without_refusals(made, rule, data="test", seed=seed)
    return (*found, *with_and_without_refusals(worse, rule, data="test, degraded", seed=seed)), made


def foreign_measure(files: Sequence[Path], answer: Callable[[bytes], tuple[Any, bool]], seed: int) -> Measure:
    """The share of images of other kinds that the model refuses, each file a group of its own.

    Parameters
    ----------
    answer : from the bytes of a file to what the model says, and whether a reading is refused.
    """
    refused = [answer(file.read_bytes())[1] for file in files]
    return share("foreign_refused_share", refused, [str(file) for file in files], "test", seed)


def share(name: str, flags: Sequence[float], groups: Sequence[str], data: str, seed: int = 0) -> Measure:
    """The mean of a share of each image, or how many something is true of; its interval resamples the groups."""
    values, member = np.array(flags, float), np.unique(groups, return_inverse=True)[1]
    found = bootstrap(
        lambda rows: np.array([values[rows].mean()]), member, np.zeros_like(member), np.random.default_rng(seed)
    )[0]
    return Measure(name, found.value, found.low, found.high, len(values), int(member.max()) + 1, data)


def reliability(made: Predictions, bins: int = 10) -> tuple[Reliability, ...]:
    """A reliability plot's bins of equal count, at least 20 images each, with Wilson intervals.

    All classes are pooled where there are more than two.
    """
    if len(made.names) == 2:
        p, y = made.probability[:, 1], made.label == 1
    else:
        p, y = made.probability.ravel(), np.eye(len(made.names), dtype=bool)[made.label].ravel()
    parts = np.array_split(np.argsort(p, kind="stable"), min(bins, max(1, len(p) // 20)))
    return tuple(_bin(p[part], y[part]) for part in parts)


def _bin(p: Floats, y: NDArray[np.bool_]) -> Reliability:
    n, f, z = len(y), float(y.mean()), 1.96
    centre, half = (
        (f + z * z / (2 * n)) / (1 + z * z / n),
        z * np.sqrt(f * (1 - f) / n + z * z / (4 * n * n)) / (1 + z * z / n),
    )
    return Reliability(float(p.mean()), f, float(max(0, centre - half)), float(min(1, centre + half)), n)


def confusion(made: Predictions, decided: Ints) -> tuple[tuple[int, ...], ...]:
    """Counts, true class by row and called class by column."""
    k = len(made.names)
    counts = np.bincount(made.label * k + decided, minlength=k * k).reshape(k, k)
    return tuple(tuple(int(v) for v in row) for row in counts)


def subgroup(found: Sequence[Measure], name: str) -> tuple[Measure, ...]:
    """The measures as those of a subgroup."""
    return tuple(replace(m, subgroup=name) for m in found)


def mean_measures(names: Sequence[str], values: Sequence[Sequence[float]], data: str) -> tuple[Measure, ...]:
    """The mean of each column with its interval, each row a group of its own."""
    table = np.array(values)
    rows = np.arange(len(table))
    found = bootstrap(lambda r: np.asarray(table[r].mean(axis=0)), rows, np.zeros_like(rows), np.random.default_rng(0))
    return tuple(
        Measure(name, i.value, i.low, i.high, len(table), len(table), data)
        for name, i in zip(names, found, strict=True)
    )


def faithfulness(
    card: Card, networks: Networks, images: Pixels, data: str, count: int = 100, find: Finder | None = None
) -> tuple[Measure, ...]:
    """Deletion and insertion scores of the evidence for the class called, beside those of places in random order.

    Parameters
    ----------
    images : (n, y, x), of which ``count`` are drawn.
    """
    rng = np.random.default_rng(0)
    scores = []
    for i in rng.permutation(len(images))[:count]:
        answer = classify(card, networks, images[i], find=find)
        k = int(answer.probabilities.argmax())
        probability = partial(_probability, card, networks, answer.box, k)
        shape = (images.shape[1], images.shape[2])
        evidence = evidence_over_image(answer.maps, shape)[k]
        places = rng.random((16, 16)).astype(np.float32)
        chance = np.asarray(Picture.fromarray(places).resize(shape[::-1], Picture.Resampling.NEAREST))
        pairs = [deletion_and_insertion(probability, images[i], e) for e in (evidence, chance)]
        scores.append([*pairs[0], *pairs[1]])
    names = ("deletion", "insertion", "deletion_of_random_places", "insertion_of_random_places")
    return mean_measures(names, scores, data)


def _probability(card: Card, networks: Networks, box: Box | None, k: int, display: Pixels) -> float:
    answer = classify(card, networks, display, box)
    return float(answer.probabilities[k])

"""Everything the card says of made images, beside held-out and test images."""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

from medai_core.cards import Measure
from medai_core.training.recipes import say
from medai_core.training.synthesis import measuring, serving
from medai_core.training.synthesis.images import Part, scaled
from medai_core.training.synthesis.rivals import (
    BOTH,
    MADE,
    REAL,
    REGION,
    WHOLE,
    Effort,
    Labelled,
    called_by,
    rival_measures,
    taught_rivals,
)
from medai_core.training.synthesis.study import JUDGED, Study, draws, like

Floats = NDArray[np.float64]


def performance(study: Study, network: keras.Model, test: Part) -> tuple[list[Measure], tuple[tuple[int, ...], ...]]:
    """Everything the card says of made images beside the held-out and the test images."""
    assert study.judge is not None
    made, label = draws(network, study.labels, JUDGED, study.given.seed + 1)
    grey = made[..., 0]
    called, accepted = study.judge.calls(grey)
    points = study.judge.embeddings(grey)
    found = _worth(study, network, test)
    found += measuring.label_measures(label, called, accepted, "test", study.given.seed)
    own = Labelled(grey, label, np.array(["made"] * len(label)))
    for data, part in (("test", test), ("validation", study.held_out)):
        found += _beside(study, part.labelled, own, points, data)
    confusion = np.zeros((study.labels, study.labels), int)
    np.add.at(confusion, (label[accepted], called[accepted]), 1)
    for m in found:
        say(f"{m.data}: {m.measure} {m.value:.4f} ({m.low:.4f} to {m.high:.4f}), n {m.n}")
    return found, tuple(tuple(int(x) for x in row) for row in confusion)


def _beside(study: Study, real: Labelled, made: Labelled, points: Floats, data: str) -> list[Measure]:
    """Likeness and nearness of made images beside real ones of other people than those learnt from."""
    assert study.judge is not None
    seed, training = study.given.seed, study.training.labelled
    chosen = like(real.label, made.label, np.random.default_rng(seed))
    found = measuring.likeness_measures(study.judge.embeddings(real.pixels), real.group, points[chosen], data, seed)
    sets = (training.pixels, real.pixels, made.pixels)
    size = made.pixels.shape[1]
    seen = [serving.features_of(scaled(pixels, size), size) for pixels in sets]
    projection = serving.fit_projection(seen[0])
    a, b, c = (projection(features).astype(np.float64) for features in seen)
    coarse = [measuring.coarse(pixels) for pixels in sets]
    spaces = [("embedding", a, b, c), ("pixels", coarse[0], coarse[1], coarse[2])]
    return found + measuring.nearness_measures(spaces, real, data, seed)


def _worth(study: Study, network: keras.Model, test: Part) -> list[Measure]:
    """What made images are worth to a classifier that is asked about real ones, which it sees whole.

    With outlines, the same measures of one that sees the region follow, named ``region_...``.
    """
    count = int(np.bincount(study.training.labelled.label).max())
    made, label = draws(network, study.labels, count, study.given.seed + 2)
    synthetic = Part(made, Labelled(made[..., 0], label, np.array([f"made-{i}" for i in range(len(label))])))
    found = _taught(study, synthetic, test, WHOLE)
    return found + (_taught(study, synthetic, test, REGION, start="region_") if made.shape[-1] > 1 else [])


def _taught(study: Study, made: Part, test: Part, view: str, start: str = "") -> list[Measure]:
    """What they are worth to one that sees a view of images; ``start`` begins the names of its measures."""
    real, synthetic = study.training.viewed(view), made.viewed(view)
    taught = {REAL: real, MADE: synthetic, BOTH: real + synthetic}
    rivals = taught_rivals(taught, view, study.labels, WORTH, study.given.work, study.given.seed)
    found = []
    for data, part in (("test", test), ("validation", study.held_out)):
        asked = part.viewed(view)
        found += rival_measures(called_by(rivals, asked), asked, study.labels, data, study.given.seed, start)
    return found


WORTH = Effort(epochs=8, steps=100)
"""How long each of the small classifiers is taught."""

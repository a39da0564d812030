"""What the card says of a generator: likeness, labels, what images are worth to a classifier, and nearness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medai_core.cards import Card, Measure
from medai_core.evaluation import Answer
from medai_core.imaging.classification import Finder, Networks, classify
from medai_core.metrics import Ints, bootstrap
from medai_core.training.recipes import Pixels, png, resized
from medai_core.training.synthesis.likeness import covered, frechet_distance, nearest
from medai_core.training.synthesis.rivals import Labelled

Floats = NDArray[np.float64]

HALVINGS = 200
"""Random halves of the real images that distances are measured with."""
COARSE = 32
"""Rows and columns at which images are compared pixel by pixel."""


@dataclass(frozen=True)
class Judge:
    """The classifier of such scans, as it is served."""

    card: Card
    networks: Networks
    answer: Answer
    find: Finder | None

    def embeddings(self, pixels: Pixels) -> Floats:
        """Where it places images (n, y, x), (n, dimensions)."""
        found = [classify(self.card, self.networks, image, find=self.find).embedding for image in pixels]
        return np.asarray(found, np.float64)

    def calls(self, pixels: Pixels) -> tuple[Ints, NDArray[np.bool_]]:
        """What it calls images (n, y, x), as label numbers, and which of them it accepts, (n,) each."""
        answers = [self.answer(png(image)) for image in pixels]
        called = np.array([int(np.argmax(probability)) for probability, _ in answers])
        return called, np.array([not refused for _, refused in answers])


def likeness_measures(real: Floats, group: NDArray[np.str_], made: Floats, data: str, seed: int) -> list[Measure]:
    """Fréchet distance, precision and recall of the manifold, each beside that of two halves of the real images.

    The intervals are the middle 95 % over random halves of the groups and as many random made images.

    Parameters
    ----------
    real, made : (n, dimensions), in the embedding; of each label as many made as real ones, or a multiple.
    group : (n,), of the real images.
    """
    rng = np.random.default_rng(seed)
    names = np.unique(group)
    found = []
    for _ in range(HALVINGS):
        first = np.isin(group, rng.choice(names, len(names) // 2, replace=False))
        a, b = real[first], real[~first]
        n = min(len(a), len(b))
        a, b, c = (points[rng.permutation(len(points))[:n]] for points in (a, b, made))
        found.append(
            (
                *(frechet_distance(c, a), frechet_distance(b, a)),
                *(covered(c, a).mean(), covered(b, a).mean(), covered(a, c).mean(), covered(a, b).mean()),
            )
        )
    values = np.array(found)
    low, high = np.quantile(values, (0.025, 0.975), axis=0)
    return [
        Measure(name, float(values[:, k].mean()), float(low[k]), float(high[k]), len(real), len(names), data)
        for k, name in enumerate(LIKENESS)
    ]


LIKENESS = (
    "frechet",
    "frechet_halves",
    "manifold_precision",
    "manifold_precision_halves",
    "manifold_recall",
    "manifold_recall_halves",
)


def label_measures(asked: Ints, called: Ints, accepted: NDArray[np.bool_], data: str, seed: int) -> list[Measure]:
    """The share of made images that the classifier accepts, and of those the share that it calls as asked."""
    single = np.arange(len(asked))

    def values(rows: Ints) -> Floats:
        taken = rows[accepted[rows]]
        return np.array([len(taken) / len(rows), (asked[taken] == called[taken]).mean() if len(taken) else np.nan])

    found = bootstrap(values, single, asked, np.random.default_rng(seed), draws=500)
    return [
        Measure(name, one.value, one.low, one.high, n, n, data)
        for name, one, n in zip(
            ("accepted_share", "label_agreement"), found, (len(asked), int(accepted.sum())), strict=True
        )
    ]


def coarse(pixels: Pixels) -> Floats:
    """Images (n, y, x) at 32 x 32, 0 to 1, (n, 1024)."""
    return np.stack([resized(image, (COARSE, COARSE)).ravel() for image in pixels]) / 255.0


def nearness_measures(
    spaces: Sequence[tuple[str, Floats, Floats, Floats]], held_out: Labelled, data: str, seed: int
) -> list[Measure]:
    """How near made images lie to training images, over how near held-out images of other people do.

    Below 1 made images are nearer than other people's are: a sign that some were learnt by heart. Also the share of
    made images nearer than 99 % of the held-out ones are.

    Parameters
    ----------
    spaces : name, and the points of the training, held-out and made images.
    """
    measures = []
    for name, training, real, made in spaces:
        of_real, of_made = nearest(real, training), nearest(made, training)
        rng, draws = np.random.default_rng(seed), []
        names = np.unique(held_out.group)
        for _ in range(HALVINGS):
            chosen = np.concatenate([np.flatnonzero(held_out.group == g) for g in rng.choice(names, len(names))])
            r, m = of_real[chosen], rng.choice(of_made, len(of_made))
            draws.append((np.median(m) / np.median(r), _near(r, m)))
        low, high = np.quantile(draws, (0.025, 0.975), axis=0)
        values = (float(np.median(of_made) / np.median(of_real)), _near(of_real, of_made))
        measures += [
            Measure(f"{what}_{name}", value, float(low[k]), float(high[k]), len(made), len(names), data)
            for k, (what, value) in enumerate(zip(("nearest_ratio", "too_near"), values, strict=True))
        ]
    return measures


def _near(real: Floats, made: Floats) -> float:
    """The share of made images that lie nearer to a training image than 99 % of the real ones do."""
    return float((made < np.quantile(real, 0.01)).mean())

"""From held-out logits to calibrated probabilities, a threshold and the statistics that tell a foreign input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from medai_core.cards import Approach, Calibration, Measured
from medai_core.imaging.classification import calibrated
from medai_core.metrics import Floats, Ints, class_quantiles, conformal_quantile, in_sets
from medai_core.training.fitting import split_groups


def fit_calibration(
    logits: NDArray[np.floating], label: Ints, *, offsets: bool = True, cautious: bool = False
) -> Calibration:
    """The temperature and class offsets that make held-out labels most likely (Guo 2017; Platt 1999).

    Parameters
    ----------
    logits : (n, classes); label : (n,).
    offsets : fit offsets too (the first is 0); a weak ridge keeps them small where classes are few.
    cautious : aim at what ``n`` images of a class can tell, (n + 1) / (n + classes), and not at 1 (Platt 1999): a few
        images that the network happens to tell apart without error would make every probability 0 or 1.
    """
    from scipy.optimize import minimize

    classes = logits.shape[1]
    doubt = 1.0 / (np.bincount(label, minlength=classes)[label, None] + classes) if cautious else 0.0
    # Nothing is gained below this unless one aims at it, and then a network that is far too sure must feel it.
    floor = -np.inf if cautious else np.log(1e-12)
    wanted = np.eye(classes)[label] * (1 - classes * doubt) + doubt

    def loss(parameters: Floats) -> float:
        shift = np.concatenate([[0.0], parameters[1:] if offsets else np.zeros(classes - 1)])
        z = np.asarray(logits * np.exp(parameters[0]) + shift, np.float64)
        log_p = np.maximum(z - np.logaddexp.reduce(z, axis=1, keepdims=True), floor)
        likelihood = -(wanted * log_p).sum(axis=1).mean()
        return float(likelihood + (shift**2).sum() / len(label))

    best = minimize(
        loss,
        np.zeros(classes if offsets else 1),
        method="Nelder-Mead",
        options={"maxiter": 4000, "xatol": 1e-5, "fatol": 1e-9},
    ).x
    shift = best[1:] if offsets else np.zeros(classes - 1)
    return Calibration(float(np.exp(-best[0])), (0.0, *map(float, shift)))


def with_sets(
    measured: Measured, label: Ints, logits: NDArray[np.floating], group: Sequence[str], seed: int
) -> Measured:
    """``measured`` with sets by one quantile for all classes or by one a class, as cross-validation by group decides.

    How often each class comes differs from place to place, so that every class counts alike.
    """
    p = calibrated(logits, measured.calibration.temperature, measured.calibration.offsets)
    level, fold = measured.sets().level, split_groups(group, [str(k) for k in label], (0.2,) * 5, seed)
    together = _coverage(conformal_quantile, label, p, level, fold)
    apart = _coverage(class_quantiles, label, p, level, fold)
    better = abs(apart - level) < abs(together - level)
    note = "conformal sets, cross-validated in the validation part, every class counted alike"
    approaches = (
        Approach("one quantile for all classes", "coverage", together, not better, note),
        Approach("one quantile a class", "coverage", apart, better, note),
    )
    conformal = replace(measured.sets(), by_class=class_quantiles(label, p, level) if better else ())
    return replace(measured, conformal=conformal, approaches=(*measured.approaches, *approaches))


def _coverage(
    quantile: Callable[[Ints, Floats, float], float | tuple[float, ...]],
    label: Ints,
    p: Floats,
    level: float,
    fold: Ints,
) -> float:
    """The share held by sets whose quantile comes from the other folds, the mean over classes."""
    held = np.zeros(len(label), dtype=bool)
    for k in np.unique(fold):
        inside = in_sets(p[fold == k], quantile(label[fold != k], p[fold != k], level))
        held[fold == k] = inside[np.arange(len(inside)), label[fold == k]]
    return float(np.mean([held[label == k].mean() for k in np.unique(label)]))


def prevalence_threshold(label: Ints) -> float:
    """The threshold on the last of two classes' probability that maximises balanced accuracy: its prevalence.

    With calibrated probabilities, calling a case positive above the prevalence is optimal for the
    mean of sensitivity and specificity; a search over the same data would fit its noise.
    """
    return float(np.mean(label == 1))


def mean_picture(pixels: NDArray[np.uint8], size: int = 16) -> tuple[tuple[float, ...], ...]:
    """The mean of at least 200 squashed images (n, rows, columns) as (size, size), 0 to 1, three decimals."""
    if len(pixels) < 200:
        raise ValueError(f"a mean of {len(pixels)} images could still show one of them; 200 are needed")
    rows, columns = (n // size for n in pixels.shape[1:])
    blocks = pixels[:, : rows * size, : columns * size].reshape(len(pixels), size, rows, size, columns)
    mean = blocks.mean(axis=(0, 2, 4)) / 255
    return tuple(tuple(round(float(v), 3) for v in row) for row in mean)


def embedding_distances(training: Floats, features: Floats, dimensions: int = 16) -> Floats:
    """The norms, (n,), of the ``embedding`` that ``export.with_embedding`` would give ``features`` (n, features)."""
    matrix, shift = whitening(training, dimensions)
    back = np.linalg.pinv(matrix)

    def misfit(f: Floats) -> Floats:
        return np.asarray(np.linalg.norm(f - (f @ matrix) @ back, axis=1))

    usual = misfit(training)
    excess = np.maximum((misfit(features) - usual.mean()) / usual.std(), 0)
    return np.asarray(np.hypot(np.linalg.norm(features @ matrix + shift, axis=1), excess))


def whitening(features: Floats, dimensions: int) -> tuple[Floats, Floats]:
    """A linear map (features, dimensions) and shift (dimensions,) after which the training features are white."""
    mean = features.mean(axis=0)
    _, singular, directions = np.linalg.svd(features - mean, full_matrices=False)
    scale = np.maximum(singular[:dimensions] / np.sqrt(len(features) - 1), 1e-6)
    matrix = directions[:dimensions].T / scale
    return matrix, -mean @ matrix

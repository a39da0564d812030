"""From held-out logits to calibrated probabilities, a threshold and the statistics that tell a foreign input."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medai_core.cards import Calibration
from medai_core.metrics import Floats, Ints, softmax


def fit_calibration(logits: NDArray[np.floating], label: Ints, *, offsets: bool = True) -> Calibration:
    """The temperature and class offsets that make held-out labels most likely (Guo 2017; Platt 1999).

    Parameters
    ----------
    logits : (n, classes); label : (n,).
    offsets : fit offsets too (the first is 0); a weak ridge keeps them small where classes are few.
    """
    from scipy.optimize import minimize

    classes = logits.shape[1]

    def loss(parameters: Floats) -> float:
        shift = np.concatenate([[0.0], parameters[1:] if offsets else np.zeros(classes - 1)])
        p = softmax(logits * np.exp(parameters[0]) + shift)
        likelihood = -np.log(np.clip(p[np.arange(len(label)), label], 1e-12, 1)).mean()
        return float(likelihood + (shift**2).sum() / len(label))

    best = minimize(
        loss,
        np.zeros(classes if offsets else 1),
        method="Nelder-Mead",
        options={"maxiter": 4000, "xatol": 1e-5, "fatol": 1e-9},
    ).x
    shift = best[1:] if offsets else np.zeros(classes - 1)
    return Calibration(float(np.exp(-best[0])), (0.0, *map(float, shift)))


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


def whitening(features: Floats, dimensions: int) -> tuple[Floats, Floats]:
    """A linear map (features, dimensions) and shift (dimensions,) after which the training features are white."""
    mean = features.mean(axis=0)
    _, singular, directions = np.linalg.svd(features - mean, full_matrices=False)
    scale = np.maximum(singular[:dimensions] / np.sqrt(len(features) - 1), 1e-6)
    matrix = directions[:dimensions].T / scale
    return matrix, -mean @ matrix

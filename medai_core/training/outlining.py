"""From held-out logits of a mask network to what an outline is made with: calibration, threshold, evidence, sizes."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core.cards import Calibration, Measure, Outlines
from medai_core.imaging.regions import dice
from medai_core.imaging.segmentation import Outliner, Segmentation, enlarged, evident_regions, pixel_probability
from medai_core.training.augmentation import degraded
from medai_core.training.calibration import fit_calibration
from medai_core.training.recipes import png

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]

UNMEASURED = Measure("size_coverage", float("nan"), float("nan"), float("nan"), 0, 0, "test")
BETWEEN = (0.1, 0.9)
"""Where a pixel's membership is called doubtful."""


def calibrate_pixels(logit: Floats, mask: Pixels, rng: np.random.Generator, count: int = 300) -> Calibration:
    """The temperature and offset that make ``count`` random pixels a slice most likely.

    Parameters
    ----------
    logit : (n, rows, columns), held out; mask : (n, y, x), 0 to 255.
    """
    rows, columns = logit.shape[1:]
    values, labels = [], []
    for found, true in zip(logit, mask, strict=True):
        y, x = rng.integers(0, rows, count), rng.integers(0, columns, count)
        values.append(found[y, x])
        labels.append(true[y * true.shape[0] // rows, x * true.shape[1] // columns] > 127)
    pair = np.stack([np.zeros(len(values) * count), np.concatenate(values)], axis=1)
    return fit_calibration(pair, np.concatenate(labels).astype(np.int64))


def probabilities(logit: Floats, calibration: Calibration, shape: tuple[int, int]) -> Floats:
    """Calibrated probabilities (n, y, x) of ``shape``."""
    return np.stack([pixel_probability(enlarged(found, shape), calibration) for found in logit])


def mean_dice(made: Sequence[NDArray[np.bool_]], mask: Pixels) -> tuple[float, float]:
    """The mean and the median of the Dice coefficients of masks and of what was outlined by people."""
    scores = [dice(found, true > 127) for found, true in zip(made, mask, strict=True)]
    return float(np.mean(scores)), float(np.median(scores))


def best_threshold(probability: Floats, mask: Pixels, steps: Sequence[float]) -> float:
    """The probability from which a pixel belongs that gives the highest mean Dice."""
    return max(steps, key=lambda least: mean_dice([p >= least for p in probability], mask)[0])


def least_evidence(peaks: NDArray[np.floating], free_peaks: NDArray[np.floating], *, kept: float = 0.97) -> float:
    """The greatest probability below which a slice is refused.

    It separates slices with the region from those without one best (the highest mean of the shares that are
    rightly kept and rightly refused), among those that keep the share ``kept`` of the former.

    Parameters
    ----------
    peaks, free_peaks : the greatest probability of each slice with, and without, the region; held out.
    """
    steps = np.unique(np.quantile(peaks, np.linspace(0, 1 - kept, 40)))
    gains = [(peaks >= step).mean() + (free_peaks < step).mean() for step in steps]
    return float(steps[int(np.argmax(gains))])


def outlines(probability: Floats, mask: Pixels, free: Floats, *, level: float = 0.9) -> Outlines:
    """How outlines are made, all from slices that the network was not fitted on.

    Parameters
    ----------
    probability : (n, y, x) of slices with the region, with their ``mask``; free : (m, y, x) of slices without.
    """
    threshold = best_threshold(probability, mask, [0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55])
    evident = max(threshold, least_evidence(probability.max(axis=(1, 2)), free.max(axis=(1, 2))))
    made = [evident_regions(p, least=threshold, evident=evident) > 0 for p in probability]
    ratio = [(t > 127).sum() / m.sum() for m, t in zip(made, mask, strict=True) if m.any()]
    return Outlines(threshold, BETWEEN, evident, factors(np.array(ratio), level), level, UNMEASURED)


def factors(ratio: NDArray[np.floating], level: float) -> tuple[float, float]:
    """Between what multiples of the outlined size the true one lies in ``level`` of new cases (split conformal).

    With n ratios the ranks are those of n + 1, so that the promise holds for the next case.
    """
    n, tail = len(ratio), (1 - level) / 2
    order = np.sort(ratio)
    low, high = int(np.floor((n + 1) * tail)) - 1, int(np.ceil((n + 1) * (1 - tail))) - 1
    return float(order[max(0, low)]), float(order[min(n - 1, high)])


def boosted(grey: Pixels, mask: Pixels, fold: NDArray[np.int64], rng: np.random.Generator) -> list[NDArray[np.bool_]]:
    """Masks by gradient boosting on each pixel's surroundings, each slice by a model that never saw its fold."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    features = [pixel_features(g) for g in grey]
    made: list[NDArray[np.bool_]] = [np.zeros(0, bool)] * len(grey)
    for k in np.unique(fold):
        x, y = [], []
        for i in np.flatnonzero(fold != k):
            chosen = rng.integers(0, grey[i].size, 100)
            inside = np.flatnonzero(mask[i].ravel() > 127)
            chosen = np.concatenate([chosen, rng.choice(inside, 30)]) if len(inside) else chosen
            x.append(features[i].reshape(-1, features[i].shape[-1])[chosen])
            y.append(mask[i].ravel()[chosen] > 127)
        model = HistGradientBoostingClassifier(max_iter=100, random_state=0).fit(np.concatenate(x), np.concatenate(y))
        for i in np.flatnonzero(fold == k):
            p = model.predict_proba(features[i].reshape(-1, features[i].shape[-1]))[:, 1].reshape(grey[i].shape)
            made[i] = evident_regions(p.astype(np.float32), least=0.5, evident=0.5) == 1
    return made


def pixel_features(grey: Pixels) -> Floats:
    """(y, x, 8): the value, its place, means and spreads about it at three scales."""
    from scipy.ndimage import gaussian_filter

    value = grey / max(1.0, float(np.percentile(grey, 99)))
    y, x = np.meshgrid(*(np.linspace(0, 1, n) for n in grey.shape), indexing="ij")
    means = [gaussian_filter(value, s) for s in (2, 5, 12)]
    spreads = [np.sqrt(np.maximum(gaussian_filter(value**2, s) - m**2, 0)) for s, m in zip((2, 5), means, strict=False)]
    return np.stack([value, y, x, *means, *spreads], axis=-1).astype(np.float32)


def brightest(grey: Pixels) -> NDArray[np.bool_]:
    """The largest bright part inside the head: three levels after Otsu (multi-level, Liao 2001), the rim left out."""
    from scipy import ndimage
    from skimage.filters import threshold_multiotsu

    inside = ndimage.binary_erosion(ndimage.binary_fill_holes(grey > 25), iterations=max(1, grey.shape[0] // 14))
    if len(np.unique(grey[inside])) < 3:
        return np.zeros(grey.shape, bool)
    levels = threshold_multiotsu(grey[inside], 3)  # type: ignore[no-untyped-call]
    labels, count = ndimage.label(inside & (grey >= levels[-1]))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    return np.asarray(labels == 1 + int(sizes.argmax())) if count else np.zeros(grey.shape, bool)


def toned(answer: Outliner, mode: str) -> Outliner:
    """``answer`` to a copy of each file with less resolution, noise, blur and JPEG; nothing is moved.

    Parameters
    ----------
    mode : Pillow's name of what the copies are, "L" or "RGB".
    """

    def to_degraded(data: bytes) -> tuple[Segmentation, bool]:
        picture = Picture.open(io.BytesIO(data)).convert(mode)
        return answer(png(np.asarray(degraded(picture, np.random.default_rng(len(data))))))

    return to_degraded

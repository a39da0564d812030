"""A network for an outlined nodule: what a convolution sees of it, beside its size, shape, margin and texture.

Everything is in one graph, so that what serves needs no second program that measures. The evidence map holds
both parts: what the convolution saw lies where it saw it; what the numbers say is of the nodule as a whole
and lies evenly over it. The average of the map is the logit, as in ``networks``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from medai_core.training.networks import Tensor, residual_network

NUMBERS = (
    "log_area",
    "log_long_axis",
    "log_short_axis",
    "axis_ratio",
    "compactness",
    "ellipse_filled",
    "opened_3",
    "opened_5",
    "closed_5",
    "mean",
    "deviation",
    "skewness",
    "rim",
    "inside",
    "core",
    "rim_gradient",
    "inside_gradient",
    "fine_texture",
    "bright_share",
    "faint_share",
)
"""What is measured of a slice, in the order of ``nodule_numbers``.

Areas and lengths in pixels: axes are those of the ellipse with the same second moments. ``compactness`` is
4 pi area / perimeter squared, 1 for a disc. ``opened``, ``closed``: the area after such a filter as a share of
the area. Grey values 0 to 1: of the outermost pixels (``rim``), within them, and two pixels further in (``core``).
"""

LEAST_GREY = 0.16
"""The grey value, 0 to 1, above the background's from which a pixel belongs to the nodule; the faintest have 0.19."""

SIDE, WIDTHS = 32, (16, 32, 64)
"""Rows and columns of the view that the residual network sees, and its widths."""

SMOOTH = np.outer((1, 2, 1), (1, 2, 1)) / 16
SLOPE = np.outer((1, 2, 1), (-1, 0, 1)) / 8


def outlined(image: Tensor) -> tuple[Tensor, Tensor]:
    """The grey values of the nodule, 0 outside it, and its mask, both (n, y, x, 1).

    The background's grey is that of the image's edge.
    """
    edge = ops.concatenate([image[:, 0], image[:, -1], image[:, :, 0], image[:, :, -1]], axis=1)
    above = image - ops.mean(edge, axis=1, keepdims=True)[:, None]
    mask = ops.cast(above > LEAST_GREY, "float32")
    return above * mask, mask


def nodule_numbers(grey: Tensor, mask: Tensor) -> Tensor:
    """``NUMBERS`` of each slice, (n, numbers), from what ``outlined`` gives."""
    area = ops.maximum(_total(mask), 1.0)
    return ops.concatenate([*_shape(mask, area), *_filtered(mask, area), *_grey(grey, mask, area)], axis=1)


def _shape(mask: Tensor, area: Tensor) -> list[Tensor]:
    down, across, both = _moments(mask, area)[2:]
    half = ops.sqrt(ops.square((down - across) / 2) + ops.square(both))
    long, short = (down + across) / 2 + half, ops.maximum((down + across) / 2 - half, 1 / 12)
    # The integral of a smoothed mask's slope is its perimeter, in every direction alike.
    perimeter = ops.maximum(_total(_slope(_filter(mask, SMOOTH))), 1.0)
    return [
        ops.log(area),
        ops.log(4 * ops.sqrt(long)),
        ops.log(4 * ops.sqrt(short)),
        ops.sqrt(short / long),
        4 * np.pi * area / ops.square(perimeter),
        area / (4 * np.pi * ops.sqrt(long * short)),
    ]


def _moments(mask: Tensor, area: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The centre (y, x) in pixels, and the variances down and across with the covariance; (n, 1) each."""
    size = mask.shape[1]
    place = np.arange(size, dtype=np.float32)
    rows, columns = ops.sum(mask, axis=(2, 3)), ops.sum(mask, axis=(1, 3))
    y, x = (ops.sum(line * place, axis=1, keepdims=True) / area for line in (rows, columns))
    dy, dx = y - place, x - place
    # A pixel is a square, not a point: its own variance is 1/12.
    down = ops.sum(rows * ops.square(dy), axis=1, keepdims=True) / area + 1 / 12
    across = ops.sum(columns * ops.square(dx), axis=1, keepdims=True) / area + 1 / 12
    both = ops.sum(mask[..., 0] * dy[:, :, None] * dx[:, None, :], axis=(1, 2))[:, None] / area
    return y, x, down, across, both


def _filtered(mask: Tensor, area: Tensor) -> list[Tensor]:
    opened = [_total(_grown(_shrunk(mask, width), width)) / area for width in (3, 5)]
    return [*opened, _total(_shrunk(_grown(mask, 5), 5)) / area]


def _grey(grey: Tensor, mask: Tensor, area: Tensor) -> list[Tensor]:
    mean = _total(grey) / area
    away = (grey - mean[:, None, None]) * mask
    deviation = ops.sqrt(_total(ops.square(away)) / area + 1e-5)
    inside, core = _shrunk(mask, 3), _shrunk(mask, 5)
    rim, slope = mask - inside, _slope(grey)
    within = _mean(grey, inside, mean)
    fine = ops.square(grey - ops.average_pool(grey, 3, 1, "same"))
    return [
        mean,
        deviation,
        _total(away * away * away) / area / (deviation * deviation * deviation),
        _mean(grey, rim, mean),
        within,
        _mean(grey, core, within),
        _mean(slope, rim, 0.0),
        _mean(slope, inside, 0.0),
        ops.sqrt(_mean(fine, inside, 0.0) + 1e-6),
        _total(ops.cast(grey > 0.97, "float32")) / area,
        _total(ops.cast(grey < 0.5, "float32") * mask) / area,
    ]


def _total(values: Tensor) -> Tensor:
    return ops.sum(values, axis=(1, 2))


def _mean(values: Tensor, where: Tensor, otherwise: Tensor | float) -> Tensor:
    """The mean of the values where ``where`` is 1, (n, 1); ``otherwise`` where that is nowhere."""
    count = _total(where)
    return ops.where(count > 0, _total(values * where) / ops.maximum(count, 1.0), otherwise)


def _filter(values: Tensor, kernel: NDArray[np.float64]) -> Tensor:
    return ops.depthwise_conv(values, kernel[:, :, None, None].astype(np.float32), padding="same")


def _slope(values: Tensor) -> Tensor:
    across, down = _filter(values, SLOPE), _filter(values, SLOPE.T)
    return ops.sqrt(ops.square(across) + ops.square(down) + 1e-12) - 1e-6


def _grown(mask: Tensor, width: int) -> Tensor:
    return ops.max_pool(mask, width, 1, "same")


def _shrunk(mask: Tensor, width: int) -> Tensor:
    return -ops.max_pool(-mask, width, 1, "same")


def nodule_parts(classes: int, *, numbers: bool = True, view: bool = True, hidden: int = 16) -> keras.Model:
    """What is fitted of a nodule network: all that comes after the measuring and the enlarging, which learn nothing.

    Inputs ``numbers`` (numbers) and ``view`` (SIDE, SIDE, 1), or one of them. Outputs ``logits``, the sum of what
    both say, and ``features`` of both.
    """
    inputs, said = [], []
    if numbers:
        inputs.append(keras.Input((len(NUMBERS),), name="numbers"))
        said.append(_number_head(classes, hidden)(inputs[-1]))
    if view:
        inputs.append(keras.Input((SIDE, SIDE, 1), name="view"))
        said.append(residual_network(SIDE, 1, classes, WIDTHS)(inputs[-1]))
    outputs = {
        "logits": sum(s["logits"] for s in said),
        "features": ops.concatenate([s["features"] for s in said], axis=1),
    }
    return keras.Model(inputs, outputs, name="parts")


def _number_head(classes: int, hidden: int) -> keras.Model:
    """A dense layer beside the numbers themselves; ``features`` are the numbers on one scale."""
    numbers = keras.Input((len(NUMBERS),), name="numbers")
    scaled = layers.BatchNormalization(momentum=0.95, center=False, scale=False)(numbers)
    scaled = ops.clip(scaled, -4.0, 4.0)
    bent = layers.Dense(hidden, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-3))(scaled)
    seen = layers.Dropout(0.3)(layers.Concatenate()([scaled, bent]))
    logits = layers.Dense(classes, name="number_evidence", kernel_regularizer=keras.regularizers.L2(1e-3))(seen)
    return keras.Model(numbers, {"logits": logits, "features": scaled}, name="number_head")


def measuring_network(size: int) -> keras.Model:
    """What the parts are fitted on: ``numbers`` and ``view`` of an image (size, size, 1), 0 to 1."""
    image = keras.Input((size, size, 1), name="image")
    grey, mask = outlined(image)
    return keras.Model(image, {"numbers": nodule_numbers(grey, mask), "view": _enlarged(grey, *_views(mask))})


def nodule_network(size: int, fitted: Sequence[keras.Model]) -> keras.Model:
    """The whole graph around fitted ``nodule_parts``, whose logits and evidence are averaged.

    Input ``image`` (size, size, 1), 0 to 1, black outside the outline. Outputs ``logits`` (classes),
    ``evidence`` (size, size, classes) whose average is ``logits``, ``features``, and ``weight`` (1): by how much
    the slice counts when those of a nodule are averaged, the square of its area.
    """
    image = keras.Input((size, size, 1), name="image")
    grey, mask = outlined(image)
    area, (down, across) = ops.maximum(_total(mask), 1.0), _views(mask)
    share = mask * (size * size / area)[:, None, None]
    numbers, view = nodule_numbers(grey, mask), _enlarged(grey, down, across)
    logits, evidence, features = [], [], []
    for layer in _separate(fitted):
        said = layer(numbers if layer.name.startswith("number_head") else view)
        logits.append(said["logits"])
        features.append(said["features"])
        at = said.get("evidence")
        evidence.append(share * said["logits"][:, None, None] if at is None else _laid(at, down, across))
    outputs = {
        "logits": sum(logits) / len(fitted),
        "evidence": sum(evidence) / len(fitted),
        "features": ops.concatenate(features, axis=1),
        "weight": ops.square(area),
    }
    return keras.Model(image, outputs, name="nodule")


def _separate(fitted: Sequence[keras.Model]) -> Iterator[Any]:
    """The networks inside fitted parts, each with a name of its own."""
    for i, parts in enumerate(fitted):
        for layer in parts.layers:
            kind = layer.name.rpartition("_of_")[0] or layer.name
            if kind in ("number_head", "residual"):
                layer.name = f"{kind}_of_{i}"
                yield layer


def _enlarged(grey: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """The nodule at one size, (n, SIDE, SIDE, 1)."""
    return ops.matmul(ops.matmul(down, grey[..., 0]), ops.transpose(across, (0, 2, 1)))[..., None]


def _laid(evidence: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """What was seen at a place of the view laid where the view took it from, with the same average."""
    rows, size = evidence.shape[1], down.shape[2]
    down, across = (ops.mean(ops.reshape(v, (-1, rows, SIDE // rows, size)), axis=2) for v in (down, across))
    # Each row of a view sums to 1, so the sum of the evidence stays what it is.
    return ops.einsum("nry,nrck,ncx->nyxk", down, evidence, across) * (size * size / (rows * rows))


def _views(mask: Tensor) -> tuple[Tensor, Tensor]:
    """How ``SIDE`` lines of a square about the nodule are averages of the image's lines, down and across.

    (n, SIDE, size) each, every row summing to 1. The square's half side is three standard deviations and a pixel.
    """
    size = mask.shape[1]
    y, x, vertical, horizontal, _ = _moments(mask, ops.maximum(_total(mask), 1.0))
    half = 3 * ops.sqrt(ops.maximum(vertical, horizontal)) + 1
    step = (2 * (np.arange(SIDE, dtype=np.float32) + 0.5) / SIDE - 1)[None]
    place = np.arange(size, dtype=np.float32)
    reach = ops.maximum(2 * half / SIDE, 1.0)[:, None]
    views = []
    for centre in (y, x):
        at = ops.clip(centre + half * step, 0.0, size - 1.0)[:, :, None]
        near = ops.relu(1 - ops.abs(at - place) / reach)
        views.append(near / ops.sum(near, axis=2, keepdims=True))
    return views[0], views[1]

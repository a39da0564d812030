"""The networks: functional Keras 3 models with a dict of named outputs, so that one graph serves.

Every classifier ends in a 1x1 convolution to one map a class and its average. The average of a
class's map *is* its logit, so the map is an exact account of where the logit comes from (what
Grad-CAM gives for such a network, Selvaraju 2017, 10.1109/ICCV.2017.74) and costs no second pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import keras
from keras import layers, ops

Tensor: TypeAlias = Any
"""A ``keras.KerasTensor``; keras has no types."""


def reference_network(size: int, channels: int, classes: int) -> keras.Model:
    """The reference network of the field's introductory texts, to the layer.

    Input (size, size, channels), 0 to 1; Conv 32 3x3 ReLU, max-pool 2, Conv 64 3x3 ReLU, max-pool 2,
    flatten, dense ``classes``, softmax. Outputs ``logits`` (before the softmax), ``probabilities``,
    and ``features``, the flattened maps' averages (64).
    """
    image = keras.Input((size, size, channels), name="image")
    x = layers.MaxPooling2D(2)(layers.Conv2D(32, 3, activation="relu")(image))
    x = layers.MaxPooling2D(2, name="maps")(layers.Conv2D(64, 3, activation="relu")(x))
    logits = layers.Dense(classes, name="logits")(layers.Flatten()(x))
    outputs = {
        "logits": logits,
        "probabilities": layers.Softmax(name="probabilities")(logits),
        "features": layers.GlobalAveragePooling2D(name="features")(x),
    }
    return keras.Model(image, outputs, name="reference")


def residual_network(size: int, channels: int, classes: int, widths: Sequence[int] = (16, 32, 64, 128)) -> keras.Model:
    """A narrow residual network (He 2016, 10.1109/CVPR.2016.90): two blocks a width after the first, halving the size.

    Input (size, size, channels), 0 to 1. Outputs ``logits`` (classes), ``evidence`` (rows, columns,
    classes) whose average is ``logits``, and ``features`` (last width).
    """
    image = keras.Input((size, size, channels), name="image")
    x = convolution(layers.Rescaling(4.0, -2.0)(image), widths[0], stride=2)
    for width in widths[1:]:
        x = _residual_block(_residual_block(x, width, stride=2), width)
    return keras.Model(image, head(layers.Dropout(0.2)(x), classes), name="residual")


def depthwise_network(size: int, channels: int, classes: int, widths: Sequence[int] = (24, 48, 96, 192)) -> keras.Model:
    """A depthwise-separable network with inverted bottlenecks (Sandler 2018, 10.1109/CVPR.2018.00474).

    Shapes as in ``residual_network``.
    """
    image = keras.Input((size, size, channels), name="image")
    x = convolution(layers.Rescaling(4.0, -2.0)(image), 16, stride=2)
    for width in widths:
        x = _inverted_block(_inverted_block(x, width, stride=2), width, stride=1)
    return keras.Model(image, head(layers.Dropout(0.2)(x), classes), name="depthwise")


def objects_network(size: int, channels: int, widths: Sequence[int] = (8, 24, 48, 64, 96)) -> keras.Model:
    """A U-Net for many objects of one kind, which tells those that touch apart by their boundaries.

    Input (size, size, channels), 0 to 1. Outputs ``mask`` (size, size, 2), the logits that a pixel belongs to
    an object and that it lies on a boundary, and ``features`` (last width), the averages of the coarsest maps.
    All layers are convolutions: the weights fitted at one size serve at any multiple of 16.
    """
    image = keras.Input((size, size, channels), name="image")
    fine = convolution(layers.Rescaling(4.0, -2.0)(image), widths[0])
    x, coarsest = _down_and_up(layers.MaxPooling2D(2)(fine), widths[1:])
    x = layers.UpSampling2D(2, interpolation="bilinear")(convolution(x, widths[0], kernel=1))
    x = convolution(layers.Concatenate()([x, fine]), widths[0])
    features = layers.GlobalAveragePooling2D(name="features")(coarsest)
    return keras.Model(image, {"mask": layers.Conv2D(2, 1, name="mask")(x), "features": features}, name="objects")


def region_network(crop_size: int, slice_size: int, classes: int) -> keras.Model:
    """Two eyes: one on the enlarged region, one on the whole slice with the region's box marked.

    Inputs ``crop`` (crop_size, crop_size, 1) and ``slice`` (slice_size, slice_size, 2: image, box),
    0 to 1. Outputs ``logits``, ``evidence`` and ``slice_evidence`` (one map an eye; the sum of
    their averages is ``logits``), and ``features`` (both eyes).
    """
    crop = keras.Input((crop_size, crop_size, 1), name="crop")
    whole = keras.Input((slice_size, slice_size, 2), name="slice")
    near, far = layers.Rescaling(4.0, -2.0)(crop), layers.Rescaling(2.0, -1.0)(whole)
    for i, width in enumerate((16, 32, 64, 96)):
        near = convolution(near, width, stride=2) if i == 0 else _residual_block(near, width, stride=2)
    for i, width in enumerate((16, 32, 64)):
        far = convolution(far, width, stride=2) if i == 0 else _residual_block(far, width, stride=2)
    one = head(layers.Dropout(0.3)(near), classes, "")
    two = head(layers.Dropout(0.3)(far), classes, "slice_")
    outputs = {
        "logits": layers.Add(name="sum_of_logits")([one["logits"], two["slice_logits"]]),
        "evidence": one["evidence"],
        "slice_evidence": two["slice_evidence"],
        "features": layers.Concatenate(name="both_features")([one["features"], two["slice_features"]]),
    }
    return keras.Model([crop, whole], outputs, name="region")


def standardised(image: Tensor) -> Tensor:
    """Each image with mean 0 and standard deviation 1, so that its exposure does not matter."""
    mean = ops.mean(image, axis=(1, 2), keepdims=True)
    spread = ops.sqrt(ops.mean(ops.square(image - mean), axis=(1, 2), keepdims=True))
    return (image - mean) / (spread + 0.02)


def _down_and_up(x: Tensor, widths: Sequence[int]) -> tuple[Tensor, Tensor]:
    """The two arms of a U-Net from ``x`` back to its size, and the coarsest maps between them."""
    skips = []
    for width in widths[:-1]:
        x = _residual_block(x, width)
        skips.append(x)
        x = layers.MaxPooling2D(2)(x)
    coarsest = x = _residual_block(_residual_block(x, widths[-1]), widths[-1])
    for width, skip in zip(reversed(widths[:-1]), reversed(skips), strict=True):
        x = layers.UpSampling2D(2, interpolation="bilinear")(convolution(x, width, kernel=1))
        x = convolution(layers.Concatenate()([x, skip]), width)
    return x, coarsest


def head(x: Tensor, classes: int, prefix: str = "") -> dict[str, Tensor]:
    """The end of a classifier: a map for each class, their averages (the logits) and the features' averages."""
    evidence = layers.Conv2D(classes, 1, name=f"{prefix}evidence")(x)
    return {
        f"{prefix}logits": layers.GlobalAveragePooling2D(name=f"{prefix}logits")(evidence),
        f"{prefix}evidence": evidence,
        f"{prefix}features": layers.GlobalAveragePooling2D(name=f"{prefix}features")(x),
    }


def convolution(x: Tensor, width: int, *, kernel: int = 3, stride: int = 1, activation: bool = True) -> Tensor:
    """A convolution with its normalisation, and a ReLU unless ``activation`` is False."""
    x = layers.Conv2D(width, kernel, strides=stride, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.95)(x)
    return layers.ReLU()(x) if activation else x


def _residual_block(x: Tensor, width: int, *, stride: int = 1) -> Tensor:
    shortcut = x
    if stride > 1:
        shortcut = layers.AveragePooling2D(stride)(shortcut)
    if x.shape[-1] != width:
        shortcut = convolution(shortcut, width, kernel=1, activation=False)
    x = convolution(convolution(x, width, stride=stride), width, activation=False)
    return layers.ReLU()(layers.Add()([x, shortcut]))


def _inverted_block(x: Tensor, width: int, *, stride: int, expansion: int = 3) -> Tensor:
    narrow = x
    x = convolution(x, expansion * x.shape[-1], kernel=1)
    x = layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.95)(x))
    x = convolution(x, width, kernel=1, activation=False)
    return layers.Add()([x, narrow]) if stride == 1 and narrow.shape[-1] == width else x

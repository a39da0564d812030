"""The two networks of a generative adversarial network (Goodfellow 2014, arXiv:1406.2661).

The discriminator looks at images through the first blocks of EfficientNet-Lite0 as ImageNet taught them, which
stay as they are (Sauer 2021, "Projected GANs converge faster", arXiv:2111.01007): with a few thousand images it
learns far sooner so than from pixels. No classifier of this project was begun from those blocks and measures
the generator too, save the one that outlines tumours.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from medai_core.training.networks import Tensor
from medai_core.training.pretrained import eyes
from medai_core.training.synthesis.outlines import SHAPED, drawn, painted

LATENT = 128
"""Numbers in a latent point, each drawn from a standard normal distribution."""
WIDTHS = {4: 256, 8: 128, 16: 96, 32: 48, 64: 24, 128: 12}
"""Channels of the generator at each of its sizes."""
DRAFT = 32
"""Rows and columns of the blurred draft that an image begins from."""
KINDS, CODED, BASIS = 8, 32, 160
"""Kinds of a label, chosen by the first latent number; components of each, the next 32; and what those consist of.

The 11 numbers after those tell the outline, where there is one.
"""
REACH = 0.9
"""How far an outline's numbers go by chance, of how far those learnt from go: the farthest pass for other labels."""
SHARPNESS = 2000.0
"""How suddenly one kind follows another as the first latent number grows."""
NEAR = 16
"""From this size on the label is told inside an outline: told from a smaller one on, it would reach everywhere."""
HEADS = (16, 48, 96, 96)
"""First channels of the discriminator's heads, from the finest of the maps that they look at."""
LOUDNESS = 8.0
"""The root mean square of those maps on grey scans, about."""


@keras.saving.register_keras_serializable("medai")
class BoundedConv(layers.Conv2D):  # type: ignore[misc]  # keras has no types
    """A convolution divided by its largest singular value (Miyato 2018, arXiv:1802.05957), one power step a call."""

    def build(self, shape: Sequence[int]) -> None:
        super().build(shape)
        self.direction = self.add_weight(
            shape=(1, self.filters), initializer="random_normal", trainable=False, name="direction"
        )

    def save_own_variables(self, store: dict[str, Tensor]) -> None:
        super().save_own_variables(store)
        store["direction"] = self.direction

    def load_own_variables(self, store: dict[str, Tensor]) -> None:
        self._kernel.assign(store["0"])
        self.bias.assign(store["1"])
        self.direction.assign(store["direction"])

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        flat = ops.reshape(self._kernel, (-1, self.filters))
        held = ops.stop_gradient(flat)
        left = _unit(ops.matmul(self.direction, ops.transpose(held)))
        right = _unit(ops.matmul(left, held))
        if training:
            self.direction.assign(right)
        largest = ops.sum(ops.matmul(left, flat) * right)
        made = self.convolution_op(x, self._kernel / (largest + 1e-6))
        return made + self.bias


@keras.saving.register_keras_serializable("medai")
class VarietyOfBatch(layers.Layer):  # type: ignore[misc]  # keras has no types
    """How much the images of a batch differ at each place (Karras 2018, arXiv:1710.10196), so that sameness shows."""

    def call(self, x: Tensor) -> Tensor:
        spread = ops.sqrt(ops.mean(ops.square(x - ops.mean(x, axis=0, keepdims=True)), axis=0, keepdims=True) + 1e-6)
        return ops.broadcast_to(ops.mean(spread, axis=-1, keepdims=True), (*ops.shape(x)[:3], 1))

    def compute_output_shape(self, shape: Sequence[int | None]) -> tuple[int | None, ...]:
        return (*shape[:3], 1)


def _unit(x: Tensor) -> Tensor:
    return x * ops.rsqrt(ops.sum(ops.square(x)) + 1e-12)


SMALL = keras.initializers.RandomNormal(stddev=0.01)


def generator(size: int, labels: int, channels: int) -> keras.Model:
    """From a latent point and a label to an image.

    Inputs ``latent`` (128) and ``label`` (labels: one is 1, or shares of several). Output (size, size, channels),
    about -1 to 1: the image and, with two channels, the outline of what is in it. ``size`` is 32, 64 or 128; the
    networks of different sizes share the layers of their names, and each size adds to the one before it, enlarged.

    Where there is an outline, the label is known inside it alone, and what lies farther than about a third of the
    image away hangs on the label by how often each kind comes, and by nothing else: a label that was known everywhere
    was told by the whole image, and a classifier taught with such images learnt nothing of use.
    """
    latent, label = keras.Input((LATENT,), name="latent"), keras.Input((labels,), name="label")
    place, own = _place(latent, label), latent
    draft, shape = _draft(latent, place), None
    if channels > 1:
        own = latent * reach()
        shape = _shape(own, place)
    image = draft = draft if shape is None else draft + painted(shape, DRAFT)
    style = own if shape is not None else layers.Concatenate()([latent, layers.Rescaling(4.0)(label)])
    style = _leaky(layers.Dense(LATENT, name="style")(style))
    x = layers.Reshape((4, 4, WIDTHS[4]))(layers.Dense(16 * WIDTHS[4], name="begin")(style))
    x = _styled(x, style, WIDTHS[4], "at4")
    at = 4
    while at < size:
        at *= 2
        x = _enlarged(x, at)
        if at <= DRAFT:
            x = layers.Concatenate()([x, layers.AveragePooling2D(DRAFT // at)(draft) if at < DRAFT else draft])
        if shape is not None and at >= NEAR:
            x = layers.Concatenate()([x, _inside(shape, label, at)])
        for name in (f"at{at}a", f"at{at}b") if at in (8, 16, 32) else (f"at{at}a",):
            x = _styled(x, style, WIDTHS[at], name)
        if at >= DRAFT:
            added = layers.Conv2D(1, 3, padding="same", kernel_initializer=SMALL, name=f"image{at}")(x)
            image = layers.Add()([_doubled(image) if at > DRAFT else image, added])
    made = image if shape is None else layers.Concatenate()([image, drawn(shape, size)])
    return keras.Model([latent, label], made, name=f"generator{size}")


def reach() -> NDArray[np.float32]:
    """What each latent number (1, 128) counts: less where it tells an outline."""
    counts = np.ones((1, LATENT), np.float32)
    counts[:, 1 + CODED : 1 + CODED + SHAPED] = REACH
    return counts


def _place(latent: Tensor, label: Tensor) -> Tensor:
    """Which kind of which label it is, (labels * kinds): one is 1, or shares of several."""
    edges = layers.Dense(KINDS - 1, use_bias=False, trainable=False, name="edges")(label)
    above = ops.sigmoid(SHARPNESS * (latent[:, :1] - edges))
    one, none = ops.ones_like(latent[:, :1]), ops.zeros_like(latent[:, :1])
    kind = layers.Concatenate()([one, above]) - layers.Concatenate()([above, none])
    return layers.Reshape((label.shape[-1] * KINDS, 1))(ops.expand_dims(label, 2) * ops.expand_dims(kind, 1))


def _amounts(place: Tensor, latent: Tensor, first: int, count: int) -> Tensor:
    """1 and ``count`` latent numbers at the place of their kind and label, (labels * kinds * (1 + count))."""
    amount = layers.Concatenate()([ops.ones_like(latent[:, :1]), latent[:, first : first + count]])
    return layers.Reshape((place.shape[1] * (1 + count),))(place * ops.expand_dims(amount, 1))


def _draft(latent: Tensor, place: Tensor) -> Tensor:
    """A blurred image (32, 32, 1): fitted before the game, in which it stays as it is."""
    numbers = layers.Dense(BASIS, use_bias=False, trainable=False, name="kinds")(_amounts(place, latent, 1, CODED))
    flat = layers.Dense(DRAFT * DRAFT, trainable=False, name="components")(numbers)
    return layers.Reshape((DRAFT, DRAFT, 1))(flat)


def _shape(latent: Tensor, place: Tensor) -> Tensor:
    """The numbers that an outline is drawn from (11): fitted before the game, in which they stay as they are."""
    amounts = _amounts(place, latent, 1 + CODED, SHAPED)
    return layers.Dense(SHAPED, use_bias=False, trainable=False, name="outlines")(amounts)


def _inside(shape: Tensor, label: Tensor, size: int) -> Tensor:
    """The label inside the outline and nothing elsewhere, (size, size, labels)."""
    return (drawn(shape, size) + 1.0) / 2 * ops.expand_dims(label, (1, 2))


def _styled(x: Tensor, style: Tensor, width: int, name: str) -> Tensor:
    """A convolution whose inputs are weighed by the style, as in StyleGAN (Karras 2019, 10.1109/CVPR.2019.00453)."""
    weight = layers.Dense(x.shape[-1], bias_initializer="ones", name=f"{name}_style")(style)
    x = layers.Multiply()([x, layers.Reshape((1, 1, x.shape[-1]))(weight)])
    return _leaky(layers.RMSNormalization(name=f"{name}_norm")(layers.Conv2D(width, 3, padding="same", name=name)(x)))


def _enlarged(x: Tensor, at: int) -> Tensor:
    """``x`` at twice the size with the channels of that size, smoothly: laid out side by side they show a grid."""
    narrow = layers.Conv2D(WIDTHS[at], 1, name=f"to{at}")(x) if x.shape[-1] > WIDTHS[at] else x
    return layers.UpSampling2D(2, interpolation="bilinear")(narrow)


def _doubled(image: Tensor) -> Tensor:
    return layers.UpSampling2D(2, interpolation="bilinear")(image)


def _leaky(x: Tensor) -> Tensor:
    return layers.LeakyReLU(0.2)(x)


def discriminator(size: int, labels: int, channels: int) -> keras.Model:
    """How real an image looks for each label, at every place of four maps.

    Input ``image`` (size, size, channels), -1 to 1. Outputs, one for each of the maps, logits (rows, columns, labels):
    above 0 real; then the four maps themselves.
    """
    image = keras.Input((size, size, channels), name="image")
    found = eyes(size)(_colours(image))
    maps = [_mixed(x, width, k) for k, (x, width) in enumerate(zip(found, HEADS, strict=True))]
    logits = [_head(x, labels, width, k) for k, (x, width) in enumerate(zip(maps, HEADS, strict=True))]
    return keras.Model(image, [*logits, *maps], name=f"discriminator{size}")


def _colours(image: Tensor) -> Tensor:
    """An image in three colours: with an outline what is inside it, the image and the outline: all are heeded so."""
    grey = image[..., :1]
    if image.shape[-1] == 1:
        return layers.Concatenate()([grey, grey, grey])
    outline = ops.clip(image[..., 1:], -1.0, 1.0)
    inside = (grey + 1.0) * (outline + 1.0) / 2 - 1.0
    return layers.Concatenate()([inside, grey, outline])


def _mixed(x: Tensor, width: int, k: int) -> Tensor:
    """``x`` through a fixed random mixture of its channels, so that none can be looked at alone."""
    spread = keras.initializers.RandomNormal(stddev=float(np.sqrt(2 / x.shape[-1])) / LOUDNESS, seed=k)
    return layers.Conv2D(width, 1, use_bias=False, kernel_initializer=spread, trainable=False, name=f"mixture{k}")(x)


def _head(x: Tensor, labels: int, width: int, k: int) -> Tensor:
    """Down to at most 16 rows, then a logit a place and label: one of all and, by projection (Miyato 2018,
    arXiv:1802.05637), one of its own."""
    step = 0
    while step == 0 or x.shape[1] > 16:
        stride = 2 if x.shape[1] > 4 else 1
        width = min(2 * width, 192)
        seen = BoundedConv(width, 4 if stride == 2 else 3, strides=stride, padding="same", name=f"head{k}_{step}")(x)
        x = _leaky(layers.RMSNormalization(name=f"head{k}_{step}_norm")(seen))
        step += 1
    x = layers.Concatenate()([x, VarietyOfBatch(name=f"variety{k}")(x)])
    logit = BoundedConv(1, 3, padding="same", name=f"head{k}_logit")(x)
    match = layers.Dense(labels, use_bias=False, name=f"head{k}_label")(layers.Rescaling(1 / (width + 1))(x))
    return layers.Add(name=f"logit{k}")([logit, match])


def grown(larger: keras.Model, smaller: keras.Model) -> keras.Model:
    """``larger`` with the weights of ``smaller`` in the layers that both have in one shape."""
    for layer in larger.layers:
        if layer.weights and any(one.name == layer.name for one in smaller.layers):
            known = smaller.get_layer(layer.name).get_weights()
            if [w.shape for w in known] == [tuple(w.shape) for w in layer.weights]:
                layer.set_weights(known)
    return larger

"""How the two networks learn against each other; the same code under TensorFlow and under JAX."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

Tensor: TypeAlias = Any
Tensors: TypeAlias = list[Tensor]
Batch: TypeAlias = Mapping[str, Tensor]
"""``real`` (n, y, x, channels); ``label``, and ``other``, a wrong one (n, labels); ``latent`` (n, 128); what the made
image is to look like from ``afar`` (n, 16, 16, 1), and how much that counts, ``sure`` (n, 1, 1, 1); ``tied``
(n,): 1 where the latent point is that of the real image itself; changes as ``real_*`` and ``made_*``, the same where
tied."""
Change = Callable[[Tensor, Mapping[str, Tensor]], Tensor]
Rates: TypeAlias = tuple[float, float]
"""How fast the generator learns, and the discriminator, which must not fall behind: then images become all alike."""

COARSE = 16
SHARE = 0.998
"""Of the averaged weights that stays in a step."""
DECAY = 0.99
"""Of the mean of squared slopes."""


@dataclass(frozen=True)
class Pull:
    """What holds made images to real ones beside the game.

    Attributes
    ----------
    tie : how much it counts that they look from afar as they are to. Without, all images of a small set came out alike.
    alike : how much it counts that tied ones are seen in full detail as the real ones are. Where heads lie in many
        ways, the game alone drew the same lines over all of them.
    heed : how much it counts that an image does not pass for one of another label.
    """

    tie: float = 300.0
    alike: float = 0.0
    heed: float = 0.5


@dataclass(frozen=True)
class Losses:
    """Both losses, and the state of the discriminator after them."""

    generator: Tensor
    discriminator: Tensor
    state: Tensors


class Game:
    """A generator and a discriminator that learn together: hinge loss, both at once, averaged weights.

    Parameters
    ----------
    rates : how fast each learns. pull : what holds made images to real ones.
    change : a differentiable change of images (Zhao 2020, arXiv:2006.10738), the same kind for real and made ones.
    """

    def __init__(
        self, generator: keras.Model, discriminator: keras.Model, change: Change, rates: Rates, pull: Pull
    ) -> None:
        self.generator, self.discriminator, self._change = generator, discriminator, change
        self.averaged = keras.models.clone_model(generator)
        self.averaged.set_weights(generator.get_weights())
        self._rates, self._pull = rates, pull
        trained = generator.trainable_variables, discriminator.trainable_variables
        self._squares = [[keras.Variable(ops.zeros(v.shape), trainable=False) for v in group] for group in trained]
        self._count = keras.Variable(0.0, trainable=False)
        self._step = _compiled(self._moved)

    @property
    def networks(self) -> tuple[keras.Model, keras.Model, keras.Model]:
        """Generator, generator with averaged weights, discriminator."""
        return self.generator, self.averaged, self.discriminator

    def step(self, batch: Mapping[str, NDArray[np.float32]]) -> tuple[float, float]:
        """One step of both on a batch; the losses of the generator and of the discriminator before it."""
        held = [
            self.generator.trainable_variables,
            self.discriminator.trainable_variables,
            self.discriminator.non_trainable_variables,
            self.averaged.trainable_variables,
            *self._squares,
            [self._count],
        ]
        values = [[v.value for v in group] for group in held]
        losses, moved = self._step(values, {k: ops.convert_to_tensor(v) for k, v in batch.items()})
        for group, new in zip(held, moved, strict=True):
            for variable, value in zip(group, new, strict=True):
                variable.assign(value)
        return float(losses[0]), float(losses[1])

    def _moved(self, values: list[Tensors], batch: Batch) -> tuple[tuple[Tensor, Tensor], list[Tensors]]:
        g, d, state, averaged, g_squares, d_squares, (count,) = values
        count = count + 1

        def losses(g: Tensors, d: Tensors) -> Losses:
            return self._losses(g, d, state, batch)

        found, g_slope, d_slope = _slopes(losses, g, d)
        g, g_squares = _descended(g, g_slope, g_squares, self._rates[0], count)
        d, d_squares = _descended(d, d_slope, d_squares, self._rates[1], count)
        share = ops.minimum(SHARE, (1 + count) / (10 + count))  # at first weights move too far to be averaged
        averaged = [share * a + (1 - share) * b for a, b in zip(averaged, g, strict=True)]
        return (found.generator, found.discriminator), [g, d, found.state, averaged, g_squares, d_squares, [count]]

    def _losses(self, g: Tensors, d: Tensors, state: Tensors, batch: Batch) -> Losses:
        draft = [v.value for v in self.generator.non_trainable_variables]
        made, _ = self.generator.stateless_call(g, draft, [batch["latent"], batch["label"]], training=True)
        seen = [self._change(made, _named(batch, "made_")), self._change(batch["real"], _named(batch, "real_"))]
        found, state = self.discriminator.stateless_call(d, state, seen[0], training=True)
        of_made, maps_made = _parted(found)
        found, state = self.discriminator.stateless_call(d, state, seen[1], training=True)
        of_real, maps_real = _parted(found)
        taken, passed = _as(of_made, batch["label"]), _as(of_made, batch["other"])
        heed = self._pull.heed
        fooled = sum(heed * ops.mean(ops.relu(1 + y)) - ops.mean(x) for x, y in zip(taken, passed, strict=True))
        # A real image under another label counts as made (Reed 2016, arXiv:1605.05396), or labels are not heeded.
        wrong = sum(
            ops.mean(ops.relu(1 + x)) + ops.mean(ops.relu(1 + y))
            for x, y in zip(taken, _as(of_real, batch["other"]), strict=True)
        )
        told = wrong / 2 + sum(ops.mean(ops.relu(1 - x)) for x in _as(of_real, batch["label"]))
        fooled += self._pull.tie * _apart(made, batch["afar"], batch["sure"])
        if self._pull.alike:
            fooled += self._pull.alike * _unlike(maps_made, maps_real, batch["tied"])
        return Losses(fooled, told, state)


def _parted(found: Tensors) -> tuple[Tensors, Tensors]:
    """The logits and the maps that a discriminator gives."""
    return found[: len(found) // 2], found[len(found) // 2 :]


def _as(logits: Tensors, label: Tensor) -> Tensors:
    """The logits (n, rows, columns) of each image's label (n, labels)."""
    return [ops.sum(x * ops.expand_dims(label, (1, 2)), axis=-1) for x in logits]


def _unlike(made: Tensors, real: Tensors, tied: Tensor) -> Tensor:
    """How much the maps of tied images differ from those of the real ones (Johnson 2016, arXiv:1603.08155)."""
    return sum(ops.mean(tied * ops.mean(ops.abs(x - y), axis=(1, 2, 3))) for x, y in zip(made, real, strict=True))


def _apart(made: Tensor, afar: Tensor, sure: Tensor) -> Tensor:
    """How far made images look, from afar, from what they are to look like."""
    step = made.shape[1] // COARSE
    seen = ops.average_pool(made[..., :1], step, strides=step)
    return ops.mean(sure * ops.square(seen - afar))


def _descended(
    values: Tensors, slopes: Tensors, squares: Tensors, rate: float, count: Tensor
) -> tuple[Tensors, Tensors]:
    """A step of Adam without momentum (Kingma 2014, arXiv:1412.6980); Keras's own has no such step for TensorFlow."""
    squares = [DECAY * s + (1 - DECAY) * ops.square(g) for s, g in zip(squares, slopes, strict=True)]
    scale = rate * ops.sqrt(1 - ops.power(DECAY, count))
    moved = [v - scale * g * ops.rsqrt(s + 1e-16) for v, g, s in zip(values, slopes, squares, strict=True)]
    return moved, squares


def _named(batch: Batch, start: str) -> dict[str, Tensor]:
    return {name.removeprefix(start): value for name, value in batch.items() if name.startswith(start)}


def _slopes(losses: Callable[[Tensors, Tensors], Losses], g: Tensors, d: Tensors) -> tuple[Losses, Tensors, Tensors]:
    """The losses, the slope of the generator's in ``g`` and that of the discriminator's in ``d``."""
    if keras.backend.backend() == "jax":
        import jax

        def both(g: Tensors, d: Tensors) -> tuple[tuple[Tensor, Tensor], Tensors]:
            found = losses(g, d)
            return (found.generator, found.discriminator), found.state

        (of_g, of_d), back, state = jax.vjp(both, g, d, has_aux=True)
        one, nothing = ops.ones_like(of_g), ops.zeros_like(of_g)
        return Losses(of_g, of_d, state), back((one, nothing))[0], back((nothing, one))[1]
    import tensorflow as tf

    with tf.GradientTape(persistent=True) as tape:
        tape.watch([*g, *d])
        found = losses(g, d)
    return found, tape.gradient(found.generator, g), tape.gradient(found.discriminator, d)


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function)  # type: ignore[no-any-return]
    import tensorflow as tf

    return tf.function(function, autograph=False)  # type: ignore[no-any-return]

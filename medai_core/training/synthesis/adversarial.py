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
"""``real`` (n, y, x, channels); ``label``, and ``other``, a wrong one (n, labels); ``latent`` (n, 128); changes as
``real_*`` and ``made_*``; ``tied`` (n,): 1 where the latent point is that of the real image itself, 0 where it is
drawn at random."""
Change = Callable[[Tensor, Mapping[str, Tensor]], Tensor]
Rates: TypeAlias = tuple[float, float]
"""How fast the generator learns, and the discriminator, which must not fall behind: then images become all alike."""

COARSE = 16
TIE = 300.0
"""How much it counts that an image from a real one's latent point looks like it from afar. Without, all images of a
small set came out alike."""
SHARE = 0.998
"""Of the averaged weights that stays in a step."""
DECAY = 0.99
"""Of the mean of squared slopes."""


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
    rates : how fast each learns. tie : how much it counts that tied images look alike from afar.
    change : a differentiable change of images (Zhao 2020, arXiv:2006.10738), the same kind for real and made ones.
    """

    def __init__(
        self, generator: keras.Model, discriminator: keras.Model, change: Change, rates: Rates, tie: float = TIE
    ) -> None:
        self.generator, self.discriminator, self._change = generator, discriminator, change
        self.averaged = keras.models.clone_model(generator)
        self.averaged.set_weights(generator.get_weights())
        self._rates, self._tie = rates, tie
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
        made, _ = self.generator.stateless_call(g, [], [batch["latent"], batch["label"]], training=True)
        seen = [self._change(made, _named(batch, "made_")), self._change(batch["real"], _named(batch, "real_"))]
        of_made, state = self.discriminator.stateless_call(d, state, [seen[0], batch["label"]], training=True)
        of_real, state = self.discriminator.stateless_call(d, state, [seen[1], batch["label"]], training=True)
        of_other, state = self.discriminator.stateless_call(d, state, [seen[1], batch["other"]], training=True)
        fooled = sum(-ops.mean(x) for x in of_made) + self._tie * _apart(made, batch["real"], batch["tied"])
        # A real image under another label counts as made (Reed 2016, arXiv:1605.05396), or labels are not heeded.
        wrong = sum(
            ops.mean(ops.relu(1 + x)) + ops.mean(ops.relu(1 + y)) for x, y in zip(of_made, of_other, strict=True)
        )
        told = wrong / 2 + sum(ops.mean(ops.relu(1 - x)) for x in of_real)
        return Losses(fooled, told, state)


def _apart(made: Tensor, real: Tensor, tied: Tensor) -> Tensor:
    """How far tied images lie from the real ones as they look from afar, at 16 x 16."""
    step = real.shape[1] // COARSE
    afar = [ops.average_pool(x, step, strides=step) for x in (made, real)]
    return ops.mean(tied * ops.mean(ops.square(afar[0] - afar[1]), axis=(1, 2, 3)))


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

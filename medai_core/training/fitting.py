"""Fitting a network: splits by group, batches drawn from arrays, one schedule, saved as it goes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from medai_core.evaluation.manifests import split_groups as split_groups

Draw = Callable[[NDArray[np.int64], np.random.Generator], tuple[Any, ...]]
"""From sample numbers and a generator to one batch (inputs, targets), or (inputs, targets, weights)."""


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # keras has no types
    """An epoch of batches; ``weights`` draws samples with replacement, else each comes once."""

    def __init__(
        self,
        samples: NDArray[np.int64],
        draw: Draw,
        *,
        batch: int,
        steps: int,
        seed: int,
        weights: NDArray[np.float64] | None,
    ) -> None:
        super().__init__()
        self.samples, self.draw, self.batch, self.steps, self.seed, self.weights = (
            samples,
            draw,
            batch,
            steps,
            seed,
            weights,
        )
        self.epoch = 0
        self.on_epoch_end()

    def on_epoch_end(self) -> None:
        rng = np.random.default_rng((self.seed, self.epoch))
        n = self.steps * self.batch
        if self.weights is None:
            repeats = math.ceil(n / len(self.samples))
            self.order = np.concatenate([rng.permutation(self.samples) for _ in range(repeats)])[:n]
        else:
            self.order = rng.choice(self.samples, n, p=self.weights / self.weights.sum())
        self.epoch += 1

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        rng = np.random.default_rng((self.seed, self.epoch, index))
        return self.draw(self.order[index * self.batch : (index + 1) * self.batch], rng)


def fit(
    network: keras.Model,
    output: str,
    loss: Any,
    samples: NDArray[np.int64],
    draw: Draw,
    *,
    path: Path,
    epochs: int,
    seed: int,
    batch: int = 32,
    steps: int | None = None,
    rate: float = 2e-3,
    decay: float = 1e-3,
    weights: NDArray[np.float64] | None = None,
) -> keras.Model:
    """``network`` fitted on one of its outputs and saved to ``path``; read back from there when it exists.

    AdamW with one rise and a cosine fall of the learning rate to zero, so that the last epochs
    average over what the first ones explored.
    """
    if path.exists():
        return keras.saving.load_model(path, compile=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    steps = steps or max(1, len(samples) // batch)
    trained = _compiled(network, output, loss, rate, decay, steps * epochs)
    batches = Batches(samples, draw, batch=batch, steps=steps, seed=seed, weights=weights)
    backup = keras.callbacks.BackupAndRestore(path.parent / f"{path.stem}.backup")
    trained.fit(batches, epochs=epochs, verbose=0, callbacks=[_progress(path.stem, epochs), backup])
    network.save(path)
    return network


def predict(network: keras.Model, inputs: Any, batch: int = 64) -> dict[str, NDArray[np.float32]]:
    """Every output of ``network`` for all samples, by name.

    Parameters
    ----------
    inputs : an array (n, ...), or one for each input by name.
    """
    n = len(next(iter(inputs.values())) if isinstance(inputs, dict) else inputs)
    if n > 4 * batch:
        made: dict[str, NDArray[np.float32]] = network.predict(inputs, batch_size=batch, verbose=0)
        return made
    # Building a graph takes longer than answering for a few.
    parts = [network(_part(inputs, slice(i, i + batch)), training=False) for i in range(0, n, batch)]
    return {name: np.concatenate([ops.convert_to_numpy(part[name]) for part in parts]) for name in parts[0]}


def _part(inputs: Any, rows: slice) -> Any:
    return {name: values[rows] for name, values in inputs.items()} if isinstance(inputs, dict) else inputs[rows]


def _compiled(network: keras.Model, output: str, loss: Any, rate: float, decay: float, total: int) -> keras.Model:
    """The part of ``network`` that leads to ``output``, ready to be fitted in ``total`` steps."""
    schedule = keras.optimizers.schedules.CosineDecay(
        rate / 20, total - total // 10, warmup_target=rate, warmup_steps=max(1, total // 10)
    )
    trained = keras.Model(network.inputs, network.output[output])
    # Building a graph takes longer than the few steps of a smoke run.
    trained.compile(keras.optimizers.AdamW(schedule, weight_decay=decay), loss, run_eagerly=total < 20)
    return trained


def _progress(name: str, epochs: int) -> keras.callbacks.Callback:
    """A line of progress after each epoch."""
    start = time.monotonic()

    def report(epoch: int, logs: dict[str, float]) -> None:
        seconds = time.monotonic() - start
        print(f"{name}: epoch {epoch + 1}/{epochs}, loss {logs['loss']:.4f}, {seconds:.0f} s", flush=True)

    return keras.callbacks.LambdaCallback(on_epoch_end=report)


def overlap_loss(true: Any, logit: Any) -> Any:
    """Cross-entropy plus one minus the soft Dice coefficient (Milletari 2016, 10.1109/3DV.2016.79)."""
    p = ops.sigmoid(logit)
    cross = ops.mean(ops.binary_crossentropy(true, logit, from_logits=True))
    both, each = ops.sum(p * true, axis=(1, 2, 3)), ops.sum(p, axis=(1, 2, 3)) + ops.sum(true, axis=(1, 2, 3))
    return cross + 1 - ops.mean((2 * both + 1) / (each + 1))


def boundary_loss(true: Any, logit: Any) -> Any:
    """``overlap_loss`` of each channel by itself, averaged, with a weight for every pixel's cross-entropy.

    Parameters
    ----------
    true : (n, rows, columns, channels + 1), 0 to 1, the weight last; logit : (n, rows, columns, channels).
    """
    wanted, weight = true[..., :-1], true[..., -1:]
    p = ops.sigmoid(logit)
    cross = ops.mean(weight[..., 0] * ops.mean(_cross_entropy(wanted, logit), axis=-1)) / ops.mean(weight)
    both, each = ops.sum(p * wanted, axis=(1, 2)), ops.sum(p, axis=(1, 2)) + ops.sum(wanted, axis=(1, 2))
    return cross + 1 - ops.mean((2 * both + 1) / (each + 1))


def _cross_entropy(true: Any, logit: Any) -> Any:
    """Of every value by itself."""
    return ops.softplus(logit) - true * logit

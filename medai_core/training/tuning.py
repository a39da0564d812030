"""A trained classifier fitted further on other images: its head first, then all layers, and the best epoch kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from medai_core.evaluation.parts import TRAIN, VALIDATION, OwnImages
from medai_core.metrics import recalls
from medai_core.training.augmentation import Augmentation, augment
from medai_core.training.fitting import Batches
from medai_core.training.samples import inputs

BATCH = 32
FEWEST_STEPS = 12
"""Steps of an epoch, however few images there are."""
GENTLE = Augmentation(rotation_degrees=6, shift=0.04, zoom=0.08, stretch=0.04, contrast=0.15, brightness=0.06, flip=0.0)
"""What changes no class, whatever the model: nothing is mirrored or turned far, since a side may be a class."""


class Tell(Protocol):
    """Takes what a run has reached: the stage's name, and facts such as epoch and loss."""

    def __call__(self, stage: str, **facts: float | str) -> None:
        """Write it down."""


@dataclass(frozen=True)
class Stage:
    """One part of the fitting.

    Attributes
    ----------
    head : whether only the last layers are fitted. epochs : at most; rate : the learning rate.
    """

    name: str
    head: bool
    epochs: int
    rate: float


@dataclass(frozen=True)
class Tuning:
    """How a model is fitted further.

    Attributes
    ----------
    epochs : of both stages together, at most. patience : epochs without a better one before a stage ends.
    """

    epochs: int = 30
    seed: int = 7
    patience: int = 5
    head_rate: float = 2e-3
    rate: float = 2e-4

    @property
    def stages(self) -> tuple[Stage, Stage]:
        """The head alone for a third of the epochs, then all layers at a low rate."""
        head = max(1, self.epochs // 3)
        return Stage("head", True, head, self.head_rate), Stage("all", False, max(1, self.epochs - head), self.rate)


@dataclass(frozen=True)
class Kept:
    """The best epoch of what was fitted so far: its stage, its loss on the validation part, and the weights."""

    stage: str
    loss: float
    weights: list[NDArray[np.float32]]


def tune(network: keras.Model, own: OwnImages, how: Tuning, tell: Tell) -> dict[str, float]:
    """Fit ``network`` (outputs with ``logits``) further, and leave it as it was at its best epoch.

    The best is the one of the least loss on the validation part; the weights that it began with are among the
    candidates, so that images which teach nothing change nothing.

    Returns
    -------
    The least loss before, and in each stage, by name.
    """
    watch = _Watch(own, how, tell)
    watch.begin(keras.Model(network.inputs[0], network.output["logits"]))
    for stage in how.stages:
        _thaw(network, head=stage.head)
        trained = keras.Model(network.inputs[0], network.output["logits"])
        keras.utils.set_random_seed(how.seed)
        trained.compile(
            keras.optimizers.AdamW(stage.rate, weight_decay=1e-4),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        watch.enter(stage)
        trained.fit(_batches(own, how), epochs=stage.epochs, verbose=0, callbacks=[watch])
        trained.set_weights(watch.best.weights)
    for layer in _leaves(network):
        layer.trainable = True
    return watch.least


def _batches(own: OwnImages, how: Tuning) -> Any:
    """Every class comes as often as the others."""
    rows = own.rows(TRAIN)
    counts = np.bincount(own.label[rows])
    size = (own.pixels.shape[1], own.pixels.shape[2])

    def draw(chosen: NDArray[np.int64], rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        return inputs(np.stack([augment(own.pixels[i], size, GENTLE, rng) for i in chosen])), own.label[chosen]

    steps = max(FEWEST_STEPS, len(rows) // BATCH)
    return Batches(rows, draw, batch=BATCH, steps=steps, seed=how.seed, weights=1 / counts[own.label[rows]])


def _thaw(network: keras.Model, *, head: bool) -> None:
    """Let the head alone, or all layers, learn; normalisations keep their statistics, which few images would spoil."""
    heads = set(map(id, heads_of(network)))
    for layer in _leaves(network):
        learns = not isinstance(layer, layers.BatchNormalization) and (not head or not heads or id(layer) in heads)
        layer.trainable = learns


def heads_of(network: keras.Model) -> list[keras.Layer]:
    """The layers with weights that give the classes: a map each (``evidence``) or the logits."""
    return [x for x in _leaves(network) if x.name.endswith(("evidence", "logits")) and x.get_weights()]


def _leaves(network: keras.Model) -> Iterator[keras.Layer]:
    for layer in network.layers:
        if hasattr(layer, "layers"):
            yield from _leaves(layer)
        else:
            yield layer


class _Watch(keras.callbacks.Callback):  # type: ignore[misc]  # keras has no types
    """After each epoch: the loss on the validation part, told, and the best weights kept."""

    def __init__(self, own: OwnImages, how: Tuning, tell: Tell) -> None:
        super().__init__()
        rows = own.rows(VALIDATION)
        self.inputs, self.label = inputs(own.pixels[rows]), own.label[rows]
        self.how, self.tell, self.started = how, tell, time.monotonic()
        self.least: dict[str, float] = {}

    def begin(self, network: keras.Model) -> None:
        loss, right = self._seen(network)
        self.best, self.least = Kept("before", loss, network.get_weights()), {"before": loss}
        most = sum(stage.epochs for stage in self.how.stages)
        self.tell("before", validation_loss=loss, balanced_accuracy=right, most=most)

    def enter(self, stage: Stage) -> None:
        self.stage, self.waited = stage, 0
        self.least[stage.name] = float("inf")

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        loss, right = self._seen(self.model)
        self.tell(
            self.stage.name,
            epoch=epoch + 1,
            epochs=self.stage.epochs,
            loss=float((logs or {}).get("loss", float("nan"))),
            validation_loss=loss,
            balanced_accuracy=right,
            seconds=round(time.monotonic() - self.started, 1),
        )
        self.waited = 0 if loss < self.least[self.stage.name] else self.waited + 1
        self.least[self.stage.name] = min(loss, self.least[self.stage.name])
        if loss < self.best.loss:
            self.best = Kept(self.stage.name, loss, self.model.get_weights())
        self.model.stop_training = self.waited >= self.how.patience

    def _seen(self, network: keras.Model) -> tuple[float, float]:
        """Cross-entropy and balanced accuracy on the validation part."""
        logits = np.asarray(network.predict(self.inputs, batch_size=64, verbose=0), np.float64)
        loss = (np.logaddexp.reduce(logits, axis=1) - logits[np.arange(len(logits)), self.label]).mean()
        return float(loss), float(recalls(self.label, logits.argmax(axis=1), logits.shape[1]).mean())

"""A generator from small images to large: each size begins with what the one before it learnt."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core.training.recipes import Pixels, png, say
from medai_core.training.synthesis.adversarial import TIE, Game, Rates
from medai_core.training.synthesis.changing import changed, drawn_changes
from medai_core.training.synthesis.networks import LATENT, discriminator, generator, grown

Floats = NDArray[np.float32]
SAVED_EVERY = 250
"""Steps after which everything is stored, so that a run that ends early goes on from there."""

CODED = 48
"""Latent numbers that are tied to the main components of images; the others are left to chance."""
SMALLEST = 32
BEGUN = 400
"""The size, and the steps, in which a generator learns the main components before the game."""


@dataclass(frozen=True)
class Stage:
    """So many steps at one size; ``rates`` and ``tie`` as in ``Game``."""

    size: int
    steps: int
    batch: int = 16
    rates: Rates = (1.5e-4, 6e-4)
    tie: float = TIE


@dataclass(frozen=True)
class Taught:
    """The images to learn from: ``pixels`` (n, y, x, channels) at least as large as the last stage, ``label`` (n,)."""

    pixels: Pixels
    label: NDArray[np.int64]
    labels: int

    def at(self, size: int) -> Floats:
        """The images at a size, -1 to 1."""
        bilinear = Picture.Resampling.BILINEAR
        parts = [
            [np.asarray(Picture.fromarray(image[..., c]).resize((size, size), bilinear)) for image in self.pixels]
            for c in range(self.pixels.shape[-1])
        ]
        return np.asarray(np.stack([np.stack(p) for p in parts], axis=-1), np.float32) / np.float32(127.5) - 1


def codes(taught: Taught) -> Floats:
    """The latent numbers that are tied to each image, (n, 48): its main components, less its label's mean."""
    images = taught.at(SMALLEST)
    flat = images.reshape(len(images), -1)
    mean = np.stack([flat[taught.label == k].mean(axis=0) for k in range(taught.labels)])
    left, _, _ = np.linalg.svd(flat - mean[taught.label], full_matrices=False)
    return np.asarray(left[:, :CODED] * np.sqrt(len(images)), np.float32)


def latents(code: Floats, tied: NDArray[np.bool_], rng: np.random.Generator) -> Floats:
    """Latent points (n, 128): the code where tied and chance for the rest, all chance where not."""
    drawn = rng.normal(size=(len(code), LATENT)).astype(np.float32)
    drawn[:, : code.shape[1]] = np.where(tied[:, None], code, drawn[:, : code.shape[1]])
    return drawn


def begun(network: keras.Model, taught: Taught, steps: int, seed: int, batch: int = 32) -> None:
    """Teach a generator the main components first: it begins the game with blurred images instead of noise."""
    size = network.output.shape[1]
    images, code = taught.at(size), codes(taught)
    told = np.eye(taught.labels, dtype=np.float32)[taught.label]
    schedule = keras.optimizers.schedules.CosineDecay(1e-3, steps)
    network.compile(keras.optimizers.Adam(schedule), loss="mse")
    rng = np.random.default_rng((seed, size))
    for step in range(steps):
        rows = rng.integers(0, len(images), batch)
        latent = latents(code[rows], np.ones(batch, bool), rng)
        loss = network.train_on_batch([latent, told[rows]], images[rows])
        if step % 100 == 99:
            say(f"main components: step {step + 1}/{steps}, mean squared error {float(loss):.3f}")


@dataclass(frozen=True)
class Known:
    """Networks that have learnt before: of one size, the generator as averaged weights."""

    generator: keras.Model
    discriminator: keras.Model

    @property
    def networks(self) -> tuple[keras.Model, keras.Model, keras.Model]:
        """Generator, generator with averaged weights, discriminator."""
        return self.generator, self.generator, self.discriminator


def learn(
    taught: Taught, stages: Sequence[Stage], work: Path, seed: int, known: Known | None = None
) -> tuple[keras.Model, keras.Model]:
    """The generator with averaged weights and the discriminator, after all stages; read back from ``work`` if there.

    Parameters
    ----------
    known : what the first stage begins with; the main components where there is nothing.
    """
    work.mkdir(parents=True, exist_ok=True)
    before: Game | Known | None = known
    for stage in stages:
        game, done = _begun(taught, stage, before, work, seed)
        start = time.monotonic() - spent(work, stage.size)
        for step, losses in _played(game, taught, stage, done, seed):
            if step % 50 == 0:
                say(
                    f"{work.name}: size {stage.size}, step {step}/{stage.steps}, losses {losses[0]:.2f} {losses[1]:.2f}"
                )
            if step % SAVED_EVERY == 0 or step == stage.steps:
                _saved(game, stage, step, work, time.monotonic() - start)
        before = game
    assert before is not None
    return before.networks[1], before.networks[2]


def _begun(taught: Taught, stage: Stage, before: Game | Known | None, work: Path, seed: int) -> tuple[Game, int]:
    """The networks of a stage, and how many of its steps are done."""
    channels, progress = taught.pixels.shape[-1], work / f"{stage.size}.json"
    networks = [f(stage.size, taught.labels, channels) for f in (generator, generator, discriminator)]
    done = 0
    if progress.exists():
        done = json.loads(progress.read_text())["steps"]
        for network, name in zip(networks, NAMES, strict=True):
            network.load_weights(work / f"{stage.size}_{name}.weights.h5")
    elif before is not None:
        for network, earlier in zip(networks, before.networks, strict=True):
            grown(network, earlier)
    else:
        small = generator(SMALLEST, taught.labels, channels)
        begun(small, taught, BEGUN if stage.steps > BEGUN else stage.steps, seed)
        for network in networks[:2]:
            grown(network, small)
    game = Game(networks[0], networks[2], changed, stage.rates, stage.tie)
    game.averaged.set_weights(networks[1].get_weights())
    return game, done


NAMES = ("generator", "averaged", "discriminator")


def _saved(game: Game, stage: Stage, step: int, work: Path, seconds: float) -> None:
    for network, name in zip(game.networks, NAMES, strict=True):
        network.save_weights(work / f"{stage.size}_{name}.weights.h5")
    (work / f"{stage.size}.json").write_text(json.dumps({"steps": step, "seconds": round(seconds)}))
    (work / f"{stage.size}.png").write_bytes(png(sheet(game.averaged)))


def spent(work: Path, *sizes: int) -> float:
    """Seconds that the stages of these sizes have taken so far, in this run and before."""
    told = [json.loads(path.read_text()) for size in sizes if (path := work / f"{size}.json").exists()]
    return float(sum(each["seconds"] for each in told))


def _played(
    game: Game, taught: Taught, stage: Stage, done: int, seed: int
) -> Iterator[tuple[int, tuple[float, float]]]:
    """Steps from ``done`` on, and their losses; every label comes as often as the others."""
    images, code = taught.at(stage.size), codes(taught)
    rows = [np.flatnonzero(taught.label == k) for k in range(taught.labels)]
    for step in range(done, stage.steps):
        rng = np.random.default_rng((seed, stage.size, step))
        label = rng.integers(0, taught.labels, stage.batch)
        chosen = [int(rng.choice(rows[k])) for k in label]
        yield step + 1, game.step(batch_of(images[chosen], code[chosen], label, taught.labels, rng))


def batch_of(
    real: Floats, code: Floats, label: NDArray[np.int64], labels: int, rng: np.random.Generator
) -> Mapping[str, Any]:
    """What a step of the game is given; every other latent point is that of the real image itself."""
    n, size = real.shape[:2]
    changes = {f"{of}_{name}": value for of in ("made", "real") for name, value in drawn_changes(n, size, rng).items()}
    tied = np.arange(n) % 2 == 0
    told = np.eye(labels, dtype=np.float32)[label]
    other = np.eye(labels, dtype=np.float32)[(label + rng.integers(1, labels, n)) % labels]
    return {
        "real": real,
        "label": told,
        "other": other,
        "latent": latents(code, tied, rng),
        "tied": tied.astype("f4"),
        **changes,
    }


def made_by(network: keras.Model, label: NDArray[np.int64], latent: Floats) -> Pixels:
    """What the generator makes, (n, y, x, channels)."""
    labels = network.inputs[1].shape[-1]
    parts = []
    for k in range(0, len(label), 64):
        told = np.eye(labels, dtype=np.float32)[label[k : k + 64]]
        parts.append(ops.convert_to_numpy(network([latent[k : k + 64], told], training=False)))
    return np.asarray(np.clip(np.concatenate(parts) * 127.5 + 127.5, 0, 255).round(), np.uint8)


def sheet(network: keras.Model, columns: int = 8) -> Pixels:
    """Two rows a label of what the generator makes, for looking at while it learns."""
    labels = network.inputs[1].shape[-1]
    label = np.repeat(np.arange(labels), 2 * columns)
    latent = np.random.default_rng(0).normal(size=(len(label), LATENT)).astype(np.float32)
    made = made_by(network, label, latent)
    made = np.concatenate([made[..., c] for c in range(made.shape[-1])], axis=2)
    rows = [np.concatenate(list(made[k : k + columns]), axis=1) for k in range(0, len(made), columns)]
    return np.concatenate(rows)

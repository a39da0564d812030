"""A generator from small images to large: each size begins with what the one before it learnt."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core.training.recipes import Pixels, png, say
from medai_core.training.synthesis.adversarial import COARSE, Game, Pull, Rates
from medai_core.training.synthesis.changing import changed, drawn_changes
from medai_core.training.synthesis.kinds import Kinds, kinds_of
from medai_core.training.synthesis.networks import DRAFT, LATENT, discriminator, generator, grown
from medai_core.training.synthesis.outlines import drawn_all, filled, numbers_of

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
SAVED_EVERY = 250
"""Steps after which everything is stored, so that a run that ends early goes on from there."""

LOOSE = 0.2
"""How much it counts that an image of chance looks like its draft from afar, where one of a real image's latent point
looks like that image."""


@dataclass(frozen=True)
class Stage:
    """So many steps at one size; ``rates`` and ``pull`` as in ``Game``."""

    size: int
    steps: int
    batch: int = 16
    rates: Rates = (1.5e-4, 6e-4)
    pull: Pull = Pull()


@dataclass(frozen=True)
class Taught:
    """The images to learn from: ``pixels`` (n, y, x, channels) at least as large as the last stage, ``label`` (n,)."""

    pixels: Pixels
    label: Ints
    labels: int

    @cached_property
    def numbers(self) -> Floats | None:
        """What the outlines are told by (n, 11), where there are outlines."""
        return numbers_of(self.pixels) if self.pixels.shape[-1] > 1 else None

    def at(self, size: int) -> Floats:
        """The images at a size, -1 to 1, their outlines as the generator draws them."""
        bilinear = Picture.Resampling.BILINEAR
        grey = [np.asarray(Picture.fromarray(image[..., 0]).resize((size, size), bilinear)) for image in self.pixels]
        images = np.asarray(np.stack(grey)[..., None], np.float32) / np.float32(127.5) - 1
        return images if self.numbers is None else np.concatenate([images, drawn_all(self.numbers, size)], axis=-1)

    def kinds(self) -> Kinds:
        """What their drafts are made of."""
        images = self.at(DRAFT)
        return kinds_of(filled(images), self.label, self.labels, self.numbers)


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
    known : what the first stage begins with; drafts where there is nothing.
    """
    work.mkdir(parents=True, exist_ok=True)
    kinds = taught.kinds()
    before: Game | Known | None = known
    for stage in stages:
        game, done = _begun(taught, kinds, stage, before, work)
        start = time.monotonic() - spent(work, stage.size)
        for step, losses in _played(game, taught, kinds, stage, done, seed):
            if step % 50 == 0:
                say(
                    f"{work.name}: size {stage.size}, step {step}/{stage.steps}, losses {losses[0]:.2f} {losses[1]:.2f}"
                )
            if step % SAVED_EVERY == 0 or step == stage.steps:
                _saved(game, stage, step, work, time.monotonic() - start)
        before = game
    assert before is not None
    return before.networks[1], before.networks[2]


def _begun(taught: Taught, kinds: Kinds, stage: Stage, before: Game | Known | None, work: Path) -> tuple[Game, int]:
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
    for network in networks[:2]:
        kinds.told(network)
    game = Game(networks[0], networks[2], changed, stage.rates, stage.pull)
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
    game: Game, taught: Taught, kinds: Kinds, stage: Stage, done: int, seed: int
) -> Iterator[tuple[int, tuple[float, float]]]:
    """Steps from ``done`` on, and their losses; every label comes as often as the others."""
    images = taught.at(stage.size)
    rows = [np.flatnonzero(taught.label == k) for k in range(taught.labels)]
    for step in range(done, stage.steps):
        rng = np.random.default_rng((seed, stage.size, step))
        label = rng.integers(0, taught.labels, stage.batch)
        chosen = np.array([int(rng.choice(rows[k])) for k in label])
        yield step + 1, game.step(batch_of(images[chosen], kinds, chosen, label, taught.labels, rng))


def batch_of(
    real: Floats, kinds: Kinds, rows: Ints, label: Ints, labels: int, rng: np.random.Generator
) -> Mapping[str, Any]:
    """What a step of the game is given, of the images of some rows; every other latent point is that of its image."""
    n, size = real.shape[:2]
    tied = np.arange(n) % 2 == 0
    of_made, of_real = drawn_changes(n, size, rng), drawn_changes(n, size, rng)
    for name, change in of_made.items():
        change[tied] = of_real[name][tied]
    latent = kinds.latents(rows, tied, rng)
    draft = kinds.drafts(latent, label)
    told = np.eye(labels, dtype=np.float32)
    return {
        "real": real,
        "label": told[label],
        "other": told[(label + rng.integers(1, labels, n)) % labels],
        "latent": latent,
        "afar": np.where(tied[:, None, None, None], _pooled(real[..., :1]), _pooled(draft)),
        "sure": np.where(tied, 1, LOOSE).astype(np.float32)[:, None, None, None],
        "tied": tied.astype(np.float32),
        **{f"made_{name}": change for name, change in of_made.items()},
        **{f"real_{name}": change for name, change in of_real.items()},
    }


def _pooled(images: Floats) -> Floats:
    """Images (n, y, x, channels) from afar, (n, 16, 16, channels)."""
    n, size, _, channels = images.shape
    step = size // COARSE
    return np.asarray(images.reshape(n, COARSE, step, COARSE, step, channels).mean(axis=(2, 4)))


def made_by(network: keras.Model, label: Ints, latent: Floats) -> Pixels:
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

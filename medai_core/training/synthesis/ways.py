"""Ways to make images that differ in kind, compared on held-out real ones."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
from numpy.typing import NDArray

from medai_core.cards import Approach
from medai_core.training import recipes
from medai_core.training.recipes import Pixels, say
from medai_core.training.synthesis.learning import Taught
from medai_core.training.synthesis.likeness import frechet_distance
from medai_core.training.synthesis.networks import LATENT
from medai_core.training.synthesis.study import Study, draws, like

Ints = NDArray[np.int64]
COMPARED = 150
"""Images of each label that the ways are compared with."""
CHOSEN = "generator against discriminator"


def compared(study: Study, taught: Taught, averaged: keras.Model) -> tuple[Approach, ...]:
    """The ways, with how far their images lie from the held-out real ones in the classifier's embedding."""
    found = [_approach(study, name, images) for name, images in _candidates(study, taught, averaged).items()]
    return tuple(replace(a, chosen=a.name == CHOSEN) for a in found)


def _candidates(study: Study, taught: Taught, averaged: keras.Model) -> dict[str, tuple[Pixels, Ints]]:
    """Images by ways that differ in kind, and their label numbers."""
    seed, size = study.given.seed, averaged.output.shape[1]
    kinds = taught.kinds()
    label = np.repeat(np.arange(study.labels), COMPARED)
    rng = np.random.default_rng((seed, 3))
    drafts = kinds.drafts(rng.normal(size=(len(label), LATENT)).astype(np.float32), label)
    grey = np.clip(drafts[..., 0] * 127.5 + 127.5, 0, 255).round().astype(np.uint8)
    return {
        "main components, drawn at random": components(taught, COMPARED, size, seed),
        "kinds of images and their main components, drawn at random": (
            np.stack([recipes.resized(image, (size, size)) for image in grey])[..., None],
            label,
        ),
        CHOSEN: draws(averaged, study.labels, COMPARED, seed),
    }


def components(taught: Taught, count: int, size: int, seed: int) -> tuple[Pixels, Ints]:
    """``count`` images of each label: its mean and random multiples of its main components."""
    rng, images = np.random.default_rng((seed, 2)), taught.at(size)
    made = []
    for k in range(taught.labels):
        flat = images[taught.label == k].reshape(int((taught.label == k).sum()), -1)
        mean = flat.mean(axis=0)
        _, scale, directions = np.linalg.svd(flat - mean, full_matrices=False)
        share = rng.normal(size=(count, min(LATENT, len(scale)))) * scale[:LATENT] / np.sqrt(len(flat))
        made.append((mean + share @ directions[:LATENT]).reshape(count, *images.shape[1:]))
    pixels = np.clip(np.concatenate(made) * 127.5 + 127.5, 0, 255).round().astype(np.uint8)
    return pixels, np.repeat(np.arange(taught.labels), count)


def _approach(study: Study, name: str, made: tuple[Pixels, Ints]) -> Approach:
    """How far the images of one way lie from the held-out real ones in the classifier's embedding."""
    assert study.judge is not None
    judge, real = study.judge, study.held_out.labelled
    pixels, label = made
    rng = np.random.default_rng(study.given.seed)
    chosen = like(real.label, label, rng)
    distance = frechet_distance(judge.embeddings(pixels[chosen][..., 0]), judge.embeddings(real.pixels))
    called, accepted = judge.calls(pixels[..., 0])
    agreed = float((called == label)[accepted].mean()) if accepted.any() else float("nan")
    say(f"{name}: Fréchet distance {distance:.2f}, accepted {accepted.mean():.3f}, label agreed {agreed:.3f}")
    note = f"accepted {accepted.mean():.3f}, label agreed {agreed:.3f}"
    return Approach(name, "frechet", distance, note=note)

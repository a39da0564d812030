"""From a fitted generator to what is served: one graph to an image and its place in an embedding."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from medai_core.cards import Guard
from medai_core.imaging.synthesis.drawing import BATCH
from medai_core.training.networks import Tensor
from medai_core.training.pretrained import eyes

Floats = NDArray[np.float32]
DIMENSIONS = 48
"""Of the projected embedding: too few to draw an image from, enough to tell one from its neighbours."""
STEPS = 127
"""The embeddings of training images are kept as whole numbers from -127 to 127."""
QUANTILE = 0.01
"""Of the distances of held-out images to their nearest training image: nothing nearer is shown."""


@dataclass(frozen=True)
class Projection:
    """Main components of what the frozen blocks see: ``mean`` (features,), ``matrix`` (features, 48)."""

    mean: Floats
    matrix: Floats

    def __call__(self, features: Floats) -> Floats:
        """The projected embeddings of what was seen, (n, 48)."""
        return np.asarray((features - self.mean) @ self.matrix)


def seen(size: int) -> keras.Model:
    """From an image (size, size, 1), -1 to 1, to what the frozen blocks see on a 4 x 4 grid, (16 x 112,)."""
    image = keras.Input((size, size, 1), name="image")
    maps = eyes(size)(layers.Concatenate()([image, image, image]))[-1]
    pooled = layers.AveragePooling2D(maps.shape[1] // 4)(maps) if maps.shape[1] > 4 else maps
    return keras.Model(image, layers.Flatten()(pooled))


def features_of(images: Floats, size: int) -> Floats:
    """What the frozen blocks see of grey images (n, size, size, 1), -1 to 1."""
    network = seen(size)
    return np.asarray(network.predict(images, batch_size=64, verbose=0), np.float32)


def fit_projection(features: Floats) -> Projection:
    """The main components of at least 200 images, each scaled to a variance of one."""
    if len(features) < 200:
        raise ValueError(f"{len(features)} images are too few to project by; 200 are needed")
    mean = features.mean(axis=0)
    _, singular, directions = np.linalg.svd(features - mean, full_matrices=False)
    scale = np.sqrt(len(features)) / singular[:DIMENSIONS]
    return Projection(mean, (directions[:DIMENSIONS] * scale[:, None]).T.astype(np.float32))


def serving(network: keras.Model, projection: Projection) -> keras.Model:
    """``network`` with its image from 0 to 1, its outline where it makes one, and the image's projected embedding."""
    made = network.output
    image = ops.clip(made[..., :1], -1.0, 1.0)
    project = layers.Dense(DIMENSIONS, name="project")
    outputs: dict[str, Tensor] = {"image": layers.Rescaling(0.5, 0.5)(image)}
    outputs["embedding"] = project(seen(made.shape[1])(image))
    project.set_weights([projection.matrix, -projection.mean @ projection.matrix])
    if made.shape[-1] > 1:
        outputs["outline"] = layers.Rescaling(0.5, 0.5)(ops.clip(made[..., 1:], -1.0, 1.0))
    return keras.Model(network.inputs, outputs, name="serving")


def write_serving(network: keras.Model, projection: Projection, folder: Path) -> None:
    """``model.tflite``, which serves, its weights as 16-bit numbers.

    It takes as many points at once as it is always asked for: with their number left open, shapes were found anew in
    each call, and an interpreter whose memory had moved meanwhile made another image of the same point (LiteRT 2.1).
    """
    import tensorflow as tf

    how = {"optimizations": [tf.lite.Optimize.DEFAULT], "target_spec": {"supported_types": [tf.float16]}}
    given = [keras.InputSpec(shape=(BATCH, x.shape[-1]), dtype="float32", name=x.name) for x in network.inputs]
    serving(network, projection).export(
        folder / "model.tflite", format="litert", verbose=False, input_signature=[given], **how
    )


def write_discriminator(network: keras.Model, folder: Path) -> None:
    """``discriminator.npz``: what the discriminator has learnt, for further training; its frozen blocks are known."""
    kept = {w.path: ops.convert_to_numpy(w).astype(np.float16) for w in _learnt(network)}
    np.savez_compressed(folder / "discriminator.npz", **kept)


def read_discriminator(network: keras.Model, folder: Path) -> keras.Model:
    """``network`` with what the discriminator in the folder has learnt."""
    with np.load(folder / "discriminator.npz", allow_pickle=False) as kept:
        for w in _learnt(network):
            w.assign(kept[w.path].astype(np.float32))
    return network


def _learnt(network: keras.Model) -> list[keras.Variable]:
    """All but the frozen blocks."""
    known = {id(w) for w in network.get_layer("eyes").weights}
    return [w for w in network.weights if id(w) not in known]


def write_guard(training: Floats, held_out: Floats, made: Floats, folder: Path) -> Guard:
    """``guard.npz``, the projected embeddings of the training images, and when an image is too near to one.

    Parameters
    ----------
    training, held_out, made : projected embeddings, (n, 48) each; of other patients than the first, the second.
    """
    scale = float(np.abs(training).max()) / STEPS
    kept = np.round(training / scale).astype(np.int8)
    np.savez_compressed(folder / "guard.npz", nearest=kept, scale=np.float32(scale))
    known = kept.astype(np.float32) * scale
    limit = float(np.quantile(cdist(held_out, known).min(axis=1), QUANTILE))
    return Guard(limit, QUANTILE, len(held_out), float((cdist(made, known).min(axis=1) < limit).mean()))

"""From fitted networks to a model's folder: one serving graph, its LiteRT export, and what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from medai_core.metrics import Floats
from medai_core.training.calibration import whitening

Tensors = dict[str, keras.KerasTensor]


def averaged(members: Sequence[keras.Model], *, mirror: bool = False) -> keras.Model:
    """One network that averages the members' logits and evidence; their features stand side by side.

    Parameters
    ----------
    mirror : each member also sees the mirrored image (one input), and both answers are averaged.
    """
    inputs = [keras.Input(x.shape[1:], name=x.name) for x in members[0].inputs]
    answers = []
    for i, member in enumerate(members):
        member.name = f"member_{i}"
        seen = [member(inputs[0] if len(inputs) == 1 else inputs)]
        if mirror:
            seen.append(_mirrored(member(ops.flip(inputs[0], axis=2))))
        answers.append({name: _mean([s[name] for s in seen]) for name in seen[0]})
    outputs = {name: _mean(_same_size([a[name] for a in answers])) for name in answers[0] if name != "features"}
    if "features" in answers[0]:
        outputs["features"] = _joined([a["features"] for a in answers])
    return keras.Model(inputs, outputs)


def _mirrored(answer: Tensors) -> Tensors:
    return {name: ops.flip(value, axis=2) if len(value.shape) == 4 else value for name, value in answer.items()}


def _mean(values: list[keras.KerasTensor]) -> keras.KerasTensor:
    return layers.Average()(values) if len(values) > 1 else values[0]


def _joined(values: list[keras.KerasTensor]) -> keras.KerasTensor:
    return layers.Concatenate()(values) if len(values) > 1 else values[0]


def _same_size(values: list[keras.KerasTensor]) -> list[keras.KerasTensor]:
    """Maps repeated to the largest one's size, which leaves their means as they are."""
    if len(values[0].shape) != 4:
        return values
    rows = max(v.shape[1] for v in values)
    return [layers.UpSampling2D(rows // v.shape[1])(v) if v.shape[1] < rows else v for v in values]


def with_embedding(network: keras.Model, features: Floats, dimensions: int = 16) -> keras.Model:
    """``network`` with ``embedding`` in the place of ``features``: white coordinates, and the misfit.

    The last coordinate is how far the features lie outside the span of the others, in standard
    deviations above the training mean; the norm of all is a distance from the training images.

    Parameters
    ----------
    features : (n, features) of the training images.
    """
    matrix, shift = whitening(features, dimensions)
    back = np.linalg.pinv(matrix)
    coordinates = features @ matrix + shift
    misfit = np.linalg.norm(features - (coordinates - shift) @ back, axis=1)
    z = network.output["features"]
    white = layers.Dense(dimensions, name="white")
    inside = layers.Dense(features.shape[1], name="inside")
    excess = layers.Dense(1, activation="relu", name="excess")
    at = white(z)
    outside = ops.sqrt(ops.sum(ops.square(z - inside(at)), axis=-1, keepdims=True) + 1e-12)
    embedding = layers.Concatenate(name="embedding")([at, excess(outside)])
    white.set_weights([matrix, shift])
    inside.set_weights([back, -shift @ back])
    excess.set_weights([np.array([[1 / misfit.std()]]), np.array([-misfit.mean() / misfit.std()])])
    outputs = {name: value for name, value in network.output.items() if name != "features"} | {"embedding": embedding}
    return keras.Model(network.inputs, outputs)


def write_network(network: keras.Model, folder: Path, stem: str = "model") -> None:
    """``<stem>.keras``, which can be trained further, and ``<stem>.tflite``, which serves."""
    network.save(folder / f"{stem}.keras")
    network.export(folder / f"{stem}.tflite", format="litert", verbose=False)

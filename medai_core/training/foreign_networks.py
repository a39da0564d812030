"""A network from elsewhere with the outputs that serving needs: logits, evidence, features; and what it cannot give."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from medai_core.cards import Card
from medai_core.errors import ModelError

Tensor = Any
PROBES = 8
MOST_FEATURES = 4096
"""Of the vector before the last layer; from a longer one no embedding is made."""
IDLE = (layers.Dropout, layers.SpatialDropout2D, layers.GaussianNoise, layers.GaussianDropout, layers.Identity)
"""Layers that do nothing when a network answers."""


@dataclass(frozen=True)
class Foreign:
    """A network from elsewhere, ready to be exported.

    Attributes
    ----------
    network : input ``image``; outputs ``logits``, ``evidence`` and ``features``.
    lacks : ids of sentences about what its make does not allow.
    """

    network: keras.Model
    lacks: tuple[str, ...]


def read_foreign(path: Path, card: Card) -> Foreign:
    """The network in a Keras 3 file that ``keras_files.check_file`` has passed.

    Raises
    ------
    ModelError : it cannot be built, takes or returns something else than its card says, or returns no numbers.
    """
    try:
        loaded = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # whatever Keras stumbles over in somebody else's file
        raise ModelError("add.unreadable", file=path.name, detail=type(error).__name__) from error
    model = _with_input(loaded, card, path.name)
    _check_answers(model, card)
    return _wrapped(model, len(card.findings))


def _with_input(loaded: keras.Model, card: Card, name: str) -> keras.Model:
    """The same network on an input of the card's size that is called ``image``."""
    wanted = (*card.input.size, card.input.channels)
    if not isinstance(loaded, keras.Model) or len(loaded.inputs) != 1 or len(loaded.outputs) != 1:
        raise ModelError("add.ends", file=name)
    found = loaded.inputs[0].shape[1:]
    if len(found) != 3 or any(f is not None and f != w for f, w in zip(found, wanted, strict=True)):
        raise ModelError("add.input", found=_sizes(found), needed=_sizes(wanted))
    try:
        model = keras.models.clone_model(loaded, input_tensors=keras.Input(wanted, name="image"))
        model.set_weights(loaded.get_weights())
    except Exception as error:  # as above
        raise ModelError("add.unreadable", file=name, detail=type(error).__name__) from error
    return model


def _sizes(shape: tuple[int | None, ...]) -> str:
    return " x ".join("any" if side is None else str(side) for side in shape)


def _check_answers(model: keras.Model, card: Card) -> None:
    shape, classes = model.outputs[0].shape, len(card.findings)
    if len(shape) != 2 or not (shape[1] == classes or (shape[1] == 1 and classes == 2)):
        raise ModelError("add.classes", found=_sizes(shape[1:]), needed=classes)
    answers = _answers(model)
    if not np.isfinite(answers).all():
        raise ModelError("add.numbers")
    if float(np.ptp(answers, axis=0).max()) == 0.0:
        raise ModelError("add.constant")


def _answers(model: keras.Model) -> np.ndarray:
    """What it answers to black, to white and to noise."""
    rng, shape = np.random.default_rng(0), model.inputs[0].shape[1:]
    noise = rng.random((PROBES, *shape), dtype=np.float32)
    probes = np.concatenate([np.zeros((1, *shape), np.float32), np.ones((1, *shape), np.float32), noise])
    return np.asarray(ops.convert_to_numpy(model(probes, training=False)), np.float64)


def _wrapped(model: keras.Model, classes: int) -> Foreign:
    last, before = _step(model.outputs[0])
    if _activation(last) == "softmax" and not isinstance(last, layers.Dense) and before is not None:
        last, before = _step(before)
        known = _activation(last) == "linear"
    else:
        known = _activation(last) in ("linear", "softmax") or (_activation(last) == "sigmoid" and classes == 2)
    if not isinstance(last, layers.Dense) or not known or before is None:
        return _as_it_ends(model, classes)
    return _with_head(model, last, _awake(before), classes)


def _with_head(model: keras.Model, last: keras.Layer, vector: Tensor, classes: int) -> Foreign:
    """The last layer made anew, on the maps where it follows their averages: then each place's part is exact."""
    kernel, bias = _weights(last, classes)
    pool, maps = _step(vector)
    averaged = isinstance(pool, layers.GlobalAveragePooling2D) and pool.data_format == "channels_last"
    if averaged and maps is not None and len(vector.shape) == 2:
        each = layers.Conv2D(classes, 1, name="evidence")
        evidence = each(maps)
        each.set_weights([kernel[None, None], bias])
        outputs = {"logits": layers.GlobalAveragePooling2D(name="logits")(evidence), "evidence": evidence}
        return Foreign(keras.Model(model.inputs[0], outputs | {"features": vector}), ())
    head = layers.Dense(classes, name="logits")
    logits = head(vector)
    head.set_weights([kernel, bias])
    long = len(vector.shape) != 2 or vector.shape[1] > MOST_FEATURES
    lacks = ("add.flat_evidence", *(["add.short_features"] if long else []))
    return Foreign(_flat(model, logits, logits if long else vector), lacks)


def _as_it_ends(model: keras.Model, classes: int) -> Foreign:
    """Logits from whatever it ends with: logarithms of what looks like probabilities, else the values themselves."""
    answers, out = _answers(model), model.outputs[0]
    shares = answers.min() >= 0 and answers.max() <= 1
    if out.shape[1] == 1 and shares:
        p = ops.clip(out, 1e-6, 1 - 1e-6)
        logits = layers.Concatenate(name="logits")([ops.zeros_like(p), ops.log(p) - ops.log(1 - p)])
    elif out.shape[1] == 1:
        logits = layers.Concatenate(name="logits")([ops.zeros_like(out), out])
    elif shares and np.allclose(answers.sum(axis=1), 1, atol=1e-3):
        logits = ops.log(ops.clip(out, 1e-6, 1))
    else:
        logits = out
    return Foreign(_flat(model, logits, logits), ("add.flat_evidence", "add.short_features"))


def _flat(model: keras.Model, logits: Tensor, features: Tensor) -> keras.Model:
    """With evidence that is the same everywhere: its mean is the logit, and no place stands out."""
    evidence = layers.Reshape((1, 1, logits.shape[1]), name="same_everywhere")(logits)
    return keras.Model(model.inputs[0], {"logits": logits, "evidence": evidence, "features": features})


def _weights(last: keras.Layer, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias of the last layer; of a single output, with zeros for the first class."""
    kernel, *rest = last.get_weights()
    bias = rest[0] if rest else np.zeros(kernel.shape[1], kernel.dtype)
    if kernel.shape[1] == classes:
        return kernel, bias
    return np.concatenate([np.zeros_like(kernel), kernel], axis=1), np.concatenate([np.zeros_like(bias), bias])


def _step(tensor: Tensor) -> tuple[Any, Tensor | None]:
    """The layer that gives a tensor, and what goes into it where that is one tensor."""
    layer, node, _place = tensor._keras_history
    inputs = layer._inbound_nodes[node].input_tensors
    return layer, inputs[0] if len(inputs) == 1 else None


def _awake(tensor: Tensor) -> Tensor:
    """What goes into the layers before ``tensor`` that are idle when a network answers."""
    layer, before = _step(tensor)
    return _awake(before) if isinstance(layer, IDLE) and before is not None else tensor


def _activation(layer: Any) -> str:
    if isinstance(layer, layers.Softmax):
        return "softmax"
    return str(getattr(getattr(layer, "activation", None), "__name__", ""))

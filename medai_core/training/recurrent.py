"""Recurrent networks that watch a stay: fitted on whole stays, served one hour at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from medai_core.metrics import Floats, Ints
from medai_core.prognosis.monitoring.summaries import COLUMNS, Columns
from medai_core.training.fitting import fit

UNITS = 64
LEARNT_HOURS = 72
"""Hours in a row of a stay that a network is shown while it is fitted: a few long stays would make all batches long."""
FORGOTTEN = 0.2
"""The share of predictors that each stay of a batch is shown as never measured."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The columns of n stays hour after hour, one stay behind the other.

    Attributes
    ----------
    X : (hours in all, columns). start : (n + 1,), where each stay begins. label : (hours in all,), 1 for the event.
    weight : (hours in all,), how much an hour is learnt from.
    """

    X: NDArray[np.float32]
    start: Ints
    label: NDArray[np.float32]
    weight: NDArray[np.float32]

    def of(self, stays: Ints) -> Ints:
        """The rows of some stays, in their order."""
        return np.concatenate([np.arange(self.start[i], self.start[i + 1]) for i in stays.tolist()])

    @property
    def stay(self) -> Ints:
        """The stay of each row."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))


def recurrent_network(columns: int, units: int = UNITS) -> keras.Model:
    """Columns (hours, columns) to ``score`` (hours, 1), log-odds, through an LSTM (Hochreiter 1997).

    The columns hold values, masks and the time since each was measured, as in GRU-D (Che 2018,
    10.1038/s41598-018-24271-9).
    """
    x = keras.Input((None, columns), name="x")
    z = layers.Dense(units, activation="tanh", name="shown")(layers.Dropout(0.2)(x))
    z = layers.LSTM(units, return_sequences=True, name="lstm")(layers.Dropout(0.4)(z))
    return keras.Model(x, {"score": layers.Dense(1, name="score")(layers.Dropout(0.4)(z))})


def fit_network(rows: Rows, stays: Ints, columns: Columns, path: Path, *, epochs: int, seed: int) -> keras.Model:
    """A network fitted to ``stays``, some of them repeated as a bootstrap draws them; read back where ``path`` is."""
    keras.utils.set_random_seed(seed)
    owner, watched = owners(columns)
    network = recurrent_network(rows.X.shape[1])

    def draw(chosen: Ints, rng: np.random.Generator) -> tuple[Any, Any, Any]:
        x, y, w = padded(rows, chosen, LEARNT_HOURS, rng)
        forgotten = rng.random((len(chosen), owner.max() + 1)) < FORGOTTEN
        gone = (forgotten[:, owner] & watched)[:, None]
        return np.where(gone, columns.never(x), x), y[..., None], w

    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    return fit(
        network, "score", loss, stays, draw, path=path, epochs=epochs, seed=seed, batch=64, rate=2e-3, decay=1e-2
    )


def padded(
    rows: Rows, stays: Ints, most: int | None = None, rng: np.random.Generator | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Columns, labels and weights of stays side by side, (n, longest, ...); hours beyond a stay weigh nothing.

    Parameters
    ----------
    most : hours in a row that are taken of each stay, from one that ``rng`` draws; all of them when None.
    """
    whole = (rows.start[1:] - rows.start[:-1])[stays]
    length = whole if most is None else np.minimum(whole, most)
    begin = rows.start[stays] + (0 if rng is None else (rng.random(len(stays)) * (whole - length + 1)).astype(int))
    # Keras takes the shape of the first batches for that of all.
    shape = (len(stays), int(length.max() if most is None else min(most, np.diff(rows.start).max())))
    x = np.zeros((*shape, rows.X.shape[1]), np.float32)
    y, w = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for k, (first, hours) in enumerate(zip(begin.tolist(), length.tolist(), strict=True)):
        own = slice(first, first + hours)
        x[k, :hours], y[k, :hours], w[k, :hours] = rows.X[own], rows.label[own], rows.weight[own]
    return x, y, w


def owners(columns: Columns) -> tuple[Ints, NDArray[np.bool_]]:
    """The predictor of each column, and whether it is one that is watched."""
    place = {p.name: i for i, p in enumerate(columns.predictors)}
    owner = np.array([place.get(name.split(":")[0], 0) for name in columns.names])
    watched = np.zeros(len(owner), dtype=bool)
    watched[: len(COLUMNS) * len(columns.changing)] = True
    return owner, watched


def network_scores(network: keras.Model, rows: Rows, stays: Ints, together: int = 128) -> Floats:
    """The scores of every hour of ``stays``, one behind the other as ``rows.of`` gives them."""
    length = (rows.start[1:] - rows.start[:-1])[stays]
    found: list[Floats] = [np.zeros(0)] * len(stays)
    order = np.argsort(length, kind="stable")
    for start in range(0, len(order), together):
        part = order[start : start + together]
        said = ops.convert_to_numpy(network(padded(rows, stays[part])[0], training=False)["score"])[..., 0]
        for k, i in enumerate(part.tolist()):
            found[i] = said[k, : length[i]].astype(np.float64)
    return np.concatenate(found)


def together(members: Sequence[keras.Model]) -> keras.Model:
    """All members as one network of whole stays, ``score`` (hours, members): what can be trained further."""
    x = keras.Input(members[0].input.shape[1:], name="x")
    for i, member in enumerate(members):
        member.name = f"member_{i}"
    return keras.Model(x, {"score": layers.Concatenate(name="scores")([m(x)["score"] for m in members])})


def one_step(members: Sequence[keras.Model]) -> tuple[keras.Model, int]:
    """All members as one network of one hour, and the numbers in its memory.

    ``x`` (columns) and ``memory`` (numbers) to ``score`` (members) and the new ``memory``: each member's output and
    cell state, one behind the other.
    """
    units = members[0].get_layer("lstm").units
    x = keras.Input(members[0].input.shape[2:], name="x")
    memory = keras.Input((2 * units * len(members),), name="memory")
    scores, states = [], []
    for i, member in enumerate(members):
        h = memory[:, 2 * i * units : (2 * i + 1) * units]
        c = memory[:, (2 * i + 1) * units : (2 * i + 2) * units]
        shown, cell, score = (_again(member.get_layer(name), f"{name}_{i}") for name in ("shown", "lstm", "score"))
        z = shown(x)
        out, (h, c) = cell(z, [h, c])
        scores.append(score(out))
        states += [h, c]
    outputs = {
        "score": layers.Concatenate(name="scores")(scores),
        "memory": layers.Concatenate(name="states")(states),
    }
    return keras.Model([x, memory], outputs), 2 * units * len(members)


def _again(layer: Any, name: str) -> Any:
    """A layer of that name with the same weights; of an LSTM its cell, which takes one hour."""
    if isinstance(layer, layers.LSTM):
        made = layers.LSTMCell(layer.units, name=name)
        made.build((None, layer.input.shape[-1]))
    else:
        made = layers.Dense(layer.units, activation=layer.activation, name=name)
        made.build((None, layer.input.shape[-1]))
    made.set_weights(layer.get_weights())
    return made

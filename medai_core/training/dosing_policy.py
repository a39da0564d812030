"""The policy's network, and the two ways it learns: from what a dose should have been, and from what came of doses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers, ops

from medai_core.cards.dosing import Dosed, DosingSpec
from medai_core.precision.dosing.chart import Chart
from medai_core.precision.dosing.people import Ints
from medai_core.precision.dosing.policy import OBSERVED, WIDEST, Answer, Trained
from medai_core.precision.dosing.regimens import Doser, Regimen
from medai_core.precision.pharmacology import Floats
from medai_core.training.dosing_play import Explorer, Observations, Said, Steps, by_nomogram, play, varied_patients

SPREAD = 0.15
"""How far doses are varied at random in training, of the natural logarithm; half of it in the end."""
SCALE = 30.0
"""What the critic counts a course's worth in, so that its answers are about 1."""


def new_network(visits: int, units: int = 64) -> keras.Model:
    """From an observation to ``log_share`` of the dose and ``visit`` logits."""
    seen = keras.Input((len(OBSERVED),), name="observation")
    hidden = layers.Dense(units, activation="tanh")(layers.Dense(units, activation="tanh")(seen))
    small = keras.initializers.RandomNormal(stddev=0.01)
    raw = layers.Dense(1, kernel_initializer=small)(hidden)
    log_share = layers.Rescaling(WIDEST, name="log_share")(layers.Activation("tanh")(raw))
    visit = layers.Dense(visits, kernel_initializer=small, name="visit")(hidden)
    return keras.Model(seen, {"log_share": log_share, "visit": visit})


def new_critic(units: int = 64) -> keras.Model:
    """From an observation to what the rest of the course is worth."""
    seen = keras.Input((len(OBSERVED),))
    hidden = layers.Dense(units, activation="tanh")(layers.Dense(units, activation="tanh")(seen))
    return keras.Model(seen, layers.Dense(1)(hidden))


def said_by(network: keras.Model) -> Said:
    """What the network says now, whatever it learns later; so small a one is sooner worked out than asked."""
    (w0, b0), (w1, b1), (w2, b2), (w3, b3) = pairs_of(network.get_weights())

    def said(X: Observations) -> tuple[Floats, Floats]:
        hidden = np.tanh(np.tanh(X @ w0 + b0) @ w1 + b1)
        log_share = WIDEST * np.tanh(hidden @ w2 + b2)[:, 0]
        return log_share.astype(np.float64), (hidden @ w3 + b3).astype(np.float64)

    return said


def pairs_of(weights: list[Observations]) -> list[tuple[Observations, Observations]]:
    """Weights and biases of the layers, one behind the other."""
    return list(zip(weights[::2], weights[1::2], strict=True))


def as_regimen(network: keras.Model) -> Regimen:
    """The network as it would be asked: the dose as it is, the likeliest visit."""
    said = said_by(network)

    def answer(X: Observations) -> tuple[Floats, Ints]:
        log_share, visit = said(X)
        return log_share, visit.argmax(axis=1)

    return _regimen(answer)


def _regimen(answer: Answer) -> Regimen:
    def begin(chart: Chart, spec: DosingSpec, dosed: Dosed) -> Doser:
        return Trained(chart, spec, dosed, answer)

    return begin


@dataclass(frozen=True)
class Effort:
    """How long the policy learns.

    Attributes
    ----------
    imitated : rounds of imitation; rounds : of reinforcement; patients : virtual patients in each.
    """

    imitated: int
    rounds: int
    patients: int


def imitate(network: keras.Model, spec: DosingSpec, dosed: Dosed, effort: Effort, rng: np.random.Generator) -> None:
    """Learn what each dose should have been: in a simulation it is known. Each round plays with what was learnt."""
    network.compile(
        keras.optimizers.Adam(2e-3),
        loss={"log_share": "mse", "visit": keras.losses.SparseCategoricalCrossentropy(from_logits=True)},
        loss_weights={"log_share": 1.0, "visit": 0.2},
    )
    seen: list[Steps] = []
    for k in range(effort.imitated):
        explorer = Explorer(said_by(network), 2 * SPREAD if k < 2 else SPREAD, rng)
        seen.append(play(varied_patients(dosed, effort.patients, spec.days, rng), explorer, spec, dosed, rng))
        needed = np.concatenate([np.clip(s.needed, 0.05 - WIDEST, WIDEST - 0.05) for s in seen])
        visit = np.concatenate([by_nomogram(s, spec) for s in seen])
        network.optimizer.learning_rate = 2e-3 * (1 - k / effort.imitated) + 1e-4
        target = {"log_share": needed[:, None], "visit": visit}
        network.fit(np.concatenate([s.X for s in seen]), target, batch_size=1024, epochs=4, verbose=0)


class Learner:
    """Proximal policy optimisation (Schulman 2017, arXiv:1707.06347): better doses from what came of those tried."""

    clip, passes, batch, kept, entropy = 0.2, 4, 2048, 0.97, 0.002

    def __init__(self, network: keras.Model, spec: DosingSpec, dosed: Dosed, rng: np.random.Generator) -> None:
        self.network, self.critic = network, new_critic()
        self._spec, self._dosed, self._rng = spec, dosed, rng
        said = network.output
        self._actor = keras.Model(network.input, layers.Concatenate()([said["log_share"], said["visit"]]))
        self._actor.compile(keras.optimizers.Adam(3e-4, clipnorm=0.5), loss=self._loss)
        self.critic.compile(keras.optimizers.Adam(1e-3), loss="mse")

    def round(self, patients: int, spread: float, rate: float) -> float:
        """Play, judge, improve; the mean worth of a course."""
        explorer = Explorer(said_by(self.network), spread, self._rng)
        virtual = varied_patients(self._dosed, patients, self._spec.days, self._rng)
        steps = play(virtual, explorer, self._spec, self._dosed, self._rng)
        advantage, target = self._judged(steps)
        done = np.eye(len(self._spec.visit_days))[steps.visit]
        judged = np.column_stack([steps.log_share, steps.log_likely, advantage, np.full(len(done), spread), done])
        self._actor.optimizer.learning_rate = rate
        # Without ``fit``, which takes longer to begin than these batches to learn.
        for rows in self._batches(len(done)):
            for model, wanted in ((self._actor, judged), (self.critic, target[:, None])):
                model.train_on_batch(steps.X[rows], wanted[rows].astype(np.float32))
        return float(steps.reward.sum() / patients)

    def _batches(self, n: int) -> Iterator[Ints]:
        size = min(n, self.batch)
        for _ in range(self.passes):
            order = self._rng.permutation(n)
            yield from (order[i : i + size] for i in range(0, n - size + 1, size))

    def _judged(self, steps: Steps) -> tuple[Floats, Floats]:
        """How much better each step was than expected, standardised, and what the critic should have said."""
        value = SCALE * self.critic.predict_on_batch(steps.X)[:, 0].astype(np.float64)
        last = np.append(steps.patient[1:] != steps.patient[:-1], True)
        advantage = np.zeros(len(value))
        for i in range(len(value) - 1, -1, -1):
            ahead, rest = (0.0, 0.0) if last[i] else (value[i + 1], advantage[i + 1])
            advantage[i] = steps.reward[i] + ahead - value[i] + self.kept * rest
        return (advantage - advantage.mean()) / (advantage.std() + 1e-6), (advantage + value) / SCALE

    def _loss(self, judged: keras.KerasTensor, said: keras.KerasTensor) -> keras.KerasTensor:
        """The clipped gain, less a little for certainty about visits."""
        log_share, likely, advantage, spread = (judged[:, i] for i in range(4))
        log_p = ops.log_softmax(said[:, 1:])
        off = (log_share - said[:, 0]) / spread
        now = ops.sum(log_p * judged[:, 4:], axis=1) - ops.square(off) / 2 - ops.log(spread)
        ratio = ops.exp(ops.clip(now - likely, -5.0, 5.0))
        gain = ops.minimum(ratio * advantage, ops.clip(ratio, 1 - self.clip, 1 + self.clip) * advantage)
        return -gain + self.entropy * ops.sum(ops.exp(log_p) * log_p, axis=1)


def reinforce(learner: Learner, effort: Effort) -> Iterator[tuple[int, float]]:
    """Rounds of improvement, with ever smaller steps and exploration; yields each round and what a course is worth."""
    for k in range(effort.rounds):
        done = k / effort.rounds
        yield k, learner.round(effort.patients, SPREAD * (1 - 0.5 * done), 3e-4 * (1 - 0.9 * done))

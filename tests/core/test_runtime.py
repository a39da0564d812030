"""Networks as they are served: the same answer for everyone who asks at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from medai_core.catalog import WEIGHTS, find_models
from medai_core.runtime import Network

MODELS = find_models()
SIZE = MODELS.router.input.size


@pytest.fixture
def network() -> Network:
    return Network(MODELS.folder / MODELS.router.name / WEIGHTS)


def scans(n: int) -> np.ndarray:
    return np.random.default_rng(3).random((n, 1, *SIZE, MODELS.router.input.channels), dtype=np.float32)


def test_eight_readers_at_once_get_what_one_alone_gets(network: Network) -> None:
    asked = scans(24)
    alone = [network(image=x) for x in asked]
    with ThreadPoolExecutor(8) as readers:
        together = list(readers.map(lambda x: network(image=x), np.concatenate([asked] * 3)))
    for i, answer in enumerate(together):
        for name, value in answer.items():
            np.testing.assert_array_equal(value, alone[i % len(asked)][name])


def test_an_answer_is_not_overwritten_by_the_next_one(network: Network) -> None:
    first, second = scans(2)
    kept = network(image=first)
    before = {name: value.copy() for name, value in kept.items()}
    network(image=second)
    for name, value in kept.items():
        np.testing.assert_array_equal(value, before[name])
    assert not np.array_equal(network(image=second)["logits"], kept["logits"])


def test_no_more_interpreters_are_made_than_were_allowed() -> None:
    made = []

    class Counted(Network):
        def _new_runner(self) -> object:
            made.append(1)
            return super()._new_runner()

    counted = Counted(MODELS.folder / MODELS.router.name / WEIGHTS, copies=2)
    assert made == []  # none before the first question
    with ThreadPoolExecutor(8) as readers:
        list(readers.map(lambda x: counted(image=x), scans(32)))
    assert 1 <= len(made) <= 2


def test_after_a_wrong_question_the_network_still_answers(network: Network) -> None:
    for _ in range(3):  # more often than there are interpreters
        with pytest.raises(RuntimeError, match="channel"):
            network(image=np.zeros((1, 2, 2, 1), dtype=np.float32))
    assert set(network(image=scans(1)[0])) >= {"logits", "embedding"}

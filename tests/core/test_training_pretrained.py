"""The network that begins from ImageNet's weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from medai_core.training.pretrained import WEIGHTS, convert, efficientnet_lite

pytestmark = pytest.mark.xdist_group("keras")


@pytest.fixture(scope="module")
def network() -> Any:
    return efficientnet_lite(64, 3, 5)


def test_it_has_the_outputs_of_every_classifier_and_its_evidence_averages_to_the_logits(network: Any) -> None:
    image = np.random.default_rng(0).random((2, 64, 64, 3), np.float32)
    found = {name: np.asarray(value) for name, value in network(image).items()}
    assert {name: value.shape for name, value in found.items()} == {
        "logits": (2, 5),
        "evidence": (2, 4, 4, 5),
        "features": (2, 112),
    }
    np.testing.assert_allclose(found["evidence"].mean(axis=(1, 2)), found["logits"], atol=1e-4)


def test_what_imagenet_left_unused_stays_silent(network: Any) -> None:
    """A few of the stem's filters learnt nothing; with weights in a wrong order they would answer to noise."""
    stem = keras.Model(network.inputs, network.get_layer("stem").output)
    seen = np.asarray(stem([np.random.default_rng(1).random((1, 64, 64, 3), np.float32)]))[0, 2:-2, 2:-2]
    silent = seen.std(axis=(0, 1)) < 0.02
    assert 3 <= silent.sum() <= 8
    assert np.all(seen[..., silent] < 0.5)


def test_every_layer_but_the_head_has_stored_weights(network: Any) -> None:
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        names = {key.rpartition(".")[0] for key in stored.files}
    assert names == {layer.name for layer in network.layers if layer.get_weights()} - {"evidence"}


def test_a_file_that_was_not_published_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.pth").write_bytes(b"\x80\x02.")
    with pytest.raises(ValueError, match="not the file"):
        convert(tmp_path / "other.pth", tmp_path / "out.npz")
    assert not (tmp_path / "out.npz").exists()

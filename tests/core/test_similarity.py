"""Similar cases as statistics: of enough people, where the image lies, and of the model that was measured."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from medai_core.catalog import NEIGHBOURHOODS, find_models
from medai_core.errors import ModelError
from medai_core.imaging.similarity import (
    LEAST,
    Neighbourhoods,
    divided,
    read_neighbourhoods,
    write_neighbourhoods,
)
from medai_core.readings import as_json, read_scan

MODELS = find_models()
KEEPS = [card for card in MODELS.cards if card.measured and NEIGHBOURHOODS in card.measured.sha256]


def clouds(each: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two classes far apart in the first of 17 directions, three images a patient."""
    rng = np.random.default_rng(3)
    label = np.repeat([0, 1], each)
    points = rng.normal(0, 1, (2 * each, 17))
    points[:, 0] += 20 * label
    return points, label, np.arange(2 * each) // 3


def test_an_image_among_those_of_one_label_is_told_so() -> None:
    points, label, group = clouds()
    found = divided(points, label, group, 2)
    for k in (0, 1):
        near = found.nearest(points[label == k].mean(axis=0), ("benign", "malignant"))
        assert near.counts[("benign", "malignant")[k]] == near.n
        assert near.groups >= LEAST


def test_every_neighbourhood_is_of_at_least_ten_patients_and_twenty_images_and_every_image_is_in_one() -> None:
    points, label, group = clouds()
    found = divided(points, label, group, 2)
    assert found.groups.min() >= LEAST
    assert found.counts.sum(axis=1).min() >= 2 * LEAST
    assert found.counts.sum() == len(points)
    assert len(found.middle) > 8


def test_images_of_few_patients_stay_together_however_many_they_are() -> None:
    points, label, _group = clouds()
    found = divided(points, label, np.arange(len(points)) % 12, 2)
    assert found.groups.min() >= LEAST
    with pytest.raises(ValueError, match="10 are needed"):
        write_neighbourhoods(divided(points, label, np.arange(len(points)) % 5, 2), Path("never"))


def test_neighbourhoods_come_back_from_their_file_as_they_were(tmp_path: Path) -> None:
    found = divided(*clouds(), 2)
    write_neighbourhoods(found, tmp_path / "n.npz")
    back = read_neighbourhoods(tmp_path / "n.npz")
    for name in ("middle", "counts", "groups"):
        assert np.array_equal(getattr(back, name), getattr(found, name))


def test_a_file_that_could_run_code_is_not_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "n.npz", middle=np.array([object()], dtype=object), counts=[1], groups=[1])
    with pytest.raises(ValueError, match="allow_pickle"):
        read_neighbourhoods(tmp_path / "n.npz")


@pytest.mark.parametrize("card", KEEPS, ids=lambda card: card.name)
def test_a_reading_says_how_the_training_images_most_like_it_were_labelled(card) -> None:  # type: ignore[no-untyped-def]
    known = MODELS.neighbourhoods(card)
    assert isinstance(known, Neighbourhoods)
    assert known.groups.min() >= LEAST
    path = sorted((MODELS.folder / card.name).glob("example*.png"))[0]
    (reading,) = read_scan(path.read_bytes(), path.name, MODELS, model=card.name, affirm=True)
    assert reading.similar is not None
    assert set(reading.similar.counts) == {finding.name for finding in card.findings}
    assert as_json(reading)["similar"]["images"] == sum(reading.similar.counts.values()) >= 2 * LEAST
    where = {(m.measure, m.data) for m in card.measured.performance}
    assert {("similar_share", "validation"), ("share_of_all", "validation")} <= where


def test_an_altered_file_is_not_trusted(tmp_path: Path) -> None:
    card = KEEPS[0]
    shutil.copytree(MODELS.folder / card.name, tmp_path / card.name)
    with (tmp_path / card.name / NEIGHBOURHOODS).open("ab") as file:
        file.write(b"x")
    models = find_models(tmp_path)
    with pytest.raises(ModelError):
        models.neighbourhoods(models.card(card.name))


def test_a_model_that_keeps_none_gives_none() -> None:
    assert MODELS.neighbourhoods(MODELS.router) is None

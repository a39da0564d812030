"""A folder is a model: it appears when dropped in, and its weights are used only if they are the measured ones."""

from __future__ import annotations

import dataclasses
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from medai_core.catalog import MODELS, Catalog, find_models, samples, sha256
from medai_core.errors import CardError, ModelError
from tests import drawn


def dropped(folder: Path, name: str = "new_film_model", weights: bytes = b"not yet looked into") -> Path:
    """A complete model folder, copied from the film model's card."""
    model = folder / name
    model.mkdir(parents=True)
    shutil.copy(MODELS / drawn.FILM / "card.toml", model)
    (model / "model.tflite").write_bytes(weights)
    measured = dataclasses.replace(
        drawn.measured(("normal", "pneumonia")), sha256={"model.tflite": sha256(model / "model.tflite")}
    )
    (model / "measured.toml").write_text(tomli_w.dumps(plain(dataclasses.asdict(measured))), encoding="utf-8")
    return model


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if v is not None}
    return [plain(v) for v in value] if isinstance(value, list | tuple) else value


def complaint(models: Catalog, file: str = "model.tflite") -> ModelError:
    with pytest.raises(ModelError) as caught:
        models.network(models.cards[0], file)
    return caught.value


def test_a_folder_that_is_dropped_in_is_a_model(tmp_path: Path) -> None:
    assert find_models(tmp_path).cards == ()
    dropped(tmp_path, "b_model")
    dropped(tmp_path, "a_model")
    (tmp_path / "notes").mkdir()
    models = find_models(tmp_path)
    assert [card.name for card in models.cards] == ["a_model", "b_model"]
    assert models.card("b_model").name == "b_model"
    assert [card.name for card in models.trained("classification")] == ["a_model", "b_model"]


def test_a_folder_that_is_absent_has_no_models_and_so_nothing_that_routes(tmp_path: Path) -> None:
    models = find_models(tmp_path / "nowhere")
    assert models.cards == ()
    with pytest.raises(ModelError, match="scan_kind"):
        _ = models.router


def test_an_unknown_model_names_those_that_are_known(tmp_path: Path) -> None:
    dropped(tmp_path)
    with pytest.raises(ModelError, match=r"no model named 'crystal_ball'.*new_film_model"):
        find_models(tmp_path).card("crystal_ball")


def test_a_model_whose_recipe_has_not_run_is_listed_and_cannot_be_asked(tmp_path: Path) -> None:
    (dropped(tmp_path) / "measured.toml").unlink()
    models = find_models(tmp_path)
    assert [card.name for card in models.cards] == ["new_film_model"]
    assert models.trained("classification") == ()
    assert complaint(models).message.id == "model.no_weights"


def test_weights_that_differ_in_one_byte_from_the_measured_ones_are_refused(tmp_path: Path) -> None:
    weights = dropped(tmp_path) / "model.tflite"
    content = bytearray(weights.read_bytes())
    content[3] ^= 1
    weights.write_bytes(content)
    assert complaint(find_models(tmp_path)).message.id == "model.changed"


def test_weights_that_are_the_measured_ones_are_loaded_once(tmp_path: Path) -> None:
    dropped(tmp_path)
    models = find_models(tmp_path)
    assert models.network(models.cards[0]) is models.network(models.cards[0])


def test_weights_that_are_not_there_are_named(tmp_path: Path) -> None:
    (dropped(tmp_path) / "model.tflite").unlink()
    error = complaint(find_models(tmp_path))
    assert error.message.id == "model.no_weights"
    assert "new_film_model" in str(error)
    assert "model.tflite" in str(error)


def test_weights_that_the_card_does_not_list_are_refused(tmp_path: Path) -> None:
    (dropped(tmp_path) / "region.tflite").write_bytes(b"from somewhere else")
    assert complaint(find_models(tmp_path), "region.tflite").message.id == "model.changed"


def test_many_readers_at_once_get_one_and_the_same_network(tmp_path: Path) -> None:
    dropped(tmp_path)
    models, seen = find_models(tmp_path), []
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        seen.append(models.network(models.cards[0]))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert len(set(map(id, seen))) == 1


def test_one_card_that_is_wrong_is_named_instead_of_silently_left_out(tmp_path: Path) -> None:
    dropped(tmp_path, "good")
    (dropped(tmp_path, "bad") / "card.toml").write_text("title = 'x'", encoding="utf-8")
    with pytest.raises(CardError, match="bad"):
        find_models(tmp_path)


def test_the_samples_are_the_models_examples_and_what_a_dependency_bundles(tmp_path: Path) -> None:
    (dropped(tmp_path) / "example_normal_1.png").write_bytes(drawn.scan(100))
    found = samples(find_models(tmp_path))
    assert [s.name for s in found] == ["new_film_model/example_normal_1.png", "CT_small.dcm", "MR_small.dcm"]
    assert all(s.path.is_file() for s in found)
    assert found[0].title.text.startswith("SYNTHETIC")
    assert found[0].title.facts == {"number": 1, "title": "Pneumonia on a child's chest radiograph"}

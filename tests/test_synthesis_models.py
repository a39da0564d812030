"""Every generator keeps what its card promises."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from PIL import Image as Picture

from medai_core.cards import Card
from medai_core.imaging.images.synthetic import mark
from medai_core.imaging.synthesis import synthesize
from medai_core.imaging.synthesis.drawing import BATCH
from medai_core.readings import read_scan
from medai_core.training.synthesis.networks import generator
from medai_core.training.synthesis.recipe import known_networks
from tests.recipes import smoke_run
from tests.test_models import MODELS, folder

GENERATORS = [card for card in MODELS.cards if card.task == "synthesis"]
every_generator = pytest.mark.parametrize("card", GENERATORS, ids=lambda card: card.name)


def measures(card: Card) -> dict[tuple[str, str], float]:
    assert card.measured is not None
    return {(m.measure, m.data): m.value for m in card.measured.performance}


@every_generator
def test_a_seed_still_gives_the_images_that_it_gave_when_the_model_was_measured(card: Card) -> None:
    expected = json.loads((folder(card) / "expected.json").read_text(encoding="utf-8"))
    model = MODELS.synthesis_model(card)
    for label in model.labels:
        for image in synthesize(model, label, 2, expected["seed"]).images:
            name = f"example_{label}_{image.number + 1}.png"
            with Picture.open(folder(card) / name) as kept:
                assert "SYNTHETIC" in kept.text["Description"]  # type: ignore[attr-defined]
                apart = np.abs(np.asarray(kept, int) - mark(image.pixels))
            assert apart.max() <= expected["grey_tolerance"], name
            assert image.nearest == pytest.approx(expected["examples"][name]["nearest"], abs=expected["tolerance"])


@every_generator
def test_its_shapes_are_fixed_or_an_interpreter_may_make_another_image_of_the_same_point(card: Card) -> None:
    given = Interpreter(str(folder(card) / "model.tflite")).get_input_details()
    assert all(list(one["shape_signature"]) == list(one["shape"]) and one["shape"][0] == BATCH for one in given)


@every_generator
def test_the_classifier_of_such_scans_heeds_labels_as_the_card_says(card: Card) -> None:
    assert card.synthesis is not None
    model, judge = MODELS.synthesis_model(card), MODELS.card(card.synthesis.classifier)
    accepted, agreed = 0, 0
    for label in model.labels:
        for image in synthesize(model, label, 12, 7).images:
            (reading,) = read_scan(png(image.pixels), "", MODELS, model=judge.name, affirm=True)
            accepted += reading.refusal is None
            if reading.refusal is None:
                agreed += max(reading.findings, key=lambda f: f.probability).name == label
    said, n = measures(card), 12 * len(model.labels)
    assert accepted / n == pytest.approx(said["accepted_share", "test"], abs=0.3), "of few images"
    assert agreed / accepted == pytest.approx(said["label_agreement", "test"], abs=0.3)


def png(pixels: np.ndarray) -> bytes:
    from io import BytesIO

    stream = BytesIO()
    Picture.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


@every_generator
def test_a_card_says_what_made_images_are_worth_and_how_near_they_lie(card: Card) -> None:
    found = measures(card)
    assert card.measured is not None and card.measured.guard is not None
    for data in ("test", "validation"):
        for start in ("", "region_") if card.synthesis is not None and card.synthesis.outlined else ("",):
            assert found[start + "synthetic_to_real_ratio", data] == pytest.approx(
                found[start + "taught_synthetic", data] / found[start + "taught_real", data], abs=1e-4
            )
            assert found[start + "augmentation_gain", data] == pytest.approx(
                found[start + "taught_both", data] - found[start + "taught_real", data], abs=1e-4
            )
        assert {("frechet", data), ("frechet_halves", data), ("nearest_ratio_pixels", data)} <= set(found)
    assert found["nearest_ratio_embedding", "test"] > 0.5, "learnt by heart"
    assert card.measured.guard.withheld < 0.2
    assert len({a.name for a in card.measured.approaches}) >= 3


@every_generator
def test_the_guard_holds_no_more_of_a_training_image_than_a_few_whole_numbers(card: Card) -> None:
    with np.load(folder(card) / "guard.npz", allow_pickle=False) as kept:
        assert kept["nearest"].dtype == np.int8
        assert kept["nearest"].shape[1] <= 48
        assert set(kept.files) == {"nearest", "scale"}


@pytest.mark.filterwarnings("ignore")  # of Keras, about how its own parts call each other
@every_generator
def test_a_recipe_runs_on_images_that_it_draws_itself(
    card: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _found, made = smoke_run(card, tmp_path, monkeypatch)
    assert made.measured is not None and made.measured.guard is not None
    left = {path.name for path in (tmp_path / card.name).iterdir()}
    assert left >= {"model.keras", "model.tflite", "guard.npz", "discriminator.npz"}


def test_weights_of_an_earlier_design_are_not_taught_further(tmp_path: Path) -> None:
    generator(32, 3, 1).save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match="earlier design"):
        known_networks(tmp_path, 3, 2)

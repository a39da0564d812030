"""What a network is shown, where it looks, and that its evidence accounts for its answer."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from PIL import Image as Picture

from medai_core.cards import InputSpec
from medai_core.catalog import find_models
from medai_core.imaging.classification import calibrated, classify
from medai_core.imaging.preprocessing import crop_box, network_input, region_inputs
from medai_core.imaging.regions import dice, largest_region, most_evident_region
from medai_core.imaging.saliency import evidence_over_image
from medai_core.metrics import softmax
from medai_core.readings import finder
from tests.scans import grey

MODELS = find_models()
CLASSIFIERS = [card for card in MODELS.cards if card.task == "classification"]
GREY = np.random.default_rng(1).integers(0, 256, (200, 160), dtype=np.uint8)


def example(name: str) -> np.ndarray:
    return grey(sorted((MODELS.folder / name).glob("example*.png"))[0])


@pytest.mark.parametrize("card", CLASSIFIERS, ids=lambda c: c.name)
def test_the_averages_of_the_evidence_account_for_the_difference_between_the_logits(card) -> None:  # type: ignore[no-untyped-def]
    answer = classify(card, partial(MODELS.network, card), example(card.name), find=finder(card, MODELS))
    parts = sum(m.values.mean(axis=(1, 2)) for m in answer.maps)
    difference, found = answer.logits - answer.logits.mean(), parts - np.mean(parts)
    assert found == pytest.approx(difference, abs=1e-3 * max(1.0, float(np.abs(answer.logits).max())))


@pytest.mark.parametrize("card", CLASSIFIERS, ids=lambda c: c.name)
def test_the_map_over_the_pixels_still_favours_the_class_that_the_logits_favour(card) -> None:  # type: ignore[no-untyped-def]
    display = example(card.name)
    answer = classify(card, partial(MODELS.network, card), display, find=finder(card, MODELS))
    evidence = evidence_over_image(answer.maps, (display.shape[0], display.shape[1]))
    assert evidence.shape == (len(card.findings), *display.shape)
    assert evidence.mean(axis=(1, 2)).argmax() == answer.logits.argmax()


@pytest.mark.parametrize("card", CLASSIFIERS, ids=lambda c: c.name)
def test_a_box_that_the_reader_draws_is_the_one_that_is_looked_at(card) -> None:  # type: ignore[no-untyped-def]
    answer = classify(card, partial(MODELS.network, card), example(card.name), (20, 30, 60, 80))
    assert answer.box == ((20, 30, 60, 80) if card.input.region else None)
    assert answer.probabilities.sum() == pytest.approx(1)


@pytest.mark.parametrize("card", [c for c in CLASSIFIERS if c.input.region], ids=lambda c: c.name)
def test_a_region_is_found_inside_the_slice_and_nothing_stands_out_in_darkness(card) -> None:  # type: ignore[no-untyped-def]
    display, find = example(card.name), finder(card, MODELS)
    assert find is not None
    found = find(display)
    assert found.evident
    assert 0 <= found.box[0] < found.box[2] <= display.shape[0]
    assert 0 <= found.box[1] < found.box[3] <= display.shape[1]
    dark = classify(card, partial(MODELS.network, card), np.zeros_like(display), find=find)
    assert not dark.evident
    assert dark.probabilities.sum() == pytest.approx(1)


def test_where_no_pixel_reaches_the_limit_the_likeliest_place_is_looked_at_all_the_same() -> None:
    probability = np.full((10, 10), 0.01, dtype=np.float32)
    probability[2:4, 6:9] = 0.08
    found = most_evident_region(probability, (100, 100), least=0.3, evident=0.1)
    assert (found.box, found.evident) == ((20, 60, 40, 90), False)
    assert found.mask.any()
    assert not found.mask[:20].any()
    assert not found.mask[:, 90:].any()
    assert most_evident_region(probability, (100, 100), least=0.3, evident=0.05).evident


def test_probabilities_are_calibrated_by_temperature_and_offsets() -> None:
    logits = np.array([[2.0, -1.0, 0.5]])
    assert calibrated(logits, 1.0, (0.0,) * 3) == pytest.approx(softmax(logits))
    assert calibrated(logits, 4.0, (0.0,) * 3).max() < softmax(logits).max()
    assert calibrated(logits, 2.0, (0.0, 1.0, 0.0)) == pytest.approx(softmax(logits / 2 + [0.0, 1.0, 0.0]))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("display", [GREY, np.dstack([GREY] * 3)], ids=["grey", "colour"])
def test_a_network_is_shown_the_whole_image_from_nought_to_one(display: np.ndarray, channels: int) -> None:
    made = network_input(display, InputSpec((32, 48), channels))
    assert made.shape == (1, 32, 48, channels)
    assert made.dtype == np.float32
    assert 0 <= made.min() < made.max() <= 1
    assert made.mean() == pytest.approx(display.mean() / 255, abs=0.02)


def test_a_large_film_takes_the_two_steps_that_the_training_films_took() -> None:
    film = np.asarray(Picture.fromarray(GREY).resize((1000, 900), Picture.Resampling.BICUBIC))
    spec = InputSpec((64, 64), 1, prepared_size=(112, 112))
    prepared = np.asarray(Picture.fromarray(film).resize((112, 112), Picture.Resampling.BILINEAR))
    one_step = InputSpec((64, 64), 1)
    np.testing.assert_array_equal(network_input(film, spec), network_input(prepared, one_step))
    assert not np.array_equal(network_input(film, spec), network_input(film, one_step))
    np.testing.assert_array_equal(network_input(prepared, spec), network_input(prepared, one_step))


def test_the_crop_is_a_square_about_the_regions_centre() -> None:
    assert crop_box((40, 60, 60, 100), margin=2.0) == (10.0, 40.0, 90.0, 120.0)


def test_a_crop_shows_the_region_enlarged_and_black_where_it_leaves_the_slice() -> None:
    slice_ = np.full((100, 100), 50, dtype=np.uint8)
    slice_[0:20, 0:20] = 200
    crop, whole = region_inputs(slice_, (0, 0, 20, 20), 40, 50, margin=2.0)
    assert crop.shape == (40, 40)
    assert whole.shape == (50, 50, 2)
    assert (crop[11:29, 11:29] == 200).all()  # the region, in the middle
    assert not crop[:9].any()  # beyond the upper edge of the slice
    assert not crop[:, :9].any()
    assert (crop[32:, 32:] == 50).all()


def test_the_whole_slice_bears_the_box_where_the_region_is() -> None:
    _, whole = region_inputs(GREY, (50, 40, 100, 80), 32, 40)
    marked = np.argwhere(whole[..., 1] == 255)
    assert marked.min(axis=0).tolist() == [10, 10]
    assert (marked.max(axis=0) + 1).tolist() == [20, 20]
    assert set(np.unique(whole[..., 1])) == {0, 255}


def test_the_box_encloses_the_most_evident_region_in_the_images_pixels() -> None:
    probability = np.zeros((20, 10), dtype=np.float32)
    probability[2:4, 1:3] = 0.6  # small and doubtful
    probability[10:15, 5:9] = 0.9
    assert largest_region(probability, (200, 50)) == (100, 25, 150, 45)
    assert largest_region(probability, (200, 50), least=0.95) is None


def test_a_small_clear_region_beats_a_doubtful_one_of_the_same_area() -> None:
    probability = np.zeros((20, 20), dtype=np.float32)
    probability[0:4, 0:4], probability[10:14, 10:14] = 0.51, 0.99
    assert largest_region(probability, (20, 20)) == (10, 10, 14, 14)


def test_a_region_of_one_pixel_at_the_edge_has_a_box_that_stays_in_the_image() -> None:
    probability = np.zeros((7, 7), dtype=np.float32)
    probability[6, 6] = 1
    top, left, bottom, right = largest_region(probability, (100, 30)) or (0, 0, 0, 0)
    assert (bottom, right) == (100, 30)
    assert top < bottom
    assert left < right


def test_dice_is_twice_the_overlap_over_both_areas() -> None:
    a, b = np.zeros((4, 4), dtype=bool), np.zeros((4, 4), dtype=bool)
    assert dice(a, b) == 1.0
    a[0], b[0, :2] = True, True
    assert dice(a, b) == pytest.approx(2 * 2 / 6)
    assert dice(a, ~a) == 0.0

"""An evidence map accounts for the answer, place by place, over the image's own pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medai_core.imaging.classification import Map
from medai_core.imaging.saliency import deletion_and_insertion, evidence_over_image, share_inside


def values(classes: int, rows: int, columns: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(classes, rows, columns)).astype(np.float32)


@given(st.integers(2, 4), st.sampled_from([(64, 64), (128, 96), (40, 200)]), st.integers(0, 99))
@settings(derandomize=True, max_examples=20, deadline=None)
def test_over_the_image_the_evidence_averages_to_how_far_a_class_lies_above_the_others(
    classes: int, shape: tuple[int, int], seed: int
) -> None:
    smooth = np.repeat(np.repeat(values(classes, 4, 4, seed), 2, axis=1), 2, axis=2)
    logits = smooth.mean(axis=(1, 2))
    evidence = evidence_over_image([Map(smooth, (0.0, 0.0, *map(float, shape)))], shape)
    assert evidence.shape == (classes, *shape)
    above = (logits * classes - logits.sum()) / (classes - 1)
    assert evidence.mean(axis=(1, 2)) == pytest.approx(above, abs=0.05)
    assert evidence.sum(axis=0) == pytest.approx(np.zeros(shape), abs=1e-4)


def test_for_two_classes_it_is_the_difference_of_the_logits_and_the_two_maps_mirror_each_other() -> None:
    flat = np.stack([np.full((4, 4), 0.5, np.float32), np.full((4, 4), 2.0, np.float32)])
    evidence = evidence_over_image([Map(flat, (0.0, 0.0, 32.0, 32.0))], (32, 32))
    assert evidence[1] == pytest.approx(np.full((32, 32), 1.5))
    assert evidence[0] == pytest.approx(-evidence[1])


def test_a_map_of_a_region_lies_in_the_region_and_counts_as_much_as_its_logit() -> None:
    flat = np.stack([np.zeros((6, 6), np.float32), np.full((6, 6), 3.0, np.float32)])
    evidence = evidence_over_image([Map(flat, (10.0, 20.0, 30.0, 40.0))], (100, 80))[1]
    outside = np.ones((100, 80), dtype=bool)
    outside[10:30, 20:40] = False
    assert not evidence[outside].any()
    assert evidence[~outside] == pytest.approx(np.full(400, 3.0 * 100 * 80 / 400))
    assert evidence.mean() == pytest.approx(3.0)


def test_a_region_that_reaches_beyond_the_image_shows_the_part_that_lies_within() -> None:
    halves = np.zeros((2, 4, 4), np.float32)
    halves[1, :, 2:] = 1.0  # all evidence in the right half of a crop whose left half is outside
    evidence = evidence_over_image([Map(halves, (0.0, -32.0, 64.0, 32.0))], (64, 64))[1]
    assert evidence[:, :30].min() > 0
    assert evidence[:, :30] == pytest.approx(np.full((64, 30), 1.0), rel=0.51)
    assert not evidence[:, 33:].any()


def test_two_eyes_add_up() -> None:
    near, far = Map(values(3, 4, 4, 1), (8.0, 8.0, 40.0, 40.0)), Map(values(3, 4, 4, 2), (0.0, 0.0, 64.0, 64.0))
    both = evidence_over_image([near, far], (64, 64))
    alone = evidence_over_image([near], (64, 64)) + evidence_over_image([far], (64, 64))
    assert both == pytest.approx(alone, abs=1e-4)


def test_evidence_lies_where_the_network_found_it() -> None:
    spot = np.zeros((2, 8, 8), np.float32)
    spot[1, 6, 1] = 1.0
    evidence = evidence_over_image([Map(spot, (0.0, 0.0, 160.0, 80.0))], (160, 80))[1]
    y, x = np.unravel_index(evidence.argmax(), evidence.shape)
    assert 120 <= y < 140
    assert 10 <= x < 20


def test_the_share_inside_a_mask_counts_only_what_speaks_for_the_class() -> None:
    evidence = np.array([[3.0, 1.0], [-9.0, 0.0]], dtype=np.float32)
    mask = np.array([[True, False], [True, True]])
    assert share_inside(evidence, mask) == pytest.approx(0.75)
    assert share_inside(-np.abs(evidence), mask) == 0.0
    assert share_inside(evidence, np.ones((2, 2), dtype=bool)) == 1.0
    assert share_inside(evidence, np.zeros((2, 2), dtype=bool)) == 0.0


DARK = np.full((48, 48), 20, dtype=np.uint8)
SPOT = DARK.copy()
SPOT[10:16, 30:36] = 250


def brightest(display: np.ndarray) -> float:
    """A toy of a model: how bright the bright spot is."""
    return float(display[10:16, 30:36].mean()) / 255


def test_a_faithful_map_loses_the_answer_at_once_and_finds_it_at_once() -> None:
    faithful = (SPOT > 100).astype(np.float32)
    deletion, insertion = deletion_and_insertion(brightest, SPOT, faithful)
    away_deletion, away_insertion = deletion_and_insertion(brightest, SPOT, -faithful)
    assert deletion < 0.4 < 0.9 < insertion
    assert away_deletion > 0.9 > 0.4 > away_insertion


def test_an_image_in_colour_loses_and_finds_the_answer_like_a_grey_one() -> None:
    colour = np.repeat(SPOT[..., None], 3, axis=-1)
    evidence = (SPOT > 100).astype(np.float32)
    assert deletion_and_insertion(brightest, colour, evidence) == pytest.approx(
        deletion_and_insertion(brightest, SPOT, evidence), abs=0.01
    )


def test_places_in_random_order_lose_and_find_the_answer_alike() -> None:
    chance = np.random.default_rng(0).random(SPOT.shape).astype(np.float32)
    deletion, insertion = deletion_and_insertion(brightest, SPOT, chance)
    assert deletion == pytest.approx(insertion, abs=0.05)


def test_the_first_step_of_deletion_is_the_image_itself_and_the_last_one_hides_it_all() -> None:
    seen: list[float] = []

    def watched(display: np.ndarray) -> float:
        seen.append(brightest(display))
        return seen[-1]

    deletion_and_insertion(watched, SPOT, (SPOT > 100).astype(np.float32), steps=4)
    deleted, inserted = seen[::2], seen[1::2]
    assert len(deleted) == len(inserted) == 5
    assert deleted[0] == inserted[-1] == brightest(SPOT)
    assert deleted[-1] == inserted[0] < 0.35

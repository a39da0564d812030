"""Many objects are told apart, counted and matched, in an image of any size."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from medai_core.cards import Calibration
from medai_core.imaging.instances import Objects, matched, objects, read_maps, tiled, without_small
from medai_core.imaging.preprocessing import LEAST_RANGE, stretched, unit

HOW = {"threshold": 0.5, "seed": 0.5, "least_px": 1}


def discs(shape: tuple[int, int], *places: tuple[float, float, float]) -> NDArray[np.int32]:
    """Discs by centre (y, x) and radius, numbered from 1; a later one lies over an earlier one."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    labels = np.zeros(shape, dtype=np.int32)
    for number, (cy, cx, r) in enumerate(places, start=1):
        labels[np.hypot(y - cy, x - cx) <= r] = number
    return labels


def maps(labels: NDArray[np.int32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What a perfect network would say of outlines: belongs to an object, lies on a boundary."""
    high = np.pad(labels, 1, mode="edge")
    around = np.stack([high[1 + dy : high.shape[0] - 1 + dy, 1 + dx : high.shape[1] - 1 + dx] for dy, dx in NEAR])
    edge = (around != labels).any(axis=0)
    return (0.98 * (labels > 0)).astype(np.float32), (0.95 * edge).astype(np.float32)


NEAR = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]


def test_every_disc_is_one_object_and_keeps_its_area() -> None:
    true = discs((96, 120), (20, 20, 12), (60, 30, 9), (40, 90, 15), (85, 80, 5))
    found = objects(*maps(true), **HOW)
    assert found.max() == 4
    assert (found > 0).sum() == (true > 0).sum()
    assert sorted(np.bincount(found.ravel())[1:]) == sorted(np.bincount(true.ravel())[1:])
    assert matched(found, true) == (4, 0, 0)


def test_discs_that_touch_are_told_apart_and_meet_where_they_were_drawn() -> None:
    true = discs((64, 96), (32, 26, 14), (32, 54, 14), (32, 78, 11))
    assert np.unique(objects(maps(true)[0], np.zeros((64, 96), np.float32), **HOW)).size == 2, "they touch"
    found = objects(*maps(true), **HOW)
    assert found.max() == 3
    assert matched(found, true, least_iou=0.9) == (3, 0, 0)


def test_an_object_so_small_that_it_is_all_boundary_is_still_found() -> None:
    true = discs((40, 40), (10, 10, 1), (28, 28, 8))
    found = objects(*maps(true), **HOW)
    assert found.max() == 2
    assert (found == found[10, 10]).sum() == 5


def test_objects_smaller_than_the_least_are_left_out_and_the_numbers_have_no_gap() -> None:
    true = discs((40, 40), (6, 6, 1), (20, 20, 6), (34, 34, 2))
    assert objects(*maps(true), threshold=0.5, seed=0.5, least_px=14).max() == 1
    found = without_small(true, 13)
    assert np.unique(found).tolist() == [0, 1, 2]
    assert found[6, 6] == 0
    assert found[20, 20] == 1
    assert found[34, 34] == 2


def test_objects_that_touch_are_divided_where_the_boundary_is_likeliest() -> None:
    along = np.interp(np.arange(40), (0, 5, 25, 35, 39), (0.7, 1, 0.2, 1, 0.7)).astype(np.float32)
    boundary = np.tile(1 - along, (7, 1))
    found = objects(np.ones((7, 40), np.float32), boundary, threshold=0.5, seed=0.9, least_px=1)
    assert [int(found[3, x]) for x in (5, 23, 27, 35)] == [1, 1, 2, 2]


def test_a_field_without_objects_has_none() -> None:
    nothing = np.zeros((30, 20), np.float32)
    found = objects(nothing, nothing, **HOW)
    assert found.shape == (30, 20)
    assert found.max() == 0
    assert matched(found, found) == (0, 0, 0)


def test_a_doubtful_pixel_belongs_from_the_threshold_on() -> None:
    interior = np.full((8, 8), 0.6, np.float32)
    boundary = np.zeros((8, 8), np.float32)
    assert objects(interior, boundary, threshold=0.6, seed=0.5, least_px=1).max() == 1
    assert objects(interior, boundary, threshold=0.61, seed=0.5, least_px=1).max() == 0


def test_hits_missed_and_extra_are_counted_by_their_overlap() -> None:
    true = discs((60, 60), (15, 15, 8), (45, 15, 8), (15, 45, 8))
    found = discs((60, 60), (15, 17, 8), (45, 30, 8), (15, 45, 3), (50, 50, 4))
    assert matched(found, true) == (1, 2, 3)
    assert matched(found, np.zeros_like(true)) == (0, 0, 4)
    assert matched(np.zeros_like(true), true) == (0, 3, 0)


def test_an_object_cut_into_halves_counts_once_and_two_made_one_count_once() -> None:
    whole = np.zeros((10, 20), np.int32)
    whole[2:8, 4:16] = 1
    halves = np.where(np.arange(20) < 10, whole, 2 * whole).astype(np.int32)
    assert matched(halves, whole) == (1, 0, 1)
    assert matched(whole, halves) == (1, 1, 0)
    assert matched(halves, whole, least_iou=0.51) == (0, 1, 2)


def test_numbers_that_were_skipped_are_no_objects() -> None:
    true = discs((30, 30), (8, 8, 5), (22, 22, 5))
    second = np.where(true == 2, 70000, 0).astype(np.int32)
    assert matched(second, true) == (1, 1, 0)
    assert matched(true, second) == (1, 0, 1)


def test_too_little_overlap_to_tell_who_matches_whom_is_not_asked_for() -> None:
    with pytest.raises(ValueError, match="or more"):
        matched(discs((9, 9)), discs((9, 9)), least_iou=0.3)


class Looked:
    """A network that says of each pixel what it sees and where a tile's middle is, and remembers its tiles."""

    def __init__(self) -> None:
        self.tiles: list[NDArray[np.float32]] = []

    def __call__(self, tile: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        self.tiles.append(tile)
        return {"mask": 10 * tile[..., :2] - 5, "embedding": tile.mean(axis=(1, 2))}


@pytest.mark.parametrize("shape", [(64, 64), (65, 64), (150, 201), (20, 300), (3, 5)])
def test_an_image_of_any_size_is_seen_whole_and_in_its_own_pixels(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    network = Looked()
    mask, embedding = tiled(pixels, network, size=64)
    assert mask == pytest.approx(10 * unit(pixels[..., :2]) - 5, abs=1e-4)
    assert embedding.shape == (3,)
    assert {tile.shape for tile in network.tiles} == {(1, 64, 64, 3)}
    assert all(tile.min() >= 0 and tile.max() <= 1 for tile in network.tiles)


def test_tiles_cover_the_image_with_the_overlap_and_no_more_of_them_than_needed() -> None:
    for length, count in ((64, 1), (65, 2), (112, 2), (113, 3)):
        network = Looked()
        tiled(np.zeros((length, 64, 3), np.uint8), network, size=64)
        assert len(network.tiles) == count


def test_where_tiles_disagree_one_passes_smoothly_into_the_other() -> None:
    answers = iter((0.0, 1.0))

    def network(tile: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        return {"mask": np.full((1, 64, 64, 1), next(answers), np.float32), "embedding": np.zeros((1, 1), np.float32)}

    line = tiled(np.zeros((64, 112, 3), np.uint8), network, size=64)[0][30, :, 0]
    assert line[:48] == pytest.approx(0)
    assert line[64:] == pytest.approx(1)
    assert (np.diff(line) >= 0).all()
    assert np.diff(line).max() < 0.2


def test_the_borders_of_a_small_image_are_mirrored() -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (40, 64, 3), dtype=np.uint8)
    network = Looked()
    tiled(pixels, network, size=64)
    seen = network.tiles[0][0]
    assert seen[11] == pytest.approx(seen[12])
    assert seen[0] == pytest.approx(seen[23])
    assert seen[52] == pytest.approx(seen[51])


def test_the_inside_is_calibrated_and_the_boundary_is_not() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    made = read_maps(pixels, Looked(), Calibration(2.0, (0.0, -1.0)), size=64)
    logit = 10 * unit(pixels) - 5
    assert made.interior == pytest.approx(1 / (1 + np.exp(-(logit[..., 0] / 2 - 1))), abs=1e-5)
    assert made.boundary == pytest.approx(1 / (1 + np.exp(-logit[..., 1])), abs=1e-5)


def test_objects_know_their_count_and_their_areas() -> None:
    true = discs((40, 40), (10, 10, 1), (28, 28, 8))
    made = Objects(true, read_maps(np.zeros((40, 40, 3), np.uint8), Looked(), Calibration(1.0, (0.0, 0.0)), size=64))
    assert made.count == 2
    assert made.areas_px.tolist() == [5, int((true == 2).sum())]


def test_dark_and_bright_fields_become_bright_objects_on_dark() -> None:
    disc = discs((80, 80), (40, 40, 15)) > 0
    fluorescence = np.where(disc, 60, 8).astype(np.uint8)
    blue = np.stack([np.zeros_like(fluorescence), np.zeros_like(fluorescence), fluorescence], axis=-1)
    tissue = np.where(disc[..., None], (90, 40, 130), (235, 225, 230)).astype(np.uint8)
    for display in (fluorescence, blue, tissue):
        seen = stretched(display)
        assert seen.shape == (80, 80, 3)
        assert seen[disc].min() > 250
        assert seen[~disc].max() < 5
    assert (stretched(fluorescence) == stretched(blue)).all()


def test_the_noise_of_an_empty_field_is_not_stretched_into_objects() -> None:
    noise = np.random.default_rng(4).integers(0, 3, (80, 80)).astype(np.uint8)
    assert LEAST_RANGE == 16
    assert stretched(noise).max() <= 255 * (2 / 16) ** 0.5 + 1


def test_dim_objects_stay_visible_beside_bright_ones() -> None:
    labels = discs((80, 80), (20, 20, 9), (60, 60, 9))
    display = np.array([2, 30, 250], np.uint8)[labels]
    seen = stretched(display)
    assert seen[20, 20, 0] > 70
    assert seen[60, 60, 0] == 255

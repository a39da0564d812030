"""An outline on phantoms whose size, place and shape are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from medai_core.cards import Calibration, Card
from medai_core.imaging.regions import box_around, dice
from medai_core.imaging.segmentation import (
    DOUBT,
    EDGE,
    HALO,
    evident_regions,
    marks,
    outlined,
    pixel_probability,
    segment,
)
from tests import drawn
from tests.outlines import Bright, discs, outline_card

SHAPE = (200, 240)


def found(display: NDArray[np.uint8], card: Card = outline_card(), spacing: tuple[float, float] | None = None):  # type: ignore[no-untyped-def]
    segmentation = segment(card, Bright(), display)
    return segmentation, outlined(card, segmentation, spacing)


@pytest.mark.parametrize("radius", [12, 25, 60])
def test_the_area_of_a_disc_is_that_of_the_disc(radius: int) -> None:
    _, outline = found(discs(SHAPE, (100, 120, radius)))
    assert outline.area_px == pytest.approx(np.pi * radius**2, rel=0.06)
    assert outline.count == 1


def test_the_area_is_in_square_millimetres_only_where_the_size_of_a_pixel_is_known() -> None:
    display = discs(SHAPE, (100, 120, 30))
    assert found(display)[1].area_mm2 is None
    known = found(display, spacing=(0.5, 0.8))[1]
    assert known.area_mm2 == pytest.approx(known.area_px * 0.4)


def test_the_outline_lies_where_the_disc_lies_whatever_the_size_of_the_network() -> None:
    display = discs(SHAPE, (60, 170, 28))
    segmentation, _ = found(display)
    assert segmentation.probability.shape == segmentation.labels.shape == SHAPE
    assert dice(segmentation.labels > 0, display > 128) > 0.95
    top, left, bottom, right = box_around(segmentation.labels > 0)
    assert np.abs(np.array([top, left, bottom, right]) - (32, 142, 89, 199)).max() <= 3


def test_two_discs_are_two_parts_the_larger_one_first() -> None:
    segmentation, outline = found(discs(SHAPE, (60, 60, 20), (140, 170, 35)))
    assert outline.count == 2
    assert segmentation.labels[140, 170] == 1
    assert segmentation.labels[60, 60] == 2


def test_a_part_that_is_evident_nowhere_is_left_out_and_alone_it_is_nothing() -> None:
    clear, dim = discs(SHAPE, (60, 60, 25)), discs(SHAPE, (140, 170, 25), level=140)
    both, _ = found(np.maximum(clear, dim))
    assert both.labels[60, 60] == 1
    assert both.labels[140, 170] == 0
    alone, outline = found(dim)
    assert not alone.evident
    assert (outline.count, outline.area_px, outline.low, outline.high) == (0, 0, 0, 0)
    assert not alone.labels.any()


def test_the_interval_is_the_cards_multiple_of_the_outlined_size() -> None:
    _, outline = found(discs(SHAPE, (100, 120, 30)))
    assert (outline.low, outline.high) == pytest.approx((0.7 * outline.area_px, 1.2 * outline.area_px))
    assert outline.level == 0.9


def test_it_is_doubtful_at_the_border_and_nowhere_else() -> None:
    display = discs(SHAPE, (100, 120, 40))
    _, outline = found(display)
    assert outline.doubtful is not None
    y, x = np.nonzero(outline.doubtful)
    distance = np.hypot(y - 100, x - 120)
    assert len(y) > 100
    assert distance.min() > 32
    assert distance.max() < 48


def test_a_pixels_probability_is_the_cards_calibration_of_its_logit() -> None:
    p = pixel_probability(np.array([[-2.0, 0.0, 2.0]]), Calibration(2.0, (0.0, 1.0)))
    assert p[0] == pytest.approx([0.5, 0.7311, 0.8808], abs=1e-4)
    assert np.isfinite(pixel_probability(np.array([-1e9, 1e9]), Calibration(1.0, (0.0, 0.0)))).all()


def test_an_image_without_anything_has_no_region() -> None:
    assert not evident_regions(np.zeros((5, 5), np.float32), least=0.5, evident=0.6).any()
    assert box_around(np.zeros((5, 5), bool)) == (0, 0, 0, 0)


def test_the_line_runs_inside_the_object_its_dark_border_outside_and_touching_objects_keep_theirs() -> None:
    _, outline = found(discs(SHAPE, (100, 120, 30)))
    labels = np.zeros((8, 8), np.int32)
    labels[2:6, 1:4], labels[2:6, 4:7] = 1, 2
    made = marks(replace(outline, labels=labels, doubtful=np.zeros((8, 8), bool)))
    assert (made[2:6, 3:5] == EDGE).all()
    assert made[3, 2] == 0
    assert (made[1, 1:7] == HALO).all()
    assert made[0, 0] == 0


def test_doubt_is_marked_under_the_line_and_a_coarser_drawing_keeps_both() -> None:
    _, outline = found(discs(SHAPE, (100, 120, 40)))
    for step in (1, 3):
        made = marks(outline, step)
        assert made.shape == (-(-SHAPE[0] // step), -(-SHAPE[1] // step))
        assert {EDGE, HALO} <= set(np.unique(made))
    assert DOUBT in np.unique(marks(outline))


@pytest.mark.parametrize("make", [lambda d: d, lambda d: np.stack([d] * 3, axis=-1)], ids=["grey", "colour"])
def test_grey_and_colour_images_are_read_alike(make: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]) -> None:
    display = discs(SHAPE, (100, 120, 30))
    assert np.array_equal(found(make(display))[0].labels, found(display)[0].labels)


def test_a_card_says_what_is_outlined() -> None:
    assert found(discs(SHAPE, (100, 120, 30)))[1].finding == "tumour"
    assert drawn.CARDS[0].outline is None

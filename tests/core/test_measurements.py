"""What is measured on a picture, against answers that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from medai_core.imaging.measurements import measure

PIXELS = np.arange(400, dtype=np.float32).reshape(20, 20)


def test_a_length_follows_the_size_of_the_pixels_in_both_directions() -> None:
    found = measure("length", [(0, 0), (3, 4)], PIXELS, (2.0, 0.5))
    assert found.length_px == 5.0
    assert found.length_mm == pytest.approx(np.hypot(6, 2))


def test_an_angle_is_that_of_the_patient_not_of_the_pixels() -> None:
    assert measure("angle", [(0, 10), (0, 0), (10, 10)], PIXELS, (1, 1)).degrees == pytest.approx(45)
    assert measure("angle", [(0, 10), (0, 0), (10, 10)], PIXELS, (2, 1)).degrees == pytest.approx(63.435, abs=1e-3)


def test_a_polygon_has_its_area_and_its_values() -> None:
    found = measure("area", [(1.5, 1.5), (1.5, 5.5), (4.5, 5.5), (4.5, 1.5)], PIXELS, (0.5, 0.5))
    assert found.area_px == 12
    assert found.area_mm2 == 3
    inside = PIXELS[2:5, 2:6]
    assert found.count == 12
    assert found.mean == pytest.approx(inside.mean())
    assert found.deviation == pytest.approx(inside.std(ddof=1))
    assert (found.least, found.most) == (inside.min(), inside.max())


def test_a_triangle_has_half_the_area_of_its_box() -> None:
    assert measure("area", [(0, 0), (0, 10), (10, 0)], PIXELS, (1, 1)).area_mm2 == 50


def test_without_spacing_there_are_pixels_and_no_millimetres() -> None:
    assert measure("length", [(0, 0), (3, 4)], PIXELS, None).length_mm is None
    assert measure("angle", [(0, 1), (0, 0), (1, 0)], PIXELS, None).degrees is None
    found = measure("area", [(1.5, 1.5), (1.5, 5.5), (4.5, 5.5)], PIXELS, None)
    assert found.area_mm2 is None and found.area_px == 6


def test_a_polygon_between_pixels_and_one_with_colours() -> None:
    found = measure("area", [(0.1, 0.1), (0.1, 0.2), (0.2, 0.1)], PIXELS, (1, 1))
    assert found.count == 0 and found.mean is None
    colour = np.stack([PIXELS, PIXELS, PIXELS + 3], axis=-1)
    assert measure("area", [(1.5, 1.5), (1.5, 2.5), (2.5, 2.5), (2.5, 1.5)], colour, None).mean == PIXELS[2, 2] + 1


def test_an_angle_without_sides_and_too_few_points() -> None:
    assert measure("angle", [(1, 1), (1, 1), (2, 2)], PIXELS, (1, 1)).degrees is None
    with pytest.raises(ValueError, match="2 points"):
        measure("length", [(0, 0)], PIXELS, None)


def test_small_values_keep_their_digits_and_what_was_not_scanned_has_none() -> None:
    square = [(1.5, 1.5), (1.5, 5.5), (4.5, 5.5), (4.5, 1.5)]
    small = np.full((20, 20), 0.4321, np.float32)
    assert measure("area", square, small, (1, 1)).said == "12.0 mm², 0.432 ± 0"
    assert measure("area", square, small * 1000, (1, 1), "HU").said == "12.0 mm², 432 ± 0 HU"
    known = np.ones((20, 20), bool)
    known[2] = False
    found = measure("area", square, PIXELS, (1, 1), known=known)
    assert found.count == 8 and found.least == PIXELS[3, 2]
    assert measure("area", square, PIXELS, (1, 1), known=~known & False).mean is None

"""A nodule is outlined from one point; bodies of known size in a drawn lung say how well."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from medai_core.errors import ImageError
from medai_core.imaging.series import Volume, arrange, load_volume
from medai_core.imaging.series.cropping import nodule_crops
from medai_core.imaging.series.growing import How, grow
from tests.volumes import AXIAL, OBLIQUE, TISSUE, Body, Scanner, ball, cube, rod

FINE = Scanner((1.0, 0.7, 0.7), (44, 72, 72))
MIDDLE = (22, 36, 36)


@cache
def scanned(*bodies: Body, scanner: Scanner = FINE) -> Volume:
    return load_volume(arrange(scanner.files(scanner.values(*bodies))).series[0])


BALL = ball(10)
BALL_ML = 4 / 3 * np.pi * 0.5**3


@pytest.mark.parametrize(
    "scanner",
    [
        FINE,
        Scanner((2.5, 0.7, 0.7), (18, 72, 72)),
        Scanner((1.25, 0.9, 0.9), (36, 56, 56), OBLIQUE),
        Scanner((1.25, 0.6, 0.9), (36, 84, 56), AXIAL),
    ],
)
def test_a_ball_of_10_mm_is_outlined_at_its_size_whatever_the_spacing(scanner: Scanner) -> None:
    volume = scanned(BALL, scanner=scanner)
    found = grow(volume, tuple(size // 2 for size in scanner.shape))
    assert found.volume_ml == pytest.approx(BALL_ML, rel=0.06)
    assert found.diameter_mm == pytest.approx(10, abs=1.0)
    assert not found.cut


def test_a_cube_of_10_mm_has_1_ml() -> None:
    found = grow(scanned(cube(10)), MIDDLE)
    assert found.volume_ml == pytest.approx(1.0, rel=0.06)


def test_any_point_inside_gives_the_same_outline() -> None:
    volume = scanned(BALL)
    middle, aside = grow(volume, MIDDLE), grow(volume, (20, 38, 33))
    np.testing.assert_array_equal(middle.mask, aside.mask)


def test_a_nodule_on_a_vessel_is_cut_from_it() -> None:
    found = grow(scanned(ball(12), rod(2.5, (0, 0, 0))), MIDDLE)
    assert found.cut
    assert found.volume_ml == pytest.approx(4 / 3 * np.pi * 0.6**3, rel=0.12)


def test_a_nodule_at_the_chest_wall_is_cut_from_it() -> None:
    def wall(at: np.ndarray) -> np.ndarray:
        return np.asarray(at[..., 0] > 5)

    scanner = Scanner((1.0, 0.7, 0.7), (70, 100, 100))
    found = grow(scanned(ball(12), wall, scanner=scanner), (35, 50, 50))
    assert found.cut
    assert found.volume_ml == pytest.approx(4 / 3 * np.pi * 0.6**3, rel=0.25)


@pytest.mark.parametrize("middle", [0, 1, 2])
def test_a_nodule_near_the_first_slice_is_whole_and_said_to_be_incomplete_where_it_leaves(middle: int) -> None:
    scanner = Scanner((5.0, 0.7, 0.7), (12, 72, 72))
    body = ball(12, centre=(0, 0, 5.0 * (middle - 5.5)))
    found = grow(scanned(body, scanner=scanner), (middle, 36, 36))
    assert not found.cut
    assert found.incomplete == (middle < 2)
    if middle == 2:
        assert found.volume_ml == pytest.approx(4 / 3 * np.pi * 0.6**3, rel=0.08)


def test_a_vessel_a_wall_and_air_are_no_nodule() -> None:
    scanner = Scanner((1.0, 1.0, 1.0), (70, 70, 70))
    with pytest.raises(ImageError, match="lung or air"):
        grow(scanned(BALL), (2, 2, 2))
    with pytest.raises(ImageError, match="reaches further than 30 mm"):
        grow(scanned(lambda at: at[..., 0] > -10, scanner=scanner), (35, 35, 50))
    with pytest.raises(ImageError, match="outside"):
        grow(scanned(BALL), (50, 0, 0))


def test_the_reader_corrects_the_outline_by_threshold_reach_and_size() -> None:
    volume = scanned(BALL)
    plain = grow(volume, MIDDLE)
    assert grow(volume, MIDDLE, How(threshold_hu=-100)).volume_ml < plain.volume_ml
    assert grow(volume, MIDDLE, How(grown_mm=-1)).volume_ml == pytest.approx(BALL_ML * 0.8**3, rel=0.2)
    assert plain.volume_ml < grow(volume, MIDDLE, How(threshold_hu=-700)).volume_ml
    assert grow(volume, MIDDLE, How(reach_mm=3)).volume_ml < 0.2
    with pytest.raises(ImageError, match="Nothing of the outline"):
        grow(volume, MIDDLE, How(grown_mm=-9))
    with pytest.raises(ImageError, match="fainter than the threshold"):
        grow(volume, MIDDLE, How(threshold_hu=500))


def test_without_spacing_nothing_is_outlined() -> None:
    volume = scanned(BALL)
    unknown = Volume(volume.voxels, None, volume.window, False, None)
    with pytest.raises(ImageError, match="how large a voxel is"):
        grow(unknown, MIDDLE)


def test_a_crop_has_the_nodule_in_the_middle_on_black_in_the_pixels_of_the_scan() -> None:
    volume = scanned(BALL)
    found = grow(volume, MIDDLE)
    crops = nodule_crops(volume, found)
    assert [z for z, _ in crops] == list(found.slices)
    for z, crop in crops:
        assert crop.shape == (64, 64)
        assert (crop > 0).sum() == found.mask[z].sum()
        rows, columns = np.nonzero(crop)
        assert abs((rows.min() + rows.max() + 1) / 2 - 32) <= 0.5
        assert abs((columns.min() + columns.max() + 1) / 2 - 32) <= 0.5
    middle = dict(crops)[22]
    assert middle[32, 32] == round((TISSUE + 1000) / 1150 * 255)


def test_a_crop_is_refused_where_the_model_would_take_its_size_for_another() -> None:
    scanner = Scanner((1.0, 1.5, 1.5), (44, 40, 40))
    volume = scanned(BALL, scanner=scanner)
    with pytest.raises(ImageError, match=r"1\.5 mm wide"):
        nodule_crops(volume, grow(volume, (22, 20, 20)))
    wide = Scanner((2.0, 0.4, 0.4), (40, 160, 160))
    volume = scanned(ball(30), scanner=wide)
    with pytest.raises(ImageError, match="wider than the 64 pixels"):
        nodule_crops(volume, grow(volume, (20, 80, 80)))

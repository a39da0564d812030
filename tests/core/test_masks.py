"""Outlines as files: in the size of the image, in the place of the volume, and how large the whole is."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core.__main__ import main
from medai_core.catalog import find_models
from medai_core.errors import ImageError
from medai_core.imaging.images import read_image
from medai_core.imaging.masks import gzipped, mask_nifti, mask_pixels, mask_png, series_nifti
from medai_core.imaging.segmentation import Outline, outlined, segment
from medai_core.imaging.series import File, Series, arrange
from medai_core.readings.series import SeriesReading, read_series, unpacked_mask
from tests.outlines import NAME, Bright, discs, models_with_bright, outline_card
from tests.scans import dicom, png

# A voxel of 1 x 1.5 x 2 mm whose axes run to the left, to posterior and to superior, and whose origin is elsewhere.
AFFINE = np.array([[-1.0, 0, 0, 40], [0, -1.5, 0, 60], [0, 0, 2.0, -30], [0, 0, 0, 1]])
SIZE = (80, 80, 40)
MIDDLE_MM, RADIUS_MM = np.array([5.0, 9.0, 7.0]), 20.0


def world(affine: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Where the middle of each voxel is, (i, j, k, 3)."""
    return np.moveaxis(np.indices(shape), 0, -1) @ affine[:3, :3].T + affine[:3, 3]


def ball(affine: NDArray[np.float64] = AFFINE, shape: tuple[int, ...] = SIZE) -> NDArray[np.uint8]:
    """A bright ball on a dark ground, and one very bright and one black voxel that fix the window."""
    inside = np.linalg.norm(world(affine, shape) - MIDDLE_MM, axis=-1) <= RADIUS_MM
    return np.where(inside, np.uint8(255), np.uint8(0))


def nifti(values: NDArray[np.uint8], affine: NDArray[np.float64] = AFFINE, unit: str = "mm") -> bytes:
    made = nibabel.Nifti1Image(values, affine)
    made.header.set_xyzt_units(unit)
    made.header["cal_min"], made.header["cal_max"] = 0, 255
    return bytes(made.to_bytes())


def opened(data: bytes) -> nibabel.Nifti1Image:
    import gzip

    return nibabel.Nifti1Image.from_bytes(gzip.decompress(data))


def outline_of(display: NDArray[np.uint8]) -> Outline:
    card = outline_card()
    return outlined(card, segment(card, Bright(), display), None)


def test_a_region_is_0_and_255_and_objects_keep_their_numbers_in_the_size_of_the_image() -> None:
    display = discs((90, 120), (45, 60, 20))
    one = np.asarray(Picture.open(io.BytesIO(mask_png(outline_of(display)))))
    assert one.shape == display.shape
    assert one.dtype == np.uint8
    assert set(np.unique(one)) == {0, 255}
    outline = replace(outline_of(display), many=True)
    labels = np.zeros((90, 120), np.int32)
    labels[3:5, 4:9], labels[50, 50] = 1, 70000 % 65536
    many = np.asarray(Picture.open(io.BytesIO(mask_png(replace(outline, labels=labels)))))
    assert np.array_equal(many, labels)


def test_a_mask_of_one_slice_lies_in_its_volume_where_the_slice_lies() -> None:
    data = nifti(ball())
    image = read_image(data, frame=18)
    outline = outline_of(image.display)
    made = opened(mask_nifti(outline, image, data))
    voxels = np.asarray(made.dataobj)
    assert voxels.sum() == outline.area_px
    inside = world(made.affine, voxels.shape)[voxels > 0]
    # The voxel's own size is the tolerance: the outline comes from a coarser grid.
    assert np.abs(inside.mean(axis=0)[:2] - MIDDLE_MM[:2]).max() < 1.5
    assert set(inside[:, 2]) == {-30 + 2.0 * 18}


def series_of(data: bytes) -> Series:
    return arrange([File("scan", lambda: data)]).series[0]


def outlined_in(series: Series, **more: object) -> SeriesReading:
    return read_series(series, models_with_bright(), NAME, kind="brain_mri", **more)


def areas_of(found: SeriesReading) -> list[int | None]:
    return [answer.area_px for answer in found.answers]


def test_the_volume_of_a_ball_is_that_of_the_ball_and_lies_where_the_ball_lies() -> None:
    series = series_of(nifti(ball()))
    steps: list[tuple[int, int]] = []
    found = outlined_in(series, advance=lambda *at: steps.append(at))
    assert found.volume_ml == pytest.approx(4 / 3 * np.pi * RADIUS_MM**3 / 1000, rel=0.06)
    assert steps == [(n, 40) for n in range(1, 41)]
    assert sum(n for _, n in found.refusals) == areas_of(found).count(0)
    made = opened(series_nifti(found.labels(), series))
    inside = world(made.affine, made.shape)[np.asarray(made.dataobj) > 0]
    assert np.abs(inside.mean(axis=0) - MIDDLE_MM).max() < 1.0
    assert made.header.get_xyzt_units()[0] == "mm"
    assert made.shape == opened(gzipped(nifti(ball()))).shape


def test_no_volume_is_given_where_the_file_does_not_say_how_large_a_voxel_is() -> None:
    series = series_of(nifti(ball(), unit="unknown"))
    found = outlined_in(series)
    assert found.volume_ml is None
    assert sum(areas_of(found)) > 0
    assert opened(series_nifti(found.labels(), series)).header.get_xyzt_units()[0] == "unknown"


def test_a_multi_frame_dicom_says_how_far_apart_its_frames_are_and_its_thickness_is_no_answer() -> None:
    stack = np.stack([discs((64, 64), (32, 32, 12))] * 3)
    known = read_image(dicom(stack, NumberOfFrames=3, SpacingBetweenSlices=2.5, PixelSpacing=[1, 1]))
    assert (known.slice_mm, known.spacing_mm) == (2.5, (1.0, 1.0))
    assert read_image(dicom(stack, NumberOfFrames=3, SliceThickness=2.5)).slice_mm is None
    assert read_image(dicom(stack[0], SpacingBetweenSlices=2.5)).slice_mm is None


def test_a_blank_frame_is_counted_as_refused_and_costs_the_others_nothing() -> None:
    disc = discs((64, 64), (32, 32, 12))
    data = dicom(np.stack([np.zeros_like(disc), disc, disc]), NumberOfFrames=3, WindowCenter=None, WindowWidth=None)
    with pytest.raises(ImageError):
        read_image(data, frame=0)
    found = outlined_in(series_of(data))
    assert [answer.refusal is not None for answer in found.answers] == [True, False, False]
    areas = areas_of(found)
    assert areas[0] == 0 < areas[1] == areas[2]
    packed = found.answers[1].outlined
    assert packed is not None and unpacked_mask(packed, (64, 64)).sum() == areas[1]


def test_a_scan_that_is_no_volume_gets_a_mask_in_its_own_pixels() -> None:
    data = png(discs((50, 70), (20, 50, 10)))
    image = read_image(data)
    made = opened(mask_nifti(outline_of(image.display), image, data))
    assert made.shape == (70, 50, 1)
    assert np.asarray(made.dataobj)[50, 20, 0] == 1
    assert made.header.get_xyzt_units()[0] == "unknown"


def test_a_mask_has_the_numbers_of_the_outline() -> None:
    outline = outline_of(discs((50, 70), (20, 50, 10)))
    assert (mask_pixels(outline) == 255).sum() == outline.area_px
    assert mask_pixels(replace(outline, many=True)).dtype == np.uint16


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, list[dict[str, object]], str]:
    code = main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return code, [json.loads(line) for line in out.splitlines()], err


def test_the_command_asks_for_a_model_that_outlines(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    other = next(card.name for card in find_models().cards if card.task == "classification")
    code, lines, err = run(capsys, "segment", tmp_path / "x.png", "--model", other, "--out", tmp_path)
    assert (code, lines) == (1, [])
    assert "outlines nothing" in err

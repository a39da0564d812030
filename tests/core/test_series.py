"""A series is put in order by where its slices lie; what is missing, uneven, tilted or mixed is said."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest

from medai_core.errors import ImageError
from medai_core.imaging.series import File, Series, arrange, files_at, load_volume, unpacked
from tests.scans import bundled, dicom, photograph, png
from tests.volumes import AXIAL, CORONAL, OBLIQUE, SAGITTAL, Scanner, cube

SCANNER = Scanner()
BODY = cube(10, centre=(2, -3, 1))
VALUES = SCANNER.values(BODY)
FILES = SCANNER.files(VALUES)


def one(files: list[File]) -> Series:
    (series,) = arrange(files).series
    return series


def ids(series: Series) -> list[str]:
    return [message.id for message in series.notices]


def zipped(files: list[File]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for file in files:
            archive.writestr(f"study/{file.name}", file.read())
    return stream.getvalue()


def test_a_series_is_whole_and_silent() -> None:
    series = one(FILES)
    assert series.notices == ()
    assert series.spacing_mm == pytest.approx((2.0, 0.7, 0.7))
    assert series.tilt_degrees < 0.01
    np.testing.assert_array_equal(load_volume(series).voxels, VALUES)


def test_shuffled_and_renamed_files_give_the_same_volume() -> None:
    rng = np.random.default_rng(1)
    order = rng.permutation(len(FILES))
    files = [
        File(f"IM{n}", lambda i=i, n=n: SCANNER.slice(VALUES[i], int(i), InstanceNumber=int(99 - n)))
        for n, i in enumerate(order)
    ]
    np.testing.assert_array_equal(load_volume(one(files)).voxels, VALUES)


def test_a_folder_an_archive_and_a_volume_file_give_the_same_volume(tmp_path: Path) -> None:
    folder, archive = tmp_path / "study", tmp_path / "study.zip"
    folder.mkdir()
    for file in FILES:
        (folder / file.name).write_bytes(file.read())
    (folder / "readme.txt").write_text("not a scan")
    found = arrange(files_at(folder))
    assert [left.file for left in found.left_out] == ["readme.txt"]
    np.testing.assert_array_equal(load_volume(found.series[0]).voxels, VALUES)
    archive.write_bytes(zipped(FILES))
    np.testing.assert_array_equal(load_volume(one(list(files_at(archive)))).voxels, VALUES)
    np.testing.assert_array_equal(load_volume(one(unpacked(archive.read_bytes()))).voxels, VALUES)


def test_a_multi_frame_file_is_a_series_sorted_by_its_frames_places() -> None:
    from pydicom.dataset import Dataset

    order = np.random.default_rng(2).permutation(len(VALUES))
    groups = []
    for z in order:
        group, place = Dataset(), Dataset()
        place.ImagePositionPatient = [round(float(c), 4) for c in SCANNER.corner(int(z))]
        group.PlanePositionSequence = [place]
        groups.append(group)
    data = SCANNER.slice(VALUES[order], 0, NumberOfFrames=len(VALUES), PerFrameFunctionalGroupsSequence=groups)
    np.testing.assert_array_equal(load_volume(one([File("multi.dcm", lambda: data)])).voxels, VALUES)


def test_a_nifti_volume_lies_where_the_same_dicom_series_does() -> None:
    voxels = VALUES[:, ::-1, ::-1].transpose(2, 1, 0)
    affine = np.diag([0.7, 0.7, 2.0, 1.0])
    last = SCANNER.corner(0) + 0.7 * np.array([47, 47, 0])
    affine[:3, 3] = [-last[0], -last[1], last[2]]
    made = nibabel.Nifti1Image(voxels, affine)
    made.header.set_xyzt_units("mm")
    nifti, same = one([File("v.nii", made.to_bytes)]), one(FILES)
    np.testing.assert_array_equal(load_volume(nifti).voxels, VALUES)
    assert nifti.spacing_mm == pytest.approx(same.spacing_mm)
    for mine, theirs in zip(nifti.parts, same.parts, strict=True):
        assert mine.header.place is not None and theirs.header.place is not None
        assert mine.header.place.corner_mm == pytest.approx(theirs.header.place.corner_mm, abs=1e-3)
        assert mine.header.place.along_row == pytest.approx(theirs.header.place.along_row)


@pytest.mark.parametrize("cosines", [AXIAL, CORONAL, SAGITTAL, OBLIQUE])
@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.5, 0.7, 0.7), (3.0, 0.5, 0.9)])
def test_a_cube_of_10_mm_is_1_ml_at_any_spacing_and_orientation(
    cosines: tuple, spacing: tuple[float, float, float]
) -> None:
    shape = tuple(int(np.ceil(18 / step)) for step in spacing)
    scanner = Scanner(spacing, shape, cosines)
    volume = load_volume(one(scanner.files(scanner.values(cube(10, turned=scanner.frame)))))
    assert volume.spacing_mm == pytest.approx(spacing, abs=1e-3)
    share = (volume.voxels.astype(float) + 850) / 880
    assert share.sum() * np.prod(volume.spacing_mm) / 1000 == pytest.approx(1.0, abs=0.05)


def test_one_missing_slice_is_named_and_its_place_left_empty() -> None:
    series = one([file for z, file in enumerate(FILES) if z != 5])
    (notice,) = series.notices
    assert notice.id == "series.missing"
    assert "Slices missing between 004.dcm and 006.dcm: 1." in notice.text
    assert series.missing == (5,)
    assert series.step_mm == pytest.approx(2.0)
    volume = load_volume(series)
    np.testing.assert_array_equal(volume.voxels[6:], VALUES[6:])
    assert (volume.voxels[5] == VALUES.min()).all()
    with pytest.raises(ImageError, match="missing"):
        series.read(5)


def test_uneven_slices_have_no_step() -> None:
    scanner = SCANNER
    corners = [*map(list, (scanner.corner(z) for z in range(8)))]
    files = [
        File(f"{z}", lambda z=z, c=c, k=k: scanner.slice(VALUES[z], z, ImagePositionPatient=[c[0], c[1], k]))
        for z, (c, k) in enumerate(zip(corners, [0, 2, 4, 6, 8.7, 10, 12, 14], strict=True))
    ]
    series = one(files)
    assert ids(series) == ["series.uneven"]
    assert series.step_mm is None and series.spacing_mm is None
    assert len(series.parts) == 8


def test_a_tilted_gantry_is_said_with_its_angle_and_the_volume_stays_right() -> None:
    scanner = replace(SCANNER, tilt=15.0)
    series = one(scanner.files(scanner.values(BODY)))
    assert ids(series) == ["series.tilt"]
    assert series.tilt_degrees == pytest.approx(15, abs=0.1)
    volume = load_volume(series)
    assert ((volume.voxels.astype(float) + 850) / 880).sum() * np.prod(volume.spacing_mm) == pytest.approx(
        1000, rel=0.02
    )


def test_files_of_two_series_and_a_localizer_are_kept_apart() -> None:
    other = replace(SCANNER, series="1.2.3.70")
    localizer = replace(SCANNER, cosines=CORONAL)
    files = [*FILES, *other.files(VALUES[:4]), *localizer.files(VALUES[:1], SOPInstanceUID="1.2.3.9")]
    found = arrange(files).series
    assert [len(s.parts) for s in found] == [16, 4, 1]
    assert ids(found[0]) == ["series.mixed", "series.orientations"]
    assert ids(found[1])[0] == "series.mixed"
    np.testing.assert_array_equal(load_volume(found[0]).voxels, VALUES)


def test_two_patients_are_kept_apart_even_under_one_series_and_it_is_said() -> None:
    other = [
        File(f"b{z}", lambda z=z: SCANNER.slice(VALUES[z], z, PatientID="P-2", SOPInstanceUID=f"9.{z}"))
        for z in range(1, 16, 2)
    ]
    first, second = arrange([*FILES[::2], *other]).series
    for series in (first, second):
        assert len({part.header.patient.id for part in series.parts}) == 1
        assert ids(series)[0] == "series.patients"


def test_an_echo_that_lacks_a_slice_does_not_borrow_it_from_another_one() -> None:
    echoes = [
        File(f"e{e}-{z}", lambda e=e, z=z: SCANNER.slice(VALUES[z] + e, z, EchoNumbers=e, SOPInstanceUID=f"9.{e}.{z}"))
        for e in (1, 2)
        for z in range(6)
        if (e, z) != (1, 3)
    ]
    second, first = arrange(echoes).series
    assert [series.header.phase[0] for series in (first, second)] == ["1", "2"]
    assert first.missing == (3,)
    assert ids(first) == ["series.phases", "series.missing"]


def test_a_film_over_time_at_one_place_is_one_series_in_the_order_of_its_numbers() -> None:
    place = [float(c) for c in SCANNER.corner(0)]
    files = [
        File(f"{t}", lambda t=t: SCANNER.slice(VALUES[t], t, ImagePositionPatient=place, InstanceNumber=50 - t))
        for t in range(5)
    ]
    series = one(files)
    assert ids(series) == ["series.one_place"]
    assert series.step_mm is None
    np.testing.assert_array_equal(load_volume(series).voxels, VALUES[4::-1])


def test_a_slice_that_lies_absurdly_far_away_makes_no_huge_series() -> None:
    far = File("far", lambda: SCANNER.slice(VALUES[0], 99, ImagePositionPatient=[0, 0, 1e9]))
    series = one([*FILES[:4], far])
    assert len(series.slots) == 5
    assert "series.uneven" in ids(series)


def test_directions_that_differ_by_rounding_are_one_series() -> None:
    files = [
        File(
            f"{z}",
            lambda z=z: SCANNER.slice(VALUES[z], z, ImageOrientationPatient=[1, 0.0049 + 0.0002 * z, 0, 0, 1, 0]),
        )
        for z in range(6)
    ]
    assert len(one(files).parts) == 6


def test_an_oblique_series_says_so() -> None:
    assert ids(one(replace(SCANNER, cosines=OBLIQUE).files(VALUES))) == ["series.oblique"]


def test_a_table_of_grey_levels_becomes_a_window_and_eight_bits_stay_as_they_are() -> None:
    from pydicom.dataset import Dataset

    table = Dataset()
    table.LUTDescriptor, table.LUTData = [4096, 2**16 - 1000, 8], bytes(np.repeat(np.arange(256, dtype=np.uint8), 16))
    volume = load_volume(one(SCANNER.files(VALUES, VOILUTSequence=[table])))
    assert volume.window is not None and volume.window[1] > 300
    ramp = np.arange(3 * 64, dtype=np.uint8).reshape(3, 8, 8)
    assert load_volume(one([File("x", lambda: dicom(ramp, NumberOfFrames=3))])).unit is None


def test_lengths_in_a_slice_are_known_where_the_distance_of_slices_is_not_and_in_no_sheared_plane() -> None:
    x, y, z = (float(c) for c in SCANNER.corner(2))
    odd = File("odd", lambda: SCANNER.slice(VALUES[9], 9, ImagePositionPatient=[x, y, z + 1.3]))
    uneven = load_volume(one([*FILES[:3], odd]))
    assert uneven.spacing_mm is None
    assert uneven.aspect("axial") == (0.7, 0.7)
    assert uneven.aspect("coronal") is None
    tilted = replace(SCANNER, tilt=15.0)
    volume = load_volume(one(tilted.files(VALUES)))
    assert volume.sheared and volume.aspect("axial") == (0.7, 0.7)
    assert volume.aspect("sagittal") is None
    assert volume.proportion("sagittal") == pytest.approx(2.0 / 0.7)


def test_where_a_slice_is_missing_nothing_is_known() -> None:
    volume = load_volume(one([file for z, file in enumerate(FILES) if z != 5]))
    assert not volume.known("axial", 5).any() and volume.known("axial", 4).all()
    assert (~volume.known("coronal", 10)).any(axis=1).sum() == 1
    assert volume.unit == "HU"


def test_colour_among_grey_is_refused_by_name() -> None:
    colour = np.zeros((48, 48, 3), np.uint8)
    series = one(FILES[:3])
    odd = replace(series, slots=(replace(series.parts[0], file=File("odd", lambda: png(colour))), *series.slots[1:]))
    with pytest.raises(ImageError, match="odd has colours"):
        load_volume(odd)


def test_two_phases_at_each_place_are_two_series() -> None:
    late = [
        File(f"late{z}", lambda z=z: SCANNER.slice(VALUES[z] + 50, z, InstanceNumber=100 + z, SOPInstanceUID=f"9.{z}"))
        for z in range(len(VALUES))
    ]
    first, second = arrange([*late, *FILES]).series
    np.testing.assert_array_equal(load_volume(first).voxels, VALUES)
    np.testing.assert_array_equal(load_volume(second).voxels, VALUES + 50)
    assert "number 2 of them" in second.notices[0].text


def test_a_file_that_is_given_twice_counts_once() -> None:
    series = one([*FILES, replace(FILES[3], name="copy.dcm")])
    assert ids(series) == ["series.copies"]
    np.testing.assert_array_equal(load_volume(series).voxels, VALUES)


def test_without_places_the_numbers_decide_and_no_distance_is_known() -> None:
    files = [
        File(f"{z}", lambda z=z: SCANNER.slice(VALUES[z], z, ImagePositionPatient=None, InstanceNumber=50 - z))
        for z in range(5)
    ]
    series = one(files)
    assert ids(series) == ["series.no_place"]
    assert series.spacing_mm is None
    volume = load_volume(series)
    assert volume.planes == ("slices",)
    np.testing.assert_array_equal(volume.voxels, VALUES[4::-1])


def test_an_ultrasound_loop_is_its_frames_in_order() -> None:
    frames = np.arange(5 * 64, dtype=np.uint8).reshape(5, 8, 8)
    volume = load_volume(one([File("loop", lambda: dicom(frames, NumberOfFrames=5, Modality="US"))]))
    np.testing.assert_array_equal(volume.voxels, frames)


@pytest.mark.parametrize("cosines", [AXIAL, CORONAL, SAGITTAL, OBLIQUE])
def test_every_plane_shows_a_marker_where_it_lies_in_the_patient(cosines: tuple) -> None:
    scanner = Scanner((2.0, 1.0, 1.0), (15, 30, 30), cosines)
    marker = np.array([6.0, 8.0, 4.0])  # left, back, head
    at = np.array([(marker @ scanner.frame[k]) / scanner.spacing[k] + (scanner.shape[k] - 1) / 2 for k in range(3)])
    values = np.full(scanner.shape, -850, np.int16)
    z, y, x = np.rint(at).astype(int)
    values[z, y, x] = 300
    volume = load_volume(one(scanner.files(values)))
    assert set(volume.planes) == {"axial", "coronal", "sagittal"}
    for plane in volume.planes:
        (number,) = [n for n in range(volume.count(plane)) if volume.picture(plane, n).max() == 300]
        picture = volume.picture(plane, number)
        row, column = np.unravel_index(int(np.argmax(picture)), picture.shape)
        assert volume.voxel(plane, number, row, column) == (z, y, x)
        rows, columns = picture.shape
        # The marker lies at the left, the back and the head: right of the middle, and where the plane puts the others.
        down = row / (rows - 1) - 0.5
        along = column / (columns - 1) - 0.5
        assert along > 0
        assert (down > 0) if plane == "axial" else (down < 0)


def test_a_point_outside_of_a_picture_is_refused() -> None:
    volume = load_volume(one(FILES))
    with pytest.raises(ImageError, match="outside"):
        volume.voxel("axial", 0, 48, 0)


def test_what_is_no_scan_is_refused_with_its_own_reason_and_many_with_their_number() -> None:
    with pytest.raises(ImageError, match="empty"):
        arrange([File("a", lambda: b"")])
    with pytest.raises(ImageError, match="None of the 2 files"):
        arrange([File("a", lambda: b""), File("b", lambda: b"text")])


def test_pictures_that_belong_to_no_series_stay_alone() -> None:
    found = arrange([File("a.png", photograph), File("b.png", photograph)])
    assert [len(s.parts) for s in found.series] == [1, 1]


def test_damaged_locked_and_huge_archives_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = zipped(FILES[:2])
    with pytest.raises(ImageError, match="damaged"):
        unpacked(data[:200])
    locked = bytearray(data)
    at = locked.rindex(b"PK\x01\x02")
    locked[at + 8] |= 1
    with pytest.raises(ImageError, match="password"):
        unpacked(bytes(locked))
    with pytest.raises(ImageError, match="unpacks to"):
        unpacked(data, most_bytes=1000)
    monkeypatch.setattr("medai_core.imaging.series.files.MOST_ENTRIES", 1)
    with pytest.raises(ImageError, match="2 files"):
        unpacked(data)


def test_a_damaged_slice_in_an_archive_is_left_out_and_named() -> None:
    files = [*FILES[:3], File("broken.dcm", lambda: FILES[3].read()[:900]), *FILES[4:]]
    found = arrange(unpacked(zipped(files)))
    assert [left.file for left in found.left_out] == ["study/broken.dcm"]
    assert ids(found.series[0]) == ["series.missing"]


def test_a_real_series_of_a_dependency_is_sorted() -> None:
    found = arrange([File("MR", bundled("MR_small.dcm").read_bytes)])
    assert [len(s.parts) for s in found.series] == [1]

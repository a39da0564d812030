"""Pictures, NIfTI volumes, and what is no scan at all."""

from __future__ import annotations

import gzip
import mmap
import struct
import subprocess
import sys
import tarfile
import time
import zipfile
import zlib
from io import BytesIO

import nibabel
import numpy as np
import pytest
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo

from medai_core.errors import ImageError
from medai_core.imaging.images import read_image, windowed

GREY = np.random.default_rng(1).integers(0, 256, (30, 40), dtype=np.uint8)
DEEP = GREY.astype(np.uint16) * 200 + 11
COLOUR = np.dstack([GREY, GREY[::-1], 255 - GREY])


def saved(pixels: np.ndarray, format: str, **options) -> bytes:
    out = BytesIO()
    Pillow.fromarray(pixels).save(out, format, **options)
    return out.getvalue()


def refusal(data: bytes, **asked) -> str:
    with pytest.raises(ImageError) as caught:
        read_image(data, **asked)
    return caught.value.message.id


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
@pytest.mark.parametrize("pixels", [GREY, COLOUR], ids=["grey", "colour"])
def test_a_picture_of_eight_bits_is_shown_as_it_is(format, pixels):
    image = read_image(saved(pixels, format))
    assert image.format == format
    assert np.array_equal(image.display, pixels)
    assert np.array_equal(image.pixels, pixels)
    assert image.pixels.dtype == (np.uint8 if pixels.ndim == 3 else np.float32)
    assert (image.window, image.spacing_mm, image.frames) == (None, None, 1)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("pixels", [GREY, COLOUR], ids=["grey", "colour"])
def test_a_jpeg_is_shown_as_pillow_decodes_it(pixels, progressive):
    data = saved(pixels, "JPEG", progressive=progressive)
    assert np.array_equal(read_image(data).display, np.array(Pillow.open(BytesIO(data))))


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_a_picture_of_sixteen_bits_is_shown_in_the_window_of_its_middle_values(format):
    image = read_image(saved(DEEP, format))
    assert np.array_equal(image.pixels, DEEP)
    low, high = np.percentile(DEEP, [0.5, 99.5])
    assert image.window == ((low + high + 1) / 2, high - low + 1)
    assert np.array_equal(image.display, windowed(image.pixels, *image.window))


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "raw"])
def test_a_compressed_tiff_shows_the_same(compression):
    assert np.array_equal(read_image(saved(GREY, "TIFF", compression=compression)).display, GREY)
    assert np.array_equal(read_image(saved(DEEP, "TIFF", compression=compression)).pixels, DEEP)


def test_the_pages_of_a_tiff_are_frames():
    pages = [GREY, 255 - GREY, GREY // 2]
    data = saved(pages[0], "TIFF", save_all=True, append_images=[Pillow.fromarray(page) for page in pages[1:]])
    assert (read_image(data).frame, read_image(data).frames) == (1, 3)
    for index, page in enumerate(pages):
        assert np.array_equal(read_image(data, frame=index).display, page)
    assert refusal(data, frame=3) == "image.frame"


def test_a_tiff_in_which_white_is_zero_is_shown_the_right_way_round():
    tags = {262: 0}
    image = read_image(saved(DEEP, "TIFF", tiffinfo=tags))
    assert image.inverted
    assert image.display[np.unravel_index(DEEP.argmax(), DEEP.shape)] == 0


def test_what_is_transparent_lies_on_black_and_a_palette_gives_its_colours():
    layered = np.dstack([COLOUR, np.full_like(GREY, 0)])
    layered[:10, :, 3] = 255
    image = read_image(saved(layered, "PNG"))
    assert np.array_equal(image.display[:10], COLOUR[:10])
    assert not image.display[10:].any()
    indexed = Pillow.fromarray(COLOUR).quantize(16)
    out = BytesIO()
    indexed.save(out, "PNG")
    assert np.array_equal(read_image(out.getvalue()).display, np.array(indexed.convert("RGB")))


def test_black_and_white_is_black_and_white():
    assert np.array_equal(read_image(saved(GREY > 99, "PNG")).display, np.where(GREY > 99, 255, 0))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF"])
def test_a_picture_is_turned_as_the_camera_was_held(format, orientation):
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    data = saved(GREY, format, exif=exif)
    from PIL import ImageOps

    assert np.array_equal(read_image(data).display, np.array(ImageOps.exif_transpose(Pillow.open(BytesIO(data)))))


def test_the_content_decides_and_not_the_name():
    assert read_image(saved(GREY, "PNG")).format == "PNG"  # be it called scan.dcm
    assert refusal(b"This is a letter about a patient.\n" * 20) == "image.unknown"


@pytest.mark.parametrize("format", ["PNG", "JPEG", "TIFF"])
@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_a_cut_picture_is_refused(format, share):
    data = saved(COLOUR, format)
    assert refusal(data[: int(len(data) * share)]) == "image.cut"


def test_a_damaged_jpeg_stream_is_refused():
    data = saved(COLOUR, "JPEG")
    table = data.index(b"\xff\xc4")
    assert refusal(data[: table + 5] + b"\xff" * 16 + data[table + 21 :]) == "image.stream"
    scan = data.index(b"\xff\xda") + 40
    assert refusal(data[:scan] + b"\xff\x90" + data[scan + 2 :]) == "image.stream"


def test_a_damaged_png_is_refused():
    data = saved(GREY, "PNG")
    at = data.index(b"IDAT") + 10
    assert refusal(data[:at] + bytes(8) + data[at + 8 :]) == "image.corrupt"


def test_too_many_pixels_are_refused_before_they_are_decoded():
    for format in ("PNG", "JPEG", "TIFF"):
        assert refusal(saved(GREY, format), max_pixels=GREY.size - 1) == "image.too_many_pixels"
    huge = saved(GREY, "PNG")[:16] + struct.pack(">2I", 100_000, 100_000) + saved(GREY, "PNG")[24:]
    header = huge[12:29]
    assert refusal(huge[:29] + struct.pack(">I", zlib.crc32(header)) + huge[33:]) == "image.too_many_pixels"


@pytest.mark.parametrize("kind", ["zTXt", "iTXt", "iCCP"])
def test_a_bomb_in_a_text_or_a_profile_of_a_png_is_refused(kind):
    data, bomb = saved(GREY, "PNG"), zlib.compress(bytes(50_000_000), 9)
    body = {"zTXt": b"a\0\0" + bomb, "iTXt": b"a\0\1\0\0\0" + bomb, "iCCP": b"a\0\0" + bomb}[kind]
    name = kind.encode()
    chunk = struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    assert refusal(data[:33] + chunk + data[33:]) == "image.inflated"


def test_a_text_in_a_png_is_no_bomb():
    notes = PngInfo()
    notes.add_text("note", "seen" * 1000, zip=True)
    assert np.array_equal(read_image(saved(GREY, "PNG", pnginfo=notes)).display, GREY)


def test_a_constant_picture_of_sixteen_bits_is_refused_and_one_of_eight_is_shown():
    assert refusal(saved(np.full((4, 4), 999, np.uint16), "PNG")) == "image.constant"
    assert read_image(saved(np.full((4, 4), 99, np.uint8), "PNG")).display.max() == 99


def test_a_chain_of_pages_without_end_is_refused():
    page = struct.pack("<H", 0)
    chain = b"II*\0" + struct.pack("<I", 8)
    chain += b"".join(page + struct.pack("<I", 8 + 6 * (index + 1)) for index in range(6_000))
    assert refusal(chain) == "image.too_many_frames"
    assert refusal(b"II*\0" + struct.pack("<I", 8) + page + struct.pack("<I", 8)) == "image.corrupt"  # a ring


def test_a_jpeg_of_thousands_of_passes_is_refused():
    data = saved(np.zeros((1000, 1000), np.uint8), "JPEG", progressive=True)
    scan = data.rindex(b"\xff\xda")
    assert refusal(data[:scan] + data[scan:-2] * 500 + data[-2:]) == "image.stream"


# NIfTI

VOLUME = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6)


def volume(array: np.ndarray = VOLUME, affine: np.ndarray | None = None, kind=nibabel.Nifti1Image, **fields) -> bytes:
    image = kind(array, np.diag([2.0, 3.0, 4.0, 1.0]) if affine is None else affine)
    image.header.set_xyzt_units("mm")
    data = bytearray(image.to_bytes())
    header = kind.header_class(bytes(data[: kind.header_class.sizeof_hdr]), check=False)
    for field, value in fields.items():
        header[field] = value
    return header.binaryblock + bytes(data[header.sizeof_hdr :])


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("packed", [False, True])
def test_a_volume_is_shown_slice_by_slice_from_the_patients_feet_as_radiologists_look(kind, packed):
    data = volume(kind=kind)
    image = read_image(gzip.compress(data) if packed else data)
    assert (image.format, image.frame, image.frames, image.spacing_mm) == ("NIfTI", 3, 6, (3.0, 2.0))
    # The first row is anterior and the first column the patient's right.
    assert image.pixels[0, 0] == VOLUME[3, 4, 3]
    assert image.pixels[-1, -1] == VOLUME[0, 0, 3]
    assert image.pixels.shape == (5, 4)
    assert np.array_equal(image.display, windowed(image.pixels, *image.window))


@pytest.mark.parametrize("axes", ["LPS", "RAS", "PIR", "SAL", "ARI", "ILP"])
def test_however_a_volume_is_stored_the_patient_lies_the_same_way(axes):
    start = nibabel.Nifti1Image(VOLUME, np.diag([2.0, 3.0, 4.0, 1.0]))
    turn = nibabel.orientations.axcodes2ornt(tuple(axes))
    turned = start.as_reoriented(nibabel.orientations.ornt_transform(nibabel.io_orientation(start.affine), turn))
    assert "".join(nibabel.aff2axcodes(turned.affine)) == axes
    image = read_image(volume(np.asarray(turned.dataobj), turned.affine), frame=1)
    canonical = nibabel.as_closest_canonical(turned).get_fdata()
    assert np.array_equal(image.pixels, canonical[::-1, ::-1, 1].T)
    assert image.spacing_mm == (3.0, 2.0)


def test_a_volume_is_scaled_windowed_and_stepped_through_time_as_its_header_says():
    assert read_image(volume(scl_slope=2, scl_inter=5), frame=0).pixels.max() == 2 * VOLUME[..., 0].max() + 5
    assert read_image(volume(cal_min=10, cal_max=20)).window == (15.5, 11)
    series = np.stack([VOLUME, VOLUME + 1000], axis=-1)
    images = [read_image(volume(series), frame=frame) for frame in (6, 7)]
    assert images[0].frames == 12
    assert np.array_equal(images[1].pixels, images[0].pixels + 1000)
    assert np.array_equal(images[0].pixels, read_image(volume(), frame=3).pixels)


def test_a_spacing_without_unit_is_not_guessed():
    assert read_image(volume(xyzt_units=0)).spacing_mm is None
    assert read_image(volume(xyzt_units=1)).spacing_mm == (3000.0, 2000.0)


def test_values_that_are_no_numbers_are_shown_as_the_lowest():
    array = VOLUME.astype(np.float32)
    array[0, 0, 0], array[1, 0, 0], array[2, 0, 0] = np.nan, np.inf, -np.inf
    image = read_image(volume(array), frame=0)
    lowest = VOLUME[0, 1, 0]
    assert image.pixels.min() == lowest
    assert image.pixels[-1, 1:].tolist() == [lowest] * 3
    assert refusal(volume(np.full((3, 3, 3), np.nan, np.float64))) == "image.constant"


ABSURD = {
    "dim": {"dim": [3, -4, 5, 6, 1, 1, 1, 1]},
    "no dimensions": {"dim": [0, 4, 5, 6, 1, 1, 1, 1]},
    "many dimensions": {"dim": [5, 4, 5, 2, 1, 3, 1, 1]},
    "datatype": {"datatype": 999},
    "complex": {"datatype": 32},
    "vox_offset": {"vox_offset": np.nan},
    "orientation": {"srow_x": [np.nan] * 4, "sform_code": 1},
    "slope": {"scl_slope": np.inf},
}


@pytest.mark.parametrize("fields", ABSURD.values(), ids=ABSURD.keys())
def test_an_absurd_header_is_refused(fields):
    assert refusal(volume(**fields)) == "image.header"


def test_a_cut_volume_and_half_a_pair_are_refused():
    whole = volume()
    assert refusal(whole[:-1]) == refusal(whole[:350]) == refusal(gzip.compress(whole)[:-40]) == "image.cut"
    assert refusal(volume(magic=b"ni1")) == "image.half"
    assert refusal(volume(dim=[3, 30000, 30000, 30000, 1, 1, 1, 1])) == "image.too_many_pixels"
    assert refusal(volume(dim=[3, 3000, 3000, 30000, 1, 1, 1, 1])) == "image.cut"


def test_a_packed_volume_that_claims_more_than_the_limit_is_not_unpacked():
    header = volume(dim=[3, 500, 500, 500, 1, 1, 1, 1])
    bomb = gzip.compress(header + bytes(50_000_000), 9)
    assert refusal(bomb, max_bytes=1_000_000) == "image.inflated"


# What is no scan


def archives() -> dict[str, bytes]:
    zipped, tarred = BytesIO(), BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("scan.png", saved(GREY, "PNG"))
    with tarfile.open(fileobj=tarred, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("scan.png"))
    return {
        "ZIP": zipped.getvalue(),
        "TAR": tarred.getvalue(),
        "GZIP": gzip.compress(saved(GREY, "PNG")),
        "7z": b"7z\xbc\xaf\x27\x1c" + bytes(30),
        "RAR": b"Rar!\x1a\x07\x01\0" + bytes(30),
    }


@pytest.mark.parametrize(("kind", "data"), archives().items(), ids=archives().keys())
def test_an_archive_is_refused_by_its_name_and_not_unpacked(kind, data):
    with pytest.raises(ImageError, match=f"a {kind} archive") as caught:
        read_image(data)
    assert caught.value.message.id == "image.archive"


def test_an_empty_file_is_refused():
    assert refusal(b"") == "image.empty"


def test_a_file_over_the_limit_is_refused():
    data = saved(GREY, "PNG")
    assert refusal(data, max_bytes=len(data) - 1) == "image.too_large"
    assert read_image(data, max_bytes=len(data)).format == "PNG"


def test_two_gigabytes_of_zeros_are_refused_at_once(tmp_path):
    with (tmp_path / "zeros").open("w+b") as file:
        file.truncate(2 * 10**9)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as zeros:
            before = time.process_time()
            assert refusal(zeros) == "image.too_large"
            assert refusal(zeros, max_bytes=2 * 10**9) == "image.unknown"
            assert time.process_time() - before < 1, "no byte of them needs to be read"


def test_reading_a_picture_waits_for_no_library_it_does_not_need():
    code = (
        "import sys; from medai_core.imaging.images import read_image; read_image(sys.stdin.buffer.read());"
        "print(sorted({'pydicom', 'nibabel', 'gdcm', 'tensorflow', 'streamlit'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], input=saved(GREY, "PNG"), capture_output=True, check=True)
    assert ended.stdout.strip() == b"[]"

"""Whatever the bytes are: an image or a sentence, never a traceback."""

from __future__ import annotations

import gzip
from io import BytesIO
from pathlib import Path

import nibabel
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from pydicom.data import get_testdata_file

from medai_core.errors import ImageError
from medai_core.imaging.images import Image, read_image

FOLDER = Path(str(get_testdata_file("CT_small.dcm", download=False))).parent
PIXELS = np.random.default_rng(2).integers(0, 256, (20, 24, 3), dtype=np.uint8)


def _saved(pixels: np.ndarray, format: str, **options) -> bytes:
    out = BytesIO()
    Pillow.fromarray(pixels).save(out, format, **options)
    return out.getvalue()


def _files() -> dict[str, bytes]:
    grey = PIXELS[..., 0]
    volume = nibabel.Nifti1Image(PIXELS.astype(np.float32), np.eye(4)).to_bytes()
    # Small ones only: a flip in a file of half a megabyte rarely meets the header.
    files = {path.name: path.read_bytes() for path in FOLDER.glob("*.dcm") if path.stat().st_size < 200_000}
    return files | {
        "png": _saved(PIXELS, "PNG"),
        "png16": _saved(grey.astype(np.uint16), "PNG"),
        "jpeg": _saved(PIXELS, "JPEG"),
        "progressive": _saved(PIXELS, "JPEG", progressive=True),
        "tiff": _saved(grey.astype(np.uint16), "TIFF"),
        "lzw": _saved(PIXELS, "TIFF", compression="tiff_lzw"),
        "pages": _saved(grey, "TIFF", save_all=True, append_images=[Pillow.fromarray(grey)] * 2),
        "nifti": volume,
        "nifti2": nibabel.Nifti2Image(grey.astype(np.int16), np.eye(4)).to_bytes(),
        "nifti.gz": gzip.compress(volume),
    }


FILES = _files()
BOUNDED = settings(
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def reads_or_refuses(data: bytes) -> None:
    try:
        image = read_image(data, max_bytes=2**24, max_pixels=2**22)
    except ImageError as error:
        assert error.message.text  # its facts fill its template
        return
    assert isinstance(image, Image)
    assert image.display.dtype == np.uint8
    assert image.display.shape == image.pixels.shape
    assert image.display.size
    assert np.isfinite(image.pixels).all()


@settings(BOUNDED, max_examples=150)
@given(st.binary(max_size=600))
def test_any_bytes_are_read_or_refused(data):
    reads_or_refuses(data)


@settings(BOUNDED, max_examples=150)
@given(
    st.sampled_from(
        [
            b"\0" * 128 + b"DICM",
            b"\x89PNG\r\n\x1a\n",
            b"\xff\xd8\xff",
            b"II*\0",
            b"MM\0*",
            b"\x1f\x8b",
            b"\x08\0\x05\0CS",
        ]
    ),
    st.binary(max_size=400),
)
def test_any_bytes_behind_a_true_beginning_are_read_or_refused(start, data):
    reads_or_refuses(start + data)


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_anywhere_is_read_or_refused(name):
    @settings(BOUNDED, max_examples=12)
    @given(st.integers(0, len(FILES[name])))
    def cut(length):
        reads_or_refuses(FILES[name][:length])

    cut()


@pytest.mark.parametrize("name", FILES)
def test_a_file_with_any_byte_changed_is_read_or_refused(name):
    @settings(BOUNDED, max_examples=30)
    @given(st.data())
    def change(drawing):
        data = bytearray(FILES[name])
        # Half of them in the first 1,500 bytes, where the headers are.
        for reach in (len(data), min(len(data), 1500)):
            data[drawing.draw(st.integers(0, reach - 1))] ^= 1 << drawing.draw(st.integers(0, 7))
        reads_or_refuses(bytes(data))

    change()

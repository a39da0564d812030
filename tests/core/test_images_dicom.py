"""DICOM files: what a clinician's scan must look like, and what must be refused."""

from __future__ import annotations

import datetime
import struct
import tracemalloc
import warnings
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    RLELossless,
)

from medai_core.errors import ImageError
from medai_core.imaging.images import Image, read_image, windowed

RAMP = np.arange(64, dtype=np.uint16).reshape(8, 8) * 10


def drawn(
    pixels: np.ndarray = RAMP, syntax: str = ExplicitVRLittleEndian, data: bytes | None = None, **elements
) -> bytes:
    """A DICOM file of these pixels; an element given as None is left out."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = CTImageStorage
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = "1.2.3"
    colour = pixels.ndim > 2 and pixels.shape[-1] == 3
    frames = pixels.shape[: pixels.ndim - 2 - colour]
    ds.Rows, ds.Columns = pixels.shape[len(frames) : len(frames) + 2]
    if frames:
        ds.NumberOfFrames = frames[0]
    ds.SamplesPerPixel = 3 if colour else 1
    if colour:
        ds.PlanarConfiguration = 0
    ds.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = 8 * pixels.dtype.itemsize
    ds.HighBit = ds.BitsStored - 1
    ds.PixelRepresentation = int(pixels.dtype.kind == "i")
    big = syntax == ExplicitVRBigEndian
    ds.add_new(
        "PixelData",
        "OW" if pixels.dtype.itemsize > 1 else "OB",
        pixels.astype(pixels.dtype.newbyteorder(">" if big else "<")).tobytes(),
    )
    if data is not None:
        ds.PixelData = data
        ds["PixelData"].is_undefined_length = ds.file_meta.TransferSyntaxUID.is_encapsulated
    out = BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some are meant to be wrong
        for keyword, value in elements.items():
            if value is None:
                delattr(ds, keyword)
            else:
                setattr(ds, keyword, value)
        ds.save_as(out, enforce_file_format=True)
    return out.getvalue()


def bundled(name: str) -> bytes:
    return Path(str(get_testdata_file(name, download=False))).read_bytes()


def refusal(data: bytes, **asked) -> str:
    with pytest.raises(ImageError) as caught:
        read_image(data, **asked)
    assert 1 <= str(caught.value).count(". ") + 1 <= 2, "one plain sentence, or two short ones"
    return caught.value.message.id


FOLDER = Path(str(get_testdata_file("CT_small.dcm", download=False))).parent
OTHERWISE = {
    "ExplVR_BigEndNoMeta.dcm": "image.plan",
    "ExplVR_LitEndNoMeta.dcm": "image.plan",
    "JPEG-lossy.dcm": "image.transfer_syntax",  # 12-bit JPEG Extended, which nothing here decodes
    "JPGExtended.dcm": "image.transfer_syntax",
    "JPEG2000-embedded-sequence-delimiter.dcm": "image.stream",  # claims 3.7 thousand million columns
    "MR_truncated.dcm": "image.cut",
    "UN_sequence.dcm": "image.object",
    "badVR.dcm": "image.header",  # a NumberOfFrames of "1A"
    "empty_charset_LEI.dcm": "image.no_pixels",
    "liver_1frame.dcm": "image.segmentation",
    "liver_expb_1frame.dcm": "image.segmentation",
    "meta_missing_tsyntax.dcm": "image.header",
    "nested_priv_SQ.dcm": "image.header",
    "no_meta.dcm": "image.unknown",  # a stray byte before the first element
    "no_meta_group_length.dcm": "image.object",
    "priv_SQ.dcm": "image.object",
    "reportsi.dcm": "image.report",
    "reportsi_with_empty_number_tags.dcm": "image.report",
    "rtplan.dcm": "image.plan",
    "rtplan_truncated.dcm": "image.plan",
    "rtstruct.dcm": "image.structure_set",
    "test-SR.dcm": "image.report",
    "waveform_ecg.dcm": "image.waveform",
    "DICOMDIR-empty.dcm": "image.directory",
}


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.dcm")), ids=lambda path: path.name)
def test_every_scan_that_pydicom_brings_is_read_and_all_else_is_refused_for_the_right_reason(path):
    if path.name in OTHERWISE:
        assert refusal(path.read_bytes()) == OTHERWISE[path.name]
        return
    image = read_image(path.read_bytes())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's of its own files
        ds = dcmread(path)
    assert image.pixels.shape[:2] == image.display.shape[:2] == (ds.Rows, ds.Columns)
    assert image.frames == int(ds.get("NumberOfFrames", 1) or 1)
    assert image.display.dtype == np.uint8
    assert image.display.min() < image.display.max()
    assert np.isfinite(image.pixels).all()
    assert image.modality == ds.get("Modality")


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("98892*/*/*")), ids=lambda path: path.name)
def test_every_file_of_a_disc_is_read_though_it_has_no_extension(path):
    assert read_image(path.read_bytes()).patient.name == "Doe, Peter"


def test_a_ct_is_read_in_hounsfield_units():
    ds = dcmread(get_testdata_file("CT_small.dcm"))
    image = read_image(bundled("CT_small.dcm"))
    assert np.array_equal(image.pixels, ds.pixel_array.astype(np.float32) * ds.RescaleSlope + ds.RescaleIntercept)
    assert image.spacing_mm == (0.661468, 0.661468)
    assert image.acquired == datetime.datetime(1997, 4, 30, 11, 29, 36)
    assert image.window == (40, 400)  # the file names none


def test_the_inversion_comes_after_the_window_and_the_window_after_the_rescale():
    stored = np.array([[0, 100, 150, 200, 4000]], dtype=np.uint16)
    asked = {"RescaleSlope": 2, "RescaleIntercept": -100, "WindowCenter": 200.5, "WindowWidth": 201}
    shown = read_image(drawn(stored, **asked))
    film = read_image(drawn(stored, PhotometricInterpretation="MONOCHROME1", **asked))
    # -100, 100, 200, 300, 7900 in a window from 100 to 300
    assert shown.pixels.tolist() == [[-100, 100, 200, 300, 7900]]
    assert shown.display.tolist() == [[0, 0, 128, 255, 255]]
    assert film.pixels.tolist() == shown.pixels.tolist()
    assert film.display.tolist() == [[255, 255, 127, 0, 0]]
    assert film.inverted and not shown.inverted
    assert np.array_equal(windowed(film.pixels, *film.window, inverted=film.inverted), film.display)


def test_a_lookup_table_goes_before_a_window_and_is_inverted_like_one():
    item = Dataset()
    item.LUTDescriptor, item.LUTData = [4, 10, 8], [0, 85, 170, 255]
    item["LUTDescriptor"].VR = item["LUTData"].VR = "US"
    stored = np.array([[0, 10, 11, 12, 13, 99]], dtype=np.uint16)
    elements = {"VOILUTSequence": [item], "WindowCenter": 0, "WindowWidth": 2}
    assert read_image(drawn(stored, **elements)).display.tolist() == [[0, 0, 85, 170, 255, 255]]
    inverted = read_image(drawn(stored, PhotometricInterpretation="MONOCHROME1", **elements))
    assert inverted.display.tolist() == [[255, 255, 170, 85, 0, 0]]
    assert inverted.window is None


def test_a_modality_lookup_table_gives_the_unit():
    item = Dataset()
    item.LUTDescriptor, item.LUTData = [3, 1, 16], [100, 200, 900]
    item["LUTDescriptor"].VR = item["LUTData"].VR = "US"
    image = read_image(drawn(np.array([[0, 1, 2, 3, 9]], dtype=np.uint16), ModalityLUTSequence=[item]))
    assert image.pixels.tolist() == [[100, 100, 200, 900, 900]]


@pytest.mark.parametrize(
    ("function", "expected"),
    [("LINEAR", [0, 0, 85, 170, 255]), ("LINEAR_EXACT", [0, 64, 128, 191, 255]), ("SIGMOID", [30, 69, 128, 186, 225])],
)
def test_each_window_function_of_the_standard_is_the_one_used(function, expected):
    stored = np.array([[8, 9, 10, 11, 12]], dtype=np.uint16)
    image = read_image(drawn(stored, WindowCenter=10, WindowWidth=4, VOILUTFunction=function))
    if function == "LINEAR":  # black up to 8, white from 11 on
        expected = [0, 85, 170, 255, 255]
    assert np.abs(image.display[0].astype(int) - expected).max() <= 1


def test_signed_pixels_keep_their_sign():
    stored = np.array([[-1000, -1, 0, 1, 3000]], dtype=np.int16)
    assert read_image(drawn(stored)).pixels.tolist() == stored.tolist()


def test_bits_above_those_stored_are_left_out():
    image = read_image(drawn(np.array([[0xF001, 0x0002]], dtype=np.uint16), BitsStored=12, HighBit=11))
    assert image.pixels.tolist() == [[1, 2]]


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32])
def test_every_depth_and_sign_is_read(dtype):
    stored = np.arange(35, dtype=dtype).reshape(5, 7) - dtype(0)
    for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian):
        assert read_image(drawn(stored, syntax)).pixels.tolist() == stored.tolist()


def test_one_bit_per_pixel_is_black_and_white():
    packed = np.packbits(np.tile([0, 1], 32).astype(np.uint8), bitorder="little").tobytes()
    image = read_image(drawn(np.zeros((8, 8), np.uint8), data=packed, BitsAllocated=1, BitsStored=1, HighBit=0))
    assert image.display.tolist() == [[0, 255] * 4] * 8


@pytest.mark.parametrize("field", ["FloatPixelData", "DoubleFloatPixelData"])
def test_values_that_are_no_numbers_are_shown_as_the_lowest(field):
    values = np.array([[np.nan, 1.0, 2.0], [np.inf, 3.0, -np.inf]], dtype=np.float32 if field[0] == "F" else np.float64)
    data = drawn(
        np.zeros((2, 3), np.uint16), **{"PixelData": None, field: values.tobytes()}, BitsAllocated=8 * values.itemsize
    )
    image = read_image(data)
    assert image.pixels.tolist() == [[1, 1, 2], [1, 3, 1]]
    assert refusal(data.replace(values.tobytes(), np.full_like(values, np.nan).tobytes())) == "image.constant"


def test_big_endian_and_little_endian_show_the_same():
    assert np.array_equal(
        read_image(bundled("MR_small_bigendian.dcm")).display, read_image(bundled("MR_small.dcm")).display
    )
    little, big = (read_image(bundled(f"SC_rgb_small_odd{end}.dcm")) for end in ("", "_big_endian"))
    assert np.array_equal(little.pixels, big.pixels)


@pytest.mark.parametrize(
    "name", ["MR_small_RLE", "MR_small_jp2klossless", "MR_small_jpeg_ls_lossless", "MR_small_implicit"]
)
def test_a_lossless_compression_changes_no_pixel(name):
    assert np.array_equal(read_image(bundled(f"{name}.dcm")).pixels, read_image(bundled("MR_small.dcm")).pixels)


def lossless_jpeg(pixels: np.ndarray) -> bytes:
    """The scan in lossless JPEG (T.81, annex H): each pixel less its left neighbour, Huffman coded.

    The code is plain: the number of bits of the difference as five bits, and then those bits.
    """
    bits, rows, columns = 8 * pixels.dtype.itemsize, *pixels.shape
    values = pixels.astype(np.int64) % 2**bits
    before = np.empty_like(values)
    before[:, 1:] = values[:, :-1]
    before[1:, 0], before[0, 0] = values[:-1, 0], 2 ** (bits - 1)
    written = []
    for difference in ((values - before + 2**15) % 2**16 - 2**15).ravel().tolist():
        size = abs(difference).bit_length()
        written.append(f"{size:05b}")
        if 0 < size < 16:
            written.append(f"{difference if difference > 0 else difference + 2**size - 1:0{size}b}")
    code = "".join(written)
    code += "1" * (-len(code) % 8)
    scan = int(code, 2).to_bytes(len(code) // 8, "big").replace(b"\xff", b"\xff\0")
    table = bytes([0, 0, 0, 0, 17, *[0] * 11, *range(17)])
    parts = [
        b"\xff\xd8",
        b"\xff\xc3" + struct.pack(">HBHHB", 11, bits, rows, columns, 1) + b"\1\x11\0",
        b"\xff\xc4" + struct.pack(">HB", 3 + len(table), 0) + table,
        b"\xff\xda" + struct.pack(">HB", 8, 1) + b"\1\0\1\0\0",
        scan,
        b"\xff\xd9",
    ]
    return drawn(pixels, JPEGLosslessSV1, encapsulate([b"".join(parts)]))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
def test_lossless_jpeg_changes_no_pixel(dtype):
    pixels = (np.random.default_rng(0).integers(0, 200, (40, 30)) - (100 if dtype == np.int16 else 0)).astype(dtype)
    assert np.array_equal(read_image(lossless_jpeg(pixels)).pixels, pixels)


def test_a_damaged_lossless_jpeg_is_refused_and_the_server_lives():
    whole = lossless_jpeg(np.random.default_rng(0).integers(0, 200, (40, 30)).astype(np.uint16))
    at = whole.index(b"\xff\xc4") + 8  # into the Huffman table
    assert refusal(whole[:at] + b"\xff" * 9 + whole[at + 9 :]) == "image.stream"


def test_a_deflated_file_and_one_without_preamble_show_what_the_plain_one_shows():
    plain = drawn()
    bare = plain[132:]  # from the meta information on
    length = struct.unpack("<I", bare[8:12])[0]
    for other in (drawn(syntax=DeflatedExplicitVRLittleEndian), bare, bare[12 + length :]):
        assert np.array_equal(read_image(other).pixels, RAMP)
    implicit = drawn(syntax=ImplicitVRLittleEndian)[132:]
    assert np.array_equal(read_image(implicit[12 + struct.unpack("<I", implicit[8:12])[0] :]).pixels, RAMP)


COLOURS = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [128, 128, 128]]], dtype=np.uint8)


def test_colours_are_those_of_the_scanner():
    image = read_image(drawn(COLOURS))
    assert image.pixels.tolist() == image.display.tolist() == COLOURS.tolist()
    planes = read_image(drawn(COLOURS, data=np.moveaxis(COLOURS, -1, 0).tobytes(), PlanarConfiguration=1))
    assert planes.pixels.tolist() == COLOURS.tolist()
    deep = read_image(drawn(COLOURS.astype(np.uint16) * 257))
    assert deep.pixels.dtype == np.uint8
    assert deep.pixels.tolist() == COLOURS.tolist()


def test_luminance_and_chrominance_become_red_green_and_blue():
    ybr = np.array([[[76, 85, 255], [149, 43, 21]], [[29, 255, 107], [128, 128, 128]]], dtype=np.uint8)
    image = read_image(drawn(ybr, PhotometricInterpretation="YBR_FULL"))
    assert np.abs(image.pixels.astype(int) - COLOURS).max() <= 2


def test_a_compressed_colour_scan_has_the_colours_of_its_plain_twin():
    plain = read_image(bundled("SC_ybr_full_422_uncompressed.dcm")).pixels.astype(int)
    for name in ("SC_rgb_dcmtk_+eb+cy+np", "SC_rgb_dcmtk_+eb+cr", "SC_rgb_rle", "SC_rgb_gdcm_KY", "SC_rgb_jpeg_gdcm"):
        assert np.abs(read_image(bundled(f"{name}.dcm")).pixels.astype(int) - plain).mean() < 3, name


def test_a_palette_gives_each_index_its_colour():
    tables = {}
    for index, colour in enumerate(("Red", "Green", "Blue")):
        entries = (np.arange(4, dtype=np.uint16) * 10 + index) << 8
        tables[f"{colour}PaletteColorLookupTableDescriptor"] = [4, 0, 16]
        tables[f"{colour}PaletteColorLookupTableData"] = entries.tobytes()
    data = drawn(np.array([[0, 1], [2, 9]], np.uint8), PhotometricInterpretation="PALETTE COLOR", **tables)
    assert read_image(data).pixels.tolist() == [[[0, 1, 2], [10, 11, 12]], [[20, 21, 22], [30, 31, 32]]]
    expected = dcmread(get_testdata_file("examples_palette.dcm"))
    from pydicom.pixels import apply_color_lut

    reference = apply_color_lut(expected.pixel_array, expected)
    reference = (reference >> 8).astype(np.uint8) if reference.dtype != np.uint8 else reference
    assert np.array_equal(read_image(bundled("examples_palette.dcm")).pixels, reference)


def test_only_the_frame_asked_for_is_shown_and_the_middle_one_where_none_is():
    frames = np.stack([RAMP + 1000 * index for index in range(5)]).astype(np.uint16)
    data = drawn(frames)
    assert (read_image(data).frame, read_image(data).frames) == (2, 5)
    for index in range(5):
        assert np.array_equal(read_image(data, frame=index).pixels, frames[index])
    assert refusal(data, frame=5) == refusal(data, frame=-1) == "image.frame"


def test_an_enhanced_scan_is_shown_with_the_rescale_window_and_spacing_of_its_frame():
    def group(slope: float, centre: float) -> Dataset:
        values, window = Dataset(), Dataset()
        values.RescaleSlope, values.RescaleIntercept = slope, 0
        window.WindowCenter, window.WindowWidth = centre, 50
        own = Dataset()
        own.PixelValueTransformationSequence, own.FrameVOILUTSequence = ([values], [window])
        return own

    measures, shared = Dataset(), Dataset()
    measures.PixelSpacing = [0.5, 0.25]
    shared.PixelMeasuresSequence = [measures]
    groups = {
        "SharedFunctionalGroupsSequence": [shared],
        "PerFrameFunctionalGroupsSequence": [group(1, 10), group(3, 20)],
    }
    data = drawn(np.stack([RAMP, RAMP]), **groups)
    first, second = read_image(data, frame=0), read_image(data, frame=1)
    assert np.array_equal(second.pixels, 3 * first.pixels)
    assert (first.window, second.window) == ((10, 50), (20, 50))
    assert first.spacing_mm == second.spacing_mm == (0.5, 0.25)


def test_without_a_window_a_ct_shows_soft_tissue_and_another_scan_its_middle_values():
    hounsfield = np.arange(-1024, 1024, 2, dtype=np.int16).reshape(32, 32)
    assert read_image(drawn(hounsfield, Modality="CT")).window == (40, 400)
    magnetic = read_image(drawn(hounsfield, Modality="MR"))
    low, high = np.percentile(hounsfield, [0.5, 99.5])
    assert magnetic.window == ((low + high + 1) / 2, high - low + 1)
    assert read_image(drawn(hounsfield + 5000, Modality="CT")).window != (40, 400)


def test_one_changed_pixel_changes_the_hash_that_caches_go_by():
    other = RAMP.copy()
    other[3, 3] += 1
    assert read_image(drawn()).sha256 != read_image(drawn(other)).sha256
    assert read_image(drawn()).sha256 == read_image(drawn()).sha256


def test_the_spacing_of_a_detector_is_not_taken_for_the_patients():
    assert read_image(drawn(ImagerPixelSpacing=[0.1, 0.1])).spacing_mm is None
    assert read_image(drawn(PixelSpacing=[0.2, 0.3], ImagerPixelSpacing=[0.1, 0.1])).spacing_mm == (0.2, 0.3)
    assert read_image(drawn(PixelSpacing=[0, 0.3])).spacing_mm is None


@pytest.mark.parametrize(
    ("elements", "years"),
    [
        ({"PatientAge": "045Y"}, 45),
        ({"PatientAge": "006M"}, 0.5),
        ({"PatientAge": "003W"}, 21 / 365.25),
        ({"PatientAge": "010D"}, 10 / 365.25),
        ({"PatientAge": "000Y", "PatientBirthDate": "20000101", "StudyDate": "20100101"}, 10),
        ({"PatientBirthDate": "20000101", "StudyDate": "20020702"}, 2.5),
        ({"PatientBirthDate": "20000101"}, None),
        ({"PatientBirthDate": "20200101", "StudyDate": "20100101"}, None),
        ({"PatientBirthDate": "20001399"}, None),
        ({}, None),
    ],
)
def test_the_age_is_that_at_the_time_of_the_scan(elements, years):
    found = read_image(drawn(**elements)).patient.age_years
    assert found == (years if years is None else pytest.approx(years, abs=0.01))


@pytest.mark.parametrize(
    ("coded", "read"),
    [
        ("Adams^John Robert^Quincy^Rev.^B.A.", "Adams, John Robert Quincy, Rev., B.A."),
        ("Doe", "Doe"),
        ("^Jane", "Jane"),
        ("Wang^XiaoDong=王^小东", "Wang, XiaoDong (王, 小东)"),
        ("^^^^", None),
        ("", None),
    ],
)
def test_a_name_is_written_for_people(coded, read):
    assert read_image(drawn(PatientName=coded, SpecificCharacterSet="ISO_IR 192")).patient.name == read


def test_the_facts_of_patient_and_view_are_read():
    image = read_image(
        drawn(
            PatientID="17 ",
            PatientSex="f",
            PatientBirthDate="19700203",
            BodyPartExamined="Chest",
            ViewPosition="pa",
            Modality="DX",
            AcquisitionDateTime="20200102030405.5+0100",
        )
    )
    assert (image.patient.id, image.patient.sex) == ("17", "F")
    assert image.patient.birth_date == datetime.date(1970, 2, 3)
    assert (image.body_part, image.view, image.modality) == ("CHEST", "PA", "DX")
    assert image.acquired == datetime.datetime(2020, 1, 2, 3, 4, 5, 500000)
    silent = read_image(drawn())
    assert (silent.patient, silent.body_part, silent.acquired) == (type(silent.patient)(), None, None)


@pytest.mark.parametrize(
    ("sop_class", "id"),
    [
        ("1.2.840.10008.5.1.4.1.1.481.3", "image.structure_set"),
        ("1.2.840.10008.5.1.4.1.1.481.5", "image.plan"),
        ("1.2.840.10008.5.1.4.1.1.88.33", "image.report"),
        ("1.2.840.10008.5.1.4.1.1.66.4", "image.segmentation"),
        ("1.2.840.10008.5.1.4.1.1.9.1.1", "image.waveform"),
        ("1.2.840.10008.5.1.4.1.1.11.1", "image.presentation"),
        ("1.2.840.10008.5.1.4.1.1.104.1", "image.document"),
    ],
)
def test_an_object_that_is_no_scan_is_called_by_its_name_even_with_pixels(sop_class, id):
    assert refusal(drawn(SOPClassUID=sop_class)) == id


def test_every_sentence_of_refusal_has_its_case():
    stream = encapsulate([b"\xff\xd8\xff\xd9"])
    whole = drawn()
    cases = {
        "image.cut": whole[:-10],
        "image.short": drawn(Rows=9),
        "image.no_pixels": drawn(PixelData=None, SOPClassUID="9.9.9"),
        "image.object": drawn(PixelData=None),
        "image.header": drawn(BitsAllocated=None),
        "image.constant": drawn(np.full((4, 4), 7, np.uint16)),
        "image.colour": drawn(PhotometricInterpretation="CMYK"),
        "image.transfer_syntax": drawn(syntax="1.2.840.10008.1.2.4.100", data=stream),
        "image.stream": drawn(syntax=JPEGBaseline8Bit, data=stream),
        "image.missing_frames": drawn(syntax=JPEGBaseline8Bit, data=stream, NumberOfFrames=3),
    }
    assert {id: refusal(data) for id, data in cases.items()} == {id: id for id in cases}


def test_the_unsupported_transfer_syntax_is_named():
    with pytest.raises(ImageError, match="MPEG2 Main Profile"):
        read_image(drawn(syntax="1.2.840.10008.1.2.4.100", data=encapsulate([b"1234"])))


@pytest.mark.parametrize(
    "missing", ["Rows", "Columns", "BitsAllocated", "PhotometricInterpretation", "PixelRepresentation"]
)
def test_what_would_have_to_be_guessed_is_refused(missing):
    assert refusal(drawn(**{missing: None})) == "image.header"


def test_a_constant_image_with_a_window_is_shown():
    image = read_image(drawn(np.full((4, 4), 7, np.uint16), WindowCenter=7, WindowWidth=10))
    assert image.window == (7, 10)


def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded():
    # Decoding it would fail otherwise: the file holds 128 bytes of 8 thousand million.
    assert refusal(drawn(Rows=65000, Columns=65000)) == "image.too_many_pixels"
    assert refusal(drawn(), max_pixels=63) == "image.too_many_pixels"
    assert isinstance(read_image(drawn(), max_pixels=64), Image)


def test_a_stream_that_claims_more_pixels_than_the_header_is_refused_before_it_is_decoded():
    scan = bundled("MR_small_jp2klossless.dcm")
    at = scan.index(b"\xff\x4f\xff\x51") + 8
    assert refusal(scan[:at] + struct.pack(">2I", 60_000, 60_000) + scan[at + 8 :]) == "image.stream"
    scan = bundled("SC_rgb_jpeg_dcmtk.dcm")
    at = scan.index(b"\xff\xc0") + 5
    assert refusal(scan[:at] + struct.pack(">2H", 60_000, 60_000) + scan[at + 4 :]) == "image.stream"


def test_a_deflated_bomb_is_not_blown_up():
    whole = drawn(syntax=DeflatedExplicitVRLittleEndian)
    start = 132 + 12 + struct.unpack("<I", whole[140:144])[0]
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = whole[:start] + packer.compress(bytes(50_000_000)) + packer.flush()
    assert len(bomb) < 100_000
    tracemalloc.start()
    try:
        assert refusal(bomb, max_bytes=1_000_000) == "image.inflated"
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_a_run_length_bomb_is_measured_before_it_is_unpacked():
    segment = b"\x81\x00" * 3_000_000  # 6 MB, which unpack to 384 MB
    header = struct.pack("<16I", 1, 64, *[0] * 14)
    assert refusal(drawn(np.zeros((8, 8), np.uint8), RLELossless, encapsulate([header + segment]))) == "image.stream"


def test_a_jpeg_2000_file_in_a_scan_with_a_box_of_no_length_does_not_keep_the_reader_for_ever():
    scan = bundled("GDCMJ2K_TextGBR.dcm")
    box = scan.index(b"ftyp") - 4
    assert read_image(scan[:box] + bytes(4) + scan[box + 4 :]).display.shape == (400, 400, 3)


def test_a_cut_compressed_scan_is_refused():
    for name in ("693_J2KI.dcm", "SC_rgb_jpeg_dcmtk.dcm", "MR_small_RLE.dcm", "SC_rgb_rle_2frame.dcm"):
        scan = bundled(name)
        end = scan.rindex(b"\xfe\xff\xdd\xe0")
        for missing in (0, 1, 10, end // 3):
            assert refusal(scan[: end - missing]) == "image.cut", (name, missing)


def test_half_a_stream_in_a_whole_file_is_refused():
    ds = dcmread(get_testdata_file("MR_small_jp2klossless.dcm"))
    from pydicom.encaps import get_frame

    stream = get_frame(ds.PixelData, 0, number_of_frames=1)
    assert (
        refusal(drawn(np.zeros((64, 64), np.int16), JPEG2000Lossless, encapsulate([stream[:2000]]))) == "image.stream"
    )


def test_reading_a_scan_is_silent(capfd):
    read_image(bundled("MR_small.dcm"))
    refusal(bundled("MR_truncated.dcm"))
    refusal(drawn(syntax=JPEGBaseline8Bit, data=encapsulate([b"\xff\xd8\xff\xd9"])))
    assert capfd.readouterr() == ("", "")

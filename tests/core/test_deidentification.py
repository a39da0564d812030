"""A file leaves without the person: whatever was written wherever, nothing of it is found afterwards."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit

from medai_core.errors import RecordError
from medai_core.imaging.images import read_image
from medai_core.records.deidentification import Deidentified, deidentify
from medai_core.records.deidentification.pixels import bare_frame
from medai_core.records.deidentification.writing import looks_written
from tests.scans import RAMP, bundled, dicom

SECRET = b"of this installation"
NAME = "Zwiebel"
GIVEN = "Ottokar"
TYPED = """
PatientComments ImageComments AdditionalPatientHistory StudyComments VisitComments AcquisitionComments
RequestedProcedureComments ImagingServiceRequestComments DerivationDescription
AcquisitionDeviceProcessingDescription StudyDescription SeriesDescription ProtocolName InstitutionName
InstitutionAddress StationName InstitutionalDepartmentName ManufacturerModelName SoftwareVersions
ContrastBolusAgent PatientAddress Occupation CurrentPatientLocation RequestedProcedureDescription
PerformedProcedureStepDescription WindowCenterWidthExplanation RescaleType FilterType TextString
ReasonForStudy LensMake SegmentLabel
"""
"""Elements that hold whatever somebody typed."""


def planted() -> tuple[bytes, int]:
    """A film with the name in more than forty places, and in how many."""
    ds = pydicom.dcmread(io.BytesIO(dicom(PatientName=f"{NAME}^{GIVEN}", PatientID=f"{NAME}-77", Modality="DX")))
    said = f"a {NAME.upper()} film"
    for keyword in TYPED.split():
        setattr(ds, keyword, said)
    for keyword in [
        "ReferringPhysicianName",
        "OperatorsName",
        "OtherPatientNames",
        "PatientMotherBirthName",
        "RequestingPhysician",
    ]:
        setattr(ds, keyword, f"{NAME}^{GIVEN}")
    ds.AccessionNumber = ds.StudyID = NAME
    ds.StationAETitle = NAME.upper()
    item, inner = Dataset(), Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "1", "99X", said
    inner.CodeValue, inner.CodingSchemeDesignator, inner.CodeMeaning = "2", "99X", said
    inner.add_new(0x00091001, "LO", said)
    item.PurposeOfReferenceCodeSequence = [inner]
    ds.ProcedureCodeSequence = [item]
    ds.RequestAttributesSequence = [item]
    ds.private_block(0x0009, NAME.upper(), create=True).add_new(1, "PN", f"{NAME}^{GIVEN}")
    ds.private_block(0x0011, "SCANNER 1.0", create=True).add_new(2, "OB", said.encode() + b"\0")
    ds.add_new(0x60003000, "OW", said.encode() + b"\0" * (len(said) % 2))
    ds.add_new(0x60001500, "LO", said)
    ds.add_new(0x50000010, "US", 1)
    ds.add_new(0x50002500, "LO", said)
    ds.add_new(0xFFFCFFFC, "OB", said.encode() + b"\0" * (len(said) % 2))
    ds.add_new(0x00181999, "UN", said.encode())
    ds.PixelData = bytes(64) + said.encode() + b"\0" * (len(said) % 2)
    ds.file_meta.SourceApplicationEntityTitle = NAME
    ds.preamble = (said.encode() * 12)[:128]
    out = io.BytesIO()
    ds.save_as(out, enforce_file_format=True)
    data = out.getvalue()
    return data, data.lower().count(NAME.lower().encode())


def again(given: Deidentified) -> Dataset:
    return pydicom.dcmread(io.BytesIO(given.data))


def test_a_name_planted_in_forty_places_is_found_in_none_afterwards() -> None:
    data, places = planted()
    assert places >= 40
    given = deidentify(data, "film.dcm", SECRET).data
    left = given.lower()
    for word in (NAME, GIVEN, " film", "SCANNER"):
        assert word.lower().encode() not in left
        assert word.lower().encode("utf-16-le") not in left
    assert read_image(given).display.shape == (8, 8)


def test_who_it_is_is_unknown_and_how_it_was_done_is_said() -> None:
    given = deidentify(planted()[0], "film.dcm", SECRET)
    ds = again(given)
    assert (ds.PatientName, ds.PatientID, ds.PatientIdentityRemoved) == (given.person, given.person, "YES")
    codes = [(c.CodeValue, c.CodingSchemeDesignator) for c in ds.DeidentificationMethodCodeSequence]
    assert codes == [("113100", "DCM"), ("113107", "DCM")]
    assert ds.LongitudinalTemporalInformationModified == "MODIFIED"
    assert not [e for e in ds.iterall() if e.tag.is_private]
    assert ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID == given.uid
    assert ds.preamble == bytes(128)


DATED: dict[str, Any] = {"PatientID": "7", "PatientBirthDate": "19500203", "StudyInstanceUID": "1.2.3"}


def film(**header: object) -> bytes:
    return dicom(**(DATED | header))


def test_dates_move_together_so_that_intervals_stay_and_the_birth_date_goes() -> None:
    first = again(
        deidentify(film(StudyDate="20200110", StudyTime="0930", AcquisitionDateTime="20200110093001.5"), "", SECRET)
    )
    second = again(deidentify(film(StudyDate="20200214"), "", SECRET))
    days = [date.fromisoformat(f"{d[:4]}-{d[4:6]}-{d[6:]}") for d in (first.StudyDate, second.StudyDate)]
    assert (days[1] - days[0]).days == 35
    assert days[0] < date(2020, 1, 10)
    assert (first.AcquisitionDateTime, first.StudyTime) == (f"{first.StudyDate}093001.5", "0930")
    assert not first.PatientBirthDate
    other = again(deidentify(film(StudyDate="20200110", PatientID="8"), "", SECRET))
    assert other.StudyDate != first.StudyDate


def test_one_patients_files_stay_together_and_nobody_else_can_tell_who_it_is() -> None:
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", "1.2.3.9"
    one = again(deidentify(film(SourceImageSequence=[reference], SOPInstanceUID="1.2.3.8"), "", SECRET))
    two = again(deidentify(film(SOPInstanceUID="1.2.3.9"), "", SECRET))
    assert one.StudyInstanceUID == two.StudyInstanceUID != "1.2.3"
    assert one.SourceImageSequence[0].ReferencedSOPInstanceUID == two.SOPInstanceUID
    assert one.SourceImageSequence[0].ReferencedSOPClassUID == "1.2.840.10008.5.1.4.1.1.2"
    assert one.PatientID == two.PatientID
    assert again(deidentify(film(), "", b"of another one")).PatientID != one.PatientID
    assert deidentify(film(), "", SECRET).data == deidentify(film(), "", SECRET).data


def test_what_a_scan_needs_to_be_read_stays() -> None:
    for name in (
        "CT_small.dcm",
        "MR_small.dcm",
        "examples_rgb_color.dcm",
        "693_J2KI.dcm",
        "MR_small_RLE.dcm",
        "examples_palette.dcm",
    ):
        data = bundled(name).read_bytes()
        before, after = read_image(data), read_image(deidentify(data, name, SECRET, keep_burned_in=True).data)
        assert np.array_equal(before.display, after.display), name
        assert (before.modality, before.spacing_mm, before.window) == (after.modality, after.spacing_mm, after.window)
        assert after.patient.name != before.patient.name


def test_comments_inside_compressed_frames_go_and_the_pixels_stay() -> None:
    grey = np.random.default_rng(1).integers(0, 255, (32, 32), dtype=np.uint8)
    for format, syntax, options in (
        ("JPEG", JPEGBaseline8Bit, {"comment": f"film of {NAME}".encode(), "exif": b"Exif\0\0" + NAME.encode()}),
        ("JPEG2000", JPEG2000Lossless, {"comment": f"film of {NAME}", "no_jp2": True}),
    ):
        stream = io.BytesIO()
        Picture.fromarray(grey).save(stream, format, **options)
        frame = stream.getvalue() + b"\0" * (len(stream.getvalue()) % 2)
        assert NAME.encode() in frame
        ds = pydicom.dcmread(io.BytesIO(dicom(grey)))
        ds.file_meta.TransferSyntaxUID, ds.PixelData = syntax, encapsulate([frame])
        ds["PixelData"].is_undefined_length = True
        out = io.BytesIO()
        ds.save_as(out, enforce_file_format=True)
        given = deidentify(out.getvalue(), "", SECRET)
        assert NAME.encode() not in given.data
        assert np.array_equal(read_image(out.getvalue()).display, read_image(given.data).display)
        bare = next(generate_frames(again(given).PixelData, number_of_frames=1))
        assert bare_frame(bare, syntax).rstrip(b"\0") == bare.rstrip(b"\0")


@pytest.mark.parametrize(
    "name", ["JPEGLSNearLossless_08.dcm", "SC_rgb_jpeg_dcmtk.dcm", "JPGExtended.dcm", "MR_small_RLE.dcm"]
)
def test_a_frame_without_comments_shows_the_same(name: str) -> None:
    data = bundled(name).read_bytes()
    ds = pydicom.dcmread(io.BytesIO(data))
    for frame in generate_frames(ds.PixelData, number_of_frames=int(ds.get("NumberOfFrames", 1))):
        if "RLE" not in name:  # decoded, and so bare
            assert 0 < len(bare_frame(frame, ds.file_meta.TransferSyntaxUID)) <= len(frame)
    if name != "JPGExtended.dcm":
        after = deidentify(data, name, SECRET, keep_burned_in=True).data
        assert np.array_equal(read_image(data).display, read_image(after).display)


def lettered(text: str, size: int, ink: int = 255) -> np.ndarray[Any, Any]:
    """A film of soft noise with ``text`` in it."""
    noise = np.random.default_rng(0).normal(110, 20, (512, 512)).clip(3, 250).astype(np.uint8)
    picture = Picture.fromarray(noise)
    ImageDraw.Draw(picture).text((30, 40), text, fill=ink, font=ImageFont.load_default(size))
    return np.asarray(picture)


@pytest.mark.parametrize(("size", "ink"), [(12, 255), (18, 255), (30, 255), (18, 0)])
def test_a_name_in_the_picture_is_seen_and_the_file_refused_until_somebody_has_looked(size: int, ink: int) -> None:
    data = dicom(lettered("SMITH, ANNABEL 1958-08-09", size, ink))
    with pytest.raises(RecordError, match="lines of text"):
        deidentify(data, "film.dcm", SECRET)
    assert [flag.id for flag in deidentify(data, "film.dcm", SECRET, keep_burned_in=True).flags] == ["deidentify.kept"]


def test_a_side_marker_or_none_is_no_writing() -> None:
    assert not looks_written(lettered("R", 40))
    assert not looks_written(lettered("L  AP", 30))
    assert not looks_written(lettered("", 12))
    assert not looks_written(np.zeros((64, 64), np.uint8))


def test_a_file_that_says_that_names_are_in_its_picture_is_refused_and_one_that_may_is_flagged() -> None:
    with pytest.raises(RecordError, match="names are written into its picture"):
        deidentify(dicom(BurnedInAnnotation="YES"), "film.dcm", SECRET)
    assert [f.id for f in deidentify(dicom(BurnedInAnnotation="YES"), "", SECRET, keep_burned_in=True).flags]
    assert [f.id for f in deidentify(dicom(Modality="US"), "", SECRET).flags] == ["deidentify.look"]
    assert deidentify(dicom(Modality="US", BurnedInAnnotation="NO"), "", SECRET).flags == ()
    assert deidentify(dicom(Modality="CT"), "", SECRET).flags == ()
    faces = deidentify(dicom(Modality="CT", RecognizableVisualFeatures="YES"), "", SECRET)
    assert [f.id for f in faces.flags] == ["deidentify.face"]


def test_a_short_name_is_found_where_it_stands_alone_and_does_not_eat_other_words() -> None:
    ds = again(
        deidentify(
            film(PatientName="Li^Bo", WindowCenterWidthExplanation="seen by Li", RescaleType="LINEAR"), "", SECRET
        )
    )
    assert (ds.WindowCenterWidthExplanation, ds.RescaleType) == ("", "LINEAR")
    chinese = film(SpecificCharacterSet="ISO_IR 192", PatientName="Wang^XiaoDong=王^小东", Manufacturer="王小东扫描")
    assert "王小东".encode() not in deidentify(chinese, "", SECRET).data


def compressed(syntax: str, *frames: bytes, **header: object) -> bytes:
    """A film whose frames are coded so, whatever they are."""
    ds = pydicom.dcmread(io.BytesIO(dicom(np.zeros((32, 32), np.uint8), **header)))
    ds.file_meta.TransferSyntaxUID = syntax
    ds.PixelData = encapsulate([f + b"\0" * (len(f) % 2) for f in frames])
    ds["PixelData"].is_undefined_length = True
    out = io.BytesIO()
    ds.save_as(out, enforce_file_format=True)
    return out.getvalue()


def coded(format: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    grey = np.random.default_rng(1).integers(0, 255, (32, 32), dtype=np.uint8)
    Picture.fromarray(grey).save(stream, format, **options)
    return stream.getvalue()


def test_a_name_behind_before_or_between_the_coded_data_goes() -> None:
    jpeg, j2k = coded("JPEG"), coded("JPEG2000", no_jp2=True)
    tile = j2k.index(b"\xff\x90")
    length = int.from_bytes(j2k[tile + 6 : tile + 10], "big")
    comment = b"\xff\x64" + (4 + len(NAME)).to_bytes(2, "big") + b"\0\1" + NAME.encode()
    inside = j2k[: tile + 6] + (length + len(comment)).to_bytes(4, "big") + j2k[tile + 10 : tile + 12] + comment
    for syntax, frame in (
        (JPEGBaseline8Bit, jpeg + NAME.encode()),
        (JPEGBaseline8Bit, jpeg[:2] + b"\xff\xe0\x00\x0e" + b"ZWIEBEL^1950" + jpeg[2:]),
        (JPEG2000Lossless, j2k + NAME.encode()),
        (JPEG2000Lossless, inside + j2k[tile + 12 :]),
    ):
        given = deidentify(compressed(syntax, frame), "", SECRET).data
        assert NAME.lower().encode() not in given.lower()
        assert np.ptp(read_image(given).display) > 100
    rle = pydicom.dcmread(bundled("MR_small_RLE.dcm"))
    (segment,) = generate_frames(rle.PixelData, number_of_frames=1)
    rle.PixelData = encapsulate([segment + NAME.encode() + b"\0"])
    out = io.BytesIO()
    rle.save_as(out)
    assert NAME.encode() not in deidentify(out.getvalue(), "", SECRET).data


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.103"])
def test_what_is_coded_in_a_way_that_is_not_understood_is_refused(syntax: str) -> None:
    with pytest.raises(RecordError, match="could hide"):
        deidentify(compressed(syntax, b"\0\0\0\x18ftyp " + NAME.encode()), "", SECRET)


def test_numbers_and_birth_dates_are_looked_for_in_labels_however_they_are_written() -> None:
    data = film(
        PatientID="1234567",
        PatientBirthDate="19500302",
        SequenceName="P1234567",
        ManufacturerModelName="born 1950-03-02",
        RescaleType="02.03.1950",
        ReceiveCoilName="123-4567",
        ImageType=["ORIGINAL", "PRIMARY", "ZWIEBEL"],
        PatientName="Zwiebel^Mary",
    )
    given = deidentify(data, "", SECRET).data
    header = given.replace(RAMP.tobytes(), b"")  # its grey levels spell digits
    for number in (b"1234567", b"123-4567", b"1950-03-02", b"02.03.1950", b"ZWIEBEL"):
        assert number not in header
    assert list(pydicom.dcmread(io.BytesIO(given)).ImageType[:2]) == ["ORIGINAL", "PRIMARY"]


def test_a_number_that_is_also_a_measure_breaks_no_image() -> None:
    data = film(PatientID="1024", RescaleIntercept="-1024", RescaleSlope="1", ImagerPixelSpacing=["1024", "12.5"])
    ds = again(deidentify(data, "", SECRET))
    assert (ds.RescaleIntercept, list(ds.ImagerPixelSpacing)) == (-1024, [1024, 12.5])
    rome = again(deidentify(film(PatientName="Monochrome2^Original"), "", SECRET))
    assert rome.PhotometricInterpretation == "MONOCHROME2"
    assert again(deidentify(film(PatientName="REMOVED", StudyDescription="x"), "", SECRET)).PatientName != "REMOVED"


def test_an_element_of_another_kind_than_it_should_be_and_pixels_in_a_sequence_go() -> None:
    ds = pydicom.dcmread(io.BytesIO(film()))
    ds.add_new(0x00101000, "TM", "123456")
    ds.add_new(0x00281052, "LO", "Zwiebel")
    ds.add_new(0x00200052, "UI", "1.2.840.10008.1234567.19500302")
    item = Dataset()
    item.PixelData = b"ZWIEBEL "
    item["PixelData"].VR = "OB"
    ds.DerivationImageSequence = [item]
    out = io.BytesIO()
    ds.save_as(out, enforce_file_format=True)
    given = deidentify(out.getvalue(), "", SECRET).data.replace(RAMP.tobytes(), b"")
    for word in (b"123456", b"ZWIEBEL", b"Zwiebel", b"19500302"):
        assert word not in given


def test_two_files_that_name_nobody_are_not_made_one_person() -> None:
    one, two = (deidentify(dicom(SOPInstanceUID=f"1.2.{i}"), "", SECRET) for i in (1, 2))
    assert one.person != two.person


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no DICOM file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "no DICOM file"),
        (bytes(128) + b"DICM", "damaged"),
        (planted()[0][:300], "damaged"),
    ],
)
def test_what_is_no_whole_dicom_file_is_one_sentence(data: bytes, said: str) -> None:
    with pytest.raises(RecordError, match=said) as refused:
        deidentify(data, "film.dcm", SECRET)
    assert "film.dcm" in str(refused.value)


def test_an_object_made_of_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="made of text"):
        deidentify(bundled("test-SR.dcm").read_bytes(), "report.dcm", SECRET)

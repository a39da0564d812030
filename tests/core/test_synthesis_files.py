"""A synthetic scan that comes back: every reading, refusal and export says what it is, and no patient gets it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image as Picture

from medai_core.errors import AccessError, Message, RecordError
from medai_core.imaging.images import read_image
from medai_core.imaging.masks import mask_nifti, mask_png
from medai_core.imaging.segmentation import outlined, segment
from medai_core.imaging.series import arrange
from medai_core.imaging.series.files import File
from medai_core.readings import as_json, read_scan
from medai_core.readings.series import read_series
from medai_core.records.dicom import as_dicom
from medai_core.records.dicom.sr import texts_of
from medai_core.records.exports import export
from medai_core.records.marking import marks, switch_marks
from medai_core.records.receiving import FILED, SYNTHETIC, receive
from medai_core.records.store import Location, Store, open_store
from medai_core.records.store.filing import file_scan
from medai_core.records.store.patients import Details, Patient, create_patient
from medai_core.records.store.results import recall, scans_of
from medai_core.records.store.worklist import Asked, find_lines
from tests.exchange import brain, cards, dicom_errors, pdf_text
from tests.exchange import models as installed
from tests.outlines import Bright, outline_card
from tests.records import ADMINISTRATOR, CLINICIAN, actions
from tests.synthesis import BRAIN, CHEST, images, model
from ui.export import json_bytes, png_bytes

TOLD = Message("notice.synthetic").text
NOBODY = Details("DEMO, Nobody", "DEMO-9")


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Store]:
    store = open_store(Location(tmp_path / "synthetic"))
    yield store
    store.close()


def slice_of_nobody(**header: object) -> bytes:
    """A drawn slice that the tumour model answers, as a synthetic one."""
    nobody = {"PatientName": "SYNTHETIC^Nobody", "PatientID": "SYNTHETIC-1", "PatientBirthDate": ""}
    return brain(SyntheticData="YES", **(nobody | header))


def demo(store: Store) -> Patient:
    return create_patient(store, CLINICIAN, NOBODY, demo=True)


# --- the DICOM file


@pytest.mark.parametrize("name", [CHEST, BRAIN])
def test_the_dicom_file_says_it_wherever_one_looks_and_is_the_same_each_time(name: str, tmp_path: Path) -> None:
    image, card = images(name)[1], model(name).card
    data = as_dicom(image, card)
    assert data == as_dicom(image, card) != as_dicom(images(name)[0], card)
    ds = pydicom.dcmread(io.BytesIO(data))
    assert (ds.SyntheticData, ds.ContentQualification, ds.BurnedInAnnotation) == ("YES", "RESEARCH", "YES")
    assert ds.ImageType[0] == "DERIVED" and ds.ConversionType == "SYN"
    for said in (ds.PatientName, ds.PatientID, ds.SeriesDescription, ds.ImageComments, ds.PatientComments):
        assert str(said).startswith("SYNTHETIC")
    assert card.synthesis is not None
    assert (ds.Modality, ds.BodyPartExamined) == (card.synthesis.modality, card.synthesis.body_part)
    assert all(uid.startswith("2.25.") for uid in (ds.SOPInstanceUID, ds.StudyInstanceUID, ds.SeriesInstanceUID))
    read = read_image(data)
    assert read.synthetic and np.array_equal(read.display, ds.pixel_array)
    plain = as_dicom(image, card, marked=False)
    assert np.array_equal(read_image(plain).display, image.pixels) and read_image(plain).synthetic
    assert pydicom.dcmread(io.BytesIO(plain)).BurnedInAnnotation == "NO"
    (tmp_path / "made.dcm").write_bytes(data)
    assert dicom_errors(tmp_path / "made.dcm") == []


@pytest.mark.parametrize(
    "said",
    [
        {"SyntheticData": "YES"},
        {"PatientName": "SYNTHETIC^Nobody"},
        {"PatientID": "SYNTHETIC-7"},
        {"ImageComments": "SYNTHETIC: made"},
        {"SeriesDescription": "SYNTHETIC heads"},
    ],
    ids=lambda said: next(iter(said)),
)
def test_one_of_the_words_is_enough(said: dict[str, str]) -> None:
    assert read_image(brain(**said)).synthetic
    assert not read_image(brain(SyntheticData="NO")).synthetic


# --- readings


@pytest.mark.parametrize("affirm", [True, False], ids=["answered", "refused"])
def test_every_answer_and_every_refusal_says_it(affirm: bool) -> None:
    reading = read_scan(slice_of_nobody(), "slice.dcm", installed(), affirm=affirm)[0]
    assert (reading.refusal is None) is affirm
    assert reading.notices[0].text == TOLD
    assert as_json(reading)["synthetic"] is True and as_json(reading)["notices"][0] == TOLD
    assert TOLD in json.loads(json_bytes(reading, None))["notices"]
    picture = png_bytes(reading, None, "en")
    assert TOLD in Picture.open(io.BytesIO(picture)).info["Description"]
    assert read_image(picture).synthetic
    real = read_scan(brain(), "slice.dcm", installed(), affirm=affirm)[0]
    assert TOLD not in [notice.text for notice in real.notices] and as_json(real)["synthetic"] is False


@pytest.mark.parametrize("only", ["words", "pixels"])
def test_a_series_with_a_synthetic_slice_says_it(only: str) -> None:
    image = images(BRAIN)[0]
    whole = as_dicom(image, model(BRAIN).card, marked=only == "pixels")
    ds = pydicom.dcmread(io.BytesIO(whole))
    if only == "pixels":
        del ds.SyntheticData, ds.ImageComments
        ds.PatientName, ds.PatientID, ds.SeriesDescription = "A^B", "7", "head"
    stream = io.BytesIO()
    ds.save_as(stream)
    series = arrange([File("slice.dcm", stream.getvalue)]).series[0]
    assert (TOLD in [notice.text for notice in series.notices]) is (only == "words")  # before any pixels are decoded
    reading = read_series(series, installed(), "brain_mri_tumour_segmentation", kind="brain_mri")
    assert [notice.text for notice in reading.notices].count(TOLD) == 1


# --- the record


def test_it_is_filed_to_nobody_but_a_demo_patient(record: Store) -> None:
    data = slice_of_nobody()
    readings = read_scan(data, "slice.dcm", installed(), affirm=True)
    patient = create_patient(record, CLINICIAN, Details("SYNTHETIC, Nobody", "SYNTHETIC-1"))
    with pytest.raises(RecordError, match="DEMO patients only"):
        file_scan(record, CLINICIAN, patient.id, data, readings, cards())
    assert scans_of(record, patient.id) == () and list(record.scans.iterdir()) == []
    assert actions(record)[-1] == "scan.refuse"
    to = demo(record)
    file_scan(record, CLINICIAN, to.id, data, readings, cards())
    (scan,) = scans_of(record, to.id)
    assert recall(record, CLINICIAN, scan.readings[0].id).image.synthetic
    assert scan.readings[0].reading.notices[0].text == TOLD


def test_the_listener_makes_no_patient_for_it(record: Store) -> None:
    assert receive(record, installed(), slice_of_nobody()).said == SYNTHETIC.said
    assert find_lines(record, Asked("SYNTHETIC")).lines == ()
    demo(record)
    assert receive(record, installed(), slice_of_nobody(PatientID="DEMO-9")).status == FILED.status


def test_every_export_says_it_of_an_answer_and_of_a_refusal(record: Store, tmp_path: Path) -> None:
    to = demo(record)
    for number, affirm in ((1, True), (2, False)):
        data = slice_of_nobody(SOPInstanceUID=f"1.2.3.{number}", InstanceNumber=number)
        readings = read_scan(data, f"slice_{number}.dcm", installed(), affirm=affirm)[:1]
        file_scan(record, CLINICIAN, to.id, data, readings, cards())
    said: dict[str, Any] = {
        format: export(record, CLINICIAN, to.id, format, cards()) for format in ("pdf", "fhir", "sr", "sc", "seg")
    }
    assert [len(said[format]) for format in ("sr", "sc", "seg")] == [2, 2, 1]
    reports = [e["resource"] for e in json.loads(said["fhir"][0].data)["entry"]]
    conclusions = [r["conclusion"] for r in reports if r["resourceType"] == "DiagnosticReport"]
    assert len(conclusions) == 2 and all(TOLD in conclusion for conclusion in conclusions)
    for one in (*said["sr"], *said["sc"], *said["seg"]):
        ds = pydicom.dcmread(io.BytesIO(one.data))
        assert ds.SyntheticData == "YES" and ds.SeriesDescription.endswith("SYNTHETIC"), one.name
        (tmp_path / one.name).write_bytes(one.data)
        assert dicom_errors(tmp_path / one.name) == [], one.name
    assert all(TOLD in texts_of(pydicom.dcmread(io.BytesIO(one.data))) for one in said["sr"])
    assert all(read_image(one.data).synthetic for one in said["sc"])
    (tmp_path / "report.pdf").write_bytes(said["pdf"][0].data)
    words = pdf_text(tmp_path / "report.pdf")
    assert "SYNTHETIC: this image was made by a program" in words and words.count("SYNTHETIC") >= 2


# --- the mark is a setting


def test_only_who_may_configure_switches_the_mark_off_and_it_is_entered(record: Store) -> None:
    assert marks(record)
    with pytest.raises(AccessError):
        switch_marks(record, CLINICIAN, on=False)
    assert marks(record)
    switch_marks(record, ADMINISTRATOR, on=False)
    assert not marks(record) and actions(record)[-1] == "setting"
    switch_marks(record, ADMINISTRATOR, on=True)
    assert marks(record)


def test_a_mask_of_a_synthetic_scan_says_it() -> None:
    card, pixels = outline_card(), np.zeros((64, 64), np.uint8)
    pixels[10:40, 10:40] = 255
    outline, image = outlined(card, segment(card, Bright(), pixels), None), replace(read_image(brain()), synthetic=True)  # type: ignore[arg-type]
    assert read_image(mask_png(outline, synthetic=True)).synthetic
    assert not read_image(mask_png(outline)).synthetic
    assert read_image(mask_nifti(outline, image, b"")).synthetic

"""An outline in the record and in every format: its pixels, its size with the interval, and what it is not."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from fhir.resources.R4B.bundle import Bundle

from medai_core.readings import Reading, as_json, read_scan
from medai_core.records.capture import HATCH, LINE, capture
from medai_core.records.exports import Export, export
from medai_core.records.store import Location, Store, open_store
from medai_core.records.store.filing import file_scan
from medai_core.records.store.patients import create_patient
from medai_core.records.store.portrait import portrait
from medai_core.records.store.results import recall, scans_of
from medai_core.records.wording import Wording
from tests.exchange import ADA, BRAIN, STATED, STUDY, dicom_errors, pdf_text
from tests.outlines import NAME, discs, models_with_bright, outline_card
from tests.records import CLINICIAN, READER
from tests.scans import dicom
from ui.language import catalogue

CARDS = {NAME: outline_card()}
SCANNER = {
    "SOPClassUID": "1.2.840.10008.5.1.4.1.1.4",
    "Modality": "MR",
    "SeriesInstanceUID": "1.2.3.5.7",
    "SliceThickness": 5,
    "ImagePositionPatient": [0, 0, 0],
    "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
    "FrameOfReferenceUID": "1.2.3.5.8",
    "BodyPartExamined": "CHEST",
    "ViewPosition": "PA",
}


def given(number: int, **header: object) -> tuple[bytes, Reading]:
    """A slice with two bright discs, and its reading."""
    pixels = discs((160, 200), (60, 70, 25), (120, 150, 15))
    data = dicom(pixels, **(STATED | STUDY | SCANNER | {"SOPInstanceUID": f"1.2.3.5.7.{number}"} | header))
    (reading,) = read_scan(data, f"slice{number}.dcm", models_with_bright(), model=NAME, kind="brain_mri")
    return data, reading


class Filed:
    """A patient with one slice whose pixels have a size, and one where it is not known."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.patient = create_patient(store, CLINICIAN, ADA)
        self.given = {}
        for number, header in ((1, {"PixelSpacing": [0.5, 0.8]}), (2, {})):
            data, reading = given(number, **header)
            assert reading.refusal is None, reading.refusal
            self.given[number] = reading
            file_scan(store, CLINICIAN, self.patient.id, data, (reading,), CARDS)

    def id(self, number: int) -> str:
        return next(s.readings[0].id for s in scans_of(self.store, self.patient.id) if s.file == f"slice{number}.dcm")

    def made(self, format: str, number: int) -> tuple[Export, ...]:
        return export(self.store, CLINICIAN, self.patient.id, format, CARDS, reading=self.id(number))


@pytest.fixture(scope="module")
def ada(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filed]:
    store = open_store(Location(tmp_path_factory.mktemp("outlines") / "record"))
    yield Filed(store)
    store.close()


def test_an_outline_comes_back_from_the_record_as_it_was_filed(ada: Filed) -> None:
    for number, first in ada.given.items():
        back = recall(ada.store, READER, ada.id(number))
        assert as_json(back) == as_json(first)
        assert back.outline is not None and first.outline is not None and first.mask is not None
        assert back.outline.labels is not None and first.outline.labels is not None
        assert set(np.unique(back.outline.labels)) == {0, 1, 2}
        np.testing.assert_array_equal(back.outline.labels, first.outline.labels)
        np.testing.assert_array_equal(back.outline.doubtful, first.outline.doubtful)
        np.testing.assert_array_equal(back.mask, first.mask)


def test_a_list_knows_the_size_without_the_pixels(ada: Filed) -> None:
    stored = [s.readings[0].reading.outline for s in scans_of(ada.store, ada.patient.id)]
    assert all(o is not None and o.labels is None and o.area_px > 2000 for o in stored)
    facts = [r["outline"] for s in portrait(ada.store, ada.patient)["scans"] for r in s["readings"]]
    assert {fact["count"] for fact in facts} == {2}


def test_the_answer_says_the_area_its_interval_and_what_was_measured_of_it(ada: Filed) -> None:
    words, card = Wording(), CARDS[NAME]
    known, unknown = ada.given[1], ada.given[2]
    assert known.outline is not None and known.outline.area_mm2 is not None
    assert words.answer(known, card) == f"Tumour outlined: {known.outline.area_mm2:,.0f} mm²"
    assert words.answer(unknown, card).endswith("pixels")
    said = words.coverage(known, card)
    assert f"between {0.7 * known.outline.area_mm2:,.0f} mm² and {1.2 * known.outline.area_mm2:,.0f} mm²" in said
    assert "at 90 % nominal coverage" in said
    assert "it did in 91.0 % of scans" in said
    assert "held the true finding" not in said
    notices = {n.id for n in known.notices}, {n.id for n in unknown.notices}
    assert "notice.outline_is_no_finding" in notices[0] & notices[1]
    assert ["notice.no_spacing" in n for n in notices] == [False, True]


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("format", ["sr", "sc", "seg"])
def test_another_program_finds_no_error_in_any_object(ada: Filed, format: str, number: int, tmp_path: Path) -> None:
    for one in ada.made(format, number):
        (tmp_path / one.name).write_bytes(one.data)
        assert dicom_errors(tmp_path / one.name) == []


def test_the_structured_report_has_area_and_number_in_the_units_that_are_known(ada: Filed) -> None:
    (known,), (unknown,) = ada.made("sr", 1), ada.made("sr", 2)
    said = str(pydicom.dcmread(io.BytesIO(known.data)))
    assert "'42798000'" in said and "'mm2'" in said and "'{pixels}'" not in said
    assert "'{pixels}'" in str(pydicom.dcmread(io.BytesIO(unknown.data)))


def test_the_segmentation_holds_every_part_and_another_library_reads_the_same_pixels(ada: Filed) -> None:
    from highdicom.seg import segread

    (one,) = ada.made("seg", 1)
    segmentation = segread(io.BytesIO(one.data))
    pixels = segmentation.get_pixels_by_source_instance(["1.2.3.5.7.1"])
    assert np.array_equal(pixels[0, ..., 0] > 0, ada.given[1].mask)
    spacing = segmentation.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing
    assert [float(v) for v in spacing] == [0.5, 0.8]
    (plain,) = ada.made("seg", 2)
    described = pydicom.dcmread(io.BytesIO(plain.data)).SegmentSequence[0].SegmentDescription
    assert "size of a pixel is not known" in described


def test_the_bundle_has_the_area_as_a_quantity_and_no_probability_of_a_tumour(ada: Filed) -> None:
    (one,) = ada.made("fhir", 1)
    bundle = Bundle.model_validate_json(one.data)
    observations = [e.resource for e in bundle.entry if e.resource.get_resource_type() == "Observation"]
    (area,) = observations
    assert ada.given[1].outline is not None
    assert float(area.valueQuantity.value) == pytest.approx(ada.given[1].outline.area_mm2, abs=0.01)
    assert area.valueQuantity.code == "mm2"
    assert area.component[0].valueInteger == 2
    assert "true area lies between" in area.note[0].text
    assert "Probability" not in json.dumps(json.loads(one.data))


def test_the_picture_shows_the_line_and_where_it_is_doubtful(ada: Filed) -> None:
    sheet, said = capture(ada.given[1], CARDS[NAME], Wording())
    right = np.asarray(sheet.convert("RGB")).astype(int)[24:664, 688:1328]
    for colour in (LINE, HATCH):
        assert (np.abs(right - colour).sum(axis=-1) < 60).sum() > 50
    left = np.asarray(sheet)[24:664, 24:664]
    assert np.ptp(left, axis=-1).max() == 0
    assert "hatched where it is doubtful" in said


def test_the_report_says_it_too_in_both_languages(ada: Filed, tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(ada.made("pdf", 1)[0].data)
    text = pdf_text(path)
    assert "Tumour outlined" in text
    assert "true area lies between" in text
    assert "an outline is no finding" in text
    chinese = Wording(catalogue("zh_CN").gettext, "zh_CN")
    assert chinese.answer(ada.given[1], CARDS[NAME]).startswith("肿瘤")


def test_a_slice_in_which_nothing_stands_out_is_refused_and_has_no_outline_anywhere() -> None:
    data = dicom(discs((160, 200), (60, 70, 25), level=140), **SCANNER)
    (reading,) = read_scan(data, "dim.dcm", models_with_bright(), model=NAME, kind="brain_mri")
    assert reading.refusal is not None and reading.refusal.id == "refusal.nothing_outlined"
    assert (reading.outline, reading.mask, reading.region) == (None, None, None)
    assert as_json(reading)["outline"] is None


def test_what_is_no_such_slice_is_refused_before_it_is_outlined() -> None:
    (reading,) = read_scan(
        Path(sorted((models_with_bright().real.folder / BRAIN).glob("example*.png"))[0]).read_bytes(),  # type: ignore[attr-defined]
        "x.png",
        models_with_bright(),
        model=NAME,
        kind="chest_radiograph",
    )
    assert reading.refusal is not None and reading.refusal.id == "refusal.kind"

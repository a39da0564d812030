"""What leaves the record is what was said: probability, set, refusal, verdict, version, in every format."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from fhir.resources.R4B.bundle import Bundle
from PIL import Image as Picture
from pydicom.dataset import Dataset

from medai_core.errors import AccessError, RecordError
from medai_core.readings import Region
from medai_core.records import FORMATS
from medai_core.records.dicom.sr import texts_of
from medai_core.records.exports import Export, export, results
from medai_core.records.store import Location, open_store
from medai_core.records.store.patients import Details
from medai_core.records.store.results import give_verdict, recall, reports_of
from medai_core.records.wording import RESEARCH_USE, Wording
from tests.exchange import BRAIN, CHEST, MEASURED, WHY, Handed, cards, dicom_errors, handed, pdf_text
from tests.orthanc import need
from tests.records import CLINICIAN, READER, actions, audit_text, entered, filed, film, reading, someone
from tests.scans import dicom
from ui.language import catalogue


@pytest.fixture(scope="module")
def ada(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handed]:
    store = open_store(Location(tmp_path_factory.mktemp("handed") / "record"))
    yield handed(store)
    store.close()


def made(ada: Handed, format: str, file: str = "", words: Wording = Wording()) -> tuple[Export, ...]:
    reading = ada.of(file)[1].id if file else ""
    return export(ada.store, CLINICIAN, ada.patient.id, format, cards(), words, reading=reading)


def read(data: bytes) -> Dataset:
    return pydicom.dcmread(io.BytesIO(data))


def written(exports: tuple[Export, ...], folder: Path) -> list[Path]:
    for one in exports:
        (folder / one.name).write_bytes(one.data)
    return [folder / one.name for one in exports]


@pytest.mark.parametrize("format", ["sr", "sc", "seg"])
def test_another_program_finds_no_error_in_any_object(ada: Handed, format: str, tmp_path: Path) -> None:
    paths = written(made(ada, format), tmp_path)
    assert len(paths) == {"sr": 7, "sc": 7, "seg": 3}[format]  # the PNG files go along as objects of their own
    for path in paths:
        assert dicom_errors(path) == [], path.name


def test_a_structured_report_says_what_was_found_how_sure_by_which_model_and_what_was_said_of_it(ada: Handed) -> None:
    _scan, stored = ada.of("film.dcm")
    (one,) = made(ada, "sr", "film.dcm")
    report, said = read(one.data), read(one.data).to_json()
    assert report.SOPClassUID.name == "Comprehensive 3D SR Storage"
    for finding in stored.reading.findings:
        assert str(round(finding.probability, 6)) in said
    for word in ("122157", "Probability", "233604007", CHEST, stored.reading.version, stored.reading.weights_sha256):
        assert str(word) in said
    texts = texts_of(report)
    assert any(text.startswith("Clara Clinician disagreed") and text.endswith(WHY) for text in texts)
    assert "DISAGREES" in said
    assert any("nominal coverage" in text for text in texts)
    assert any(text.startswith("Limits: All films are of children") for text in texts)
    assert RESEARCH_USE in texts
    referenced = report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence
    assert [item.ReferencedSOPInstanceUID for item in referenced] == ["1.2.3.5.6.1"]
    assert (report.StudyInstanceUID, report.PatientID, report.PatientName) == ("1.2.3.5", "ID-7", "Drawn^Ada")
    assert report.VerificationFlag == "UNVERIFIED"


def test_a_refusal_is_reported_as_one_with_the_verdict_on_it(ada: Handed) -> None:
    _scan, stored = ada.of("refused.dcm")
    assert stored.reading.refusal is not None
    (one,) = made(ada, "sr", "refused.dcm")
    texts = texts_of(read(one.data))
    assert f"Refused: {stored.reading.refusal.text}" in texts
    assert any(text.startswith("Clara Clinician agreed") for text in texts)
    assert "REFUSED" in str(read(one.data))
    assert "Probability" not in str(read(one.data))
    (capture,) = made(ada, "sc", "refused.dcm")
    assert "Refused" in read(capture.data).DerivationDescription


def test_what_refers_to_a_png_brings_it_along(ada: Handed) -> None:
    report, source = map(read, (one.data for one in made(ada, "sr", "film.png")))
    evidence = report.CurrentRequestedProcedureEvidenceSequence[0]
    assert (
        evidence.ReferencedSeriesSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID == source.SOPInstanceUID
    )
    assert evidence.StudyInstanceUID == source.StudyInstanceUID
    assert source.PatientID == "ID-7"
    full = recall(ada.store, CLINICIAN, ada.of("film.png")[1].id)
    assert np.array_equal(source.pixel_array, full.image.display)


def test_a_capture_shows_the_scan_beside_its_evidence_and_says_whose_it_is(ada: Handed) -> None:
    (one,) = made(ada, "sc", "film.dcm")
    capture = read(one.data)
    pixels = capture.pixel_array
    left, right = pixels[24:664, 24:664], pixels[24:664, 688:1328]
    assert np.ptp(left, axis=-1).max() == 0  # the scan is grey,
    assert np.ptp(right, axis=-1).max() > 60  # its evidence is not
    assert (capture.BurnedInAnnotation, capture.Manufacturer) == ("YES", "MedAI")
    assert capture.SourceImageSequence[0].ReferencedSOPInstanceUID == "1.2.3.5.6.1"
    for word in ("Drawn, Ada", "disagreed", WHY, "1.0.0", RESEARCH_USE):
        assert word in capture.DerivationDescription


def test_a_segmentation_holds_the_pixels_that_the_model_outlined(ada: Handed) -> None:
    full = recall(ada.store, CLINICIAN, ada.of("brain.dcm")[1].id)
    (one,) = made(ada, "seg", "brain.dcm")
    segmentation = read(one.data)
    assert full.mask is not None and full.region is not None
    assert np.array_equal(segmentation.pixel_array.squeeze() > 0, full.mask)
    top, left, bottom, right = full.region.box
    assert not full.mask[:top].any() and full.mask[top:bottom, left:right].any()
    segment = segmentation.SegmentSequence[0]
    assert "Not for: " in segment.SegmentDescription
    assert segment.SegmentAlgorithmType == "AUTOMATIC"
    algorithm = segment.SegmentationAlgorithmIdentificationSequence[0]
    assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == (BRAIN, full.version)
    assert "1.2.3.5.7.1" in str(segmentation)


def test_a_reading_without_a_region_has_no_segmentation(ada: Handed) -> None:
    with pytest.raises(RecordError, match="no segmentation"):
        made(ada, "seg", "film.dcm")
    assert {one.format for one in results(ada.store, CLINICIAN, ada.patient.id, cards())} == {
        "sr",
        "sc",
        "seg",
        "source",
    }


def test_the_same_state_is_the_same_object_and_a_verdict_makes_a_new_one(ada: Handed) -> None:
    first, second = made(ada, "sr", "brain.dcm"), made(ada, "sr", "brain.dcm")
    assert first[0].data == second[0].data
    assert made(ada, "sc", "brain.dcm")[0].data == made(ada, "sc", "brain.dcm")[0].data
    give_verdict(ada.store, CLINICIAN, agrees=True, reading_id=ada.of("brain.dcm")[1].id)
    third = made(ada, "sr", "brain.dcm")
    assert read(third[0].data).SOPInstanceUID != read(first[0].data).SOPInstanceUID
    assert read(third[0].data).SeriesInstanceUID == read(first[0].data).SeriesInstanceUID


def test_the_report_says_everything_that_the_record_does(ada: Handed, tmp_path: Path) -> None:
    (path,) = written(made(ada, "pdf"), tmp_path)
    said = pdf_text(path)
    _scan, refused = ada.of("refused.dcm")
    assert refused.reading.refusal is not None
    for word in (
        "Drawn, Ada", "ID-7", "born 2021-04-02", "female", RESEARCH_USE, "page 1 of", "Risks", "95 % interval",
        "Log-odds", "Models and their limits", "Clara Clinician disagreed", "Clara Clinician agreed",
        "film.png", CHEST, BRAIN, "SHA-256", "no model applies", "Refused: This looks like",
    ):  # fmt: skip
        assert word in said, word
    assert WHY.split(":")[0] in said
    for stored in (r for s in ada.scans for r in s.readings if r.reading.version):
        assert str(stored.reading.version) in said


def test_the_report_of_one_reading_is_one_or_two_pages_with_two_pictures(ada: Handed, tmp_path: Path) -> None:
    (path,) = written(made(ada, "pdf", "film.dcm"), tmp_path)
    said = pdf_text(path)
    _scan, stored = ada.of("film.dcm")
    for finding in stored.reading.findings:
        assert f"{100 * finding.probability:.1f} %" in said or "99.9 %" in said
    assert "nominal coverage" in said and "Right: evidence for" in said and "SNOMED CT 233604007" in said
    assert WHY in said
    program = need(shutil.which("pdfimages"), "pdfimages (poppler)")
    listed = subprocess.run([program, "-list", str(path)], capture_output=True, text=True, check=True).stdout
    assert len([line for line in listed.splitlines() if " image " in line]) >= 2


def test_what_the_reader_measured_is_kept_with_the_reading_and_stands_in_the_report(
    ada: Handed, tmp_path: Path
) -> None:
    _scan, stored = ada.of("film.dcm")
    assert stored.reading.measurements == MEASURED
    assert recall(ada.store, CLINICIAN, stored.id).measurements == MEASURED
    (path,) = written(made(ada, "pdf", "film.dcm"), tmp_path)
    assert "Measured by the reader: Length 25.0 mm; Area 32 px², 100 ± 7" in pdf_text(path)
    assert ada.of("film.png")[1].reading.measurements == ()


def test_another_program_draws_the_report_and_the_scan_is_on_it(ada: Handed, tmp_path: Path) -> None:
    (path,) = written(made(ada, "pdf", "film.dcm"), tmp_path)
    program = need(shutil.which("pdftoppm"), "pdftoppm (poppler)")
    subprocess.run([program, "-r", "50", "-png", str(path), str(tmp_path / "page")], check=True)
    pages = sorted(tmp_path.glob("page*.png"))
    assert len(pages) <= 2
    first = np.asarray(Picture.open(pages[0]).convert("RGB"), dtype=int)
    height, width = first.shape[:2]
    left, right = first[height // 8 : height // 3, : width // 2], first[height // 8 : height // 3, width // 2 :]
    assert (left.mean(axis=-1) < 200).mean() > 0.5  # the film, which is dark on the page's white
    assert np.ptp(right, axis=-1).max() > 60  # its evidence, in colour


def test_the_report_speaks_the_readers_language_in_fonts_that_it_brings(tmp_path: Path) -> None:
    store = open_store(Location(tmp_path / "record"))
    wang = someone(store, Details("王小东", "号-1"))
    chinese = Wording(catalogue("zh_CN").gettext, "zh_CN")
    (one,) = export(store, CLINICIAN, wang.id, "pdf", cards(), chinese)
    store.close()
    path = tmp_path / one.name
    path.write_bytes(one.data)
    assert "王小东 号-1" in pdf_text(path)
    assert "该患者尚无归档内容" in pdf_text(path).replace(" ", "")
    program = need(shutil.which("pdffonts"), "pdffonts (poppler)")
    fonts = subprocess.run([program, str(path)], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
    assert fonts and all(line.split()[-5] == "yes" for line in fonts)  # embedded


def test_a_whole_report_in_chinese_has_no_sign_missing(ada: Handed, tmp_path: Path) -> None:
    (path,) = written(made(ada, "pdf", words=Wording(catalogue("zh_CN").gettext, "zh_CN")), tmp_path)
    said = pdf_text(path).replace(" ", "")
    for word in ("MedAI报告", "风险", "模型及其局限", "儿童胸部X线片肺炎", "不同意"):
        assert word in said, word
    assert "?" not in said


def resources(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == kind]


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_the_bundle_is_valid_and_refers_to_nothing_outside_itself(ada: Handed) -> None:
    (one,) = made(ada, "fhir")
    Bundle.model_validate_json(one.data)
    bundle = json.loads(one.data)
    urls = [e["fullUrl"] for e in bundle["entry"]]
    assert len(urls) == len(set(urls))
    assert set(references(bundle)) <= set(urls)
    kinds = {e["resource"]["resourceType"] for e in bundle["entry"]}
    needed = "Patient DiagnosticReport Observation RiskAssessment ImagingStudy Provenance Device Practitioner"
    assert set(needed.split()) <= kinds


def test_the_bundle_has_probability_method_and_basis_refusals_verdicts_and_versions(ada: Handed) -> None:
    bundle = json.loads(made(ada, "fhir")[0].data)
    risk = next(r for r in resources(bundle, "RiskAssessment") if "mortality_10y" in str(r["code"]))
    assert 0 < risk["prediction"][0]["probabilityDecimal"] < 1
    assert risk["prediction"][0]["whenRange"]["high"]["value"] == 10
    assert risk["method"]["text"] == "Death within 10 years: logistic regression"
    assert len(risk["basis"]) > 5
    _scan, refused = ada.of("refused.dcm")
    assert refused.reading.refusal is not None
    absent = [o for o in resources(bundle, "Observation") if "dataAbsentReason" in o]
    assert [o["dataAbsentReason"]["text"] for o in absent] == [refused.reading.refusal.text]
    assert [o["status"] for o in absent] == ["cancelled"]
    reports = resources(bundle, "DiagnosticReport")
    assert sorted(r["status"] for r in reports) == ["cancelled", *["preliminary"] * 4]
    verdicts = [o for o in resources(bundle, "Observation") if o["code"]["text"] == "Clinician's verdict"]
    assert {o["valueCodeableConcept"]["text"] for o in verdicts} == {"Agrees", "Disagrees"}
    assert WHY in [n["text"] for o in verdicts for n in o.get("note", ())]
    versions = {d["version"][0]["value"] for d in resources(bundle, "Device")}
    assert {str(r.reading.version) for s in ada.scans for r in s.readings if r.reading.version} <= versions
    pneumonia = [
        o for o in resources(bundle, "Observation") if o["code"].get("coding", [{}])[0].get("code") == "233604007"
    ]
    assert all(0 <= o["valueQuantity"]["value"] <= 1 for o in pneumonia) and pneumonia
    (patient,) = resources(bundle, "Patient")
    assert patient["identifier"][0]["value"] == "ID-7"
    assert {"family": "Drawn", "given": ["Ada"], "text": "Drawn, Ada"} in patient["name"]


@pytest.mark.parametrize("format", FORMATS)
def test_each_file_that_leaves_is_entered_with_its_hash_and_no_word_of_it(ada: Handed, format: str) -> None:
    before = len(entered(ada.store))
    exports = made(ada, format)
    new = entered(ada.store)[before:]
    assert [e.object for e in new] == [hashlib.sha256(one.data).hexdigest() for one in exports]
    assert {e.action for e in new} == {"export"}
    assert {r.sha256 for r in reports_of(ada.store, ada.patient.id)} >= {e.object for e in new}
    assert "Drawn" not in audit_text(ada.store)
    assert not any("rawn" in one.name or "ID-7" in one.name for one in exports)


@pytest.mark.parametrize("format", FORMATS)
def test_a_reader_may_take_nothing_away(ada: Handed, format: str) -> None:
    with pytest.raises(AccessError):
        export(ada.store, READER, ada.patient.id, format, cards())
    assert actions(ada.store)[-1] == "refused"


def test_who_or_what_is_not_there_is_one_sentence(ada: Handed) -> None:
    for asked in ({"scan": "0" * 32}, {"reading": "0" * 32}):
        with pytest.raises(RecordError, match="no such result"):
            export(ada.store, CLINICIAN, ada.patient.id, "pdf", cards(), **asked)
    with pytest.raises(RecordError, match="no such patient"):
        export(ada.store, CLINICIAN, "0" * 32, "fhir", cards())


def test_a_patient_without_anything_has_a_report_and_a_bundle_that_say_so_and_no_dicom(tmp_path: Path) -> None:
    store = open_store(Location(tmp_path / "record"))
    nobody = someone(store)
    for format in ("pdf", "fhir"):
        assert export(store, CLINICIAN, nobody.id, format, cards())
    for format in ("sr", "sc"):
        with pytest.raises(RecordError, match="Nothing has been read"):
            export(store, CLINICIAN, nobody.id, format, cards())
    store.close()


def odd(folder: Path, data: bytes, *, verdict: str = "", region: bool = False, name: str = "Odd, Otto") -> Handed:
    """A patient with one scan that is written against the standard, read by a drawn model."""
    store = open_store(Location(folder / "record"))
    patient = someone(store, Details(name))
    given = reading(data, evidence=True, region=Region((1, 1, 6, 6), "drawn") if region else None)
    filed(store, patient.id, data, given)
    found = Handed(store, patient)
    if verdict:
        give_verdict(store, CLINICIAN, agrees=False, why=verdict, reading_id=found.scans[0].readings[0].id)
    return found


@pytest.mark.parametrize(
    "header",
    [
        {"PatientSex": "U"},
        {"StudyTime": "1"},
        {"StudyDate": "00010101"},
        {"SeriesInstanceUID": "1.2.3 4", "StudyInstanceUID": "1.2.9"},
        {"PixelSpacing": [0.5, 0.5], "StudyInstanceUID": "1.2.9"},
    ],
)
def test_a_header_written_against_the_standard_leaves_in_every_format(header: dict[str, Any], tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        otto = odd(tmp_path, dicom(**header), region=True)
        for format in FORMATS:
            exports = export(otto.store, CLINICIAN, otto.patient.id, format, cards())
            for path in written(exports, tmp_path):
                assert path.suffix != ".dcm" or dicom_errors(path) == []
    otto.store.close()


def test_one_frame_of_many_has_a_segmentation_that_says_which(tmp_path: Path) -> None:
    frames = np.zeros((3, 8, 8), np.uint8)
    frames[1, 2:5, 2:5] = 200
    data = dicom(frames[0], NumberOfFrames=3, PixelData=frames.tobytes(), Modality="US", StudyInstanceUID="1.2.9")
    otto = odd(tmp_path, data, region=True)
    (one,) = export(otto.store, CLINICIAN, otto.patient.id, "seg", cards())
    otto.store.close()
    segmentation = read(one.data)
    assert segmentation.pixel_array.squeeze()[1:6, 1:6].all()
    source = segmentation.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0].SourceImageSequence[0]
    assert source.ReferencedFrameNumber == 2
    assert segmentation.SegmentSequence[0].SegmentAlgorithmType == "MANUAL"
    assert "size of a pixel is not known" in segmentation.SegmentSequence[0].SegmentDescription


@pytest.mark.parametrize("name", [", John", "N" * 200, "王" * 60, "O'Brien-^=\\, Adam", "عمر"])
def test_whoever_it_is_every_format_can_be_made(name: str, tmp_path: Path) -> None:
    otto = odd(tmp_path, film(2), verdict="because " * 249, name=name)
    for format in ("pdf", "fhir", "sr", "sc"):
        assert export(otto.store, CLINICIAN, otto.patient.id, format, cards())
    otto.store.close()

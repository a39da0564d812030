"""From a stored reading to every format in a browser, each opened by another program, and into the PACS and back."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from fhir.resources.R4B.bundle import Bundle
from PIL import Image as Picture
from playwright.sync_api import Browser, Page, expect

from medai_core.records.store import Location, open_store
from tests.browser.conftest import download, serving, settled, visit, visitor
from tests.browser.test_dashboard import barriers
from tests.exchange import ADA, BRAIN, WHY, Handed, dicom_errors, handed, pdf_text
from tests.orthanc import Orthanc, orthanc


@dataclass(frozen=True)
class Hospital:
    """A dashboard beside a PACS, and a patient in it."""

    address: str
    pacs: Orthanc
    ada: Handed


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    folder = tmp_path_factory.mktemp("hospital")
    store = open_store(Location(folder / "record"))
    ada = handed(store)
    with orthanc(folder / "orthanc") as pacs, serving(folder / "log", MEDAI_PACS_URL=pacs.url) as address:
        yield Hospital(address, pacs, ada)
    store.close()


def show(page: Page, hospital: Hospital, file: str) -> None:
    """The patient's page with one scan in front."""
    visit(page, hospital.address, f"patient?patient={hospital.ada.patient.id}")
    field = page.get_by_role("combobox", name="Scan to show")
    field.click()
    field.fill(file)
    page.get_by_role("option").first.click()
    expect(page.locator(".medai-header").first).to_contain_text(file)
    settled(page)


def take(page: Page, title: str, path: Path, *, last: bool = False) -> Path:
    """Press a button and save what comes."""
    button = page.get_by_role("button", name=title)
    download(button.last if last else button.first).save_as(path)
    return path


def hand_out(page: Page) -> None:
    page.get_by_role("button", name="Hand out").first.click()
    expect(page.get_by_role("button", name="Structured report (DICOM SR)")).to_be_visible()


def test_a_reading_leaves_in_every_format_and_another_program_opens_each(
    browser: Browser, hospital: Hospital, tmp_path: Path
) -> None:
    with visitor(browser) as page:
        show(page, hospital, "brain.dcm")
        hand_out(page)
        assert barriers(page) == {}
        said = pdf_text(take(page, "Report (PDF)", tmp_path / "r.pdf", last=True))
        for word in ("Drawn, Ada", "born 2021-04-02", BRAIN, "nominal coverage", "Models and their limits"):
            assert word in said, word
        for title, modality in (
            ("Structured report (DICOM SR)", "SR"),
            ("Capture (DICOM SC)", "OT"),
            ("Segmentation (DICOM SEG)", "SEG"),
        ):
            path = take(page, title, tmp_path / f"{modality}.dcm")
            assert dicom_errors(path) == []
            id = hospital.pacs.take(path.read_bytes())
            tags = hospital.pacs.ask(f"instances/{id}/simplified-tags")
            assert (tags["Modality"], tags["PatientName"], tags["StudyInstanceUID"]) == (
                modality,
                "Drawn^Ada",
                "1.2.3.5",
            )
            if modality == "OT":
                picture = Picture.open(io.BytesIO(hospital.pacs.ask(f"instances/{id}/preview")))
                assert picture.width == 1352 and len(np.unique(np.asarray(picture.convert("L")))) > 100
        bundle = take(page, "Record (FHIR)", tmp_path / "b.json").read_bytes()
        Bundle.model_validate_json(bundle)
        assert WHY in bundle.decode() and ADA.name in bundle.decode()


def test_a_refusal_leaves_as_one_and_a_png_brings_its_scan_along(
    browser: Browser, hospital: Hospital, tmp_path: Path
) -> None:
    with visitor(browser) as page:
        show(page, hospital, "refused.dcm")
        hand_out(page)
        expect(page.get_by_role("button", name="Segmentation (DICOM SEG)")).to_have_count(0)
        said = pdf_text(take(page, "Report (PDF)", tmp_path / "r.pdf", last=True))
        assert "Refused" in said and "Clara Clinician agreed" in said
        report = take(page, "Structured report (DICOM SR)", tmp_path / "r.dcm").read_bytes()
        id = hospital.pacs.take(report)
        assert "Refused: This looks like" in json.dumps(hospital.pacs.ask(f"instances/{id}/simplified-tags"))
        show(page, hospital, "film.png")
        hand_out(page)
        several = download(page.get_by_role("button", name="Structured report (DICOM SR)"))
        assert re.fullmatch(r"sr_[0-9a-f]{8}\.zip", several.suggested_filename)


def test_results_go_into_the_pacs_and_a_study_comes_out_of_it(browser: Browser, hospital: Hospital) -> None:
    with visitor(browser) as page:
        show(page, hospital, "film.dcm")
        hand_out(page)
        page.get_by_role("button", name="Send to the PACS").click()
        expect(page.get_by_text("2 objects are in the PACS now.")).to_be_visible()
        assert {"SR", "OT"} <= set(hospital.pacs.modalities())
        film = hospital.ada.store.scans / next(s.sha256 for s in hospital.ada.scans if s.file == "film.dcm")
        hospital.pacs.take(film.read_bytes())
        visit(page, hospital.address, f"scan?patient={hospital.ada.patient.id}")
        page.get_by_text("From the PACS").click()
        expect(page.get_by_role("textbox", name="Patient number")).to_have_value("ID-7")
        settled(page)
        offered = page.get_by_role("option", name=re.compile("Drawn, Ada"))
        for _attempt in range(20):  # while the section unfolds, the list closes again
            page.get_by_role("combobox", name="Study").click()
            page.wait_for_timeout(300)
            if offered.count():
                break
        offered.click()
        expect(page.get_by_text(re.compile(r"^\d+ scans$"))).to_be_visible()
        settled(page)
        expect(page.locator(".medai-answer h2")).to_be_visible()
        assert barriers(page) == {}


def test_a_pacs_that_is_away_is_said_and_nothing_breaks(browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path / "log", MEDAI_PACS_URL="http://127.0.0.1:1/dicom-web") as address, visitor(browser) as page:
        visit(page, address, "scan")
        page.get_by_text("From the PACS").click()
        field = page.get_by_role("textbox", name="Patient number")
        field.fill("ID-7")
        field.press("Enter")
        expect(page.get_by_text("cannot be reached")).to_be_visible()

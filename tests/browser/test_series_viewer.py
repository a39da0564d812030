"""A series in the browser: wheel, keys, planes, marks that are measured, a nodule, and what a slice costs."""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, WebSocket, expect

from tests.browser.conftest import handed_out, settled, visit, visitor
from tests.browser.test_dashboard import barriers
from tests.exchange import example
from tests.volumes import LUNG, Scanner

SCANNER = Scanner((1.0, 0.7, 0.7), (24, 512, 512))
MIDDLE, ROW, COLUMN, DIAMETER_MM = 12, 230, 150, 12.0


def chest() -> list[dict[str, object]]:
    """The files of a drawn chest with one ball in its right lung, and noise as a scanner has it."""
    y, x = np.mgrid[:512, :512]
    rng = np.random.default_rng(0)
    body = ((x - 256) / 230) ** 2 + ((y - 256) / 170) ** 2 < 1
    lungs = (np.abs(x - 256) - 106) ** 2 / 85**2 + ((y - 250) / 120) ** 2 < 1
    still = np.where(lungs, LUNG, np.where(body, 40, -1000))
    values = np.empty(SCANNER.shape, np.int16)
    for z in range(len(values)):
        square = (DIAMETER_MM / 2) ** 2 - (z - MIDDLE) ** 2
        ball = ((x - COLUMN) ** 2 + (y - ROW) ** 2) * 0.7**2 < square
        values[z] = np.clip(np.where(ball, 40, still) + rng.normal(0, 18, still.shape), -1024, 1500)
    return [{"name": f.name, "mimeType": "application/dicom", "buffer": f.read()} for f in SCANNER.files(values)]


@pytest.fixture(scope="module")
def seen(browser: Browser, address: str) -> Iterator[tuple[Page, list[int]]]:
    """A page that shows the series, and the bytes of each message that the server sent it."""
    with visitor(browser, viewport={"width": 1440, "height": 1600}) as page:
        received: list[int] = []

        def listen(socket: WebSocket) -> None:
            socket.on("framereceived", lambda payload: received.append(len(payload)))

        page.on("websocket", listen)
        visit(page, address, "scan")
        page.get_by_test_id("stFileUploader").locator("input").set_input_files(chest())
        stack(page)
        settled(page)
        yield page, received


def stack(page: Page) -> Locator:
    shown = page.locator(".stack[data-ready]")
    expect(shown).to_be_visible()
    return shown


def at(page: Page, plane: str, number: int, preset: int = 0) -> None:
    """Wait for a picture to be drawn."""
    expect(stack(page)).to_have_attribute("data-ready", re.compile(f":{plane}:{number}:{preset}$"))


def picture(page: Page) -> np.ndarray:
    """The brightness of the pane, (y, x)."""
    return np.asarray(Image.open(io.BytesIO(page.locator(".stack .pane").screenshot())).convert("L"), float)


def spot(page: Page, row: float, column: float) -> tuple[float, float]:
    """Where a pixel of the axial picture is on the page."""
    box = page.locator(".stack .pane").bounding_box()
    assert box is not None
    scale = min(box["width"], box["height"]) / 512
    return (
        box["x"] + box["width"] / 2 + (column - 255.5) * scale,
        box["y"] + box["height"] / 2 + (row - 255.5) * scale,
    )


def test_wheel_and_keys_turn_slices_and_move_less_than_200_kb_each(seen: tuple[Page, list[int]]) -> None:
    page, received = seen
    at(page, "axial", MIDDLE)
    page.locator(".stack .pane").click(position={"x": 20, "y": 20})
    for number, turn in (
        (MIDDLE + 1, lambda: page.mouse.wheel(0, 100)),
        (MIDDLE + 2, lambda: page.keyboard.press("ArrowDown")),
        (MIDDLE + 1, lambda: page.keyboard.press("ArrowUp")),
        (23, lambda: page.keyboard.press("PageDown")),
        (0, lambda: page.keyboard.press("Home")),
        (MIDDLE - 2, lambda: page.keyboard.press("PageDown")),
    ):
        settled(page)
        received.clear()
        turn()
        at(page, "axial", number)
        page.wait_for_timeout(300)  # a picture that was kept is shown before the server answers
        settled(page)
        assert 1000 < sum(received) < 200_000
    expect(page.locator(".steer .at")).to_have_text(f"{MIDDLE - 1} of 24")


def test_the_windows_and_the_planes_show_other_pictures(seen: tuple[Page, list[int]]) -> None:
    page, _ = seen
    page.locator(".stack .pane").press("Home")
    at(page, "axial", 0)
    stored = picture(page).mean()
    page.get_by_role("button", name="Bone", exact=True).click()
    at(page, "axial", 0, 2)
    assert picture(page).mean() < stored - 20
    page.get_by_role("button", name="Coronal", exact=True).click()
    at(page, "coronal", 256, 2)
    expect(page.locator(".steer .at")).to_have_text("257 of 512")
    page.get_by_role("button", name="As stored", exact=True).click()
    page.get_by_role("button", name="Axial", exact=True).click()
    at(page, "axial", 12, 0)


def test_what_is_measured_is_in_millimetres_and_hounsfield_units(seen: tuple[Page, list[int]]) -> None:
    page, _ = seen
    page.locator(".stack .pane").focus()
    page.get_by_role("button", name="Length", exact=True).click()
    for column in (100, 200):
        page.mouse.click(*spot(page, 380, column))
    cell = page.get_by_role("cell", name=re.compile(r"mm$"))
    expect(cell).to_be_visible()
    assert float((cell.text_content() or "").split()[0]) == pytest.approx(70, abs=1.5)
    page.get_by_role("button", name="Area", exact=True).click()
    corners = [(180, 340), (180, 380), (220, 380), (220, 340)]
    for corner in corners[:3]:
        page.mouse.click(*spot(page, *corner))
        page.wait_for_timeout(600)  # two clicks in half a second close the area
    page.mouse.dblclick(*spot(page, *corners[3]))
    area = page.get_by_role("cell", name=re.compile("HU$"))
    expect(area).to_be_visible()
    found = [float(word) for word in re.findall(r"[-−]?\d+\.?\d*", (area.text_content() or "").replace("mm²", ""))]
    assert found[0] == pytest.approx(28 * 28, rel=0.06)
    assert found[1] == pytest.approx(LUNG, abs=5)
    assert found[2] == pytest.approx(18, abs=3)


def test_a_point_in_a_nodule_outlines_it_at_its_size_and_the_model_reads_it(seen: tuple[Page, list[int]]) -> None:
    page, _ = seen
    page.get_by_role("button", name="Point", exact=True).click()
    page.mouse.click(*spot(page, ROW, COLUMN))
    nodule = page.locator(".st-key-nodule")
    expect(nodule).to_contain_text("Longest diameter")
    said = nodule.text_content() or ""
    diameter, volume = (float(re.search(rf"([\d.]+) {unit}", said)[1]) for unit in ("mm", "mL"))  # type: ignore[index]
    assert diameter == pytest.approx(DIAMETER_MM, abs=1.0)
    assert volume == pytest.approx(4 / 3 * np.pi * (DIAMETER_MM / 20) ** 3, rel=0.08)
    page.mouse.click(*spot(page, ROW + 3, COLUMN))
    expect(nodule.get_by_role("table")).to_contain_text("mL")
    expect(nodule.get_by_text("Nodule at point 2")).to_be_visible()
    nodule.get_by_text("Read this nodule").first.click()
    expect(nodule.get_by_text("Rated malignant").last).to_be_visible()
    told = json.loads(handed_out(nodule.get_by_role("button", name="Nodules as JSON")).read_bytes())
    assert [one["nodule"] for one in told["nodules"]] == [1, 2]
    assert told["patient"]["id"] == "P-1" and "research use" in told["research_use"]
    mask = nibabel.Nifti1Image.from_bytes(
        gzip.decompress(handed_out(nodule.get_by_role("button", name="Nodules as NIfTI")).read_bytes())
    )
    assert (np.asarray(mask.dataobj) > 0).sum() * 0.7 * 0.7 / 1000 == pytest.approx(volume, rel=0.05)
    page.get_by_role("button", name="Remove all marks").click()
    expect(nodule).to_have_count(0)


def test_everything_can_be_done_with_the_keyboard_alone(seen: tuple[Page, list[int]]) -> None:
    page, _ = seen
    settled(page)
    page.get_by_role("button", name="Length", exact=True).press("Enter")
    pane = page.locator(".stack .pane")
    expect(pane).to_be_focused()
    for key in ("ArrowRight", "Enter", *["Shift+ArrowRight"] * 3, "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_role("cell", name="21.0 mm")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Move", exact=True)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Play").click()
    expect(stack(page)).not_to_have_attribute("data-ready", re.compile(":axial:12:0$"))
    page.get_by_role("button", name="Stop", exact=True).click()


def test_the_series_has_no_serious_barrier(seen: tuple[Page, list[int]]) -> None:
    page, _ = seen
    settled(page)
    assert barriers(page) == {}


def test_another_visitor_sees_nothing_of_it(browser: Browser, address: str, seen: object) -> None:
    with visitor(browser) as other:
        visit(other, address, "scan")
        expect(other.locator(".stack")).to_have_count(0)


def test_a_folder_of_files_that_are_no_scans_is_said(page: Page, address: str, tmp_path: Path) -> None:
    visit(page, address, "scan")
    files = [{"name": f"{n}.dcm", "mimeType": "application/dicom", "buffer": b"no scan"} for n in range(3)]
    page.get_by_test_id("stFileUploader").locator("input").set_input_files(files)
    expect(page.get_by_text("3 scans")).to_be_visible()
    expect(page.locator(".stack")).to_have_count(0)


def test_a_reading_of_all_slices_can_be_stopped_and_then_nothing_of_it_is_left(page: Page, address: str) -> None:
    grey = example("brain_mri_tumour_segmentation").astype(np.int16)
    header = {"Modality": "MR", "RescaleIntercept": -2000, "WindowCenter": 128, "WindowWidth": 256}
    scanner = Scanner((1.0, 0.9, 0.9), (250, *grey.shape))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for z in range(scanner.shape[0]):
            archive.writestr(f"{z:03}.dcm", scanner.slice(grey, z, **header))
    visit(page, address, "scan")
    upload = {"name": "study.zip", "mimeType": "application/zip", "buffer": stream.getvalue()}
    page.get_by_test_id("stFileUploader").locator("input").set_input_files(upload)
    stack(page)
    settled(page)
    page.get_by_text("Read all 250 slices").click()
    page.get_by_role("button", name="Stop", exact=True).click()
    settled(page)
    expect(page.get_by_role("switch", name="Read all 250 slices")).not_to_be_checked()
    expect(page.get_by_text("Slices read")).to_have_count(0)
    page.get_by_text("Read all 250 slices").click()
    expect(page.get_by_text("250 of 250")).to_be_visible()
    expect(page.locator(".stack .strip")).to_be_visible()

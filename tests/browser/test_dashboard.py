"""The dashboard in a browser: reached, read, told apart, and talking to nobody else."""

from __future__ import annotations

import json
import os
import re
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image as Picture
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import ROOT, handed_out, serving, settled, visit, visitor

NOTICE = "For research use; not a medical device"
DARK, LIGHT = "rgb(16, 21, 27)", "rgb(251, 252, 253)"
PAGES = {
    "": "Worklist",
    "patient": "Patient",
    "risk": "Risk",
    "monitor": "Monitor",
    "dosing": "Dosing",
    "scan": "Scan",
    "synthesis": "Synthesis",
    "cohort": "Cohort",
    "subtypes": "Subtypes",
    "models": "Models",
    "training": "Training",
    "activity": "Activity",
}
OWN_TO_STREAMLIT = {"list": "stSidebarNavItems", "listitem": '<li class="st-emotion-cache'}
"""What axe finds in Streamlit's own markup: the menu's list has sections between its items."""


def drawn(seed: int, side: int = 256) -> bytes:
    """A SYNTHETIC picture, drawn here."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    grey = 200 * np.exp(-2 * (x**2 + y**2)) + np.random.default_rng(seed).normal(0, 6, x.shape)
    stream = BytesIO()
    Picture.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def upload(page: Page, name: str, data: bytes) -> None:
    files = [{"name": name, "mimeType": "application/octet-stream", "buffer": data}]
    page.locator("input[type=file]").set_input_files(files)
    expect(page.locator(".medai-header dd").nth(2)).to_contain_text(name)
    settled(page)


def choose_sample(page: Page, words: str) -> None:
    field = page.locator(".st-key-sample input")
    field.click()
    field.fill(words)
    page.get_by_role("option").first.click()
    expect(page.locator(".medai-answer h2")).to_be_visible()
    settled(page)


def choose_model(page: Page, words: str) -> None:
    """One of the models that apply to the scan."""
    field = page.locator("[class*='st-key-model']").get_by_role("combobox")
    field.click()
    field.fill(words)
    page.get_by_role("option").first.click()
    expect(page.locator(".medai-header dd").last).to_contain_text(words)
    settled(page)


def viewer(page: Page) -> Locator:
    """The viewer, once it has drawn its scan."""
    shown = page.locator(".viewer[data-ready]")
    expect(shown).to_be_visible()
    return shown


def test_every_page_opens_by_its_link_with_the_notice(page: Page, address: str) -> None:
    for path, title in PAGES.items():
        visit(page, address, path)
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        expect(page.get_by_text(NOTICE)).to_be_visible()


@pytest.mark.parametrize("safe", [True, False], ids=["as the README says", "by Streamlit itself"])
def test_the_first_visitor_after_a_start_who_comes_by_a_link_gets_the_page_with_the_notice(
    page: Page, tmp_path: Path, safe: bool
) -> None:
    with serving(tmp_path / "log", safe=safe) as address:
        visit(page, address, "models")
        expect(page.get_by_role("heading", level=1)).to_have_text(PAGES["models"])
        expect(page.get_by_text(NOTICE)).to_be_visible()
        # Streamlit itself also announces "Page not found" to this visitor, until the menu has run once.
        expect(page.get_by_role("dialog")).to_have_count(0 if safe else 1)


def test_every_page_of_the_menu_is_tested_here(page: Page, address: str) -> None:
    visit(page, address)
    links = page.get_by_test_id("stSidebarNavLink")
    expect(links).to_have_count(len(PAGES))
    assert len(list((ROOT / "pages").rglob("*.py"))) == len(PAGES)


@pytest.mark.parametrize("theme", ["Dark", "Light"])
@pytest.mark.parametrize("path", ["", "patient", "scan", "scan?sample", "cohort", "models", "training", "activity"])
def test_no_page_has_a_serious_barrier(page: Page, address: str, path: str, theme: str) -> None:
    page.emulate_media(color_scheme="dark" if theme == "Dark" else "light")
    wear(page, address, theme)
    visit(page, address, path.partition("?")[0])
    if path.endswith("?sample"):
        upload(page, "drawn.png", drawn(1))
        viewer(page)
    last = page.locator(".stDataFrame, .stTable, .viewer[data-ready], .medai-worklist, .st-key-empty").last
    expect(last).to_be_visible()
    expect(page.locator(".stApp")).to_have_css("background-color", DARK if theme == "Dark" else LIGHT)
    assert barriers(page) == {}


def barriers(page: Page) -> dict[str, list[str]]:
    """Serious and critical violations of WCAG by their rule, without those of Streamlit's own markup."""
    found = {}
    for rule in Axe().run(page).response["violations"]:
        nodes = [node["html"][:160] for node in rule["nodes"]]
        own = OWN_TO_STREAMLIT.get(rule["id"])
        left = [node for node in nodes if own is None or own not in node]
        if left and rule["impact"] in ("serious", "critical"):
            found[rule["id"]] = left
    return found


def wear(page: Page, address: str, theme: str) -> None:
    """Choose a theme as the settings menu does."""
    paths = json.dumps([f"/{path}" for path in PAGES])
    page.add_init_script(
        f"for (const path of {paths}) "
        "localStorage.setItem(`stActiveTheme-${path}-v2`, " + json.dumps(json.dumps(theme)) + ")"
    )


def test_a_new_visitor_reads_in_the_dark_until_the_light_theme_is_chosen(browser: Browser, address: str) -> None:
    with visitor(browser, color_scheme="light") as page:
        visit(page, address)
        expect(page.locator(".stApp")).to_have_css("background-color", DARK)
        page.evaluate("localStorage.setItem('stActiveTheme-/-v2', JSON.stringify('Light'))")
        page.reload()
        settled(page)
        expect(page.locator(".stApp")).to_have_css("background-color", LIGHT)


def test_a_browser_that_speaks_chinese_gets_chinese_and_keeps_it(browser: Browser, address: str) -> None:
    with visitor(browser, locale="zh-CN") as page:
        visit(page, address)
        expect(page.get_by_role("heading", level=1)).to_have_text("工作列表")
        expect(page.get_by_text("仅供研究使用；非医疗器械")).to_be_visible()
        page.get_by_role("link", name="模型").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("模型")
        expect(page).to_have_url(re.compile("lang=zh_CN"))


def test_a_scan_is_uploaded_read_and_taken_away(page: Page, address: str) -> None:
    visit(page, address, "scan")
    data = drawn(1)
    upload(page, "drawn.png", data)
    expect(page.locator(".medai-answer h2")).to_be_visible()
    viewer(page)
    said = taken_json(page)
    assert said["research_use"] == NOTICE
    assert said["file"] == "drawn.png"
    assert bool(said["refused"]) == (said["findings"] == [])
    with Picture.open(handed_out(page.get_by_role("button", name="Picture as PNG"))) as picture:
        assert NOTICE in picture.info["Description"]


def taken_json(page: Page) -> dict[str, Any]:
    """The result as it is taken away."""
    return json.loads(handed_out(page.get_by_role("button", name="Result as JSON")).read_text(encoding="utf-8"))


def test_a_ct_is_windowed_zoomed_and_moved_in_both_panes_from_the_keyboard(page: Page, address: str) -> None:
    visit(page, address, "scan")
    choose_sample(page, "CT slice bundled")
    shown = viewer(page)
    stored = shown.locator("canvas").first.evaluate("canvas => canvas.toDataURL()")
    shown.get_by_role("button", name="Lung").click()
    expect(shown.get_by_role("button", name="Lung")).to_have_attribute("aria-pressed", "true")
    lung = shown.locator("canvas").first.evaluate("canvas => canvas.toDataURL()")
    assert lung != stored
    shown.locator(".pane").first.focus()
    page.keyboard.press("+")
    expect(shown.get_by_text("140 %")).to_be_visible()
    page.keyboard.press("ArrowRight")
    assert shown.locator("canvas").first.evaluate("canvas => canvas.toDataURL()") != lung
    page.keyboard.press("0")
    assert shown.locator("canvas").first.evaluate("canvas => canvas.toDataURL()") == lung


def test_the_reader_draws_the_region_that_the_model_reads_in(page: Page, address: str) -> None:
    visit(page, address, "scan")
    choose_sample(page, "tumour already found")
    choose_model(page, "Type of a brain tumour")
    page.get_by_text("I affirm").click()
    shown = viewer(page)
    expect(shown.get_by_text("Region found by the model")).to_be_visible()
    shown.get_by_role("button", name="Zoom in").click()
    shown.get_by_role("button", name="Draw a box").click()
    shown.locator(".pane").first.focus()
    for key in ("ArrowRight", "Shift+ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(shown.get_by_text("Region drawn by the reader")).to_be_visible()
    expect(shown.get_by_text("140 %")).to_be_visible()
    settled(page)
    assert taken_json(page)["region"]["source"] == "drawn"
    shown.get_by_role("button", name="Let the model find it").click()
    expect(shown.get_by_text("Region found by the model")).to_be_visible()


def test_one_pixel_makes_another_scan(page: Page, address: str) -> None:
    pixels = np.array(Picture.open(BytesIO(drawn(1, side=1200))))
    said = []
    for step in range(2):
        pixels[600, 600] += step
        stream = BytesIO()
        Picture.fromarray(pixels).save(stream, "PNG")
        visit(page, address, "scan")
        upload(page, "same-name.png", stream.getvalue())
        said.append(taken_json(page)["sha256"])
    assert said[0] != said[1]


def test_two_readers_never_see_each_others_scan(browser: Browser, address: str) -> None:
    with visitor(browser) as first, visitor(browser) as second:
        visit(first, address, "scan")
        visit(second, address, "scan")
        upload(first, "first-reader.png", drawn(1))
        upload(second, "second-reader.png", drawn(2))
        for page, own, other in ((first, "first", "second"), (second, "second", "first")):
            expect(page.locator(".medai-header")).to_contain_text(f"{own}-reader.png")
            assert f"{other}-reader" not in page.content()
        second.reload()
        settled(second)
        expect(second.get_by_text("No scan yet")).to_be_visible()


def test_no_page_talks_to_anyone_but_this_machine(page: Page, address: str) -> None:
    asked: set[str | None] = set()
    page.on("request", lambda request: asked.add(urlparse(request.url).hostname))
    page.on("websocket", lambda socket: asked.add(urlparse(socket.url).hostname))
    for path in PAGES:
        visit(page, address, path)
    visit(page, address, "scan")
    upload(page, "drawn.png", drawn(1))
    viewer(page)
    page.wait_for_timeout(1000)
    assert asked - {None, "", "127.0.0.1"} == set()


@pytest.mark.skipif(os.environ.get("MEDAI_SCREENSHOTS") != "1", reason="set MEDAI_SCREENSHOTS=1 to renew docs/*.png")
def test_the_documentation_shows_the_pages(page: Page, address: str) -> None:
    visit(page, address)
    expect(page.locator(".medai-worklist")).to_be_visible()
    photograph(page, "worklist")
    page.get_by_role("link", name="DEMO, Mei").click()
    expect(page.locator(".viewer[data-ready]")).to_have_count(2)
    photograph(page, "patient")
    visit(page, address, "scan")
    choose_sample(page, "pneumonia")
    viewer(page)
    photograph(page, "scan")
    visit(page, address, "models")
    expect(page.locator(".stTable, .st-key-empty").first).to_be_visible()
    photograph(page, "models")
    visit(page, address, "risk")
    expect(page.locator(".medai-number")).to_be_visible()
    photograph(page, "risk")


def photograph(page: Page, name: str) -> None:
    settled(page)
    height = page.evaluate("document.querySelector('.stMain').scrollHeight")
    page.set_viewport_size({"width": 1440, "height": min(max(height, 900), 1600)})
    page.wait_for_timeout(1500)
    page.screenshot(path=ROOT / "docs" / f"{name}.png")

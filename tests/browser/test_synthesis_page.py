"""Synthesis in a browser: scans are made, walked between, told from real ones, and taken away."""

from __future__ import annotations

import json
from zipfile import ZipFile

import pytest
from playwright.sync_api import Page, expect

from medai_core.catalog import find_models
from medai_core.imaging.synthesis import is_synthetic
from tests.browser.conftest import handed_out, settled, visit
from tests.browser.test_dashboard import barriers, drawn

pytestmark = pytest.mark.skipif(not find_models().trained("synthesis"), reason="No model that makes scans is trained.")


def test_scans_are_made_walked_between_told_from_real_ones_and_taken_away(page: Page, address: str) -> None:
    visit(page, address, "synthesis")
    images = page.get_by_role("button", name="SYNTHETIC image")
    expect(images).to_have_count(12)
    expect(page.get_by_role("note").filter(has_text="They show nobody")).to_be_visible()
    assert barriers(page) == {}
    with ZipFile(handed_out(page.get_by_role("button", name="All as PNG (ZIP)"))) as archive:
        assert sum(is_synthetic(archive.read(name)) for name in archive.namelist() if name.endswith(".png")) >= 12
    open_larger(page)
    slide(page)
    tell_apart(page)


def open_larger(page: Page) -> None:
    """By the keyboard alone: the third image, and it as DICOM."""
    third = page.get_by_role("button", name="SYNTHETIC image 3")
    third.focus()
    third.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("img", name="SYNTHETIC image 3")).to_be_visible()
    settled(page)
    assert barriers(page) == {}
    assert is_synthetic(handed_out(dialog.get_by_role("button", name="As DICOM")).read_bytes())
    dialog.get_by_role("button", name="Close").press("Enter")
    expect(dialog).to_have_count(0)


def slide(page: Page) -> None:
    page.get_by_text("Between two", exact=True).click()
    slider = page.get_by_role("slider", name="How far on the way")
    there = page.locator(".stColumn").get_by_role("img", name="at 50 % of the way")
    expect(there.or_(page.get_by_text("so it is withheld")).first).to_be_visible()
    settled(page)
    assert barriers(page) == {}
    slider.focus()
    slider.press("ArrowRight")
    moved = page.get_by_role("img", name="at 51 % of the way")
    expect(moved.or_(page.get_by_text("so it is withheld")).first).to_be_visible()


def tell_apart(page: Page) -> None:
    page.get_by_text("Which are real?", exact=True).click()
    expect(page.get_by_text("Real images are needed")).to_be_visible()
    files = [{"name": f"Doe_{k}.png", "mimeType": "image/png", "buffer": drawn(k)} for k in (1, 2)]
    page.locator("input[type=file]").set_input_files(files)
    asked = page.get_by_test_id("stRadio")
    expect(asked).to_have_count(4)
    settled(page)
    assert barriers(page) == {}
    for k in range(4):
        asked.nth(k).get_by_text("Real", exact=True).click()
    page.get_by_role("button", name="Score my answers").click()
    expect(page.locator(".medai-answer h2")).to_have_text("2 of 4 right")
    expect(page.locator(".medai-answer")).to_contain_text("nothing can be said")
    settled(page)
    assert barriers(page) == {}
    said = handed_out(page.get_by_role("button", name="Score as JSON")).read_text(encoding="utf-8")
    assert json.loads(said)["score"]["all"]["right"] == 2 and "Doe" not in said

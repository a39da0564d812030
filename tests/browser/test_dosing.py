"""Dosing in a browser: a patient is entered, dosed, taken away, and refused."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Page, expect

from medai_core.precision.dosing import SIMULATION
from tests.browser.conftest import settled, visit
from tests.browser.test_dashboard import barriers


def write(page: Page, value: str, *moves: str) -> None:
    """Write into the table's cell that has the keyboard, and go on from the one to its right."""
    page.keyboard.press("Enter")
    page.locator("#portal input").fill(value)
    page.keyboard.press("Tab")
    settled(page)
    for move in moves:
        page.keyboard.press(move)


def test_a_patient_is_entered_dosed_taken_away_and_refused(page: Page, address: str) -> None:
    visit(page, address, "dosing")
    age = page.get_by_role("spinbutton", name="Age")
    age.fill("68")
    age.press("Enter")
    answer = page.locator(".medai-answer")
    expect(answer).to_contain_text("The first dose", timeout=30_000)
    settled(page)
    # A canvas under a sheet that takes the mouse for it.
    page.get_by_test_id("data-grid-canvas").first.click(position={"x": 80, "y": 52}, force=True)
    write(page, "0")
    write(page, "5", "ArrowDown", "ArrowLeft", "ArrowLeft")
    write(page, "14", "ArrowRight")
    write(page, "3.4")
    expect(answer).to_contain_text("The INR was 3.4 on day 14", timeout=30_000)
    expect(answer).to_contain_text(SIMULATION.text)
    settled(page)
    assert barriers(page) == {}
    with page.expect_download() as taken:
        page.get_by_role("button", name="Advice as JSON").click()
    said = json.loads(Path(taken.value.path()).read_text(encoding="utf-8"))
    assert said["simulation"] == SIMULATION.text and said["advice"]["last_mg_per_day"] == 5.0
    assert said["patient"]["inrs"] == [{"day": 14, "inr": 3.4}]
    age.fill("150")
    age.press("Enter")
    expect(page.locator(".medai-refused")).to_contain_text("150", timeout=30_000)

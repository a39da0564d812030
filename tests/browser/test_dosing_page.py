"""Dosing in a browser: a patient is entered, dosed, taken away, and refused."""

from __future__ import annotations

import json

from playwright.sync_api import Page, expect

from medai_core.precision.dosing import SIMULATION
from tests.browser.conftest import handed_out, settled, visit
from tests.browser.test_dashboard import barriers

ACROSS_PX = {"day": (1, 80), "dose": (2, 150), "inr": (3, 240)}
"""Each column's number, and a place in it from the left of the table."""


def write(page: Page, row: int, column: str, value: str) -> None:
    """Write into a cell of the table: a canvas under a sheet that takes the mouse for it, with the cells as a table."""
    number, x = ACROSS_PX[column]
    page.get_by_test_id("data-grid-canvas").first.click(position={"x": x, "y": 52 + 35 * row}, force=True)
    cell = page.get_by_test_id(f"glide-cell-{number}-{row}").first
    expect(cell).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    field = page.locator("#portal input")
    field.fill(value)
    field.press("Enter")
    expect(field).to_have_count(0)
    expect(cell).to_have_text(value)
    settled(page)


def test_a_patient_is_entered_dosed_taken_away_and_refused(page: Page, address: str) -> None:
    visit(page, address, "dosing")
    age = page.get_by_role("spinbutton", name="Age")
    age.fill("68")
    age.press("Enter")
    answer = page.locator(".medai-answer")
    expect(answer).to_contain_text("The first dose")
    settled(page)
    write(page, 0, "day", "0")
    write(page, 0, "dose", "5")
    write(page, 1, "day", "14")
    write(page, 1, "inr", "3.4")
    expect(answer).to_contain_text("The INR was 3.4 on day 14")
    expect(answer).to_contain_text(SIMULATION.text)
    settled(page)
    assert barriers(page) == {}
    said = json.loads(handed_out(page.get_by_role("button", name="Advice as JSON")).read_text(encoding="utf-8"))
    assert said["simulation"] == SIMULATION.text and said["advice"]["last_mg_per_day"] == 5.0
    assert said["patient"]["inrs"] == [{"day": 14, "inr": 3.4}]
    age.fill("150")
    age.press("Enter")
    expect(page.locator(".medai-refused")).to_contain_text("150")

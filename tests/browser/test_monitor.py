"""Stays in a browser: brought, replayed from the keyboard, refused, ranked as a ward, opened, and taken away."""

from __future__ import annotations

import json

from playwright.sync_api import Page, expect

from medai_core.catalog import find_models
from tests.browser.conftest import handed_out, settled, visit
from tests.browser.test_dashboard import NOTICE, barriers
from tests.test_pages_monitor import as_file, drawn

CARD = next(c for c in find_models().trained("monitoring") if c.monitoring and c.monitoring.first_hour > 1)


def test_a_stay_is_brought_replayed_refused_compared_with_the_ward_and_taken_away(page: Page, address: str) -> None:
    visit(page, address, f"monitor?model={CARD.name}")
    data = {"name": "stays.csv", "mimeType": "text/csv", "buffer": as_file(drawn(CARD, stays=3, hours=30))}
    page.locator("input[type=file]").set_input_files([data])
    number = page.locator(".medai-number")
    expect(number).to_be_visible()
    settled(page)
    expect(page.locator(".medai-header")).to_contain_text("S0")
    expect(page.get_by_role("figure", name="Risk over time, up to hour 30")).to_be_visible()
    assert barriers(page) == {}
    # One hour back, and to the first, from the keyboard.
    hour = page.get_by_role("slider", name="Hour of the stay")
    hour.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".medai-header")).to_contain_text("29 of")
    expect(page.get_by_role("figure", name="Risk over time, up to hour 29")).to_be_visible()
    page.keyboard.press("Home")
    expect(page.locator(".medai-refused")).to_contain_text("No risk at hour 1")
    expect(number).to_have_count(0)
    settled(page)
    said = json.loads(handed_out(page.get_by_role("button", name="Result as JSON")).read_text(encoding="utf-8"))
    assert said["research_use"] == NOTICE
    assert (said["stay"], said["hour"]) == ("S0", 1)
    assert "No risk at hour 1" in said["refused"] and "risk" not in said
    # The ward, and from it another stay.
    page.get_by_role("radio", name="Ward").click()
    field = page.get_by_role("combobox", name="Open a stay")
    expect(field).to_be_visible()
    settled(page)
    assert barriers(page) == {}
    field.click()
    field.fill("S2")
    page.get_by_role("option").first.click()
    expect(number).to_be_visible()
    settled(page)
    expect(page.locator(".medai-header")).to_contain_text("S2")
    expect(page.locator(".medai-header")).not_to_contain_text("S0")

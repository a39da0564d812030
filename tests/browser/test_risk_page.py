"""One patient in a browser: entered, explained, changed, brought under a level, compared, and taken away."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser, Page, expect

from medai_core.cards import Card, PredictorSpec
from medai_core.catalog import find_models
from tests.browser.conftest import handed_out, settled, visit, visitor
from tests.browser.test_dashboard import NOTICE, barriers, wear

OUTCOMES = find_models().outcomes()
CARD, CHANGED = next(
    (cards[0], p)
    for cards in OUTCOMES.values()
    for p in cards[0].predictors
    if p.modifiable and p.other_unit and p.other_unit.factor != 1
)
"""The recommended model of an outcome, and a predictor that can be changed and is read in two units."""


def meet(page: Page, address: str, card: Card = CARD) -> None:
    """The page with its typical patient."""
    visit(page, address, f"risk?outcome={card.outcome}")
    expect(page.locator(".medai-number")).to_be_visible()
    settled(page)


def enter(page: Page, p: PredictorSpec, value: str, unit: str | None = None) -> None:
    label = f"{p.title} ({p.unit if unit is None else unit})"
    field = page.get_by_role("spinbutton", name=label, exact=True)
    field.fill(value)
    field.press("Enter")
    settled(page)


def model(page: Page, title: str) -> None:
    page.get_by_role("combobox", name="Model").click()
    page.get_by_role("option", name=title).click()
    settled(page)


def test_a_patient_is_entered_explained_changed_brought_under_a_level_and_taken_away(page: Page, address: str) -> None:
    meet(page, address)
    typical = page.locator(".medai-number").inner_text()
    page.get_by_role("textbox", name="Patient").fill("bed 7")
    page.get_by_role("textbox", name="Patient").press("Enter")
    age = next(p for p in CARD.predictors if p.name == "age")
    enter(page, age, "72")
    expect(page.locator(".medai-number")).not_to_have_text(typical)
    expect(page.locator(".medai-header")).to_contain_text("bed 7")
    expect(page.get_by_role("img", name="of 100 people like this")).to_be_visible()
    # Explained: in words and in a picture that has the value in it.
    expect(page.get_by_text("What raises it most: ")).to_contain_text("Age 72 years")
    expect(page.get_by_role("figure", name="Contributions to the log-odds")).to_be_visible()
    # Changed, from the keyboard.
    slider = page.get_by_role("slider").first
    slider.focus()
    page.keyboard.press("Home")
    expect(page.get_by_text("percentage points from")).to_be_visible()
    before = page.locator(".medai-number").inner_text()
    # Brought under a level.
    page.get_by_role("tab", name="Find the smallest change").click()
    expect(page.get_by_text("trials must say")).to_be_visible()
    settled(page)
    expect(page.get_by_text("the risk would be")).to_be_visible()
    expect(page.locator(".medai-number")).to_have_text(before)
    # Taken away.
    said = json.loads(handed_out(page.get_by_role("button", name="Result as JSON")).read_text(encoding="utf-8"))
    assert said["research_use"] == NOTICE
    assert said["patient"] == "bed 7"
    assert said["predictors"]["age"] == {"value": 72.0, "unit": "years"}
    assert f"{said['risk']:.1%}".replace("%", " %") == before
    assert "bed 7" in handed_out(page.get_by_role("button", name="Result as CSV")).read_text(encoding="utf-8-sig")


def test_a_field_follows_its_unit_and_what_cannot_be_is_refused_and_mended(page: Page, address: str) -> None:
    meet(page, address)
    typical = page.locator(".medai-number").inner_text()
    assert CHANGED.other_unit is not None
    page.get_by_role("button", name="Units").click()
    group = page.get_by_role("radiogroup", name=CHANGED.title, exact=True)
    group.get_by_role("radio", name=CHANGED.other_unit.unit).click()
    settled(page)
    page.keyboard.press("Escape")
    other = f"{CHANGED.title} ({CHANGED.other_unit.unit})"
    field = page.get_by_role("spinbutton", name=other, exact=True)
    expect(field).to_be_visible()
    expect(page.locator(".medai-number")).to_have_text(typical)
    kept = field.input_value()
    enter(page, CHANGED, "99999", CHANGED.other_unit.unit)
    expect(page.locator(".medai-refused")).to_contain_text(f"99999 {CHANGED.other_unit.unit} is outside the plausible")
    assert barriers(page) == {}
    assert json.loads(handed_out(page.get_by_role("button", name="Result as JSON")).read_text(encoding="utf-8"))[
        "refused"
    ]
    enter(page, CHANGED, "", CHANGED.other_unit.unit)
    expect(page.get_by_text("predictors are unknown and stand at")).to_be_visible()
    enter(page, CHANGED, kept, CHANGED.other_unit.unit)
    expect(page.locator(".medai-number")).to_have_text(typical)


def test_a_category_is_marked_unknown_from_the_list(page: Page, address: str) -> None:
    meet(page, address)
    p = next(p for p in CARD.predictors if p.kind == "category")
    page.get_by_role("combobox", name=p.title, exact=True).click()
    page.get_by_role("option", name="Unknown").click()
    expect(page.get_by_text(f"1 of {len(CARD.predictors)} predictors are unknown")).to_be_visible()
    page.get_by_role("button", name="New patient").click()
    expect(page.get_by_text("predictors are unknown")).to_have_count(0)


@pytest.mark.parametrize(("outcome", "theme"), [*((outcome, "Dark") for outcome in OUTCOMES), (CARD.outcome, "Light")])
def test_the_answer_and_the_drawn_tree_have_no_serious_barrier(
    page: Page, address: str, outcome: str, theme: str
) -> None:
    wear(page, address, theme)
    meet(page, address, OUTCOMES[outcome][0])
    assert barriers(page) == {}
    model(page, "Decision tree")
    expect(page.get_by_role("figure", name="Decision tree; this patient's way")).to_be_visible()
    page.get_by_text("The plot as a table").last.click()
    expect(page.locator(".stDataFrame:visible").last).to_be_visible()
    assert barriers(page) == {}


def test_the_page_fits_a_phone_and_the_answer_comes_first(browser: Browser, address: str) -> None:
    with visitor(browser, viewport={"width": 390, "height": 844}) as page:
        meet(page, address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        answer = page.locator(".medai-number").bounding_box()
        form = page.get_by_role("button", name="New patient").bounding_box()
        assert answer is not None and form is not None
        assert answer["y"] < form["y"]


def test_two_readers_never_see_each_others_patient(browser: Browser, address: str) -> None:
    with visitor(browser) as first, visitor(browser) as second:
        for page, label in ((first, "first patient"), (second, "second patient")):
            meet(page, address)
            page.get_by_role("textbox", name="Patient").fill(label)
            page.get_by_role("textbox", name="Patient").press("Enter")
            expect(page.locator(".medai-header")).to_contain_text(label)
        assert "second patient" not in first.content()
        assert "first patient" not in second.content()

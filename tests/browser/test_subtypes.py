"""Subtypes in a browser: a cohort is brought, grouped and taken away; a patient is placed, and one refused."""

from __future__ import annotations

import csv
import json

from playwright.sync_api import Page, expect

from medai_core.catalog import find_models
from tests.browser.conftest import click_until, handed_out, settled, visit
from tests.browser.test_dashboard import NOTICE, barriers
from tests.test_pages_subtypes import CARD, EXAMPLE, as_csv, cohort

SURVIVAL = find_models().trained("survival")[0]


def test_a_cohort_is_brought_grouped_looked_at_and_taken_away(page: Page, address: str) -> None:
    visit(page, address, "subtypes")
    data = {"name": "cohort.csv", "mimeType": "text/csv", "buffer": as_csv(cohort())}
    page.locator("input[type=file]").first.set_input_files([data])
    find = page.locator(".st-key-subtypes_find button")
    expect(find).to_be_visible()
    settled(page)
    assert barriers(page) == {}
    answer = page.locator(".medai-answer")
    click_until(find, answer)
    expect(answer).to_contain_text("2 stable groups: 16 and 8 samples")
    expect(page.get_by_role("figure", name="24 samples on two principal components")).to_be_visible()
    expect(page.get_by_role("figure", name="Heatmap of")).to_be_visible()
    settled(page)
    assert barriers(page) == {}
    for tab, shown in (
        ("How many groups", page.get_by_role("figure", name="Stability by the number of groups")),
        ("Marker genes", page.get_by_text("prove nothing")),
        ("Survival", page.get_by_role("figure", name="Kaplan-Meier curves")),
    ):
        click_until(page.get_by_role("tab", name=tab), shown)
        settled(page)
        assert barriers(page) == {}
    # Another number of groups, from the keyboard.
    page.get_by_role("radio", name="4", exact=True).focus()
    page.keyboard.press("Enter")
    expect(answer).to_contain_text("The evidence speaks for 2 groups.")
    page.get_by_role("radio", name="by evidence (2)").click()
    expect(answer).to_contain_text("2 stable groups")
    settled(page)
    rows = list(
        csv.DictReader(
            handed_out(page.get_by_role("button", name="Groups as CSV")).read_text(encoding="utf-8-sig").splitlines()
        )
    )
    assert [row["sample"] for row in rows] == list(cohort()["sample"])
    assert {row["cluster"] for row in rows} == {"1", "2"} and {row["research_use"] for row in rows} == {NOTICE}


def test_a_patient_is_placed_one_is_refused_and_both_are_taken_away(page: Page, address: str) -> None:
    visit(page, address, f"subtypes?view=place&model={CARD.name}")
    data = {"name": "profiles.csv", "mimeType": "text/csv", "buffer": EXAMPLE}
    page.locator("input[type=file]").first.set_input_files([data])
    answer = page.locator(".medai-answer")
    expect(answer).to_contain_text(CARD.findings[0].title)
    expect(page.get_by_role("figure", name="Genes that decide")).to_be_visible()
    settled(page)
    assert barriers(page) == {}
    field = page.get_by_role("combobox", name="Sample")
    field.click()
    field.fill("foreign")
    page.get_by_role("option").first.click()
    expect(page.locator(".medai-refused")).to_contain_text("do not rise and fall together")
    settled(page)
    said = json.loads(handed_out(page.get_by_role("button", name="Placements as JSON")).read_text(encoding="utf-8"))
    assert said["research_use"] == NOTICE
    assert [bool(sample["refusal"]) for sample in said["samples"]] == [False, False, True]


def test_one_patients_survival_follows_the_form_and_the_sheet_is_taken_away_on_paper(page: Page, address: str) -> None:
    visit(page, address, f"subtypes?view=survive&model={SURVIVAL.name}")
    answer = page.locator(".medai-answer")
    expect(answer).to_contain_text("alive at 5 years")
    before = answer.inner_text()
    settled(page)
    assert barriers(page) == {}
    nodes = page.get_by_role("spinbutton", name="Involved lymph nodes")
    nodes.fill("12")
    nodes.press("Enter")
    expect(answer).not_to_have_text(before)
    settled(page)
    assert (
        handed_out(page.get_by_role("button", name="Treatment discussion sheet as PDF"))
        .read_bytes()
        .startswith(b"%PDF")
    )
    nodes.fill("40")
    nodes.press("Enter")
    expect(page.locator(".medai-refused")).to_contain_text("40")
    settled(page)
    said = json.loads(handed_out(page.get_by_role("button", name="Result as JSON")).read_text(encoding="utf-8"))
    assert "40" in said["refused"][0] and not said["survival"] and said["research_use"] == NOTICE

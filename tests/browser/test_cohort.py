"""A cohort in a browser: uploaded, refused row by row, judged in every tab, and taken away."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from medai_core.catalog import find_models
from tests.browser.conftest import handed_out, settled, visit
from tests.browser.test_dashboard import barriers, wear
from tests.patients import followed, plain_card


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SYNTHETIC patients with outcomes, one of them with a value that cannot be."""
    models = find_models()
    card = plain_card(models)
    patients = followed(models, card, 400).astype(object)
    number = next(p for p in card.predictors if p.kind == "number")
    patients.loc[6, number.name] = "=1+1"
    path = tmp_path_factory.mktemp("cohort") / f"{card.name}.csv"
    patients.to_csv(path, index=False)
    return path


def give(page: Page, address: str, table: Path) -> None:
    visit(page, address, f"cohort?model={table.stem}")
    page.locator("input[type=file]").set_input_files(table)
    expect(page.locator(".medai-answer h2")).to_have_text("399 of 400 rows scored, 1 not")
    settled(page)


@pytest.mark.parametrize("theme", ["Dark", "Light"])
def test_a_cohort_has_no_serious_barrier_in_any_tab(page: Page, address: str, table: Path, theme: str) -> None:
    wear(page, address, theme)
    give(page, address, table)
    found = {}
    for name in page.get_by_role("tab").all_inner_texts():
        page.get_by_role("tab", name=name).click()
        expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
        settled(page)
        expect(page.get_by_role("tabpanel").locator(".stDataFrame:visible, .stTable:visible").first).to_be_visible()
        found[name] = barriers(page)
    assert found == {name: {} for name in found}
    assert len(found) == 5


def test_the_results_are_taken_away_with_the_refusals_in_them(page: Page, address: str, table: Path) -> None:
    give(page, address, table)
    expect(page.get_by_text("Rows not scored, with the reason: 1")).to_be_visible()
    rows = pd.read_csv(handed_out(page.get_by_role("button", name="All rows as CSV")))
    assert len(rows) == 400
    assert list(rows.index[rows["status"] == "refused"]) == [6]
    assert "expected a number" in rows["refused_because"][6]
    assert rows["risk"].notna().sum() == 399
    assert len(pd.read_parquet(handed_out(page.get_by_role("button", name="All rows as Parquet")))) == 400


def test_the_threshold_is_moved_from_the_keyboard(page: Page, address: str, table: Path) -> None:
    give(page, address, table)
    page.get_by_role("tab", name="Threshold").click()
    settled(page)
    before = page.locator(".stTable").first.inner_text()
    page.get_by_role("slider").focus()
    page.keyboard.press("End")
    expect(page.locator(".stTable").first).not_to_have_text(before)

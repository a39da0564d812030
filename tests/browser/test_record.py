"""One patient's record in a browser, by people who sign in at a real provider: worked through, judged, and audited."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from medai_core.records import audit
from medai_core.records.store import Location, open_store
from tests import scans
from tests.browser.conftest import click_until, handed_out, serving, settled, visit, visitor
from tests.browser.provider import confirm_sign_out, guarded, provider, sign_in
from tests.browser.test_dashboard import barriers, drawn, upload, viewer

FILM = "drawn-film.png"


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A dashboard where everyone signs in, its record new; its address and its record's folder."""
    folder = tmp_path_factory.mktemp("clinic")
    with provider(folder) as metadata, guarded(folder, metadata) as address:
        yield address, folder / "record"


def enter(page: Page, label: str, text: str) -> None:
    """Fill a field of the open dialog."""
    field = page.get_by_role("dialog").get_by_role("textbox", name=label, exact=True)
    field.fill(text)
    field.press("Tab")
    settled(page)


def add(page: Page, address: str, name: str, number: str) -> str:
    """A new patient, whose page is open then; the identifier from its address."""
    visit(page, address)
    page.get_by_role("button", name="New patient").click()
    enter(page, "Name", name)
    enter(page, "Number", number)
    enter(page, "Birth date", "1958-08-09")
    page.get_by_role("button", name="Add the patient").click()
    expect(page).to_have_url(re.compile(r"/patient\?.*patient=[0-9a-f]{32}"))
    expect(page.locator(".medai-identity h2")).to_contain_text(name)
    settled(page)
    found = re.search(r"patient=([0-9a-f]{32})", page.url)
    assert found is not None
    return found[1]


def file_scan(page: Page, name: str, data: bytes) -> None:
    """From the open patient's page: add a scan and file it."""
    page.get_by_role("link", name="Add a scan").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Scan")
    settled(page)
    upload(page, name, data)
    page.get_by_role("button", name=re.compile("^File to ")).click()
    expect(page.get_by_text(re.compile("^Filed to "))).to_be_visible()
    settled(page)


def disagree(page: Page, why: str) -> None:
    page.get_by_text("I disagree").click()
    settled(page)
    page.get_by_role("textbox", name="Why").fill(why)
    page.get_by_role("textbox", name="Why").press("Control+Enter")
    settled(page)
    page.get_by_role("button", name="Sign the verdict").click()


def audited(folder: Path) -> list[audit.Entry]:
    """Every entry of a record, which can be trusted."""
    store = open_store(Location(folder))
    with store.reading() as connection:
        entries = list(audit.entries(connection))
        assert audit.verify(connection, store.folder, store.key).problem is None
    store.close()
    return entries


def test_a_patient_is_opened_filed_to_judged_and_found_again_by_a_link_and_every_step_is_in_the_audit(
    browser: Browser, clinic: tuple[str, Path]
) -> None:
    address, folder = clinic
    with visitor(browser) as page:
        page.goto(address)
        sign_in(page, "carl")
        expect(page.get_by_role("heading", level=1)).to_have_text("Worklist")
        settled(page)
        expect(page.locator(".medai-worklist .medai-badge")).to_have_count(24)
        id = add(page, address, "Walker, Ann", "W-1")
        file_scan(page, FILM, drawn(1))
        page.get_by_role("link", name="Open the record").last.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Patient")
        viewer(page)
        expect(page.locator(".medai-header")).to_contain_text("Walker, Ann")
        expect(page.locator(".medai-header")).to_contain_text("born 1958-08-09")
        disagree(page, "not a film of anybody")
        said = page.get_by_text("Carl Drawn disagreed")
        expect(said).to_be_visible()
        settled(page)
        assert barriers(page) == {}
        # Somewhere else, and back by a link.
        visit(page, address, "models")
        visit(page, address, f"patient?patient={id}")
        expect(said).to_be_visible()
        settled(page)
        assert "not a film of anybody" in handed_out(page.get_by_role("button", name="Record as JSON")).read_text(
            encoding="utf-8"
        )
        page.get_by_role("button", name="Sign out").click()
        confirm_sign_out(page)
    entries = audited(folder)
    actions = [e.action for e in entries if e.name == "Carl Drawn" and e.patient in (id, None)]
    steps = ["sign-in", "list", "patient.create", "view", "read", "scan.file", "verdict", "export", "sign-out"]
    assert [step for step in steps if step not in actions] == []
    assert [actions.index(step) for step in steps] == sorted(actions.index(step) for step in steps)
    assert not any("Walker" in f"{e.detail}{e.object}" for e in entries)


def test_two_people_never_see_each_others_patient(browser: Browser, clinic: tuple[str, Path]) -> None:
    address, _folder = clinic
    with visitor(browser) as first, visitor(browser) as second:
        for page, subject, name in ((first, "carl", "First, Fay"), (second, "anna", "Second, Sol")):
            page.goto(address)
            sign_in(page, subject)
            expect(page.get_by_role("heading", level=1)).to_have_text("Worklist")
            settled(page)
            add(page, address, name, f"N-{subject}")
        for page, own, other in ((first, "First, Fay", "Second, Sol"), (second, "Second, Sol", "First, Fay")):
            for link in ("Scan", "Risk", "Patient"):
                page.get_by_test_id("stSidebarNavLink").filter(has_text=re.compile(f"^{link}$")).click()
                expect(page.get_by_role("heading", level=1)).to_have_text(link)
                expect(page.locator(".medai-identity h2")).to_contain_text(own)
                settled(page)
                assert other not in page.content()


def test_a_scan_of_somebody_else_cannot_be_filed_to_the_open_patient(browser: Browser, tmp_path: Path) -> None:
    film = scans.dicom(PatientName="Other^Olga", PatientID="X-9", PatientBirthDate="19700101", Modality="DX")
    with serving(tmp_path / "log") as address, visitor(browser) as page:
        id = add(page, address, "Walker, Ann", "W-1")
        page.get_by_role("link", name="Add a scan").click()
        settled(page)
        upload(page, "film.dcm", film)
        conflict = page.get_by_text("The file is of another patient")
        expect(conflict).to_be_visible()
        for difference in ("'X-9' in the file", "'Other, Olga' in the file", "1970-01-01 in the file"):
            expect(conflict).to_contain_text(difference)
        expect(page.get_by_role("button", name=re.compile("^File to "))).to_have_count(0)
        page.get_by_role("button", name="Close").click()
        expect(page.locator(".medai-identity")).to_have_count(0)
        settled(page)
        page.get_by_text("File to a patient").click()
        page.get_by_role("tab", name="A new patient").click()
        settled(page)
        filed = page.get_by_text(re.compile("^Filed to Other, Olga"))
        click_until(page.get_by_role("button", name="Add the patient and file"), filed)
        assert id not in page.url


def test_a_patient_with_scans_risks_and_vital_signs_has_no_serious_barrier(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with serving(tmp_path_factory.mktemp("new") / "log") as address, visitor(browser) as page:
        visit(page, address)
        for name in ("DEMO, Mei", "DEMO, Paloma"):
            page.get_by_role("link", name=name).click()
            expect(page.get_by_role("heading", level=1)).to_have_text("Patient")
            settled(page)
            if name == "DEMO, Mei":
                expect(page.locator(".viewer[data-ready]")).to_have_count(2)
            else:
                expect(page.get_by_role("figure", name=re.compile("Vital signs"))).to_be_visible()
            assert barriers(page) == {}
            page.get_by_role("link", name="Worklist").click()
            settled(page)
        page.get_by_role("button", name="Remove the DEMO patients").click()
        page.get_by_role("button", name="Remove all of them").click()
        expect(page.get_by_text("No patient yet")).to_be_visible()

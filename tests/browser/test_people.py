"""People sign in at a real provider, see what their role may, and are out when they are out."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import PATIENCE_MS, serving, visitor
from tests.browser.provider import confirm_sign_out, guarded, provider, sign_in
from tests.browser.test_dashboard import NOTICE, barriers, settled, visit
from tests.servers import ROOT, free_port

MENU = dict(re.findall(r'title=_\("(\w+)"\), url_path="(\w+)"', (ROOT / "app.py").read_text(encoding="utf-8")))
"""Every page of the menu: its title, and the path of its link."""
GUARDED = {"Training", "Activity"}
"""What an administrator alone sees."""
IDLE = "1.5"
"""Minutes; longer than the slowest page takes to come up on a machine that is busy."""
LONG = 240_000


@pytest.fixture(scope="module")
def metadata(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with provider(tmp_path_factory.mktemp("provider")) as metadata:
        yield metadata


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, empty_record: Path) -> Path:
    return own_folder(tmp_path_factory.mktemp("guarded"), empty_record)


@pytest.fixture(scope="module")
def guarded_address(folder: Path, metadata: str) -> Iterator[str]:
    with guarded(folder, metadata) as address:
        yield address


def own_folder(folder: Path, empty_record: Path) -> Path:
    """A folder for a server, with a record that holds nobody."""
    own = folder / "own"
    shutil.copytree(empty_record, own / "record")
    return own


def title(page: Page, text: str | re.Pattern[str], timeout: float = PATIENCE_MS) -> None:
    """Wait for a page's heading; the one before may still stand beside it, faint."""
    expect(page.get_by_role("heading", level=1, name=text, exact=True)).to_be_visible(timeout=timeout)


def enter(page: Page, address: str, subject: str, path: str = "models") -> None:
    """Come by a link and sign in."""
    visit(page, address, path)
    sign_in(page, subject)
    title(page, next(name for name, link in MENU.items() if link == path))
    settled(page)


def entered(folder: Path) -> list[tuple[str, str]]:
    """What the audit says, by action and subject."""
    record = sqlite3.connect(f"file:{folder / 'record' / 'record.sqlite'}?mode=ro", uri=True)
    try:
        return record.execute("SELECT action, subject FROM audit_entry ORDER BY number").fetchall()
    finally:
        record.close()


def copied(browser: Browser, context: BrowserContext) -> BrowserContext:
    """Another browser that was handed the cookies of this one."""
    other = browser.new_context(locale="en-GB", color_scheme="dark", viewport={"width": 1440, "height": 1000})
    other.add_cookies(context.cookies())  # type: ignore[arg-type]
    return other


def test_every_page_by_its_link_shows_the_sign_in_page_alone(page: Page, guarded_address: str) -> None:
    for name, path in MENU.items():
        page.goto(f"{guarded_address}/{path}")
        settled(page)
        expect(page.get_by_role("heading", level=1)).to_have_text(["Sign in to MedAI"])
        expect(page).to_have_title("Sign in to MedAI · MedAI")
        expect(page.get_by_text(NOTICE)).to_be_visible()
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        expect(page.get_by_test_id("stSidebarNavLink")).to_have_count(0)
        expect(page.locator("[data-testid=stSidebar]")).to_have_count(0)
        assert not re.search(rf"\b{name}\b", page.locator("body").inner_text())


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_sign_in_page_has_no_serious_barrier(browser: Browser, guarded_address: str, theme: str) -> None:
    with visitor(browser) as page:
        page.add_init_script(
            f"localStorage.setItem('stActiveTheme-/-v2', JSON.stringify('{theme.capitalize()}'));"
            "localStorage.setItem('medai-theme-/', '1')"
        )
        visit(page, guarded_address)
        title(page, "Sign in to MedAI")
        assert barriers(page) == {}


def test_the_sign_in_page_fits_a_phone(browser: Browser, guarded_address: str) -> None:
    with visitor(browser, viewport={"width": 390, "height": 844}) as page:
        visit(page, guarded_address)
        title(page, "Sign in to MedAI")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize(
    ("subject", "role", "absent"),
    [("rita", "Reader", GUARDED), ("carl", "Clinician", GUARDED), ("anna", "Administrator", set())],
)
def test_each_role_sees_its_own_menu_and_is_named(
    page: Page, guarded_address: str, folder: Path, subject: str, role: str, absent: set[str]
) -> None:
    enter(page, guarded_address, subject)
    expect(page.locator(".medai-account")).to_have_text(re.compile(rf"^{subject.capitalize()} Drawn\s*{role}$"))
    assert set(page.get_by_test_id("stSidebarNavLink").all_inner_texts()) == set(MENU) - absent
    assert barriers(page) == {}
    assert ("sign-in", subject) in entered(folder)


def test_a_reader_who_knows_the_link_does_not_see_what_administrators_do(page: Page, guarded_address: str) -> None:
    enter(page, guarded_address, "rita")
    page.goto(f"{guarded_address}/activity")
    settled(page)
    title(page, "Worklist")
    expect(page.get_by_text("Every entry carries a signature")).to_have_count(0)


def test_a_link_with_its_question_outlasts_the_sign_in_and_is_followed_once(page: Page, guarded_address: str) -> None:
    enter(page, guarded_address, "carl", "risk")
    expect(page).to_have_url(re.compile(r"/risk\?"))
    page.goto(guarded_address)
    settled(page)
    title(page, "Worklist")
    page.wait_for_timeout(1500)
    title(page, "Worklist")


@pytest.mark.parametrize(
    "planted", ["https://clinic.example/", "//clinic.example/", "/\\clinic.example/", "javascript:1"]
)
def test_only_a_link_into_this_dashboard_is_followed(page: Page, guarded_address: str, planted: str) -> None:
    visit(page, guarded_address)
    page.evaluate("path => sessionStorage.setItem('medai-link', JSON.stringify({ path, at: Date.now() }))", planted)
    sign_in(page, "carl")
    title(page, "Worklist")
    page.wait_for_timeout(1000)
    assert page.url.startswith(guarded_address)


def test_the_language_that_was_chosen_outlasts_the_sign_in(page: Page, guarded_address: str) -> None:
    visit(page, guarded_address)
    page.get_by_role("combobox", name="Language").click()
    page.get_by_role("option", name="简体中文").click()
    title(page, "登录 MedAI")
    settled(page)
    page.get_by_role("button", name="登录").click()
    page.get_by_role("button", name="rita", exact=True).first.click()
    expect(page.locator(".medai-account")).to_contain_text("查阅者")


def test_signing_out_forgets_the_cookie_and_ends_every_copy_of_it(
    browser: Browser, page: Page, guarded_address: str, folder: Path
) -> None:
    enter(page, guarded_address, "carl")
    other = copied(browser, page.context)
    second = other.new_page()
    visit(second, guarded_address, "models")
    title(second, "Models")
    page.get_by_role("button", name="Sign out").click()
    confirm_sign_out(page)
    title(page, "Sign in to MedAI")
    assert not [cookie for cookie in page.context.cookies() if cookie["name"].startswith("_streamlit_user")]
    assert entered(folder)[-1] == ("sign-out", "carl")
    # The page that stays open on the copy is closed by its own watch; nobody touches it.
    second.wait_for_url("**/oauth2/end_session*", timeout=LONG)
    other.close()


def test_an_account_without_a_role_is_refused_and_can_leave(page: Page, guarded_address: str, folder: Path) -> None:
    visit(page, guarded_address, "models")
    sign_in(page, "nora")
    title(page, "No access yet")
    for path in MENU.values():
        page.goto(f"{guarded_address}/{path}")
        settled(page)
        title(page, "No access yet")
    expect(page.get_by_test_id("stSidebarNavLink")).to_have_count(0)
    assert entered(folder).count(("sign-in.refused", "nora")) == 1
    assert ("sign-in", "nora") not in entered(folder)
    page.get_by_role("button", name="Sign out").click()
    confirm_sign_out(page)
    title(page, "Sign in to MedAI")


def test_two_people_in_two_browsers_are_two_people(browser: Browser, guarded_address: str) -> None:
    with visitor(browser) as first, visitor(browser) as second:
        enter(first, guarded_address, "rita")
        enter(second, guarded_address, "anna")
        expect(first.locator(".medai-account")).to_contain_text("Rita")
        first.reload()
        settled(first)
        expect(first.locator(".medai-account")).to_contain_text("Rita")
        expect(second.locator(".medai-account")).to_contain_text("Anna")


def test_tabs_that_nobody_uses_are_signed_out_and_a_copied_cookie_stays_out_after_a_restart(
    browser: Browser, page: Page, metadata: str, tmp_path: Path, empty_record: Path
) -> None:
    folder, port = own_folder(tmp_path, empty_record), free_port()
    with guarded(folder, metadata, port=port, MEDAI_IDLE_MINUTES=IDLE) as address:
        enter(page, address, "carl")
        other = copied(browser, page.context)
        tab = page.context.new_page()
        visit(tab, address, "models")
        title(tab, "Models")
        for left in (page, tab):
            # The first to go takes the cookie along; the other one finds none.
            title(left, re.compile("^(End Session|Sign in to MedAI)$"), timeout=LONG)
        assert [action for action, _subject in entered(folder) if "sign" in action] == ["sign-in", "sign-out"]
        for left in (page, tab):
            if "end_session" in left.url:
                confirm_sign_out(left)
            title(left, "Sign in to MedAI")
            expect(left.get_by_text(f"was not used for {IDLE} minutes")).to_be_visible()
        out(other, address)
    with guarded(folder, metadata, port=port) as address:
        out(other, address)
        visit(page, address)
        sign_in(page, "carl")
        title(page, "Models")
    other.close()


def out(context: BrowserContext, address: str) -> None:
    """A browser with a copied cookie gets no page, and is told to forget the cookie; it is handed it again."""
    cookies = context.cookies()
    page = context.new_page()
    page.goto(f"{address}/models")
    page.wait_for_url("**/oauth2/end_session*", timeout=LONG)
    assert not [cookie for cookie in context.cookies() if cookie["name"].startswith("_streamlit_user")]
    page.close()
    context.add_cookies(cookies)  # type: ignore[arg-type]


def test_a_hand_on_the_page_keeps_it_open(page: Page, metadata: str, tmp_path: Path, empty_record: Path) -> None:
    with guarded(own_folder(tmp_path, empty_record), metadata, MEDAI_IDLE_MINUTES=IDLE) as address:
        enter(page, address, "carl")
        for _second in range(100):
            page.mouse.wheel(0, 50)
            page.wait_for_timeout(1000)
        title(page, "Models")
        expect(page.locator(".medai-account")).to_contain_text("Carl")


def test_an_open_address_without_sign_in_shows_one_sentence(page: Page, tmp_path: Path) -> None:
    with serving(tmp_path / "log", "--server.address=0.0.0.0", safe=False) as address:
        for path in ("", *MENU.values()):
            page.goto(f"{address}/{path}")
            settled(page)
            title(page, "MedAI is closed")
            expect(page.get_by_text("other computers could open MedAI")).to_be_visible()
            expect(page.get_by_test_id("stSidebarNavLink")).to_have_count(0)

"""A real server and a real browser; the pages are seen as a clinician sees them."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest
from playwright.sync_api import Browser, Download, Error, Locator, Page, TimeoutError, expect, sync_playwright

from tests.servers import ROOT, free_port, running

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first of these that is there; Chromium without its windows takes a fifth less of the processor."""
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
PATIENCE_MS = 60_000
"""How long a page may take: on a build machine several processes share two cores."""
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@contextmanager
def serving(log: Path, *options: str, safe: bool = True, port: int = 0, **settings: str) -> Iterator[str]:
    """The dashboard on a free port of this machine, its record beside the log; its address.

    Not ``safe``, it is started around what refuses unsafe settings.
    """
    port = port or free_port()
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environment |= {"MEDAI_DATA": str(log.parent / "record"), "PYTHONPATH": str(ROOT), **settings}
    start = ["ui.start"] if safe else ["streamlit", "run", str(ROOT / "app.py")]
    command = [sys.executable, "-m", *start, f"--server.port={port}", *options]
    address = f"http://127.0.0.1:{port}"
    with running(command, log, environment, f"{address}/_stcore/health"):
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; without it the tests are skipped, and on the build machine they fail."""
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("No chromium was found; the build machine must have one.")
        pytest.skip("No chromium was found: install it to run the browser tests.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@contextmanager
def visitor(browser: Browser, **changed: Any) -> Iterator[Page]:
    """A page of a visitor of its own, who speaks English and reads in the dark unless ``changed`` says otherwise.

    A system that is light makes the first visit load twice (``ui/theme.js``), and a test that walks
    on in between lands on the page it came from.
    """
    usual: dict[str, Any] = {"viewport": {"width": 1440, "height": 1000}, "locale": "en-GB", "color_scheme": "dark"}
    context = browser.new_context(**usual | changed)
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    try:
        yield context.new_page()
    finally:
        context.close()


def visit(page: Page, address: str, path: str = "") -> None:
    """Go to a page and wait until it stands there.

    The page before may still be writing its address; a browser then drops one of the two, and does
    not always say so.
    """
    for _attempt in range(3):
        try:
            page.goto(f"{address}/{path}")
        except Error as error:
            if "ERR_ABORTED" not in str(error):
                raise
        settled(page)
        if urlparse(page.url).path == f"/{path.partition('?')[0]}":
            return
    raise AssertionError(f"asked for /{path}, and the browser stays on {page.url}")


def settled(page: Page) -> None:
    """Wait until the script has run and nothing is drawn faint or as a placeholder any more."""
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()
    expect(page.locator("[data-testid$=Skeleton], [data-stale=true]")).to_have_count(0)


def click_until(button: Locator, shown: Locator) -> None:
    """Click, and once more where nothing came of it: while a panel unfolds on a busy machine, a click can be lost."""
    button.click()
    try:
        expect(shown).to_be_visible(timeout=10_000)
    except AssertionError:
        if button.is_visible():
            button.click()
        expect(shown).to_be_visible()


def download(button: Locator) -> Download:
    """What a button hands out, clicked once more where a run replaced it under the first click."""
    try:
        with button.page.expect_download(timeout=30_000) as taken:
            button.click()
    except TimeoutError:
        with button.page.expect_download() as taken:
            button.click()
    return taken.value


def handed_out(button: Locator) -> Path:
    """The file that a button hands out."""
    return Path(download(button).path())


@pytest.fixture(scope="session")
def address(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that somebody has visited, and that has its DEMO patients."""
    with serving(tmp_path_factory.mktemp("server") / "log") as address:
        with visitor(browser) as page:
            visit(page, address)
        yield address


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with visitor(browser) as page:
        yield page

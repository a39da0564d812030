"""A real OpenID Connect provider on this machine, with people who are DRAWN, and the dashboard that trusts it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.conftest import serving
from tests.servers import free_port, running

PEOPLE = {
    "rita": {"name": "Rita Drawn", "email": "rita@clinic.example", "roles": ["medai-reader", "staff"]},
    "carl": {"name": "Carl Drawn", "email": "carl@clinic.example", "roles": ["medai-clinician"]},
    "anna": {"name": "Anna Drawn", "email": "anna@clinic.example", "roles": ["medai-administrator"]},
    "nora": {"name": "Nora Drawn", "email": "nora@clinic.example", "roles": ["staff"]},
}
"""Who can sign in, by subject; the last has no role here."""


@contextmanager
def provider(folder: Path) -> Iterator[str]:
    """The provider; the address of its metadata. It is a process of its own: its library warns at import."""
    port = free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)]
    for subject, claims in PEOPLE.items():
        command += ["--user-claims", json.dumps({"sub": subject, **claims})]
    metadata = f"http://127.0.0.1:{port}/.well-known/openid-configuration"
    with running(command, folder / "provider.log", {}, metadata):
        yield metadata


def secrets(folder: Path, metadata: str) -> str:
    """The option that has the dashboard trust the provider."""
    file = folder / "secrets.toml"
    file.write_text(
        "[auth]\n"
        'redirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
        f'cookie_secret = "{"drawn" * 8}"\n'
        'client_id = "medai"\n'
        'client_secret = "drawn"\n'
        f'server_metadata_url = "{metadata}"\n'
    )
    return f"--secrets.files={file}"


@contextmanager
def guarded(folder: Path, metadata: str, *, port: int = 0, **settings: str) -> Iterator[str]:
    """The dashboard with sign-in, its record in the folder; its address."""
    settings = {"AUTHLIB_INSECURE_TRANSPORT": "1", **settings}
    with serving(folder / "log", secrets(folder, metadata), port=port, **settings) as address:
        yield address


def sign_in(page: Page, subject: str) -> None:
    """From the sign-in page through the provider and back."""
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name=subject, exact=True).first.click()
    page.wait_for_url(lambda url: "/oauth2" not in url)


def confirm_sign_out(page: Page) -> None:
    """The provider asks whether its own session should end too."""
    page.get_by_role("button", name="End session").click()

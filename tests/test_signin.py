"""Who is let in, what a role may see, and which settings are refused; the way through a provider is in browser/."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit import config
from streamlit.testing.v1 import AppTest

from medai_core.records import audit
from medai_core.records.store import default_store
from ui import settings

ROOT = Path(__file__).parent.parent
AUTH = {
    "redirect_uri": "http://localhost:8501/oauth2callback",
    "cookie_secret": "drawn" * 8,
    "client_id": "medai",
    "client_secret": "drawn",
    "server_metadata_url": "http://localhost:1/.well-known/openid-configuration",
}
PAGES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "pages").rglob("*.py"))
EXPOSED = "other computers could open MedAI"


@pytest.fixture(autouse=True)
def nothing_is_kept() -> None:
    st.cache_data.clear()
    st.cache_resource.clear()


def claims(*roles: str, **more: Any) -> dict[str, Any]:
    """What a cookie says of someone who is DRAWN."""
    return {"is_logged_in": True, "sub": "ada", "name": "Ada Drawn", "nonce": "n1", "roles": list(roles), **more}


def opened(user: dict[str, Any] | None = None, page: str = "", **auth: Any) -> AppTest:
    """The dashboard with sign-in, at one of its pages."""
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    at.secrets = {"auth": {**AUTH, **auth}}
    at.user = user or {}
    at.run()
    return at.switch_page(page).run() if page else at


def entered() -> list[tuple[str, str]]:
    store = default_store()
    with store.reading() as connection:
        found = [(entry.action, entry.subject) for entry in audit.entries(connection)][1:]
    store.close()
    return found


def shown(at: AppTest) -> str:
    assert not at.exception, at.exception
    said = [element.value for element in at if isinstance(getattr(element, "value", None), str)]
    return "\n".join([*said, *(str(element.proto.body) for element in at.get("html"))])


def titles(at: AppTest) -> list[str]:
    return [title.value for title in at.title]


def buttons(at: AppTest) -> set[str]:
    return {button.label for button in at.button}


def test_without_sign_in_the_page_says_that_only_this_computer_can_open_it() -> None:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30).run()
    assert "only this computer can open this page" in shown(at)
    assert "Sign out" not in buttons(at)


@pytest.mark.parametrize("page", PAGES)
def test_nobody_sees_anything_of_a_page_before_signing_in(page: str) -> None:
    at = opened(page=page)
    assert titles(at) == ["Sign in to MedAI"]
    assert buttons(at) == {"Sign in"}
    assert [box.key for box in at.selectbox] == ["language_choice"]
    assert not at.sidebar.children
    assert not entered()


def test_the_sign_in_page_speaks_chinese() -> None:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    at.secrets = {"auth": AUTH}
    at.query_params["lang"] = "zh_CN"
    assert titles(at.run()) == ["登录 MedAI"]
    assert "仅供研究使用" in shown(at)


def test_whoever_signs_in_is_named_with_the_role_and_entered_once() -> None:
    at = opened(claims("medai-clinician"), "pages/system/models.py")
    assert titles(at) == ["Models"]
    assert "<b>Ada Drawn</b><br>Clinician" in shown(at)
    assert "Sign out" in buttons(at)
    assert entered().count(("sign-in", "ada")) == 1


def test_a_name_is_shown_as_text() -> None:
    at = opened(claims("reader", name="<img src=x onerror=alert(1)>"), "pages/system/models.py")
    assert "<b>&lt;img src=x onerror=alert(1)&gt;</b>" in shown(at)


def test_a_reader_who_opens_the_activity_is_refused_and_that_is_entered() -> None:
    at = AppTest.from_function(_a_page_for_administrators, default_timeout=30)
    at.secrets, at.user = {"auth": AUTH}, claims("reader")
    page = shown(at.run())
    assert "'administrator' or more is needed" in page
    assert "what only administrators see" not in page
    assert entered() == [("sign-in", "ada"), ("refused", "ada")]


def test_an_administrator_sees_what_only_administrators_see() -> None:
    at = AppTest.from_function(_a_page_for_administrators, default_timeout=30)
    at.secrets, at.user = {"auth": AUTH}, claims("administrator")
    assert "what only administrators see" in shown(at.run())


def _a_page_for_administrators() -> None:
    import streamlit as st

    from ui.frame import frame

    frame("Page", needs="audit")
    st.text("what only administrators see")


def test_an_account_without_a_role_is_told_so_sees_nothing_and_is_entered_once() -> None:
    at = opened(claims("staff"), "pages/system/models.py")
    assert titles(at) == ["No access yet"]
    assert "your account has no role here" in shown(at)
    assert buttons(at) == {"Sign out"}
    assert entered() == [("sign-in.refused", "ada")]


def test_signing_out_ends_the_visit_for_every_copy_of_the_cookie() -> None:
    user = claims("clinician")
    at = opened(user, "pages/system/models.py")
    at.button(key="sign_out").click().run()
    assert titles(at) == ["Sign in to MedAI"]
    assert entered()[-1] == ("sign-out", "ada")
    copied = opened(user)
    assert titles(copied) == ["Signed out"]
    assert not copied.sidebar.children
    again = opened({**user, "nonce": "n2"}, "pages/system/models.py")
    assert titles(again) == ["Models"]


def test_the_order_of_the_claims_makes_no_other_visit() -> None:
    user = claims("clinician")
    opened(user)
    opened(dict(reversed(user.items())))
    assert entered().count(("sign-in", "ada")) == 1


def test_the_role_is_looked_for_where_the_department_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDAI_ROLE_CLAIM", "realm_access.roles")
    at = opened(claims("administrator", realm_access={"roles": ["reader"]}), "pages/system/models.py")
    assert "<br>Reader" in shown(at)


def test_an_incomplete_sign_in_lets_nobody_in_and_names_what_is_missing() -> None:
    at = opened(claims("administrator"), client_id="")
    assert titles(at) == ["MedAI is closed"]
    assert "has no client_id among" in shown(at)


def hindered(monkeypatch: pytest.MonkeyPatch, **auth: str) -> str:
    """Why nobody is let in with these settings."""
    monkeypatch.setattr(st, "secrets", {"auth": {**AUTH, **auth}})
    problem = settings.obstacle()
    return problem.text if problem else ""


@pytest.mark.parametrize("missing", settings.NEEDED)
def test_no_setting_of_the_sign_in_may_be_missing(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert f"has no {missing} among" in hindered(monkeypatch, **{missing: ""})
    assert hindered(monkeypatch) == ""


def test_a_cookie_secret_that_can_be_guessed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "could be guessed" in hindered(monkeypatch, cookie_secret="secret")


def test_idle_minutes_that_are_none_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDAI_IDLE_MINUTES", "never")
    assert "MEDAI_IDLE_MINUTES is 'never'" in hindered(monkeypatch)


def test_a_record_that_cannot_be_opened_lets_nobody_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("MEDAI_DATA", str(tmp_path / "file"))
    at = opened(claims("administrator"))
    assert titles(at) == ["MedAI is closed"]
    assert "cannot be used" in shown(at)


@pytest.fixture
def bound() -> Iterator[Any]:
    """Sets the address that the server is bound to."""
    kept = st.get_option("server.address")
    yield lambda address: config.set_option("server.address", address)
    config.set_option("server.address", kept)


@pytest.mark.parametrize("page", PAGES)
def test_an_open_address_without_sign_in_shows_one_sentence_and_no_page(page: str, bound: Any) -> None:
    bound("0.0.0.0")
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30).run().switch_page(page).run()
    assert titles(at) == ["MedAI is closed"]
    assert len(at.error) == 1
    assert EXPOSED in at.error[0].value
    assert not at.sidebar.children
    assert not at.button


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.7", "clinic.example", "", None, "unix:///tmp/medai"])
def test_every_address_that_others_could_reach_is_open(address: str | None, bound: Any) -> None:
    bound(address)
    problem = settings.obstacle()
    assert problem is not None
    assert EXPOSED in problem.text


def test_an_open_address_with_sign_in_is_allowed(bound: Any) -> None:
    bound("0.0.0.0")
    assert titles(opened()) == ["Sign in to MedAI"]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost"])
def test_loopback_addresses_are_this_machine(address: str) -> None:
    assert settings.loopback(address)


def started(tmp_path: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The start with options that it must refuse."""
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("STREAMLIT_")}
    return subprocess.run(
        [sys.executable, "-m", "ui.start", "--server.port=1", *options],
        cwd=ROOT,
        env={**quiet, "HOME": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("options", "environment"),
    [
        (["--server.address=0.0.0.0"], {}),
        (["--server.address", "::"], {}),
        (["--server.address="], {}),
        ([], {"STREAMLIT_SERVER_ADDRESS": "0.0.0.0"}),
    ],
)
def test_a_start_at_an_open_address_without_sign_in_is_refused_in_one_sentence(
    options: list[str], environment: dict[str, str], tmp_path: Path
) -> None:
    done = started(tmp_path, *options, **environment)
    assert done.returncode == 2
    assert EXPOSED in done.stderr
    assert done.stderr.count("\n") == 1
    assert not done.stdout


def test_make_run_is_refused_at_an_open_address(tmp_path: Path) -> None:
    printed = subprocess.run(
        ["make", "--dry-run", "run", "ADDRESS=0.0.0.0"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    # Run from another make, as by the gate, make also prints where it goes and what it remakes.
    [recipe] = [line for line in printed.splitlines() if "-m ui.start" in line]
    assert started(tmp_path, *recipe.split("ui.start")[1].split()).returncode == 2


@pytest.mark.parametrize("text", ["[auth\n", "auth = 3\n", "[auth]\n", None])
def test_a_start_with_a_sign_in_that_cannot_be_read_is_refused_even_on_loopback(
    text: str | None, tmp_path: Path
) -> None:
    file = tmp_path / "secrets.toml"
    if text is not None:
        file.write_text(text)
    done = started(tmp_path, f"--secrets.files={file}")
    assert done.returncode == 2
    assert "sign-in" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_option_is_named(tmp_path: Path) -> None:
    done = started(tmp_path, "--server.adress=0.0.0.0")
    assert done.returncode == 2
    assert "--server.adress" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_start_on_loopback_says_where_it_answers(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ui.start", "--server.port=0", "--server.headless=true"]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert server.stdout is not None
        assert server.stdout.readline().startswith("MedAI: http://127.0.0.1:")
        time.sleep(1)
        assert server.poll() is None
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=20)

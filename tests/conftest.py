"""No test touches the record of whoever runs it; the browser tests share two processes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from medai_core.records.access import LOCAL
from medai_core.records.audit import Act
from medai_core.records.demo import SETTING
from medai_core.records.store import Location, open_store
from medai_core.records.store.settings import keep_setting
from tests.servers import ROOT

SIGNED_IN = tuple(f"tests/browser/test_{name}.py" for name in ("people", "record", "hand_out"))
"""About half of the browser tests, by the time that they take."""
KERAS = ("test_a_recipe_runs", "test_what_serves_answers", "test_evidence_comes")
"""Tests of models that need TensorFlow, which one process imports for all of them."""
OWN = tuple(f"tests/core/test_{name}.py" for name in ("finetuning", "adding"))
"""Tests that fit and export small networks, and share those."""
FITTING = (
    *(f"tests/core/test_{name}_training.py" for name in ("monitoring", "dosing")),
    "tests/core/test_generators.py",
    "tests/test_dosing_models.py",
)
"""Tests of what fits the models that watch, that dose and that make images, which need TensorFlow too."""


@cache
def made_once_for_all(path: str) -> bool:
    """Whether the tests of a module share something that takes long to make: then one process runs them all."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return path.startswith(("tests/core/", "tests/test_pages")) and 'scope="module"' in text


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The browser tests in two processes, each with one server and one browser, TensorFlow in one; others by module
    where that shares something, and else as they come.

    The groups that xdist 3.8 has for this are without effect in pytest 9.2, which does not read the
    name that xdist writes them into.
    """
    from xdist.scheduler import LoadScopeScheduling

    class TwoBrowsers(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            if nodeid.startswith(("tests/test_models.py", "tests/test_synthesis_models.py")) and any(
                name in nodeid for name in KERAS
            ):
                return "keras"
            if nodeid.startswith(FITTING):
                return "keras"
            if nodeid.startswith(OWN):
                return "keras, own models"
            if not nodeid.startswith("tests/browser/"):
                path = nodeid.split("::")[0]
                return path if made_once_for_all(path) else nodeid
            signed_in = nodeid.startswith(SIGNED_IN)
            return "browser, people and records" if signed_in else "browser, pages"

    return TwoBrowsers(config, log)


@pytest.fixture(scope="session", autouse=True)
def components_looked_for_once() -> Iterator[None]:
    """AppTest looks through all installed packages for components of Streamlit's each time, for half a second."""
    from streamlit.components.v2 import manifest_scanner

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture(scope="session")
def empty_record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a record that nobody is in, and in which the DEMO patients were declined."""
    folder = tmp_path_factory.mktemp("empty") / "record"
    store = open_store(Location(folder))
    with store.writing(LOCAL) as work:
        keep_setting(work.connection, SETTING, False)
        work.enter(Act("setting", object=SETTING))
    store.close()
    return folder


@pytest.fixture(autouse=True)
def record(empty_record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it for each test, where the program looks for its record."""
    folder = tmp_path / "record"
    shutil.copytree(empty_record, folder)
    monkeypatch.setenv("MEDAI_DATA", str(folder))
    monkeypatch.delenv("MEDAI_DATABASE_URL", raising=False)
    return folder

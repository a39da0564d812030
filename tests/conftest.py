"""No test touches the user's own record, and none finds what another left in a cache."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of this test's record."""
    folder = tmp_path_factory.mktemp("record")
    monkeypatch.setenv("MEDAI_DATA", str(folder))
    for name in ("MEDAI_DATABASE_URL", "MEDAI_ROLE_CLAIM", "MEDAI_IDLE_MINUTES"):
        monkeypatch.delenv(name, raising=False)
    streamlit = sys.modules.get("streamlit")
    if streamlit is not None:
        streamlit.cache_data.clear()
        streamlit.cache_resource.clear()
    return folder

"""A PACS that the tests start: Debian's Orthanc on loopback, with its DICOMweb plugin and a folder of its own."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from tests.servers import free_port, running

PROGRAM = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin")
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


def need(program: str | None, name: str) -> str:
    """A program of the system; the test is skipped without it, and on the build machine it fails."""
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{name} was not found; the build machine must have it.")
        pytest.skip(f"{name} was not found: install it to run this test.")
    return program


@dataclass(frozen=True)
class Orthanc:
    """A running PACS."""

    http: int
    dicom: int
    listener: int

    @property
    def url(self) -> str:
        """Of its DICOMweb services."""
        return f"http://127.0.0.1:{self.http}/dicom-web"

    def ask(self, path: str, body: object = None, *, raw: bytes | None = None, method: str = "") -> Any:
        """What its own REST interface answers."""
        data = raw if raw is not None else json.dumps(body).encode() if body is not None else None
        request = Request(f"http://127.0.0.1:{self.http}/{path}", data, method=method or None)
        with build_opener(ProxyHandler({})).open(request, timeout=30) as answer:
            got = answer.read()
        return json.loads(got) if answer.headers.get_content_type() == "application/json" else got

    def take(self, data: bytes) -> str:
        """Put an instance into it; what it calls it."""
        return str(self.ask("instances", raw=data)["ID"])

    def modalities(self) -> list[str]:
        """Of every instance that it has, in order."""
        tags = [self.ask(f"instances/{id}/simplified-tags") for id in self.ask("instances")]
        return sorted(t["Modality"] for t in tags)


@contextmanager
def orthanc(folder: Path, **more: object) -> Iterator[Orthanc]:
    """Orthanc with nothing in it, which knows the listener as "medai"."""
    program = need(PROGRAM if PLUGIN.exists() else None, "Orthanc with its DICOMweb plugin")
    there = Orthanc(free_port(), free_port(), free_port())
    settings = {
        "Plugins": [str(PLUGIN)],
        "HttpPort": there.http,
        "DicomPort": there.dicom,
        "DicomAet": "PACS",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomModalities": {
            "medai": ["MEDAI", "127.0.0.1", there.listener],
            "wrong": ["OTHER", "127.0.0.1", there.listener],
        },
        "DicomWeb": {"Enable": True},
        **more,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "orthanc.json").write_text(json.dumps(settings))
    command = [program, str(folder / "orthanc.json")]
    with running(command, folder / "orthanc.log", None, f"http://127.0.0.1:{there.http}/system"):
        yield there

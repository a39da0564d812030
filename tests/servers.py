"""Servers that the tests start on this machine, each a process of its own that ends with the test."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

ROOT = Path(__file__).parent.parent


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def running(command: list[str], log: Path, environment: Mapping[str, str] | None, health: str) -> Iterator[None]:
    """A server, from its first answer at ``health`` on."""
    with log.open("ab") as out:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT)
    try:
        _wait(health, server, log)
        yield
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait(health: str, server: subprocess.Popen[bytes], log: Path) -> None:
    direct = build_opener(ProxyHandler({}))
    for _attempt in range(300):
        assert server.poll() is None, log.read_text(errors="replace")
        try:
            with direct.open(health, timeout=1):
                return
        except HTTPError as error:
            if error.code == 401:  # it is there, and asks who we are
                return
            time.sleep(0.1)
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"The server did not start: {log.read_text(errors='replace')}")

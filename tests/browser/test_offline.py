"""With the network cut: a scan is still uploaded, read and taken away, in a network that holds this machine alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
LOOPBACK_UP = """
import fcntl, os, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    fcntl.ioctl(s, 0x8914, struct.pack("16sh", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS: up, running
try:
    socket.create_connection(("192.0.2.1", 9), timeout=2)
except OSError as error:
    assert error.errno == 101, error  # the network is unreachable, at once: it is really cut
os.execv(sys.executable, [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *sys.argv[1:]])
"""


def test_a_scan_is_read_with_the_network_cut() -> None:
    cut = shutil.which("unshare")
    if cut is None or subprocess.run([cut, "--net", "true"], capture_output=True).returncode:
        if os.environ.get("CI") == "true":
            pytest.fail("The network cannot be cut here; the build machine must be able to.")
        pytest.skip("Cutting the network needs Linux and the right to make a network namespace.")
    walk = ["tests/browser/test_dashboard.py", "-k", "uploaded"]
    command = [cut, "--net", sys.executable, "-c", LOOPBACK_UP, *walk]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "1 passed" in done.stdout

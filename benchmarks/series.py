"""A series beside its slices read one by one, its memory, and a turn of the wheel: ``python benchmarks/series.py``.

Slices are drawn brain slices and, for the viewer, a drawn CT of 512 x 512 x 300 voxels with the noise of a scanner;
nobody's. Reading: both ways in one process, in turn; the ratio is the median of the rounds' ratios. Memory: the
most that a process held while it read, in processes of their own. The viewer: a server and Chromium on this machine;
from the turn of the wheel to the picture drawn, and the bytes that came for it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from medai_core.catalog import Catalog, find_models
from medai_core.imaging.series import File, arrange
from medai_core.readings import read_scan
from medai_core.readings.series import read_series
from tests.exchange import example
from tests.volumes import LUNG, Scanner

MODEL = "brain_mri_tumour_segmentation"
SLICES, ROUNDS, TURNS = 300, 3, 120
CT = (300, 512, 512)


def main() -> None:
    parser = argparse.ArgumentParser(description="A series beside its slices, its memory, and a turn of the wheel.")
    parser.add_argument("--held", type=int, metavar="SLICES", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.held:
        print(json.dumps(held(given.held)))
        return
    print(f"load {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores at the start\n")
    print("| what | found |\n|---|---|")
    reading()
    memory()
    viewing()
    print(f"\n{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}.")


def slices(count: int, folder: Path) -> list[File]:
    """Drawn brain slices of one series, as files on the disk."""
    grey = example(MODEL).astype(np.int16)
    scanner = Scanner((1.0, 0.9, 0.9), (count, *grey.shape))
    header = {"Modality": "MR", "RescaleIntercept": -2000, "WindowCenter": 128, "WindowWidth": 256}
    found = []
    for z in range(count):
        path = folder / f"{z:04}.dcm"
        path.write_bytes(scanner.slice(grey, z, **header))
        found.append(File(path.name, path.read_bytes))
    return found


def reading() -> None:
    """All slices as a series, and each as a file of its own."""
    models = find_models()
    with tempfile.TemporaryDirectory() as folder:
        files = slices(SLICES, Path(folder))
        as_series(files[:5], models)  # the network is loaded
        pairs = [
            (seconds(partial(as_series, files, models)), seconds(partial(alone, files, models))) for _ in range(ROUNDS)
        ]
    ratio = statistics.median(one / whole for whole, one in pairs)
    whole = statistics.median(pair[0] for pair in pairs)
    print(f"| {SLICES} slices as a series, speed beside {SLICES} single readings | {ratio:.2f} times |")
    print(f"| a slice of it | {1000 * whole / SLICES:.1f} ms |")


def as_series(files: list[File], models: Catalog) -> None:
    """From files to what a model says of every slice."""
    read_series(arrange(files).series[0], models, MODEL)


def alone(files: list[File], models: Catalog) -> None:
    """Each file as if there were no other."""
    for file in files:
        read_scan(file.read(), file.name, models, model=MODEL)


def seconds(work: partial[None]) -> float:
    """How long something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def memory() -> None:
    """The most that is held while few and many slices are read."""
    few, many = (
        json.loads(subprocess.run([sys.executable, __file__, "--held", str(n)], capture_output=True, check=True).stdout)
        for n in (SLICES // 10, SLICES)
    )
    print(f"| memory for {SLICES} slices beside {SLICES // 10} | {many / few:.2f} times ({many - few:+.0f} MB) |")


def held(count: int) -> float:
    """The most memory of this process, in MB, after reading so many slices."""
    with tempfile.TemporaryDirectory() as folder:
        as_series(slices(count, Path(folder)), find_models())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def ct() -> Path:
    """A drawn chest as an archive: noise is what makes pictures large."""
    import zipfile

    rng, scanner = np.random.default_rng(0), Scanner((1.0, 0.7, 0.7), CT)
    y, x = np.mgrid[: CT[1], : CT[2]]
    body = ((x - 256) / 230) ** 2 + ((y - 256) / 170) ** 2 < 1
    lungs = (np.abs(x - 256) - 106) ** 2 / 85**2 + ((y - 250) / 120) ** 2 < 1
    still = np.where(lungs, LUNG, np.where(body, 40, -1000))
    path = Path(tempfile.mkdtemp()) / "ct.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for z in range(CT[0]):
            values = np.clip(still + rng.normal(0, 18, still.shape), -1024, 1500).astype(np.int16)
            archive.writestr(f"{z:03}.dcm", scanner.slice(values, z))
    return path


def viewing() -> None:
    """The wheel over a CT: pictures that were never seen before, one after the other."""
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import CHROMIUM, QUIET, serving, visit

    with serving(Path(tempfile.mkdtemp()) / "log") as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": 1440, "height": 1200})
        received: list[int] = []
        page.on("websocket", lambda socket: socket.on("framereceived", lambda data: received.append(len(data))))
        visit(page, address, "")
        visit(page, address, "scan")
        page.get_by_test_id("stFileUploader").locator("input").set_input_files(ct())
        page.locator(".stack[data-ready]").wait_for(timeout=120_000)
        page.locator(".stack .pane").press("Home")
        page.wait_for_timeout(2000)
        stack = page.locator(".stack")
        took = [stack.evaluate(TURN) for _ in range(5)]  # the first warm it
        received.clear()
        took = [stack.evaluate(TURN) for _ in range(TURNS)]
        page.wait_for_timeout(500)
        browser.close()
    middle, most = np.percentile(took, [50, 95])
    print(
        f"| a turn of the wheel in {CT[1]} x {CT[2]} x {CT[0]}, median and 95 in 100 | {middle:.0f} ms, {most:.0f} ms |"
    )
    print(f"| what the server sends for it | {sum(received) / TURNS / 1000:.0f} kB |")


TURN = """(stack) => new Promise((done) => {
  const pane = stack.querySelector(".pane");
  pane.focus();
  const start = performance.now();
  const drawn = () => requestAnimationFrame(() => done(performance.now() - start));
  const seen = new MutationObserver(() => { seen.disconnect(); drawn(); });
  seen.observe(stack, { attributes: true, attributeFilter: ["data-ready"] });
  pane.dispatchEvent(new WheelEvent("wheel", { deltaY: 100, bubbles: true, cancelable: true }));
})"""

if __name__ == "__main__":
    main()

"""How long a first visitor waits for the DEMO ward: ``python benchmarks/demo_ward.py`` prints a table.

Each time in a new process with a new record in a temporary folder, as on the first start: the program is imported,
the record made, and the ward of 24 patients read by the models and filed. Seconds on the clock and of the processor,
since the process began; the median of some times.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

STEPS = ("program imported", "record made", "models found", "ward there")


def main() -> None:
    parser = argparse.ArgumentParser(description="How long a first visitor waits for the DEMO ward.")
    parser.add_argument("--times", type=int, default=5, help="how often it is measured")
    parser.add_argument("--once", type=float, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.once is not None:
        print(json.dumps(once(given.once)))
        return
    print(f"load {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores at the start\n")
    found = [_measured() for _time in range(given.times)]
    print(f"| {'since the process began':<24} | clock, s | processor, s |\n|{'-' * 26}|---------:|-------------:|")
    for step in STEPS:
        wall, cpu = (statistics.median(f["steps"][step][k] for f in found) for k in (0, 1))
        print(f"| {step:<24} | {wall:8.2f} | {cpu:12.2f} |")
    print(f"\n{found[0]['patients']} patients, {found[0]['results']} results, {found[0]['megabytes']:.1f} MB on disc")


def _measured() -> dict[str, dict[str, tuple[float, float]]]:
    command = [sys.executable, __file__, "--once", str(time.time())]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, dict[str, tuple[float, float]]] = json.loads(done.stdout.splitlines()[-1])
    return found


def once(began: float) -> dict[str, object]:
    """One measurement in this process, which was begun at ``began``."""
    from medai_core.catalog import find_models
    from medai_core.records.demo import MAKER, make_demo
    from medai_core.records.store import Location, open_store
    from medai_core.records.store.estimates import estimates_of
    from medai_core.records.store.results import scans_of
    from medai_core.records.store.worklist import Asked, find_lines

    steps: dict[str, tuple[float, float]] = {}

    def stamp(step: str) -> None:
        steps[step] = time.time() - began, time.process_time()

    stamp("program imported")
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Location(Path(folder) / "record"))
        stamp("record made")
        models = find_models()
        stamp("models found")
        patients = make_demo(store, MAKER, models)
        stamp("ward there")
        ids = [line.id for line in find_lines(store, Asked(size=100)).lines]
        results = sum(len(s.readings) for id in ids for s in scans_of(store, id))
        results += sum(len(estimates_of(store, id)) for id in ids)
        store.close()
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    return {"steps": steps, "patients": patients, "results": results, "megabytes": size / 1e6}


if __name__ == "__main__":
    main()

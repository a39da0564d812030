"""A ward followed live: an hour early, late and beside Keras, and memory: ``python benchmarks/monitoring.py``.

Stays are drawn and nobody's. One thread on one core (numbers of threads are set before anything is imported). An hour
of the ward: its observations taken in, every stay brought up to date with its risk, interval and alarm. Beside it
the same network's hour through ``model.predict`` of Keras, called as a demonstration calls it: one stay at a time, the
whole stay so far. Memory: of this process after each simulated day.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

os.environ |= {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from medai_core.catalog import Catalog, find_models
from medai_core.prognosis.monitoring import MonitorModel, Ward
from medai_core.prognosis.monitoring.watching import moments
from tests.watched import drawn_table

MODEL = "sepsis_6h_lstm"
HOURS_OF_A_WEEK = 168
LATE = 200


def main() -> None:
    parser = argparse.ArgumentParser(description="A ward followed live: the cost of an hour, and memory.")
    parser.add_argument("--stays", type=int, default=1000)
    parser.add_argument("--model", default=MODEL)
    given = parser.parse_args()
    models = find_models()
    model = models.monitor_model(models.card(given.model))
    print(f"load {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores at the start\n")
    print("| what | found |\n|---|---|")
    took, held = week(model, given.stays)
    each = [1000 * seconds / given.stays for seconds in took]
    middle, worst = np.median(each), max(each)
    print(f"| an hour of a stay among {given.stays}, median and worst hour | {middle:.2f} ms, {worst:.2f} ms |")
    print(f"| memory after days 2 and 7 of a simulated week | {held[1]:.0f} MB, {held[6]:.0f} MB |")
    ratios(model, models)
    print(f"\nOne core, {platform.machine()}, Python {platform.python_version()}.")


def hours(model: MonitorModel, stays: int, count: int) -> Iterator[pd.DataFrame]:
    """The observations of each hour of a ward: a drawn stay, again and again, a little different in every bed."""
    drawn = drawn_table(model.card, stays=1, hours=24)
    hour = np.maximum(np.ceil(drawn["minute"] / 60), 1).astype(int).to_numpy() - 1
    names = [f"S{i}" for i in range(stays)]
    for h in range(count):
        part = drawn[hour == h % 24]
        if h >= 24:
            part = part[~part["parameter"].isin(model.spec.fixed)]
        table = part.loc[part.index.repeat(stays)].copy()
        table["stay"] = names * len(part)
        table["minute"] += 60.0 * (h - h % 24)
        yield table.reset_index(drop=True)


def week(model: MonitorModel, stays: int) -> tuple[list[float], list[float]]:
    """Seconds of every hour of the ward, and the memory in MB after each day."""
    ward, took, held = Ward(model), [], []
    for h, table in enumerate(hours(model, stays, HOURS_OF_A_WEEK)):
        start = time.perf_counter()
        ward.observe(table)
        took.append(time.perf_counter() - start)
        if h % 24 == 23:
            held.append(memory())
    return took, held


def memory() -> float:
    """What this process holds now, in MB; the most that it ever held where the system does not say."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * resource.getpagesize() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def ratios(model: MonitorModel, models: Catalog) -> None:
    """One stay: an hour late beside an hour early, and an hour here beside one of ``model.predict``."""
    ward, took = Ward(model), []
    tables = list(hours(model, 1, LATE + 5))
    for table in tables:
        start = time.perf_counter()
        ward.observe(table)
        took.append(time.perf_counter() - start)
    early, late = statistics.median(took[1:21]), statistics.median(took[LATE - 15 : LATE + 5])
    print(f"| hour {LATE} of a single stay beside hour 2 | {late / early:.2f} times |")
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras

    network = keras.saving.load_model(models.folder_of(model.card) / "model.keras", compile=False)
    from medai_core.prognosis.monitoring import by_hour

    whole = pd.concat(tables[:48], ignore_index=True)
    stay = by_hour(whole, ["S0"], model.card.predictors)
    X = np.concatenate([m.X for m in moments(model, stay, np.array([48]))])[None]
    pairs = []
    for h in (12, 24, 36, 48) * 5:
        start = time.perf_counter()
        network.predict(X[:, :h], verbose=0)
        pairs.append((time.perf_counter() - start) / statistics.median(took[20:]))
    what = "an hour through `model.predict` beside an hour here, which holds trees, line and interval too"
    print(f"| {what} | {statistics.median(pairs):.0f} times |")


if __name__ == "__main__":
    main()

"""Warfarin in many patients: CPU time, and beside an ODE solver: ``python benchmarks/dosing.py``.

One thread on one core (numbers of threads are set before anything is imported). Virtual patients are drawn and
nobody's. The peer integrates the same equations with scipy's ``solve_ivp`` (LSODA, tolerance 1e-6), one patient at
a time as pharmacometric programs do, on a few patients; its time is scaled to all of them.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ |= {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import numpy as np
from scipy.integrate import solve_ivp

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from medai_core.catalog import find_models
from medai_core.precision.dosing.trial import treat
from medai_core.precision.dosing.virtual import draw_patients
from medai_core.precision.pharmacology import Bodies, Floats, course

PEERS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description="Virtual patients on warfarin: CPU seconds and ratios.")
    parser.add_argument("--patients", type=int, default=5000)
    given = parser.parse_args()
    models = find_models()
    model = models.dosing_model(models.trained("dosing")[0])
    days, n = model.spec.days, given.patients
    virtual = draw_patients(model.dosed, n, days, np.random.default_rng(0))
    print("| what | CPU seconds |\n|---|---|")
    doses = np.full((n, days), 5.0)
    ours, inr = timed(lambda: course(virtual.bodies, doses))
    print(f"| {n} patients for {days} days, a fixed dose | {ours:.2f} |")
    took = {}
    for name in model.policies:
        took[name], _ = timed(lambda name=name: treat(virtual, model.regimen(name), model.spec, model.dosed))
        print(f"| the same under {name}, with visits, drift and other drugs | {took[name]:.2f} |")
    theirs, solved = timed(lambda: [by_solver(virtual.bodies, row, days) for row in range(PEERS)])
    off = np.abs(np.array(solved) - inr[:PEERS]).max()
    print("\n| beside | times |\n|---|---|")
    print(f"| `solve_ivp`, a patient at a time, scaled from {PEERS} patients | {theirs / PEERS * n / ours:.0f} |")
    print(f"| Bayesian dosing beside the trained policy | {took['model_based'] / took[model.card.name]:.1f} |")
    print(f"\nLargest difference of the INR from the solver's: {off:.5f}.")
    print(f"One core, {platform.machine()}, Python {platform.python_version()}.")


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of this process, and what came of it."""
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


def by_solver(patients: Bodies, row: int, days: int) -> Floats:
    """The INR of one patient at the end of each day of 5 mg."""
    p = patients.chosen(np.array([row]))
    ka, volume, cl = p.absorption_per_h[0], p.volume_l[0], p.clearance_l_per_h[0]
    half, gamma = p.ec50_mg_per_l[0] ** p.gamma[0], p.gamma[0]
    first, second = 3 / p.transit_hours[0]

    def change(_: float, y: Floats) -> list[float]:
        c = (max(y[1], 0.0) / volume) ** gamma
        left = 1 - p.emax[0] * c / (half + c)
        fast = (first * (left - y[2]), first * (y[2] - y[3]), first * (y[3] - y[4]))
        slow = (second * (left - y[5]), second * (y[5] - y[6]), second * (y[6] - y[7]))
        return [-ka * y[0], ka * y[0] - cl / volume * y[1], *fast, *slow]

    y, found = np.array([0.0, 0.0, *[1.0] * 6]), []
    for _ in range(days):
        y[0] += 5.0 * p.s_share
        y = solve_ivp(change, (0, 24), y, method="LSODA", rtol=1e-6, atol=1e-8).y[:, -1]
        found.append(p.inr_base[0] + p.inr_span[0] * (1 - (y[4] + y[7]) / 2))
    return np.array(found)


if __name__ == "__main__":
    main()

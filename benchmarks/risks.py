"""Risks beside the ordinary ways, in one run: ``python benchmarks/risks.py --peer PYTHON`` prints tables of ratios.

The ordinary ways are kernel SHAP (shap) for what drives a risk and explainerdashboard for a page about a
model. Neither is a dependency of this project; give the Python of an environment of theirs:

    python -m venv peer && peer/bin/pip install shap explainerdashboard
    python benchmarks/risks.py --peer peer/bin/python

Every measurement is a fresh process, ours and the ordinary one in turn, and a ratio is the median of the
pairs' ratios. Without ``--peer`` only what needs no other is measured.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ESTIMATORS = ("logistic", "svm", "tree", "boosting")
PAIRS = 3
ROWS = (10_000, 100_000, 1_000_000)
Facts = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description="Risks beside the ordinary ways.")
    parser.add_argument("--models", type=Path, default=ROOT / "models", help="the folder of model folders")
    parser.add_argument("--outcome", help="the models of which outcome (default: that with the most predictors)")
    parser.add_argument("--peer", help="the Python of an environment with shap and explainerdashboard")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--model", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part:
        PARTS[given.part](given.models, given.model)
        return
    names = models_of(given.models, given.outcome)
    print(f"load {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores at the start\n")
    if given.peer:
        print(explained_table(given, names))
        print(page_table(given, names["logistic"]))
    print(rows_table(given, names["logistic"]))
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}.")


def models_of(models: Path, outcome: str | None) -> dict[str, str]:
    """The model's name for each estimator."""
    sys.path.insert(0, str(ROOT))
    from medai_core.catalog import find_models

    outcomes = find_models(models).outcomes()
    chosen = outcome or max(outcomes, key=lambda name: len(outcomes[name][0].predictors))
    found = {card.prediction.estimator: card.name for card in outcomes[chosen] if card.prediction}
    return {estimator: found[estimator] for estimator in ESTIMATORS if estimator in found}


# What stands in the tables


def measured(python: str, part: str, models: Path, model: str) -> Facts:
    """One part in a process of its own, and the seconds from its start to its answer."""
    words = [python, __file__, "--part", part, "--models", str(models), "--model", model]
    start = time.perf_counter()
    done = subprocess.run(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"The part '{part}' failed.")
    return {**json.loads(done.stdout.splitlines()[-1]), "seconds": seconds}


def ratio(pairs: list[tuple[Facts, Facts]], key: str) -> float:
    return statistics.median(theirs[key] / ours[key] for ours, theirs in pairs)


def explained_table(given: argparse.Namespace, names: dict[str, str]) -> str:
    """One patient explained; both ways have the same game, so their answers are compared too."""
    rows = [
        "| one patient explained | ours | kernel SHAP | ratio, target at least 20 | kernel SHAP is off by |",
        "|---|---|---|---|---|",
    ]
    for name in names.values():
        pairs = [
            (measured(sys.executable, "ours", given.models, name), measured(given.peer, "shap", given.models, name))
            for _ in range(PAIRS)
        ]
        off = max(abs(a - b) for a, b in zip(pairs[0][0]["values"], pairs[0][1]["values"], strict=True))
        own, other = (statistics.median(pair[k]["ms"] for pair in pairs) for k in (0, 1))
        rows.append(f"| {name} | {own:.2f} ms | {other:.0f} ms | {ratio(pairs, 'ms'):.0f} | {off:.3f} in log-odds |")
    return "\n".join([*rows, ""])


def page_table(given: argparse.Namespace, name: str) -> str:
    """All that a page shows, from the start of a process, and with everything imported."""
    pairs = [
        (measured(sys.executable, "page", given.models, name), measured(given.peer, "dashboard", given.models, name))
        for _ in range(PAIRS)
    ]
    rows = ["| a model's page | ours | explainerdashboard, 169 x 30 | ratio, target at least 20 |", "|---|---|---|---|"]
    for what, key in (("from the start of a process", "seconds"), ("once everything is imported", "built")):
        own, other = (statistics.median(pair[k][key] for pair in pairs) for k in (0, 1))
        rows.append(f"| {what} | {own:.2f} s | {other:.1f} s | {ratio(pairs, key):.0f} |")
    return "\n".join([*rows, ""])


def rows_table(given: argparse.Namespace, name: str) -> str:
    """CPU seconds for many patients, and how a row's share of them grows."""
    found = measured(sys.executable, "rows", given.models, name)
    rows = [
        f"| {name}, CPU | {' | '.join(f'{n:,} rows' for n in ROWS)} | a row, last over first |",
        "|---|---|---|---|---|",
    ]
    for what, seconds in found["cpu"].items():
        share = seconds[-1] / ROWS[-1] / (seconds[0] / ROWS[0])
        rows.append(f"| {what} | {' | '.join(f'{s:.2f} s' for s in seconds)} | {share:.2f} |")
    return "\n".join([*rows, "", "Target: under 3 s for 100,000 rows; a row costs no more the more there are.", ""])


# The parts, each in a process of its own


def ours(models: Path, name: str) -> None:
    """One patient explained by the closed form."""
    from medai_core.prognosis.attribution import explain

    model, row = model_and_patient(models, name)
    found = explain(model, row)
    say(values=found.values[0].tolist(), ms=milliseconds(lambda: explain(model, row), 30))


def kernel_shap(models: Path, name: str) -> None:
    """The same patient, prediction, background and players, sampled as shap does when left to itself."""
    import numpy as np
    import shap
    from shap.utils._legacy import DenseData

    model, row = model_and_patient(models, name)
    owner, x = model.encoding.owner, model.encoding.encode(row)
    groups = [np.flatnonzero(owner == j) for j in range(len(model.card.predictors))]
    players = [p.name for p in model.card.predictors]
    explainer = shap.KernelExplainer(
        model.log_odds, DenseData(model.background, players, groups, model.background_weight)
    )

    start = time.perf_counter()
    values = np.ravel(explainer.shap_values(x, silent=True))
    say(values=values.tolist(), ms=1000 * (time.perf_counter() - start))


def page(models: Path, name: str) -> None:
    """All that the page Risk shows of one patient."""
    import pandas as pd

    from medai_core.catalog import find_models
    from medai_core.prognosis.assessment import assess, typical
    from medai_core.prognosis.recourse import recourse
    from medai_core.prognosis.risk import survival

    start = time.perf_counter()
    catalog = find_models(models)
    model = catalog.risk_model(catalog.card(name))
    row = pd.DataFrame([typical(model)])
    found = assess(model, row, explained=True)
    survival(model, row)
    recourse(model, row, float(found.estimates.risk[0]) / 2)
    say(built=time.perf_counter() - start)


def dashboard(models: Path, name: str) -> None:
    """explainerdashboard's page for a logistic regression on 169 x 30, built and not served."""
    from explainerdashboard import ClassifierExplainer, ExplainerDashboard
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression

    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    X = (X - X.mean()) / X.std()
    fitted = LogisticRegression().fit(X[:400], y[:400])
    start = time.perf_counter()
    ExplainerDashboard(ClassifierExplainer(fitted, X[400:], y[400:]))
    say(built=time.perf_counter() - start)


def many_rows(models: Path, name: str) -> None:
    """CPU time of many patients: their risks with intervals, and the whole way from a table as it comes."""
    import pandas as pd

    from medai_core.evaluation.scoring import score
    from medai_core.prognosis.risk import estimate

    model, _ = model_and_patient(models, name)
    example = pd.read_csv(models / name / "example.csv")
    parts: dict[str, Callable[[pd.DataFrame], Any]] = {
        "risks with intervals": lambda table: estimate(model, table),
        "read, checked, scored, warned": lambda table: score(model, table),
    }
    cpu: dict[str, list[float]] = {what: [] for what in parts}
    for n in ROWS:
        table = pd.concat([example] * (n // len(example) + 1), ignore_index=True)[:n]
        for what, part in parts.items():
            start = time.process_time()
            part(table)
            cpu[what].append(time.process_time() - start)
    say(cpu=cpu)


PARTS: dict[str, Callable[[Path, str], None]] = {
    "ours": ours,
    "shap": kernel_shap,
    "page": page,
    "dashboard": dashboard,
    "rows": many_rows,
}


# What the parts share


def model_and_patient(models: Path, name: str) -> tuple[Any, Any]:
    """The model and the last patient of its example: made from quantiles, far from the typical one."""
    import pandas as pd

    from medai_core.cards import read_card
    from medai_core.prognosis.risk import load_model

    folder = models / name
    return load_model(read_card(folder), folder / "model.npz"), pd.read_csv(folder / "example.csv").tail(1)


def milliseconds(task: Callable[[], Any], times: int) -> float:
    """The median time of a task."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        task()
        taken.append(time.perf_counter() - start)
    return 1000 * statistics.median(taken)


def say(**facts: Any) -> None:
    """A line to the process that started this one."""
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    main()

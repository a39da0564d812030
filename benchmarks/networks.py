"""Every network as it is served, beside ``model.predict`` and onnxruntime.

``python benchmarks/networks.py --peer PYTHON`` prints the table; PYTHON is an interpreter that has TensorFlow,
Keras, tf2onnx and onnxruntime, for example from
``python -m venv peer && peer/bin/pip install -r requirements.txt onnx onnxruntime tf2onnx``. The networks are
exported to ONNX there, from the same ``model.keras``. Each way runs in a process of its own, in turn, on one image
and one thread; a ratio is the median of the rounds' ratios. The outputs must agree.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3
SERVED, PREDICTED = 60, 8
"""How often a network is asked; its median time counts."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Networks beside model.predict and onnxruntime.")
    parser.add_argument("--models", type=Path, default=ROOT / "models", help="the folder of model folders")
    parser.add_argument("--peer", help="an interpreter with TensorFlow, tf2onnx and onnxruntime")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--onnx", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part:
        print(json.dumps(PARTS[given.part](given.models, given.onnx)))
        return
    if not given.peer:
        parser.error("--peer is needed")
    with tempfile.TemporaryDirectory() as folder:
        ran(given, "export", given.peer, folder)
        ways = {"ours": sys.executable, "onnx": given.peer}
        rounds = [{part: ran(given, part, ways[part], folder) for part in ways} for _ in range(ROUNDS)]
        predicted = ran(given, "predict", sys.executable, folder)
    print(table(rounds, predicted))


def ran(given: argparse.Namespace, part: str, python: str, onnx: str) -> dict[str, Any]:
    """One part in a process of its own."""
    words = [python, __file__, "--part", part, "--models", str(given.models), "--onnx", onnx]
    quiet = {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, stdout=subprocess.PIPE, env={**os.environ, **quiet}, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def table(rounds: list[dict[str, Any]], predicted: dict[str, Any]) -> str:
    """The table in Markdown, after checking that all ways gave the same answer."""
    lines = [
        "| network | ours | onnxruntime | speed beside it (at least 0.8) | `model.predict` | times faster |",
        "|---|---|---|---|---|---|",
    ]
    for name, ordinary in predicted.items():
        for one in (*(r["onnx"][name] for r in rounds), ordinary):
            apart = max(abs(a - b) for a, b in zip(rounds[0]["ours"][name]["sums"], one["sums"], strict=True))
            if apart > 0.01:
                raise SystemExit(f"{name}: the ways disagree by {apart:.5f}.")
        ours, onnx = (statistics.median(r[way][name]["ms"] for r in rounds) for way in ("ours", "onnx"))
        speed = statistics.median(r["onnx"][name]["ms"] / r["ours"][name]["ms"] for r in rounds)
        missed = "" if speed >= 0.8 else ": missed"
        title = name.replace("_", " ")
        lines.append(
            f"| {title} | {ours:.2f} ms | {onnx:.2f} ms | {speed:.2f}{missed} | {ordinary['ms']:.0f} ms "
            f"| {ordinary['ms'] / ours:.0f} |"
        )
    about = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    return "\n".join([*lines, "", f"One image, one thread; medians of {ROUNDS} rounds of processes; {about}."])


def networks(models: Path) -> list[Path]:
    """Every serving network, and the one beside it that finds a region."""
    return sorted(models.glob("*/*.keras"))


def name_of(path: Path) -> str:
    return path.parent.name + ("" if path.stem == "model" else f" ({path.stem})")


def image_for(shape: tuple[int, ...]) -> Any:
    """The same picture for every way, 0 to 1."""
    import numpy as np

    return np.random.default_rng(0).random((1, *shape), dtype=np.float32)


def answered(ask: Callable[[], dict[str, Any]], times: int) -> dict[str, Any]:
    """The median time, and a number for each output that tells whether two ways agree."""
    import numpy as np

    made = ask()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - start)
    return {
        "ms": 1000 * statistics.median(taken),
        "sums": [float(np.abs(np.asarray(made[k])).mean()) for k in sorted(made)],
    }


# The parts, each in a process of its own


def ours(models: Path, _onnx: Path) -> dict[str, Any]:
    from ai_edge_litert.interpreter import Interpreter

    from medai_core.runtime import Network

    found = {}
    for path in networks(models):
        network = Network(path.with_suffix(".tflite"))
        wanted = Interpreter(str(path.with_suffix(".tflite"))).get_signature_runner().get_input_details()
        inputs = {name: image_for(tuple(x["shape"][1:])) for name, x in wanted.items()}
        found[name_of(path)] = answered(lambda network=network, inputs=inputs: network(**inputs), SERVED)
    return found


def predict(models: Path, _onnx: Path) -> dict[str, Any]:
    import keras

    found = {}
    for path in networks(models):
        network = keras.saving.load_model(path, compile=False)
        inputs = [image_for(tuple(x.shape[1:])) for x in network.inputs]
        found[name_of(path)] = answered(
            lambda network=network, inputs=inputs: network.predict(inputs, verbose=0), PREDICTED
        )
    return found


def export(models: Path, onnx: Path) -> dict[str, Any]:
    import keras

    for path in networks(models):
        network = keras.saving.load_model(path, compile=False)
        network([image_for(tuple(x.shape[1:])) for x in network.inputs])
        network.export(onnx / f"{name_of(path)}.onnx", format="onnx", verbose=False)
    return {}


def onnx(models: Path, onnx: Path) -> dict[str, Any]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    found = {}
    for path in networks(models):
        session = onnxruntime.InferenceSession(onnx / f"{name_of(path)}.onnx", options)
        inputs = {x.name: image_for(tuple(x.shape[1:])) for x in session.get_inputs()}
        names = [x.name for x in session.get_outputs()]
        found[name_of(path)] = answered(
            lambda session=session, inputs=inputs, names=names: dict(
                zip(names, session.run(None, inputs), strict=True)
            ),
            SERVED,
        )
    return found


PARTS: dict[str, Callable[[Path, Path], dict[str, Any]]] = {
    "ours": ours,
    "predict": predict,
    "export": export,
    "onnx": onnx,
}

if __name__ == "__main__":
    main()

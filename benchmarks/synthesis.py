"""Synthetic scans beside Keras: CPU time of 64 images, in one run: ``python benchmarks/synthesis.py``.

One thread on one core (numbers of threads are set before anything is imported). Ours draws the latent points, asks
the network, measures the distance to every training image and withholds what lies too near; the peer is only
``predict`` of the same network as Keras keeps it, in one batch. Each has made a few before it is timed.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ |= {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from medai_core.catalog import find_models
from medai_core.imaging.synthesis import synthesize

PAIRS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description="Synthetic scans: CPU seconds and ratios.")
    parser.add_argument("--models", type=Path, help="the folder of model folders (default: the project's own)")
    parser.add_argument("--count", type=int, default=64)
    given = parser.parse_args()
    models, n = find_models(given.models), given.count
    print(f"| model | {n} images, CPU seconds | withheld | Keras `predict` | times |\n|---|---|---|---|---|")
    for card in models.trained("synthesis"):
        model = models.synthesis_model(card)
        label, keras = model.labels[0], predictor(models.folder_of(card) / "model.keras", len(model.labels))
        synthesize(model, label, 4, 0)
        keras(4)
        pairs = [
            (timed(lambda: synthesize(model, label, n, 1)), timed(lambda: keras(n)))  # noqa: B023
            for _ in range(PAIRS)
        ]
        ours, theirs = (statistics.median(pair[i][0] for pair in pairs) for i in (0, 1))
        ratio = statistics.median(theirs[0] / ours[0] for ours, theirs in pairs)
        print(f"| {card.name} | {ours:.2f} | {pairs[0][0][1].withheld} | {theirs:.2f} | {ratio:.2f} |", flush=True)
    print(f"\nOne core, {platform.machine()}, Python {platform.python_version()}.")


def predictor(path: Path, labels: int) -> Callable[[int], Any]:
    """What makes so many images with the network that Keras keeps."""
    from keras import saving

    import medai_core.training.synthesis.networks  # noqa: F401  # its layers

    network = saving.load_model(path, compile=False)
    rng = np.random.default_rng(0)

    def predict(n: int) -> Any:
        latent = rng.standard_normal((n, network.inputs[0].shape[1]), np.float32)
        label = np.tile(np.eye(labels, dtype=np.float32)[0], (n, 1))
        return network.predict({"latent": latent, "label": label}, batch_size=n, verbose=0)

    return predict


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of this process, and what came of it."""
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


if __name__ == "__main__":
    main()

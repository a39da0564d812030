"""Subtypes in a large matrix: seconds of CPU and memory, beside reading and clustering it in the plain way.

    python benchmarks/subtypes.py [--samples 2000] [--genes 20000]

A drawn matrix is written as CSV. Ours is the whole command: read and check it, choose the number of groups by evidence,
mark genes, write the groups. The peer, in a process of its own, reads it with pandas, standardises, takes 50 principal
components and runs k-means for 2 to 8 groups with silhouettes, all by scikit-learn: no check, no resample, no marker.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
PEER = """
import sys
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score
from sklearn.preprocessing import StandardScaler
table = pd.read_csv(sys.argv[1], index_col=0)
scores = PCA(50, random_state=0).fit_transform(StandardScaler().fit_transform(table.to_numpy("float32")))
for k in range(2, 9):
    silhouette_score(scores, KMeans(k, n_init=20, random_state=0).fit_predict(scores))
"""


def draw(path: Path, samples: int, genes: int) -> None:
    """Log expression of three groups, as CSV with four decimals."""
    rng = np.random.default_rng(0)
    label = rng.integers(0, 3, samples)
    centres = rng.normal(0, 1, (3, genes)) * (rng.random(genes) < 0.1)
    values = 8 + centres[label] + rng.normal(size=(samples, 5)) @ rng.normal(0, 0.3, (5, genes))
    values += rng.normal(0, 0.5, values.shape)
    table = pd.DataFrame(np.round(values, 4), columns=[f"GENE{i}" for i in range(genes)])
    table.insert(0, "sample", [f"s{i:04}" for i in range(samples)])
    table.to_csv(path, index=False)


def measured(words: list[str]) -> tuple[float, float]:
    """Seconds of CPU and the greatest memory in GiB of a process run to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code = (
        "import os, resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, done.returncode)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    memory, status = done.stdout.split()
    assert status == "0", words
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, int(memory) / 2**20


def main() -> None:
    """Print both, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--genes", type=int, default=20000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "matrix.csv"
        draw(path, given.samples, given.genes)
        size = path.stat().st_size / 2**20
        print(f"{given.samples} samples, {given.genes} genes, {size:.0f} MiB of CSV")
        ours = measured([sys.executable, "-m", "medai_core", "subtype", str(path), "--out", f"{folder}/groups.csv"])
        peer = measured([sys.executable, "-c", PEER, str(path)])
        found = pd.read_csv(f"{folder}/groups.csv")["cluster"].nunique()
    print(f"ours: {ours[0]:.1f} s of CPU, {ours[1]:.2f} GiB, {found} groups")
    print(f"pandas and scikit-learn: {peer[0]:.1f} s of CPU, {peer[1]:.2f} GiB")
    print(f"ratio of CPU {ours[0] / peer[0]:.2f}, of memory {ours[1] / peer[1]:.2f}")


if __name__ == "__main__":
    main()

"""How often a name that is written into a picture is seen, and how often a picture without one is suspected.

    python benchmarks/writing.py --data DIR

DIR holds folders with ``manifest.csv`` and ``images``, as for the recipes. Into pictures of the training part,
enlarged to 512 pixels, a made-up name is written in three sizes; the pictures as they are count as free of writing
(some breast ultrasounds are not).
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont
from scipy.stats import binomtest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from medai_core.records.deidentification.writing import looks_written

SETS = ("chest_xray", "brain_mri", "chest_ct_slice", "breast_ultrasound")
WRITTEN = ("SMITH, ANNABEL 1958", "Mueller Hans-Peter", "JONES^BOB ID 47110", "DOE JANE 12/03/1971")
SIZES = (14, 20, 28)
SIDE = 512


def pictures(folder: Path, n: int, rng: np.random.Generator) -> Iterator[NDArray[np.uint8]]:
    """Some pictures of the training part, (y, x)."""
    with (folder / "manifest.csv").open(newline="") as rows:
        files = [row["file"] for row in csv.DictReader(rows) if row["split"] == "train"]
    for i in rng.choice(len(files), min(n, len(files)), replace=False):
        yield np.asarray(Picture.open(folder / files[i]).convert("L"))


def written(pixels: NDArray[np.uint8], size: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The picture, enlarged, with a name in it."""
    picture = Picture.fromarray(pixels)
    picture = picture.resize((SIDE, max(1, SIDE * picture.height // picture.width)))
    place = (int(rng.integers(5, 120)), int(rng.integers(5, 200)))
    ink = int(rng.choice([235, 255]))
    ImageDraw.Draw(picture).text(place, str(rng.choice(WRITTEN)), fill=ink, font=ImageFont.load_default(size))
    return np.asarray(picture)


def main() -> None:
    """Print the shares with their 95 % intervals."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--n", type=int, default=200, help="pictures of each set")
    options = parser.parse_args()
    for name in SETS:
        rng = np.random.default_rng(0)
        found = list(pictures(options.data / name, options.n, rng))
        print(f"{name}, n = {len(found)}")
        print(f"    suspected without a name: {share([looks_written(p) for p in found])}")
        for size in SIZES:
            print(f"    seen at {size} pixels: {share([looks_written(written(p, size, rng)) for p in found])}")


def share(seen: list[bool]) -> str:
    """A share with its interval (Wilson) in words."""
    found = binomtest(sum(seen), len(seen))
    interval = found.proportion_ci(method="wilson")
    return f"{found.statistic:.3f} ({interval.low:.3f} to {interval.high:.3f})"


if __name__ == "__main__":
    main()

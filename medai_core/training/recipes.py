"""What every recipe does alike: its arguments, its images, its provenance, its drawn data for a smoke run."""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import io
import math
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tomli_w
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core.cards import Card, Measured, Provenance, read_card
from medai_core.prognosis.risk import logistic

Pixels = NDArray[np.uint8]

WEIGHTS = {".tflite", ".keras", ".npz"}


@dataclass(frozen=True)
class Options:
    """How a recipe was called.

    Attributes
    ----------
    data : the folder that holds the sets' folders; work : where fitted networks are kept between runs.
    out : the model's folder; smoke : draw a few images instead of reading data, and fit for seconds.
    measure : fit nothing; measure the network that is in the folder already.
    neighbourhoods : fit and measure nothing; divide the training images by the network in the folder.
    further : steps that the networks in the folder learn further, instead of new ones from the start.
    """

    data: Path
    work: Path
    out: Path
    smoke: bool
    seed: int
    command: str
    started: float
    measure: bool = False
    neighbourhoods: bool = False
    further: int = 0


def options(
    folder: Path,
    arguments: Sequence[str] | None = None,
    *,
    measures: bool = False,
    divides: bool = False,
    goes_on: bool = False,
) -> Options:
    """The options of the recipe in ``folder``.

    Parameters
    ----------
    measures : it can measure without fitting; divides : it can divide the training images without either.
    goes_on : it can teach the networks in the folder further.
    """
    parser = _parser(folder, measures=measures, divides=divides, goes_on=goes_on)
    given = parser.parse_args(arguments)
    if not given.smoke and given.data is None:
        parser.error("--data is needed (or --smoke)")
    if given.smoke and given.out == folder:
        parser.error("--smoke must not overwrite the model: give --out")
    work = given.work or Path("work") / folder.name
    command = f"python models/{folder.name}/train.py --data DIR --seed {given.seed}"
    command += " --smoke" if given.smoke else ""
    command += f" --further {given.further}" if goes_on and given.further else ""
    given.out.mkdir(parents=True, exist_ok=True)
    measure = measures and given.measure
    return Options(
        given.data or given.out,
        work,
        given.out,
        given.smoke,
        given.seed,
        command,
        time.monotonic(),
        measure,
        divides and given.neighbourhoods,
        given.further if goes_on else 0,
    )


def _parser(folder: Path, *, measures: bool, divides: bool, goes_on: bool) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=f"Train, measure and export {folder.name}.")
    parser.add_argument("--data", type=Path, help="the folder that holds the data sets")
    parser.add_argument("--work", type=Path, help="where fitted networks are kept between runs (default: work/NAME)")
    parser.add_argument("--out", type=Path, default=folder, help="the model's folder to write to (default: this one)")
    parser.add_argument("--smoke", action="store_true", help="draw a few images and fit for seconds; needs --out")
    parser.add_argument("--seed", type=int, default=7)
    if measures:
        parser.add_argument("--measure", action="store_true", help="fit nothing: measure the network in the folder")
    if divides:
        parser.add_argument(
            "--neighbourhoods", action="store_true", help="fit nothing: divide the training images by the network here"
        )
    if goes_on:
        parser.add_argument("--further", type=int, default=0, metavar="STEPS", help="teach the networks here further")
    return parser


def read_grey(file: str | Path, size: tuple[int, int]) -> Pixels:
    """An image file as (rows, columns) of ``size``, squashed."""
    return resized(np.asarray(Picture.open(file).convert("L")), size)


def resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """``pixels`` squashed to (rows, columns) of ``size``."""
    return np.asarray(Picture.fromarray(pixels).resize((size[1], size[0]), Picture.Resampling.BILINEAR))


def test_files(data: Path, sets: Sequence[str], count: int = 150) -> list[Path]:
    """Up to ``count`` files of the test split of each of the sets, evenly spread over its manifest."""
    files = []
    for name in sets:
        table = pd.read_csv(data / name / "manifest.csv", dtype=str)
        table = table[table["split"] == "test"]
        files += [data / name / str(file) for file in table["file"][:: max(1, len(table) // count)][:count]]
    return files


def begun_card(given: Options, folder: Path) -> Measured | None:
    """What the card in the output folder says so far; the people's part is copied there where it is absent."""
    earlier = read_card(given.out).measured if (given.out / "card.toml").exists() else None
    if given.out != folder:
        (given.out / "card.toml").write_text((folder / "card.toml").read_text(encoding="utf-8"), encoding="utf-8")
    return earlier


def commit() -> str:
    """The commit that the recipe runs from, with "+" when files have been changed since; empty outside a checkout."""
    try:
        words = ["git", "describe", "--always", "--dirty=+", "--abbrev=12"]
        return subprocess.run(
            words, capture_output=True, text=True, check=True, cwd=Path(__file__).parent
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def provenance(given: Options, data: str) -> Provenance:
    """How this run came about."""
    return Provenance(
        commit(),
        given.command,
        given.seed,
        datetime.now(UTC).date().isoformat(),
        round(time.monotonic() - given.started),
        data,
    )


def png(pixels: Pixels) -> bytes:
    """The pixels as a PNG file."""
    stream = io.BytesIO()
    Picture.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def draw_set(
    folder: Path,
    labels: Sequence[str],
    draw: Callable[[int, np.random.Generator], Pixels],
    count: int = 240,
    unit: str = "unit",
) -> None:
    """A drawn set with its manifest, for a smoke run: ``draw`` makes the image of a label number.

    The column called ``unit`` says which images are read together: those of a label and group.
    """
    rng = np.random.default_rng(0)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    rows = [f"file,label,group,split,{unit}"]
    for i in range(count):
        name = f"images/{i:04}.png"
        (folder / name).write_bytes(png(draw(i % len(labels), rng)))
        label, split = labels[i % len(labels)], "test" if i >= 0.8 * count else "train"
        rows.append(f"{name},{label},{label}-{i // 6},{split},{label}-{i // 6}")
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def draw_cohort(card: Card, path: Path) -> None:
    """A drawn cohort in the card's own terms, for a smoke run: the event grows likelier along the first predictors."""
    assert card.prediction is not None
    rng, n = np.random.default_rng(0), 400
    path.parent.mkdir(parents=True, exist_ok=True)
    table: dict[str, Any] = {}
    score = np.zeros(n)
    for i, p in enumerate(card.predictors):
        u = rng.random(n)
        score += (u - 0.5) * max(0, 3 - i)
        names = [c.name for c in p.categories]
        table[p.name] = p.low + u * (p.high - p.low) if p.kind == "number" else [names[int(v * len(names))] for v in u]
    event = rng.random(n) < logistic(2 * score)
    columns = card.prediction.columns
    above = columns.above
    table[columns.event] = np.where(
        event, *(((above or 0) + 1, 0) if above is not None else (columns.happened[0], "no"))
    )
    if columns.time:
        table[columns.time] = np.where(event, rng.uniform(1, 15, n), 20.0)
    if columns.group:
        table[columns.group] = np.arange(n) // 2
    frame = pd.DataFrame(table)
    frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_csv(path, index=False)


def say(text: str) -> None:
    """A line of progress."""
    print(text, flush=True)


def write_hashes(measured: Measured, folder: Path) -> Measured:
    """``measured`` with the hashes of the folder's weights, written to ``measured.toml``."""
    hashes = {
        p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.glob("*.*")) if p.suffix in WEIGHTS
    }
    measured = replace(measured, sha256=hashes)
    write_measured(measured, folder)
    return measured


def write_measured(measured: Measured, folder: Path) -> None:
    """``measured.toml``, numbers to six significant digits."""
    table = _table(dataclasses.asdict(measured))
    (folder / "measured.toml").write_text(tomli_w.dumps(table, multiline_strings=False), encoding="utf-8")


def _table(value: Any) -> Any:
    """What TOML can hold: no None, and floats as short as they are meant."""
    if isinstance(value, dict):
        return {k: _table(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [_table(v) for v in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else value
    return value

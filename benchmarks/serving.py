"""Serving beside the ordinary way, in one run: ``python benchmarks/serving.py`` prints a table of ratios.

The ordinary way is a page that imports TensorFlow, loads the same network, calls ``model.predict`` and
computes Grad-CAM with a gradient tape. Ours is ``medai_core.readings``, which also recognises the kind of
image and checks that the model applies. Every measurement is a fresh process, ours and the ordinary one in
turn, and a ratio is the median of the pairs' ratios.

Only the standard library is imported at the top: a process's peak memory counts that of the one it came from.
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
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MODEL = "chest_radiograph_pneumonia"
PAIRS = 3
SERVED, PREDICTED, FILMS = 50, 8, 25
"""How often each part is timed; its median counts."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Serving beside the ordinary way.")
    parser.add_argument("--models", type=Path, default=ROOT / "models", help="the folder of model folders")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part:
        PARTS[given.part](given.models)
        return
    pairs = [(measured("ours", given.models), measured("ordinary", given.models)) for _ in range(PAIRS)]
    print(table(pairs, measured("film", given.models)))


# What stands in the table


def measured(part: str, models: Path) -> dict[str, Any]:
    """One part in a process of its own, and the seconds from its start to its first answer."""
    words = [sys.executable, __file__, "--part", part, "--models", str(models)]
    quiet = {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    start = time.perf_counter()
    with subprocess.Popen(words, stdout=subprocess.PIPE, env={**os.environ, **quiet}, text=True) as child:
        assert child.stdout is not None
        first = json.loads(child.stdout.readline() or "null")
        seconds = time.perf_counter() - start
        rest = child.stdout.read()
    if first is None or child.returncode:
        raise SystemExit(f"The part '{part}' failed.")
    return {**first, **json.loads(rest), "first_seconds": seconds}


def table(pairs: list[tuple[dict[str, Any], dict[str, Any]]], film: dict[str, Any]) -> str:
    """The table in Markdown, after checking that both ways gave the same answer."""
    for ours, ordinary in pairs:
        apart = max(abs(a - b) for a, b in zip(ours["logits"], ordinary["logits"], strict=True))
        if apart > 1e-3:
            raise SystemExit(f"The two ways disagree by {apart:.5f} in the logits.")
    rows = [
        "| chest radiograph | ours | ordinary way | ratio | target |",
        "|---|---|---|---|---|",
        row("process start to first reading", "first_seconds", "{:.2f} s", pairs, "at least 10 times shorter"),
        row("network and evidence map", "map_ms", "{:.1f} ms", pairs, "at least 30 times faster"),
        row("peak memory", "peak_mb", "{:.0f} MB", pairs, "at most a third"),
        f"| CPU of a 512 x 512 DICOM, read, routed, classified, explained | {film['cpu_ms']:.0f} ms | - | - "
        "| under 150 ms |",
        "",
        f"Medians of {PAIRS} pairs of processes; {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}.",
    ]
    return "\n".join(rows)


def row(what: str, key: str, form: str, pairs: list[tuple[dict[str, Any], dict[str, Any]]], target: str) -> str:
    ours = statistics.median(pair[0][key] for pair in pairs)
    ordinary = statistics.median(pair[1][key] for pair in pairs)
    ratio = statistics.median(pair[1][key] / pair[0][key] for pair in pairs)
    return f"| {what} | {form.format(ours)} | {form.format(ordinary)} | {ratio:.1f} | {target} |"


# The parts, each in a process of its own


def ours(models: Path) -> None:
    """A first reading through ``medai_core.readings``; then the network with its map, alone."""
    from medai_core.catalog import find_models
    from medai_core.readings import read_scan

    catalog, scan = find_models(models), example(models)
    (reading,) = read_scan(scan.read_bytes(), scan.name, catalog)
    say(answer=[f.probability for f in reading.findings], refused=reading.refusal.text if reading.refusal else None)
    from medai_core.imaging.classification import classify
    from medai_core.imaging.saliency import evidence_over_image

    card = catalog.card(MODEL)
    networks, display = partial(catalog.network, card), reading.image.display

    def explain() -> Any:
        made = classify(card, networks, display)
        assert made is not None
        evidence_over_image(made.maps, (display.shape[0], display.shape[1]))
        return made.logits

    logits = explain()
    say(logits=logits.tolist(), map_ms=milliseconds(explain, SERVED, time.perf_counter), peak_mb=peak_mb())


def ordinary(models: Path) -> None:
    """A first reading as a page does it that knows Keras only; then its network with its map, alone."""
    import keras
    import numpy as np
    from PIL import Image

    network = keras.saving.load_model(models / MODEL / "model.keras", compile=False)
    picture = Image.open(example(models)).convert("L")
    if min(picture.size) > 224:
        picture = picture.resize((224, 224), Image.Resampling.BILINEAR)
    pixels = np.asarray(picture.resize((128, 128), Image.Resampling.BILINEAR), dtype=np.float32)[None, ..., None] / 255
    members = with_last_maps(network)

    def explain() -> Any:
        logits = network.predict([pixels], verbose=0)["logits"][0]
        heat = grad_cam(members, pixels, int(logits.argmax()))
        Image.fromarray(heat).resize(picture.size, Image.Resampling.BILINEAR)
        return logits

    logits = explain()
    say(answer=logits.tolist())
    say(logits=logits.tolist(), map_ms=milliseconds(explain, PREDICTED, time.perf_counter), peak_mb=peak_mb())


def with_last_maps(network: Any) -> list[Any]:
    """Each averaged member of the network, with the maps before its head as a second output."""
    import keras

    members = [layer for layer in network.layers if isinstance(layer, keras.Model)] or [network]
    return [keras.Model(m.inputs, [m.get_layer("evidence").input, m.output["logits"]]) for m in members]


def grad_cam(members: list[Any], pixels: Any, k: int) -> Any:
    """Grad-CAM of class ``k`` (Selvaraju 2017), the members' maps averaged, (rows, columns)."""
    import numpy as np
    import tensorflow as tf

    heats = []
    for member in members:
        with tf.GradientTape() as tape:
            maps, logits = member([pixels])
            tape.watch(maps)
            score = logits[:, k]
        weight = tf.reduce_mean(tape.gradient(score, maps), axis=(1, 2), keepdims=True)
        heats.append(tf.nn.relu(tf.reduce_sum(weight * maps, axis=-1))[0].numpy())
    side = max(len(heat) for heat in heats)
    return np.mean([np.kron(heat, np.ones((side // len(heat),) * 2, np.float32)) for heat in heats], axis=0)


def film(models: Path) -> None:
    """CPU time of a whole reading of a 512 x 512 DICOM film, all threads counted."""
    from medai_core.catalog import find_models
    from medai_core.readings import read_scan

    catalog, data = find_models(models), dicom(example(models))

    def read() -> Any:
        (reading,) = read_scan(data, "film.dcm", catalog)
        if reading.evidence is None:
            raise SystemExit(f"The film was not read: {reading.refusal}")

    read()
    say()
    say(cpu_ms=milliseconds(read, FILMS, time.process_time))


PARTS: dict[str, Callable[[Path], None]] = {"ours": ours, "ordinary": ordinary, "film": film}


# What the parts share


def example(models: Path) -> Path:
    """The model's first SYNTHETIC example."""
    return min((models / MODEL).glob("example*.png"))


def dicom(picture: Path) -> bytes:
    """The picture as a 512 x 512 radiograph of 12 bits in an uncompressed DICOM file."""
    from io import BytesIO

    import numpy as np
    from PIL import Image
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

    grey = np.asarray(Image.open(picture).convert("L").resize((512, 512), Image.Resampling.BICUBIC))
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    ds.Modality, ds.BodyPartExamined, ds.ViewPosition, ds.PatientAge = "DX", "CHEST", "AP", "003Y"
    ds.Rows, ds.Columns = grey.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.WindowCenter, ds.WindowWidth = 2048, 4096
    ds.PixelData = (grey.astype(np.uint16) * 16 + 8).tobytes()
    out = BytesIO()
    ds.save_as(out, enforce_file_format=True)
    return out.getvalue()


def milliseconds(task: Callable[[], Any], times: int, clock: Callable[[], float]) -> float:
    """The median time of a task."""
    taken = []
    for _ in range(times):
        start = clock()
        task()
        taken.append(clock() - start)
    return 1000 * statistics.median(taken)


def peak_mb() -> float:
    """The largest memory that this process has held; Linux counts it in kilobytes, macOS in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def say(**facts: Any) -> None:
    """A line to the process that started this one."""
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    main()

"""``synthesize``: scans that no patient ever had, as files with a manifest that recipes and ``evaluate`` read."""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
from functools import partial
from pathlib import Path
from typing import Any

from medai_core.catalog import Catalog
from medai_core.commands.saying import progress_line
from medai_core.errors import Message, RecordError, SynthesisError
from medai_core.imaging.images.synthetic import WORD
from medai_core.imaging.synthesis import Made, SynthesisModel, Synthetic, as_png, name_of, outline_png, synthesize
from medai_core.records.marking import marks
from medai_core.records.store import locate

MANIFEST = "manifest.csv"
SPLIT = "train"
"""Synthetic images measure nothing about patients, so none is of a test split."""


def make(options: argparse.Namespace, models: Catalog) -> int:
    """Write the images of each label that is asked for, and print what was made and what was withheld."""
    model = models.synthesis_model(models.card(options.model))
    labels = list(dict.fromkeys(options.label or model.labels))
    for label in labels:
        model.asked(label)
    _free(options.out)
    tell, marked = progress_line(), _marked()

    def part(i: int, share: float) -> None:
        tell((i + share) / len(labels))

    made = [synthesize(model, label, options.count, options.seed, partial(part, i)) for i, label in enumerate(labels)]
    rows = [_write(options, model, image, marked) for one in made for image in one.images]
    _put(options.out / MANIFEST, _manifest(rows))
    _say(options, model, dict(zip(labels, made, strict=True)), rows, marked)
    return 0


def _free(folder: Path) -> None:
    """Refuse a folder that holds something: nothing is ever overwritten."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SynthesisError("synthesis.there", folder=str(folder))


def _marked() -> bool:
    """Whether the pixels are to be marked: as the record of this installation says, where there is one."""
    from medai_core.commands.records import opened

    location = locate(os.environ)
    if not location.url and not location.folder.exists():
        return True
    with opened() as store:
        return marks(store)


def _write(options: argparse.Namespace, model: SynthesisModel, image: Synthetic, marked: bool) -> dict[str, str]:
    """The files of one image; its row of the manifest."""
    stem, outline = name_of(image), outline_png(image)
    row = {"file": f"{stem}.{'dcm' if options.dicom else 'png'}", "label": image.label, "group": stem, "split": SPLIT}
    if options.dicom:
        from medai_core.records.dicom import as_dicom

        _put(options.out / row["file"], as_dicom(image, model.card, marked=marked))
    else:
        _put(options.out / row["file"], as_png(image, marked=marked))
    if outline is not None:
        row["mask"] = f"{stem}_outline.png"
        _put(options.out / row["mask"], outline)
    return row


def _put(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        detail = error.strerror or str(error)
        raise RecordError("backup.unwritten", folder=str(path.parent), detail=detail) from error


def _manifest(rows: list[dict[str, str]]) -> bytes:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


def _say(
    options: argparse.Namespace,
    model: SynthesisModel,
    made: dict[str, Made],
    rows: list[dict[str, str]],
    marked: bool,
) -> None:
    card, sha256 = model.card, model.card.measured.sha256 if model.card.measured else {}
    if options.json:
        found: dict[str, Any] = {
            "synthetic": Message("notice.synthetic").text,
            "model": {"name": card.name, "version": card.version, "sha256": sha256},
            "seed": options.seed,
            "labels": {label: {"made": len(m.images), "withheld": m.withheld} for label, m in made.items()},
            "nearest_min": model.nearest_min,
            "marked": marked,
            "manifest": str(options.out / MANIFEST),
            "files": [row["file"] for row in rows],
        }
        print(json.dumps(found, ensure_ascii=False))
        return
    for label, one in made.items():
        print(
            f"{card.name} {card.version}: {len(one.images)} {WORD} images of '{label}' from seed {options.seed}; "
            f"{one.withheld} withheld, too near to a training image"
        )
    print(f"{len(rows)} rows in {options.out / MANIFEST}. {Message('notice.synthetic').text}")

"""``segment``: outlines as files beside what was read."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from medai_core.catalog import Catalog
from medai_core.commands.scans import said
from medai_core.errors import ImageError, MedAIError, ModelError


def segment(options: argparse.Namespace, models: Catalog) -> int:
    """Write the mask of each file; 1 where a file could not be read, or its mask not be written.

    A refused file gets no mask: an empty one would say that there is nothing.
    """
    card = models.card(options.model)
    if card.task != "segmentation":
        known = ", ".join(c.name for c in models.trained("segmentation")) or "-"
        raise ModelError("model.outlines_nothing", name=card.name, known=known)
    failed, taken = False, set[Path]()
    for file in options.files:
        line = _line(file, options, models, taken)
        failed |= "error" in line
        print(json.dumps(line) if options.json else _said(line), flush=True)
    return int(failed)


def _line(file: Path, options: argparse.Namespace, models: Catalog, taken: set[Path]) -> dict[str, Any]:
    """What was outlined in one file; the error where it could not be."""
    try:
        return _volume(file, options, models, taken) if options.volume else _frame(file, options, models, taken)
    except OSError as error:
        return {"file": str(file), "error": f"{error.filename or file}: {error.strerror or error}."}
    except MedAIError as error:
        return {"file": str(file), "error": str(error), "error_id": error.message.id}


def _frame(file: Path, options: argparse.Namespace, models: Catalog, taken: set[Path]) -> dict[str, Any]:
    from medai_core.imaging.masks import mask_png
    from medai_core.readings import as_json, read_scan

    data = file.read_bytes()
    reading = read_scan(data, str(file), models, frame=options.frame, model=options.model, kind=options.kind)[0]
    line = as_json(reading)
    if reading.outline is None:
        return line | {"mask": None}
    mask = mask_png(reading.outline, synthetic=reading.image.synthetic)
    return line | {"mask": str(_written(options.out / f"{_stem(file)}_mask.png", mask, taken))}


def _volume(path: Path, options: argparse.Namespace, models: Catalog, taken: set[Path]) -> dict[str, Any]:
    """What was outlined in the slices of a file, a folder or an archive; of the largest series in it."""
    from medai_core.imaging.masks import series_nifti
    from medai_core.imaging.series import arrange, files_at
    from medai_core.readings.series import read_series

    series = arrange(files_at(path)).series[0]
    found = read_series(series, models, options.model, kind=options.kind)
    mask = None
    if found.unread < len(found.answers):
        mask = _written(options.out / f"{_stem(path)}_mask.nii.gz", series_nifti(found.labels(), series), taken)
    return {
        "file": str(path),
        "model": options.model,
        "frames": len(found.answers),
        "frames_refused": sum(answer.refusal is not None for answer in found.answers),
        "areas_px": [answer.area_px for answer in found.answers],
        "volume_ml": None if found.volume_ml is None else round(found.volume_ml, 3),
        "volume_is_at_least": found.volume_ml is not None and found.unread > 0,
        "notices": [notice.text for notice in found.notices],
        "mask": str(mask) if mask else None,
    }


def _stem(file: Path) -> str:
    """The name without its ending, also where that is .nii.gz."""
    return Path(file.stem).stem if file.suffix == ".gz" else file.stem


def _written(path: Path, data: bytes, taken: set[Path]) -> Path:
    """The file written; two scans of one name would overwrite each other, so the second is an error."""
    if path in taken:
        raise ImageError("image.same_name", path=str(path))
    taken.add(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _said(line: dict[str, Any]) -> str:
    if "error" in line or "volume_ml" not in line:
        return said(line) + (f"  {line['mask']}" if line.get("mask") else "")
    size = "volume not known"
    if line["volume_ml"] is not None:
        size = f"{'at least ' if line['volume_is_at_least'] else ''}{line['volume_ml']:g} mL"
    outlined = sum(area > 0 for area in line["areas_px"])
    frames = f"outlined in {outlined} of {line['frames']} frames, {line['frames_refused']} refused"
    notices = " ".join(line["notices"])
    return f"{line['file']}: {line['model']}: {size}, {frames}  {line['mask'] or 'no mask'}{notices and '  ' + notices}"

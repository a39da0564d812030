"""``read`` for what holds many slices: a folder, a zip archive, a file of many frames."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from medai_core.catalog import Catalog
from medai_core.errors import ImageError
from medai_core.imaging.images import open_image
from medai_core.imaging.series import Series, arrange, files_at
from medai_core.imaging.series.files import ZIP
from medai_core.readings import Question, as_json, no_model, read_image_with, read_together
from medai_core.readings.series import models_for, read_series, series_json


def is_series(path: Path) -> bool:
    """Whether the path is a folder, a zip archive, or a file of more than one frame.

    Raises
    ------
    ImageError : the file cannot be read. OSError : it cannot be opened.
    """
    if path.is_dir():
        return True
    data = path.read_bytes()
    return data[:4] == ZIP or open_image(data).frames > 1


def series_lines(path: Path, options: argparse.Namespace, models: Catalog) -> Iterator[dict[str, Any]]:
    """A line for each model that applies to each series; of a single image that lies among them, its readings.

    Raises
    ------
    ImageError : nothing in it is a scan.
    """
    found = arrange(files_at(path))
    for series in found.series:
        try:
            yield from ({"file": str(path)} | line for line in _lines(series, options, models))
        except ImageError as error:  # one series must not cost the others
            yield {"file": f"{path}: {series.parts[0].file.name}", "error": str(error), "error_id": error.message.id}
    for left in found.left_out:
        yield {"file": f"{path}: {left.file}", "error": left.reason.text, "error_id": left.reason.id}


def _lines(series: Series, options: argparse.Namespace, models: Catalog) -> Iterator[dict[str, Any]]:
    one = Question(options.model, options.kind, options.affirm)
    if len(series.slots) == 1:
        yield from map(as_json, read_image_with(series.read(0), series.parts[0].file.name, models, one))
        return
    kind, cards = models_for(series, models, options.kind)
    cards = (models.card(options.model),) if options.model else cards
    if not cards:
        yield _refused(series, kind)
    for card in cards:
        if card.input.unit:
            files = {part.file.name: part.file for part in series.parts}.values()
            yield from map(as_json, read_together([(file.name, file.read()) for file in files], models, one))
            continue
        reading = read_series(series, models, card.name, kind=options.kind, affirm=options.affirm, advance=_progress())
        yield series_json(series, reading)


def _refused(series: Series, kind: str) -> dict[str, Any]:
    reason = no_model(kind)
    return {
        "series": series.header.uids.series,
        "slices": len(series.slots),
        "model": None,
        "refused": reason.text,
        "refusal_id": reason.id,
        "findings": [],
        "notices": [notice.text for notice in series.notices],
    }


def _progress() -> Callable[[int, int], None]:
    """A counter in the terminal, where there is one."""

    def advance(done: int, of: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{done} of {of} slices", end="" if done < of else "\n", file=sys.stderr, flush=True)

    return advance

"""``read`` scans, and ``evaluate`` a model that reads them on a manifest."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medai_core.cards import Card
from medai_core.catalog import Catalog
from medai_core.commands.saying import said_reading, said_series, say_measures
from medai_core.errors import MedAIError, Message


def read(options: argparse.Namespace, models: Catalog) -> int:
    """Print the readings of each file; 1 where one could not be read."""
    if options.model:
        models.card(options.model)
    failed = False
    every = (
        [_lines_together(options, models)] if options.together else (_lines(f, options, models) for f in options.files)
    )
    for lines in every:
        for line in lines:
            failed |= "error" in line
            print(json.dumps(line) if options.json else said(line), flush=True)
    return int(failed)


def _lines(path: Path, options: argparse.Namespace, models: Catalog) -> Iterator[dict[str, Any]]:
    """The readings of one file, or of every series in a folder, an archive or a file of many frames."""
    from medai_core.commands.series import is_series, series_lines
    from medai_core.readings import as_json, read_scan

    try:
        if options.frame is None and is_series(path):
            yield from series_lines(path, options, models)
            return
        data = path.read_bytes()
        found = read_scan(
            data, str(path), models, frame=options.frame, model=options.model, kind=options.kind, affirm=options.affirm
        )
    except OSError as error:
        yield {"file": str(path), "error": f"The file cannot be opened: {error.strerror}."}
    except MedAIError as error:
        yield {"file": str(path), "error": str(error), "error_id": error.message.id}
    else:
        yield from map(as_json, found)


def _lines_together(options: argparse.Namespace, models: Catalog) -> Iterator[dict[str, Any]]:
    """The readings of all files as the slices of one thing, or why there are none."""
    from medai_core.readings import Question, as_json, read_together

    file = ""
    try:
        files = []
        for path in options.files:
            file = str(path)
            files.append((file, path.read_bytes()))
        found = read_together(files, models, Question(options.model, options.kind, options.affirm))
    except OSError as error:
        yield {"file": file, "error": f"The file cannot be opened: {error.strerror}."}
    except MedAIError as error:
        yield {"file": file, "error": str(error), "error_id": error.message.id}
    else:
        yield from map(as_json, found)


def said(line: dict[str, Any]) -> str:
    """A reading, or the error, in a line."""
    if "error" in line:
        return f"{line['file']}: {line['error']}"
    if "answers" in line:
        return said_series(line)
    about = f"{line['file']}: {line['model'] or 'no model'}: "
    if line["refused"]:
        return f"{about}{line['refused']}{_synthetic(line)}"
    sets = f"  (* in the {line['coverage']:.0%} set)" if line["findings"] else ""
    return f"{about}{said_reading(line)}{sets}  {' '.join(line['notices'])}"


def _synthetic(line: dict[str, Any]) -> str:
    """What must be said beside a refusal too."""
    return f"  {line['notices'][0]}" if line["synthetic"] else ""


def evaluate(options: argparse.Namespace, models: Catalog, card: Card) -> int:
    """Print the model's measures on a manifest; 1 where a file of it could not be read."""
    if card.measured is None:
        models.network(card)
    if card.task == "segmentation":
        return _evaluate_outlines(options, models, card)
    return _evaluate_findings(options, models, card)


def _evaluate_findings(options: argparse.Namespace, models: Catalog, card: Card) -> int:
    from medai_core.evaluation import Rule, predict, predictions_table, read_manifest, with_and_without_refusals
    from medai_core.readings import answerer

    assert card.measured is not None
    names = [finding.name for finding in card.findings]
    table = read_manifest(options.manifest, names, options.split)
    made, unread = predict(table, names, answerer(card, models), card.input.unit)
    rule = Rule(card.measured.thresholds, card.measured.sets().quantiles)
    say_measures(
        with_and_without_refusals(made, rule, data=options.split or str(options.manifest)), as_json=options.json
    )
    for file in unread:
        print(f"{file.file}: {file.reason}", file=sys.stderr)
    synthetic = _synthetic_rows(table, card.input.unit)
    rows = predictions_table(made)
    return _written(rows.assign(synthetic=rows["file"].map(synthetic)), options.predictions) or int(bool(unread))


def _synthetic_rows(table: Any, unit: str) -> dict[str, bool]:
    """Whether a program made the files of each unit of a manifest, as they say in words; told where one did."""
    from medai_core.imaging.images import open_image

    found: dict[str, bool] = {}
    count = 0
    for row, path in enumerate(table["file"]):
        try:
            said = open_image(Path(path).read_bytes()).header(0).synthetic
        except (MedAIError, OSError):
            said = False  # it is told as unread
        name = (table[unit].iloc[row] if unit in table else "") or path
        found[name] = found.get(name, False) or said
        count += said
    if count:
        print(Message("synthesis.measured", {"count": count, "files": len(table)}).text, file=sys.stderr)
    return found


def _evaluate_outlines(options: argparse.Namespace, models: Catalog, card: Card) -> int:
    """Overlap with the outlines that people drew: Dice of one region, F1 at an IoU of 0.5 of many objects."""
    from medai_core.evaluation import read_manifest
    from medai_core.evaluation.comparing import compare, comparison_measures, comparisons_table
    from medai_core.readings import outliner

    assert card.outline is not None
    seen, unread = compare(options.manifest, options.split, outliner(card, models))
    found = comparison_measures(seen, many=card.outline.many, data=options.split or str(options.manifest))
    say_measures(found, as_json=options.json)
    for file in unread:
        print(f"{file.file}: {file.reason}", file=sys.stderr)
    synthetic = _synthetic_rows(read_manifest(options.manifest, None, options.split), "")
    rows = comparisons_table(seen)
    return _written(rows.assign(synthetic=rows["file"].map(synthetic)), options.predictions) or int(bool(unread))


def _written(table: Any, path: Path | None) -> int:
    """0 where the table was written, or nobody asked for it."""
    try:
        if path:
            table.to_csv(path, index=False)
    except OSError as error:
        print(f"{path} cannot be written: {error.strerror or error}.", file=sys.stderr)
        return 1
    return 0

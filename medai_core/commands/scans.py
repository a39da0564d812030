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
from medai_core.commands.saying import say_measures
from medai_core.errors import MedAIError


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
            print(json.dumps(line) if options.json else _said(line), flush=True)
    return int(failed)


def _lines(file: Path, options: argparse.Namespace, models: Catalog) -> Iterator[dict[str, Any]]:
    from medai_core.readings import as_json, read_scan

    try:
        data = file.read_bytes()
        found = read_scan(
            data, str(file), models, frame=options.frame, model=options.model, kind=options.kind, affirm=options.affirm
        )
    except OSError as error:
        yield {"file": str(file), "error": f"The file cannot be opened: {error.strerror}."}
    except MedAIError as error:
        yield {"file": str(file), "error": str(error), "error_id": error.message.id}
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


def _said(line: dict[str, Any]) -> str:
    if "error" in line:
        return f"{line['file']}: {line['error']}"
    about = f"{line['file']}: {line['model'] or 'no model'}: "
    if line["refused"]:
        return f"{about}{line['refused']}"
    findings = ", ".join(f"{f['name']} {f['probability']:.3f}{' *' if f['in_set'] else ''}" for f in line["findings"])
    return about + f"{findings}  (* in the {line['coverage']:.0%} set)  {' '.join(line['notices'])}"


def evaluate(options: argparse.Namespace, models: Catalog, card: Card) -> int:
    """Print the model's measures on a manifest; 1 where a file of it could not be read."""
    from medai_core.evaluation import Rule, predict, predictions_table, read_manifest, with_and_without_refusals
    from medai_core.readings import answerer

    if card.measured is None:
        models.network(card)
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
    try:
        if options.predictions:
            predictions_table(made).to_csv(options.predictions, index=False)
    except OSError as error:
        print(f"{options.predictions} cannot be written: {error.strerror or error}.", file=sys.stderr)
        return 1
    return int(bool(unread))

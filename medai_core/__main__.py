"""The command line: ``python -m medai_core models | read | evaluate``."""

from __future__ import annotations

import argparse
import dataclasses
import io
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from medai_core.cards import KINDS, Card
from medai_core.catalog import Catalog, find_models
from medai_core.errors import MedAIError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when all went well, 1 when something could not be read or evaluated, 2 for a wrong call."""
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # File names need not be text, nor a terminal able to show every sign.
            stream.reconfigure(errors="backslashreplace")
    try:
        return int(options.run(options, find_models(options.models)))
    except MedAIError as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader of our output has gone (``| head``); nothing is left to say.
        sys.stderr.close()
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m medai_core", description="Read scans and measure models. For research use."
    )
    parser.add_argument("--models", type=Path, help="the folder of model folders (default: the project's own)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    models = commands.add_parser("models", help="list the models with their cards")
    models.set_defaults(run=_models)

    read = commands.add_parser("read", help="read scans: findings, or the reason why there are none")
    read.add_argument("files", nargs="+", type=Path, metavar="FILE")
    read.add_argument("--model", help="ask this model only")
    read.add_argument("--kind", choices=KINDS, metavar="KIND", help="the kind of image, where you overrule the router")
    read.add_argument("--affirm", action="store_true", help="affirm the models' preconditions (see the card)")
    read.add_argument("--frame", type=int, help="which frame of a multi-frame file, from 0 (default: the middle one)")
    read.set_defaults(run=_read)

    evaluate = commands.add_parser("evaluate", help="measure a model on a manifest of labelled images")
    evaluate.add_argument("model", metavar="MODEL")
    evaluate.add_argument("manifest", type=Path, metavar="MANIFEST.csv")
    evaluate.add_argument("--split", help="only the rows with this value in the column 'split'")
    evaluate.add_argument(
        "--predictions", type=Path, metavar="OUT.csv", help="write one row a file with its probabilities"
    )
    evaluate.set_defaults(run=_evaluate)

    for command in (models, read, evaluate):
        command.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _models(options: argparse.Namespace, models: Catalog) -> int:
    if options.json:
        print(json.dumps([_plain(dataclasses.asdict(card)) for card in models.cards]))
        return 0
    for card in models.cards:
        print(f"{card.name}  {card.version}  {card.title}")
        print(f"    {card.intended_use}")
        print(f"    findings: {', '.join(f.name for f in card.findings)}{_headline(card)}")
    return 0


def _headline(card: Card) -> str:
    if card.measured is None:
        return "; not trained yet"
    found = {m.measure: m for m in card.measured.performance if m.data == "test" and not m.subgroup and not m.model}
    shown = [found[name] for name in ("auc", "balanced_accuracy", "accuracy") if name in found]
    return "".join(f"; {m.measure} {m.value:.3f} ({m.low:.3f} to {m.high:.3f}, n = {m.n})" for m in shown)


def _plain(value: Any) -> Any:
    """What JSON can hold: an undefined number becomes null."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and value != value else value


def _read(options: argparse.Namespace, models: Catalog) -> int:
    if options.model:
        models.card(options.model)
    failed = False
    for file in options.files:
        for line in _lines(file, options, models):
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


def _said(line: dict[str, Any]) -> str:
    if "error" in line:
        return f"{line['file']}: {line['error']}"
    about = f"{line['file']}: {line['model'] or 'no model'}: "
    if line["refused"]:
        return f"{about}{line['refused']}"
    findings = ", ".join(f"{f['name']} {f['probability']:.3f}{' *' if f['in_set'] else ''}" for f in line["findings"])
    return about + f"{findings}  (* in the {line['coverage']:.0%} set)  {' '.join(line['notices'])}"


def _evaluate(options: argparse.Namespace, models: Catalog) -> int:
    from medai_core.evaluation import (
        Rule,
        predict,
        predictions_table,
        read_manifest,
        rounded,
        with_and_without_refusals,
    )
    from medai_core.readings import answerer

    card = models.card(options.model)
    if card.measured is None:
        models.network(card)
    assert card.measured is not None
    names = [finding.name for finding in card.findings]
    made, unread = predict(read_manifest(options.manifest, names, options.split), names, answerer(card, models))
    rule = Rule(card.measured.thresholds, card.measured.sets().quantile)
    found = with_and_without_refusals(made, rule, data=options.split or str(options.manifest))
    values = {
        m.measure: {"value": rounded(m.value), "low": rounded(m.low), "high": rounded(m.high), "n": m.n} for m in found
    }
    print(
        json.dumps(values)
        if options.json
        else "\n".join(f"{k:34} {v['value']}  ({v['low']} to {v['high']}), n = {v['n']}" for k, v in values.items())
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


if __name__ == "__main__":
    sys.exit(main())

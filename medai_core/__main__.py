"""The command line: ``python -m medai_core models | read | risk | monitor | evaluate | record | ...``."""

from __future__ import annotations

import argparse
import dataclasses
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from medai_core.cards import KINDS, Card
from medai_core.catalog import Catalog, find_models
from medai_core.commands.arguments import (
    add_dosing,
    add_exchange,
    add_own_models,
    add_record,
    add_stays,
    add_subtypes,
    add_survival,
    add_synthesis,
)
from medai_core.errors import MedAIError, ModelError


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
        prog="python -m medai_core",
        description="Read scans, estimate risks, measure models, keep a record. For research use.",
    )
    parser.add_argument("--models", type=Path, help="the folder of model folders (default: the project's own)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    models = commands.add_parser("models", help="list the models with their cards")
    models.set_defaults(run=_models)

    read = commands.add_parser("read", help="read scans: findings, or the reason why there are none")
    _add_scans(read)
    read.add_argument("--model", help="ask this model only")
    read.add_argument("--affirm", action="store_true", help="affirm the models' preconditions (see the card)")
    read.add_argument("--together", action="store_true", help="the files are slices of one thing: one reading of all")
    read.set_defaults(run=_read)

    for command in (models, read, _add_segment(commands), _add_risk(commands), _add_evaluate(commands)):
        command.add_argument("--json", action="store_true", help="print JSON")
    add_stays(commands)
    add_subtypes(commands)
    add_survival(commands)
    add_dosing(commands)
    add_synthesis(commands)
    add_record(commands)
    add_exchange(commands)
    add_own_models(commands)
    return parser


def _add_scans(command: argparse.ArgumentParser) -> None:
    command.add_argument("files", nargs="+", type=Path, metavar="FILE")
    command.add_argument(
        "--kind", choices=KINDS, metavar="KIND", help="the kind of image, where you overrule the router"
    )
    command.add_argument(
        "--frame", type=int, help="which frame of a multi-frame file, from 0 (default: the middle one)"
    )


def _add_segment(commands: Any) -> argparse.ArgumentParser:
    segment: argparse.ArgumentParser = commands.add_parser(
        "segment", help="outline what scans show: one <name>_mask.png a file, in the size of the scan"
    )
    _add_scans(segment)
    segment.add_argument("--model", required=True, metavar="NAME", help="the segmentation model")
    segment.add_argument("--out", required=True, type=Path, metavar="DIR")
    segment.add_argument(
        "--volume", action="store_true", help="outline every frame instead, into <name>_mask.nii.gz, and say the volume"
    )
    segment.set_defaults(run=_segment)
    return segment


def _add_risk(commands: Any) -> argparse.ArgumentParser:
    risk: argparse.ArgumentParser = commands.add_parser("risk", help="estimate the risk of every patient in a table")
    risk.add_argument("model", metavar="MODEL")
    risk.add_argument("file", type=Path, metavar="FILE", help="CSV, TSV, Parquet or a FHIR R4 Bundle in JSON")
    risk.add_argument("--explain", action="store_true", help="add what each predictor contributes in log-odds")
    risk.add_argument("--out", type=Path, metavar="OUT", help="write to OUT.csv or OUT.parquet")
    risk.add_argument(
        "--recalibrated", action="store_true", help="as for the place that the model was tested at from outside"
    )
    risk.set_defaults(run=_risk)
    return risk


def _add_evaluate(commands: Any) -> argparse.ArgumentParser:
    evaluate: argparse.ArgumentParser = commands.add_parser(
        "evaluate", help="measure a model on a manifest of labelled images, or on patients with their outcomes"
    )
    evaluate.add_argument("model", metavar="MODEL")
    evaluate.add_argument("manifest", type=Path, metavar="FILE", help="a manifest (CSV), or a table of patients")
    evaluate.add_argument("--split", help="only the rows with this value in the column 'split'")
    evaluate.add_argument(
        "--predictions", type=Path, metavar="OUT.csv", help="write one row a file or patient with what was predicted"
    )
    evaluate.add_argument(
        "--outcomes", type=Path, metavar="FILE", help="what became of stays, where FILE holds their observations"
    )
    evaluate.set_defaults(run=_evaluate)
    return evaluate


def _models(options: argparse.Namespace, models: Catalog) -> int:
    if options.json:
        print(json.dumps([_plain(dataclasses.asdict(card)) for card in models.cards]))
        return 0
    for card in models.cards:
        print(f"{card.name}  {card.version}  {card.title}{_state(card, models)}")
        print(f"    {card.intended_use}")
        found = ", ".join(f.name for f in card.findings)
        print(f"    {f'findings: {found}' if found else card.outcome}{_headline(card)}")
    return 0


def _state(card: Card, models: Catalog) -> str:
    """Where a model of one's own comes from and whether it answers; nothing where none is concerned."""
    replacement = models.replacement(card)
    if replacement:
        return f"  [replaced by {replacement.name}]"
    if not card.own:
        return ""
    source = f"fine-tuned from {card.parent.model} {card.parent.version}" if card.parent else "from elsewhere"
    return f"  [{source}; {'in use' if models.answers(card) else 'not in use'}]"


HEADLINES = (
    "auc",
    "average_precision",
    "utility",
    "balanced_accuracy",
    "accuracy",
    "c_index",
    "time_in_range",
    "inr_above_4",
)
"""What is said of a model in one line."""


def _headline(card: Card) -> str:
    """The first measures of the test split; of a model that watches a stay those of its last hour."""
    if card.measured is None:
        return "; not trained yet"
    data = "cross-validation" if card.survival else "test"
    own = [m for m in card.measured.performance if m.data == data and not m.subgroup and not m.model]
    found = {m.measure: m for m in sorted(own, key=lambda m: m.hour)}
    shown = [found[name] for name in HEADLINES if name in found]
    return "".join(
        f"; {m.measure}{f' at hour {m.hour}' if m.hour else ''} {m.value:.3f} ({m.low:.3f} to {m.high:.3f}, n = {m.n})"
        for m in shown
    )


def _plain(value: Any) -> Any:
    """What JSON can hold: an undefined number becomes null."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and value != value else value


def _read(options: argparse.Namespace, models: Catalog) -> int:
    from medai_core.commands import scans

    return scans.read(options, models)


def _segment(options: argparse.Namespace, models: Catalog) -> int:
    from medai_core.commands import masks

    return masks.segment(options, models)


def _risk(options: argparse.Namespace, models: Catalog) -> int:
    from medai_core.commands import patients

    return patients.risk(options, models)


def _evaluate(options: argparse.Namespace, models: Catalog) -> int:
    card = models.card(options.model)
    if card.task == "risk":
        from medai_core.commands import patients

        return patients.evaluate(options, models, card)
    if card.task == "survival":
        from medai_core.commands import survival

        return survival.evaluate(options, models, card)
    if card.task == "monitoring":
        from medai_core.commands import stays

        return stays.evaluate(options, models, card)
    if card.task == "dosing":
        raise ModelError("dosing.evaluate", name=card.name)
    if card.task == "synthesis":
        raise ModelError("synthesis.evaluate", name=card.name)
    from medai_core.commands import scans

    return scans.evaluate(options, models, card)


if __name__ == "__main__":
    sys.exit(main())

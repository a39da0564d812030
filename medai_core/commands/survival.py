"""``survive``: survival of every patient in a file; ``evaluate`` a model of survival where outcomes are known."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import numpy as np
import pandas as pd

from medai_core.cards import Card
from medai_core.catalog import Catalog
from medai_core.commands.patients import DIGITS, check_suffix, write
from medai_core.commands.saying import say_measures
from medai_core.errors import Message
from medai_core.evaluation.scoring import titled
from medai_core.evaluation.survival import foretold, survival_measures
from medai_core.precision.survival import Answer, Contribution, answers, open_patients
from medai_core.sources.tables import harmless_csv

SHOWN = 5
"""Contributions in a row, the weightiest first."""


def survive(options: argparse.Namespace, models: Catalog) -> int:
    """Print or write one row for each patient, in order; 1 where survival is told of one of them only by refusal."""
    model = models.survival_model(models.card(options.model))
    if options.out:
        check_suffix(options.out)
    patients = open_patients(model, options.file, options.clinical)
    found = answers(model, patients)
    for note in patients.notes:
        print(note.text, file=sys.stderr)
    if options.out:
        write(_table(found, model.card), options.out)
    if options.json:
        sys.stdout.write("".join(json.dumps(_line(a, model.card)) + "\n" for a in found))
    elif options.out:
        print(f"{len(found)} rows, {sum(bool(a.part) for a in found)} of them with survival, in {options.out}.")
    else:
        sys.stdout.write(harmless_csv(_table(found, model.card)).decode("utf-8-sig"))
    sys.stdout.flush()
    return int(any(a.refusals for a in found))


def _table(found: tuple[Answer, ...], card: Card) -> pd.DataFrame:
    return pd.DataFrame([_row(a, card) for a in found])


def _row(found: Answer, card: Card) -> dict[str, Any]:
    assert card.survival is not None
    told = {s.years: s.share for s in found.at}
    row: dict[str, Any] = {"sample": found.sample, "part": found.part}
    for years in card.survival.horizons:
        share = told.get(years)
        for name, value in (("", "value"), ("_low", "low"), ("_high", "high")):
            cell = np.nan if share is None else round(getattr(share, value), DIGITS)
            row[f"survival_{years:g}_years{name}"] = cell
    row["log_hazard"] = round(found.log_hazard, DIGITS)
    row["drivers"] = "; ".join(f"{c.name} {c.log_hazard:+.2f}" for c in drivers(found)[:SHOWN])
    row["refusals"] = " ".join(said(found.refusals, card))
    row["notices"] = " ".join(said(found.notices, card))
    return row


def _line(found: Answer, card: Card) -> dict[str, Any]:
    told = [
        {"years": s.years} | {name: round(getattr(s.share, name), DIGITS) for name in ("value", "low", "high")}
        for s in found.at
    ]
    contributions = [
        {"name": c.name or "other genes", "kind": c.kind, "value": c.value, "log_hazard": round(c.log_hazard, DIGITS)}
        for c in found.contributions
    ]
    return {
        "sample": found.sample,
        "part": found.part or None,
        "survival": told,
        "log_hazard": None if np.isnan(found.log_hazard) else round(found.log_hazard, DIGITS),
        "contributions": contributions,
        "refusals": said(found.refusals, card),
        "notices": said(found.notices, card),
    }


def drivers(found: Answer) -> list[Contribution]:
    """The single predictors and genes, the weightiest first."""
    return sorted((c for c in found.contributions if c.name), key=lambda c: -abs(c.log_hazard))


def said(messages: tuple[Message, ...], card: Card) -> list[str]:
    """Sentences in English, predictors by their titles."""
    return [titled(m, card).text for m in messages]


def evaluate(options: argparse.Namespace, models: Catalog, card: Card) -> int:
    """Print the model's measures on patients whose outcomes the file states; 1 where one was refused."""
    model = models.survival_model(card)
    patients = open_patients(model, options.manifest)
    found = answers(model, patients)
    if options.predictions:
        check_suffix(options.predictions)
        write(_table(found, card), options.predictions)
    judged = foretold(model, patients, found)
    data = str(options.manifest)
    measures = [m for part, each in judged.items() for m in survival_measures(each, data=data, subgroup=part)]
    say_measures(measures, as_json=options.json)
    for a in found:
        for sentence in said(a.refusals, card):
            print(f"{a.sample}: {sentence}", file=sys.stderr)
    return int(any(a.refusals for a in found))

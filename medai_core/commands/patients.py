"""``risk`` of the patients in a table or FHIR bundle, and ``evaluate`` a risk model where outcomes are known."""

from __future__ import annotations

import argparse
import codecs
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from medai_core.cards import Card
from medai_core.catalog import Catalog
from medai_core.commands.saying import say_measures
from medai_core.errors import ManifestError
from medai_core.evaluation import scoring
from medai_core.evaluation.patients import risk_measures
from medai_core.evaluation.scoring import Scored
from medai_core.metrics import Floats, Ints
from medai_core.prognosis.attribution import Contributions, explain
from medai_core.prognosis.risk import RiskModel, recalibrated
from medai_core.sources.patients import PATIENT, open_patients
from medai_core.sources.tables import harmless_csv, parquet

SUFFIXES = (".csv", ".parquet")
DIGITS = 10
"""Decimals of risks and contributions: enough for these to add up to the log-odds of those."""
RESAMPLED = 20_000_000
"""People drawn in all for the intervals of measures; more would take minutes and hardly change them."""


def risk(options: argparse.Namespace, models: Catalog) -> int:
    """Print or write one row for each patient, in order; 1 where one could not be scored."""
    model = models.risk_model(models.card(options.model))
    if options.recalibrated:
        model = recalibrated(model)
    if options.out:
        check_suffix(options.out)
    scored = scoring.score(model, open_patients(options.file, model.card.predictors, now=date.today()))
    why = _why(model, scored) if options.explain else None
    if options.out:
        write(_table(scored, why), options.out)
    if options.json:
        # Not line by line: nobody waits for the first of them, and a hundred thousand are slow to print.
        sys.stdout.write("\n".join(_lines(scored, why)) + "\n")
    elif options.out:
        print(f"{len(scored.table)} rows, {len(scored.place)} of them with a risk, in {options.out}.")
    else:
        sys.stdout.write(harmless_csv(_table(scored, why)).decode("utf-8-sig"))
    sys.stdout.flush()
    return int(not scored.intake.good.all())


@dataclass(frozen=True, eq=False)
class _Why:
    """Contributions of the g scored patients, ``values`` (g, predictors), by the predictors' names."""

    names: tuple[str, ...]
    base: float
    values: Floats


def _why(model: RiskModel, scored: Scored) -> _Why:
    found: Contributions = explain(model, scored.rows)
    return _Why(tuple(p.name for p in model.card.predictors), found.base, found.values)


def _said(scored: Scored) -> list[list[str]]:
    """What stands beside each risk, or the reasons why there is none, (n,) lists of sentences."""
    found: list[list[str]] = [[] for _ in range(len(scored.table))]
    for place, messages in zip(scored.place.tolist(), scored.warnings, strict=True):
        if messages:
            found[place] = [scoring.titled(m, scored.card).text for m in messages]
    for problem in scored.intake.problems:
        found[problem.row - 1].append(problem.text)
    return found


def _patients(scored: Scored) -> dict[str, list[str]]:
    """Who the rows are of, where the file says it as a Bundle does: rows of a table are known by their number."""
    return {PATIENT: scored.table[PATIENT].astype(str).tolist()} if PATIENT in scored.table else {}


def _spread(values: Floats, place: Ints, n: int) -> Floats:
    """Values of the scored patients among all n, nan for the others."""
    whole = np.full(n, np.nan)
    whole[place] = np.round(values, DIGITS)
    return whole


def _table(scored: Scored, why: _Why | None) -> pd.DataFrame:
    n, e = len(scored.table), scored.estimates
    found: dict[str, Any] = {"row": np.arange(1, n + 1)} | _patients(scored)
    found |= {name: _spread(getattr(e, name), scored.place, n) for name in ("risk", "low", "high")}
    good = scored.intake.good
    found["warnings"] = [(" " if scores else "; ").join(s) for s, scores in zip(_said(scored), good, strict=True)]
    if why is not None:
        found["base"] = _spread(np.full(len(scored.place), why.base), scored.place, n)
        for name, values in zip(why.names, why.values.T, strict=True):
            found[f"contribution_{name}"] = _spread(values, scored.place, n)
    return pd.DataFrame(found)


def _lines(scored: Scored, why: _Why | None) -> Iterator[str]:
    """One JSON object a patient."""
    n, e = len(scored.table), scored.estimates
    columns = [np.round(getattr(e, name), DIGITS).tolist() for name in ("risk", "low", "high")]
    reached = dict(zip(scored.place.tolist(), zip(*columns, strict=True), strict=True))
    shares: dict[int, list[float]] = {}
    if why is not None:
        shares = dict(zip(scored.place.tolist(), np.round(why.values, DIGITS).tolist(), strict=True))
    said, ids = _said(scored), _patients(scored)
    for i in range(n):
        risk, low, high = reached.get(i, (None, None, None))
        line: dict[str, Any] = {"row": i + 1} | {name: cells[i] for name, cells in ids.items()}
        line |= {"risk": risk, "low": low, "high": high, "warnings": said[i]}
        if why is not None:
            line["base"] = None if risk is None else round(why.base, DIGITS)
            line["contributions"] = dict(zip(why.names, shares[i], strict=True)) if i in shares else None
        yield json.dumps(line)


def check_suffix(path: Path) -> None:
    """Nothing for a file that a table can be written to; a ``ManifestError`` for another."""
    if path.suffix.lower() not in SUFFIXES:
        raise ManifestError("table.suffix", suffix=path.suffix or path.name)


def write(table: pd.DataFrame, path: Path) -> None:
    """A table to a file, as CSV or Parquet by its name."""
    try:
        # Programs read what this writes, and few of them expect the mark that a spreadsheet wants.
        text = harmless_csv(table).removeprefix(codecs.BOM_UTF8)
        path.write_bytes(parquet(table) if path.suffix.lower() == ".parquet" else text)
    except OSError as error:
        raise ManifestError("table.unwritten", file=str(path), detail=error.strerror or str(error)) from error


def evaluate(options: argparse.Namespace, models: Catalog, card: Card) -> int:
    """Print the model's measures on people whose outcome a table states; 1 where a row could not be scored."""
    model = models.risk_model(card)
    if options.predictions:
        check_suffix(options.predictions)
    table = open_patients(options.manifest, (*card.predictors, *card.groupings), now=date.today())
    number = _of_split(table, options.split)
    scored = scoring.score(model, table.iloc[number].reset_index(drop=True))
    followed = scoring.follow(scored)
    draws = int(np.clip(RESAMPLED // len(followed.cohort), 100, 1000))
    say_measures(
        risk_measures(followed.judged, data=options.split or str(options.manifest), draws=draws), as_json=options.json
    )
    for problem in scored.intake.problems:
        print(f"row {number[problem.row - 1] + 1}: {problem.text}", file=sys.stderr)
    if options.predictions:
        write(_predictions(scored, followed, number), options.predictions)
    return int(not scored.intake.good.all())


def _of_split(table: pd.DataFrame, split: str | None) -> Ints:
    """The rows of a split, from 0; all without one."""
    if not split:
        return np.arange(len(table))
    found = np.flatnonzero(table["split"].astype(str) == split) if "split" in table else np.arange(0)
    if len(found) == 0:
        raise ManifestError("table.no_split", split=split)
    return found


def _predictions(scored: Scored, followed: scoring.Followed, number: Ints) -> pd.DataFrame:
    """One row for each who is judged: the event is empty where nobody knows, and the weight stands in for those."""
    o, e = followed.judged.outcomes, scored.estimates
    kept = np.searchsorted(scored.place, followed.place)
    known = o.weight > 0
    return pd.DataFrame(
        {
            "row": number[followed.place] + 1,
            "event": pd.Series(o.event, dtype="Int64").where(pd.Series(known)),
            **{name: np.round(getattr(e, name)[kept], DIGITS) for name in ("risk", "low", "high")},
            "weight": np.round(o.weight, DIGITS),
        }
    )

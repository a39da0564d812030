"""Commands about stays that are watched: ``monitor``, ``follow``, and ``evaluate`` of a model that watches."""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from medai_core.cards import Card
from medai_core.catalog import Catalog
from medai_core.commands.patients import DIGITS, check_suffix, write
from medai_core.commands.saying import progress_line, say_measures
from medai_core.errors import ManifestError
from medai_core.evaluation.watched import stay_measures
from medai_core.prognosis.monitoring import Answers, Feed, Followed, Ward, answer, by_hour
from medai_core.prognosis.monitoring.cohort import with_outcomes
from medai_core.sources.observations import Observations, open_observations, summary
from medai_core.sources.tables import harmless_csv, open_table

HOURS_MAX = 24 * 366
"""The latest hour that can be asked for."""


def monitor(options: argparse.Namespace, models: Catalog) -> int:
    """Print or write one row for each stay and hour; 1 where one has no risk."""
    model = models.monitor_model(models.card(options.model))
    if options.out:
        check_suffix(options.out)
    wanted = hours_of(options.hours)
    observations = open_observations(options.file, model.card.predictors, now=datetime.now(UTC))
    stays = by_hour(observations.table, observations.stays, model.card.predictors)
    found = answer(model, stays, wanted, estimator=options.estimator, tell=progress_line())
    said = _said(found, observations)
    if options.out:
        write(_table(found, said), options.out)
    if options.json:
        sys.stdout.write("".join(json.dumps(line) + "\n" for line in _lines(found, said)))
    elif options.out:
        print(f"{len(found.stay)} rows of {len(found.stays)} stays in {options.out}.")
    else:
        sys.stdout.write(harmless_csv(_table(found, said)).decode("utf-8-sig"))
    sys.stdout.flush()
    return int(np.isnan(found.risk).any())


def hours_of(given: str | None) -> tuple[int, ...]:
    """The hours in "12,24,48"; none where nothing was given.

    Raises
    ------
    ManifestError : they are no whole numbers from 1.
    """
    if not given:
        return ()
    parts = [part.strip() for part in given.split(",")]
    if not all(re.fullmatch(r"[0-9]{1,4}", part) and 1 <= int(part) <= HOURS_MAX for part in parts):
        raise ManifestError("stays.hours", given=given[:80])
    return tuple(sorted({int(part) for part in parts}))


def _said(found: Answers, observations: Observations) -> list[list[str]]:
    """What stands beside each answer, in sentences."""
    unused = {stay: [m.text for m in said] for stay, said in summary(observations, found.card.predictors).items()}
    return [
        [*(m.text for m in warnings), *unused.get(found.stays[stay], ())]
        for stay, warnings in zip(found.stay.tolist(), found.warnings, strict=True)
    ]


def _table(found: Answers, said: list[list[str]]) -> pd.DataFrame:
    rows = range(len(found.stay))
    names = np.array(found.stays, dtype=object)[found.stay]
    return pd.DataFrame(
        {"stay": names, "hour": found.hour}
        | {name: np.round(getattr(found, name), DIGITS) for name in ("risk", "low", "high")}
        | {
            "drivers": ["; ".join(f"{name} {value:+.2f}" for name, value in found.top(i)) for i in rows],
            "warnings": [" ".join(sentences) for sentences in said],
        }
    )


def _lines(found: Answers, said: list[list[str]]) -> Iterator[dict[str, Any]]:
    for i, (stay, hour) in enumerate(zip(found.stay.tolist(), found.hour.tolist(), strict=True)):
        line: dict[str, Any] = {"stay": found.stays[stay], "hour": hour}
        line |= {name: _number(getattr(found, name)[i]) for name in ("risk", "low", "high")}
        line["drivers"] = [{"predictor": name, "log_odds": _number(value)} for name, value in found.top(i)]
        yield line | {"warnings": said[i]}


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), DIGITS)


def evaluate(options: argparse.Namespace, models: Catalog, card: Card) -> int:
    """Print the model's measures on stays whose outcomes a file states."""
    model = models.monitor_model(card)
    observations = open_observations(options.manifest, card.predictors)
    outcomes = options.outcomes or options.manifest
    cohort = with_outcomes(observations.table, open_table(outcomes), card)
    if not set(cohort.hours.stays) & set(observations.stays):
        raise ManifestError("stays.none")
    if options.predictions:
        check_suffix(options.predictions)
        found = answer(model, cohort.hours, explain=False)
        write(_table(found, [[m.text for m in w] for w in found.warnings]), options.predictions)
    say_measures(stay_measures(model, cohort, data=str(outcomes)), as_json=options.json)
    return 0


def follow(options: argparse.Namespace, models: Catalog) -> int:
    """Print each stay's risk whenever it changes, until interrupted or, with ``--once``, when all is read."""
    model = models.monitor_model(models.card(options.model))
    feed = Feed(options.folder, Ward(model, options.level))
    known: dict[str, str] = {}
    told: set[tuple[str, str]] = set()
    try:
        while True:
            polled = feed.poll(datetime.now(UTC))
            for name, message in polled.problems:
                if (name, message.text) not in told:
                    told.add((name, message.text))
                    print(f"{name}: {message.text}", file=sys.stderr, flush=True)
            _tell(feed.ward, polled.changed, known)
            if options.once:
                return int(bool(polled.problems))
            time.sleep(options.every)
    except KeyboardInterrupt:
        return 0


def _tell(ward: Ward, changed: tuple[str, ...], known: dict[str, str]) -> None:
    """A line of JSON for each stay whose newest risk is another one, the highest risk first."""
    for stay in ward.stays():
        if stay.name in changed and (line := _newest(stay)) != known.get(stay.name):
            known[stay.name] = line
            print(line, flush=True)


def _newest(stay: Followed) -> str:
    point = stay.newest
    assert point is not None
    found: dict[str, Any] = {"stay": stay.name, "hour": point.hour}
    found |= {name: _number(getattr(point, name)) for name in ("risk", "low", "high")}
    unused = sum(stay.unused.values())
    return json.dumps(found | {"alarm": point.alarm, "not_used": unused})

"""A stay to take away: its course as CSV, and all that it rests on as JSON; refusals where there is no risk."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from medai_core.sources.tables import harmless_csv
from ui.cached.stays import Why
from ui.cards.risk import event_title
from ui.frame import research_notice
from ui.language import _, card_words, say
from ui.monitor.answer import Moment, refusal_of
from ui.monitor.said import about, horizon, monitored_of
from ui.taking import take_away

DIGITS = 6


def downloads(moment: Moment, found: Why) -> None:
    """The course up to this hour as CSV, and this hour as JSON."""
    stem = f"{moment.stay.card.outcome}_{moment.stay.id[:8]}_hour_{moment.hour}"
    with st.container(horizontal=True):
        for label, make, suffix, mime in (
            (_("Course as CSV"), partial(as_csv, moment), "csv", "text/csv"),
            (_("Result as JSON"), partial(as_json, moment, found), "json", "application/json"),
        ):
            take_away(
                label,
                make,
                f"{stem}.{suffix}",
                mime,
                object=moment.stay.card.name,
                key=f"monitor_{suffix}",
            )


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), DIGITS)


def course_rows(moment: Moment) -> list[dict[str, Any]]:
    """Every hour so far: its risk, whether an alarm was raised, and why there is no risk where there is none."""
    found, raised = moment.course, set(moment.alarms)
    rows = []
    for k in range(moment.hour):
        refusal = refusal_of(moment.stay.card, k + 1)
        row: dict[str, Any] = {"stay": moment.stay.name, "hour": k + 1}
        row |= {name: _number(getattr(found, name)[k]) for name in ("risk", "low", "high")}
        rows.append(row | {"alarm": k + 1 in raised, "refusal": say(refusal) if refusal else ""})
    return rows


def as_csv(moment: Moment) -> bytes:
    """The course as a table that no spreadsheet runs."""
    card = moment.stay.card
    by = {"model": card.name, "version": card.version, "estimator": moment.estimator}
    more = {"alarm_level": moment.alarming.level.level, "research_use": research_notice()}
    return harmless_csv(pd.DataFrame(course_rows(moment)).assign(**by, **more))


def facts(moment: Moment, found: Why) -> dict[str, Any]:
    """Everything that the answer at this hour rests on."""
    stay, card, upload = moment.stay, moment.stay.card, moment.stay.watched.upload
    assert card.measured is not None
    return {
        "research_use": research_notice(),
        "synthetic": upload.synthetic,
        "stay": stay.name,
        "started": stay.started.isoformat() if stay.started else None,
        "hour": moment.hour,
        "file": upload.name,
        "file_sha256": upload.sha256,
        "outcome": event_title(card),
        "horizon": horizon(card),
        "model": card.name,
        "version": card.version,
        "sha256": dict(card.measured.sha256),
        "estimator": moment.estimator,
        "recommended_estimator": monitored_of(card).recommended,
        **_answer(moment, found),
        "warnings": [say(m) for m in moment.warnings],
        "changes": [vars(c) for c in found.changes],
        "never_measured": list(found.gaps.missing),
        "old_hours": dict(found.gaps.stale),
        "alarm_level": moment.alarming.level.level,
        "missed_event_in_false_alarms": moment.alarming.missed_cost,
        "silent_hours": moment.alarming.silent_hours,
        "course": course_rows(moment),
        "not_used_of_the_file": [about(card, m) for m in stay.watched.unused.get(stay.name, ())],
        "limits": list(card_words(card).limits),
    }


def _answer(moment: Moment, found: Why) -> dict[str, Any]:
    """The risk with what drives it, or the refusal."""
    if moment.refusal is not None:
        return {"refused": say(moment.refusal)}
    risk, low, high = moment.now
    steps = zip(found.drivers.names, found.drivers.values.tolist(), strict=True)
    drivers = {name: round(step, DIGITS) for name, step in steps}
    return {"risk": _number(risk), "low": _number(low), "high": _number(high), "drivers_log_odds": drivers}


def as_json(moment: Moment, found: Why) -> bytes:
    """The answer at this hour as JSON."""
    return json.dumps(facts(moment, found), ensure_ascii=False, indent=1, default=float).encode(
        errors="backslashreplace"
    )

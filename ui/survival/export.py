"""A patient's survival to take away, refusals and warnings included."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from medai_core.errors import Message
from medai_core.sources.tables import harmless_csv
from ui.frame import research_notice
from ui.language import _, card_words, say
from ui.survival.asking import Patient
from ui.survival.drivers import title
from ui.survival.sheet import sheet_of
from ui.survival.told import about, noticed, part_title
from ui.taking import take_away

DIGITS = 6


def downloads(patient: Patient) -> None:
    """The result as JSON and as CSV."""
    stem = f"{patient.card.outcome}_{patient.when:%Y%m%d_%H%M}"
    with st.container(horizontal=True, gap="small"):
        for label, make, suffix, mime in (
            (_("Result as JSON"), as_json, "json", "application/json"),
            (_("Result as CSV"), as_csv, "csv", "text/csv"),
        ):
            make_it = partial(make, patient)
            take_away(label, make_it, f"{stem}.{suffix}", mime, object=patient.card.name, key=f"survive_{suffix}")


def facts(patient: Patient) -> dict[str, Any]:
    """Everything that the result rests on."""
    card, found, upload, row = patient.card, patient.found, patient.upload, patient.one.rows.iloc[0]
    sheet = None if found.refusals else sheet_of(patient)
    return {
        "research_use": research_notice(),
        "synthetic": bool(upload and upload.synthetic),
        "patient": patient.label or None,
        "time": patient.when.isoformat(timespec="seconds"),
        "file": upload.name if upload else None,
        "file_sha256": upload.sha256 if upload else None,
        "model": card.name,
        "version": card.version,
        "sha256": dict(patient.model.measured.sha256),
        "predictors": {p.name: None if pd.isna(row[p.name]) else row[p.name] for p in card.predictors},
        "refused": [about(patient, m) for m in found.refusals] or None,
        "part": found.part or None,
        "survival": [
            {"part": c.part, "years": s.years} | {n: round(v, DIGITS) for n, v in vars(s.share).items() if _is(v)}
            for c in found.courses
            for s in c.at
        ],
        "log_hazard": round(found.log_hazard, DIGITS) if _is(found.log_hazard) else None,
        "contributions_log_hazard": [
            {"name": c.name or None, "kind": c.kind, "value": c.value, "log_hazard": round(c.log_hazard, DIGITS)}
            for c in found.contributions
        ],
        "notices": [] if found.refusals else noticed(patient),
        "treatment_sheet": _sheet(patient, sheet),
        "limits": list(card_words(card).limits),
    }


def _is(value: object) -> bool:
    return isinstance(value, float) and bool(np.isfinite(value))


def _sheet(patient: Patient, sheet: object) -> dict[str, Any] | None:
    if sheet is None or isinstance(sheet, Message):
        return {"refused": say(sheet)} if isinstance(sheet, Message) else None
    warnings, stratum = sheet.warnings, sheet.stratum  # type: ignore[attr-defined]
    return {"warnings": [say(m) for m in warnings], "people_alike": _plain(stratum)}


def _plain(value: Any) -> Any:
    """A record of the core as JSON can hold it."""
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(inner) for name, inner in vars(value).items()}
    return [_plain(inner) for inner in value] if isinstance(value, tuple) else value


def as_json(patient: Patient) -> bytes:
    """The result as JSON."""
    return json.dumps(facts(patient), ensure_ascii=False, indent=1, default=float).encode(errors="backslashreplace")


def as_csv(patient: Patient) -> bytes:
    """The result as a table of two columns, which no spreadsheet runs."""
    found = facts(patient)
    names = ("research_use", "synthetic", "patient", "time", "file", "file_sha256", "model", "version", "part")
    rows = [(name, str(found[name])) for name in names if found[name] is not None]
    rows += [(_("Refused"), sentence) for sentence in found["refused"] or ()]
    rows += [(name, str(value)) for name, value in found["predictors"].items() if value is not None]
    for entry in found["survival"]:
        label = _("{part}, alive at {years:g} years").format(part=part_title(entry["part"]), years=entry["years"])
        rows.append((label, f"{entry['value']} ({entry['low']} to {entry['high']})"))
    rows += [(title(patient, c), f"{c.log_hazard:+.4f}") for c in patient.found.contributions]
    rows += [(_("Notices"), sentence) for sentence in found["notices"]]
    return harmless_csv(pd.DataFrame(rows, columns=[_("Item"), _("Value")]))

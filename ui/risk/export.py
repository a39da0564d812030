"""A patient's result to take away: JSON and CSV, refusals and warnings included."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from medai_core.catalog import PARAMETERS
from medai_core.sources.tables import harmless_csv
from ui.cards.risk import event_title, horizon
from ui.cohort.patients import warning
from ui.forms import refusal_words
from ui.frame import research_notice
from ui.language import _, card_words, predictor_title
from ui.risk.asking import Patient
from ui.taking import take_away


def downloads(patient: Patient) -> None:
    """The result as JSON and as CSV."""
    with st.container(horizontal=True):
        for label, make, suffix, mime in (
            (_("Result as JSON"), as_json, "json", "application/json"),
            (_("Result as CSV"), as_csv, "csv", "text/csv"),
        ):
            take_away(
                label,
                partial(make, patient),
                f"{patient.card.outcome}_{patient.when:%Y%m%d_%H%M}.{suffix}",
                mime,
                object=patient.card.name,
            )


def facts(patient: Patient) -> dict[str, Any]:
    """Everything that the result rests on."""
    card = patient.card
    found: dict[str, Any] = {
        "research_use": research_notice(),
        "patient": patient.label or None,
        "time": patient.when.isoformat(timespec="seconds"),
        "outcome": event_title(card),
        "horizon": horizon(card),
        "model": card.name,
        "version": card.version,
        "sha256": patient.model.measured.sha256.get(PARAMETERS),
        "recalibrated": patient.recalibrated,
        "refused": [refusal_words(card, reason) for reason in patient.refused] or None,
        "predictors": {p.name: {"value": patient.values[p.name], "unit": p.unit} for p in card.predictors},
        "limits": list(card_words(card).limits),
    }
    if patient.assessment is not None and patient.assessment.contributions is not None:
        estimates, why = patient.assessment.estimates, patient.assessment.contributions
        found |= {
            "risk": float(estimates.risk[0]),
            "low": float(estimates.low[0]),
            "high": float(estimates.high[0]),
            "warnings": [warning(m, card) for m in patient.assessment.warnings[0]],
            "base_log_odds": why.base,
            "contributions_log_odds": {p.name: float(v) for p, v in zip(card.predictors, why.values[0], strict=True)},
        }
    return found


def as_json(patient: Patient) -> bytes:
    """The result as JSON."""
    return json.dumps(facts(patient), ensure_ascii=False, indent=1).encode()


def as_csv(patient: Patient) -> bytes:
    """The result as a table of two columns, which no spreadsheet runs."""
    rows: list[tuple[str, str]] = []
    for name, value in facts(patient).items():
        if name == "predictors":
            rows += [
                (predictor_title(patient.card, p.name), patient.said(p.name, patient.values[p.name]))
                for p in patient.card.predictors
            ]
        elif isinstance(value, dict):
            rows += [(f"{name} {inner}", f"{v:.6g}") for inner, v in value.items()]
        elif isinstance(value, list):
            rows += [(name, str(v)) for v in value]
        elif value is not None:
            rows.append((name, str(value)))
    return harmless_csv(pd.DataFrame(rows, columns=[_("Item"), _("Value")]))

"""A dose to take away, refusals included, never without the sentence that it is a simulation; and the patient."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from medai_core.precision.dosing.exports import as_file, as_plain, as_table
from medai_core.sources.tables import harmless_csv
from ui.dosing.case import Case
from ui.dosing.said import refusal_words, simulation
from ui.frame import research_notice
from ui.language import _, card_words
from ui.taking import take_away


def downloads(case: Case) -> None:
    """The advice as JSON and CSV, and the patient as a file that this page opens again."""
    stem = f"{case.card.outcome}_{case.when:%Y%m%d_%H%M}"
    offered = [
        (_("Advice as JSON"), as_json, f"{stem}.json", "application/json"),
        (_("Advice as CSV"), as_csv, f"{stem}.csv", "text/csv"),
    ]
    if case.patient is not None:
        offered.append((_("Patient as JSON"), as_patient, f"{stem}_patient.json", "application/json"))
    with st.container(horizontal=True, gap="small"):
        for label, make, name, mime in offered:
            take_away(label, partial(make, case), name, mime, object=case.card.name, key=f"dosing_take:{make.__name__}")


def facts(case: Case) -> dict[str, Any]:
    """Everything that the advice rests on."""
    card, upload = case.card, case.question.upload
    assert card.measured is not None
    return {
        "research_use": research_notice(),
        "simulation": simulation(),
        "synthetic": case.synthetic,
        "patient_label": case.label or None,
        "time": case.when.isoformat(timespec="seconds"),
        "file": upload.name if upload else None,
        "file_sha256": upload.sha256 if upload else None,
        "inr_file_sha256": case.newer.sha256 if case.newer else None,
        "model": card.name,
        "version": card.version,
        "sha256": dict(card.measured.sha256),
        "patient": as_file(case.patient) if case.patient else None,
        "refused": [refusal_words(card, case.refused)] if case.refused else None,
        "advice": as_plain(case.advice, _) if case.advice else None,
        "limits": list(card_words(card).limits),
    }


def as_json(case: Case) -> bytes:
    """The advice as JSON."""
    return json.dumps(facts(case), ensure_ascii=False, indent=1).encode(errors="backslashreplace")


def as_csv(case: Case) -> bytes:
    """A row for each day and dose that is looked ahead to, which no spreadsheet runs; or the refusal."""
    if case.advice is None:
        assert case.refused is not None
        table = pd.DataFrame([{"refused": refusal_words(case.card, case.refused), "note": simulation()}])
    else:
        table = as_table(case.advice, _)
        table["next_visit_days"] = case.advice.next_visit_days
    table.insert(0, "patient_label", case.label)
    table["synthetic"], table["research_use"] = case.synthetic, research_notice()
    return harmless_csv(table)


def as_patient(case: Case) -> bytes:
    """The patient with doses and INRs, to open again on this page or from the command line."""
    assert case.patient is not None
    made = as_file(case.patient, "SYNTHETIC" if case.synthetic else "")
    return json.dumps(made, ensure_ascii=False, indent=1).encode(errors="backslashreplace")

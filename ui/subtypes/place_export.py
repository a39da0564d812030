"""Placements to take away; a sample that was refused stands there with the reason."""

from __future__ import annotations

import json
from functools import partial
from pathlib import PurePath
from typing import Any

import pandas as pd
import streamlit as st

from medai_core.cards import Card
from medai_core.precision.genomics import Placement, Placements
from medai_core.sources.tables import harmless_csv
from ui.cached.expression import Read
from ui.frame import research_notice
from ui.language import _, card_words, say
from ui.taking import take_away

DIGITS = 6


def downloads(card: Card, read: Read, placements: Placements) -> None:
    """All samples as CSV and as JSON."""
    stem = f"{PurePath(read.upload.name).stem or 'profiles'}_{card.name}"
    with st.container(horizontal=True, gap="small"):
        for label, make, suffix, mime in (
            (_("Placements as CSV"), partial(as_csv, card, read, placements), "csv", "text/csv"),
            (_("Placements as JSON"), partial(as_json, card, read, placements), "json", "application/json"),
        ):
            take_away(label, make, f"{stem}.{suffix}", mime, object=read.upload.sha256, key=f"placed_{suffix}")


def _row(card: Card, p: Placement) -> dict[str, Any]:
    found: dict[str, Any] = {"sample": p.sample, "cluster": p.subtype or None}
    empty = (None,) * len(card.findings)
    for name, values in (("probability", p.probability), ("distance", p.distance)):
        for finding, value in zip(card.findings, values or empty, strict=True):
            found[f"{name}_{finding.name}"] = None if value is None else round(value, DIGITS)
    found["explained"] = None if p.refusal else round(p.explained, DIGITS)
    found["refusal"] = say(p.refusal) if p.refusal else ""
    return found | {"warnings": " ".join(say(m) for m in p.warnings)}


def as_csv(card: Card, read: Read, placements: Placements) -> bytes:
    """One row a sample, which no spreadsheet runs."""
    by = {"model": card.name, "version": card.version, "shared_genes": placements.shared}
    notes = " ".join(say(m) for m in placements.notes)
    rows = pd.DataFrame([_row(card, p) for p in placements.placed])
    return harmless_csv(rows.assign(**by, notes=notes, file_sha256=read.upload.sha256, research_use=research_notice()))


def facts(card: Card, read: Read, placements: Placements) -> dict[str, Any]:
    """Everything that the placements rest on."""
    assert card.measured is not None
    return {
        "research_use": research_notice(),
        "synthetic": read.upload.synthetic,
        "file": read.upload.name,
        "file_sha256": read.upload.sha256,
        "model": card.name,
        "version": card.version,
        "sha256": dict(card.measured.sha256),
        "shared_genes": placements.shared,
        "genes_of_the_model": placements.total,
        "centred_within_the_file": placements.centred,
        "notes": [say(m) for m in (*read.expression.notes, *placements.notes)],
        "samples": [_row(card, p) | {"genes_log_odds": dict(p.genes)} for p in placements.placed],
        "limits": list(card_words(card).limits),
    }


def as_json(card: Card, read: Read, placements: Placements) -> bytes:
    """All samples as JSON."""
    return json.dumps(facts(card, read, placements), ensure_ascii=False, indent=1).encode(errors="backslashreplace")

"""Placements to take away, as the command line writes them; a sample that was refused stands there with the reason."""

from __future__ import annotations

import json
from functools import partial
from pathlib import PurePath

import streamlit as st

from medai_core.cards import Card
from medai_core.precision.genomics import Placements
from medai_core.precision.genomics.tables import placements_table, plain
from medai_core.sources.tables import harmless_csv
from ui.cached.expression import Read
from ui.frame import research_notice
from ui.language import _, speaking
from ui.taking import take_away


def downloads(card: Card, read: Read, placements: Placements) -> None:
    """All samples as CSV and as JSON."""
    stem = f"{PurePath(read.upload.name).stem or 'profiles'}_{card.name}"
    with st.container(horizontal=True, gap="small"):
        for label, make, suffix, mime in (
            (_("Placements as CSV"), partial(as_csv, card, read, placements), "csv", "text/csv"),
            (_("Placements as JSON"), partial(as_json, card, read, placements), "json", "application/json"),
        ):
            take_away(label, make, f"{stem}.{suffix}", mime, object=read.upload.sha256, key=f"placed_{suffix}")


def as_csv(card: Card, read: Read, placements: Placements) -> bytes:
    """One row a sample, which no spreadsheet runs."""
    by = {"model": card.name, "version": card.version, "notes": " ".join(m.text for m in placements.notes)}
    with speaking("en"):
        notice = research_notice()
    return harmless_csv(placements_table(placements).assign(**by, file_sha256=read.upload.sha256, research_use=notice))


def as_json(card: Card, read: Read, placements: Placements) -> bytes:
    """Everything that the placements rest on."""
    assert card.measured is not None
    with speaking("en"):
        notice = research_notice()
    rows = placements_table(placements).to_dict("records")
    found = {
        "research_use": notice,
        "synthetic": read.upload.synthetic,
        "file": read.upload.name,
        "file_sha256": read.upload.sha256,
        "model": card.name,
        "version": card.version,
        "sha256": dict(card.measured.sha256),
        "genes_shared": placements.shared,
        "genes_total": placements.total,
        "centred": placements.centred,
        "notes": [m.text for m in (*read.expression.notes, *placements.notes)],
        "samples": [{name: plain(cell) for name, cell in row.items()} for row in rows],
        "limits": list(card.limits),
    }
    return json.dumps(found, ensure_ascii=False, indent=1).encode(errors="backslashreplace")

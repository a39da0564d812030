"""A grouping to take away: who is in which group, or why in none; marker genes, clinical columns, and all of it."""

from __future__ import annotations

import json
from functools import partial
from pathlib import PurePath
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from medai_core.errors import ManifestError
from medai_core.precision.genomics import Grouping, group_survival
from medai_core.sources.tables import harmless_csv
from ui.cached.expression import Read
from ui.frame import research_notice
from ui.language import _, say
from ui.subtypes.said import answer_words
from ui.taking import take_away

DIGITS = 6
MARKERS = 100
"""Marker genes of each group in the JSON; the CSV has all."""


def downloads(read: Read, grouping: Grouping, columns: tuple[str, str] | None) -> None:
    """Three tables and one file with everything."""
    stem = f"{PurePath(read.upload.name).stem or 'matrix'}_{grouping.method}_{grouping.k or 'no'}_groups"
    csv = "text/csv"
    offered = [(_("Groups as CSV"), partial(groups_csv, read, grouping), "groups.csv", csv)]
    if grouping.k:
        offered += [
            (_("Marker genes as CSV"), partial(markers_csv, grouping), "markers.csv", csv),
            (_("Clinical columns as CSV"), partial(associations_csv, grouping), "clinical.csv", csv),
        ]
    offered.append(
        (_("Everything as JSON"), partial(as_json, read, grouping, columns), "everything.json", "application/json")
    )
    with st.container(horizontal=True, gap="small"):
        for label, make, name, mime in offered:
            take_away(label, make, f"{stem}_{name}", mime, object=read.upload.sha256, key=f"subtypes_{name}")


def refusal(grouping: Grouping) -> str:
    """Why no sample has a group; empty where they have."""
    return "" if grouping.k else _said(grouping, "genomics.none_stable")


def warning(grouping: Grouping) -> str:
    """That the groups are not stable, or are outliers; empty where there is nothing to say."""
    return " ".join(filter(None, (_said(grouping, id) for id in ("genomics.unstable", "genomics.tiny"))))


def _said(grouping: Grouping, id: str) -> str:
    return " ".join(say(m) for m in grouping.warnings if m.id == id)


def group_rows(grouping: Grouping) -> list[dict[str, Any]]:
    """Each sample with its group, or without."""
    every = zip(grouping.matrix.samples, grouping.label.tolist(), grouping.silhouette.tolist(), strict=True)
    return [{"sample": s, "cluster": g or None, "silhouette": _number(width)} for s, g, width in every]


def groups_csv(read: Read, grouping: Grouping) -> bytes:
    """Who is in which group; where no grouping is stable the column is empty and the reason stands beside it."""
    rows = pd.DataFrame(group_rows(grouping)).astype({"cluster": "Int64"})
    more = {"refusal": refusal(grouping), "warning": warning(grouping), "method": grouping.method}
    return harmless_csv(rows.assign(**more, file_sha256=read.upload.sha256, research_use=research_notice()))


def markers_csv(grouping: Grouping) -> bytes:
    """Every gene of every group, with the warning that its p is too small."""
    said = {"warning": " ".join(filter(None, (warning(grouping), _said(grouping, "genomics.double_use"))))}
    return harmless_csv(grouping.markers.assign(**said, research_use=research_notice()))


def associations_csv(grouping: Grouping) -> bytes:
    """Every clinical column that could be compared."""
    said = {"warning": " ".join(filter(None, (warning(grouping), _said(grouping, "genomics.reused"))))}
    return harmless_csv(grouping.associations.assign(**said, research_use=research_notice()))


def facts(read: Read, grouping: Grouping, columns: tuple[str, str] | None) -> dict[str, Any]:
    """Everything that the answer rests on."""
    used, matrix = grouping.used, grouping.matrix
    return {
        "research_use": research_notice(),
        "synthetic": read.upload.synthetic,
        "file": read.upload.name,
        "file_sha256": read.upload.sha256,
        "notes": [say(m) for m in read.expression.notes],
        "steps": [say(m) for m in matrix.steps],
        "method": grouping.method,
        "answer": answer_words(grouping),
        "k": grouping.k or None,
        "stable": bool(used and used.holds),
        "chosen_by_evidence": grouping.chosen.k if grouping.chosen else None,
        "refused": refusal(grouping) or None,
        "warnings": [say(m) for m in grouping.warnings],
        "evidence": [vars(e) | {"stable": e.holds} for e in grouping.evidence],
        "agreement": grouping.agreement,
        "explained": matrix.explained.tolist(),
        "groups": group_rows(grouping),
        "marker_genes": _records(grouping.markers.groupby("group").head(MARKERS)) if grouping.k else [],
        "marker_genes_listed_of_each_group": MARKERS,
        "clinical_columns": _records(grouping.associations),
        "survival": _survival(grouping, columns),
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [dict(row) for row in table.astype(object).where(table.notna(), None).to_dict("records")]


def _survival(grouping: Grouping, columns: tuple[str, str] | None) -> dict[str, Any] | None:
    if columns is None:
        return None
    try:
        found = group_survival(grouping.matrix, grouping.label, grouping.clinical, columns)
    except ManifestError as error:
        return {"refused": say(error.message)}
    curves = {
        str(group): {name: np.asarray(value).tolist() for name, value in vars(c).items()}
        for group, c in found.curves.items()
    }
    test = vars(found.test) if found.test else None
    return {
        "time": found.time,
        "event": found.event,
        "n": found.n,
        "left_out": found.left_out,
        "log_rank": test,
        "curves": curves,
    }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(value, DIGITS)


def as_json(read: Read, grouping: Grouping, columns: tuple[str, str] | None) -> bytes:
    """Everything as JSON."""
    return json.dumps(facts(read, grouping, columns), ensure_ascii=False, indent=1, default=_plain).encode(
        errors="backslashreplace"
    )


def _plain(value: Any) -> Any:
    """A number of NumPy's as one of Python's."""
    return value.item() if isinstance(value, np.generic) else float(value)

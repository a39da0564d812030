"""A grouping to take away: who is in which group, or why in none; marker genes, clinical columns, and all of it.

Tables and JSON are those of the command line, in English, with what stands beside the result on the page.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import PurePath
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from medai_core.errors import ManifestError
from medai_core.precision.genomics import Grouping, GroupSurvival, group_survival
from medai_core.precision.genomics.tables import grouping_summary, groups_table, plain
from medai_core.sources.tables import harmless_csv
from ui.cached.expression import Read
from ui.frame import research_notice
from ui.language import _, speaking
from ui.subtypes.said import answer_words
from ui.taking import take_away

CSV, JSON = "text/csv", "application/json"
Columns = tuple[str, str] | None


def downloads(read: Read, grouping: Grouping, columns: Columns) -> None:
    """Three tables and one file with everything."""
    stem = f"{PurePath(read.upload.name).stem or 'matrix'}_{grouping.method}_{grouping.k or 'no'}_groups"
    everything = partial(as_json, read, grouping, columns)
    offered = [(_("Groups as CSV"), partial(groups_csv, read, grouping), "groups.csv", CSV)]
    if grouping.k:
        offered += [
            (_("Marker genes as CSV"), partial(markers_csv, read, grouping), "markers.csv", CSV),
            (_("Clinical columns as CSV"), partial(associations_csv, read, grouping), "clinical.csv", CSV),
        ]
    offered.append((_("Everything as JSON"), everything, "everything.json", JSON))
    with st.container(horizontal=True, gap="small"):
        for label, make, name, mime in offered:
            take_away(label, make, f"{stem}_{name}", mime, object=read.upload.sha256, key=f"subtypes_{name}")


def groups_csv(read: Read, grouping: Grouping) -> bytes:
    """Who is in which group; where no grouping is stable that column is empty and the reason stands beside it."""
    return _csv(groups_table(grouping, read.expression.samples), read, grouping)


def markers_csv(read: Read, grouping: Grouping) -> bytes:
    """Every gene of every group, with the warning that its p is too small."""
    return _csv(grouping.markers.assign(note=_warnings(grouping, "genomics.double_use")), read, grouping)


def associations_csv(read: Read, grouping: Grouping) -> bytes:
    """Every clinical column that could be compared."""
    return _csv(grouping.associations.assign(note=_warnings(grouping, "genomics.reused")), read, grouping)


def _csv(table: pd.DataFrame, read: Read, grouping: Grouping) -> bytes:
    with speaking("en"):
        notice = research_notice()
    by = {"method": grouping.method, "file_sha256": read.upload.sha256}
    return harmless_csv(table.assign(**by, research_use=notice))


def _warnings(grouping: Grouping, *ids: str) -> str:
    return " ".join(m.text for m in grouping.warnings if m.id in ("genomics.unstable", "genomics.tiny", *ids))


def as_json(read: Read, grouping: Grouping, columns: Columns) -> bytes:
    """Everything that the answer rests on."""
    refused, survival = None, None
    try:
        survival = _survival(grouping, columns)
    except ManifestError as error:
        refused = error.message.text
    with speaking("en"):
        beside = {
            "research_use": research_notice(),
            "synthetic": read.upload.synthetic,
            "file": read.upload.name,
            "file_sha256": read.upload.sha256,
            "notes": [m.text for m in read.expression.notes],
            "answer": answer_words(grouping),
        }
    samples = _records(groups_table(grouping, read.expression.samples))
    found = beside | grouping_summary(grouping, survival) | {"survival_refused": refused}
    found |= {"survival_curves": _curves(survival) if survival else None, "samples": samples}
    return json.dumps(found, ensure_ascii=False, indent=1).encode(errors="backslashreplace")


def _survival(grouping: Grouping, columns: Columns) -> GroupSurvival | None:
    if columns is None or not grouping.k:
        return None
    return group_survival(grouping.matrix, grouping.label, grouping.clinical, columns)


def _curves(found: GroupSurvival) -> dict[str, dict[str, Any]]:
    return {
        str(group): {name: plain(tuple(np.atleast_1d(value).tolist())) for name, value in vars(curve).items()}
        for group, curve in found.curves.items()
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): None if cell is pd.NA else plain(cell) for name, cell in row.items()}
        for row in table.to_dict("records")
    ]

"""What is handed out of subtypes: one row a sample, refusals and doubts included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from medai_core.precision.genomics.grouping import Grouping
from medai_core.precision.genomics.markers import GroupSurvival
from medai_core.precision.genomics.placing import Placement, Placements

DIGITS = 6
MARKERS = 20
"""Marker genes of each group in a summary."""


def groups_table(found: Grouping, order: Sequence[str] = ()) -> pd.DataFrame:
    """``sample, cluster, silhouette, note``; a sample without a group has an empty cluster and the reason as a note.

    Parameters
    ----------
    order : the samples' names as they shall stand; as the matrix has them where it is empty.
    """
    grouped = found.label > 0
    note = " ".join(m.text for m in found.warnings if m.id in ("genomics.none_stable", "genomics.unstable"))
    table = pd.DataFrame(
        {
            "sample": found.matrix.samples,
            "cluster": pd.Series(np.where(grouped, found.label, 0), dtype="Int64").where(grouped),
            "silhouette": np.round(found.silhouette, DIGITS),
            "note": note,
        }
    )
    return table.set_index("sample").loc[list(order)].reset_index() if order else table


def placements_table(found: Placements) -> pd.DataFrame:
    """One row a sample: the subtype with its probability, distances and genes, or the refusal."""
    names = tuple(f.name for f in found.card.findings)
    return pd.DataFrame([_row(p, names) for p in found.placed])


def _row(p: Placement, names: Sequence[str]) -> dict[str, Any]:
    nothing = (float("nan"),) * len(names)
    row: dict[str, Any] = {"sample": p.sample, "cluster": p.subtype}
    row |= {f"probability_{n}": v for n, v in zip(names, _rounded(p.probability or nothing), strict=True)}
    row["possible"] = " ".join(p.possible)
    row |= {f"distance_{n}": v for n, v in zip(names, _rounded(p.distance or nothing), strict=True)}
    row["explained"] = round(p.explained, DIGITS)
    row["genes"] = "; ".join(f"{gene} {value:+.2f}" for gene, value in p.genes)
    row["refusal"] = p.refusal.text if p.refusal else ""
    return row | {"warnings": " ".join(m.text for m in p.warnings)}


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(v, DIGITS) for v in values]


def grouping_summary(found: Grouping, survival: GroupSurvival | None = None) -> dict[str, Any]:
    """Everything that was found, as JSON can hold it, but for the samples."""
    return {
        "k": found.k or None,
        "k_by_evidence": found.chosen.k if found.chosen else None,
        "stable": bool(found.used and found.used.holds),
        "method": found.method,
        "steps": [m.text for m in found.matrix.steps],
        "warnings": [m.text for m in found.warnings],
        "evidence": [
            {name: plain(value) for name, value in vars(e).items()} | {"holds": e.holds} for e in found.evidence
        ],
        "agreement": {name: plain(value) for name, value in found.agreement.items()},
        "survival": survival_summary(survival) if survival else None,
        "associations": [{k: plain(v) for k, v in row.items()} for row in found.associations.to_dict("records")],
        "markers": [
            {k: plain(v) for k, v in row.items()}
            for row in (found.markers.groupby("group").head(MARKERS).to_dict("records") if found.k else [])
        ],
    }


def survival_summary(found: GroupSurvival) -> dict[str, Any]:
    """The log-rank test and how many of each group died."""
    test = found.test
    return {
        "time": found.time,
        "event": found.event,
        "n": found.n,
        "left_out": found.left_out,
        "log_rank_chi2": plain(test.statistic) if test else None,
        "log_rank_p": float(test.p) if test else None,
        "groups": {str(g): {"n": curve.n, "events": curve.events} for g, curve in found.curves.items()},
    }


def plain(value: Any) -> Any:
    """A value as JSON can hold it: no numpy, no nan; a small p keeps its digits."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None
    return list(value) if isinstance(value, tuple) else value

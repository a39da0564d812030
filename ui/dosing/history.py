"""The table of doses and INRs by day of treatment, to be edited."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from medai_core.errors import Message, PatientError
from medai_core.precision.dosing import DoseChange, DrugChange, InrValue, Patient
from medai_core.precision.dosing.patient import LONGEST_DAYS
from medai_core.precision.dosing.people import DRUGS
from ui.language import _, say

BLANK = 2
"""Empty rows at the end, ready for what comes next."""

CHANGES = {f"{sign}{drug}": (drug, not sign) for drug in DRUGS for sign in ("", "-")}
"""What can happen with another drug, as files of patients write it."""


@dataclass(frozen=True)
class History:
    """What happened by day of treatment, in any order."""

    doses: tuple[DoseChange, ...]
    inrs: tuple[InrValue, ...]
    drug_changes: tuple[DrugChange, ...]


def ask_history(key: str, start: Patient | None) -> pd.DataFrame:
    """The table as it was edited, begun with what a file says."""
    whole, number = st.column_config.NumberColumn, st.column_config.NumberColumn
    edited = st.data_editor(
        _begun(start),
        num_rows="dynamic",
        hide_index=True,
        placeholder="",
        width="stretch",
        key=f"{key}:history",
        alt=_("Doses and INRs by day of treatment, to be edited"),
        column_config={
            "day": whole(_("Day"), step=1, format="%d", width=60),
            "dose": number(_("Dose, mg/day"), format="%.2f", width=110),
            "inr": number(_("INR"), format="%.1f", width=65),
            "drug": st.column_config.SelectboxColumn(_("Other drug"), options=list(CHANGES), format_func=_change_title),
        },
    )
    st.caption(
        _(
            "Day 0 is that of the first dose. An INR is measured in the morning; a dose is taken from its day on, "
            "averaged over a week. Leave a cell empty where nothing changed."
        )
    )
    return edited


def _change_title(name: object) -> str:
    drug, taken = CHANGES[str(name)]
    title = say(Message(f"drug.{drug}"))
    return _("{drug}, started").format(drug=title) if taken else _("{drug}, stopped").format(drug=title)


def _begun(start: Patient | None) -> pd.DataFrame:
    """One row a day, and empty ones."""
    rows: dict[int, dict[str, Any]] = {}
    for dose in start.doses if start else ():
        rows.setdefault(dose.day, {})["dose"] = dose.dose_mg_per_day
    for value in start.inrs if start else ():
        rows.setdefault(value.day, {})["inr"] = value.inr
    more = []
    for change in start.drug_changes if start else ():
        row = rows.setdefault(change.day, {})
        name = change.drug if change.taken else f"-{change.drug}"
        if "drug" in row:
            more.append({"day": change.day, "drug": name})
        row.setdefault("drug", name)
    table = [*({"day": day, **rows[day]} for day in sorted(rows)), *more, *({} for _row in range(BLANK))]
    columns = {"day": "Int64", "dose": "Float64", "inr": "Float64", "drug": "string"}
    return pd.DataFrame(table, columns=list(columns)).astype(columns)


def read_history(table: pd.DataFrame) -> History:
    """What the rows tell; empty ones nothing.

    Raises
    ------
    PatientError : a row has something and no day.
    """
    doses, inrs, changes = [], [], []
    for day, row in _told(table):
        if "dose" in row:
            doses.append(DoseChange(day, float(row["dose"])))
        if "inr" in row:
            inrs.append(InrValue(day, float(row["inr"])))
        if row.get("drug") in CHANGES:
            changes.append(DrugChange(day, *CHANGES[row["drug"]]))
    return History(tuple(doses), tuple(inrs), tuple(changes))


def _told(table: pd.DataFrame) -> Iterator[tuple[int, dict[str, Any]]]:
    """The day and the rest of each row that says anything."""
    for given in table.to_dict("records"):
        row = {str(name): value for name, value in given.items() if not pd.isna(value)}
        day = row.pop("day", None)
        if not row:
            continue
        if day is None:
            expected = Message("dosing.whole", {"low": 0, "high": LONGEST_DAYS})
            raise PatientError("dosing.value", field="day", value="", expected=(expected,))
        yield int(day), row

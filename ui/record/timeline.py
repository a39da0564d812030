"""Everything that happened to a patient's record, the newest first, and the whole record to take away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

import pandas as pd
import streamlit as st

from medai_core.records.access import Person
from medai_core.records.store import Store
from medai_core.records.store.estimates import estimates_of
from medai_core.records.store.patients import Patient
from medai_core.records.store.portrait import portrait
from medai_core.records.store.results import note_export, reports_of, scans_of
from medai_core.records.store.vitals import vitals_of
from ui import cached, kept, people, signin, words
from ui.cards.risk import outcome_title
from ui.frame import research_notice
from ui.language import _
from ui.results import empty_state
from ui.taking import take_away

Event = tuple[datetime, str, str, str]
"""When, what, about what, by whom."""


def timeline(patient: Patient) -> None:
    """One line an event."""
    st.header(_("Timeline"), anchor=False)
    events = sorted((*_of_scans(patient), *_of_risks(patient), *_of_others(patient)), reverse=True)
    if not events:
        empty_state("history", _("Nothing yet"), _("What is filed, read and judged is listed here."), "empty_timeline")
        return
    table = pd.DataFrame(
        [(people.local_time(at), what, about, _(by)) for at, what, about, by in events],
        columns=[_("Time"), _("What"), _("About"), _("By")],
    )
    st.dataframe(table, hide_index=True, height=min(36 * (len(table) + 1), 400), alt=_("Timeline"))


def _of_scans(patient: Patient) -> Iterator[Event]:
    for scan in scans_of(kept.store(), patient.id):
        yield scan.filed_at, _("Scan filed"), scan.file, scan.filed_by
        for stored in scan.readings:
            card = stored.card(cached.models_by_name().get(stored.reading.model or ""))
            yield stored.at, _("Scan read"), words.answer_or_refusal(stored.reading, card), stored.by
            for verdict in stored.verdicts:
                said = _("Agreed") if verdict.agrees else _("Disagreed")
                yield verdict.at, said, _(verdict.why) or scan.file, verdict.by_name


def _of_risks(patient: Patient) -> Iterator[Event]:
    for e in estimates_of(kept.store(), patient.id):
        card = cached.models_by_name().get(e.model)
        said = words.percent(e.risk) if e.risk is not None else _("refused")
        yield e.at, _("Risk filed"), f"{outcome_title(card) if card else e.outcome}: {said}", e.by
        for verdict in e.verdicts:
            yield verdict.at, _("Agreed") if verdict.agrees else _("Disagreed"), _(verdict.why), verdict.by_name


def _of_others(patient: Patient) -> Iterator[Event]:
    entered: dict[datetime, list[str]] = {}
    by: dict[datetime, str] = {}
    for v in vitals_of(kept.store(), patient.id):
        entered.setdefault(v.at, []).append(v.parameter)
        by[v.at] = v.by
    for at, names in entered.items():
        yield at, _("Vital signs taken"), _("{n} values").format(n=len(names)), by[at]
    for report in reports_of(kept.store(), patient.id):
        yield report.at, _("Handed out"), f"{report.format} · SHA-256 {report.sha256[:12]}…", report.by


def ask_export(patient: Patient) -> None:
    """The whole record as JSON; that it was taken away is entered."""
    store, person = kept.store(), signin.person()
    take_away(
        _("Record as JSON"),
        lambda: _content(store, person, patient, research_notice()),
        f"record_{patient.id[:8]}.json",
        "application/json",
        entered=True,
    )


def _content(store: Store, person: Person, patient: Patient, notice: str) -> bytes:
    content = json.dumps({"research_use": notice} | portrait(store, patient), ensure_ascii=False, indent=1).encode()
    note_export(store, person, patient.id, "json", content)
    return content

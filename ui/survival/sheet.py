"""The treatment discussion sheet: what people like this one received, and how they fared. It is no trial."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from medai_core.cards.survival import Fared
from medai_core.errors import Message
from medai_core.precision.survival import Sheet
from medai_core.precision.survival import sheet as core_sheet
from medai_core.records.report.treatment import NODES, PARTS, THIRDS, followed, received_words, treatment_sheet
from ui import words
from ui.language import _, say, wording
from ui.results import plain
from ui.survival.asking import Patient
from ui.taking import take_away


def sheet_of(patient: Patient) -> Sheet | Message:
    """The sheet of a patient, or why there is none."""
    return core_sheet(patient.model, patient.found)


def treatment(patient: Patient) -> None:
    """The sheet with its warnings first, and as PDF."""
    st.subheader(_("Treatment discussion sheet"), anchor=False)
    found = sheet_of(patient)
    if isinstance(found, Message):
        st.info(plain(say(found)), icon=":material/info:")
        return
    for message in found.warnings:
        st.warning(plain(say(message)), icon=":material/warning:")
    stratum = found.stratum
    said = _("{n} people of the cohort, {deaths} of whom died: {nodes}, {third} by {part}, treatment left out of it.")
    about = {"nodes": _(NODES[stratum.nodes]), "third": _(THIRDS[stratum.third]), "part": _(PARTS[stratum.part])}
    st.markdown(plain(said.format(n=stratum.n, deaths=stratum.deaths, **about)))
    everybody = Fared("", stratum.n, stratum.deaths, stratum.survival)
    _fared(patient, _("Drugs"), (*stratum.drugs, everybody), stratum.hidden_drugs)
    _fared(patient, _("Operation"), stratum.surgery, stratum.hidden_surgery)
    spoken = wording()
    take_away(
        _("Treatment discussion sheet as PDF"),
        lambda: treatment_sheet(found, spoken, patient=patient.label),
        f"{patient.card.outcome}_sheet_{patient.when:%Y%m%d_%H%M}.pdf",
        "application/pdf",
        object=patient.card.name,
        key="survive_pdf",
    )


def _fared(patient: Patient, title: str, entries: Sequence[Fared], hidden: Sequence[str]) -> None:
    if entries:
        st.table(
            pd.DataFrame([_row(patient, title, entry) for entry in entries]),
            hide_index=True,
            border="horizontal",
            alt=_("What people like this one received, and how they fared") + ": " + title,
        )
    if hidden:
        names = words.joined([received_words(name, patient.card, wording()) for name in hidden])
        st.caption(plain(_("Fewer than 10, without numbers: {names}.").format(names=names)))


def _row(patient: Patient, title: str, entry: Fared) -> dict[str, str]:
    told = {s.years: s for s in entry.survival}
    received = received_words(entry.received, patient.card, wording()) if entry.received else _("All of these")
    row = {title: words.sentence(received), "n": f"{entry.n}", _("Died"): f"{entry.deaths}"}
    for years in patient.model.spec.horizons:
        column = _("Alive at {years} years (95 % interval)").format(years=f"{years:g}")
        row[column] = followed(told.get(years), wording())
    return row

"""A whole series on the Scan page: choose it, look at it, read it, measure in it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from medai_core.errors import MedAIError
from medai_core.imaging.series import Arranged, Series
from medai_core.records.store.belonging import misfit
from medai_core.records.store.patients import Patient
from ui.cached import Scan
from ui.cached import series as cached_series
from ui.language import _
from ui.record.filing import say_misfit
from ui.results import notices, problem
from ui.series.facts import header, left_out, title
from ui.series.looking import look
from ui.series.reading import ask_reading

LEAST = 3
"""Slices from which files are offered as a series."""


def ask_series(scans: Sequence[Scan]) -> tuple[str, Series, Arranged] | None:
    """The series to show with its name for keys; None where there is none, or the reader looks at each image alone."""
    try:
        found = cached_series.arranged(scans)
    except MedAIError as error:
        if error.message.id == "series.too_many":
            problem(error)
            st.stop()
        return None  # what is wrong with each file is said where each is read
    offered = [series for series in found.series if len(series.slots) >= LEAST]
    if not offered:
        return None
    id = cached_series.name_of(scans)
    choices = {"series": _("Whole series"), "images": _("Single images")}
    how = st.segmented_control(
        _("Look at"), list(choices), format_func=choices.__getitem__, default="series", key=f"how:{id}", required=True
    )
    if how != "series":
        return None
    number = 0
    if len(offered) > 1:
        number = st.selectbox(
            _("Series"), range(len(offered)), format_func=lambda i: title(offered[i], i), key=f"series:{id}"
        )
    return f"{id}:{number}", offered[number], found


def show(id: str, series: Series, found: Arranged, patient: Patient | None) -> None:
    """All of a series: whose it is, what is wrong with it, the viewer, and what a model says of its slices.

    Nothing but its header is shown beside an open patient whom it contradicts.
    """
    header(series)
    why = misfit(series.header, patient.details, demo=patient.demo) if patient is not None else None
    if why is not None:
        say_misfit(series.parts[0].file.name, why)
        st.caption(_("Close the open patient to look at it."))
        return
    notices(series.notices)
    left_out(found)
    answer, images = st.columns([2, 3], gap="medium")
    with answer:
        read = ask_reading(id, series)
    with images:
        look(id, series, read)

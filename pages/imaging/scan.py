"""Scans in; findings with their evidence, or a refusal with its reason, out."""

import streamlit as st

from ui import cached, export, results, scans, series
from ui.frame import frame
from ui.language import _
from ui.record import filing, opened
from ui.viewer import viewer

frame(_("Scan"), _("Read a scan with every model that applies to it, and see what each one looked at."))

patient = opened.opened()
if patient is not None:
    opened.banner(patient)

given = scans.ask(patient)
if not given:
    st.stop()

whole = series.ask_series(given)
if whole is not None:
    series.show(*whole, patient)
    st.stop()

asked = scans.ask_readings(given)
if asked is None:
    st.stop()

scan, reading, readings = asked
card = cached.card_of(reading.model)
results.header(reading, card)
answer, images = st.columns([2, 3], gap="medium")
with answer:
    results.result(reading, card)
    if card:
        results.limits(card)
    export.downloads(reading, card, scan.data)
    filing.ask_filing(scan, readings, patient, given)
with images:
    viewer(reading, card)

"""The slice that is shown, read by itself, with what was measured on it kept in the reading."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from medai_core.errors import MedAIError
from medai_core.imaging.measurements import Measurement
from medai_core.imaging.series import Part, Series, Volume
from medai_core.readings import Reading
from medai_core.records.store.patients import Patient
from ui import cached, export, results
from ui.cached import Box, Request, Scan
from ui.language import _, card_words
from ui.record import filing, opened
from ui.results import problem
from ui.viewer import viewer
from ui.viewer.stack import Mark, view_of


def ask_slice(id: str, series: Series, volume: Volume, measured: Mapping[Mark, Measurement | None]) -> None:
    """Offer to read the slice that is shown, in the box around the area that was marked on it if there is one."""
    view = view_of(id, volume)
    part = series.slots[view.number] if view.plane == volume.planes[0] else None
    if part is None:
        return
    label = _("Read slice {i} by itself").format(i=view.number + 1)
    help = _("With its evidence; an area marked on it is the region that is read in, where a model takes one.")
    if not st.toggle(label, key=f"single:{id}:{view.number}", help=help):
        return
    place = (view.plane, view.number)
    here = {mark: found for mark, found in measured.items() if found and (mark.plane, mark.number) == place}
    try:
        scan = _scan(part)
        readings = _read(f"{id}:{view.number}", scan, part, box_of(volume, here))
    except MedAIError as error:
        problem(error)
        return
    kept = tuple(replace(r, measurements=tuple(native(volume, m, f) for m, f in here.items())) for r in readings)
    _show(scan, kept, opened.opened())


def _scan(part: Part) -> Scan:
    data = part.file.read()
    return Scan(part.file.name, data, hashlib.sha256(data).hexdigest())


def asked_frame(part: Part) -> int | None:
    """The frame to ask for; None for a file of one, which is asked for whole."""
    return part.frame if part.frames > 1 else None


def _read(key: str, scan: Scan, part: Part, box: Box | None) -> tuple[Reading, ...]:
    """The readings of one slice, each in ``box`` where its model takes a region."""
    frame = asked_frame(part)
    readings = cached.read(scan, Request(frame=frame))
    found = []
    for reading in readings:
        card = cached.card_of(reading.model)
        if card is None or card.input.unit:
            found.append(reading)
            continue
        affirm = False
        if card.precondition:
            label = _("I affirm: {precondition}").format(precondition=card_words(card).precondition)
            affirm = st.checkbox(label, key=f"single_affirm:{key}:{card.name}")
        region = box if card.input.region is not None else None
        asked = Request(frame, card.name, None, affirm, region)
        found.append(cached.read(scan, asked)[0] if affirm or region else reading)
    return tuple(found)


def box_of(volume: Volume, here: Mapping[Mark, Measurement]) -> Box | None:
    """The box around the area that was marked last, (top, left, bottom, right) in the slice's own pixels."""
    areas = [mark for mark in here if mark.kind == "area"]
    if not areas:
        return None
    at = [volume.nearest(areas[-1].plane, areas[-1].number, row, column) for row, column in areas[-1].points]
    rows, columns = [y for _z, y, _x in at], [x for _z, _y, x in at]
    return min(rows), min(columns), max(rows) + 1, max(columns) + 1


def native(volume: Volume, mark: Mark, found: Measurement) -> Measurement:
    """The same with its points in the slice's own pixels."""
    at = [volume.nearest(mark.plane, mark.number, row, column) for row, column in mark.points]
    return replace(found, points=tuple((float(y), float(x)) for _z, y, x in at))


def _show(scan: Scan, readings: tuple[Reading, ...], patient: Patient | None) -> None:
    for number, reading in enumerate(readings):
        card = cached.card_of(reading.model)
        with st.container(border=True, key=f"single_{number}"):
            results.header(reading, card)
            results.result(reading, card)
            if card:
                results.limits(card, key=f"single_limits_{number}")
            viewer(reading, card, name=f":single{number}", draw=False)
            export.downloads(reading, card, scan.data, key=f"single_{number}")
    filing.ask_filing(scan, readings, patient)

"""Asking for scans, and for what is to be read from one of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from medai_core.cards import KINDS
from medai_core.catalog import Sample
from medai_core.errors import N_, MedAIError, Message
from medai_core.readings import Reading
from medai_core.records.store.patients import Patient
from ui import cached, pacs, words
from ui.cached import Request, Scan
from ui.language import _, card_words, kind_title, say
from ui.results import empty_state, problem, unreadable
from ui.viewer import drawn_box

UNITS = (N_("nodule"),)
"""What models read several images of together, as their cards call it; another name is shown as it is."""


def ask(patient: Patient | None) -> list[Scan]:
    """The scans that the reader gives: uploads, or else those of a study in the PACS, or a sample to try."""
    uploads, tries = st.columns([3, 2], gap="medium")
    with uploads:
        files = st.file_uploader(
            _("Scans"),
            accept_multiple_files=True,
            key="scans",
            help=_(
                "DICOM, NIfTI, PNG, JPEG or TIFF, alone, as the files of a series or in a zip archive; the content "
                "decides, not the name. Files stay in this session."
            ),
        )
    if files:
        return [scan for f in files for scan in _inside(Scan(f.name, f.getvalue(), _sha256(f.getvalue())))]
    with tries:
        sample = _ask_sample()
        fetched = pacs.ask_study((patient.details.number or "") if patient else "")
    if fetched:
        return fetched
    if sample:
        data = sample.path.read_bytes()
        return [Scan(sample.path.name, data, _sha256(data))]
    empty_state(
        "radiology",
        _("No scan yet"),
        _("Drop one or more scans above, or try a sample. Each is read by the models that apply to it."),
    )
    return []


def _inside(scan: Scan) -> list[Scan]:
    """The scan, or the files of an archive; one that cannot be opened is said and left out."""
    try:
        return cached.inside(scan)
    except MedAIError as error:
        unreadable(scan.name, error)
        return []


def _ask_sample() -> Sample | None:
    """A drawn or bundled scan, chosen from a list."""
    offered = {sample.name: sample for sample in cached.samples_to_try()}
    chosen = st.selectbox(
        _("Or try a sample"),
        list(offered),
        index=None,
        format_func=lambda name: _sample_title(offered[name]),
        placeholder=_("Choose a sample"),
        help=_("None shows a patient: SYNTHETIC examples are drawn, the others come with a library."),
        key="sample",
        disabled=not offered,
    )
    return offered[chosen] if chosen else None


def _sample_title(sample: Sample) -> str:
    """The sample's title, with the model's title in the reader's language."""
    card = next((card for card in cached.models().cards if sample.name.startswith(card.name + "/")), None)
    if card is None:
        return say(sample.title)
    return say(Message(sample.title.id, {**sample.title.facts, "title": card_words(card).title}))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def ask_readings(scans: Sequence[Scan]) -> tuple[Scan, Reading, tuple[Reading, ...]] | None:
    """The scan to show with one reading of it and all of them; None where it cannot be read, which is then said.

    Of several files it is one that the reader chooses, or all of them together as the slices of one thing.
    """
    if len(scans) > 1:
        readable = _table(scans)
        unit = _unit_of(scans)
        label = _("These {n} files are the slices of one {unit}: read them together")
        key = "together:" + _named(scans)
        if unit and st.toggle(label.format(n=len(scans), unit=_(unit)), key=key):
            return _read_together(scans)
        scan = _choose(scans, readable)
    else:
        scan = scans[0]
    try:
        return (scan, *ask_reading(scan))
    except MedAIError as error:
        unreadable(scan.name, error)
        return None


def _named(scans: Sequence[Scan]) -> str:
    return _sha256("".join(scan.sha256 for scan in scans).encode())


def _unit_of(scans: Sequence[Scan]) -> str:
    """What the files may be slices of: of a model that reads slices together and takes all of these for its kind."""
    try:
        kinds = {reading.kind.name for scan in scans for reading in cached.outline(scan) if reading.kind}
    except MedAIError:
        return ""
    cards = cached.models().trained("classification")
    return next((card.input.unit for card in cards if card.input.unit and kinds <= set(card.input.kinds)), "")


def _read_together(scans: Sequence[Scan]) -> tuple[Scan, Reading, tuple[Reading, ...]] | None:
    """One reading of all files; the file that counts most stands for them."""
    try:
        readings = cached.read_together(scans)
    except MedAIError as error:
        problem(error)
        return None
    shown = next(scan for scan in scans if scan.sha256 == readings[0].image.sha256)
    return shown, readings[0], readings


def _table(scans: Sequence[Scan]) -> int:
    """Every scan in a line; the number of the first that can be read."""
    rows, readable = _summary(scans)
    st.subheader(_("{n} scans").format(n=len(scans)), anchor=False)
    st.dataframe(
        pd.DataFrame(rows).fillna(""),
        hide_index=True,
        height=min(36 * (len(rows) + 1), 400),
        alt=_("Each uploaded scan with its patient, time, model and result"),
    )
    return readable


def _choose(scans: Sequence[Scan], readable: int) -> Scan:
    """The scan to show in full."""
    index = st.selectbox(
        _("Show in full"),
        range(len(scans)),
        index=readable,
        format_func=lambda i: f"{i + 1} · {scans[i].name}",
        key="shown:" + _named(scans),
    )
    return scans[index]


def _summary(scans: Sequence[Scan]) -> tuple[list[dict[str, Any]], int]:
    """The table's rows, and the index of the first scan that can be read."""
    rows: list[dict[str, Any]] = []
    first = None
    bar = st.progress(0.0, _("Reading the scans"))
    for i, scan in enumerate(scans):
        bar.progress(i / len(scans), _("Reading scan {i} of {n}").format(i=i + 1, n=len(scans)))
        try:
            found = [_row(scan, reading) for reading in cached.outline(scan)]
            first = i if first is None else first
        except MedAIError as error:
            found = [{_("File"): scan.name, _("Result"): say(error.message)}]
        rows += [{_("No."): i + 1, **row} for row in found]
    bar.empty()
    return rows, first or 0


def _row(scan: Scan, reading: Reading) -> dict[str, Any]:
    """One reading of one scan as a row of the table."""
    card = cached.card_of(reading.model)
    most = max((f.probability for f in reading.findings), default=None)
    return {
        _("File"): scan.name,
        _("Result"): words.answer_or_refusal(reading, card),
        _("Highest probability"): words.percent(most) if most is not None else "",
        _("Patient"): words.patient_title(reading.image.patient),
        _("Scan time"): words.scan_time(reading.image),
        _("Kind"): words.sentence(kind_title(reading.kind.name)) if reading.kind else "",
        _("Model"): words.model_title(card),
    }


def ask_reading(scan: Scan) -> tuple[Reading, tuple[Reading, ...]]:
    """One reading of ``scan``, after the reader has had the chance to overrule what was chosen; and it with the others.

    Raises
    ------
    MedAIError : the file cannot be read as a scan.
    """
    here = scan.sha256[:16]
    routed = cached.read(scan, Request())
    with st.container(border=True, key="options"):
        frame = _ask_frame(routed[0], here)
        # A model may have read all frames together; it reads a single one only when the reader asks for it.
        asked = None if frame == routed[0].image.frame else frame
        if asked is not None:
            routed = cached.read(scan, Request(frame=asked))
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
            kind = _ask_kind(routed[0], here)
            if kind:
                routed = cached.read(scan, Request(frame=asked, kind=kind))
            reading = _ask_model(routed, here)
        affirm = _ask_precondition(reading, here)
    region = drawn_box(scan.sha256, frame)
    shown = reading
    if affirm or region is not None:
        shown = cached.read(scan, Request(asked, reading.model, kind, affirm, region))[0]
    return shown, tuple(shown if other is reading else other for other in routed)


def _ask_frame(reading: Reading, here: str) -> int:
    """Which frame of the scan, counted from 0."""
    image = reading.image
    if image.frames == 1:
        return image.frame
    label = _("Frame, of {n}").format(n=image.frames)
    return int(st.slider(label, 1, image.frames, image.frame + 1, key=f"frame:{here}")) - 1


def _ask_kind(reading: Reading, here: str) -> str | None:
    """The kind of image if the reader overrules the router; None if not."""
    detected = words.kind_sentence(reading) or _("not determined")
    chosen = st.selectbox(
        _("Kind of image"),
        ["", *KINDS],
        format_func=lambda kind: (
            words.sentence(kind_title(kind)) if kind else _("Detected: {kind}").format(kind=detected)
        ),
        help=_("Choose another kind if the detected one is wrong. The models for that kind are then asked."),
        key=f"kind:{here}",
    )
    return chosen or None


def _ask_model(readings: Sequence[Reading], here: str) -> Reading:
    """One of the readings, by its model, first one that answers; nothing is asked where there is only one."""
    if len(readings) == 1:
        return readings[0]
    titles = [words.model_title(cached.card_of(reading.model)) for reading in readings]
    answers = next((i for i, reading in enumerate(readings) if reading.refusal is None), 0)
    index = st.selectbox(
        _("Model"),
        range(len(readings)),
        index=answers,
        format_func=titles.__getitem__,
        help=_("The models that apply to this kind of image."),
        key=f"model:{here}:{len(readings)}",
    )
    return readings[index]


def _ask_precondition(reading: Reading, here: str) -> bool:
    """Whether the reader affirms what the model presupposes; False where it presupposes nothing."""
    card = cached.card_of(reading.model)
    if card is None or not card.precondition:
        return False
    label = _("I affirm: {precondition}").format(precondition=card_words(card).precondition)
    return st.checkbox(label, key=f"affirm:{here}:{card.name}")

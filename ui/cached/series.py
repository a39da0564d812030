"""A series behind Streamlit's caches: its order, its voxels, what was read and outlined; each for its own session."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Sequence
from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from medai_core.catalog import Catalog
from medai_core.imaging.series import Arranged, File, Series, Volume, arrange, load_volume
from medai_core.imaging.series.growing import Grown, How, grow, numbered
from medai_core.readings import Question, Reading
from medai_core.readings import read_together as core_read_together
from medai_core.readings.series import SeriesReading
from medai_core.readings.series import read_series as core_read_series
from medai_core.records.audit import Act
from ui import cached, kept, signin
from ui.cached import Scan
from ui.language import _

READINGS = 3
"""Of series that are kept in a session."""


def name_of(scans: Sequence[Scan]) -> str:
    """A short name of files that are given together."""
    return hashlib.sha256("".join(scan.sha256 for scan in scans).encode()).hexdigest()[:16]


def arranged(scans: Sequence[Scan]) -> Arranged:
    """The series among files, put in order.

    Raises
    ------
    MedAIError : none of them is a scan.
    """
    with st.spinner(_("Sorting the files…"), show_time=True):
        return _arranged([File(scan.name, partial(_bytes_of, scan)) for scan in scans], name_of(scans))


def _bytes_of(scan: Scan) -> bytes:
    return scan.data


@st.cache_resource(scope="session", max_entries=2, show_spinner=False)
def _arranged(_files: list[File], name: str) -> Arranged:
    return arrange(_files)


def volume(id: str, series: Series) -> Volume:
    """The voxels of a series, with a bar while they are decoded.

    Raises
    ------
    MedAIError : a slice cannot be read, or the volume is too large.
    """
    found = _volumes().get(id)
    if found is None:
        place = st.empty()

        def advance(done: int, of: int) -> None:
            if done % 8 == 0:
                place.progress(done / of, _("Loading slice {i} of {n}").format(i=done, n=of))

        try:
            found = load_volume(series, advance)
        finally:
            place.empty()
        _volumes().clear()
        _volumes()[id] = found
        _settle()
    return found


@st.cache_resource(scope="session", show_spinner=False)
def _volumes() -> dict[str, Volume]:
    """The newest one. A cached function could not show a bar: Streamlit would show it again at each hit."""
    return {}


@st.cache_resource(show_spinner=False)
def _settle() -> None:
    """Take what lives as long as the program, its modules, out of the search for garbage.

    Streamlit searches after every run of a page: 0.1 s for all of it, in which no slice can be turned.
    """
    gc.collect()
    gc.freeze()


def read_series(id: str, series: Series, model: str, affirm: bool, toggle: str) -> SeriesReading:
    """What a model says of every slice, with a bar and a button that stops it by turning ``toggle`` off.

    Raises
    ------
    MedAIError : the model cannot read such a series.
    """
    asked = (id, model, affirm, cached.switched())
    if asked not in _readings():
        _readings()[asked] = _read_series(id, series, model, affirm, toggle)
        while len(_readings()) > READINGS:
            del _readings()[next(iter(_readings()))]
    return _readings()[asked]


@st.cache_resource(scope="session", show_spinner=False)
def _readings() -> dict[tuple[str, str, bool, int], SeriesReading]:
    """The newest ones, as ``_volumes``."""
    return {}


def _read_series(id: str, series: Series, model: str, affirm: bool, toggle: str) -> SeriesReading:
    place = st.empty()
    with place.container():
        bar = st.progress(0.0)
        st.button(_("Stop"), icon=":material/stop:", key=f"stop:{toggle}", on_click=_turn_off, args=(toggle,))

    def advance(done: int, of: int) -> None:
        bar.progress(done / of, _("Reading slice {i} of {n}").format(i=done, n=of))

    try:
        found = core_read_series(series, cached.models(), model, affirm=affirm, advance=advance)
    finally:
        place.empty()
    detail = {"model": model, "slices": len(found.answers), "refused": found.unread}
    kept.store().enter(signin.person(), Act("read", object=series.header.uids.series or id, detail=detail))
    return found


def _turn_off(toggle: str) -> None:
    st.session_state[toggle] = False


@st.cache_resource(scope="session", max_entries=1, show_spinner=False)
def _labels(id: str, model: str, seconds: float, _read: SeriesReading) -> NDArray[np.uint8]:
    return _read.labels()


def series_labels(id: str, read: SeriesReading) -> NDArray[np.uint8]:
    """What was outlined in a series, (z, y, x)."""
    return _labels(id, read.model, read.seconds, read)


@st.cache_resource(scope="session", max_entries=12, show_spinner=False)
def _grown(id: str, _volume: Volume, seed: tuple[int, int, int], how: How) -> Grown:
    return grow(_volume, seed, how)


def grown(id: str, volume: Volume, seed: tuple[int, int, int], how: How) -> Grown:
    """A nodule outlined from a point.

    Raises
    ------
    MedAIError : nothing can be outlined there.
    """
    return _grown(id, volume, seed, how)


@st.cache_resource(scope="session", max_entries=1, show_spinner=False)
def together(id: str, stamp: str, _grown: Sequence[Grown]) -> NDArray[np.uint16]:
    """All outlines in one mask, (z, y, x), by their numbers; ``stamp`` changes when one of them does."""
    return numbered(_grown)


def read_outlined(crops: Sequence[Scan], model: str) -> tuple[Reading, ...]:
    """What a model for outlined things says of their slices together.

    Raises
    ------
    MedAIError : it cannot read them.
    """
    files = [(crop.name, crop.data) for crop in crops]
    return _read_outlined(files, cached.models(), tuple(crop.sha256 for crop in crops), model, cached.switched())


@st.cache_data(scope="session", max_entries=2, show_spinner=False)
def _read_outlined(
    _files: list[tuple[str, bytes]], _models: Catalog, named: tuple[str, ...], model: str, switched: int
) -> tuple[Reading, ...]:
    readings = core_read_together(_files, _models, Question(model=model))
    cached.enter_readings(hashlib.sha256("".join(named).encode()).hexdigest(), readings)
    return readings

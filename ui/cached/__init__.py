"""The core behind Streamlit's caches.

A cache of Streamlit hashes only a sample of a large array, and so gave two volumes that differ in one
voxel the same answer. Every key here is therefore the sha256 of the file with the options; what a
patient's scan says is kept for its own session only, and only for the last few scans.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from medai_core.cards import Card
from medai_core.catalog import Catalog, Sample, find_models, samples, state
from medai_core.imaging.series import unpacked
from medai_core.imaging.series.files import ZIP
from medai_core.prognosis.risk import RiskModel, recalibrated
from medai_core.readings import Reading, read_scan
from medai_core.readings import read_together as core_read_together
from medai_core.records.audit import Act
from ui import kept, signin
from ui.language import _

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Scan:
    """A file that the reader has given."""

    name: str
    data: bytes
    sha256: str


@dataclass(frozen=True)
class Request:
    """What the reader asks of a scan; None leaves it to the router."""

    frame: int | None = None
    model: str | None = None
    kind: str | None = None
    affirm: bool = False
    region: Box | None = None


def models() -> Catalog:
    """The models of this installation, looked for again when one came or another one is to answer."""
    return _models(state())


@st.cache_resource(show_spinner=False, max_entries=1)
def _models(state: tuple[int, ...]) -> Catalog:
    return find_models()


def switched() -> int:
    """Changes when another model is to answer: part of the key of what one said."""
    return state()[-1]


def card_of(name: str | None) -> Card | None:
    """The card of a model by its name."""
    return models().card(name) if name else None


def models_by_name() -> dict[str, Card]:
    """The cards of this installation by their names."""
    return {card.name: card for card in models().cards}


def served(card: Card, *, moved: bool = False) -> RiskModel:
    """The risk model of a card, ``moved`` to another place where the card has a calibration for one.

    Raises
    ------
    ModelError : its parameters are absent, or not those that were measured.
    """
    model = models().risk_model(card)
    return _moved(card.name, model) if moved and model.measured.recalibrated else model


@st.cache_resource(show_spinner=False)
def _moved(name: str, _model: RiskModel) -> RiskModel:
    """One object a model: what is worked out once for it is looked up by the object."""
    return recalibrated(_model)


def samples_to_try() -> tuple[Sample, ...]:
    """Scans that are no patient's."""
    return samples(models())


def read(scan: Scan, request: Request) -> tuple[Reading, ...]:
    """The readings of a scan: one for each model that applies.

    Raises
    ------
    MedAIError : the file cannot be read as a scan.
    """
    with st.spinner(_("Reading the scan…"), show_time=True):
        return _read(scan.data, models(), scan.sha256, scan.name, astuple(request), switched())


@st.cache_data(scope="session", max_entries=6, show_spinner=False)
def _read(_data: bytes, _models: Catalog, sha256: str, file: str, asked: tuple, switched: int) -> tuple[Reading, ...]:
    request = Request(*asked)
    readings = read_scan(
        _data,
        file,
        _models,
        frame=request.frame,
        model=request.model,
        kind=request.kind,
        affirm=request.affirm,
        region=request.region,
    )
    enter_readings(sha256, readings)
    return readings


def enter_readings(sha256: str, readings: tuple[Reading, ...]) -> None:
    """Enter that a scan was read; it is named by its hash, for it may be nobody's in the record."""
    for reading in readings:
        detail = {"model": reading.model, "refused": reading.refusal is not None}
        kept.store().enter(signin.person(), Act("read", object=sha256, detail=detail))


def read_together(scans: Sequence[Scan]) -> tuple[Reading, ...]:
    """The readings of files that are the slices of one thing.

    Raises
    ------
    MedAIError : one of them cannot be read.
    """
    files = [(scan.name, scan.data) for scan in scans]
    with st.spinner(_("Reading the scan…"), show_time=True):
        return _read_together(files, models(), tuple((scan.name, scan.sha256) for scan in scans), switched())


@st.cache_data(scope="session", max_entries=2, show_spinner=False)
def _read_together(
    _files: list[tuple[str, bytes]], _models: Catalog, named: tuple[tuple[str, str], ...], switched: int
) -> tuple[Reading, ...]:
    readings = core_read_together(_files, _models)
    for _name, sha256 in named:
        enter_readings(sha256, readings)
    return readings


def outline(scan: Scan) -> tuple[Reading, ...]:
    """The readings of one of many scans without pixels and maps, so that hundreds can be kept."""
    return _outline(scan.data, models(), scan.sha256, scan.name, switched())


@st.cache_data(scope="session", max_entries=1000, show_spinner=False)
def _outline(_data: bytes, _models: Catalog, sha256: str, file: str, state: tuple[int, ...]) -> tuple[Reading, ...]:
    readings = read_scan(_data, file, _models)
    enter_readings(sha256, readings)
    return tuple(
        replace(r, evidence=None, image=replace(r.image, pixels=_nothing(), display=_nothing())) for r in readings
    )


def _nothing() -> NDArray[np.uint8]:
    return np.empty((0, 0), np.uint8)


MOST_UNPACKED = 2**30
"""Bytes of an archive that is kept in memory for a session, unpacked: 1 GiB."""


def inside(scan: Scan) -> list[Scan]:
    """The scan itself, or what is in it if it is a zip archive.

    Raises
    ------
    MedAIError : the archive cannot be opened.
    """
    return _inside(scan.sha256, scan) if scan.data[:4] == ZIP else [scan]


@st.cache_resource(scope="session", max_entries=2, show_spinner=False)
def _inside(sha256: str, _scan: Scan) -> list[Scan]:
    files = [(file.name, file.read()) for file in unpacked(_scan.data, most_bytes=MOST_UNPACKED)]
    return [Scan(name, data, hashlib.sha256(data).hexdigest()) for name, data in files]

"""Stays behind Streamlit's caches: a file of them, one of them, its risks at all hours, and what drives them.

Everything is found by the sha256 of the file, the weights' hashes and the stay, and is kept for its own session only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
import pandas as pd
import streamlit as st

from medai_core.cards import Card
from medai_core.cards.monitoring import MonitoringSpec
from medai_core.errors import Message
from medai_core.prognosis.monitoring import Answers, Hours, MonitorModel, answer, by_hour
from medai_core.prognosis.monitoring.drivers import Change, Drivers, Gaps, changes, drivers, gaps, state_at
from medai_core.prognosis.monitoring.hours import LAST, hour_of
from medai_core.records.demo import stays_file
from medai_core.sources.observations import Observations, read_observations, summary
from ui.cached import models
from ui.cached.uploads import Upload, named
from ui.language import _


@dataclass(frozen=True, eq=False)
class Watched:
    """A file of stays, as one model reads it.

    Attributes
    ----------
    id : tells it from every other file and model.
    unused : what was not used of each stay; of cells that name no stay under "".
    """

    id: str
    upload: Upload
    model: MonitorModel
    observations: Observations
    hours: Hours
    unused: Mapping[str, tuple[Message, ...]]

    @property
    def card(self) -> Card:
        """The model's card."""
        return self.model.card

    @property
    def spec(self) -> MonitoringSpec:
        """How its card says that stays are watched."""
        return self.model.spec

    @cached_property
    def _ends(self) -> dict[str, tuple[int, int]]:
        names = self.observations.table["stay"]
        starts = np.flatnonzero(~names.duplicated().to_numpy()).tolist()
        ends = [*starts[1:], len(names)]
        return {str(names.iloc[start]): (start, end) for start, end in zip(starts, ends, strict=False)}

    def rows(self, stay: str) -> pd.DataFrame:
        """What was observed of a stay: its rows lie together in the table."""
        start, end = self._ends.get(stay, (0, 0))
        return self.observations.table.iloc[start:end]


@dataclass(frozen=True, eq=False)
class Stay:
    """One stay of a file.

    Attributes
    ----------
    id : tells it from every other stay, file and model.
    table : ``stay, minute, parameter, value``, what was observed. left_out : what was not used, as it stood.
    """

    id: str
    name: str
    watched: Watched
    hours: Hours
    table: pd.DataFrame
    left_out: pd.DataFrame

    @property
    def card(self) -> Card:
        """The model's card."""
        return self.watched.card

    @property
    def spec(self) -> MonitoringSpec:
        """How its card says that stays are watched."""
        return self.watched.spec

    @property
    def started(self) -> datetime | None:
        """When it began, where the file says so."""
        return self.watched.observations.started.get(self.name)

    @property
    def length(self) -> int:
        """The hour of its last observation."""
        return int(self.hours.length[0])

    @property
    def last(self) -> int:
        """The last hour that is shown."""
        return max(self.length, self.spec.last_hour)

    @property
    def newest(self) -> int:
        """The latest of its hours that the model was measured at; of a short one, its last."""
        return min(self.length, self.spec.last_hour or self.length)

    @cached_property
    def numbers(self) -> dict[str, pd.DataFrame]:
        """``minute``, ``value`` and ``hour`` (from 1) of each predictor that was measured."""
        table = self.table.assign(hour=hour_of(self.table["minute"].to_numpy(dtype=np.float64)) + 1)
        return {str(name): rows for name, rows in table.groupby("parameter", sort=False)}

    def value(self, predictor: str, hour: int) -> float | None:
        """The newest value of a predictor at the end of an hour (from 1); None where it was never measured."""
        place = [p.name for p in self.card.predictors].index(predictor)
        own = np.flatnonzero((self.hours.parameter == place) & (self.hours.hour < hour))
        return float(self.hours.cells[own[-1], LAST]) if len(own) else None


@dataclass(frozen=True, eq=False)
class Why:
    """What stands behind a risk: drivers, what changed lately, and what the model does without."""

    drivers: Drivers
    changes: tuple[Change, ...]
    gaps: Gaps


def read(upload: Upload, card: Card) -> Watched:
    """The stays in a file.

    Raises
    ------
    MedAIError : it cannot be read as observations, or the model is absent or altered.
    """
    model = models().monitor_model(card)
    id = named(upload.sha256, upload.name, card.name, card.version, *sorted(model.measured.sha256.values()))
    with st.spinner(_("Reading the observations…"), show_time=True):
        return _read(id, upload, model)


@st.cache_resource(scope="session", max_entries=3, show_spinner=False)
def _read(id: str, _upload: Upload, _model: MonitorModel) -> Watched:
    predictors = _model.card.predictors
    found = read_observations(_upload.data, _upload.name, predictors, now=datetime.now(UTC))
    hours = by_hour(found.table, found.stays, predictors)
    return Watched(id, _upload, _model, found, hours, summary(found, predictors))


def demo(card: Card, names: Mapping[str, str]) -> bytes:
    """The stays of the DEMO patients as a file; ``names`` is what they are called, by their numbers."""
    return _demo(card.name, card.version, tuple(names.items()), card)


@st.cache_data(max_entries=8, show_spinner=False)
def _demo(name: str, version: str, names: tuple[tuple[str, str], ...], _card: Card) -> bytes:
    return stays_file(models(), _card, dict(names))


def stay(watched: Watched, name: str) -> Stay:
    """One of the stays."""
    return _stay(named(watched.id, name), watched, name)


@st.cache_resource(scope="session", max_entries=32, show_spinner=False)
def _stay(id: str, _watched: Watched, _name: str) -> Stay:
    place = _watched.hours.stays.index(_name)
    found = _watched.observations
    left_out = found.left_out[found.left_out["stay"] == _name]
    return Stay(id, _name, _watched, _watched.hours.chosen(np.array([place])), _watched.rows(_name), left_out)


def course(stay: Stay, estimator: str) -> Answers:
    """The risk at the end of each hour, the first of them at place 0, each from what was known by then."""
    return _course(stay.id, estimator, stay)


@st.cache_resource(scope="session", max_entries=64, show_spinner=False)
def _course(id: str, estimator: str, _stay: Stay) -> Answers:
    every = range(1, _stay.last + 1)
    found = answer(_stay.watched.model, _stay.hours, every, estimator=estimator, explain=False)
    # Moments of a stay are in the order of its hours; what is said of a stay fits no other.
    assert found.hour.tolist() == list(every)
    return found


def why(stay: Stay, estimator: str, hour: int) -> Why:
    """What stands behind the risk at the end of an hour (from 1)."""
    return _why(stay.id, estimator, hour, stay)


@st.cache_resource(scope="session", max_entries=512, show_spinner=False)
def _why(id: str, estimator: str, hour: int, _stay: Stay) -> Why:
    model, hours = _stay.watched.model, _stay.hours
    return Why(
        drivers(model, hours, hour, estimator=estimator),
        changes(model, hours, hour),
        gaps(model, state_at(model, hours, hour)),
    )

"""Stays with what became of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from medai_core.cards import Card
from medai_core.errors import ManifestError
from medai_core.metrics import Ints
from medai_core.prognosis.monitoring.hours import Hours, by_hour


@dataclass(frozen=True, eq=False)
class StayCohort:
    """n stays and what became of them.

    Attributes
    ----------
    label : (n, k), 1 for the event, 0 for none, -1 for an hour (from 1, in column 0) that is not judged.
    group : (n,), numbers of patients.
    """

    hours: Hours
    label: Ints
    group: Ints

    def __len__(self) -> int:
        return len(self.group)

    @property
    def event(self) -> Ints:
        """Whether each stay has the event at all, (n,)."""
        return np.asarray((self.label == 1).any(axis=1), dtype=np.int64)

    def chosen(self, stays: Ints) -> StayCohort:
        """Some of the stays."""
        return StayCohort(self.hours.chosen(stays), self.label[stays], self.group[stays])


def with_outcomes(table: pd.DataFrame, outcomes: pd.DataFrame, card: Card) -> StayCohort:
    """The stays that ``outcomes`` tells of; one without an observation is among them.

    Parameters
    ----------
    table : ``stay, minute, parameter, value`` in the card's words.
    outcomes : the card's columns; one row a stay, or one an hour of a stay where the event is true of an hour.

    Raises
    ------
    ManifestError : a column is missing, an outcome is neither 0 nor 1, or there is none.
    """
    assert card.monitoring is not None
    columns = card.monitoring.outcomes
    absent = [c for c in (columns.stay, columns.event, columns.hour, columns.group) if c and c not in outcomes]
    if absent:
        raise ManifestError("cohort.columns", missing=", ".join(absent))
    event = pd.to_numeric(outcomes[columns.event], errors="coerce").to_numpy(dtype=np.float64)
    if len(event) == 0 or not np.isin(event, (0, 1)).all():
        raise ManifestError("stays.outcome", column=columns.event)
    names = as_names(outcomes[columns.stay])
    stay, stays = pd.factorize(names)
    groups = as_names(outcomes[columns.group]) if columns.group else names
    group = pd.factorize(groups[np.unique(stay, return_index=True)[1]])[0].astype(np.int64)
    if not columns.hour:
        last = card.monitoring.last_hour
        whole = np.zeros(len(stays), dtype=np.int64)
        whole[stay] = event.astype(np.int64)
        hours = by_hour(table, list(stays), card.predictors, length=last)
        return StayCohort(hours, np.repeat(whole[:, None], last, axis=1), group)
    hour = pd.to_numeric(outcomes[columns.hour], errors="coerce").to_numpy(dtype=np.float64)
    if not (np.isfinite(hour) & (hour >= 1)).all():
        raise ManifestError("stays.hour", column=columns.hour)
    label = np.full((len(stays), int(hour.max())), -1, dtype=np.int64)
    label[stay, hour.astype(np.int64) - 1] = event.astype(np.int64)
    watched = label.shape[1] - (label[:, ::-1] >= 0).argmax(axis=1)
    return StayCohort(_until(by_hour(table, list(stays), card.predictors), watched), label, group)


def _until(hours: Hours, watched: Ints) -> Hours:
    """The stays as long as their outcomes are told."""
    kept = hours.hour < watched[hours.stay]
    return Hours(
        hours.stays,
        watched,
        hours.stay[kept],
        hours.hour[kept],
        hours.parameter[kept],
        hours.cells[kept],
        hours.parameters,
    )


def as_names(cells: pd.Series) -> np.ndarray:
    """Cells as the names of stays: text without blanks at its ends, and whole numbers without decimals."""
    text = cells.astype(str).str.strip()
    distinct = {name: re.sub(r"^(\d+)\.0+$", r"\1", name) for name in text.unique()}
    return np.asarray(text.map(distinct), dtype=object)

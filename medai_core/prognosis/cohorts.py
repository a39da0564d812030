"""A cohort with what became of its people: outcomes, the weights that handle censoring, and who counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medai_core.cards import Card, OutcomeColumns
from medai_core.errors import ManifestError
from medai_core.metrics import Floats, Ints
from medai_core.metrics.survival import by_horizon
from medai_core.sources.intake import Intake, in_card_words


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What became of n people.

    Attributes
    ----------
    event : (n,), 1 where the event happened by the horizon, else 0.
    weight : (n,), inverse probability of not being censored by then; 0 for those who were.
    time, died : (n,), years of follow-up and whether they ended with the event; None without times.
    group : (n,), numbers of patients.
    """

    event: Ints
    weight: Floats
    group: Ints
    time: Floats | None = None
    died: Ints | None = None

    def chosen(self, rows: Ints) -> Outcomes:
        """Some of the people."""
        return Outcomes(
            self.event[rows],
            self.weight[rows],
            self.group[rows],
            None if self.time is None else self.time[rows],
            None if self.died is None else self.died[rows],
        )


@dataclass(frozen=True, eq=False)
class Cohort:
    """People in the card's words, with their outcomes."""

    rows: pd.DataFrame
    outcomes: Outcomes

    def chosen(self, rows: Ints) -> Cohort:
        """Some of the people."""
        return Cohort(self.rows.iloc[rows].reset_index(drop=True), self.outcomes.chosen(rows))

    def __len__(self) -> int:
        return len(self.rows)


def has_outcomes(table: pd.DataFrame, card: Card) -> bool:
    """Whether a table says what became of its people."""
    columns = columns_of(card)
    return columns.event in table and (not columns.time or columns.time in table)


def columns_of(card: Card) -> OutcomeColumns:
    """Where the card's outcome stands in a table."""
    assert card.prediction is not None
    return card.prediction.columns


def with_outcomes(table: pd.DataFrame, card: Card) -> tuple[Cohort, Intake]:
    """The scorable people of a table with their outcomes; those whom the card leaves out are left out.

    Raises
    ------
    ManifestError : the outcome's columns are missing, or nobody is left.
    """
    columns = columns_of(card)
    absent = [c for c in (columns.event, columns.time, columns.group) if c and c not in table]
    if absent:
        raise ManifestError("cohort.columns", missing=", ".join(absent))
    for column, values in columns.left_out.items():
        if column in table:
            table = table[~table[column].astype(str).isin(values)]
    table = table.reset_index(drop=True)
    intake = in_card_words(table, (*card.predictors, *card.groupings))
    kept = np.flatnonzero(intake.good & table[columns.event].notna().to_numpy())
    if len(kept) == 0:
        raise ManifestError("cohort.empty")
    return Cohort(intake.rows.iloc[kept].reset_index(drop=True), _outcomes(table.iloc[kept], card)), intake


def _outcomes(table: pd.DataFrame, card: Card) -> Outcomes:
    assert card.prediction is not None
    columns = card.prediction.columns
    happened = _happened(table[columns.event], columns)
    ids = table[columns.group] if columns.group else pd.Series(np.arange(len(table)))
    group = np.unique(ids.astype(str), return_inverse=True)[1]
    if not columns.time:
        return Outcomes(happened, np.ones(len(table)), group)
    time = table[columns.time].to_numpy(dtype=np.float64)
    event, weight = by_horizon(time, happened, card.prediction.horizon_years)
    return Outcomes(event, weight, group, time, happened)


def _happened(cells: pd.Series, columns: OutcomeColumns) -> Ints:
    if columns.above is not None:
        return np.asarray(pd.to_numeric(cells, errors="coerce") > columns.above, dtype=np.int64)
    text = (
        pd.Series(pd.to_numeric(cells, errors="coerce"))
        .map(lambda v: f"{v:g}")
        .where(pd.to_numeric(cells, errors="coerce").notna(), cells.astype(str).str.strip())
    )
    return np.asarray(text.isin(columns.happened), dtype=np.int64)


def folds(group: Ints, event: Ints, count: int, seed: int) -> NDArray[np.int64]:
    """The fold of each person, (n,); no patient is in two, and the events are spread evenly."""
    rng = np.random.default_rng(seed)
    happened = np.bincount(group, weights=event) > 0
    fold = np.zeros(len(happened), dtype=np.int64)
    for kind in (False, True):
        members = rng.permutation(np.flatnonzero(happened == kind))
        fold[members] = np.arange(len(members)) % count
    return fold[group]

"""A table read and scored once a session, and what is measured on it; the last few are kept.

Streamlit's cache of data copies what it keeps at every run, which for 200,000 patients takes longer than
scoring them. So each table has a shelf of its own, found by the file's sha256 and what was asked of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

from medai_core.cards import Card, Measure
from medai_core.evaluation import scoring
from medai_core.evaluation.patients import Judged, recalibration, risk_measures, subgroup_measures
from medai_core.evaluation.scoring import Followed, Scored
from medai_core.prognosis.risk import Estimates
from medai_core.sources.patients import read_patients
from ui.cached import models
from ui.cached.uploads import Upload
from ui.language import _

MOST = 10_000
"""People whose intervals are resampled; more would take minutes and hardly change them."""
DRAWS, DRAWS_OF_MANY = 1000, 200
MANY = 2_000
T = TypeVar("T")


@st.cache_resource(scope="session", max_entries=4, show_spinner=False)
def _shelf(sha256: str, model: str, asked: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    return {}


def _kept(shelf: dict[str, Any], name: str, make: Callable[[], T]) -> T:
    if name not in shelf:
        shelf[name] = make()
    found: T = shelf[name]
    return found


def read(upload: Upload, card: Card) -> pd.DataFrame:
    """The table in a file.

    Raises
    ------
    MedAIError : it cannot be read.
    """

    def table() -> pd.DataFrame:
        with st.spinner(_("Reading the table…"), show_time=True):
            return read_patients(upload.data, upload.name, (*card.predictors, *card.groupings), now=date.today())

    return _kept(_shelf(upload.sha256, card.outcome, ()), "table", table)


class Cohort:
    """A scored table with what is measured on it when it is first asked for."""

    def __init__(self, upload: Upload, scored: Scored, shelf: dict[str, Any]) -> None:
        self.upload, self.scored, self._shelf = upload, scored, shelf

    @property
    def card(self) -> Card:
        """The model's card."""
        return self.scored.card

    @property
    def absent(self) -> tuple[str, ...]:
        """The columns that an outcome would be read from and that the table lacks."""
        return scoring.absent_columns(self.scored.table, self.card)

    def followed(self) -> Followed:
        """Those whose outcome the table states.

        Raises
        ------
        ManifestError : nobody's is.
        """
        return _kept(self._shelf, "followed", lambda: scoring.follow(self.scored))

    def line(self) -> tuple[float, float]:
        """Intercept and slope that make this very table's outcomes likeliest; nan where they do not settle."""

        def fit() -> tuple[float, float]:
            o = self.followed().judged.outcomes
            intercept, slope = recalibration(o.event, self.followed().judged.log_odds, o.weight)
            return float(intercept), float(slope)

        return _kept(self._shelf, "line", fit)

    def estimates(self, *, moved: bool) -> Estimates:
        """The risks as the model gives them, or ``moved`` to this table's outcomes."""
        return scoring.recalibrated(self.scored.estimates, *self.line()) if moved else self.scored.estimates

    def judged(self, *, moved: bool) -> Judged:
        """Risks beside outcomes."""
        return self._moved(self.followed(), moved).judged

    def some(self) -> Followed:
        """Those whose intervals are resampled."""
        return _kept(self._shelf, "some", lambda: scoring.some(self.followed(), MOST))

    def measures(self, *, moved: bool) -> tuple[Measure, ...]:
        """Every measure on those, with its interval."""

        def measured() -> tuple[Measure, ...]:
            with st.spinner(_("Measuring, and resampling for the intervals…"), show_time=True):
                judged = self._moved(self.some(), moved).judged
                draws = DRAWS if len(judged.log_odds) <= MANY else DRAWS_OF_MANY
                return risk_measures(judged, data="table", draws=draws)

        return _kept(self._shelf, f"measures {moved}", measured)

    def subgroups(self, *, moved: bool) -> tuple[Measure, ...]:
        """The measures of each subgroup that is large enough."""

        def measured() -> tuple[Measure, ...]:
            with st.spinner(_("Measuring each subgroup…"), show_time=True):
                people = self._moved(self.some(), moved)
                return subgroup_measures(self.card, people.cohort, people.judged.log_odds, data="table")

        return _kept(self._shelf, f"subgroups {moved}", measured)

    def _moved(self, people: Followed, moved: bool) -> Followed:
        if not moved:
            return people
        intercept, slope = self.line()
        return replace(people, judged=Judged(intercept + slope * people.judged.log_odds, people.judged.outcomes))


def _progress(bar: Any, share: float) -> None:
    bar.progress(share, _("Checking and scoring the rows…"))


def score(upload: Upload, table: pd.DataFrame, card: Card, matched: Mapping[str, str]) -> Cohort:
    """The table scored, with progress.

    Raises
    ------
    MedAIError : nothing of it can be scored.
    """
    shelf = _shelf(upload.sha256, card.name, tuple(sorted(matched.items())))

    def scored() -> Scored:
        bar = st.progress(0.0, _("Checking and scoring the rows…"))
        try:
            model = models().risk_model(card)
            return scoring.score(model, table, matched, lambda share: _progress(bar, share))
        finally:
            bar.empty()

    return Cohort(upload, _kept(shelf, "scored", scored), shelf)

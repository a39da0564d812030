"""A table of patients scored: every row has a risk or the reasons why not, and outcomes where the table states them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from medai_core.cards import Card
from medai_core.errors import ManifestError, Message
from medai_core.evaluation.patients import Judged
from medai_core.metrics import Floats, Ints
from medai_core.prognosis.assessment import assess
from medai_core.prognosis.cohorts import Cohort, columns_of, with_outcomes
from medai_core.prognosis.risk import Estimates, RiskModel, logistic
from medai_core.sources.intake import UNKNOWN, Intake, Problem, in_card_words

FEWEST, FEWEST_EACH = 20, 5
"""People with a known outcome, and with and without the event, before a model is judged on them."""
CHUNK = 10_000
"""Rows between two words of progress."""


@dataclass(frozen=True, eq=False)
class Scored:
    """A table of n patients, g of them scored.

    Attributes
    ----------
    card : of the model that scored them. table : as it came. intake : all n in the card's words.
    place : (g,), the row of the table, from 0, of each that was scored.
    estimates, warnings : of those g, in the table's order.
    """

    card: Card
    table: pd.DataFrame
    intake: Intake
    place: Ints
    estimates: Estimates
    warnings: tuple[tuple[Message, ...], ...]

    @property
    def rows(self) -> pd.DataFrame:
        """The scored patients in the card's words."""
        return self.intake.rows.iloc[self.place].reset_index(drop=True)

    def problems_by_row(self) -> dict[int, list[Problem]]:
        """Why each refused row, from 0, was not scored."""
        found: dict[int, list[Problem]] = {}
        for problem in self.intake.problems:
            found.setdefault(problem.row - 1, []).append(problem)
        return found


def score(
    model: RiskModel,
    table: pd.DataFrame,
    matched: Mapping[str, str] | None = None,
    tell: Callable[[float], None] = lambda share: None,
) -> Scored:
    """Every row that can be scored, scored; the others with their reasons.

    Parameters
    ----------
    matched : the table's column for each predictor; found by the names when None.
    tell : is called with the share that is done.

    Raises
    ------
    ManifestError : the table has no rows, or no column for any predictor: nothing would be known of anybody.
    """
    table = table.set_axis([str(c) for c in table.columns], axis=1)
    if len(table) == 0:
        raise ManifestError("cohort.no_rows")
    intake = in_card_words(table, model.card.predictors, matched)
    if not intake.matched:
        raise ManifestError("cohort.no_predictor", needed=", ".join(p.name for p in model.card.predictors))
    place = np.flatnonzero(intake.good)
    parts: list[Estimates] = []
    warnings: list[tuple[Message, ...]] = []
    for start in range(0, max(len(place), 1), CHUNK):
        found = assess(model, intake.rows.iloc[place[start : start + CHUNK]])
        parts.append(found.estimates)
        warnings += found.warnings
        tell(min(1.0, (start + CHUNK) / max(len(place), 1)))
    return Scored(model.card, table, intake, place, _joined(parts), tuple(warnings))


def _joined(parts: list[Estimates]) -> Estimates:
    names = ("log_odds", "risk", "low", "high")
    return Estimates(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def recalibrated(found: Estimates, intercept: float, slope: float) -> Estimates:
    """The risks after log-odds -> intercept + slope * log-odds; intervals follow."""

    def moved(p: Floats) -> Floats:
        q = np.clip(p, 1e-12, 1 - 1e-12)
        return logistic(np.asarray(intercept + slope * np.log(q / (1 - q))))

    z = intercept + slope * found.log_odds
    ends = np.sort(np.stack([moved(found.low), moved(found.high)]), axis=0)
    return Estimates(z, logistic(z), ends[0], ends[1])


def absent_columns(table: pd.DataFrame, card: Card) -> tuple[str, ...]:
    """The columns that the table would need to say what became of its patients; empty where it does."""
    columns = columns_of(card)
    return tuple(c for c in (columns.event, columns.time, columns.group) if c and c not in table)


@dataclass(frozen=True, eq=False)
class Followed:
    """The scored patients whose outcome the table states.

    Attributes
    ----------
    cohort : in the card's words, with what results are reported by. judged : their risks beside their outcomes.
    place : (f,), the row of the table, from 0, of each.
    silent : scored patients of whom the table does not say what became. left_out : those whom the card leaves out.
    """

    cohort: Cohort
    judged: Judged
    place: Ints
    silent: int
    left_out: int

    def chosen(self, rows: Ints) -> Followed:
        """Some of them."""
        return replace(self, cohort=self.cohort.chosen(rows), judged=self.judged.chosen(rows), place=self.place[rows])


def follow(scored: Scored) -> Followed:
    """The outcomes of those who were scored.

    Raises
    ------
    ManifestError : the outcome's columns are missing, or too few outcomes are known to judge a model by.
    """
    card, columns = scored.card, columns_of(scored.card)
    given = scored.table.iloc[scored.place].reset_index(drop=True)
    stated = [c for c in (columns.event, columns.time, columns.group, *columns.left_out) if c and c in given]
    beside = in_card_words(given, card.groupings).rows
    people = pd.concat([scored.rows, beside, given[stated]], axis=1)
    people = people.loc[:, ~people.columns.duplicated()]
    excluded = np.zeros(len(people), dtype=bool)
    for column, values in columns.left_out.items():
        if column in given:
            excluded |= given[column].astype(str).isin(values).to_numpy()
    known = _known(given, card)
    if columns.time in given:
        people[columns.time] = pd.to_numeric(given[columns.time], errors="coerce")
    kept = np.flatnonzero(known & ~excluded)
    cohort, _intake = with_outcomes(people.iloc[kept], card)
    _enough(cohort)
    judged = Judged(scored.estimates.log_odds[kept], cohort.outcomes)
    return Followed(cohort, judged, scored.place[kept], int((~known & ~excluded).sum()), int(excluded.sum()))


def _enough(cohort: Cohort) -> None:
    event = cohort.outcomes.event[cohort.outcomes.weight > 0]
    if len(event) < FEWEST or min(event.sum(), (1 - event).sum()) < FEWEST_EACH:
        raise ManifestError(
            "cohort.too_few", n=len(event), events=int(event.sum()), fewest=FEWEST, fewest_each=FEWEST_EACH
        )


def _known(given: pd.DataFrame, card: Card) -> np.ndarray:
    """Whose outcome the table states, (n,): an empty cell is not "no event"."""
    columns = columns_of(card)
    if columns.event not in given:
        return np.ones(len(given), dtype=bool)
    text = given[columns.event].astype(object).where(given[columns.event].notna(), "").astype(str).str.strip()
    known = ~text.str.lower().isin(UNKNOWN).to_numpy()
    if columns.above is not None:
        known &= pd.to_numeric(text, errors="coerce").notna().to_numpy()
    if columns.time in given:
        time = pd.to_numeric(given[columns.time], errors="coerce").to_numpy(dtype=np.float64)
        known &= np.isfinite(time) & (time >= 0)
    return np.asarray(known, dtype=bool)


def some(followed: Followed, most: int, seed: int = 0) -> Followed:
    """At most about ``most`` of them, whole patients drawn at random: for measures that take long."""
    group = followed.cohort.outcomes.group
    if len(group) <= most:
        return followed
    groups = np.unique(group)
    wanted = int(len(groups) * most / len(group))
    drawn = np.random.default_rng(seed).permutation(groups)[:wanted]
    return followed.chosen(np.flatnonzero(np.isin(group, drawn)))


def ordered(scored: Scored, by: str) -> Ints:
    """The places of the scored patients "row" by row, highest "risk" first, or most "warnings" first, (g,)."""
    if by == "risk":
        return np.argsort(-scored.estimates.risk, kind="stable")
    if by == "warnings":
        return np.argsort([-len(w) for w in scored.warnings], kind="stable")
    return np.arange(len(scored.place))


def results_table(scored: Scored, adjusted: Estimates | None = None) -> pd.DataFrame:
    """Every uploaded row in its order, with its risk or the reasons why it has none; in English.

    The columns as they came follow; one that is called like a result is marked as uploaded.

    Parameters
    ----------
    adjusted : the risks as recalibrated on this very table.
    """
    n = len(scored.table)
    refused = scored.problems_by_row()
    found: dict[str, object] = {"row": np.arange(1, n + 1), "status": np.where(scored.intake.good, "scored", "refused")}
    for name in ("risk", "low", "high"):
        found[name] = _spread(getattr(scored.estimates, name), scored.place, n)
        if adjusted is not None:
            found[f"{name}_recalibrated_in_sample"] = _spread(getattr(adjusted, name), scored.place, n)
    said = [""] * n
    for place, messages in zip(scored.place, scored.warnings, strict=True):
        said[place] = " ".join(titled(m, scored.card).text for m in messages)
    found["warnings"] = said
    found["refused_because"] = ["; ".join(map(reason, refused.get(i, ()))) for i in range(n)]
    results = pd.DataFrame(found)
    given = scored.table.reset_index(drop=True)
    return pd.concat([results, given.rename(columns={c: f"{c} (uploaded)" for c in given if c in found})], axis=1)


def _spread(values: Floats, place: Ints, n: int) -> Floats:
    whole = np.full(n, np.nan)
    whole[place] = np.round(values, 6)
    return whole


def titled(message: Message, card: Card) -> Message:
    """A warning with the predictor's title in place of its name, and the category's."""
    known = {p.name: p for p in card.predictors}
    facts = dict(message.facts)
    p = known.get(str(facts.get("predictor")))
    for name, fact in message.facts.items():
        if isinstance(fact, tuple):
            facts[name] = tuple(titled(m, card) for m in fact)
        elif name == "predictor" and p is not None:
            facts[name] = p.title
        elif name == "category" and p is not None:
            facts[name] = p.category(str(fact)).title
    return Message(message.id, facts)


def reason(problem: Problem) -> str:
    """Why a row was refused, in English: the column, what it holds and what was expected."""
    return f"{problem.column} = {problem.value!r}: expected {problem.expected.text}"


def refused_table(scored: Scored) -> pd.DataFrame:
    """One line for every cell that keeps a row from being scored; in English."""
    rows = [(p.row, p.column, p.value, p.expected.text) for p in scored.intake.problems]
    return pd.DataFrame(rows, columns=["row", "column", "value", "expected"])

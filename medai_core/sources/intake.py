"""From a table as it comes to rows in a card's words: which column is which, and what every bad row lacks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medai_core.cards import PredictorSpec
from medai_core.errors import Message

UNKNOWN = frozenset({"", "na", "n/a", "nan", "none", "null", "unknown", "?", "-"})


@dataclass(frozen=True)
class Problem:
    """Why a row is not scored: ``row`` counts from 1 below the heading."""

    row: int
    column: str
    value: str
    expected: Message


@dataclass(frozen=True, eq=False)
class Intake:
    """A table in the card's words.

    Attributes
    ----------
    rows : one column a predictor, named as in the card: float (nan is unknown) or category name (None is unknown).
    good : (n,), whether a row can be scored; a bad one has at least one of ``problems``.
    matched : the table's column for each predictor that has one.
    """

    rows: pd.DataFrame
    good: NDArray[np.bool_]
    problems: tuple[Problem, ...]
    matched: dict[str, str]


def match_columns(columns: Sequence[str], predictors: Sequence[PredictorSpec]) -> dict[str, str]:
    """The column of each predictor, by its name, title or one of its known names, however they are spelt."""
    plain = {_plain(c): c for c in reversed(columns)}
    found = {}
    for p in predictors:
        for name in (p.name, *p.columns, p.title):
            if _plain(name) in plain:
                found[p.name] = plain[_plain(name)]
                break
    return found


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", str(name).lower())


def in_card_words(
    table: pd.DataFrame, predictors: Sequence[PredictorSpec], matched: Mapping[str, str] | None = None
) -> Intake:
    """``table`` in the card's words.

    Parameters
    ----------
    table : any columns, any types.
    matched : the table's column for a predictor's name; found by the names when None. A predictor
        without a column is unknown in every row.
    """
    columns = dict(match_columns([str(c) for c in table.columns], predictors) if matched is None else matched)
    bad = np.zeros(len(table), dtype=bool)
    problems: list[Problem] = []
    rows = {}
    for p in predictors:
        if p.name not in columns:
            rows[p.name] = _unknown(p, len(table))
            continue
        given = table[columns[p.name]]
        rows[p.name], wrong = _numbers(given, p) if p.kind == "number" else _categories(given, p)
        bad |= wrong
        problems += [
            Problem(int(i) + 1, columns[p.name], str(given.iloc[i])[:80], expected(p)) for i in np.flatnonzero(wrong)
        ]
    problems.sort(key=lambda problem: problem.row)
    return Intake(pd.DataFrame(rows, index=pd.RangeIndex(len(table))), ~bad, tuple(problems), columns)


def expected(p: PredictorSpec) -> Message:
    """What a predictor's value must be, in words."""
    if p.kind == "number":
        return Message("row.number", {"low": f"{p.low:g}", "high": f"{p.high:g}", "unit": p.unit})
    return Message("row.category", {"known": ", ".join(c.name for c in p.categories)})


def _unknown(p: PredictorSpec, n: int) -> pd.Series:
    return pd.Series(np.full(n, np.nan)) if p.kind == "number" else pd.Series([None] * n, dtype=object)


def _text(given: pd.Series) -> pd.Series:
    """The cells as text without surrounding blanks; whole numbers without their ``.0``."""
    text = given.astype(object).where(given.notna(), "").astype(str).str.strip()
    return text.str.replace(r"^(-?\d+)\.0+$", r"\1", regex=True)


def _numbers(given: pd.Series, p: PredictorSpec) -> tuple[pd.Series, NDArray[np.bool_]]:
    """The numbers, and which cells are neither a number in the plausible range nor unknown."""
    text = _text(given)
    unknown = text.str.lower().isin(UNKNOWN) | text.isin(p.missing_values)
    text = text.replace({band: repr(value) for band, value in p.bands.items()}) if p.bands else text
    numbers = pd.to_numeric(text.where(~unknown), errors="coerce").astype(float)
    wrong = ~unknown & ~((numbers >= p.low) & (numbers <= p.high))
    return numbers.where(~wrong).reset_index(drop=True), np.asarray(wrong, dtype=bool)


def _categories(given: pd.Series, p: PredictorSpec) -> tuple[pd.Series, NDArray[np.bool_]]:
    """The category names, and which cells are none of them and not unknown."""
    text = _text(given)
    by_value = {cell: category_of(cell, p) for cell in text.unique()}
    lower = text.str.lower()
    names = text.map(by_value)
    unknown = (lower.isin(UNKNOWN) | text.isin(p.missing_values)) & ~_named(lower, p)
    names = names.where(~unknown, None)
    wrong = ~unknown & names.isna()
    return names.astype(object).where(names.notna(), None).reset_index(drop=True), np.asarray(wrong, dtype=bool)


def _named(lower: pd.Series, p: PredictorSpec) -> pd.Series:
    return lower.isin({v.lower() for c in p.categories for v in (c.name, *c.values)})


def category_of(cell: str, p: PredictorSpec) -> str | None:
    """The category that a table's cell means; None when it means none."""
    lower = cell.lower()
    for c in p.categories:
        if lower == c.name.lower() or lower in (v.lower() for v in c.values):
            return c.name
    code = re.match(r"^\d+", cell)
    if code:
        for c in p.categories:
            if any(first <= int(code.group()) <= last for first, last in c.ranges):
                return c.name
    return next((c.name for c in p.categories if c.rest), None)

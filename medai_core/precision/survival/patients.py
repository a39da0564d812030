"""Patients as a model of survival takes them: their history and treatment, their expression, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from medai_core.cards import Card
from medai_core.errors import ManifestError, Message
from medai_core.precision.survival.genes import Matched, matched, places_of
from medai_core.precision.survival.model import SurvivalModel
from medai_core.sources.expression import Expression, read_expression, with_clinical
from medai_core.sources.intake import Problem, in_card_words, match_columns, plain_name
from medai_core.sources.tables import open_bytes, read_table

SAMPLES = ("sample", "sample_id", "sampleid", "patient", "patient_id", "id")
"""What a clinical table calls the column with the samples' names."""


@dataclass(frozen=True, eq=False)
class Patients:
    """n patients in the card's words.

    Attributes
    ----------
    samples : their names.
    rows : one column a predictor; nan or None is not known.
    problems : for each why its history is not used: values outside the range, or needed and not known;
        outside : whether it is the former, which refuses the patient altogether.
    genes : their expression; None where the file has none of the model's genes.
    table : the clinical columns as they came, for outcomes. notes : about the file.
    """

    samples: tuple[str, ...]
    rows: pd.DataFrame
    problems: tuple[tuple[Message, ...], ...]
    outside: tuple[bool, ...]
    genes: Matched | None
    table: pd.DataFrame
    notes: tuple[Message, ...] = ()

    def chosen(self, places: Sequence[int]) -> Patients:
        """Some of the patients."""
        own = list(places)
        return Patients(
            tuple(self.samples[i] for i in own),
            self.rows.iloc[own].reset_index(drop=True),
            tuple(self.problems[i] for i in own),
            tuple(self.outside[i] for i in own),
            None if self.genes is None else self.genes.chosen(own),
            self.table.iloc[own].reset_index(drop=True),
            self.notes,
        )


def open_patients(model: SurvivalModel, file: Path, clinical: Path | None = None) -> Patients:
    """The patients in files of one's own; see ``read_patients``."""
    beside = None if clinical is None else (open_bytes(clinical), clinical.name)
    return read_patients(model, (open_bytes(file), file.name), beside, limited=False)


def read_patients(
    model: SurvivalModel, file: tuple[bytes, str], clinical: tuple[bytes, str] | None = None, *, limited: bool = True
) -> Patients:
    """The patients of a file with expression, clinical columns or both, and of a clinical table beside it.

    Parameters
    ----------
    file, clinical : content and name. The rows of ``clinical`` are joined by the samples' names.

    Raises
    ------
    ManifestError : a file cannot be read, has neither a predictor nor a gene that the model knows, or the clinical
        table speaks of other samples.
    """
    table = _plain_table(model, file, limited=limited) if clinical is None else None
    if table is not None:
        return patients_of(model, _samples(table), table, None)
    expression = _sorted(read_expression(*file, limited=limited), model.card)
    if clinical is not None:
        expression = with_clinical(expression, read_table(*clinical, limited=limited))
    return patients_of(model, expression.samples, expression.clinical, expression)


def _plain_table(model: SurvivalModel, file: tuple[bytes, str], *, limited: bool) -> pd.DataFrame | None:
    """The file as a table of patients where it has predictors and no gene of the model; None where it has genes."""
    try:
        table = read_table(*file, limited=limited)
    except ManifestError:
        return None  # what reads expression takes more kinds of file, and says what is wrong with this one
    columns = [str(c) for c in table.columns]
    genes = places_of(model.genes, columns)
    return table if match_columns(columns, model.card.predictors) and (genes < 0).all() else None


def _samples(table: pd.DataFrame) -> tuple[str, ...]:
    named = _named(table)
    return tuple(map(str, range(1, len(table) + 1))) if named is None else tuple(table[named].astype(str))


def _named(table: pd.DataFrame) -> str | None:
    plain = {plain_name(c): str(c) for c in table.columns}
    found = next((plain[plain_name(name)] for name in SAMPLES if plain_name(name) in plain), None)
    return found if found is not None and table[found].astype(str).is_unique else None


def _sorted(expression: Expression, card: Card) -> Expression:
    """The expression with what the card asks among its genes, such as an age, moved to its clinical columns."""
    assert card.survival is not None
    asked = {*match_columns(expression.genes, card.predictors).values(), card.survival.time, card.survival.event}
    own = [place for place, name in enumerate(expression.genes) if name in asked]
    beside = {expression.genes[place]: expression.values[:, place].astype(np.float64) for place in own}
    clinical = expression.clinical.assign(**beside)
    kept = [place for place in range(len(expression.genes)) if place not in own]
    genes = tuple(expression.genes[place] for place in kept)
    return replace(expression, values=expression.values[:, kept], genes=genes, clinical=clinical)


def patients_of(
    model: SurvivalModel, samples: Sequence[str], table: pd.DataFrame, expression: Expression | None
) -> Patients:
    """Patients from their clinical columns, which may be none, and their expression.

    Raises
    ------
    ManifestError : there is neither a predictor nor a gene that the model knows.
    """
    intake = in_card_words(table.reset_index(drop=True), model.card.predictors)
    genes = None
    if expression is not None and (places_of(model.genes, expression.genes) >= 0).any():
        genes = matched(model, expression.genes, expression.values)
    if genes is None and not intake.matched:
        needed = ", ".join(model.spec.needed)
        raise ManifestError("survival.nothing", needed=needed, genes=", ".join(model.genes.symbol[:3]))
    problems: list[list[Message]] = [[] for _ in samples]
    for p in intake.problems:
        problems[p.row - 1].append(_refusal(p, model.card, intake.matched))
    outside = tuple(bool(found) for found in problems)
    for i, missing in enumerate(_missing(model, intake.rows)):
        if missing and not problems[i]:
            problems[i].append(Message("survival.missing", {"predictors": ", ".join(missing)}))
    notes = expression.notes if expression is not None else ()
    return Patients(
        tuple(samples), intake.rows, tuple(map(tuple, problems)), outside, genes, table.reset_index(drop=True), notes
    )


def _refusal(problem: Problem, card: Card, columns: Mapping[str, str]) -> Message:
    """Why a value of somebody's history refuses them."""
    p = next(p for p in card.predictors if columns.get(p.name) == problem.column)
    if p.kind == "number":
        facts = {"predictor": p.name, "value": problem.value, "low": f"{p.low:g}", "high": f"{p.high:g}"}
        return (
            Message("survival.outside", facts | {"unit": p.unit})
            if p.unit
            else Message("survival.outside_count", facts)
        )
    known = ", ".join(c.name for c in p.categories)
    return Message("survival.unreadable", {"predictor": p.name, "value": problem.value, "known": known})


def _missing(model: SurvivalModel, rows: pd.DataFrame) -> list[list[str]]:
    titles = {p.name: p.title for p in model.card.predictors}
    unknown = rows[list(model.spec.needed)].isna().to_numpy()
    return [[titles[model.spec.needed[j]] for j in np.flatnonzero(row)] for row in unknown]

"""``subtype``: groups found in an expression matrix, or its samples placed in the subtypes of a model."""

from __future__ import annotations

import argparse
import json
import re
import sys

import numpy as np
import pandas as pd

from medai_core.catalog import Catalog
from medai_core.commands.patients import check_suffix, write
from medai_core.commands.saying import progress_line
from medai_core.errors import ManifestError
from medai_core.precision.genomics import Placements, SubtypeModel, find_subtypes, group_survival, place
from medai_core.precision.genomics.markers import GroupSurvival, survival_by
from medai_core.precision.genomics.tables import (
    grouping_summary,
    groups_table,
    placements_table,
    plain,
    survival_summary,
)
from medai_core.sources.expression import Expression, open_expression, with_clinical
from medai_core.sources.tables import harmless_csv, open_table


def subtype(options: argparse.Namespace, models: Catalog) -> int:
    """Print or write one row for each sample; 1 where a model refused one."""
    model = models.subtype_model(models.card(options.model)) if options.model else None
    k, columns = number_of(options.k), columns_of(options.survival)
    if options.out:
        check_suffix(options.out)
    expression = _open(options, columns)
    for note in expression.notes:
        print(note.text, file=sys.stderr)
    if model:
        return _place(options, model, expression, columns)
    return _find(options, expression, k, columns)


def number_of(given: str) -> int | None:
    """The number of groups that was asked for; None for "auto".

    Raises
    ------
    ManifestError : it is neither.
    """
    if given == "auto":
        return None
    if not re.fullmatch(r"[0-9]{1,3}", given):
        raise ManifestError("genomics.k_word", given=given[:40])
    return int(given)


def columns_of(given: str | None) -> tuple[str, ...]:
    """The columns of time and event in "TIME,EVENT"; none where nothing was given.

    Raises
    ------
    ManifestError : there are not two.
    """
    if not given:
        return ()
    parts = tuple(part.strip() for part in given.split(","))
    if len(parts) != 2 or not all(parts):
        raise ManifestError("genomics.survival_word", given=given[:80])
    return parts


def _open(options: argparse.Namespace, columns: tuple[str, ...]) -> Expression:
    named = [part.strip() for part in (options.clinical_columns or "").split(",") if part.strip()]
    inside = () if options.clinical else columns
    expression = open_expression(options.file, clinical=(*named, *inside), genes_in_rows=options.genes_in_rows)
    return with_clinical(expression, open_table(options.clinical)) if options.clinical else expression


def _find(options: argparse.Namespace, expression: Expression, k: int | None, columns: tuple[str, ...]) -> int:
    found = find_subtypes(expression, k=k, method=options.method, tell=progress_line())
    survival = group_survival(found.matrix, found.label, found.clinical, columns) if columns and found.k else None
    table = groups_table(found, expression.samples)
    if options.out:
        write(table, options.out)
    if options.json:
        samples = [_line(row) for row in table.to_dict("records")]
        print(json.dumps(grouping_summary(found, survival) | {"samples": samples}))
    elif options.out:
        print(f"{len(table)} samples in {found.k or 'no'} groups, in {options.out}.")
    else:
        sys.stdout.write(harmless_csv(table).decode("utf-8-sig"))
    for message in (*found.matrix.steps, *found.warnings):
        print(message.text, file=sys.stderr)
    _say(survival)
    return 0


def _place(options: argparse.Namespace, model: SubtypeModel, expression: Expression, columns: tuple[str, ...]) -> int:
    found = place(model, expression)
    names = ["", *model.names]
    label = np.array([names.index(p.subtype) for p in found.placed])
    survival = survival_by(expression.samples, label, expression.clinical, columns) if columns else None
    table = placements_table(found)
    if options.out:
        write(table, options.out)
    if options.json:
        samples = [_line(row) for row in table.to_dict("records")]
        print(json.dumps(_summary(model, found, survival) | {"samples": samples}))
    elif options.out:
        placed = sum(p.refusal is None for p in found.placed)
        print(f"{len(table)} samples, {placed} of them placed, in {options.out}.")
    else:
        sys.stdout.write(harmless_csv(table).decode("utf-8-sig"))
    for message in found.notes:
        print(message.text, file=sys.stderr)
    _say(survival)
    return int(any(p.refusal for p in found.placed))


def _summary(model: SubtypeModel, found: Placements, survival: GroupSurvival | None) -> dict[str, object]:
    return {
        "model": found.card.name,
        "version": found.card.version,
        "genes_shared": found.shared,
        "genes_total": found.total,
        "centred": found.centred,
        "notes": [m.text for m in found.notes],
        "subtypes_in_the_cohort": [{k: plain(v) for k, v in vars(s).items()} for s in model.subtyped.survival],
        "survival": survival_summary(survival) if survival else None,
    }


def _line(row: dict[str, object]) -> dict[str, object]:
    """A row as JSON can hold it: what is missing becomes null."""
    return {name: None if pd.isna(value) or value == "" else value for name, value in row.items()}


def _say(survival: GroupSurvival | None) -> None:
    if survival and survival.test:
        test = survival.test
        print(
            f"Survival by group: log-rank chi2 {test.statistic:.2f}, {test.degrees} degrees of freedom, "
            f"p {test.p:.2g}, n = {survival.n}",
            file=sys.stderr,
        )

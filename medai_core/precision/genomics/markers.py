"""What tells groups of samples apart: marker genes, clinical columns, and how long the groups live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from medai_core.errors import ManifestError, Message
from medai_core.metrics import Floats, Ints
from medai_core.metrics.survival import KaplanMeier, LogRank, adjusted, kaplan_meier, log_rank
from medai_core.precision.genomics.matrix import Matrix

CATEGORIES_MAX = 8
"""A column of numbers with at most so many different ones is compared as categories."""
LABELS_MAX = 30
"""A column of text with more different values than this is no grouping of the samples, but names or notes."""


def marker_genes(matrix: Matrix, label: Ints) -> pd.DataFrame:
    """How each gene differs between a group and all other samples, by Welch's t-test, one row a group and gene.

    The groups were made from these very genes, so the rates of false discovery are too low: they order the
    genes and prove nothing.

    Parameters
    ----------
    label : (n,), groups from 1; groups of one sample have no row.

    Returns
    -------
    Columns group, gene, difference (of means, in units of the matrix), p, false_discovery_rate (Benjamini-Hochberg
    within the group); the smallest p first within a group.
    """
    values = matrix.values
    total, squares = values.sum(axis=0, dtype=np.float64), np.einsum("ij,ij->j", values, values, dtype=np.float64)
    tables = []
    for group in np.unique(label):
        own = values[label == group]
        n, m = len(own), len(values) - len(own)
        if n < 2 or m < 2:
            continue
        sums, own_squares = own.sum(axis=0, dtype=np.float64), np.einsum("ij,ij->j", own, own, dtype=np.float64)
        mean, rest = sums / n, (total - sums) / m
        spread = np.maximum(own_squares - n * mean**2, 0) / (n - 1) / n
        other = np.maximum(squares - own_squares - m * rest**2, 0) / (m - 1) / m
        error = np.maximum(spread + other, 1e-24)
        degrees = error**2 / np.maximum(spread**2 / (n - 1) + other**2 / (m - 1), 1e-300)
        p = 2 * stats.t.sf(np.abs(mean - rest) / np.sqrt(error), degrees)
        found = pd.DataFrame({"group": group, "gene": matrix.genes, "difference": mean - rest, "p": p})
        found["false_discovery_rate"] = adjusted(p)
        found["size"] = -np.abs(found["difference"])
        tables.append(found.sort_values(["p", "size", "gene"], kind="stable").drop(columns="size"))
    return pd.concat(tables, ignore_index=True)


def associations(matrix: Matrix, label: Ints, clinical: pd.DataFrame) -> pd.DataFrame:
    """Whether clinical columns differ between the groups; one row a column that can be compared.

    Numbers by Kruskal and Wallis, categories by the chi-squared test (by Fisher's exact test for two by two).

    Parameters
    ----------
    clinical : rows in any order, indexed by the samples' names.

    Returns
    -------
    Columns column, test, n (samples that have it), p, false_discovery_rate, reused (it bears the name of one of the
    genes that made the groups), and for each group its median with quartiles, or its shares, as text.
    """
    table = clinical.reindex(matrix.samples)
    genes = {gene.casefold() for gene in matrix.genes}
    rows = []
    for column in table.columns:
        cells = table[column].replace("", np.nan)
        known = cells.notna().to_numpy()
        found = _compared(cells[known], label[known])
        if found:
            rows.append({"column": column, "n": int(known.sum()), "reused": str(column).casefold() in genes} | found)
    if not rows:
        return pd.DataFrame(columns=["column", "test", "n", "p", "false_discovery_rate", "reused"])
    result = pd.DataFrame(rows)
    result.insert(4, "false_discovery_rate", adjusted(result["p"].to_numpy(np.float64)))
    return result.sort_values(["p", "column"], kind="stable", ignore_index=True)


def _compared(cells: pd.Series, label: Ints) -> dict[str, object] | None:
    """The test of one column; None where there is nothing to compare."""
    groups = np.unique(label)
    if len(groups) < 2 or cells.nunique() < 2:
        return None
    numbers = pd.to_numeric(cells, errors="coerce")
    if numbers.notna().all() and numbers.nunique() > CATEGORIES_MAX:
        parts = [numbers[label == g].to_numpy(np.float64) for g in groups]
        said = {f"group {g}": _quartiles(part) for g, part in zip(groups, parts, strict=True)}
        return {"test": "kruskal_wallis", "p": float(stats.kruskal(*parts).pvalue)} | said
    if cells.nunique() > LABELS_MAX:
        return None
    counts = pd.crosstab(cells.map(_named), label)
    said = {f"group {g}": _shares(counts[g]) for g in groups}
    if counts.shape == (2, 2):
        return {"test": "fisher", "p": float(stats.fisher_exact(counts.to_numpy()).pvalue)} | said
    return {"test": "chi_squared", "p": float(stats.chi2_contingency(counts.to_numpy()).pvalue)} | said


def _named(cell: object) -> str:
    """A category as people write it: 1 and not 1.0."""
    return f"{cell:g}" if isinstance(cell, float) else str(cell)


def _quartiles(values: Floats) -> str:
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
    return f"{middle:.3g} ({low:.3g} to {high:.3g})"


def _shares(counts: pd.Series) -> str:
    total = max(int(counts.sum()), 1)
    return ", ".join(f"{name}: {100 * n / total:.0f} %" for name, n in counts.items() if n)


@dataclass(frozen=True)
class GroupSurvival:
    """How long the groups live.

    Attributes
    ----------
    curves : by group, from 1. followed : by group, how long each of its samples was followed.
    test : the log-rank test of all groups; None where there is one group only.
    time, event : the columns that said so; n : samples with both; left_out : those without.
    """

    curves: dict[int, KaplanMeier]
    followed: dict[int, Floats]
    test: LogRank | None
    time: str
    event: str
    n: int
    left_out: int


def group_survival(matrix: Matrix, label: Ints, clinical: pd.DataFrame, columns: Sequence[str]) -> GroupSurvival:
    """The survival of groups by two clinical columns: the time, and 1 (or true, yes, dead) where the event happened.

    Raises
    ------
    ManifestError : a column is absent, a time is negative or no number, an event is neither 0 nor 1, or
        nobody has both.
    """
    return survival_by(matrix.samples, label, clinical, columns)


def survival_by(samples: Sequence[str], label: Ints, clinical: pd.DataFrame, columns: Sequence[str]) -> GroupSurvival:
    """As ``group_survival``, of samples by name; who is in group 0 is in none and left out.

    Raises
    ------
    ManifestError : as ``group_survival``.
    """
    time_column, event_column = columns
    for column in columns:
        if column not in clinical.columns:
            known = ", ".join(map(str, clinical.columns[:20])) or "-"
            raise ManifestError("genomics.no_column", column=column, columns=known)
    table = clinical.reindex(samples)
    time, event = times(table[time_column]), events(table[event_column])
    followed = np.isfinite(time) & np.isfinite(event) & (label > 0)
    if not followed.any():
        raise ManifestError("genomics.no_survival", time=time_column, event=event_column)
    time, happened, group = time[followed], event[followed].astype(np.int64), label[followed]
    curves = {int(g): kaplan_meier(time[group == g], happened[group == g]) for g in np.unique(group)}
    test = log_rank(time, happened, group) if len(curves) > 1 and happened.any() else None
    observed = {g: time[group == g] for g in curves}
    n, left_out = int(followed.sum()), int((~followed).sum())
    return GroupSurvival(curves, observed, test, time_column, event_column, n, left_out)


HAPPENED = {"1": 1.0, "true": 1.0, "yes": 1.0, "dead": 1.0, "deceased": 1.0, "event": 1.0, "1.0": 1.0}
NOT_HAPPENED = {"0": 0.0, "false": 0.0, "no": 0.0, "alive": 0.0, "living": 0.0, "censored": 0.0, "0.0": 0.0}


def times(cells: pd.Series) -> Floats:
    """Follow-up times, nan where missing.

    Raises
    ------
    ManifestError : one is negative or no number.
    """
    found = pd.to_numeric(cells.replace("", np.nan), errors="coerce").to_numpy(np.float64)
    present = cells.replace("", np.nan).notna().to_numpy()
    wrong = present & ~(found >= 0) | np.isinf(found)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ManifestError(
            "genomics.time", column=str(cells.name), sample=str(cells.index[row]), found=str(cells.iloc[row])[:40]
        )
    return np.asarray(found)


def events(cells: pd.Series) -> Floats:
    """1 where the event happened, 0 where not, nan where missing.

    Raises
    ------
    ManifestError : a cell says neither.
    """
    text = cells.replace("", np.nan).map(lambda v: str(v).strip().casefold(), na_action="ignore")
    found = text.map(HAPPENED | NOT_HAPPENED)
    wrong = (text.notna() & found.isna()).to_numpy()
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ManifestError(
            "genomics.event", column=str(cells.name), sample=str(cells.index[row]), found=str(cells.iloc[row])[:40]
        )
    return np.asarray(found.to_numpy(np.float64))


def reuse_warning(found: pd.DataFrame) -> tuple[Message, ...]:
    """The warning that a clinical column stems from the genes that made the groups; none where none does."""
    if not len(found) or not found["reused"].any():
        return ()
    return (Message("genomics.reused", {"columns": ", ".join(map(str, found.loc[found["reused"], "column"]))}),)

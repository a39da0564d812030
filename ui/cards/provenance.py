"""Where the data came from, and how the weights came about."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd
import streamlit as st

from medai_core.cards import Card, Cohort, Measured
from ui import words
from ui.language import _
from ui.results import facts, plain

HEADLINES = (
    "auc",
    "average_precision",
    "c_index",
    "accuracy",
    "balanced_accuracy",
    "coverage",
    "brier",
    "utility",
    "patients_caught",
    "calibration_slope",
    "time_in_range",
    "inr_above_4",
    "synthetic_to_real_ratio",
    "region_synthetic_to_real_ratio",
    "label_agreement",
    "frechet",
)
"""What the log of test uses shows of each; the card's file holds every value."""


def sources(card: Card) -> None:
    """Where the data came from, and how the weights came about."""
    st.subheader(_("Cohorts"), anchor=False)
    for cohort in card.cohorts:
        _cohort(cohort)
    if card.measured is None:
        return
    _training(card.measured)
    _evaluations(card.measured)


def _training(measured: Measured) -> None:
    """How the weights came about."""
    st.subheader(_("Provenance"), anchor=False)
    made = measured.provenance
    rows = {
        _("Trained"): f"{made.date} · {words.minutes(made.seconds)}",
        _("Commit"): made.commit,
        _("Command"): made.command,
        _("Seed"): str(made.seed),
        _("Data"): made.data,
        **{f"SHA-256 {name}": digest for name, digest in measured.sha256.items()},
    }
    facts(rows)


def _evaluations(measured: Measured) -> None:
    """Every use of the test split."""
    st.subheader(_("Uses of the test split"), anchor=False)
    uses = [
        {
            _("Date"): e.date,
            _("Commit"): e.commit,
            **_values(e.values),
            _("Note"): words.data_title(e.note) if e.note else "",
        }
        for e in measured.test_evaluations
    ]
    table = pd.DataFrame(uses).fillna("")
    table = table.loc[:, (table != "").any()]
    st.table(table, hide_index=True, border="horizontal", alt=_("Uses of the test split"))
    st.caption(_("Every evaluation on the test split is listed; the first one stays."))


def _values(values: Mapping[str, float]) -> dict[str, str]:
    """What one use found, by measure; of a model that watches a stay at the last of its hours."""
    found = {}
    for name in HEADLINES:
        at = {hour: v for key, v in values.items() for measure, hour in [_logged(key)] if measure == name}
        if at:
            found[words.at_hour(name, max(at))] = f"{at[max(at)]:.3f}"
    return found


def _logged(key: str) -> tuple[str, int]:
    """The measure and the hour of "auc at 48 h"; no hour in "auc"."""
    at = re.fullmatch(r"(\w+) at (\d+) h", key)
    return (at[1], int(at[2])) if at else (key, 0)


def _cohort(cohort: Cohort) -> None:
    facts = " · ".join(plain(fact) for fact in (cohort.source, cohort.years, cohort.licence) if fact)
    doi = f" · [doi:{cohort.doi}](https://doi.org/{cohort.doi})" if cohort.doi else ""
    st.markdown(f"**{plain(cohort.name)}** · {facts}{doi}")
    if cohort.note:
        st.caption(plain(_(cohort.note)))

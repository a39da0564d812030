"""Asking for a cohort: the outcome, the model, the table, and which of its columns is which predictor."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from medai_core.cards import Card
from medai_core.sources.intake import match_columns
from ui.cached import models
from ui.cached.uploads import Upload, given
from ui.cards.risk import estimator_title, outcome_title
from ui.language import _, card_words, predictor_title
from ui.results import empty_state, plain

LIMIT_MB = 100


def choose_model() -> Card | None:
    """The risk model to score with, the recommended one first; None where none is trained."""
    outcomes = models().outcomes()
    if not outcomes:
        empty_state("deployed_code", _("No risk model yet"), _("Train a risk model; it then appears here."))
        return None
    asked = next((c for cards in outcomes.values() for c in cards if c.name == st.query_params.get("model")), None)
    left, right = st.columns(2, gap="medium")
    names = list(outcomes)
    outcome = left.selectbox(
        _("Outcome"),
        names,
        index=names.index(asked.outcome) if asked else 0,
        format_func=lambda name: outcome_title(outcomes[name][0]),
        key="cohort_outcome",
    )
    cards = {card.name: card for card in outcomes[outcome]}
    name = right.selectbox(
        _("Model"),
        list(cards),
        index=list(cards).index(asked.name) if asked and asked.name in cards else 0,
        format_func=lambda name: _model_title(cards[name]),
        key=f"cohort_model:{outcome}",
    )
    st.query_params["model"] = name
    return cards[name]


def _model_title(card: Card) -> str:
    title = estimator_title(card)
    title = title[:1].upper() + title[1:]
    return _("{model} (recommended)").format(model=title) if card.recommended else title


def ask(card: Card) -> Upload | None:
    """The table that the reader gives: an upload, or else the model's own example."""
    uploads, tries = st.columns([3, 2], gap="medium")
    with uploads:
        file = st.file_uploader(
            _("Table of patients"),
            key="cohort_file",
            max_upload_size=LIMIT_MB,
            help=_(
                "CSV, Parquet or a FHIR R4 Bundle, up to 200,000 rows; the content decides, not the name. "
                "Files stay in this session."
            ),
        )
    with tries:
        sample = _ask_sample(card)
    if file is not None:
        return given(file.name, file.getvalue())
    if sample is not None:
        return given(sample.name, sample.read_bytes())
    empty_state(
        "groups",
        _("No table yet"),
        _("Drop a table of patients above, or try the sample: one row a patient, one column a predictor."),
    )
    return None


def _ask_sample(card: Card) -> Path | None:
    """The model's own drawn patients."""
    paths = {path.name: path for path in sorted((models().folder / card.name).glob("example*.csv"))}
    chosen = st.selectbox(
        _("Or try a sample"),
        list(paths),
        index=None,
        format_func=lambda name: _("SYNTHETIC: {title}").format(title=card_words(card).title),
        placeholder=_("Choose a sample"),
        help=_("Drawn from what the development cohort has in common; none is a patient."),
        key=f"cohort_sample:{card.name}",
        disabled=not paths,
    )
    return paths[chosen] if chosen else None


def ask_columns(upload: Upload, table: pd.DataFrame, card: Card) -> dict[str, str]:
    """The column of each predictor: as proposed by its name, unless the reader says otherwise."""
    columns = [str(c) for c in table.columns]
    proposed = match_columns(columns, card.predictors)
    absent = [predictor_title(card, p.name) for p in card.predictors if p.name not in proposed]
    title = _("Columns: {found} of {n} predictors found").format(found=len(proposed), n=len(card.predictors))
    with (
        st.expander(title, icon=":material/view_column:", expanded=not proposed),
        st.form(f"columns:{upload.sha256[:16]}:{card.name}", border=False),
    ):
        st.caption(_("A predictor without a column counts as unknown in every row."))
        if absent:
            st.markdown(_("Not found: {titles}.").format(titles=plain(", ".join(absent))))
        places = st.columns(3, gap="medium")
        matched = {}
        for i, p in enumerate(card.predictors):
            label = predictor_title(card, p.name) + (f" ({p.unit})" if p.unit else "")
            with places[i % 3]:
                matched[p.name] = _ask_column(
                    label, columns, proposed.get(p.name, ""), f"{upload.sha256[:16]}:{p.name}"
                )
        st.form_submit_button(_("Score with these columns"), icon=":material/check:")
    return {name: column for name, column in matched.items() if column}


def _ask_column(label: str, columns: list[str], proposed: str, key: str) -> str:
    offered = ["", *columns]
    return st.selectbox(
        plain(label),
        offered,
        index=offered.index(proposed),
        format_func=lambda column: column or _("unknown"),
        key=f"column:{key}",
    )

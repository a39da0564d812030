"""What a model is for, on whom, what it can find, and its limits."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from medai_core.cards import Card
from ui import words
from ui.language import _, card_words
from ui.results import plain


def purpose(card: Card) -> None:
    """What it is for, what not, on whom, its limits."""
    said = card_words(card)
    left, right = st.columns(2, gap="large")
    with left:
        _section(_("What it is for"), said.intended_use)
        _section(_("What it is not for"), said.not_for)
        if card.precondition:
            _section(_("What must be affirmed first"), said.precondition)
    with right:
        _section(_("On whom"), said.population)
        bullets(_population(card))
        st.subheader(_("Limits"), anchor=False)
        bullets(said.limits)


def _section(title: str, text: str) -> None:
    st.subheader(title, anchor=False)
    st.markdown(plain(text))


def bullets(texts: Sequence[str]) -> None:
    st.markdown("\n".join(f"- {plain(text)}" for text in texts))


def _population(card: Card) -> list[str]:
    """What a file's header must not contradict."""
    population, facts = card.population, []
    if population.age_years:
        low, high = population.age_years[0], population.age_years[-1]
        facts.append(_("Age: {low:g} to {high:g} years").format(low=low, high=high))
    if population.body_parts:
        facts.append(_("Body part: {parts}").format(parts=", ".join(population.body_parts)))
    if population.views:
        facts.append(_("View: {views}").format(views=", ".join(population.views)))
    if card.input.modalities:
        facts.append(_("Modality: {modalities}").format(modalities=", ".join(card.input.modalities)))
    if card.input.size:
        size = " × ".join(str(side) for side in card.input.size)
        facts.append(_("Given to the network at {size} pixels").format(size=size))
    return facts


def findings(card: Card) -> None:
    """What it can find, with codes and, once measured, thresholds."""
    st.subheader(_("Findings"), anchor=False)
    titles, measured = card_words(card).findings, card.measured
    rows = [
        {
            _("Finding"): words.sentence(titles.get(f.name, f.name)),
            _("Name in files"): f.name,
            _("Code"): f"{f.code.system} {f.code.value}" if f.code else "–",
            _("Threshold"): f"{measured.thresholds[f.name]:.3f}" if measured and f.name in measured.thresholds else "–",
        }
        for f in card.findings
    ]
    st.table(pd.DataFrame(rows), hide_index=True, border="horizontal", alt=_("Findings"))
    if measured and measured.threshold_source:
        st.caption(_("Thresholds: {source}").format(source=plain(measured.threshold_source)))

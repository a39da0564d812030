"""What a model says that places patients in subtypes: which, how those fared, and what it takes to be placed."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from medai_core.cards import Card
from medai_core.cards.subtypes import Subtyped, SubtypeSpec, SubtypeSurvival
from ui import words
from ui.language import _, card_words, finding_title
from ui.results import facts

YEARS = (5.0, 10.0)
"""The years at which the survival of a subtype is listed."""


def spec_of(card: Card) -> SubtypeSpec:
    """How the card's model places a patient; only models of subtypes have it."""
    assert card.subtypes is not None
    return card.subtypes


def subtyped_of(card: Card) -> Subtyped:
    """What was measured of the card's model as one of subtypes."""
    assert card.measured is not None and card.measured.subtyped is not None
    return card.measured.subtyped


def subtypes(card: Card) -> None:
    """The subtypes with their survival in the cohort, and how a patient is placed."""
    st.subheader(_("Subtypes"), anchor=False)
    known = {s.name: s for s in subtyped_of(card).survival} if card.measured else {}
    rows = [
        {_("Subtype"): words.sentence(finding_title(card, f.name)), _("Name in files"): f.name}
        | (_fared(known[f.name]) if f.name in known else {})
        for f in card.findings
    ]
    st.table(pd.DataFrame(rows), hide_index=True, border="horizontal", alt=_("Subtypes"))
    facts(_placing(card))


def _fared(s: SubtypeSurvival) -> dict[str, str]:
    """How many they were, and how many of them were without the event later on."""
    found = {"n": f"{s.n}", _("Events"): f"{s.events}"}
    for year in YEARS:
        if year in s.years:
            i = s.years.index(year)
            span = words.span(s.low[i], s.high[i], shares=True)
            found[_("Without the event at {year:g} years").format(year=year)] = f"{words.share(s.share[i])} ({span})"
    return found


def _placing(card: Card) -> dict[str, str]:
    spec = spec_of(card)
    rows = {
        _("How a patient is placed"): card_words(card).why or spec.why,
        _("Genes that must be shared"): _("at least {n}").format(n=spec.genes_min),
        _("Samples of another platform"): _("at least {n}, measured alike").format(n=spec.samples_min),
    }
    if card.measured is not None:
        rows[_("Genes of the model")] = f"{max(s.genes for s in subtyped_of(card).shared):,}"
    return {name: value for name, value in rows.items() if value}


def refuses(card: Card) -> list[str]:
    """When a sample is placed nowhere, and what is pointed out beside a placement."""
    spec = spec_of(card)
    return [
        _("Fewer than {n} of the model's genes are in the file.").format(n=spec.genes_min),
        _("More than {share} of the shared genes are missing in the sample.").format(
            share=words.share(spec.missing_max)
        ),
        _("The genes do not rise and fall together as in the cohort: less of the profile is explained than below."),
        _("A sample whose most probable subtype has less than {share} is called doubtful.").format(
            share=words.share(spec.doubtful_below)
        ),
    ]

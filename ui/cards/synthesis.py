"""The card of a model that makes scans: what it makes, how like real ones, what they are worth, how near to anyone."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from medai_core.cards import Card, Guard, Measure
from medai_core.cards.synthesis import SynthesisSpec
from ui import words
from ui.cached import models
from ui.figures import confusion_matrix
from ui.language import _, card_words
from ui.results import facts

HALVES = "_halves"
"""Of a measure: the same between two halves of the real scans."""
LIKENESS = ("frechet", "manifold_precision", "manifold_recall")
WORTH = ("taught_real", "taught_synthetic", "synthetic_to_real_ratio", "taught_both", "augmentation_gain")
LABELS = ("accepted_share", "label_agreement")
NEARNESS = ("nearest_ratio_embedding", "too_near_embedding", "nearest_ratio_pixels", "too_near_pixels")


def spec_of(card: Card) -> SynthesisSpec:
    """What the card says of what it makes."""
    assert card.synthesis is not None
    return card.synthesis


def made(card: Card) -> None:
    """What it makes, and who judges it."""
    spec = spec_of(card)
    st.subheader(_("What it makes"), anchor=False)
    judge = next((c for c in models().cards if c.name == spec.classifier), None)
    rows = {
        _("Labels"): words.joined([card_words(card).findings.get(f.name, f.title) for f in card.findings]),
        _("Size"): _("{n} x {n} pixels, grey").format(n=spec.size),
        _("Outline"): _("of the tumour, made with the image") if spec.outlined else _("none"),
        _("Judged by"): card_words(judge).title if judge else spec.classifier,
    }
    facts(rows)


def performance(card: Card) -> None:
    """How like real scans, whether labels hold, and what made scans are worth to a classifier."""
    assert card.measured is not None
    found = card.measured.performance
    st.subheader(_("How like real scans"), anchor=False)
    _likeness(found)
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(_("What they are worth to a classifier"), anchor=False)
        _table(found, WORTH, _("What they are worth to a classifier"))
        st.caption(
            _(
                "Small classifiers of one kind, taught with real scans, with made ones, or with both, and asked about "
                "real scans of other people. Balanced accuracy; the share is that of made over real."
            )
        )
    with right:
        st.subheader(_("Whether labels hold"), anchor=False)
        _table(found, LABELS, _("Whether labels hold"))
        st.caption(_("What the classifier of such scans says of made ones, beside the label that was asked for."))


def _likeness(found: Sequence[Measure]) -> None:
    """Made beside real scans, and two halves of the real ones beside each other."""
    known = {(m.measure, m.data): m for m in found}
    rows = [
        {
            _("Measure"): words.measure_title(name),
            _("Made and real scans"): _said(known[name, data]),
            _("Two halves of the real scans"): _said(known[name + HALVES, data]),
            _("Measured on"): words.data_title(data),
            "n": known[name, data].n,
            _("Groups"): known[name, data].groups,
        }
        for name in LIKENESS
        for data in ("test", "validation")
        if (name, data) in known
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, height="content", alt=_("How like real scans"))
    st.caption(
        _(
            "In the embedding of the classifier that reads such scans, mean and middle 95 % over random halves. "
            "Fréchet distance: 0 would be alike. Precision: the share of made scans among real ones; recall: the share "
            "of real scans among made ones."
        )
    )


def _table(found: Sequence[Measure], names: Sequence[str], spoken: str) -> None:
    rows = [
        {
            _("Measure"): words.measure_title(m.measure),
            _("Value"): _said(m),
            _("Measured on"): words.data_title(m.data),
            "n": m.n,
        }
        for name in names
        for m in found
        if m.measure == name
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, height="content", alt=spoken)


def _said(m: Measure) -> str:
    return f"{m.value:.3f} ({words.span(m.low, m.high)})"


def trust(card: Card) -> None:
    """How near to a training scan, what is withheld, and what the classifier takes one label for."""
    assert card.measured is not None and card.measured.guard is not None
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(_("How near to a training scan"), anchor=False)
        _table(card.measured.performance, NEARNESS, _("How near to a training scan"))
        st.caption(_guarded(card.measured.guard))
    with right:
        st.subheader(_("Confusion matrix"), anchor=False)
        confusion_matrix(card)


def _guarded(guard: Guard) -> str:
    """What is withheld, in a sentence."""
    return _(
        "A ratio below 1: made scans lie nearer to training scans than scans of other people do. A made scan that lies "
        "nearer than {kept} of {n} real scans of other people is withheld: {withheld} of those that are made."
    ).format(kept=words.share(1 - guard.quantile), n=guard.n, withheld=words.share(guard.withheld))

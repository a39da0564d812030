"""How well patients left out are placed, by genes and platform, and how stable the subtypes themselves are."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from medai_core.cards import Card, Measure
from medai_core.errors import N_
from ui import words
from ui.cards.purpose import bullets
from ui.cards.risk_performance import said
from ui.cards.subtyping import refuses, subtyped_of
from ui.figures import reliability_plot
from ui.language import _
from ui.results import plain
from ui.subtypes.said import method_title, p_words, sizes_words

SHOWN = ("balanced_accuracy", "auc", "brier", "calibration_slope", "coverage", "refused_share")
MIXED_UP = N_("mixed up genes")
"""What the recipe calls profiles whose genes were exchanged, which must be refused."""
SETTINGS = (N_("gene symbols"), N_("40 % of the gene symbols"), N_("another platform"))
"""What the recipe calls the genes and the platform that it measured with; a number may stand before the first."""
WAYS = (
    N_("correlation with the centroids"),
    N_("logistic regression on principal components"),
    N_("nearest centroid, genes alike"),
    N_("nearest centroid, genes by the square of their difference"),
    N_("nearest centroid, genes by their difference"),
    N_("nearest centroid, genes in their spread"),
)
"""What the recipe calls the ways to place a patient; their own English is what a translation is looked up by."""


def setting_title(data: str) -> str:
    """Where and with which genes something was measured, in words."""
    titles = []
    for part in data.split(", "):
        number = part.partition(" ")[0]
        few = number.isdigit() and part not in SETTINGS
        titles.append(_("{n} gene symbols").format(n=number) if few else words.data_title(part))
    return words.sentence(", ".join(titles))


def performance(card: Card) -> None:
    """By setting, beside other ways, and the evidence for the subtypes."""
    assert card.measured is not None
    st.subheader(_("How good"), anchor=False)
    found = [m for m in card.measured.performance if m.measure in SHOWN]
    table = pd.DataFrame(_by_setting(found)).fillna("")
    st.dataframe(table, hide_index=True, height="content", alt=_("Measures with 95 % intervals"))
    st.caption(
        _(
            "Every value is of patients that were left out when the subtypes were found anew; the truth is the "
            "subtype found with all of them. In brackets the 95 % interval, by resampling patients. "
            "Another platform is imitated by shifting and stretching every gene."
        )
    )
    _compared(card)
    _stability(card)


def _by_setting(found: list[Measure]) -> list[dict[str, str]]:
    rows: dict[str, dict[str, str]] = {}
    for m in found:
        row = rows.setdefault(m.data, {_("Setting"): setting_title(m.data), "n": f"{m.n}"})
        if m.subgroup == MIXED_UP:
            row[_("Refused, genes mixed up")] = said(m)
        elif not m.subgroup and not m.model:
            row[words.measure_title(m.measure)] = said(m)
    return list(rows.values())


def _compared(card: Card) -> None:
    """Balanced accuracy of each way to place a patient, one column a setting."""
    assert card.measured is not None
    rows: dict[str, dict[str, str]] = {}
    for a in card.measured.approaches:
        row = rows.setdefault(
            a.name, {_("Approach"): words.sentence(_(a.name)), _("Chosen"): _("yes") if a.chosen else _("no")}
        )
        row[setting_title(a.measure.partition(", ")[2])] = f"{a.value:.3f}"
    if rows:
        st.subheader(_("What was compared"), anchor=False)
        st.dataframe(pd.DataFrame(list(rows.values())), hide_index=True, height="content", alt=_("What was compared"))
        st.caption(_("Balanced accuracy of patients left out."))


def _stability(card: Card) -> None:
    """Whether the subtypes come back, for every number of groups and method, and whether their survival does."""
    found = subtyped_of(card)
    st.subheader(_("Evidence for the subtypes"), anchor=False)
    rows = [
        {
            _("Method"): method_title(e.method),
            _("Groups"): e.k,
            _("Chosen"): _("yes") if (e.k, e.method) == (found.k, found.method) else "",
            _("Stability (95 of 100 resamples above)"): f"{e.stability:.2f} ({e.low:.2f})",
            _("p of draws without groups"): p_words(e.p),
            _("Silhouette"): f"{e.silhouette:.2f}",
            _("Gap (error)"): f"{e.gap:.2f} ({e.gap_error:.2f})",
            _("Sizes"): sizes_words(e.sizes),
            _("Log-rank p"): p_words(e.log_rank_p),
        }
        for e in found.evidence
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, height=360, alt=_("Evidence for each number of groups"))
    halves = found.halves
    split = _(
        "Found in one half of the cohort and recognised in the other, {halvings} times: median adjusted Rand index "
        "with the subtypes of all {agreement:.2f}; survival differed there with a median log-rank p of {p}, "
        "below 0.05 in {separated}."
    )
    text = split.format(
        halvings=halves.halvings,
        agreement=halves.agreement,
        p=p_words(halves.p),
        separated=words.share(halves.separated),
    )
    st.markdown(plain(text))


def trust(card: Card) -> None:
    """Whether its probabilities mean what they say, what its sets promise, and when it refuses."""
    assert card.measured is not None
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(_("Calibration"), anchor=False)
        if card.measured.reliability:
            reliability_plot(card.measured.reliability)
    with right:
        st.subheader(_("Sets of subtypes"), anchor=False)
        sets = card.measured.sets()
        promised = _("A result names every subtype not ruled out: the set is made to hold the own one in {level}.")
        st.markdown(plain(promised.format(level=words.share(sets.level))))
        measured = _("Measured: {share} (95 % interval {span}; n = {n}); mean size {size:.2f}.")
        span = words.span(sets.coverage.low, sets.coverage.high, shares=True)
        text = measured.format(
            share=words.share(sets.coverage.value), span=span, n=sets.coverage.n, size=sets.mean_size
        )
        st.markdown(plain(text))
        st.subheader(_("When it refuses or warns"), anchor=False)
        bullets(refuses(card))
        _explained_least(card)


def _explained_least(card: Card) -> None:
    rows = [
        {_("Genes shared"): f"{s.genes:,}", _("Share explained, at least"): words.share(s.explained_min)}
        for s in subtyped_of(card).shared
    ]
    st.table(pd.DataFrame(rows), hide_index=True, border="horizontal", alt=_("The least share that must be explained"))

"""The card of a model of survival: what it predicts, what expression adds, and whether its survival comes true."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from medai_core.cards import Bounds, Card
from medai_core.cards.survival import Gain, SurvivalSpec, Survived
from medai_core.records.report.treatment import PARTS
from ui import words
from ui.cards import risk_performance
from ui.cards.purpose import bullets
from ui.cards.risk import event_title
from ui.language import _, card_words
from ui.results import facts, plain


def spec_of(card: Card) -> SurvivalSpec:
    """What the card says of survival."""
    assert card.survival is not None
    return card.survival


def survived_of(card: Card) -> Survived:
    """What was measured of it."""
    assert card.measured is not None and card.measured.survived is not None
    return card.measured.survived


def prediction(card: Card) -> None:
    """What is predicted, from what."""
    spec, said = spec_of(card), card_words(card)
    st.subheader(_("What it predicts"), anchor=False)
    rows = {
        _("Outcome"): words.sentence(event_title(card)),
        _("Horizon"): said.horizon or spec.horizon,
        _("Expression"): _("{n} genes, by probe, symbol or Entrez id").format(n=spec.expression.genes),
        _("What expression adds"): said.why or spec.why,
        _("Outcome in tables"): f"{spec.event} = {', '.join(spec.happened)}; {spec.time}",
    }
    facts({name: value for name, value in rows.items() if value})


def performance(card: Card) -> None:
    """What expression adds, then every measure."""
    gains(card)
    assert card.measured is not None
    st.subheader(_("How good"), anchor=False)
    risk_performance.by_data([m for m in card.measured.performance if not m.subgroup])
    risk_performance.rivals(card.measured.performance)


def gains(card: Card) -> None:
    """What expression adds to history and treatment: over everybody, by subtype and by treatment."""
    found = survived_of(card)
    st.subheader(_("What expression adds to history and treatment"), anchor=False)
    table = pd.DataFrame([_gain(gain, card) for gain in found.gains])
    st.dataframe(table, hide_index=True, height="content", alt=_("What expression adds, by subtype and treatment"))
    st.caption(
        _(
            "In nested cross-validation, with 95 % intervals by resampling patients. A gain is shown where the "
            "interval of the C-index lies above 0; many groups are looked at, so a single one may be chance."
        )
    )
    if found.too_few:
        names = words.joined([words.subgroup_title(name, card) for name in found.too_few])
        st.caption(plain(_("Too few to tell: {names}.").format(names=names)))


def _gain(gain: Gain, card: Card) -> dict[str, object]:
    row: dict[str, object] = {
        _("Subgroup"): words.sentence(words.subgroup_title(gain.subgroup, card)),
        "n": gain.n,
        _("Deaths"): gain.events,
        words.measure_title("c_index_gain"): _bounded(gain.concordance),
    }
    for years, bounds in zip(spec_of(card).horizons, gain.brier, strict=True):
        row[words.measure_title(f"brier_gain_{years:g}_years")] = _bounded(bounds)
    row["p"] = f"{gain.p:.3f}" if gain.p >= 0.001 else "< 0.001"
    row[_("Gain")] = _("shown") if gain.adds else _("not shown")
    return row


def _bounded(bounds: Bounds) -> str:
    low, value, high = (round(v, 3) + 0.0 for v in (bounds.low, bounds.value, bounds.high))
    return f"{value:.3f} ({words.span(low, high)})"


def trust(card: Card) -> None:
    """Predicted beside observed, and when it refuses."""
    found = survived_of(card)
    st.subheader(_("Calibration"), anchor=False)
    rows = [
        {
            _("According to"): words.sentence(_(PARTS[t.part])),
            _("Years"): f"{t.years:g}",
            _("Third of risk"): 1 + place % 3,
            "n": t.n,
            _("Predicted to die"): words.share(t.predicted),
            _("Died"): f"{words.share(t.observed.value)} ({words.span(t.observed.low, t.observed.high, shares=True)})",
        }
        for place, t in enumerate(found.thirds)
    ]
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, height="content", alt=_("Predicted and observed deaths by thirds")
    )
    st.subheader(_("When it refuses or warns"), anchor=False)
    weight = _("Expression is not used with fewer than {share} of the genes' weight known, or on another scale.")
    bullets(
        [
            _("A value outside its plausible range, or none of the known categories, is refused."),
            weight.format(share=words.share(found.least_weight)),
            _("A treatment cannot be changed to see what it would do: the cohort is no trial."),
        ]
    )

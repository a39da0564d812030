"""How good a model is, and whether its probabilities mean what they say."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from medai_core.cards import Applicability, Card, Conformal, Measure, Measured, Outlines
from ui import words
from ui.cards.purpose import bullets
from ui.figures import confusion_matrix, reliability_plot
from ui.language import _, kind_titles
from ui.results import plain


def performance(card: Card) -> None:
    """How good it is: every measure with its interval, n and groups."""
    measured = card.measured
    assert measured is not None
    st.subheader(_("How good"), anchor=False)
    table = pd.DataFrame([_measure_row(m, card) for m in measured.performance])
    st.dataframe(
        table.loc[:, (table != "").any()], hide_index=True, height="content", alt=_("Measures with 95 % intervals")
    )
    st.caption(
        _("Intervals: bootstrap over groups (patients, exams or blocks). “Baseline”: a plain network, same split.")
    )


def compared(measured: Measured, where: str) -> None:
    """What was tried, and which of it was chosen; ``where`` heads the values."""
    st.subheader(_("What was compared"), anchor=False)
    rows = [
        {
            _("Approach"): words.sentence(_(a.name)),
            _("Measure"): words.measure_title(a.measure),
            where: f"{a.value:.3f}",
            _("Chosen"): _("yes") if a.chosen else _("no"),
            _("Note"): _(a.note),
        }
        for a in measured.approaches
    ]
    table = pd.DataFrame(rows)
    table = table.loc[:, (table != "").any()]
    st.table(table, hide_index=True, border="horizontal", alt=_("What was compared"))


def _measure_row(m: Measure, card: Card) -> dict[str, object]:
    return {
        _("Measure"): words.measure_title(m.measure, card),
        _("Value"): f"{m.value:.3f}",
        _("95 % interval"): words.span(m.low, m.high),
        "n": m.n,
        _("Groups"): m.groups,
        _("Measured on"): words.data_title(m.data),
        _("Subgroup"): words.subgroup_title(m.subgroup),
        _("Model"): words.model_role(m.model),
        _("A perfect model at this n"): "" if m.ideal is None else f"{m.ideal:.3f}",
    }


def trust(card: Card) -> None:
    """Whether its probabilities mean what they say, and what it takes one finding for another."""
    assert card.measured is not None
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(_("Calibration"), anchor=False)
        if card.measured.reliability:
            reliability_plot(card.measured.reliability)
        calibration = card.measured.calibration
        st.caption(_("Temperature {t:.3f}, fitted on held-out data.").format(t=calibration.temperature))
    with right:
        if card.measured.confusion:
            st.subheader(_("Confusion matrix"), anchor=False)
            confusion_matrix(card)
    left, right = st.columns(2, gap="large")
    with left:
        if card.measured.outlines:
            _sizes(card, card.measured.outlines)
        else:
            _conformal(card.measured.sets())
    with right:
        st.subheader(_("When it refuses"), anchor=False)
        bullets(_refuses(card, card.measured.applicability))


def _sizes(card: Card, limits: Outlines) -> None:
    """How outlines are made, and what the interval of their size promises."""
    st.subheader(_("Outlines"), anchor=False)
    made = _("A pixel belongs from a probability of {threshold:.2f}; between {low:.2f} and {high:.2f} it is doubtful.")
    low, high = limits.between
    st.markdown(plain(made.format(threshold=limits.threshold, low=low, high=high)))
    if not (card.outline and card.outline.many):
        least = _("Nothing is outlined where the greatest probability is below {evident:.2f}.")
        st.markdown(plain(least.format(evident=limits.evident)))
    promised = _("The true size lies between {low:.2f} and {high:.2f} times the outlined one at {level} coverage.")
    low, high = limits.size_factors
    st.markdown(plain(promised.format(low=low, high=high, level=words.percent(limits.level))))
    st.markdown(plain(words.measured_coverage(limits.coverage, sizes=True)))


def _conformal(conformal: Conformal) -> None:
    st.subheader(_("Conformal sets"), anchor=False)
    level = _("A result names every finding not ruled out: the set is made to hold the true one in {level} of scans.")
    st.markdown(plain(level.format(level=words.percent(conformal.level))))
    st.markdown(plain(words.measured_coverage(conformal.coverage)))
    st.markdown(_("Mean size of a set: {size:.2f} findings.").format(size=conformal.mean_size))


def _refuses(card: Card, applicability: Applicability) -> list[str]:
    """The thresholds of applicability in words."""
    said = []
    if card.input.kinds:
        kind, share = kind_titles(card.input.kinds), f"{applicability.kind_probability_min:.2f}"
        said.append(
            _("the image is not taken for a {kind} with a probability of at least {share}").format(
                kind=kind, share=share
            )
        )
    said.append(
        _("the image lies farther from those it was trained on than {distance:.3g} (embedding distance)").format(
            distance=applicability.distance_max
        )
    )
    if applicability.template:
        correlation = f"{applicability.template_correlation_min:.2f}"
        said.append(
            _("it correlates less than {correlation} with their mean, as an inverted film does").format(
                correlation=correlation
            )
        )
    said.append(_("its header contradicts the age, body part, view or modality above"))
    passed = [f"{_(name.replace('_', ' '))} {words.percent(share)}" for name, share in applicability.quantiles.items()]
    return (
        [*said, _("share of validation images that pass: {shares}").format(shares=", ".join(passed))]
        if passed
        else said
    )

"""How good a risk model is: by data, beside plain models, by subgroup, and whether its risks mean what they say."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from medai_core.cards import Card, Measure, Measured
from ui import words
from ui.cards.purpose import bullets
from ui.figures_cohort import calibration_curve
from ui.language import _
from ui.results import plain

ORDER = ("test", "external", "cross-validation")
"""The first that a card has speaks for the model: people it never saw."""
AS_SHARE = ("event_share", "patients_caught")


def headline_data(performance: Sequence[Measure]) -> str:
    """Where the measures come from that speak for a model."""
    had = {m.data for m in performance}
    return next((data for data in ORDER if data in had), "")


def said(m: Measure, *, interval: bool = True) -> str:
    """A value with its interval, and what a perfect model would score where that is not obvious."""
    if m.measure in AS_SHARE:
        value, span = words.share(m.value), words.span(m.low, m.high, shares=True)
    else:
        low, value, high = (round(v, 3) + 0.0 for v in (m.low, m.value, m.high))  # no "-0.000"
        value, span = f"{value:.3f}", words.span(low, high)
    if m.low != m.low:
        span = _("interval not determined")
    ideal = "" if m.ideal is None else "; " + _("perfect: {value}").format(value=f"{m.ideal:.3f}")
    return f"{value} ({span}{ideal})" if interval else value


def performance(card: Card) -> None:
    """By data, beside plain models, and by subgroup."""
    assert card.measured is not None
    found = card.measured.performance
    st.subheader(_("How good"), anchor=False)
    by_data(found)
    rivals(found)
    st.subheader(_("By subgroup"), anchor=False)
    subgroup_table([m for m in found if m.subgroup and m.subgroup != words.RECALIBRATED], card)


def by_data(found: Sequence[Measure]) -> None:
    """One row a measure, one column a set of people."""
    own = [
        m for m in found if not m.model and m.subgroup in ("", words.RECALIBRATED) and not m.measure.endswith("_gain")
    ]
    columns: dict[str, dict[str, str]] = {}
    for m in sorted(own, key=lambda m: ORDER.index(m.data) if m.data in ORDER else len(ORDER)):
        title = words.sentence(words.data_title(m.data)) + (
            f", {words.subgroup_title(m.subgroup)}" if m.subgroup else ""
        )
        column = columns.setdefault(f"{title} (n = {m.n:,})", {})
        column[words.measure_title(m.measure)] = said(m)
    table = pd.DataFrame(columns).fillna("").rename_axis(_("Measure")).reset_index()
    st.dataframe(table, hide_index=True, height="content", alt=_("Measures with 95 % intervals"))
    st.caption(
        _(
            "In brackets the 95 % interval, by resampling patients. AUC and C-index: 0.5 tells nobody apart, 1 "
            "everybody. Calibration is perfect at slope 1 and intercept 0; “perfect” is what right risks would score."
        )
    )


def rivals(found: Sequence[Measure]) -> None:
    """The plain models on the same people, with paired differences."""
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for m in found:
        if m.model and not m.subgroup:
            start = {_("Beside"): words.sentence(words.model_role(m.model)), _("Measured on"): words.data_title(m.data)}
            rows.setdefault((m.data, m.model), start)[words.measure_title(m.measure)] = said(m)
    if not rows:
        return
    st.subheader(_("Beside plain models"), anchor=False)
    st.dataframe(
        pd.DataFrame(list(rows.values())).fillna(""),
        hide_index=True,
        height="content",
        alt=_("Plain models on the same people"),
    )
    st.caption(_("Gain: this model less the plain one, on the same people; above 0 throughout the interval is better."))


def subgroup_table(found: Sequence[Measure], card: Card) -> None:
    """One row a subgroup; those of fewer than 40 people, or 5 with or without the event, are not reported."""
    rows: dict[tuple[int, str], dict[str, object]] = {}
    for m in found:
        place = ORDER.index(m.data) if m.data in ORDER else len(ORDER)
        title = words.sentence(words.subgroup_title(m.subgroup, card))
        start = {_("Subgroup"): title, _("Measured on"): words.data_title(m.data), "n": m.n}
        rows.setdefault((place, m.subgroup), start)[words.measure_title(m.measure)] = said(m)
    table = pd.DataFrame([rows[key] for key in sorted(rows, key=lambda key: key[0])])
    if table.empty:
        st.markdown(_("No subgroup is large enough to be reported."))
        return
    share = words.measure_title("event_share")
    if share in table:
        table.insert(3, share, table.pop(share))
    if table[_("Measured on")].nunique() == 1:
        table = table.drop(columns=_("Measured on"))
    st.dataframe(table.fillna(""), hide_index=True, height="content", alt=_("Measures by subgroup"))
    st.caption(_("Only subgroups of at least 40 people, 5 of them with and 5 without the event."))


def trust(card: Card) -> None:
    """Whether its risks mean what they say, and when it warns or refuses."""
    assert card.measured is not None
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(_("Calibration"), anchor=False)
        if card.measured.reliability:
            st.caption(words.sentence(words.data_title(headline_data(card.measured.performance))))
            calibration_curve(card.measured.reliability)
    with right:
        st.subheader(_("How risks are calibrated"), anchor=False)
        st.markdown(plain(_calibrated(card.measured)))
        if card.measured.recalibrated:
            st.markdown(plain(_moved(card.measured)))
        st.subheader(_("When it refuses or warns"), anchor=False)
        bullets(_refuses(card.measured))


def _refuses(measured: Measured) -> list[str]:
    """What is refused, and what is pointed out beside a risk."""
    distance = _("So is a patient farther from the cohort's mean than 99 in 100 of its people (distance {d:.2f}).")
    return [
        _("A value outside its plausible range, or none of the known categories, is refused."),
        _("A value that fewer than 1 in 100 of the cohort go below, or above, is pointed out."),
        distance.format(d=measured.applicability.distance_max),
        _("So is every predictor that is unknown."),
    ]


def _calibrated(measured: Measured) -> str:
    c = measured.calibration
    return _("Log-odds = score × {slope:.3f} {shift:+.3f}, fitted on people held out in cross-validation.").format(
        slope=1 / c.temperature, shift=c.offsets[1]
    )


def _moved(measured: Measured) -> str:
    """The recalibration, as what happens to the log-odds that are served."""
    own, other = measured.calibration, measured.recalibrated
    assert other is not None
    slope = own.temperature / other.temperature
    return _(
        "For a place like the one it was tested on from outside, a recalibrated model is offered: "
        "log-odds × {slope:.3f} {shift:+.3f}. How it does there, in cross-validation, stands in the table above."
    ).format(slope=slope, shift=other.offsets[1] - slope * own.offsets[1])

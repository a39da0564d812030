"""How good the model is on this very table: discrimination, calibration, what a threshold does, and for whom."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from medai_core.evaluation import curves
from medai_core.evaluation.curves import Called, Share
from medai_core.evaluation.patients import decision_curve
from ui import words
from ui.cards.risk_performance import by_data, subgroup_table
from ui.cohort.scored import MOST, Cohort
from ui.figures_cohort import calibration_curve, decision_plot, roc_curve
from ui.language import _


def ask_recalibration(cohort: Cohort) -> bool:
    """Whether the risks are to be moved to this table's outcomes; said to be fitted on what it is judged by."""
    intercept, slope = cohort.line()
    settled = intercept == intercept and slope > 0
    moved = st.toggle(
        _("Recalibrate on this table"),
        key=f"recalibrate:{cohort.upload.sha256[:16]}:{cohort.card.name}",
        disabled=not settled,
        help=_("Fits an intercept and a slope of the log-odds to the outcomes of this table."),
    )
    return moved and settled


def recalibrated(cohort: Cohort) -> None:
    """What the recalibration is, and what it must not be taken for."""
    intercept, slope = cohort.line()
    said = _(
        "Recalibrated on this table: log-odds × {slope:.3f} {intercept:+.3f}. The same people are used to fit and to "
        "judge (in-sample), so calibration looks better here than it will be; test it on other people."
    )
    st.info(said.format(slope=slope, intercept=intercept), icon=":material/tune:")


def quality(cohort: Cohort, *, moved: bool) -> None:
    """ROC and calibration curve side by side, then every measure."""
    measures = cohort.measures(moved=moved)
    judged = cohort.judged(moved=moved)
    by_name = {m.measure: m for m in measures}
    st.markdown(_people(cohort))
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(_("Discrimination"), anchor=False)
        area = by_name["auc"]
        said = _("AUC {value:.3f} (95 % interval {span}; n = {n:,}).")
        roc_curve(curves.roc(judged), said.format(value=area.value, span=words.span(area.low, area.high), n=area.n))
    with right:
        st.subheader(_("Calibration"), anchor=False)
        said = _("Slope {slope:.2f} ({slope_span}), intercept {shift:.2f} ({shift_span}).")
        slope, shift = by_name["calibration_slope"], by_name["calibration_intercept"]
        line = said.format(
            slope=slope.value,
            slope_span=words.span(slope.low, slope.high),
            shift=shift.value,
            shift_span=words.span(shift.low, shift.high),
        )
        calibration_curve(curves.reliability(judged), line)
    by_data(measures)
    _sampled(cohort)


def _people(cohort: Cohort) -> str:
    """Whose outcomes these are, and who is not counted."""
    followed = cohort.followed()
    o = followed.judged.outcomes
    known = o.weight > 0
    said = [
        _("{n:,} people with a known outcome, {k:,} of them with the event.").format(
            n=int(known.sum()), k=int(o.event[known].sum())
        )
    ]
    for count, sentence in (
        (int((~known).sum()), _("{n:,} were lost to follow-up before the horizon; those observed stand in for them.")),
        (followed.silent, _("{n:,} scored rows do not state the outcome.")),
        (followed.left_out, _("{n:,} are left out, as the card says.")),
    ):
        if count:
            said.append(sentence.format(n=count))
    return " ".join(said)


def _sampled(cohort: Cohort) -> None:
    if len(cohort.some().judged.log_odds) < len(cohort.followed().judged.log_odds):
        st.caption(
            _(
                "Measures and their intervals are of a random sample of about {n:,} people, resampled 200 times; "
                "curves and counts are of everybody."
            ).format(n=MOST)
        )


def decisions(cohort: Cohort, *, moved: bool) -> None:
    """What a threshold does, and what acting on it is worth."""
    judged = cohort.judged(moved=moved)
    left, right = st.columns(2, gap="large")
    with left:
        _threshold(cohort, moved=moved)
    with right:
        st.subheader(_("Decision curve"), anchor=False)
        grid = curves.threshold_grid(judged)
        decision_plot(grid, decision_curve(judged, grid.tolist()))


@st.fragment
def _threshold(cohort: Cohort, *, moved: bool) -> None:
    """A slider, the four counts and the four shares."""
    st.subheader(_("At a threshold"), anchor=False)
    measured = cohort.card.measured
    start = next(iter(measured.thresholds.values()), 0.5) if measured else 0.5
    threshold = st.slider(
        _("A person is called positive from a risk of"),
        0.5,
        99.5,
        round(200 * start) / 2,
        0.5,
        format="%.1f %%",
        key=f"threshold:{cohort.card.name}",
    )
    found = curves.called(cohort.judged(moved=moved), threshold / 100)
    st.table(_counts(found), border="horizontal", alt=_("Counts at the threshold"))
    st.table(_shares(found), hide_index=True, border="horizontal", alt=_("Shares at the threshold"))


def _counts(found: Called) -> pd.DataFrame:
    return pd.DataFrame(
        {
            _("With the event"): [f"{found.true_positive:,}", f"{found.false_negative:,}"],
            _("Without the event"): [f"{found.false_positive:,}", f"{found.true_negative:,}"],
        },
        index=[_("Called positive"), _("Called negative")],
    )


def _shares(found: Called) -> pd.DataFrame:
    named = {
        _("Sensitivity"): found.sensitivity,
        _("Specificity"): found.specificity,
        _("Positive predictive value"): found.positive_value,
        _("Negative predictive value"): found.negative_value,
    }
    rows = [
        {_("Measure"): name, _("Value"): _value(share), _("95 % interval"): _span(share), "n": f"{share.n:,}"}
        for name, share in named.items()
    ]
    return pd.DataFrame(rows)


def _value(share: Share) -> str:
    return words.percent(share.value).replace(" ", "\u00a0") if share.n else "–"


def _span(share: Share) -> str:
    return words.span(share.low, share.high, shares=True) if share.n else "–"


def subgroups(cohort: Cohort, *, moved: bool) -> None:
    """The measures of each subgroup that is large enough."""
    subgroup_table(cohort.subgroups(moved=moved), cohort.card)
    _sampled(cohort)

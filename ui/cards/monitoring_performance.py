"""How good a model is that watches: by hour, beside other estimators, by its alarms, and what was compared."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from medai_core.cards import Card, Measure, Measured
from medai_core.cards.monitoring import Monitored
from ui import words
from ui.cards import monitoring_figures as figures
from ui.cards.monitoring import estimator_title, monitored_of, silences, spec_of, values_of
from ui.cards.monitoring_alarms import alarms
from ui.cards.purpose import bullets
from ui.cards.risk_performance import headline_data, said
from ui.figures_cohort import calibration_curve
from ui.language import _
from ui.results import plain

NETWORK = "lstm"
COLUMNS = ("auc", "average_precision", "calibration_slope", "calibration_intercept", "brier", "sensitivity_or_ppv")
COMPARED = ("auc", "average_precision")
FIRST = ("auc", "average_precision", "utility", "patients_caught")
"""What stands at the head of a card, at the last hour that it was measured at."""


def headlines(card: Card) -> list[Measure]:
    """The measures that speak for the model: at the last hour, or over all of them, and of its alarms."""
    assert card.measured is not None
    own = values_of(card.measured, "")
    found = [[m for m in own if m.measure == name] for name in FIRST]
    return [max(some, key=lambda m: m.hour) for some in found if some]


def performance(card: Card) -> None:
    """By hour, beside other estimators, what its alarms cost, and what was compared to choose."""
    measured, monitored = monitored_of(card)
    st.subheader(_("How good"), anchor=False)
    _discrimination(measured, monitored)
    _calibration(measured)
    _by_hour(measured)
    st.subheader(_("Beside other estimators"), anchor=False)
    bullets(_verdicts(measured, monitored))
    _rivals(measured)
    st.subheader(_("Alarms"), anchor=False)
    alarms(card)
    _approaches(measured)


def _estimators(measured: Measured, monitored: Monitored, measure: str) -> dict[str, list[Measure]]:
    """A measure of the estimator that answers and of the others, by their titles."""
    answering = estimator_title(monitored.recommended)
    found = {_("{estimator} (answers)").format(estimator=answering): values_of(measured, "")}
    found |= {estimator_title(name): values_of(measured, name) for name in monitored.calibration}
    kept = {title: [m for m in values if m.measure == measure] for title, values in found.items()}
    return {title: sorted(values, key=lambda m: m.hour) for title, values in kept.items() if values}


def _discrimination(measured: Measured, monitored: Monitored) -> None:
    for column, measure in zip(st.columns(2, gap="large"), COMPARED, strict=True):
        found = _estimators(measured, monitored, measure)
        if not found:
            continue
        with column:
            st.markdown(f"**{words.measure_title(measure)}**")
            if any(m.hour for values in found.values() for m in values):
                figures.by_hour(measure, found)
            else:
                figures.by_estimator(measure, {title: values[0] for title, values in found.items()})


def _calibration(measured: Measured) -> None:
    """Slope and intercept over the hours, where there are some."""
    ideals = {"calibration_slope": 1.0, "calibration_intercept": 0.0}
    own = {name: [m for m in values_of(measured, "") if m.measure == name and m.hour] for name in ideals}
    if not all(own.values()):
        return
    for column, (name, values) in zip(st.columns(2, gap="large"), own.items(), strict=True):
        with column:
            st.markdown(f"**{words.measure_title(name)}**")
            figures.by_hour(name, {words.sentence(words.model_role("")): values}, ideals[name])


def _by_hour(measured: Measured) -> None:
    """One row an hour and set of people."""
    rows = []
    for data in dict.fromkeys(m.data for m in measured.performance):
        own = [m for m in values_of(measured, "", data) if m.measure in COLUMNS]
        for hour in sorted({m.hour for m in own}):
            here = {m.measure: m for m in own if m.hour == hour}
            counted = next(iter(here.values()))
            row: dict[str, object] = {_("Hour"): _hour(hour), _("Measured on"): words.data_title(data)}
            row |= {"n": counted.n, _("Patients"): counted.groups}
            rows.append(row | {words.measure_title(name): said(here[name]) for name in COLUMNS if name in here})
    table = pd.DataFrame(rows).fillna("")
    if (table["n"] == table[_("Patients")]).all():
        table = table.drop(columns=_("Patients"))
    st.dataframe(table, hide_index=True, height="content", alt=_("Measures with 95 % intervals"))
    st.caption(
        _(
            "In brackets the 95 % interval, by resampling patients; n counts stays at one hour, or hours of stays. "
            "AUC: 0.5 tells nobody apart, 1 everybody. Average precision of a model that knows nothing is the share "
            "with the event. On the dotted lines calibration is perfect (slope 1, intercept 0); in cross-validation "
            "it was fitted to these very stays."
        )
    )


def _hour(hour: int) -> str:
    return str(hour) if hour else _("all")


def _verdicts(measured: Measured, monitored: Monitored) -> list[str]:
    """Which estimator answers, and whether it is better than the others, in sentences."""
    best = monitored.recommended
    said = [_answers(best)]
    data = headline_data(measured.performance)
    gains = [m for m in measured.performance if m.measure == "auc_gain" and m.data == data]
    last = max((m.hour for m in gains), default=0)
    said += [_verdict(m, best) for m in gains if m.hour == last and m.model in monitored.calibration]
    if best != NETWORK:
        said.append(
            _(
                "Between the LSTM and those that do not answer, no paired difference was computed: their values stand "
                "in the figure, each with its own interval."
            )
        )
    return said


def _answers(best: str) -> str:
    """Which estimator answers, and that it is not the network alone where it is not."""
    if best == NETWORK:
        return _(
            "The recurrent network (LSTM) answers alone: of the three estimators and their mean it came first in "
            "cross-validation."
        )
    if best == "ensemble":
        return _(
            "It is not the recurrent network (LSTM) alone that answers: of it, gradient boosting, logistic regression "
            "and the mean of the three, the mean came first in cross-validation."
        )
    return _(
        "It is not the recurrent network (LSTM) that answers: of the three estimators and their mean, {estimator} came "
        "first in cross-validation. The network can still be asked by its name."
    ).format(estimator=estimator_title(best))


def _verdict(m: Measure, best: str) -> str:
    """One paired difference in AUC as a sentence."""
    where = _("at hour {hour}").format(hour=m.hour) if m.hour else _("over all hours")
    facts = {"this": words.sentence(estimator_title(best)), "other": estimator_title(m.model), "where": where}
    facts |= {"gain": f"{abs(m.value):.3f}", "span": words.span(m.low, m.high)}
    if m.low > 0:
        said = _(
            "{this} beside {other}, {where}: better by {gain} in AUC; the difference's interval ({span}) excludes 0."
        )
    elif m.high < 0:
        said = _(
            "{this} beside {other}, {where}: worse by {gain} in AUC; the difference's interval ({span}) excludes 0."
        )
    else:
        said = _("{this} beside {other}, {where}: not clear; the interval of their difference in AUC ({span}) holds 0.")
    return said.format(**facts)


def _rivals(measured: Measured) -> None:
    """Every other model on the same people, with paired differences."""
    rows: dict[tuple[str, int], dict[str, str]] = {}
    data = headline_data(measured.performance)
    for m in measured.performance:
        if m.model and m.data == data and not m.subgroup:
            start = {_("Hour"): _hour(m.hour), _("Beside"): words.sentence(words.model_role(m.model))}
            rows.setdefault((m.model, m.hour), start)[words.measure_title(m.measure)] = said(m)
    if not rows:
        return
    table = pd.DataFrame(list(rows.values())).fillna("")
    st.dataframe(table, hide_index=True, height="content", alt=_("Other models on the same people"))
    gain = _(
        "Gain: the estimator that answers less the other one, on the same people; above 0 throughout the interval is "
        "better."
    )
    plain_ones = _("Plain models were fitted to that hour alone.") if any(hour for _model, hour in rows) else ""
    st.caption(f"{gain} {plain_ones}")


def _approaches(measured: Measured) -> None:
    """What was compared in cross-validation, one row an estimator."""
    if not measured.approaches:
        return
    st.subheader(_("What was compared"), anchor=False)
    rows: dict[str, dict[str, str]] = {}
    for a in measured.approaches:
        name, _comma, where = a.name.partition(", ")
        hour = where.rpartition(" ")[2]  # no number in "all hours"
        start = {_("Estimator"): words.sentence(estimator_title(name)), _("Chosen"): _("yes") if a.chosen else _("no")}
        title = words.at_hour(a.measure, int(hour) if hour.isdigit() else 0)
        rows.setdefault(name, start)[title] = f"{a.value:.3f}"
    table = pd.DataFrame(list(rows.values())).fillna("")
    st.table(table, hide_index=True, border="horizontal", alt=_("What was compared"))
    st.caption(_("In cross-validation, on stays that no part of the model had seen; the test split was not used."))


def trust(card: Card) -> None:
    """Whether its risks mean what they say, and when there is none."""
    measured, monitored = monitored_of(card)
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(_("Calibration"), anchor=False)
        if measured.reliability:
            st.caption(_reliability_of(card))
            calibration_curve(measured.reliability)
    with right:
        st.subheader(_("How risks are calibrated"), anchor=False)
        st.markdown(plain(_calibrated(monitored)))
        st.markdown(
            _("The interval of a risk is the spread of its members, each fitted to another resample of the patients.")
        )
        st.subheader(_("When there is no risk, or a warning"), anchor=False)
        bullets(silences(card))


def _reliability_of(card: Card) -> str:
    title, last = words.sentence(words.data_title("test")), spec_of(card).last_hour
    dated = bool(spec_of(card).outcomes.hour)
    return f"{title}, " + (_("all hours") if dated else _("at hour {hour}").format(hour=last))


def _calibrated(monitored: Monitored) -> str:
    hours = words.joined([f"{hour:g}" for hour in monitored.calibration[monitored.recommended].hours])
    return _(
        "Log-odds = intercept + slope × score, both fitted at the hours {hours} to stays held out in cross-validation, "
        "and on a line between them."
    ).format(hours=hours)

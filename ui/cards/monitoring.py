"""What a model that watches a stay says, at which hours, from what, and when it stays silent."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from medai_core.cards import Card, Measure, Measured, MonitoringSpec, PredictorSpec
from medai_core.cards.monitoring import Monitored
from medai_core.prognosis.monitoring.answering import OLD_HOURS
from medai_core.prognosis.monitoring.stay import LATE_HOURS
from ui import words
from ui.cards import risk
from ui.cards.risk_performance import headline_data
from ui.language import _, card_words, category_title, predictor_title
from ui.results import facts


def spec_of(card: Card) -> MonitoringSpec:
    """How the card's model watches; only models that do have it."""
    assert card.monitoring is not None
    return card.monitoring


def values_of(measured: Measured, model: str, data: str = "") -> list[Measure]:
    """The values of one model on the data that speak for the card, or on others."""
    data = data or headline_data(measured.performance)
    return [m for m in measured.performance if (m.data, m.model, m.subgroup) == (data, model, "")]


def monitored_of(card: Card) -> tuple[Measured, Monitored]:
    """What was measured of the card's model, and of it as one that watches."""
    assert card.measured is not None and card.measured.monitored is not None
    return card.measured, card.measured.monitored


def estimator_title(name: str) -> str:
    """An estimator in words; "lstm and boosting" is the mean of the two."""
    return words.joined([_(words.ESTIMATORS.get(part, part)) for part in name.split(" and ")])


def prediction(card: Card) -> None:
    """What is said of a stay, at which hours, and by which estimator."""
    spec, event = spec_of(card), card.findings[0]
    st.subheader(_("What it says"), anchor=False)
    rows = {
        _("Outcome"): words.sentence(risk.event_title(card)),
        _("Horizon"): card_words(card).horizon or spec.horizon,
        _("Answers at"): _hours(spec),
        _("Answered by"): _answering(card),
        _("Threshold"): _threshold(card),
        _("Compares with"): _("the value {n} hours earlier").format(n=spec.change_hours),
        _("Code"): f"{event.code.system} {event.code.value}" if event.code else "",
        _("Outcome in files"): _columns(spec),
    }
    facts({name: value for name, value in rows.items() if value})


def covered(spec: MonitoringSpec) -> str:
    """The hours that it was measured at."""
    if spec.last_hour:
        return _("hours {first} to {last}").format(first=spec.first_hour, last=spec.last_hour)
    return _("every hour from hour {first} on").format(first=spec.first_hour)


def _hours(spec: MonitoringSpec) -> str:
    said = covered(spec)
    if not spec.hours:
        return said
    asked = words.joined([str(hour) for hour in spec.hours])
    return said + "; " + _("of a whole file {hours}, unless others are asked").format(hours=asked)


def _answering(card: Card) -> str:
    """The estimator that answers, and the card's reason."""
    if card.measured is None or card.measured.monitored is None:
        return ""
    title = words.sentence(estimator_title(card.measured.monitored.recommended))
    why = card_words(card).why or spec_of(card).why
    return f"{title}. {why}" if why else title


def _threshold(card: Card) -> str:
    measured = card.measured
    if measured is None or card.findings[0].name not in measured.thresholds:
        return ""
    level = words.percent(measured.thresholds[card.findings[0].name])
    return f"{level}, {_(measured.threshold_source)}" if measured.threshold_source else level


def _columns(spec: MonitoringSpec) -> str:
    """Where files state the outcome."""
    columns = spec.outcomes
    parts = [f"{columns.event} = 1", _("{column} (the stay)").format(column=columns.stay)]
    if columns.hour:
        parts.append(_("{column} (the hour, from 1)").format(column=columns.hour))
    if columns.group:
        parts.append(_("{column} (the patient)").format(column=columns.group))
    return "; ".join(parts)


def predictors(card: Card) -> None:
    """Everything that it takes of a stay, and when a value is called old."""
    st.subheader(_("Predictors"), anchor=False)
    typical = card.measured.monitored.typical if card.measured and card.measured.monitored else {}
    table = pd.DataFrame([_row(card, p, typical.get(p.name, ())) for p in card.predictors])
    st.dataframe(
        table.loc[:, (table != "").any()],
        hide_index=True,
        height=420,
        column_config={
            _("Predictor"): st.column_config.TextColumn(width=230, pinned=True),
            _("Unit"): st.column_config.TextColumn(width=105),
        },
        alt=_("Predictors with their units, ranges and the hours after which a value is old"),
    )
    st.caption(
        _(
            "Of what changes, the newest, the first, the extremes, the mean and the spread so far, how often and how "
            "long ago it was measured count; of what does not, the value alone. Any of them may be missing."
        )
    )


def _row(card: Card, p: PredictorSpec, typical: tuple[float, ...]) -> dict[str, str]:
    spec, number = spec_of(card), p.kind == "number"
    other = p.other_unit.unit if p.other_unit else ""
    titles = [category_title(card, p.name, c.name) for c in p.categories]
    stale = spec.stale_hours.get(p.name)
    return {
        _("Predictor"): words.sentence(predictor_title(card, p.name)),
        _("Unit"): " / ".join(filter(None, (_(p.unit) if p.unit else "", other))),
        _("Plausible range"): risk.words_of_range(p) if number else ", ".join(titles),
        _("Old after"): _("{n:g} hours").format(n=stale) if stale else "",
        _("Counts by"): _("its value") if p.name in spec.fixed else _("its course"),
        _("Typical"): f"{typical[1]:.{p.decimals}f}" if typical else "",
        _("5 to 95 % of the cohort"): _spread(p, typical) if typical else "",
        _("Code"): f"{p.code.system} {p.code.value}" if p.code else "",
        _("Name in tables"): ", ".join(dict.fromkeys((p.name, *p.columns))),
    }


def _spread(p: PredictorSpec, typical: tuple[float, ...]) -> str:
    low, high = (f"{typical[i]:.{p.decimals}f}" for i in (0, -1))
    return _("{low} to {high}").format(low=low, high=high)


def silences(card: Card) -> list[str]:
    """When there is no risk, and what is pointed out beside one."""
    return [
        _("At hours other than these there is no risk: {hours}.").format(hours=covered(spec_of(card))),
        _("A value outside its plausible range, or whose unit cannot be converted, is not used, and it is said."),
        _("A stay of which nothing was measured gets what the model says of an unknown one, with a warning."),
        _("Nothing new for {n} hours is pointed out, and so is a value older than the table above allows.").format(
            n=OLD_HOURS
        ),
        _("Followed live, what comes more than {n} hours late or from the future is not used, and is counted.").format(
            n=LATE_HOURS
        ),
    ]

"""What a risk model predicts and asks: outcome, horizon, why this estimator, and every predictor."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from medai_core.cards import Card, PredictorSpec, PredictorStatistics
from ui import words
from ui.cached import models
from ui.language import _, card_words, category_title, predictor_title, wording
from ui.results import facts, plain


def outcome_title(card: Card) -> str:
    """The outcome with its horizon: "Death within 10 years"."""
    return wording().outcome(card)


def event_title(card: Card) -> str:
    """The event in words."""
    event = card.findings[0]
    return card_words(card).findings.get(event.name, event.title)


def horizon(card: Card) -> str:
    """Until when the event counts."""
    assert card.prediction is not None
    return card_words(card).horizon or card.prediction.horizon


def estimator_title(card: Card) -> str:
    """The estimator in words."""
    assert card.prediction is not None
    return _(words.ESTIMATORS.get(card.prediction.estimator, card.prediction.estimator))


def prediction(card: Card) -> None:
    """What is predicted, and why with this estimator."""
    st.subheader(_("What it predicts"), anchor=False)
    event = card.findings[0]
    rows = {
        _("Outcome"): words.sentence(event_title(card)),
        _("Horizon"): horizon(card),
        _("Estimator"): estimator_title(card),
        _("Recommended for this outcome"): _recommended(card),
        _("Code"): f"{event.code.system} {event.code.value}" if event.code else "",
        _("Outcome in tables"): _columns(card),
    }
    facts({name: value for name, value in rows.items() if value})


def _recommended(card: Card) -> str:
    """Which estimator to use, and the card's reason."""
    assert card.prediction is not None
    first = next((c for c in models().cards if c.outcome == card.outcome and c.recommended), None)
    why = card_words(card).why or card.prediction.why
    if first is None:
        return why
    said = _("yes") if first.name == card.name else _("no: {model} is").format(model=estimator_title(first))
    return f"{said}. {why}" if why else said


def _columns(card: Card) -> str:
    """Where a table states the outcome."""
    assert card.prediction is not None
    columns = card.prediction.columns
    happened = f"> {columns.above:g}" if columns.above is not None else "= " + ", ".join(columns.happened)
    parts = [f"{columns.event} {happened}"]
    if columns.time:
        parts.append(_("{column} (years of follow-up)").format(column=columns.time))
    if columns.group:
        parts.append(_("{column} (the patient)").format(column=columns.group))
    return "; ".join(parts)


def predictors(card: Card) -> None:
    """Everything that the model asks, beside what the development cohort has."""
    st.subheader(_("Predictors"), anchor=False)
    known = {s.name: s for s in card.measured.predictors} if card.measured else {}
    top = max((s.importance for s in known.values()), default=1.0)
    table = pd.DataFrame([_row(card, p, known.get(p.name)) for p in card.predictors]).fillna("")
    bar = st.column_config.ProgressColumn(
        _("Importance"),
        help=_("Mean absolute contribution in log-odds, in the development cohort."),
        format="%.2f",
        min_value=0,
        max_value=top,
        width="small",
    )
    st.dataframe(
        table.loc[:, (table != "").any()],
        hide_index=True,
        height="content",
        column_config={
            _("5 to 95 % of the cohort"): st.column_config.TextColumn(width="medium"),
            **({_("Importance"): bar} if known else {}),
        },
        alt=_("Predictors with their units, ranges and what the development cohort has"),
    )
    st.caption(
        _(
            "Typical: the median or the most frequent value of the development cohort. A value outside the plausible "
            "range is refused. Unknown is allowed for every predictor; the model then goes by what is typical, or by "
            "what not knowing meant in the cohort."
        )
    )
    if card.groupings:
        titles = [predictor_title(card, p.name) for p in card.groupings]
        st.caption(_("Not asked, but results are reported by: {titles}.").format(titles=plain(words.joined(titles))))


def _row(card: Card, p: PredictorSpec, s: PredictorStatistics | None) -> dict[str, object]:
    other, number = p.other_unit, p.kind == "number"
    return {
        _("Predictor"): predictor_title(card, p.name),
        _("Unit"): " / ".join(filter(None, (p.unit, other.unit if other else ""))),
        _("Typical"): _typical(card, p, s) if s else "",
        _("5 to 95 % of the cohort"): _spread(card, p, s) if s else "",
        _("Plausible range"): words_of_range(p) if number else "",
        _("Unknown there"): words.percent(s.missing_share) if s and s.missing_share else ("0 %" if s else ""),
        _("Importance"): s.importance if s else None,
        _("A patient can change it"): _modifiable(card, p),
        _("Code"): f"{p.code.system} {p.code.value}" if p.code else "",
        _("Name in tables"): ", ".join(dict.fromkeys((p.name, *p.columns))),
    }


def words_of_range(p: PredictorSpec) -> str:
    """The plausible range, in the other unit too."""
    said = _("{low} to {high}").format(low=f"{p.low:g}", high=f"{p.high:g}")
    if p.other_unit is None:
        return said
    low, high = (v * p.other_unit.factor + p.other_unit.offset for v in (p.low, p.high))
    return said + " (" + _("{low} to {high}").format(low=f"{low:.3g}", high=f"{high:.3g}") + f" {p.other_unit.unit})"


def _typical(card: Card, p: PredictorSpec, s: PredictorStatistics) -> str:
    if not isinstance(s.typical, str):
        return f"{s.typical:.{p.decimals}f}"
    return category_title(card, p.name, s.typical)


def _spread(card: Card, p: PredictorSpec, s: PredictorStatistics) -> str:
    if s.quantiles:
        low, high = (f"{s.quantiles[i]:.{p.decimals}f}" for i in (1, -2))
        return _("{low} to {high}").format(low=low, high=high)
    shares = sorted(s.shares.items(), key=lambda item: -item[1])
    return ", ".join(f"{category_title(card, p.name, name)} {words.percent(share)}" for name, share in shares)


def _modifiable(card: Card, p: PredictorSpec) -> str:
    ways = {"": "", "lower": _("can be lowered"), "raise": _("can be raised"), "either": _("either way")}
    if p.modifiable in ways:
        return ways[p.modifiable]
    return _("to: {category}").format(category=category_title(card, p.name, p.modifiable))

"""A model's card in full, in the order in which a reader asks: for what, on whom, how good, made how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from medai_core.cards import Card, Measure
from ui import words
from ui.cached import models
from ui.cards import (
    dosing,
    monitoring,
    monitoring_performance,
    own,
    risk,
    risk_performance,
    subtyping,
    subtyping_performance,
    survival,
    synthesis,
)
from ui.cards import performance as classifiers
from ui.cards import purpose as purposes
from ui.cards.provenance import sources
from ui.cards.purpose import purpose
from ui.language import _, card_words, kind_titles
from ui.results import empty_state, plain

__all__ = ["choose", "overview", "own", "performance", "purpose", "returns", "sources", "trust"]


def choose() -> Card | None:
    """The card of the model named in the address, or chosen from the list; None where there is no model."""
    cards = {card.name: card for card in models().cards}
    if not cards:
        empty_state(
            "deployed_code",
            _("No model yet"),
            _("Put a model's folder into models/ and start again; it then appears here and reads scans."),
        )
        return None
    asked = st.query_params.get("model", "")
    groups = _groups(list(cards.values()))
    group = _choose_group(groups, cards.get(asked))
    _list(groups[group])
    names = [card.name for card in groups[group]]
    name = st.selectbox(
        _("Card in full"),
        names,
        index=names.index(asked) if asked in names else 0,
        format_func=lambda name: card_words(cards[name]).title,
        key=f"model_choice:{group}",
    )
    st.query_params["model"] = name
    return cards[name]


def _groups(cards: Sequence[Card]) -> dict[str, list[Card]]:
    """The models that answer one question together: those that read scans, then those of each outcome."""
    found: dict[str, list[Card]] = {}
    for card in sorted(cards, key=lambda card: (card.outcome, not card.recommended, card.name)):
        found.setdefault(card.outcome, []).append(card)
    return found


def _choose_group(groups: Mapping[str, Sequence[Card]], asked: Card | None) -> str:
    """The outcome whose models are listed; nothing is asked where there is one kind only."""
    names = list(groups)
    if len(names) == 1:
        return names[0]
    return st.selectbox(
        _("Models for"),
        names,
        index=names.index(asked.outcome) if asked else 0,
        format_func=lambda name: _group_title(groups[name][0]),
        key="model_group",
    )


def _group_title(card: Card) -> str:
    """What the models answer that answer as this one does."""
    if card.subtypes or card.dosing:
        return card_words(card).title
    return risk.outcome_title(card) if card.outcome else _("Scans")


def _list(cards: Sequence[Card]) -> None:
    """Every model in one line."""
    rows = [
        {
            _("Model"): card_words(card).title,
            _("Takes"): words.sentence(_takes(card)),
            _("Version"): card.version,
            _("On data it never saw"): _headline(card),
        }
        for card in cards
    ]
    table = pd.DataFrame(rows)
    states = [own.state_title(card) for card in cards]
    if any(states):
        table[_("In use")] = [state or _("yes") for state in states]
    st.table(table, hide_index=True, border="horizontal", alt=_("Every model in one line"))


def _takes(card: Card) -> str:
    if card.predictors:
        return _("{n} predictors").format(n=len(card.predictors))
    if card.subtypes:
        return _("gene expression")
    if card.synthesis:
        return synthesis.takes(card)
    return kind_titles(card.input.kinds) or _("any image")


def _tested(card: Card) -> list[Measure]:
    """The measures of this model that speak for it, everybody together."""
    if card.monitoring and card.measured:
        return monitoring_performance.headlines(card)
    every = card.measured.performance if card.measured else ()
    data = risk_performance.headline_data(every)
    return [m for m in every if m.data == data and not m.subgroup and not m.model]


def _headline(card: Card) -> str:
    """The first measure on data it never saw, with its interval."""
    if card.measured is None:
        return _("not measured yet")
    first = _tested(card)[:1]
    return "".join(f"{words.at_hour(m.measure, m.hour)} {risk_performance.said(m)}" for m in first)


def overview(chosen: Card) -> None:
    """The card's head: title, version, and its first measure."""
    said = card_words(chosen)
    st.header(plain(said.title), anchor=False)
    st.markdown(
        " · ".join(
            (
                f"`{chosen.name}`",
                _("version {version}").format(version=chosen.version),
                _("takes: {kind}").format(kind=_takes(chosen)),
            )
        )
    )
    if chosen.measured is None:
        unasked = _("This model has not been measured yet, so it is not asked. Train it to measure it.")
        st.info(unasked, icon=":material/hourglass_empty:")
    elif _tested(chosen):
        _highlights(_tested(chosen)[: 4 if chosen.monitoring else 3])


def returns(chosen: Card) -> None:
    """What it returns: findings, subtypes, a risk from predictors, or one at every hour of a stay."""
    if chosen.monitoring:
        monitoring.prediction(chosen)
        monitoring.predictors(chosen)
    elif chosen.dosing:
        dosing.proposal(chosen)
        dosing.predictors(chosen)
    elif chosen.survival:
        survival.prediction(chosen)
        risk.predictors(chosen)
    elif chosen.prediction:
        risk.prediction(chosen)
        risk.predictors(chosen)
    elif chosen.subtypes:
        subtyping.subtypes(chosen)
    elif chosen.synthesis:
        synthesis.made(chosen)
    else:
        purposes.findings(chosen)


def performance(chosen: Card) -> None:
    """How good it is: every measure with its interval and n, then what else was tried."""
    assert chosen.measured is not None
    if chosen.monitoring:
        monitoring_performance.performance(chosen)
        return
    if chosen.subtypes:
        subtyping_performance.performance(chosen)
        return
    if chosen.synthesis:
        synthesis.performance(chosen)
    elif chosen.dosing:
        dosing.performance(chosen)
    elif chosen.survival:
        survival.performance(chosen)
    elif chosen.prediction:
        risk_performance.performance(chosen)
    else:
        classifiers.performance(chosen)
    if chosen.measured.approaches and not chosen.dosing:
        where = _("In cross-validation") if chosen.prediction or chosen.survival else _("On validation data")
        classifiers.compared(chosen.measured, where)


def trust(chosen: Card) -> None:
    """Whether its probabilities mean what they say, and when it refuses."""
    if chosen.monitoring:
        monitoring_performance.trust(chosen)
    elif chosen.subtypes:
        subtyping_performance.trust(chosen)
    elif chosen.dosing:
        dosing.trust(chosen)
    elif chosen.synthesis:
        synthesis.trust(chosen)
    elif chosen.survival:
        survival.trust(chosen)
    elif chosen.prediction:
        risk_performance.trust(chosen)
    else:
        classifiers.trust(chosen)


def _highlights(measures: Sequence[Measure]) -> None:
    """A few measures, each with its interval and n."""
    for column, measure in zip(st.columns(len(measures)), measures, strict=True):
        with column.container(border=True):
            title = words.at_hour(measure.measure, measure.hour)
            st.metric(title, risk_performance.said(measure, interval=False))
            st.caption(_interval_sentence(measure))


def _interval_sentence(measure: Measure) -> str:
    return _("95 % interval {span} · n = {n} in {groups} groups").format(
        span=words.span(measure.low, measure.high, shares=measure.measure in risk_performance.AS_SHARE),
        n=measure.n,
        groups=measure.groups,
    )

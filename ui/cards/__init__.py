"""A model's card in full, in the order in which a reader asks: for what, on whom, how good, made how."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from medai_core.cards import Card, Measure
from ui import words
from ui.cached import models
from ui.cards.performance import performance, trust
from ui.cards.provenance import sources
from ui.cards.purpose import findings, purpose
from ui.language import _, card_words, kind_title
from ui.results import empty_state, plain

__all__ = ["choose", "findings", "overview", "performance", "purpose", "sources", "trust"]


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
    _list(list(cards.values()))
    asked = st.query_params.get("model")
    name = st.selectbox(
        _("Card in full"),
        list(cards),
        index=list(cards).index(asked) if asked in cards else 0,
        format_func=lambda name: card_words(cards[name]).title,
        key="model_choice",
    )
    st.query_params["model"] = name
    return cards[name]


def _list(cards: Sequence[Card]) -> None:
    """Every model in one line."""
    rows = [
        {
            _("Model"): card_words(card).title,
            _("Takes"): words.sentence(_kind(card)),
            _("Version"): card.version,
            _("On the test split"): _headline(card),
        }
        for card in cards
    ]
    st.table(pd.DataFrame(rows), hide_index=True, border="horizontal", alt=_("Every model in one line"))


def _kind(card: Card) -> str:
    return kind_title(card.input.kind) if card.input.kind else _("any image")


def _tested(card: Card) -> list[Measure]:
    """The measures of this model on the test split, everybody together."""
    every = card.measured.performance if card.measured else ()
    return [m for m in every if m.data == "test" and not m.subgroup and not m.model]


def _headline(card: Card) -> str:
    """The first measure on the test split, with its interval."""
    if card.measured is None:
        return _("not measured yet")
    first = _tested(card)[:1]
    return "".join(f"{words.measure_title(m.measure)} {m.value:.3f} ({words.span(m.low, m.high)})" for m in first)


def overview(chosen: Card) -> None:
    """The card's head: title, version, and its first measure."""
    said = card_words(chosen)
    st.header(plain(said.title), anchor=False)
    st.markdown(
        " · ".join(
            (
                f"`{chosen.name}`",
                _("version {version}").format(version=chosen.version),
                _("takes: {kind}").format(kind=_kind(chosen)),
            )
        )
    )
    if chosen.measured is None:
        st.info(
            _("This model has not been measured yet, so it reads no scans. Train it to measure it."),
            icon=":material/hourglass_empty:",
        )
    elif _tested(chosen):
        _highlights(_tested(chosen)[:3])


def _highlights(measures: Sequence[Measure]) -> None:
    """A few measures, each with its interval and n."""
    for column, measure in zip(st.columns(len(measures)), measures, strict=True):
        with column.container(border=True):
            st.metric(words.measure_title(measure.measure), f"{measure.value:.3f}")
            st.caption(_interval_sentence(measure))


def _interval_sentence(measure: Measure) -> str:
    return _("95 % interval {span} · n = {n} in {groups} groups").format(
        span=words.span(measure.low, measure.high), n=measure.n, groups=measure.groups
    )

"""What a model that watches says of a stay, in the reader's words: titles, values, hours, sentences."""

from __future__ import annotations

from html import escape

import streamlit as st

from medai_core.cards import Bounds, Card, PredictorSpec
from medai_core.cards.monitoring import Monitored, MonitoringSpec
from medai_core.errors import Message
from ui import words
from ui.cards.risk import event_title
from ui.language import _, card_words, category_title, predictor_title, say, wording

NONE = 0.0005
"""A risk below this is not written as a number."""


def spec_of(card: Card) -> MonitoringSpec:
    """How the card's model watches."""
    assert card.monitoring is not None
    return card.monitoring


def monitored_of(card: Card) -> Monitored:
    """What was measured of the card's model as one that watches."""
    assert card.measured is not None and card.measured.monitored is not None
    return card.measured.monitored


def estimator_title(name: str) -> str:
    """An estimator in words; "lstm and boosting" is the mean of the two."""
    return words.joined([_(words.ESTIMATORS.get(part, part)) for part in name.split(" and ")])


def model_cell(card: Card, estimator: str) -> tuple[str, str, str]:
    """Which model answers, for the header over a result."""
    version = _("version {version}").format(version=card.version)
    return _("Model"), card_words(card).title, f"{version} · {estimator_title(estimator)}"


def horizon(card: Card) -> str:
    """Until when the event counts."""
    return card_words(card).horizon or spec_of(card).horizon


def risk_of(card: Card) -> str:
    """What the risk is of: "Risk: Death in hospital, before leaving the hospital"."""
    return _("Risk: {event}, {horizon}").format(event=event_title(card), horizon=horizon(card))


def spec_by_name(card: Card, name: str) -> PredictorSpec:
    """One of the card's predictors."""
    return next(p for p in card.predictors if p.name == name)


def title_with_unit(card: Card, name: str) -> str:
    """A predictor with its unit: "Heart rate, /min"."""
    unit = spec_by_name(card, name).unit
    return f"{predictor_title(card, name)}, {_(unit)}" if unit else predictor_title(card, name)


def value_words(card: Card, name: str, value: float | None) -> str:
    """A predictor's value with its unit."""
    p = spec_by_name(card, name)
    if value is None or value != value:
        return _("unknown")
    if p.kind == "category":
        return category_title(card, name, p.categories[int(value)].name)
    return wording().value(card, p, value)


def about(card: Card, message: Message) -> str:
    """A sentence of the core about observations, the predictor by its title in the reader's language."""
    names = {p.title: p.name for p in card.predictors}
    facts = dict(message.facts)
    title = facts.get("parameter")
    if isinstance(title, str) and title in names:
        facts["parameter"] = predictor_title(card, names[title])
    if isinstance(facts.get("unit"), str):
        facts["unit"] = _(str(facts["unit"]))
    return say(Message(message.id, facts))


def span(low: float, high: float) -> str:
    """From one risk to another, neither of them rounded to a certainty."""
    if low < NONE or high > 1 - NONE:
        return _("{low} to {high}").format(low=words.percent(low), high=words.percent(high))
    return words.span(low, high, shares=True)


def interval(low: float, high: float) -> str:
    """The interval of a risk in words."""
    return _("95 % interval {span}").format(span=span(low, high))


def rate(bounds: Bounds) -> str:
    """Alarms per 100 patient-days with their interval."""
    low, high = f"{bounds.low:.1f}", f"{bounds.high:.1f}"
    return f"{bounds.value:.1f} ({_('{low} to {high}').format(low=low, high=high)})"


def share(bounds: Bounds) -> str:
    """An observed share with its interval; it may well be all of them."""
    low, high = f"{100 * bounds.low:.1f} %", f"{100 * bounds.high:.1f} %"
    return f"{100 * bounds.value:.1f} % ({_('{low} to {high}').format(low=low, high=high)})"


def age_words(hours: float) -> str:
    """How long ago, in hours or minutes."""
    if hours < 1:
        return _("{n} min").format(n=round(60 * max(hours, 0)))
    return _("{n} h").format(n=f"{hours:.1f}" if hours < 10 else f"{hours:.0f}")


def notices(sentences: list[str], title: str = "") -> None:
    """What the reader must know beside a result."""
    if sentences:
        items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
        st.html(f'<ul class="medai-notices" aria-label="{escape(title or _("Notices"))}">{items}</ul>')

"""Doses, policies and refusals in words, one way on the whole page and in its exports."""

from __future__ import annotations

from medai_core.cards import Card
from medai_core.errors import N_, Message
from medai_core.precision.dosing import SIMULATION
from ui.language import _, category_title, predictor_title, say

FIELDS = {
    "doses": N_("Doses"),
    "inrs": N_("INRs"),
    "missed_days": N_("Missed days"),
    "drug_changes": N_("Changes of other drugs"),
    "drugs": N_("Other drugs"),
    "today": N_("Day to decide about"),
    "began": N_("Date of the first dose"),
    "day": N_("Day"),
    "dose_mg_per_day": N_("Dose in mg a day"),
}
"""The fields of a patient that the card does not name."""


def simulation() -> str:
    """The sentence without which no dose is shown."""
    return say(SIMULATION)


def dose_words(dose_mg_per_day: float, held_days: int = 0) -> str:
    """A dose as an average of a week, after the days without."""
    said = _("{dose} mg a day").format(dose=f"{dose_mg_per_day:.2f}")
    if held_days == 1:
        return _("{dose}, after a day without").format(dose=said)
    if held_days:
        return _("{dose}, after {days} days without").format(dose=said, days=held_days)
    return said


def span(low: float, high: float, decimals: int) -> str:
    """An interval, as finely as it is worth."""
    return _("{low} to {high}").format(low=f"{low:.{decimals}f}", high=f"{high:.{decimals}f}")


def field_title(card: Card, name: str) -> str:
    """A field of a patient in words, by its name or by the card's English title."""
    known = next((p.name for p in card.predictors if name in (p.name, p.title)), "")
    return predictor_title(card, known) if known else _(FIELDS.get(name, name))


def refusal_words(card: Card, message: Message) -> str:
    """Why something is refused, its field by its title in the reader's language."""
    facts = dict(message.facts)
    if isinstance(facts.get("field"), str):
        facts["field"] = field_title(card, str(facts["field"]))
    return say(Message(message.id, facts))


def race_title(card: Card, name: str) -> str:
    """A race as the equations ask for it."""
    return _("not known") if name == "unknown" else category_title(card, "race", name)

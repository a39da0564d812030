"""A model of one's own: what it was made from, whether it answers, and what it gained or lost."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from medai_core.cards import Bounds, Card, Comparison
from medai_core.errors import Message
from medai_core.evaluation.gains import learnt_nothing, original_values, verdict
from ui import words
from ui.cached import models, models_by_name
from ui.language import _, card_words, say
from ui.results import facts, plain

NOTHING_LEARNT = Message("train.nothing_learnt")
VERDICTS = {"better": lambda: _("better"), "worse": lambda: _("worse"), "unclear": lambda: _("not clear")}


def state_title(card: Card) -> str:
    """Whether scans are sent to a model; empty where nothing of one's own is concerned."""
    replacement = models().replacement(card)
    if replacement is not None:
        return _("replaced by {model}").format(model=replacement.name)
    if not card.own:
        return ""
    return _("in use") if models().answers(card) else _("not in use")


def origin(card: Card) -> None:
    """What a model of one's own was made from, and whether it answers; nothing for a model that came with MedAI."""
    if not card.own:
        return
    if models().answers(card):
        st.success(_("This model of your own is in use."), icon=":material/check_circle:")
    else:
        unused = _("This model of your own is not in use: it answers only where it is asked for by its name.")
        st.info(unused, icon=":material/do_not_disturb_on:")
    if card.parent:
        made = card.parent
        facts({_("Fine-tuned from"): f"{made.model} {made.version}", _("Its weights (SHA-256)"): made.sha256})


def comparison(card: Card) -> None:
    """What a fine-tuned model gained or lost, on one's own held-out images and beside the original card."""
    _unchecked(card)
    if card.measured is None or not card.measured.comparison:
        return
    st.subheader(_("What it gained or lost"), anchor=False)
    original = models_by_name().get(card.parent.original) if card.parent else None
    table = _table(card, original)
    st.dataframe(table, hide_index=True, height="content", alt=_("What it gained or lost"))
    one = card.measured.comparison[0]
    counted = _("Held-out part of your own data: n = {n} images in {groups} groups.").format(n=one.n, groups=one.groups)
    st.caption(f"{counted} {_('Differences: paired bootstrap over groups; “not clear” where the interval holds 0.')}")
    if learnt_nothing(card):
        st.info(say(NOTHING_LEARNT), icon=":material/equal:")
    if all(c.data == "own" for c in card.measured.comparison):
        unmeasured = _(
            "The new model was not measured on the data that the original was tested on, since they are not here: "
            "a fine-tuned model usually loses something there."
        )
        st.warning(unmeasured, icon=":material/visibility_off:")


def _unchecked(card: Card) -> None:
    """What could not be checked of a model from elsewhere."""
    if card.unchecked:
        st.subheader(_("What was not checked"), anchor=False)
        st.markdown("\n".join(f"- {plain(_(sentence))}" for sentence in card.unchecked))


def _table(card: Card, original: Card | None) -> pd.DataFrame:
    assert card.measured is not None
    known = original_values(original)
    there = {c.measure: c for c in card.measured.comparison if c.data == "original"}
    rows = []
    for c in (c for c in card.measured.comparison if c.data == "own"):
        before, both = known.get(c.measure), there.get(c.measure)
        rows.append(
            {
                _("Measure"): words.measure_title(c.measure, card),
                _("Parent, your data"): _bounded(c.parent),
                _("New, your data"): _bounded(c.child),
                _("Difference"): _difference(c),
                _("Original, by its card"): _bounded(Bounds(before.value, before.low, before.high)) if before else "–",
                _("New, original data"): _bounded(both.child) if both else _("not measured"),
                _("Difference there"): _difference(both) if both else "–",
            }
        )
    return pd.DataFrame(rows)


def _bounded(bounds: Bounds) -> str:
    return f"{bounds.value:.3f} ({words.span(bounds.low, bounds.high)})"


def _difference(one: Comparison) -> str:
    found = one.difference
    return f"{found.value:+.3f} ({words.span(found.low, found.high)}) {VERDICTS[verdict(one)]()}"


def titles(cards: dict[str, Card]) -> dict[str, str]:
    """The models' titles by name, with the name, since a fine-tuned one may be called as another."""
    return {name: f"{card_words(card).title} · {name}" for name, card in cards.items()}

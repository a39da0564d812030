"""Which question is asked, who answers it, which file of stays, and which of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from medai_core.cards import Card
from medai_core.cards.monitoring import Monitored
from medai_core.errors import N_
from medai_core.records.demo import demo_stays
from ui import asking, kept, settings, signin, words
from ui.asking import More, file_or_example
from ui.cached import models, stays
from ui.cached.stays import Stay, Watched
from ui.cached.stays import stay as stay_of
from ui.cached.uploads import Upload
from ui.language import _, card_words
from ui.monitor.said import estimator_title, monitored_of, spec_of
from ui.results import empty_state, limits, plain

LIMIT_MB = 100
OFFERED = 200
"""Stays that are listed at once; more are looked for by their name."""
VIEWS = {"stay": N_("One stay"), "ward": N_("Ward"), "live": N_("Live")}
VIEW = "monitor_view"
SHOWN = 80
"""Signs of a stay's name in a list."""


@dataclass(frozen=True)
class Question:
    """What is asked of which model, and which of its estimators answers."""

    card: Card
    estimator: str


def choose(view: str) -> Question | None:
    """The question and who answers it; None where no model is trained. What is followed live has one who answers."""
    cards = {card.name: card for card in models().trained("monitoring")}
    if not cards:
        empty_state(
            "monitor_heart", _("No model watches stays yet"), _("Train one that does; it then appears here."), "empty"
        )
        return None
    asking, answering, card_of = st.columns([5, 4, 3], gap="medium", vertical_alignment="bottom")
    with asking:
        card = cards[_ask_card(cards)]
    with answering:
        estimator = _ask_estimator(card, live=view == "live")
    with card_of:
        limits(card, key="monitor_limits")
    why = card_words(card).why or spec_of(card).why
    if why:
        st.caption(plain(why))
    return Question(card, estimator)


def _ask_card(cards: dict[str, Card]) -> str:
    names, asked = list(cards), st.query_params.get("model")
    name = st.selectbox(
        _("Question"),
        names,
        index=names.index(asked) if asked in names else 0,
        format_func=lambda name: card_words(cards[name]).title,
        key="monitor_model",
    )
    st.query_params["model"] = name
    return name


def _ask_estimator(card: Card, *, live: bool) -> str:
    monitored = monitored_of(card)
    return st.selectbox(
        _("Answered by"),
        _recommended_first(monitored)[: 1 if live else None],
        format_func=lambda name: _title(name, monitored),
        key=f"monitor_estimator:{card.name}" + (":live" if live else ""),
        persist_state="session",
        help=_("What is followed live is answered by the recommended one, for everybody who watches.")
        if live
        else None,
    )


def _recommended_first(monitored: Monitored) -> list[str]:
    return sorted(monitored.calibration, key=lambda name: name != monitored.recommended)


def _title(name: str, monitored: Monitored) -> str:
    title = words.sentence(estimator_title(name))
    return _("{model} (recommended)").format(model=title) if name == monitored.recommended else title


def choose_view() -> str:
    """What to look at: one stay, all of the file, or what is followed live."""
    views = {n: title for n, title in VIEWS.items() if n != "live" or settings.feed_folder() is not None}
    return asking.choose_view(_("Look at"), views, VIEW)


def ask(card: Card) -> Upload | None:
    """The file that the reader gives: an upload, or else the model's own example."""
    upload = file_or_example(
        card,
        _("Observations of stays"),
        key="monitor",
        limit_mb=LIMIT_MB,
        help=_(
            "CSV, TSV or Parquet (a row an observation, or a row a time), FHIR R4 as JSON or NDJSON, or HL7 "
            "version 2; the content decides, not the name. Files stay in this session."
        ),
        example=_("SYNTHETIC: a stay drawn from what the development cohort has in common; it is nobody's."),
        more=_demo(card),
    )
    if upload is not None:
        return upload
    empty_state(
        "monitor_heart",
        _("No stay yet"),
        _("Drop a file of observations above, or use the synthetic example. Nothing leaves this session."),
    )
    return None


def _demo(card: Card) -> More | None:
    """The stays of the DEMO patients, where the record has some."""
    if not signin.may("view") or not (names := demo_stays(kept.store())):
        return None
    return More(
        _("Use the DEMO ward"),
        _("SYNTHETIC: the simulated stays of the DEMO patients in the worklist. They are nobody's."),
        f"DEMO_{card.outcome}.csv",
        partial(stays.demo, card, names),
    )


def stay_key(watched: Watched) -> str:
    """Where the choice among a file's stays is kept."""
    return f"monitor_stay:{watched.id}"


def choose_stay(watched: Watched) -> Stay | None:
    """One of the file's stays; None where it has none."""
    names = watched.hours.stays
    if not names:
        empty_state("person_off", _("The file names no stay"), _("Each row needs the name of its stay."))
        return None
    key = stay_key(watched)
    if len(names) == 1:
        return stay_of(watched, names[0])
    searching, choosing = st.columns([1, 2], gap="medium") if len(names) > OFFERED else (None, st.container())
    offered: Sequence[str] = names
    if searching is not None:
        with searching:
            offered = _found(names, key)
    lengths = dict(zip(names, watched.hours.length.tolist(), strict=True))
    with choosing:
        name = st.selectbox(
            _("Stay, of {n:,}").format(n=len(names)),
            offered,
            format_func=lambda name: _("{stay} · {n} hours").format(stay=name[:SHOWN], n=lengths[name]),
            key=key,
        )
    return stay_of(watched, name)


def _found(names: Sequence[str], key: str) -> list[str]:
    """The first stays whose name holds what is looked for, and the one that is chosen."""
    sought = st.text_input(_("Find a stay"), key=f"{key}:find", placeholder=_("a part of its name"), max_chars=SHOWN)
    found = [name for name in names if (sought or "").casefold() in name.casefold()][:OFFERED]
    chosen = st.session_state.get(key)
    if chosen in names and chosen not in found:
        found.insert(0, chosen)
    if not found:
        st.caption(_("No stay is called so; the first ones are listed."))
    return found or list(names[:OFFERED])

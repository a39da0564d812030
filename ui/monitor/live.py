"""What is followed live from a folder: ranked, brought up to date by itself, each stay to be opened."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import streamlit as st

from medai_core.cards import Card
from medai_core.errors import MedAIError
from medai_core.prognosis.monitoring import Followed
from ui import kept, settings, signin, words
from ui.cached.feeds import EVERY_S, Live, followed
from ui.cached.wards import PAGE
from ui.language import _, say
from ui.monitor.answer import refusal_of
from ui.monitor.asking import SHOWN, Question
from ui.monitor.live_stay import one_followed
from ui.monitor.said import age_words, model_cell, monitored_of, risk_of, span, spec_of
from ui.monitor.standing import alarm_words, change_words
from ui.results import empty_state, header_cells, plain, problem

OPENED = "monitor_live_stay"


def live(question: Question) -> None:
    """The ward that is followed; it looks again by itself."""
    person = kept.store().allow(signin.person(), "view")
    kept.enter(person.subject, person, "feed.view")
    st.fragment(_look, run_every=EVERY_S)(question.card)


def _look(card: Card) -> None:
    """One look. It runs by itself, so it never asks who is there, which would count as a use of the page."""
    folder = settings.feed_folder()
    if folder is None or (settings.configured() and not signin.still_here()):
        st.rerun()
        return
    try:
        found = followed(card, folder)
        with st.spinner(_("Reading the observations…"), show_time=True):
            found.look()
        _show(card, found)
    except MedAIError as error:
        problem(error)


def _show(card: Card, found: Live) -> None:
    stays = found.ward.stays()
    _heading(card, found, len(stays))
    _problems(found)
    if not stays:
        empty_state("monitor_heart", _("No stay is followed yet"), _("Its stays stand here as soon as a file comes."))
        return
    pages = -(-len(stays) // PAGE)
    page = st.pagination(pages, key="monitor_live_page") if pages > 1 else 1
    shown = stays[(page - 1) * PAGE : page * PAGE]
    assert found.at is not None
    opened = _ask_stay(stays, shown)
    rows = [_row(card, found, s, found.at, (page - 1) * PAGE + k) for k, s in enumerate(shown, start=1)]
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, height="content", alt=_("Stays followed live, the highest risk first")
    )
    if opened is not None:
        one_followed(card, found, opened)


def _heading(card: Card, found: Live, stays: int) -> None:
    assert found.at is not None and found.polled is not None
    level = words.percent(found.ward.level)
    silent = _("silent for {n} hours after one").format(n=spec_of(card).silent_hours)
    header_cells(
        [
            (_("Stays"), f"{stays:,}", ""),
            (_("Last update"), found.at.astimezone().strftime("%Y-%m-%d %H:%M:%S"), _every()),
            (_("Alarm from a risk of"), level, silent),
            model_cell(card, monitored_of(card).recommended),
        ]
    )
    st.markdown(f"**{plain(risk_of(card))}**")


def _every() -> str:
    return _("looked for every {n} seconds").format(n=EVERY_S)


def _problems(found: Live) -> None:
    """The files that could not be read, with the reason of each."""
    problems = found.polled.problems if found.polled else ()
    if problems:
        title = _("Files that could not be read: {n}").format(n=len(problems))
        with st.expander(title, icon=":material/report:", expanded=True):
            lines = [f"- {plain(name[:SHOWN])}: {plain(say(message))}" for name, message in problems[:PAGE]]
            st.markdown("\n".join(lines))


def _row(card: Card, found: Live, stay: Followed, now: datetime, rank: int) -> dict[str, object]:
    course = tuple(stay.course)
    point = course[-1]
    risk = np.array([p.risk for p in course])
    raised = [p.hour for p in course if p.alarm]
    refusal = refusal_of(card, point.hour)
    silent = spec_of(card).silent_hours
    return {
        _("Rank"): rank,
        _("Stay"): stay.name[:SHOWN],
        _("Hour"): point.hour,
        _("Risk"): _("refused") if refusal else words.percent(point.risk),
        _("95 % interval"): "" if refusal else span(point.low, point.high),
        _("Change in 6 hours, points"): change_words(risk),
        _("Alarm"): alarm_words(risk, found.ward.level, raised, silent, course[0].hour),
        _("Newest observation"): newest(stay, now),
        _("Warnings"): " ".join([*([say(refusal)] if refusal else []), *not_used(stay)]),
    }


def newest(stay: Followed, now: datetime) -> str:
    """How old the newest observation is; where the stay has no times of day, at which hour it was."""
    if stay.started is None:
        return _("hour {hour}").format(hour=max(1, -(-int(stay.last_minute) // 60)))
    age = now - stay.started - timedelta(minutes=stay.last_minute)
    return _("{age} ago").format(age=age_words(age.total_seconds() / 3600))


def not_used(stay: Followed) -> list[str]:
    """How many of a stay's observations were not used."""
    n = sum(dict(stay.unused).values())
    return [_("Values not used: {n}").format(n=n)] if n else []


def _ask_stay(stays: tuple[Followed, ...], shown: tuple[Followed, ...]) -> Followed | None:
    """The stay that is opened. It is chosen by its name: rows change their places while they are looked at."""
    by_name = {s.name: s for s in stays}
    chosen = st.session_state.get(OPENED)
    names = [s.name for s in shown]
    if chosen in by_name and chosen not in names:
        names.insert(0, chosen)
    name = st.selectbox(
        _("Open a stay"),
        sorted(names),
        index=None,
        format_func=lambda name: name[:SHOWN],
        placeholder=_("Choose one"),
        key=OPENED,
    )
    return by_name.get(name) if name else None

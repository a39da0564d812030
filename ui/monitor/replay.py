"""One stay, replayed: an hour is chosen or passes each second, and everything shows only what was known by then."""

from __future__ import annotations

import time

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from medai_core.errors import MedAIError
from medai_core.prognosis.monitoring import Answers
from ui import words
from ui.cached import stays
from ui.cached.stays import Stay, Watched, Why
from ui.language import _
from ui.monitor import alarming, figures, why
from ui.monitor.answer import Moment, answer, course, heading
from ui.monitor.asking import Question, choose_stay
from ui.monitor.export import course_rows, downloads
from ui.monitor.said import span
from ui.monitor.unused import unused
from ui.monitor.vitals import vitals
from ui.results import problem

STEP_S = 1.0
SHOWN = "monitor_shown"
"""Which stay is shown, by whom it was answered."""


def hour_key(stay: Stay) -> str:
    """Where the hour that is shown of a stay is kept."""
    return f"monitor_hour:{stay.id}"


def one_stay(watched: Watched, question: Question) -> None:
    """One of the file's stays, hour by hour, and what of it was not used."""
    stay = choose_stay(watched)
    if stay is not None:
        playing = bool(st.session_state.get(_play_key(stay)))
        st.fragment(_replay, run_every=STEP_S if playing else None)(stay, question, playing)
        unused(watched, stay)
    else:
        unused(watched, None)


def _play_key(stay: Stay) -> str:
    return f"monitor_play:{stay.id}"


def _replay(stay: Stay, question: Question, playing: bool) -> None:
    """The stay at one hour; it runs again by itself while it is played."""
    try:
        hour = _ask_hour(stay, playing)
        room, followed, found = _work_out(stay, question, hour)
        with room:
            _show(stay, question, hour, followed, found, playing)
    except MedAIError as error:
        problem(error)


def _work_out(stay: Stay, question: Question, hour: int) -> tuple[DeltaGenerator, Answers, Why]:
    """Room for a stay, its risks, and what stands behind the one at an hour.

    All is worked out before anything is drawn, so that nothing new ever stands over something old; and where another
    stay was shown, nothing of it is left meanwhile.
    """
    named = f"{stay.id}:{question.estimator}"
    another = st.session_state.get(SHOWN) != named
    room = st.empty() if another else st.container()
    with room, st.spinner(_("Following the stay…"), show_time=True):
        followed = stays.course(stay, question.estimator)
        found = stays.why(stay, question.estimator, hour)
    st.session_state[SHOWN] = named
    if another:
        room = room.container()
        room.empty()  # where the spinner will be the next time, so that nothing moves
    return room, followed, found


def _ask_hour(stay: Stay, playing: bool) -> int:
    """The hour that is chosen, or the next one while it is played."""
    key = hour_key(stay)
    if not 1 <= st.session_state.get(key, 0) <= stay.last:
        st.session_state[key] = stay.newest
    _step(stay, playing)
    if stay.last == 1:
        return 1
    sliding, playing_place = st.columns([5, 1], gap="medium", vertical_alignment="bottom")
    with playing_place:
        wanted = st.toggle(
            _("Play"),
            key=_play_key(stay),
            help=_("One hour a second, until the end; switch it off to stop. From the end it begins anew."),
        )
    with sliding:
        hour = st.slider(
            _("Hour of the stay"),
            1,
            stay.last,
            key=key,
            help=_("Everything below shows what was known at the end of this hour, and nothing that came later."),
        )
    if wanted != playing:
        st.rerun()
    return int(hour)


def _step(stay: Stay, playing: bool) -> None:
    """Let an hour pass, where the last one did so long enough ago; at the end it stops."""
    key, at_key, now = hour_key(stay), f"monitor_at:{stay.id}", time.monotonic()
    if not playing:
        st.session_state.pop(at_key, None)
    elif at_key not in st.session_state:
        st.session_state[at_key] = now
        if st.session_state[key] == stay.last:
            st.session_state[key] = 1
    elif now - st.session_state[at_key] > 0.8 * STEP_S:
        st.session_state[at_key] = now
        st.session_state[key] = min(st.session_state[key] + 1, stay.last)
        if st.session_state[key] == stay.last:
            st.session_state[_play_key(stay)] = False


def _show(stay: Stay, question: Question, hour: int, followed: Answers, found: Why, playing: bool) -> None:
    over = st.container()
    said, drawn = st.columns([2, 3], gap="large")
    st.subheader(_("Alarms"), anchor=False)
    chosen = alarming.ask_alarming(stay.card)
    moment = Moment(stay, hour, question.estimator, followed, chosen)
    with over:
        heading(moment)
    with said:
        answer(moment)
    with drawn:
        course(moment)
        figures.table_of_course([_row(row) for row in reversed(course_rows(moment))])
    _alarms(moment)
    vitals(stay, hour)
    _why(moment, found)
    # Each download asks who is there, which counts as a use of the page: not while it runs by itself.
    if not playing:
        downloads(moment, found)


def _alarms(moment: Moment) -> None:
    """What alarms at the chosen level mean, and which were raised."""
    means, raised = st.columns(2, gap="large")
    with means:
        alarming.meaning(moment.stay.card, moment.alarming, moment.estimator)
    with raised:
        alarming.listed(moment.alarms, moment.risk)


def _row(row: dict[str, object]) -> dict[str, object]:
    given = isinstance(row["risk"], float)
    return {
        _("Hour"): row["hour"],
        _("Risk"): words.percent(float(str(row["risk"]))) if given else "–",
        _("95 % interval"): span(float(str(row["low"])), float(str(row["high"]))) if given else "",
        _("Alarm"): _("alarm") if row["alarm"] else "",
        _("Refused"): row["refusal"],
    }


def _why(moment: Moment, found: Why) -> None:
    """Drivers beside changes and gaps; without a risk nothing drives it."""
    left, right = st.columns(2, gap="large")
    with left:
        if moment.refusal is None:
            why.drivers(moment.stay, found, moment.hour)
        else:
            st.subheader(_("What drives it now"), anchor=False)
            st.markdown(_("There is no risk at this hour that could be driven by anything."))
    with right:
        why.changes(moment.stay.card, found.changes)
        why.missing(moment.stay.card, found.gaps)

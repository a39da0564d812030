"""All stays of a file, the highest risk first; each can be opened."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from medai_core.sources.tables import harmless_csv
from ui import words
from ui.cached import stays
from ui.cached.stays import Watched
from ui.cached.wards import PAGE, Line, Ranked, lines, ranked
from ui.frame import research_notice
from ui.language import _, predictor_title, say
from ui.monitor import alarming
from ui.monitor.alarming import Alarming
from ui.monitor.answer import refusal_of
from ui.monitor.asking import SHOWN, VIEW, Question, stay_key
from ui.monitor.replay import hour_key
from ui.monitor.said import age_words, model_cell, risk_of, span
from ui.monitor.standing import alarm_words, change_words
from ui.monitor.unused import unused
from ui.results import header_cells, plain
from ui.taking import take_away

LATEST, CHOSEN = "latest", "chosen"


def ward(watched: Watched, question: Question) -> None:
    """The list at an hour, a page at a time, and the way to each stay."""
    names = watched.hours.stays
    if not names:
        unused(watched, None)
        return
    hour = _ask_hour(watched)
    found = ranked(watched, question.estimator, hour)
    _heading(watched, question, hour)
    level, listing = st.container(), st.container()
    with level, st.expander(_("Alarms"), icon=":material/notifications:"):
        chosen = alarming.ask_alarming(watched.card)
        alarming.meaning(watched.card, chosen, question.estimator)
    with listing:
        _list(watched, found, chosen)
    _downloads(watched, question, found)
    unused(watched, None)


def _ask_hour(watched: Watched) -> int:
    """The hour that all stays are shown at; 0 for the latest of each."""
    last = max(int(watched.hours.length.max()), watched.spec.last_hour)
    choosing, sliding = st.columns([2, 3], gap="medium", vertical_alignment="bottom")
    titles = {LATEST: _("Each at its latest hour"), CHOSEN: _("All at one hour")}
    with choosing:
        how = st.segmented_control(
            _("Hour"),
            list(titles),
            default=LATEST,
            format_func=titles.__getitem__,
            key=f"monitor_ward_how:{watched.id}",
            required=True,
            help=_("The latest hour that the model was measured at, up to the stay's last observation."),
        )
    if how != CHOSEN or last == 1:
        return 0
    with sliding:
        return st.slider(
            _("Hour of all stays"), 1, last, min(watched.spec.last_hour or last, last), key=f"monitor_ward:{watched.id}"
        )


def _heading(watched: Watched, question: Question, hour: int) -> None:
    upload, card = watched.upload, watched.card
    made = _("SYNTHETIC example") if upload.synthetic else f"SHA-256 {upload.sha256[:16]}…"
    header_cells(
        [
            (_("Stays"), f"{len(watched.hours.stays):,}", ""),
            (_("Hour"), f"{hour}" if hour else _("the latest of each"), ""),
            (_("File"), upload.name[:200], made),
            model_cell(card, question.estimator),
        ]
    )
    st.markdown(f"**{plain(risk_of(card))}**")


def _list(watched: Watched, found: Ranked, chosen: Alarming) -> None:
    pages = -(-len(found) // PAGE)
    key = f"monitor_ward_page:{watched.id}:{found.asked}"
    page = st.pagination(pages, key=key) if pages > 1 else 1
    shown = lines(watched, found, page)
    _ask_stay(watched, shown)
    key = f"monitor_ward_rows:{watched.id}:{found.asked}:{page}"
    st.dataframe(
        pd.DataFrame([_row(watched, line, chosen, (page - 1) * PAGE + k) for k, line in enumerate(shown, start=1)]),
        hide_index=True,
        height="content",
        on_select=lambda: _open_row(watched, shown, key),
        selection_mode="single-row",
        key=key,
        column_config={_("Warnings"): st.column_config.TextColumn(width="large")},
        alt=_("Stays by their risk, the highest first"),
    )


def _row(watched: Watched, line: Line, chosen: Alarming, rank: int) -> dict[str, object]:
    card, risks, (risk, low, high) = watched.card, line.course[0], line.course[:, -1]
    top = line.answers.top(line.at, 1)
    age = line.hour - line.newest_minute / 60
    refusal = refusal_of(card, line.hour)
    return {
        _("Rank"): rank,
        _("Stay"): line.stay[:SHOWN],
        _("Hour"): line.hour,
        _("Risk"): _("refused") if refusal else words.percent(float(risk)),
        _("95 % interval"): "" if refusal else span(float(low), float(high)),
        _("Change in 6 hours, points"): change_words(risks),
        _("Alarm"): alarm_words(risks, chosen.level.level, chosen.raised(risks), chosen.silent_hours),
        _("Strongest driver"): _driver(watched, *top[0]) if top and not refusal else "",
        _("Newest observation"): _("none") if np.isnan(age) else _("{age} ago").format(age=age_words(age)),
        _("Warnings"): " ".join(_warnings(watched, line)),
    }


def _driver(watched: Watched, name: str, step: float) -> str:
    template = _("{predictor} raises it") if step > 0 else _("{predictor} lowers it")
    return template.format(predictor=predictor_title(watched.card, name))


def _warnings(watched: Watched, line: Line) -> list[str]:
    """The refusal, the warnings, that the stay went on, and how many values were not used."""
    said = [say(message) for message in line.answers.warnings[line.at]]
    length = int(watched.hours.length[watched.hours.stays.index(line.stay)])
    if length > line.hour:
        said.append(_("It was observed until hour {n}.").format(n=length))
    if line.stay in watched.unused:
        said.append(_("Some values were not used."))
    return said


def _open_row(watched: Watched, shown: tuple[Line, ...], key: str) -> None:
    rows = st.session_state[key].selection.rows
    if rows:
        _open(watched, shown[rows[0]])


def _ask_stay(watched: Watched, shown: tuple[Line, ...]) -> None:
    """The way to a stay from the keyboard; a click on its row does the same."""
    by_name = {line.stay: line for line in shown}
    key = f"monitor_ward_open:{watched.id}"

    def opened() -> None:
        name = st.session_state[key]
        if name in by_name:
            _open(watched, by_name[name])
        st.session_state[key] = None

    st.selectbox(
        _("Open a stay"),
        list(by_name),
        index=None,
        format_func=lambda name: name[:SHOWN],
        placeholder=_("Choose one, or mark its row below"),
        key=key,
        on_change=opened,
    )


def _open(watched: Watched, line: Line) -> None:
    """Show one stay at the hour that it is listed at."""
    st.session_state[VIEW] = "stay"
    st.session_state[stay_key(watched)] = line.stay
    st.session_state[hour_key(stays.stay(watched, line.stay))] = line.hour


def _downloads(watched: Watched, question: Question, found: Ranked) -> None:
    take_away(
        _("Ward as CSV"),
        lambda: as_csv(watched, question, found),
        f"{watched.card.outcome}_ward.csv",
        "text/csv",
        object=watched.card.name,
        key="monitor_ward_csv",
    )


def as_csv(watched: Watched, question: Question, found: Ranked) -> bytes:
    """Every stay with its risk, or why there is none."""
    card = watched.card
    rows: list[dict[str, Any]] = []
    for place, hour, course in zip(found.place.tolist(), found.hour.tolist(), found.courses, strict=True):
        refusal = refusal_of(card, hour)
        risk, low, high = (round(float(v), 6) for v in course[:, -1])
        row = {"stay": watched.hours.stays[place], "hour": hour, "risk": risk, "low": low, "high": high}
        rows.append(row | {"refusal": say(refusal) if refusal else ""})
    by = {"model": card.name, "version": card.version, "estimator": question.estimator}
    return harmless_csv(pd.DataFrame(rows).assign(**by, research_use=research_notice()))

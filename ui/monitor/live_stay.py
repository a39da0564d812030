"""A stay that is followed live: its risk and course, its newest values, and what the model does without."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import streamlit as st

from medai_core.cards import Card
from medai_core.prognosis.monitoring import Followed, Point
from medai_core.prognosis.monitoring.drivers import gaps
from medai_core.prognosis.monitoring.stay import LATE_HOURS
from ui import words
from ui.cached.feeds import Live
from ui.language import _, predictor_title
from ui.monitor import figures, why
from ui.monitor.answer import refusal_of, refused, risk
from ui.monitor.said import age_words, notices, span, value_words
from ui.people import local_time
from ui.results import header_cells

REASONS = ("observation.too_late", "observation.future", "observation.contradicted")
SHOWN = 6
"""Drivers that are named."""


def one_followed(card: Card, found: Live, stay: Followed) -> None:
    """All that is known of one stay."""
    course = tuple(stay.course)
    _heading(found, stay, course[-1])
    said, drawn = st.columns([2, 3], gap="large")
    with said:
        _answer(card, course[-1])
        notices(_unused(card, stay))
    with drawn:
        _course(found, course)
    values, without = st.columns(2, gap="large")
    with values:
        _values(card, found, stay)
    with without:
        _drivers(card, found, stay)
        if stay.states:
            why.missing(card, gaps(found.ward.model, stay.states[-1]))


def _heading(found: Live, stay: Followed, point: Point) -> None:
    began = local_time(stay.started) if stay.started else ""
    updated = found.at.astimezone().strftime("%H:%M:%S") if isinstance(found.at, datetime) else ""
    header_cells(
        [
            (_("Stay"), stay.name[:200], _("began {time}").format(time=began) if began else ""),
            (_("Hour"), f"{point.hour}", _("under way")),
            (_("Last update"), updated, ""),
        ]
    )


def _answer(card: Card, point: Point) -> None:
    refusal = refusal_of(card, point.hour)
    if refusal is not None:
        refused(refusal)
    else:
        risk(card, point.risk, point.low, point.high)


def _course(found: Live, course: tuple[Point, ...]) -> None:
    """The risk of the hours that are kept."""
    risks, low, high = (np.array([getattr(p, name) for p in course]) for name in ("risk", "low", "high"))
    level = found.ward.level
    highest = float(np.nanmax(high)) if np.isfinite(high).any() else level
    line = figures.Line(
        hours=[p.hour for p in course],
        risk=risks,
        low=low,
        high=high,
        alarms=[p.hour for p in course if p.alarm and np.isfinite(p.risk)],
        level=level,
        first=course[0].hour - 1,
        last=max(course[-1].hour, course[0].hour + 5),
        top=min(1.05, 1.12 * max(highest, level)),
    )
    alt = _("Risk over time, up to hour {hour}").format(hour=course[-1].hour)
    figures.course(line, alt, "monitor_live_course", 300)
    figures.table_of_course([_point(p) for p in reversed(course)])


def _point(p: Point) -> dict[str, object]:
    given = np.isfinite(p.risk)
    return {
        _("Hour"): p.hour,
        _("Risk"): words.percent(p.risk) if given else "–",
        _("95 % interval"): span(p.low, p.high) if given else "",
        _("Alarm"): _("alarm") if p.alarm else "",
    }


def _values(card: Card, found: Live, stay: Followed) -> None:
    """The newest value of each predictor in the last hours."""
    st.subheader(_("Newest values of the last {n} hours").format(n=LATE_HOURS), anchor=False)
    table = found.feed.observed(stay.name).drop_duplicates("parameter", keep="last")
    if table.empty:
        st.markdown(_("Nothing was measured."))
        return
    order = {p.name: i for i, p in enumerate(card.predictors)}
    rows = sorted(table.itertuples(index=False), key=lambda row: order[row.parameter])
    shown = [
        {
            _("Predictor"): predictor_title(card, row.parameter),
            _("Value"): value_words(card, row.parameter, row.value),
            _("Before the newest"): age_words(max(stay.last_minute - row.minute, 0.0) / 60),
        }
        for row in rows
    ]
    st.dataframe(pd.DataFrame(shown), hide_index=True, height=min(36 * (len(shown) + 1), 400), alt=_("Newest values"))


def _drivers(card: Card, found: Live, stay: Followed) -> None:
    """What raises and lowers the risk of the hour under way."""
    st.subheader(_("What drives it now"), anchor=False)
    drivers = found.ward.drivers(stay.name)
    if not drivers.names:
        st.markdown(_("Nothing was measured that could drive it."))
        return
    steps = list(zip(drivers.names, drivers.values.tolist(), strict=True))[:SHOWN]
    shown = {
        _("Predictor"): [predictor_title(card, name) for name, _step in steps],
        _("Effect"): [_("raises") if step > 0 else _("lowers") for _name, step in steps],
        _("Log-odds"): [f"{step:+.2f}" for _name, step in steps],
    }
    st.dataframe(pd.DataFrame(shown), hide_index=True, alt=_("What drives it now"))
    st.caption(_("Each is what the model would say otherwise, were the predictor unknown in this hour."))


def _unused(card: Card, stay: Followed) -> list[str]:
    """What was not used, by reason and predictor."""
    late = _("{predictor}, arrived too late to be used: {n}")
    future = _("{predictor}, in the future and not used: {n}")
    replaced = _("{predictor}, replaced by another value of the same time: {n}")
    other = _("{predictor}, implausible or unreadable and not used: {n}")
    templates = dict(zip(REASONS, (late, future, replaced), strict=True))
    return [
        templates.get(reason, other).format(predictor=predictor_title(card, name), n=n)
        for (reason, name), n in sorted(dict(stay.unused).items())
    ]

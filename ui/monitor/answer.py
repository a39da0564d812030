"""The answer at an hour: whose, the risk with its interval or why there is none, and what must be known beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from html import escape

import numpy as np
import streamlit as st

from medai_core.cards import Card
from medai_core.errors import Message
from medai_core.metrics import Floats
from medai_core.prognosis.monitoring import Answers
from medai_core.prognosis.monitoring.answering import outside_message
from ui import words
from ui.cached.stays import Stay
from ui.cards.risk import event_title
from ui.language import _, say
from ui.monitor import figures
from ui.monitor.alarming import Alarming
from ui.monitor.said import horizon, interval, model_cell, notices, risk_of, spec_of
from ui.people import local_time
from ui.results import header_cells

REFUSALS = ("stay.outside", "stay.early")


@dataclass(frozen=True, eq=False)
class Moment:
    """A stay at the end of an hour (from 1): only what was known by then is shown of it.

    Attributes
    ----------
    course : of all hours; those after ``hour`` are not shown.
    """

    stay: Stay
    hour: int
    estimator: str
    course: Answers
    alarming: Alarming

    @property
    def risk(self) -> Floats:
        """The risks so far, (hour,); nan at hours without one."""
        return self.course.risk[: self.hour]

    @property
    def now(self) -> tuple[float, float, float]:
        """The risk and its interval; nan where it is refused."""
        k = self.hour - 1
        return float(self.course.risk[k]), float(self.course.low[k]), float(self.course.high[k])

    @property
    def alarms(self) -> list[int]:
        """The hours of the alarms so far."""
        return self.alarming.raised(self.risk)

    @property
    def refusal(self) -> Message | None:
        """Why there is no risk at this hour; None where there is one."""
        return refusal_of(self.stay.card, self.hour)

    @property
    def warnings(self) -> list[Message]:
        """What has to be said beside the risk."""
        return [m for m in self.course.warnings[self.hour - 1] if m.id not in REFUSALS]


def refusal_of(card: Card, hour: int) -> Message | None:
    """Why there is no risk at an hour (from 1); None where there is one."""
    return None if spec_of(card).covers(hour) else outside_message(card, hour)


def heading(moment: Moment) -> None:
    """Whose stay, at which hour, by which model: stands over every result."""
    stay, upload = moment.stay, moment.stay.watched.upload
    card = stay.card
    until = local_time(stay.started + timedelta(hours=moment.hour)) if stay.started else ""
    made = _("SYNTHETIC example") if upload.synthetic else f"SHA-256 {upload.sha256[:16]}…"
    header_cells(
        [
            (_("Stay"), stay.name[:200], _("{n} hours observed").format(n=stay.length)),
            (_("Hour"), _("{hour} of {last}").format(hour=moment.hour, last=stay.last), until),
            (_("File"), upload.name[:200], made),
            model_cell(card, moment.estimator),
        ]
    )


def answer(moment: Moment) -> None:
    """The risk at this hour, or the refusal."""
    if moment.refusal is not None:
        refused(moment.refusal)
    else:
        risk(moment.stay.card, *moment.now)
    notices([say(m) for m in moment.warnings])


def refused(reason: Message) -> None:
    """Why there is no risk: a result like any other."""
    st.html(
        '<section class="medai-answer medai-refused">'
        f"<p class='medai-over'>{escape(_('Refused'))}</p>"
        f"<h2>{escape(_('No risk is given at this hour'))}</h2><p>{escape(say(reason))}</p></section>"
    )


def risk(card: Card, risk: float, low: float, high: float) -> None:
    """The risk with its interval, and what that means."""
    meaning = _(
        "The interval says how far this estimate would move had the cohort been another sample of people; "
        "it does not say how sure this patient's fate is."
    )
    st.html(
        '<section class="medai-answer">'
        f"<p class='medai-over'>{escape(risk_of(card))}</p>"
        f"<h2 class='medai-number'>{escape(words.percent(risk))}</h2>"
        f"<p>{escape(interval(low, high))}</p>"
        f"<p>{escape(hundred(card, risk))}</p>"
        f"<p class='medai-meaning'>{escape(meaning)}</p></section>"
    )


def hundred(card: Card, risk: float) -> str:
    """The risk as a count of stays; never none and never all."""
    n = min(max(round(100 * risk), 1), 99)
    template = _("About {n} of 100 stays like this: {event}, {horizon}")
    if risk < 0.005:
        template = _("Fewer than {n} of 100 stays like this: {event}, {horizon}")
    elif risk > 0.995:
        template = _("More than {n} of 100 stays like this: {event}, {horizon}")
    return template.format(n=n, event=event_title(card), horizon=horizon(card))


def course(moment: Moment) -> None:
    """The risk up to this hour."""
    found, stay, n = moment.course, moment.stay, moment.hour
    level = moment.alarming.level.level
    highest = float(np.nanmax(found.high)) if np.isfinite(found.high).any() else level
    line = figures.Line(
        hours=found.hour[:n].tolist(),
        risk=moment.risk,
        low=found.low[:n],
        high=found.high[:n],
        alarms=moment.alarms,
        level=level,
        last=stay.last,
        top=min(1.05, 1.12 * max(highest, level)),
    )
    figures.course(line, _alt(moment), "monitor_course")
    if not stay.spec.covers(1):
        st.caption(_("Before hour {n} there is no risk.").format(n=stay.spec.first_hour))


def _alt(moment: Moment) -> str:
    said = _("Risk over time, up to hour {hour}").format(hour=moment.hour)
    risk, low, high = moment.now
    now = words.percent(risk) + ", " + interval(low, high) if moment.refusal is None else _("none")
    said += "; " + _("now: {risk}").format(risk=now)
    if moment.alarms:
        said += "; " + _("alarms at hours {hours}").format(hours=", ".join(map(str, moment.alarms)))
    return said

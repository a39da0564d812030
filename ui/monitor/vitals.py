"""What was measured of a stay, predictor by predictor, each point where it was measured and nothing in between."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import streamlit as st

from medai_core.cards import Card, PredictorSpec
from medai_core.metrics import Floats
from medai_core.prognosis.monitoring.hours import COUNT, HIGH, LAST, LOW, Hours
from ui.cached.stays import Stay
from ui.language import _, predictor_title
from ui.monitor import figures
from ui.monitor.said import monitored_of, spec_of, title_with_unit, value_words

POINTS_MAX = 300
"""Points of a predictor that are drawn one by one; of more, the last of each hour and how far the others lay."""
OUT = "observation.implausible"


def vitals(stay: Stay, hour: int) -> None:
    """The predictors that the card shows first, and others that the reader asks for."""
    st.subheader(_("What was measured"), anchor=False)
    names = _ask(stay.card)
    traces = {name: _trace(stay, name, hour) for name in names}
    with st.container(key="monitor_vitals"):
        for name, t in traces.items():
            figures.trace(t, _alt(t), f"monitor_vital:{stay.card.name}:{name}")
    said = _(
        "Points are not joined: what lies between them was not measured. A cross at the edge is a value that was "
        "left out as implausible."
    )
    if any(t.usual for t in traces.values()):
        said += " " + _("Pale: what 90 of 100 values of the development cohort lie in.")
    st.caption(said)
    figures.table(_table(stay, names, hour), _("Newest values by hour"))


def _ask(card: Card) -> list[str]:
    spec = spec_of(card)
    offered = [p.name for p in card.predictors if p.kind == "number" and p.name not in spec.fixed]
    return st.multiselect(
        _("Predictors"),
        offered,
        default=[name for name in spec.shown if name in offered],
        format_func=lambda name: predictor_title(card, name),
        key=f"monitor_shown:{card.name}",
        persist_state="session",
    )


def _trace(stay: Stay, name: str, hour: int) -> figures.Trace:
    card = stay.card
    p = next(p for p in card.predictors if p.name == name)
    every = stay.numbers.get(name)
    value = stay.value(name, hour)
    usual = monitored_of(card).typical.get(name)
    span = _span(p, usual, every["value"].to_numpy(dtype=np.float64) if every is not None else np.zeros(0))
    hours, values, ranges = _points(stay, name, hour)
    return figures.Trace(
        title=title_with_unit(card, name),
        newest=_("not measured") if value is None else value_words(card, name, value),
        hours=hours,
        values=values,
        ranges=ranges,
        crosses=_crosses(stay.left_out, p, hour),
        usual=(usual[0], usual[-1]) if usual else None,
        span=span,
        last=stay.last,
        now=hour,
    )


def _span(p: PredictorSpec, usual: tuple[float, ...] | None, values: Floats) -> tuple[float, float]:
    """The ends of the axis: all of the stay and the usual range, so that nothing moves while it plays."""
    ends = [*values, *(usual or ())] or [p.low, p.high]
    low, high = min(ends), max(ends)
    room = 0.12 * (high - low) or 1.0
    return float(low - room), float(high + room)


Points = tuple[Floats, Floats, dict[float, tuple[float, float]]]


def _points(stay: Stay, name: str, hour: int) -> Points:
    """The points up to an hour: each of them, or the last of each hour where there are very many."""
    rows = stay.numbers.get(name)
    if rows is None:
        return np.zeros(0), np.zeros(0), {}
    if len(rows) > POINTS_MAX:
        place = [p.name for p in stay.card.predictors].index(name)
        return _by_hour(stay.hours, place, hour)
    known = rows[rows["hour"] <= hour]
    return np.maximum(known["minute"].to_numpy(), 0) / 60, known["value"].to_numpy(), {}


def _by_hour(hours: Hours, place: int, hour: int) -> Points:
    own = np.flatnonzero((hours.parameter == place) & (hours.hour < hour))
    at, cells = hours.hour[own] + 0.5, hours.cells[own]
    several = cells[:, COUNT] > 1
    low, high = cells[several, LOW].tolist(), cells[several, HIGH].tolist()
    return at, cells[:, LAST], dict(zip(at[several].tolist(), zip(low, high, strict=True), strict=True))


def _crosses(left_out: pd.DataFrame, p: PredictorSpec, hour: int) -> list[tuple[float, bool, str]]:
    """Values left out as implausible up to an hour, and whether each is too high."""
    own = left_out[(left_out["parameter"] == p.name) & (left_out["reason"] == OUT)]
    own = own[own["minute"] <= 60 * hour]
    return [
        (max(minute, 0.0) / 60, _number(text) > p.low, text)
        for minute, text in zip(own["minute"].tolist(), own["value"].tolist(), strict=True)
    ]


def _number(text: str) -> float:
    found = re.match(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?", text.strip().replace(",", "."))
    return float(found.group()) if found else float("inf")


def _alt(t: figures.Trace) -> str:
    said = _("{title}: newest value {value}, {n} values up to hour {hour}").format(
        title=t.title, value=t.newest, n=len(t.values), hour=t.now
    )
    return said + ("; " + _("{n} left out").format(n=len(t.crosses)) if t.crosses else "")


def _table(stay: Stay, names: list[str], hour: int) -> pd.DataFrame:
    """A row an hour in which anything was measured, the newest first, a column a predictor."""
    rows: dict[int, dict[str, str]] = {}
    places = {p.name: i for i, p in enumerate(stay.card.predictors)}
    hours = stay.hours
    for name in names:
        for k in np.flatnonzero((hours.parameter == places[name]) & (hours.hour < hour)).tolist():
            said = value_words(stay.card, name, float(hours.cells[k, LAST]))
            rows.setdefault(int(hours.hour[k]) + 1, {})[predictor_title(stay.card, name)] = said
    titles = [predictor_title(stay.card, name) for name in names]
    found = [{_("Hour"): at, **{t: rows[at].get(t, "") for t in titles}} for at in sorted(rows, reverse=True)]
    return pd.DataFrame(found, columns=[_("Hour"), *titles])

"""What drives a risk now, what changed in the last hours, and what the model does without."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from medai_core.cards import Card
from medai_core.prognosis.monitoring.drivers import Change, Gaps
from ui import words
from ui.cached.stays import Stay, Why
from ui.language import _, predictor_title
from ui.monitor import figures
from ui.monitor.said import spec_of, value_words
from ui.results import plain

SHOWN = 8
"""Drivers that have a bar; the table has the others too."""
CHANGES = 10


def drivers(stay: Stay, found: Why, hour: int) -> None:
    """How much each measured predictor raises or lowers the risk of this hour, the strongest first."""
    st.subheader(_("What drives it now"), anchor=False)
    rows = driving(stay, found, hour)
    if not rows:
        st.markdown(_("Nothing was measured that could drive it."))
        return
    st.markdown(plain(_in_words(rows)))
    labels = [f"{title}: {value}" for title, value, _step in rows]
    each = "; ".join(f"{label} {_effect(step)}" for label, (_t, _v, step) in zip(labels[:SHOWN], rows, strict=False))
    alt = _("What drives the risk at hour {hour}").format(hour=hour)
    figures.bars(labels[:SHOWN], [step for _t, _v, step in rows[:SHOWN]], f"{alt}: {each}", "monitor_drivers")
    st.caption(
        _(
            "In log-odds, each is the exact difference to the risk had this predictor never been measured in this "
            "stay. They need not add up: predictors that say the same stand in for each other. They describe the "
            "model, not causes."
        )
    )
    figures.table(_drivers_table(rows), alt)


def driving(stay: Stay, found: Why, hour: int) -> list[tuple[str, str, float]]:
    """(predictor in words, its newest value, what it adds to the log-odds), the strongest first."""
    names, steps = found.drivers.names, found.drivers.values.tolist()
    return [
        (predictor_title(stay.card, name), value_words(stay.card, name, stay.value(name, hour)), step)
        for name, step in zip(names, steps, strict=True)
    ]


def _effect(step: float) -> str:
    return _("raises it by {n:.2f}").format(n=step) if step > 0 else _("lowers it by {n:.2f}").format(n=-step)


def _in_words(rows: list[tuple[str, str, float]]) -> str:
    """The two strongest each way, as sentences."""
    raising = [f"{title} {value}" for title, value, step in rows if step > 0.005][:2]
    lowering = [f"{title} {value}" for title, value, step in rows if step < -0.005][:2]
    said = []
    if raising:
        said.append(_("What raises it most: {predictors}.").format(predictors=words.joined(raising)))
    if lowering:
        said.append(_("What lowers it most: {predictors}.").format(predictors=words.joined(lowering)))
    return " ".join(said) or _("No single predictor moves it.")


def _drivers_table(rows: list[tuple[str, str, float]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            _("Predictor"): [title for title, _value, _step in rows],
            _("Newest value"): [value for _title, value, _step in rows],
            _("Effect"): [_("raises") if step > 0 else _("lowers") for _t, _v, step in rows],
            _("Log-odds"): [f"{step:+.3f}" for _title, _value, step in rows],
        }
    )


def changes(card: Card, found: tuple[Change, ...]) -> None:
    """What moved in the last hours, the most unusual step first."""
    hours = spec_of(card).change_hours
    st.subheader(_("What changed in the last {n} hours").format(n=hours), anchor=False)
    if not found:
        st.markdown(_("Nothing that was measured before and again since."))
        return
    table = pd.DataFrame([_change(card, c) for c in found[:CHANGES]])
    st.dataframe(table, hide_index=True, alt=_("What changed in the last {n} hours").format(n=hours))
    if len(found) > CHANGES:
        st.caption(_("The {n} most unusual of {all} changes.").format(n=CHANGES, all=len(found)))


def _change(card: Card, c: Change) -> dict[str, str]:
    arrow = "↑" if c.now > c.before else "↓"
    before, now = (value_words(card, c.name, v) for v in (c.before, c.now))
    return {
        _("Predictor"): predictor_title(card, c.name),
        _("Before"): _("{value} (hour {hour})").format(value=before, hour=c.before_hour),
        _("Now"): _("{value} (hour {hour})").format(value=f"{arrow} {now}", hour=c.now_hour),
    }


def missing(card: Card, found: Gaps) -> None:
    """The predictors that were never measured, and the values that are old."""
    st.subheader(_("Missing or old"), anchor=False)
    for sentence in gap_sentences(card, found):
        st.markdown(plain(sentence))


def gap_sentences(card: Card, found: Gaps) -> list[str]:
    """What the model does without, in sentences."""
    said = []
    if found.stale:
        old = [
            _("{predictor} ({n} hours)").format(predictor=predictor_title(card, name), n=age)
            for name, age in sorted(found.stale.items(), key=lambda item: -item[1])
        ]
        said.append(_("Old values: {predictors}.").format(predictors=words.joined(old)))
    if found.missing:
        titles = [predictor_title(card, name) for name in found.missing]
        said.append(_("Never measured: {predictors}.").format(predictors=words.joined(titles)))
    return said or [_("Everything was measured, and nothing is old.")]

"""A patient's vital signs: their course, and new values."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from medai_core.errors import MedAIError
from medai_core.records.store.patients import Patient
from medai_core.records.store.vitals import PARAMETERS, Parameter, Vital, file_vitals, vitals_of
from ui import kept, people, signin
from ui.figures import ACCENT, BARE
from ui.language import _
from ui.results import empty_state, plain, problem


def vitals(patient: Patient) -> None:
    """The course of each vital sign, and the form for new values."""
    title, adding = st.columns([4, 1], vertical_alignment="bottom")
    title.header(_("Vital signs"), anchor=False)
    if signin.may("file"):
        with adding:
            if st.button(_("Add values"), icon=":material/add:", key="add_vitals", width="stretch"):
                st.dialog(_("Vital signs"))(_ask)(patient)
    found = vitals_of(kept.store(), patient.id)
    if not found:
        empty_state("vital_signs", _("No vital sign is filed"), _("Add the values that were taken."), "empty_vitals")
        return
    st.markdown(f"**{plain(people.whose(patient))}**")
    _course(found)


def _name(p: Parameter) -> str:
    return f"{_(p.title)} ({_(p.unit)})"


def _course(found: tuple[Vital, ...]) -> None:
    shown = [name for name in PARAMETERS if any(v.parameter == name for v in found)]
    figure = make_subplots(
        rows=-(-len(shown) // 3),
        cols=min(3, len(shown)),
        subplot_titles=[_name(PARAMETERS[name]) for name in shown],
        vertical_spacing=0.3,
    )
    for i, name in enumerate(shown):
        line = [v for v in found if v.parameter == name]
        figure.add_trace(
            go.Scatter(
                x=[v.at for v in line],
                y=[v.value for v in line],
                mode="lines+markers",
                line={"color": ACCENT},
                hovertemplate="%{y}<extra></extra>",
            ),
            row=i // 3 + 1,
            col=i % 3 + 1,
        )
    margins = {"l": 8, "r": 8, "t": 32, "b": 8}
    figure.update_xaxes(nticks=4, tickangle=0)
    figure.update_layout(height=220 * -(-len(shown) // 3) + 40, showlegend=False, margin=margins)
    last = {name: next(v for v in reversed(found) if v.parameter == name) for name in shown}
    said = "; ".join(f"{_name(PARAMETERS[name])} {v.value:g}" for name, v in last.items())
    st.plotly_chart(figure, config=BARE, key="vitals_course", alt=_("Vital signs, newest values") + ": " + said)
    with st.expander(_("The plot as a table")):
        st.dataframe(_table(found), hide_index=True, alt=_("Vital signs"))


def _table(found: tuple[Vital, ...]) -> pd.DataFrame:
    """A row a moment, the newest first, a column a vital sign."""
    rows: dict[datetime, dict[str, float]] = {}
    for v in reversed(found):
        rows.setdefault(v.at, {})[_name(PARAMETERS[v.parameter])] = v.value
    return pd.DataFrame([{_("Time"): people.local_time(at), **values} for at, values in rows.items()])


def _ask(patient: Patient) -> None:
    at = st.datetime_input(_("Taken at"), "now", key="vitals:at", format="YYYY-MM-DD", step=60)
    values = {
        name: st.number_input(
            _name(p), value=None, step=10.0**-p.decimals, format=f"%.{p.decimals}f", key=f"vital:{name}"
        )
        for name, p in PARAMETERS.items()
    }
    given = {name: value for name, value in values.items() if value is not None}
    if st.button(_("File the values"), type="primary", key="vitals:file", disabled=not given or at is None):
        moment = at.astimezone() if isinstance(at, datetime) else datetime.now().astimezone()
        try:
            file_vitals(
                kept.store(), signin.person(), patient.id, tuple(Vital(n, float(v), moment) for n, v in given.items())
            )
        except MedAIError as error:
            problem(error)
            return
        st.rerun()

"""What another dose would do: a slider, and the course that follows it."""

from __future__ import annotations

import streamlit as st

from medai_core.precision.dosing import Forecast
from ui import words
from ui.cached.dosing import advice
from ui.dosing.case import Case
from ui.dosing.course import drawn, rows
from ui.dosing.said import dose_words, simulation, span
from ui.figures import show, table
from ui.language import _

STEP_MG = 0.25


@st.fragment
def what_if(case: Case) -> None:
    """Another dose, kept from today on, beside the one that is proposed."""
    st.subheader(_("What another dose would do"), anchor=False)
    said, top = case.said, case.model.spec.dose_max_mg_per_day
    own = round(round(said.dose_mg_per_day / STEP_MG) * STEP_MG, 2)
    tried = st.slider(
        _("Dose to try, mg a day"),
        0.0,
        top,
        min(own + 1.0, top),
        step=STEP_MG,
        format="%.2f",
        key=f"{case.question.key}:tried:{said.policy}:{own}",
    )
    found = _course(case, tried)
    shares = _("{range}: {inside} of the days; above {high}: {above}").format(
        range=_("INR {span}").format(span=span(*case.model.spec.range_inr, 0)),
        inside=words.share(found.in_range),
        high=f"{case.model.spec.high_inr:g}",
        above=words.share(found.above_high),
    )
    st.markdown(f"**{dose_words(tried)}** · {shares}")
    named = [
        (_("{dose}, tried").format(dose=dose_words(tried)), found),
        (_("{dose}, proposed").format(dose=dose_words(said.dose_mg_per_day, said.held_days)), said.expected),
    ]
    alt = _("Expected course of the INR under the tried dose")
    show(drawn(case, named), f"{alt}: {shares}. {simulation()}", "dosing_tried", 320, legend=True)
    st.caption(
        _(
            "{simulation} The band is that of the tried dose. Only to look at: how far a dose may move at one visit is "
            "not applied here."
        ).format(simulation=simulation())
    )
    table(rows(named), f"{alt} ({simulation()})")


def _course(case: Case, dose_mg_per_day: float) -> Forecast:
    assert case.patient is not None
    found = advice(case.model, case.patient, case.said.policy, dose_mg_per_day)
    return next(f for f in found.others if f.dose_mg_per_day == dose_mg_per_day)

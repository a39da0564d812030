"""What the model would say, were the history another; of treatment it is not asked."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from medai_core.cards import PredictorSpec
from medai_core.errors import MedAIError
from medai_core.precision.survival import what_if as core_what_if
from ui import words
from ui.language import _, category_title, predictor_title
from ui.results import plain, problem
from ui.survival.asking import Patient
from ui.survival.told import about

TRIED = 2
Value = float | str | None


@st.fragment
def what_if(patient: Patient) -> None:
    """Values to try, and the survival that follows them."""
    st.subheader(_("With another history"), anchor=False)
    by_name = {p.name: p for p in patient.card.predictors}
    chosen = st.multiselect(
        _("History to change"),
        list(patient.model.spec.history),
        default=list(patient.model.spec.history[:TRIED]),
        format_func=lambda name: predictor_title(patient.card, name),
        key="survive_tried",
    )
    own = patient.one.rows.iloc[0]
    values = {name: _ask(patient, by_name[name], own[name]) for name in chosen}
    changes = {name: value for name, value in values.items() if value is not None and value != own[name]}
    try:
        found = core_what_if(patient.model, patient.one, 0, changes)
    except MedAIError as error:
        problem(error)
        return
    for reason in found.refusals:
        st.error(plain(about(patient, reason)), icon=":material/block:")
    rows = [
        {
            _("Years"): f"{after.years:g}",
            _("Alive, as entered"): words.percent(before.share.value),
            _("Alive, with these values"): words.percent(after.share.value),
            _("95 % interval"): words.span(after.share.low, after.share.high, shares=True),
        }
        for before, after in zip(patient.found.at, found.at, strict=False)
    ]
    if rows:
        st.table(pd.DataFrame(rows), hide_index=True, border="horizontal", alt=_("Survival with another history"))
    st.caption(
        _(
            "How the cohort's people with such a history differed, not what would come of changing it. Treatment "
            "cannot be changed here: the cohort is no trial."
        )
    )


def _ask(patient: Patient, p: PredictorSpec, own: Value) -> Value:
    """A value to try, beginning at the patient's own."""
    title, known = predictor_title(patient.card, p.name), not pd.isna(own)
    key = f"survive_try:{patient.card.name}:{p.name}:{own}"
    if p.kind == "category":
        names = [c.name for c in p.categories]
        return st.selectbox(
            title,
            names,
            index=names.index(str(own)) if known else None,
            format_func=lambda name: words.sentence(category_title(patient.card, p.name, name)),
            placeholder=_("unknown"),
            key=key,
        )
    low, high, step = float(p.low), float(p.high), 10.0**-p.decimals
    at = min(max(float(own), low), high) if known else None
    if at is None:
        return st.number_input(title, low, high, None, step=step, placeholder=_("unknown"), key=key)
    name = f"{title} ({_(p.unit)})" if p.unit else title
    return st.slider(name, low, high, at, step=step, format=f"%.{p.decimals}f", key=key)

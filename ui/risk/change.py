"""What would change the risk: values that the reader tries out, and the smallest change that is enough."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from medai_core.cards import PredictorSpec
from medai_core.prognosis.recourse import Recourse, modifiable, recourse
from medai_core.prognosis.risk import estimate
from ui import words
from ui.forms import Value, value_words
from ui.language import _, category_title, predictor_title
from ui.results import plain
from ui.risk.asking import Patient
from ui.risk.why import ordered

TRIED = 3
"""Predictors that are offered to be tried out at first."""


def what_if(patient: Patient) -> None:
    """Both ways to ask what would change the risk."""
    st.subheader(_("What would change it"), anchor=False)
    tried, enough = st.tabs([_("Try values"), _("Find the smallest change")])
    with tried:
        _try_values(patient)
    with enough:
        _find_change(patient)


@st.fragment
def _try_values(patient: Patient) -> None:
    """Sliders, and the risk that follows them."""
    card = patient.card
    by_name = {p.name: p for p in card.predictors}
    first = [p.name for p in modifiable(patient.model)] or [name for name, _value, _step in ordered(patient)]
    chosen = st.multiselect(
        _("Predictors to change"),
        list(by_name),
        default=first[:TRIED],
        format_func=lambda name: predictor_title(card, name),
        key=f"risk_tried:{card.name}",
    )
    values: dict[str, Value] = dict(patient.values)
    for name in chosen:
        values[name] = _slide(patient, by_name[name])
    row = patient.row.copy()
    for name in chosen:
        row[name] = pd.Series([values[name]])
    found = estimate(patient.model, row)
    risk = float(found.risk[0])
    points = 100 * (risk - patient.risk)
    moved = _("{points:+.1f} percentage points from {risk}").format(points=points, risk=words.percent(patient.risk))
    st.metric(
        _("Risk with these values"),
        words.percent(risk),
        delta=moved if abs(points) >= 0.05 else None,
        delta_color="off",
    )
    interval = words.span(float(found.low[0]), float(found.high[0]), shares=True)
    st.caption(_("95 % interval {span}").format(span=interval))


def _slide(patient: Patient, p: PredictorSpec) -> Value:
    """One predictor's value to try; begins at the patient's own."""
    card, own = patient.card, patient.values[p.name]
    s = next(s for s in patient.model.measured.predictors if s.name == p.name)
    title = predictor_title(card, p.name)
    key = f"risk_try:{card.name}:{p.name}:{own}"
    if p.kind == "category":
        names = [c.name for c in p.categories]
        start = names.index(str(own if own is not None else s.typical))
        return st.selectbox(
            title, names, index=start, format_func=lambda n: words.sentence(category_title(card, p.name, n)), key=key
        )
    at = float(own if isinstance(own, int | float) else s.quantiles[3])
    step = 10.0**-p.decimals
    low = max(p.low, min(at, round(s.quantiles[0], p.decimals)))
    high = min(p.high, max(at, round(s.quantiles[-1], p.decimals)))
    return float(
        st.slider(
            f"{title} ({p.unit})" if p.unit else title,
            low,
            max(high, low + step),
            at,
            step=step,
            format=f"%.{p.decimals}f",
            key=key,
        )
    )


@st.fragment
def _find_change(patient: Patient) -> None:
    """The smallest plausible change of what can be changed that brings the risk under a level."""
    can = modifiable(patient.model)
    if not can:
        st.info(_("The card of this model calls none of its predictors modifiable, so no change is offered."))
        return
    titles = words.joined([predictor_title(patient.card, p.name) for p in can])
    st.markdown(plain(_("What can change: {predictors}. Age and sex never do.").format(predictors=titles)))
    level = st.number_input(
        _("Bring the risk below (%)"),
        0.1,
        99.0,
        max(0.1, round(80 * patient.risk, 1)),
        step=0.5,
        format="%.1f",
        key=f"risk_level:{patient.card.name}",
    )
    found = recourse(patient.model, patient.row, level / 100)
    st.markdown(f"**{plain(said(patient, found, level / 100))}**")
    st.caption(
        _("This is what would change the model's answer. Whether it would change the patient's fate, trials must say.")
    )


def said(patient: Patient, found: Recourse, level: float) -> str:
    """A recourse in words."""
    by_name = {p.name: p for p in patient.card.predictors}
    if not found.changes:
        below = _("The risk is below {level} already.").format(level=words.percent(level))
        return below if found.reached else _("Nothing plausible lowers this risk.")
    changes = [
        _("{predictor} from {before} to {after}").format(
            predictor=predictor_title(patient.card, c.predictor),
            before=value_words(patient.card, by_name[c.predictor], c.before),
            after=value_words(patient.card, by_name[c.predictor], c.after),
        )
        for c in found.changes
    ]
    if found.reached:
        return _("{changes}: the risk would be {risk}.").format(
            changes=words.joined(changes), risk=words.percent(found.risk)
        )
    return _("Nothing plausible is enough. The most that can be had: {changes}, and the risk would be {risk}.").format(
        changes=words.joined(changes), risk=words.percent(found.risk)
    )

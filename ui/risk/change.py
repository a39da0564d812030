"""What would change the risk: values that the reader tries out, and the smallest change that is enough."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from medai_core.cards import PredictorSpec
from medai_core.prognosis.recourse import Recourse, modifiable, recourse
from medai_core.prognosis.risk import estimate
from ui import words
from ui.forms import Value
from ui.language import _, category_title, language, predictor_title
from ui.results import plain
from ui.risk.asking import Patient
from ui.risk.why import ordered

TRIED = 3
"""Predictors that are offered to be tried out at first."""


@st.fragment
def what_if(patient: Patient) -> None:
    """Both ways to ask what would change the risk; only the open one is worked out."""
    st.subheader(_("What would change it"), anchor=False)
    shown = {_("Try values"): _try_values, _("Find the smallest change"): _find_change}
    for tab, show in zip(
        st.tabs(list(shown), key=f"risk_change:{language()}", on_change="rerun"), shown.values(), strict=True
    ):
        if tab.open:
            with tab:
                show(patient)


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
        row[name] = pd.Series([values[name]], dtype=row[name].dtype)
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
    key = f"risk_try:{card.outcome}:{p.name}:{own}"
    if p.kind == "category":
        names = [c.name for c in p.categories]
        chosen = st.selectbox(
            title,
            names if own is not None else ["", *names],
            index=names.index(str(own)) if own is not None else 0,
            format_func=lambda n: words.sentence(category_title(card, p.name, n) if n else _("unknown")),
            key=key,
        )
        return chosen or None
    unit = patient.units[p.name]
    start = float(own if isinstance(own, int | float) else s.quantiles[3])
    ends = sorted(unit.of(v) for v in (min(start, s.quantiles[0]), max(start, s.quantiles[-1])))
    low, at, high = (round(v, unit.decimals) for v in (ends[0], unit.of(start), ends[1]))
    step = 10.0**-unit.decimals
    name = f"{title} ({_(unit.name)})" if unit.name else title
    given = st.slider(
        name if own is not None else _("{predictor}, now unknown").format(predictor=name),
        low,
        max(high, low + step),
        at,
        step=step,
        format=f"%.{unit.decimals}f",
        key=f"{key}:{unit.name}",
    )
    # What was not moved stays as it was entered, to the last decimal, or unknown.
    return own if given == at else float(min(max(unit.back(given), p.low), p.high))


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
    if not found.changes:
        below = _("The risk is below {level} already.").format(level=words.percent(level))
        return below if found.reached else _("Nothing plausible lowers this risk.")
    changes = [
        _("{predictor} from {before} to {after}").format(
            predictor=predictor_title(patient.card, c.predictor),
            before=patient.said(c.predictor, c.before),
            after=patient.said(c.predictor, c.after),
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

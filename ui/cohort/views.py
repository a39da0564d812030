"""What a scored cohort shows: its patients, its risks beside the development cohort's, and how good the model is."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from medai_core.errors import MedAIError
from medai_core.evaluation import drift
from medai_core.evaluation.drift import PredictorShift, Shift
from ui import words
from ui.cohort import outcomes, patients
from ui.cohort.scored import Cohort
from ui.figures_cohort import risk_distribution
from ui.language import _, category_title, language, predictor_title, say
from ui.results import plain


def views(cohort: Cohort) -> None:
    """The scored patients in tabs; only the open one is worked out."""
    if len(cohort.scored.place) == 0:
        patients.downloads(cohort, moved=False)
        return
    followed = _outcomes_stated(cohort)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        moved = followed and outcomes.ask_recalibration(cohort)
        patients.downloads(cohort, moved=moved)
    if moved:
        outcomes.recalibrated(cohort)
    shown: dict[str, Callable[[], None]] = {
        _("Patients"): lambda: patients.table(cohort, moved=moved),
        _("Distribution and drift"): lambda: _moves(cohort, moved=moved),
    }
    if followed:
        shown |= {
            _("Discrimination and calibration"): lambda: outcomes.quality(cohort, moved=moved),
            _("Threshold"): lambda: outcomes.decisions(cohort, moved=moved),
            _("Subgroups"): lambda: outcomes.subgroups(cohort, moved=moved),
        }
    tabs = st.tabs(list(shown), key=f"cohort_view:{language()}:{len(shown)}", on_change="rerun")
    for tab, show in zip(tabs, shown.values(), strict=True):
        if tab.open:
            with tab:
                show()


def _outcomes_stated(cohort: Cohort) -> bool:
    """Whether the model can be judged on this table; says what it lacks otherwise."""
    if cohort.absent:
        names = ", ".join(cohort.absent)
        lacking = _("The table has no column {names}, so it does not say what became of these people.")
        more = _("With outcomes, discrimination, calibration, decision curve and subgroups are shown too.")
        st.caption(plain(lacking.format(names=names)) + " " + more)
        return False
    try:
        cohort.followed()
    except MedAIError as error:
        st.caption(plain(say(error.message)))
        return False
    return True


def _moves(cohort: Cohort, *, moved: bool) -> None:
    """Risks and predictors beside those of the development cohort."""
    measured = cohort.card.measured
    assert measured is not None
    risk = cohort.estimates(moved=moved).risk
    edges = drift.risk_edges(measured, risk)
    st.subheader(_("Predicted risk"), anchor=False)
    st.markdown(_risk_sentence(drift.risk_shift(measured, risk)))
    risk_distribution(edges, drift.shares_here(risk, edges), drift.shares_there(measured, edges))
    st.subheader(_("Drift of the predictors"), anchor=False)
    shifts = drift.predictor_shifts(measured, cohort.card.predictors, cohort.scored.rows)
    st.markdown(plain(_moved_most(cohort, shifts)))
    known = [s for s in shifts if s.name in cohort.scored.intake.matched]
    rows = [_shift_row(cohort, s) for s in sorted(known, key=lambda s: -s.shift.index if s.shift.index >= 0 else 1)]
    wide = st.column_config.TextColumn(width="medium")
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        height="content",
        column_config={_("Typical here"): wide, _("Typical in the development cohort"): wide},
        alt=_("Predictors here and in the development cohort"),
    )
    st.caption(
        _(
            "Index: population stability index over the development cohort's quantiles or categories, of those in whom "
            "it is known; by custom less than 0.1 is little and more than 0.25 is much. Chance: what 5 in 100 samples "
            "of this size exceed without any drift."
        )
    )


def _risk_sentence(shift: Shift) -> str:
    return _("{level} Stability index {index:.3f}; by chance alone up to {chance:.3f}.").format(
        level=_level(shift, whole=True), index=shift.index, chance=shift.chance
    )


def _level(shift: Shift, *, whole: bool = False) -> str:
    """How far something has moved, in words; as a ``whole`` sentence about the risks."""
    if whole:
        return {
            "none": _("The risks are spread like the development cohort's."),
            "some": _("The risks are spread somewhat differently from the development cohort's."),
            "much": _("The risks are spread very differently from the development cohort's."),
        }.get(shift.level, "")
    return {"none": _("little, or chance"), "some": _("some"), "much": _("much")}.get(shift.level, _("not known here"))


def _moved_most(cohort: Cohort, shifts: tuple[PredictorShift, ...]) -> str:
    """Which predictors have moved, in a sentence."""
    said = []
    for level, sentence in (("much", _("Much drift: {titles}.")), ("some", _("Some drift: {titles}."))):
        titles = [predictor_title(cohort.card, s.name) for s in shifts if s.shift.level == level]
        if titles:
            said.append(sentence.format(titles=words.joined(titles)))
    return " ".join(said) or _("No predictor has moved by more than little, or more than chance explains.")


def _shift_row(cohort: Cohort, s: PredictorShift) -> dict[str, object]:
    p = next(p for p in cohort.card.predictors if p.name == s.name)

    def typical(value: float | dict[str, float]) -> str:
        if not isinstance(value, dict):
            return "–" if value != value else f"{value:.{p.decimals}f} {p.unit}".strip()
        largest = sorted(value.items(), key=lambda item: -item[1])[:3]
        return ", ".join(
            f"{category_title(cohort.card, p.name, name)} {words.percent(share)}" for name, share in largest
        )

    return {
        _("Predictor"): predictor_title(cohort.card, s.name),
        _("Drift"): _level(s.shift),
        _("Typical here"): typical(s.here),
        _("Typical in the development cohort"): typical(s.there),
        _("Unknown here"): _share(s.unknown_here),
        _("Unknown there"): _share(s.unknown_there),
        _("Index"): "–" if s.shift.index != s.shift.index else f"{s.shift.index:.3f}",
        _("Chance"): "–" if s.shift.index != s.shift.index else f"{s.shift.chance:.3f}",
    }


def _share(value: float) -> str:
    return words.percent(value) if value else "0 %"

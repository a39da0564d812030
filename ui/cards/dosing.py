"""The card of a model that doses: what it aims at, within which limits, and how it does beside published protocols."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
import streamlit as st

from medai_core.cards import Card, Measure
from medai_core.cards.dosing import DosingSpec
from medai_core.errors import N_
from ui import words
from ui.cards import risk_performance
from ui.cards.purpose import bullets
from ui.language import _, card_words, category_title, predictor_title
from ui.results import facts, plain

REGIMENS = {
    "fixed": (N_("5 mg a day for everybody"), N_("5 mg for all")),
    "clinical": (N_("IWPC's clinical equation, then nomogram"), N_("clinical")),
    "pharmacogenetic": (N_("IWPC's pharmacogenetic equation, then nomogram"), N_("pharmacogenetic")),
    "model_based": (N_("Bayesian dosing by the model"), N_("Bayesian")),
}
"""The regimens that need no network, in words and in short."""
POLICY = (N_("trained policy"), N_("policy"))
WRITTEN_BY_RECIPES = (
    N_("test, disturbed by 30 %"),
    N_("test, patients a third more alike"),
    N_("test, patients a third less alike"),
    N_("test, a third steadier"),
    N_("test, a third less steady"),
    N_("test, taken over on day 28"),
    N_("people with a stable dose"),
    N_("genotype unknown"),
    N_("imitation of the dose that was needed"),
    N_("reinforcement after imitation"),
    N_("reinforcement alone"),
    N_("fixed, for comparison"),
    N_("clinical, for comparison"),
    N_("pharmacogenetic, for comparison"),
    N_("model_based, for comparison"),
    N_("validation patients"),
)
"""What the card calls situations and approaches; their own English is what a translation is looked up by."""
RIVAL = "model_based"
SELDOM = 0.01
"""A share below this is shown with another decimal."""
COURSE = ("time_in_range", "inr_above_4", "inr_below_1_5", "patients_above_4", "visits")
"""What is measured of a course, in the order of the table; more is better of the first alone."""


def spec_of(card: Card) -> DosingSpec:
    """How the card's model doses."""
    assert card.dosing is not None
    return card.dosing


def regimen_title(name: str, card: Card | None = None, *, short: bool = False) -> str:
    """A regimen in words; the card's own policy by its name or by none."""
    own = not name or (card is not None and name == card.name)
    return _((POLICY if own else REGIMENS.get(name, (name, name)))[int(short)])


def proposal(card: Card) -> None:
    """What it aims at, and the limits that hold whatever the network says."""
    spec, said = spec_of(card), card_words(card)
    st.subheader(_("What it proposes"), anchor=False)
    facts(
        {
            _("Aim"): _("INR {target}, within {range}").format(
                target=f"{spec.target_inr:g}", range=_range(*spec.range_inr)
            ),
            _("Largest dose"): _("{most:g} mg a day; {first:g} on the first day").format(
                most=spec.dose_max_mg_per_day, first=spec.first_max_mg_per_day
            ),
            _("Largest step"): _("up {rise} or {least:g} mg, whichever is more; down {fall}").format(
                rise=words.share(spec.step_share), least=spec.step_least_mg, fall=words.share(spec.fall_share)
            ),
            _("High INR"): _("above {high:g} no dose is raised").format(high=spec.high_inr),
            _("Next visit"): _("in {days} days").format(days=", ".join(map(str, spec.visit_days))),
            _("Why it answers"): said.why or spec.why,
        }
    )


def _range(low: float, high: float) -> str:
    return _("{low} to {high}").format(low=f"{low:g}", high=f"{high:g}")


def predictors(card: Card) -> None:
    """What is asked of a patient, beside doses and INRs by day."""
    st.subheader(_("Predictors"), anchor=False)
    rows = [
        {
            _("Predictor"): predictor_title(card, p.name),
            _("Unit"): _(p.unit),
            _("Plausible range"): _range(p.low, p.high) if p.kind == "number" else "",
            _("Categories"): ", ".join(category_title(card, p.name, c.name) for c in p.categories),
            _("Code"): f"{p.code.system} {p.code.value}" if p.code else "",
        }
        for p in card.predictors
    ]
    st.table(pd.DataFrame(rows), hide_index=True, border="horizontal", alt=_("Predictors"))


def performance(card: Card) -> None:
    """Every regimen on the same virtual patients, and where Bayesian dosing does better."""
    assert card.measured is not None
    st.subheader(_("How good"), anchor=False)
    found = [m for m in card.measured.performance if m.measure in COURSE]
    st.dataframe(_courses(found, card), hide_index=True, height=420, alt=_("Regimens on the same virtual patients"))
    st.caption(
        _("Virtual patients over {days} days, with 95 % intervals; no real patient was dosed.").format(
            days=spec_of(card).days
        )
    )
    st.subheader(_("Where Bayesian dosing is better or worse"), anchor=False)
    beside_model(card)
    _first_doses(card)
    _approaches(card)


def _courses(found: Iterable[Measure], card: Card) -> pd.DataFrame:
    rows: dict[tuple[str, str, str], dict[str, object]] = {}
    for m in found:
        start = {_("Situation"): situation(m), _("Regimen"): regimen_title(m.model, card), "n": m.n}
        rows.setdefault((m.data, m.subgroup, m.model), start)[words.measure_title(m.measure)] = risk_performance.said(m)
    return pd.DataFrame(list(rows.values())).fillna("")


def situation(m: Measure) -> str:
    """On which virtual patients a value was measured."""
    title = words.data_title(m.data)
    return f"{title}, {words.subgroup_title(m.subgroup)}" if m.subgroup else title


def beside_model(card: Card) -> None:
    """The trained policy and Bayesian dosing on the same virtual patients, and which is better for sure."""
    assert card.measured is not None
    found = {(m.data, m.subgroup, m.measure, m.model): m for m in card.measured.performance}
    rows: dict[str, dict[str, object]] = {}
    for (data, subgroup, measure, model), own in found.items():
        rival = found.get((data, subgroup, measure, RIVAL))
        if not model and rival is not None and measure in COURSE:
            row = rows.setdefault(situation(own), {_("Situation"): words.sentence(situation(own)), "n": own.n})
            gain = found.get((data, subgroup, f"{measure}_gain", RIVAL))
            row[words.measure_title(measure)] = _both(own, rival, gain)
    st.dataframe(
        pd.DataFrame(list(rows.values())).fillna(""),
        hide_index=True,
        height="content",
        alt=_("The trained policy and Bayesian dosing on the same virtual patients"),
    )
    st.caption(
        _(
            "The policy, then Bayesian dosing. In brackets the one that is better: by the 95 % interval of paired "
            "differences where the card has one, else where their own 95 % intervals do not meet; none where the two "
            "cannot be told apart. The intervals stand in the card."
        )
    )


def _both(own: Measure, rival: Measure, gain: Measure | None) -> str:
    values = f"{_finely(own)} | {_finely(rival)}"
    better = _better(own, rival, gain)
    return f"{values} ({better})" if better else values


def _finely(m: Measure) -> str:
    if m.measure not in risk_performance.AS_SHARE:
        return f"{m.value:.2f}"
    return f"{100 * m.value:.2f} %" if m.value < SELDOM else words.share(m.value)


def _better(own: Measure, rival: Measure, gain: Measure | None) -> str:
    """Which of the two is better for sure; less is better of everything but the time in range."""
    if gain is not None:
        apart, more = gain.low > 0 or gain.high < 0, gain.value > 0
    else:
        apart, more = own.low > rival.high or rival.low > own.high, own.value > rival.value
    if not apart:
        return ""
    return regimen_title("" if more == (own.measure == "time_in_range") else RIVAL, short=True)


def _first_doses(card: Card) -> None:
    """How far the equations are from the stable dose that people needed."""
    assert card.measured is not None
    found = [m for m in card.measured.performance if m.measure == "dose_error_mg_per_day"]
    if not found:
        return
    st.subheader(_("Doses of the equations beside those that people needed"), anchor=False)
    rows = [
        {
            _("Regimen"): regimen_title(m.model, card),
            "n": m.n,
            words.measure_title(m.measure): f"{m.value:.2f} ({words.span(round(m.low, 2), round(m.high, 2))})",
        }
        for m in found
    ]
    st.table(pd.DataFrame(rows), hide_index=True, border="horizontal", alt=_("Doses of the equations"))


def _approaches(card: Card) -> None:
    """What was tried, an approach a row, and what was chosen."""
    assert card.measured is not None
    rows: dict[str, dict[str, str]] = {}
    for a in card.measured.approaches:
        start = {_("Approach"): words.sentence(_(a.name)), _("Chosen"): _("yes") if a.chosen else _("no")}
        row, title = rows.setdefault(a.name, start), words.measure_title(a.measure)
        if title not in row:
            row[title] = f"{a.value:.4f}" if abs(a.value) < 1 else f"{a.value:.2f}"
    if rows:
        st.subheader(_("What was compared"), anchor=False)
        st.dataframe(
            pd.DataFrame(list(rows.values())).fillna(""), hide_index=True, height="content", alt=_("What was compared")
        )
        st.caption(_("On validation data"))


def trust(card: Card) -> None:
    """Whether the band holds what it says, and when it refuses or warns."""
    assert card.measured is not None
    st.subheader(_("The band of the expected INR"), anchor=False)
    for m in card.measured.performance:
        if m.measure == "band_coverage":
            said = _("The 90 % band of the INR a week ahead held the true one in {value} of {n} virtual patients.")
            st.markdown(plain(said.format(value=risk_performance.said(m), n=m.n)))
    st.subheader(_("When it refuses or warns"), anchor=False)
    bullets(
        [
            _("A value outside its plausible range, or none of the known categories, is refused."),
            _("An INR that cannot follow the one before is not used, and it is said."),
            _("Missed doses, a drug that was started or stopped, and an unknown genotype are pointed out."),
            _("From an INR of 5 on the drug is left out first; from 9 on the local guideline for reversal is named."),
        ]
    )

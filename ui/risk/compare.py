"""All estimators of an outcome on one patient: where they disagree, and by how much."""

from __future__ import annotations

import streamlit as st

from medai_core.cards import Card
from medai_core.prognosis.risk import estimate
from ui import words
from ui.cached import served
from ui.cards.risk import estimator_title
from ui.language import _, card_words
from ui.results import plain
from ui.risk import figures
from ui.risk.asking import Patient


def estimators(patient: Patient, cards: tuple[Card, ...]) -> None:
    """Every estimator's risk with its interval, and the largest difference in words."""
    if len(cards) < 2:
        return
    st.subheader(_("What the other estimators say"), anchor=False)
    names, risks = [], []
    for card in cards:
        found = estimate(
            served(card, moved=patient.recalibrated), patient.row.reindex(columns=[p.name for p in card.predictors])
        )
        name = words.sentence(estimator_title(card))
        names.append(_("{model} (recommended)").format(model=name) if card.recommended else name)
        risks.append((float(found.risk[0]), float(found.low[0]), float(found.high[0])))
    least, most = min(risks), max(risks)
    told = _("They differ by up to {points:.1f} percentage points: {least} by {one}, {most} by {other}.").format(
        points=100 * (most[0] - least[0]),
        least=words.percent(least[0]),
        one=names[risks.index(least)],
        most=words.percent(most[0]),
        other=names[risks.index(most)],
    )
    st.markdown(plain(told))
    figures.whiskers(names, risks, f"{_('Risk by each estimator')}: {told}")
    first = next((card for card in cards if card.recommended), None)
    if first is not None and first.prediction is not None:
        why = card_words(first).why or first.prediction.why
        st.caption(plain(f"{words.sentence(estimator_title(first))}: {why}"))

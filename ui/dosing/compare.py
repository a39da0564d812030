"""What each protocol would say today, and where Bayesian dosing does better or worse than the trained policy."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from ui import words
from ui.cards import dosing as cards
from ui.dosing.case import Case
from ui.dosing.said import dose_words, simulation
from ui.language import _
from ui.results import plain


def protocols(case: Case) -> None:
    """A row for each protocol: its dose, the next INR, and what is expected while the dose is kept."""
    st.subheader(_("What each protocol would say"), anchor=False)
    said = case.said
    table = pd.DataFrame(
        [
            {
                _("Protocol"): words.sentence(cards.regimen_title(p.name, case.card)),
                _("Dose"): dose_words(p.dose_mg_per_day, p.held_days),
                _("Next INR"): _("in {days} days").format(days=p.next_visit_days),
                _("Time in range"): words.share(f.in_range),
                _("Time above 4"): words.share(f.above_high),
            }
            for p, f in sorted(
                zip(said.protocols, said.courses, strict=True), key=lambda pair: pair[0].name != said.policy
            )
        ]
    )
    st.table(table, hide_index=True, border="horizontal", alt=_("What each protocol would say") + f" ({simulation()})")
    st.caption(
        _(
            "{simulation} All within the same limits. Time: the expected share of the next {days} days if the dose is "
            "kept, by what Bayes' rule believes of this patient; a protocol would change it at the next INR."
        ).format(simulation=simulation(), days=len(said.expected.days))
    )


def beside_model(case: Case) -> None:
    """By the card's measures on virtual patients; Bayesian dosing is offered where it does better."""
    st.subheader(_("Where Bayesian dosing is better or worse"), anchor=False)
    cards.beside_model(case.card)
    st.caption(plain(_("On virtual patients, not on people. Bayesian dosing can be chosen above, under “Dose by”.")))

"""What moves a patient's survival: history and treatment one by one, the weightiest genes, and the others together."""

from __future__ import annotations

import streamlit as st

from medai_core.precision.survival import Contribution
from ui.language import _, predictor_title, wording
from ui.risk.figures import signed, waterfall
from ui.survival.asking import Patient


def title(patient: Patient, c: Contribution) -> str:
    """What contributes, with its value."""
    if c.kind == "gene":
        return _("gene {name}").format(name=c.name[:24]) if c.name else _("all other genes")
    p = next(p for p in patient.card.predictors if p.name == c.name)
    value = _("unknown") if c.value is None else wording().value(patient.card, p, c.value)
    return f"{predictor_title(patient.card, c.name)}: {value}"


def drivers(patient: Patient) -> None:
    """The contributions as a waterfall from the cohort's mean to this patient."""
    st.subheader(_("What moves it"), anchor=False)
    found = patient.found.contributions
    labels, steps = [title(patient, c) for c in found], [c.log_hazard for c in found]
    ends = (_("the cohort's mean"), _("this patient: {sum}").format(sum=signed(patient.found.log_hazard)))
    each = "; ".join(f"{label} {signed(step)}" for label, step in zip(labels, steps, strict=True))
    alt = _("Contributions to the log-hazard") + ": " + each
    waterfall(labels, steps, ends, 0.0, alt, unit=_("Log-hazard"))
    st.caption(
        _(
            "Above 0 shortens survival. They add up to this patient's log-hazard and describe the model: neither "
            "treatment nor genes are causes here."
        )
    )

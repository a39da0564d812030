"""The open patient: chosen once, kept in the address, and never mixed up with another."""

from __future__ import annotations

from html import escape

import streamlit as st

from medai_core.errors import MedAIError
from medai_core.records.store.patients import Patient, patient_of
from ui import kept, signin
from ui.language import _
from ui.people import age_words, sex_words
from ui.results import empty_state, problem

KEY = "patient"
"""The one thing that pages keep of each other: the open patient's identifier, also in the address."""


def open_patient(id: str | None) -> None:
    """Make someone the open patient; None closes."""
    if id is None:
        st.session_state.pop(KEY, None)
        st.query_params.pop(KEY, None)
    else:
        st.session_state[KEY] = id
        st.query_params[KEY] = id


def opened() -> Patient | None:
    """The open patient, the view entered; None where nobody is open, or nobody is there any more.

    The address rules: a link opens whom it names. Links of the menu drop the address's parameters, so
    the identifier is written back on every run.
    """
    id = st.query_params.get(KEY) or st.session_state.get(KEY)
    if not id:
        return None
    person = kept.store().allow(signin.person(), "view")
    try:
        found = patient_of(kept.store(), id)
    except MedAIError as error:
        open_patient(None)
        problem(error)
        return None
    open_patient(id)
    kept.enter(person.subject, person, "view", id)
    return found


def identity(patient: Patient) -> None:
    """Who is open: stands over everything that is shown of them."""
    details = patient.details
    facts = (
        (_("Number"), details.number or ""),
        (
            _("Born"),
            f"{details.birth_date.isoformat()} ({age_words(details.birth_date)})" if details.birth_date else "",
        ),
        (_("Sex"), sex_words(details.sex)),
    )
    demo = f'<span class="medai-badge">{escape(_("DEMO"))}</span>' if patient.demo else ""
    absent = f'<span class="medai-absent">{escape(_("not known"))}</span>'
    cells = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value) or absent}</dd></div>" for name, value in facts)
    st.html(
        f'<section class="medai-identity" aria-label="{escape(_("Patient"))}">'
        f"<h2>{escape(details.name)}{demo}</h2><dl>{cells}</dl></section>"
    )


def banner(patient: Patient) -> None:
    """The open patient on a page that is not theirs alone, with the way to them and out."""
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="open_patient"):
        identity(patient)
        st.space("stretch")
        st.page_link(
            "pages/patients/patient.py",
            label=_("Open the record"),
            icon=":material/folder_shared:",
            query_params={KEY: patient.id},
        )
        st.button(_("Close"), icon=":material/close:", on_click=open_patient, args=(None,), key="close_patient")


def nobody() -> None:
    """No patient is open: where to choose one."""
    empty_state("person_search", _("No patient is open"), _("Choose a patient in the worklist."))
    st.page_link("pages/patients/worklist.py", label=_("To the worklist"), icon=":material/list:")


def links(patient: Patient) -> None:
    """What can be added to the open patient."""
    if signin.may("file"):
        for page, label, icon in (
            ("pages/imaging/scan.py", _("Add a scan"), ":material/radiology:"),
            ("pages/patients/risk.py", _("Estimate a risk"), ":material/monitoring:"),
        ):
            st.page_link(page, label=label, icon=icon, query_params={KEY: patient.id})

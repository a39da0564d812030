"""Who did what: the audit, a page at a time, verified and taken away."""

from __future__ import annotations

import json

import pandas as pd
import streamlit as st

from medai_core.records import audit
from medai_core.records.access import ROLE_TITLES, Person
from medai_core.records.audit import ACTIONS, Act, Entry
from medai_core.records.fhir import audit_event
from medai_core.records.store import Store
from medai_core.records.store.patients import delete_patient, due
from ui import kept, signin
from ui.language import _, say
from ui.results import empty_state, plain
from ui.taking import take_away

SIZE = 50


def ask() -> audit.Question:
    """Which entries to show."""
    acting, about = st.columns(2, gap="medium")
    action = acting.selectbox(
        _("Action"), ["", *ACTIONS], format_func=lambda a: _(ACTIONS[a]) if a else _("All"), key="activity_action"
    )
    patient = about.text_input(
        _("Patient's identifier"),
        st.query_params.get("patient", ""),
        key="activity_patient",
        max_chars=32,
        help=_(
            "Random letters and digits: the audit names no person. They stand in the address of the patient's page."
        ),
    )
    return audit.Question(action or "", (patient or "").strip())


def entries(question: audit.Question) -> None:
    """The entries, the newest first, a page at a time."""
    store = kept.store()
    person = store.allow(signin.person(), "audit")
    kept.enter(person.subject, person, "audit.view")
    with store.reading() as connection:
        total = audit.count(connection, question)
        pages = max(1, -(-total // SIZE))
        page = st.pagination(pages, key=f"activity_page:{question.action}:{question.patient}") if pages > 1 else 1
        found = audit.page(connection, question, start=(page - 1) * SIZE, size=SIZE)
    if not found:
        empty_state("history", _("No entry fits"), _("Choose another action, or all of them."))
        return
    st.dataframe(_table(found), hide_index=True, height=min(36 * (len(found) + 1), 620), alt=_("Audit entries"))
    st.caption(_("{n} entries").format(n=f"{total:,}"))


def _table(found: list[Entry]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            _("No."): [e.number for e in found],
            _("Time (UTC)"): [e.at[:19].replace("T", " ") for e in found],
            _("Who"): [_(e.name) for e in found],
            _("Role"): [_(ROLE_TITLES.get(e.role, e.role)) for e in found],
            _("Action"): [_(ACTIONS.get(e.action, e.action)) for e in found],
            _("Patient"): [e.patient or "" for e in found],
            _("Object"): [e.object or "" for e in found],
            _("Facts"): [_facts(e) for e in found],
        }
    )


def _facts(entry: Entry) -> str:
    return ", ".join(f"{name} {value}" for name, value in json.loads(entry.detail).items() if value is not None)


def verification() -> None:
    """Look at the whole chain on request."""
    store, person = kept.store(), signin.person()
    with st.container(horizontal=True, key="audit_actions"):
        asked = st.button(_("Verify every entry"), icon=":material/verified_user:")
        take_away(
            _("Audit as FHIR"),
            lambda: _content(store, person),
            "audit.ndjson",
            "application/fhir+ndjson",
            help=_("AuditEvent resources of FHIR R4, one a line."),
            entered=True,
        )
    if not asked:
        return
    with st.spinner(_("Looking at every entry…"), show_time=True), store.reading() as connection:
        found = audit.verify(connection, store.folder, store.key)
    store.enter(person, Act("audit.verify", detail={"good": found.problem is None}))
    if found.problem is None:
        st.success(_("{n} entries, each follows the one before it.").format(n=f"{found.entries:,}"))
    else:
        st.error(plain(say(found.problem)), icon=":material/gpp_bad:")


def _content(store: Store, person: Person) -> bytes:
    store.allow(person, "audit")
    store.enter(person, Act("audit.export"))
    with store.reading() as connection:
        return "".join(json.dumps(audit_event(entry)) + "\n" for entry in audit.entries(connection)).encode()


def keeping() -> None:
    """Records that need not be kept any longer."""
    found = due(kept.store(), kept.store().clock().date())
    if not found:
        return
    st.subheader(_("Kept long enough"), anchor=False)
    st.markdown(_("{n} patients were to be kept until a day that has passed.").format(n=len(found)))
    table = pd.DataFrame(
        {
            _("Name"): [p.details.name for p in found],
            _("Number"): [p.details.number or "" for p in found],
            _("Kept until"): [str(p.retain_until) for p in found],
        }
    )
    st.dataframe(table, hide_index=True, alt=_("Kept long enough"))
    sure = st.checkbox(_("Delete everything of these patients"), key="due_sure")
    if st.button(_("Delete"), icon=":material/delete_forever:", disabled=not sure, key="due_delete"):
        for patient in found:
            delete_patient(kept.store(), signin.person(), patient.id)
        st.rerun()

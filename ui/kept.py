"""The record behind Streamlit's caches: opened once, and told once of each thing that is looked at."""

from __future__ import annotations

import streamlit as st

from medai_core.errors import Fact
from medai_core.records.access import Person
from medai_core.records.audit import Act
from medai_core.records.store import Store, default_store
from medai_core.records.store.filing import sweep_scans


@st.cache_resource(show_spinner=False)
def store() -> Store:
    """The record of this installation.

    Raises
    ------
    RecordError : it cannot be opened; asked again, it is tried again.
    """
    opened = default_store()
    sweep_scans(opened)
    return opened


@st.cache_data(scope="session", ttl=900, max_entries=1000, show_spinner=False)
def enter(subject: str, _person: Person, action: str, patient: str = "", object: str = "", **detail: Fact) -> None:
    """Enter into the audit that something was looked at; once, not at every run of the page."""
    store().enter(_person, Act(action, patient or None, object or None, detail))

"""Scans from the PACS: a study is looked for, chosen and fetched, and then read like an upload."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import streamlit as st

from medai_core.errors import MedAIError
from medai_core.records.audit import Act
from ui import kept, signin
from ui.cached import Scan
from ui.language import _
from ui.results import problem

if TYPE_CHECKING:
    # Imported where a PACS is asked: it takes longer than a page to draw.
    from medai_core.records.dicomweb import Study

OFFERED = 50


def configured() -> bool:
    """Whether a PACS is set for this installation."""
    return bool(os.environ.get("MEDAI_PACS_URL"))


def ask_study(number: str) -> list[Scan]:
    """The scans of a study that the reader chooses; none so far where the list is empty.

    Parameters
    ----------
    number : of the open patient, to begin with; empty where nobody is open.
    """
    if not configured() or not signin.may("file"):
        return []
    with st.expander(_("From the PACS"), icon=":material/dns:"):
        asked = st.text_input(_("Patient number"), number, key=f"pacs_number:{number}", max_chars=64)
        if not asked:
            st.caption(_("Give a patient number; the studies of that patient are listed."))
            return []
        try:
            found = {study.uid: study for study in _found(asked)}
            if not found:
                st.caption(_("The PACS has no study of this number."))
                return []
            uid = st.selectbox(
                _("Study"),
                list(found),
                index=None,
                format_func=lambda uid: _title(found[uid]),
                key=f"pacs_study:{asked}",
                placeholder=_("Choose a study"),
            )
            return _fetched(uid) if uid else []
        except MedAIError as error:
            problem(error)
            return []


def _title(study: Study) -> str:
    return " · ".join(filter(None, [study.name, study.title]))


@st.cache_data(scope="session", ttl=60, max_entries=10, show_spinner=False)
def _found(number: str) -> tuple[Study, ...]:
    from medai_core.records.dicomweb import find, pacs_of

    kept.store().enter(signin.person(), Act("pacs.find"))
    return find(pacs_of(os.environ), number=number, limit=OFFERED)


@st.cache_data(scope="session", ttl=900, max_entries=2, show_spinner=False)
def _fetched(uid: str) -> list[Scan]:
    """The study's instances; who fetched them is entered."""
    from medai_core.records.dicomweb import fetch, pacs_of

    bar, scans = st.progress(0.0, _("Fetching the study")), []
    for data in fetch(pacs_of(os.environ), uid):
        sha256 = hashlib.sha256(data).hexdigest()
        scans.append(Scan(f"{sha256[:12]}.dcm", data, sha256))
        bar.progress(0.0, _("Fetched {n} images").format(n=len(scans)))
    bar.empty()
    study = hashlib.sha256(uid.encode()).hexdigest()
    kept.store().enter(signin.person(), Act("pacs.fetch", object=study, detail={"instances": len(scans)}))
    return scans

"""What of a file was not used, and why."""

from __future__ import annotations

import streamlit as st

from ui import words
from ui.cached.stays import Stay, Watched
from ui.language import _
from ui.monitor.said import about
from ui.results import plain

LISTED = 50


def unused(watched: Watched, stay: Stay | None) -> None:
    """What was not used of a stay, of rows that name no stay, and names that the model does not know."""
    own = [about(watched.card, m) for m in watched.unused.get(stay.name, ())] if stay else []
    nobody = [about(watched.card, m) for m in watched.unused.get("", ())]
    unknown = [f"{name} ({count:,})" for name, count in watched.observations.unknown.items()]
    title = _("Not used of this stay: {n}").format(n=len(own)) if stay else _("Not used of this file")
    if not own and not nobody and not unknown:
        st.caption(_("Everything in the file about this stay was used.") if stay else "")
        return
    with st.expander(title, icon=":material/report:", expanded=bool(own)):
        _list(own)
        _list(nobody)
        if unknown:
            more = words.joined(unknown[:LISTED]) + (" …" if len(unknown) > LISTED else "")
            st.markdown(plain(_("The model does not ask for: {names}.").format(names=more)))


def _list(sentences: list[str]) -> None:
    if sentences:
        st.markdown("\n".join(f"- {plain(sentence)}" for sentence in sentences[:LISTED]))
    if len(sentences) > LISTED:
        st.caption(_("The first {n} of {all}.").format(n=LISTED, all=len(sentences)))

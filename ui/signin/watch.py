"""An open page that nobody uses: looked after, and ended in time."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from medai_core.records.store.visits import STEP, idle_time
from ui.signin import still_here, visitor

_mount = st.components.v2.component("medai_watch", js=(Path(__file__).parent / "watch.js").read_text(encoding="utf-8"))


def watch() -> None:
    """End this page when its visit has ended, here or in another tab; a hand on mouse or keyboard is a use of it.

    It stands first on the page. A run that stops early leaves its fragments alive, and one that is asked to run again
    after the page has given way to another crashes the browser's side if it stood further down than that one reaches.
    """
    every = min(STEP, idle_time(os.environ) / 4)
    st.fragment(_look, run_every=every)(int(every.total_seconds() * 1000))


def _look(every_ms: int) -> None:
    with st.container(key="watch"):
        told = _mount(key="watch_used", data={"every_ms": every_ms}, on_used_change=lambda: None)
    if (visitor() is None) if told.get("used") else not still_here():
        st.rerun()

"""What every page begins with: its title, the research-use notice and the choice of language."""

from __future__ import annotations

from html import escape
from pathlib import Path

import streamlit as st

from ui.language import _, choose_language

HERE = Path(__file__).parent
STYLE = HERE / "style.css"
THEME = HERE / "theme.js"


def research_notice() -> str:
    """The sentence that stands on every page and in every export."""
    return _("For research use; not a medical device")


def frame(title: str, lead: str = "", needs: str = "view") -> None:
    """Begin a page; every page calls this first.

    Parameters
    ----------
    title : the page's heading, already in the reader's language.
    lead : one sentence under it.
    """
    st.set_page_config(page_title=f"{title} · MedAI", page_icon=HERE / "icon.svg", layout="wide")
    st.logo(HERE / "logo.svg", size="large")
    st.html(STYLE)
    script = THEME.read_text(encoding="utf-8")
    st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)
    choose_language()
    with st.container(key="frame", horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.title(title, anchor=False, width="content")
        st.html(f'<p class="medai-notice" role="note">{escape(research_notice())}</p>', width="content")
    if lead:
        st.markdown(f":gray[{lead}]")

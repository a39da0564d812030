"""What every page wears, whoever looks at it: style, theme, logo, and the research-use notice."""

from __future__ import annotations

from html import escape
from pathlib import Path

import streamlit as st

from medai_core.records.wording import RESEARCH_USE
from ui.language import _

HERE = Path(__file__).parent
STYLE = HERE / "style.css"
THEME = HERE / "theme.js"


def research_notice() -> str:
    """The sentence that stands on every page and in every export."""
    return _(RESEARCH_USE)


def dress(title: str) -> None:
    """Set up the page; ``title`` is for the browser's tab."""
    st.set_page_config(page_title=f"{title} · MedAI", page_icon=HERE / "icon.svg", layout="wide")
    st.logo(HERE / "logo.svg", size="large")
    st.html(STYLE)
    script = THEME.read_text(encoding="utf-8")
    st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)


def notice() -> None:
    """Show the research-use notice."""
    st.html(f'<p class="medai-notice" role="note">{escape(research_notice())}</p>', width="content")

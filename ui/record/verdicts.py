"""What clinicians say of a result: asked for, and shown with everything said before."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from medai_core.errors import MedAIError
from medai_core.records.store.results import Verdict, give_verdict
from ui import kept, people, signin
from ui.language import _
from ui.results import plain, problem


def ask_verdict(said: Sequence[Verdict], *, key: str, reading_id: str = "", estimate_id: str = "") -> None:
    """The verdicts so far, the newest first, and the way to give one's own."""
    for i, verdict in enumerate(said):
        _say(verdict, counts=i == 0)
    if not signin.may("judge"):
        return
    label = _("Give another verdict") if said else _("Your verdict")
    with st.expander(label, expanded=not said, icon=":material/gavel:", key=f"verdict:{key}"):
        agrees = st.radio(
            _("Do you agree with this result?"),
            [True, False],
            index=None,
            format_func=lambda yes: _("I agree") if yes else _("I disagree"),
            horizontal=True,
            key=f"agrees:{key}",
        )
        why = st.text_area(_("Why"), key=f"why:{key}", max_chars=2000, height=80, help=_("Needed where you disagree."))
        if st.button(_("Sign the verdict"), key=f"sign:{key}", disabled=agrees is None):
            try:
                give_verdict(
                    kept.store(),
                    signin.person(),
                    agrees=bool(agrees),
                    why=why or "",
                    reading_id=reading_id,
                    estimate_id=estimate_id,
                )
            except MedAIError as error:
                problem(error)
                return
            st.rerun()


def _say(verdict: Verdict, *, counts: bool) -> None:
    facts = {"name": plain(_(verdict.by_name)), "time": people.local_time(verdict.at)}
    said = _("**{name}** agreed, {time}") if verdict.agrees else _("**{name}** disagreed, {time}")
    icon = ":material/check_circle:" if verdict.agrees else ":material/cancel:"
    line = f"{icon} {said.format(**facts)}"
    if verdict.why:
        line += f": {plain(_(verdict.why))}"
    st.markdown(line if counts else f":gray[{line}]")

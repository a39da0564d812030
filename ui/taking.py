"""The one way to take something away: for those who may, and entered into the audit each time."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from medai_core.errors import MedAIError
from medai_core.records.audit import Act
from ui import kept, signin
from ui.language import language, speaking


def take_away(
    label: str,
    make: Callable[[], bytes],
    file_name: str,
    mime: str,
    *,
    object: str = "",
    icon: str = ":material/download:",
    help: str | None = None,
    entered: bool = False,
    key: str | None = None,
) -> None:
    """A download button; absent for a role that may not export.

    Parameters
    ----------
    make : what is taken away; asked for when the button is pressed.
    object : what the audit calls it, never a name.
    entered : ``make`` enters the export itself, with the patient whose record it leaves.
    """
    if not signin.may("export"):
        return
    store, person, spoken = kept.store(), signin.person(), language()

    def taken() -> bytes:
        # Pressed outside a run of the page, where nobody's language is known.
        try:
            with speaking(spoken):
                content = make()
        except Exception as error:
            # The server's log gets what the file's maker raises, and that may repeat what is filed.
            said = str(error) if isinstance(error, MedAIError) else type(error).__name__
            raise RuntimeError(said) from None
        if not entered:
            store.allow(person, "export")
            store.enter(person, Act("export", object=object or None, detail={"format": file_name.rsplit(".", 1)[-1]}))
        return content

    st.download_button(label, taken, file_name=file_name, mime=mime, icon=icon, help=help, on_click="ignore", key=key)

"""Whether SYNTHETIC stands in the pixels of what is made here: it does, until an administrator switches it off.

The words in the files cannot be switched off.
"""

from __future__ import annotations

from medai_core.records.access import Person
from medai_core.records.audit import Act
from medai_core.records.store import Store
from medai_core.records.store.settings import keep_setting, setting_of

SETTING = "synthetic_mark"


def marks(store: Store) -> bool:
    """Whether the pixels are marked."""
    return setting_of(store, SETTING) is not False


def switch_marks(store: Store, person: Person, *, on: bool) -> None:
    """Switch the mark in the pixels on or off, and enter that.

    Raises
    ------
    AccessError : the person may not configure the installation.
    """
    store.allow(person, "configure")
    with store.writing(person) as work:
        keep_setting(work.connection, SETTING, on)
        work.enter(Act("setting", object=SETTING, detail={"on": on}))

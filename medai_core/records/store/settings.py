"""What an installation remembers of itself, by name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, insert, select

from medai_core.records.schema import setting
from medai_core.records.store import Store


def setting_of(store: Store, name: str) -> Any:
    """The value of a setting; None where it was never set."""
    with store.reading() as connection:
        return connection.execute(select(setting.c.value).where(setting.c.name == name)).scalar()


def keep_setting(connection: Connection, name: str, value: Any) -> None:
    """Set a value within a transaction, which enters it."""
    connection.execute(delete(setting).where(setting.c.name == name))
    connection.execute(insert(setting).values(name=name, value=value))

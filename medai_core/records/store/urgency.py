"""What should be looked at first: unread results, by the highest finding that a card marks urgent."""

from __future__ import annotations

from sqlalchemy import Connection, func, select, update

from medai_core.cards import Card
from medai_core.readings import Reading
from medai_core.records.schema import patient, reading

REFUSED = 1.0
"""The urgency of a refusal: no model vouches for such a scan, so nothing may come before it but another."""


def urgency_of(given: Reading, card: Card | None) -> tuple[float, str | None]:
    """How urgent one reading is, 0 to 1, and the finding that makes it so.

    The calibrated probability of the likeliest finding that the card marks urgent; 0 where it marks none.
    """
    if given.refusal is not None:
        return REFUSED, None
    marked = {f.name for f in card.findings if f.urgent} if card else set()
    found = max((f for f in given.findings if f.name in marked), key=lambda f: f.probability, default=None)
    return (found.probability, found.name) if found else (0.0, None)


def refresh(connection: Connection, id: str) -> None:
    """Bring what the worklist sorts by in step with the readings of one patient."""
    unread = select(reading).where(reading.c.patient == id, reading.c.unread)
    rows = connection.execute(unread.order_by(reading.c.urgency.desc(), reading.c.read_at.desc())).all()
    newest = connection.execute(select(func.max(reading.c.read_at)).where(reading.c.patient == id)).scalar()
    first = rows[0] if rows else None
    values = {
        "waits": bool(rows),
        "refused": any(row.refusal is not None for row in rows),
        "urgency": first.urgency if first else 0.0,
        "urgent_finding": first.urgent_finding if first else None,
        "urgent_model": first.model if first else None,
    }
    if newest is not None:
        values["newest_at"] = newest
    connection.execute(update(patient).where(patient.c.id == id).values(**values))

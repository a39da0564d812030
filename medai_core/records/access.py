"""Who someone is, and what a role may do: refused here, whatever a page shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from medai_core.errors import N_, AccessError

ROLES = ("reader", "clinician", "administrator")
"""Each may all that those before it may."""

ROLE_TITLES = {
    "reader": N_("Reader"),
    "clinician": N_("Clinician"),
    "administrator": N_("Administrator"),
}

LEAST_ROLE = {
    "view": "reader",
    "file": "clinician",
    "edit": "clinician",
    "judge": "clinician",
    "export": "clinician",
    "delete": "administrator",
    "configure": "administrator",
    "audit": "administrator",
}
"""The least role for each permission: *view* the list and the records; *file* a scan, a risk or vitals; *edit* a
patient's details; *judge* a result (agree, disagree); *export* from the record; *delete* patients and set how long
they are kept; *configure* the installation; read and export the *audit*."""


@dataclass(frozen=True)
class Person:
    """Someone who uses the record.

    Attributes
    ----------
    subject : what the identity provider calls them, stable and unique; ``local`` without sign-in.
    role : one of ``ROLES``.
    """

    subject: str
    name: str
    role: str


LOCAL = Person("local", N_("Local user"), "administrator")
"""The one user of an installation without sign-in, which answers only the machine that it runs on."""


def may(person: Person | None, permission: str) -> bool:
    """Whether the person's role includes ``permission``; nobody and an unknown role may nothing."""
    if person is None or person.role not in ROLES:
        return False
    return ROLES.index(person.role) >= ROLES.index(LEAST_ROLE[permission])


def demand(person: Person | None, permission: str) -> Person:
    """The person, who may.

    Raises
    ------
    AccessError : the role does not include ``permission``.
    """
    if person is None:
        raise AccessError("access.nobody")
    if not may(person, permission):
        raise AccessError(
            "access.role",
            role=f"role.{person.role}" if person.role in ROLES else "-",
            needed=f"role.{LEAST_ROLE[permission]}",
        )
    return person


def find_claim(claims: Mapping[str, object], name: str) -> object:
    """A claim by its name, or by the path to it with dots, as in ``realm_access.roles``; None where there is none.

    A whole name goes before a path: some providers call claims ``https://clinic.example/roles``.
    """
    if name in claims:
        return claims[name]
    first, _dot, rest = name.partition(".")
    inner = claims.get(first)
    return find_claim(inner, rest) if rest and isinstance(inner, Mapping) else None


def role_of(claim: object) -> str:
    """The highest of ``ROLES`` in a claim of an ID token: a word, a list of words, or nothing.

    Words of other systems may stand beside them; ``medai-clinician`` and ``medai:clinician`` count too.
    The empty string where none is there.
    """
    words = claim if isinstance(claim, list | tuple) else str(claim or "").replace(",", " ").split()
    known = {str(word).removeprefix("medai-").removeprefix("medai:").lower() for word in words}
    return next((role for role in reversed(ROLES) if role in known), "")

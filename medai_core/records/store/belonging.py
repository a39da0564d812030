"""Whose a scan is, by what its file says of the person: nothing that it says may contradict the record."""

from __future__ import annotations

from medai_core.errors import Message
from medai_core.imaging.images import Header, Image
from medai_core.imaging.images import Patient as Stated
from medai_core.records.store.patients import Details
from medai_core.records.store.words import fold, one_line


def misfit(image: Image | Header, known: Details, *, demo: bool) -> Message | None:
    """Why a scan cannot be filed to a patient as far as its file says whose it is; None when it can.

    A synthetic one is nobody's: it goes to DEMO patients, who are nobody too, whatever name it states, and to no other.
    """
    if image.synthetic:
        return None if demo else Message("filing.synthetic")
    differences = conflicts(image.patient, known)
    return Message("filing.conflict", {"differences": differences}) if differences else None


def conflicts(stated: Stated, known: Details) -> tuple[Message, ...]:
    """Where a file contradicts a patient's details; a silent file or record contradicts nothing.

    Names are compared without case, accents, spaces and punctuation ("王, 小东" is "王小东"), and of several scripts
    one that agrees is enough.
    """
    found = []
    if stated.id and known.number and one_line(stated.id).casefold() != known.number.casefold():
        found.append(Message("filing.number", {"stated": stated.id, "known": known.number}))
    if stated.name and not _same_name(stated.name, known.name):
        found.append(Message("filing.name", {"stated": stated.name, "known": known.name}))
    if stated.birth_date and known.birth_date and stated.birth_date != known.birth_date:
        dates = {"stated": stated.birth_date.isoformat(), "known": known.birth_date.isoformat()}
        found.append(Message("filing.birth_date", dict(dates)))
    return tuple(found)


def _same_name(stated: str, known: str) -> bool:
    """Whether a name, or one of its writings ("Wang, Xiaodong (王, 小东)"), is the known one."""
    return one_line(stated) == known or bool(_writings(stated) & _writings(known))


def _writings(name: str) -> set[str]:
    """The letters of a name and of each of its writings; in brackets stand one or two, family and given name each."""
    parts = name.replace(")", "(").split("(")
    for words in [part.split(",") for part in parts[1:]]:
        half = len(words) // 2
        parts += ["".join(words[:half]), "".join(words[half:])] if len(words) in (4, 6) else []
    return {fold(part).replace(" ", "") for part in (name, *parts)} - {""}


def stated_details(stated: Stated, file: str) -> Details:
    """The details that a file states of its person, to begin a new patient with; the file's name where it has none."""
    sex = stated.sex if stated.sex in ("F", "M", "O") else None
    return Details(stated.name or stated.id or file, stated.id, stated.birth_date, sex)

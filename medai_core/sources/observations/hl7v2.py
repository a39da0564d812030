"""Observations of stays in HL7 version 2: messages ORU^R01, one or many, framed (MLLP), in batches or bare."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import hl7

from medai_core.cards import PredictorSpec
from medai_core.errors import ManifestError
from medai_core.sources.fhir.values import moment
from medai_core.sources.observations.names import LOINC, Words, words_of
from medai_core.sources.observations.rows import Reason, instant
from medai_core.sources.observations.statements import NAN, Said, Statement
from medai_core.sources.observations.times import hl7_instant
from medai_core.sources.tables import refuse_large

BEGIN = re.compile(rb"[\s\x0b]*(MSH|FHS|BHS)[^\w\s,;\"]")
ENVELOPE = ("FHS", "BHS", "BTS", "FTS")
READ = ("MSH", "PID", "PV1", "OBR", "OBX")
FIELDS_MAX, PARTS_MAX = 60, 10_000
"""Beyond these a segment is no report of observations: each part of it takes a hundred times its length once read."""
WITHDRAWN = ("D", "W", "X")
"""OBX-11 (table 0085): deleted, posted as wrong, cannot be obtained."""
WAVEFORMS = ("NA", "MA", "ED", "RP")


def is_hl7(data: bytes) -> bool:
    """Whether the content sets out to be HL7 version 2."""
    return bool(BEGIN.match(data.removeprefix(b"\xef\xbb\xbf")[:65536]))


@dataclass
class _Context:
    """Whose observations follow, and when they were made if they do not say it themselves."""

    patient: str = ""
    born: str = ""
    sex: str = ""
    visit: str = ""
    admitted: str = ""
    observed: str = ""


def in_hl7(data: bytes, predictors: Sequence[PredictorSpec], *, limited: bool = True) -> Said:
    """What a file of messages says of stays.

    A stay is the visit number (PV1-19), else the patient's (PID-3); it began at PV1-44. An OBX counts by its LOINC
    code, its other code or its text; its time is OBX-14, else OBR-7, in UTC where it states no zone. A result that
    was deleted or wrong withdraws what was said before it, and a corrected one replaces it (OBX-11).

    Raises
    ------
    ManifestError : a message is damaged or of another type, or the file is larger than the limits.
    """
    if limited:
        refuse_large(data)
    words, said = words_of(predictors), Said()
    for number, segments in enumerate(_messages(_text(data)), start=1):
        context = _Context()
        for segment in _parsed(segments, number):
            _take(segment, context, said, words)
    return said


def patients_in(data: bytes) -> tuple[str, ...]:
    """The patients (PID-3) that messages tell of, in order of first appearance."""
    found: dict[str, None] = {}
    for number, segments in enumerate(_messages(_text(data)), start=1):
        for segment in _parsed(segments, number):
            if str(segment[0]) == "PID" and (name := _part(segment, 3)):
                found[name] = None
    return tuple(found)


def _text(data: bytes) -> str:
    """The text of a file; what is not UTF-8 is Latin-1, in which older systems write degrees and micro."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _messages(text: str) -> Iterator[list[str]]:
    """The segments of each message.

    Raises
    ------
    ManifestError : something stands outside of a message, or a frame is not closed.
    """
    plain = re.sub(r"\r\n?|\n", "\r", text)
    if plain.count("\x0b") > plain.count("\x1c"):
        raise ManifestError("observation.message", number=plain.count("\x0b"))
    messages: list[list[str]] = []
    for segment in filter(None, (s.strip(" \t") for s in re.split(r"[\r\x0b\x1c]", plain))):
        if segment.startswith("MSH"):
            messages.append([segment])
        elif segment[:3] not in ENVELOPE:
            if not messages or not re.match(r"[A-Z][A-Z0-9]{2}([^A-Za-z0-9]|$)", segment):
                raise ManifestError("observation.message", number=len(messages) or 1)
            messages[-1].append(segment)
    if not messages:
        raise ManifestError("observation.nothing")
    yield from messages


def _parsed(segments: list[str], number: int) -> list[Any]:
    """The segments of a message that say something of observations, by the message's own separators.

    Raises
    ------
    ManifestError : they cannot be read, or the message is of another type.
    """
    head = re.match(r"MSH([^\w\s])([^\w\s]{2,5})(?=\1|$)", segments[0])
    if head is None or len(set(head.group(1) + head.group(2))) <= len(head.group(2)):
        raise ManifestError("observation.message", number=number)
    field, parts = head.group(1), f"[{re.escape(head.group(2))}]"
    kept = [field.join(s.split(field, FIELDS_MAX)[:FIELDS_MAX]) for s in segments if s[:3] in READ]
    if any(len(re.findall(parts, s)) > PARTS_MAX for s in kept):
        raise ManifestError("observation.message", number=number)
    try:
        message = hl7.parse("\r".join(kept) + "\r")
        kind = "^".join(filter(None, (_part(message[0], 9), _part(message[0], 9, 2))))
    except (hl7.HL7Exception, ValueError, IndexError, KeyError, AssertionError) as error:
        raise ManifestError("observation.message", number=number) from error
    if not kind:
        raise ManifestError("observation.message", number=number)
    if not kind.startswith("ORU"):
        raise ManifestError("observation.message_type", number=number, found=kind[:80])
    return list(message)


def _part(segment: Any, field: int, component: int = 1) -> str:
    """A component of a field's first repetition, without escapes; "" where there is none."""
    try:
        part: Any = segment[field][0]
        if not isinstance(part, str):
            part = part[component - 1]
        elif component > 1:
            return ""
        while not isinstance(part, str):
            part = part[0]
    except IndexError:
        return ""
    return _plain(str(part), segment).strip()


def _plain(part: str, segment: Any) -> str:
    if segment.esc not in part:
        return part
    signs = {"F": segment.separators[1], "R": segment.separators[2], "S": segment.separators[3], "E": segment.esc}
    signs["T"] = segment.separators[4]
    escape = re.escape(segment.esc)
    return re.sub(f"{escape}([FRSTE]){escape}", lambda found: signs[found.group(1)], part)


def _take(segment: Any, context: _Context, said: Said, words: Words) -> None:
    """Enter what a segment says: of whom and of which stay, of which order, or an observation."""
    kind = str(segment[0])
    if kind == "PID":
        context.patient, context.born, context.sex = _part(segment, 3), _part(segment, 7), _part(segment, 8)
        context.visit = context.admitted = context.observed = ""
    elif kind == "PV1":
        context.visit, context.admitted = _part(segment, 19), _part(segment, 44)
    elif kind == "OBR":
        context.observed = _part(segment, 7)
    elif kind == "OBX":
        _observation(segment, context, said, words)
    if kind in ("PID", "PV1"):
        return
    stay = said.stay(context.visit or context.patient)
    stay.born, stay.sex = _date(context.born) or stay.born, context.sex or stay.sex
    if not _is_nan(admitted := _instant(context.admitted)):
        stay.admitted = admitted


def _observation(segment: Any, context: _Context, said: Said, words: Words) -> None:
    names = _names(segment)
    meant = next(filter(None, (words.meant(name) for name in names)), [])
    kind, status = _part(segment, 2), _part(segment, 11)
    value, withdrawn = _value(segment), status in WITHDRAWN
    if not meant:
        said.count_unknown(names[0] if names else "-")
    stay = context.visit or context.patient
    said.stay(stay)
    reason = Reason.WITHDRAWN if withdrawn else Reason.SAMPLED if kind in WAVEFORMS else Reason.GOOD
    written = _part(segment, 14) or context.observed
    for p in (words.predictors[place] for place in meant):
        if value or withdrawn:
            stated = (p.name, value or "-", _part(segment, 6), reason, status == "C")
            said.statements.append(Statement(stay, _instant(written), written, *stated))


def _names(segment: Any) -> list[str]:
    """What OBX-3 calls the observation: a LOINC code first, then the other codes and their texts."""
    parts = [_part(segment, 3, component) for component in (1, 4, 2, 5)]
    return sorted(filter(None, parts), key=lambda name: LOINC.search(name) is None)


def _value(segment: Any) -> str:
    """OBX-5 as text: a number, or a structured one (SN) without its comparator if that says "equal"."""
    if _part(segment, 2) == "SN":
        comparator, number, rest = (_part(segment, 5, component) for component in (1, 2, 3))
        return f"{comparator.removeprefix('=')}{number}{rest}{_part(segment, 5, 4)}"
    try:
        several = len(segment[5]) > 1
    except IndexError:
        return ""
    value = _plain(str(segment[5]), segment).strip() if several else _part(segment, 5)
    return "" if value == '""' else value


def _instant(said: str) -> float:
    found = moment(hl7_instant(said))
    return NAN if found is None else instant(found)


def _is_nan(value: float) -> bool:
    return value != value


def _date(said: str) -> str:
    """A birth date in ISO 8601: of a day, a month or a year; else as it stands."""
    digits = re.match(r"(\d{4})(\d\d)?(\d\d)?", said, re.ASCII)
    return "-".join(filter(None, digits.groups())) if digits else said

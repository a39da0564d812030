"""What stands in place of a person: the same every time, and to be undone by nobody without the secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydicom._uid_dict import UID_dictionary

LONGEST_SHIFT_DAYS = 3650


@dataclass(frozen=True)
class Pseudonyms:
    """The replacements for one person.

    Attributes
    ----------
    secret : of this installation; with another one the same person becomes somebody else.
    person : what the files call them (PatientID, else the study), so that all their files are one person's again.
    """

    secret: bytes = field(repr=False)
    person: str = field(repr=False)

    def _digest(self, purpose: str, text: str) -> bytes:
        return hmac.new(self.secret, f"{purpose}\0{text}".encode(errors="surrogateescape"), hashlib.sha256).digest()

    @property
    def id(self) -> str:
        """In place of number and name: 13 signs, the first a P."""
        return "P" + base64.b32encode(self._digest("person", self.person))[:12].decode()

    @property
    def shift(self) -> timedelta:
        """How far every date of the person moves into the past: whole days, so that the intervals stay."""
        drawn = int.from_bytes(self._digest("dates", self.person)[:8], "big")
        return timedelta(days=-1 - drawn % LONGEST_SHIFT_DAYS)

    def uid(self, uid: str, *, always: bool = False) -> str:
        """A UID of its own for each UID (PS3.5, B.2); those that the standard defines stay, but for ``always``."""
        if uid in UID_dictionary and not always:
            return uid
        return f"2.25.{int.from_bytes(self._digest('uid', uid)[:16], 'big')}" if uid else ""

    def date(self, text: str) -> str:
        """A DA or DT moved by ``shift``; empty where it is no date. The time of day stays."""
        found = re.fullmatch(r"(\d{8})(.*)", text.strip())
        if not found:
            return ""  # a year alone, or no date at all
        try:
            return (datetime.strptime(found[1], "%Y%m%d") + self.shift).strftime("%Y%m%d") + found[2]
        except (ValueError, OverflowError):
            return ""

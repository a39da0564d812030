"""A file that grows: complete pieces of it, each of which can be read on its own."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

CONTEXT = {"MSH": 0, "PID": 1, "PV1": 2, "OBR": 3}
"""The segments that an OBX stands under, from the outermost."""
ENVELOPE = ("FHS", "BHS", "BTS", "FTS")
FRAME = {0x0B: None, 0x1C: None}
LINE_END = re.compile(r"\r\n?|\n")


def pieces(text: str, begun: str = "", *, quoted: bool = False) -> tuple[str, str]:
    """Appended ``text`` behind the line that was ``begun``: the complete lines, and the one that is unfinished.

    A line ends with a line feed, or with a carriage return as a segment of HL7 does; where cells may be
    ``quoted``, not within quotation marks.
    """
    whole = begun + text
    end = last = quotes = 0
    for found in LINE_END.finditer(whole):
        quotes += whole.count('"', last, found.end()) if quoted else 0
        last = found.end()
        end = last if quotes % 2 == 0 else end
    return whole[:end], whole[end:]


@dataclass(frozen=True)
class Growing:
    """How far a growing file was read: a CSV with its heading, JSON line by line, or messages of HL7.

    Attributes
    ----------
    heading : what each piece needs in front: the heading of a CSV, or the segments that an OBX stands under.
    begun : the line that is not complete yet.
    start : the first signs of the file, which say what it is.
    """

    heading: str = ""
    begun: str = ""
    start: str = ""

    def add(self, text: str) -> tuple[Growing, bytes]:
        """The file with ``text`` appended, and what can be read of it now; b"" where that is nothing.

        The last line counts once its end is there: add a line feed when nothing more will come.
        """
        start = self.start or (self.begun + text).lstrip("\ufeff\x0b\r\n ")[:3]
        messages, lines_of_json = start in ("MSH", "FHS", "BHS"), start.startswith(("{", "["))
        complete, begun = pieces(text, self.begun, quoted=not (messages or lines_of_json))
        if not complete.strip():
            return replace(self, begun=complete + begun), b""
        if messages:
            heading, piece = _messages(complete.translate(FRAME), self.heading)
        elif lines_of_json:
            heading, piece = "", complete
        else:
            heading, piece = _table(complete, self.heading)
        return Growing(heading, begun, start), piece.encode(errors="replace")


def _table(complete: str, heading: str) -> tuple[str, str]:
    if heading:
        return heading, heading + complete
    first, _, rest = complete.lstrip("\r\n").partition("\n")
    return f"{first}\n", complete if rest.strip() else ""


def _messages(complete: str, heading: str) -> tuple[str, str]:
    """The context after these segments, and they below the context before; "" while they report nothing."""
    segments = [s.strip() for s in LINE_END.split(complete)]
    segments = [s for s in segments if s and s[:3] not in ENVELOPE]
    context = {line[:3]: line for line in heading.split("\r") if line}
    for segment in segments:
        if (kind := segment[:3]) in CONTEXT:
            context = {k: s for k, s in context.items() if CONTEXT[k] < CONTEXT[kind]} | {kind: segment}
    after = "\r".join(context.values())
    if not any(segment.startswith("OBX") for segment in segments):
        return after, ""
    above = heading.split("\r") if heading and not segments[0].startswith("MSH") else []
    return after, "\r".join([*above, *segments]) + "\r"

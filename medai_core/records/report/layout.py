"""The report's typography: fonts that have every sign, a few styles, and the parts that pages are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from html import escape
from io import BytesIO
from typing import Any

from PIL import Image as Picture
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, CondPageBreak, Flowable, Frame, Image, PageTemplate, Paragraph, Table

from medai_core.records.lettering import BOLD, EAST_ASIAN, LATIN, font_file, runs
from medai_core.records.wording import RESEARCH_USE, Wording

MARGIN = 16 * mm
WIDTH = A4[0] - 2 * MARGIN
HALF = 0.485 * WIDTH
"""As wide as one of two groups side by side."""

INK, FAINT, LINE = colors.HexColor("#16202a"), colors.HexColor("#55626e"), colors.HexColor("#c9d1d8")
ACCENT, WARN, PAPER = colors.HexColor("#1f6fa8"), colors.HexColor("#8a4b00"), colors.HexColor("#f3f6f8")
AGAINST = colors.HexColor("#b8651b")


@cache
def register_fonts() -> None:
    """Make the fonts known, once a process."""
    for name in (LATIN, BOLD, EAST_ASIAN):
        pdfmetrics.registerFont(TTFont(name, str(font_file(name))))


def pages(
    parts: Sequence[Any],
    title: str,
    words: Wording,
    draw: Callable[[Canvas, Any], None],
    *,
    canvas: type[Canvas] = Canvas,
    head: float,
    foot: float,
) -> bytes:
    """The parts on pages of A4, as PDF; ``draw`` fills the ``head`` and ``foot`` of each."""
    register_fonts()
    stream = BytesIO()
    document = BaseDocTemplate(
        stream,
        pagesize=A4,
        title=title,
        author="MedAI",
        subject=words.translate(RESEARCH_USE),
        lang=words.language.replace("_", "-"),
        initialFontName=LATIN,
    )
    padding = dict.fromkeys(("leftPadding", "rightPadding", "topPadding", "bottomPadding"), 0)
    frame = Frame(MARGIN, foot, WIDTH, A4[1] - head - foot, **padding)
    document.addPageTemplates([PageTemplate("page", [frame], onPage=draw)])
    document.build(list(parts), canvasmaker=canvas)
    return stream.getvalue()


def style(size: float, *, ink: Any = INK, after: float = 0, lead: float = 1.35) -> ParagraphStyle:
    """A paragraph style."""
    register_fonts()
    # CJK wrapping breaks between any two signs; Latin words in it stay whole all the same.
    return ParagraphStyle(
        f"s{size}{ink}{after}", fontName=LATIN, fontSize=size, leading=lead * size, textColor=ink, spaceAfter=after
    )


BODY, SMALL, TINY = 9.0, 8.0, 7.0
ROOM = 50 * mm
"""What a heading needs below it; else it begins the next page."""


def text(said: str, size: float = BODY, *, bold: bool = False, ink: Any = INK, after: float = 0) -> Paragraph:
    """A paragraph of plain text."""
    return Paragraph(markup(said, bold=bold), style(size, ink=ink, after=after))


def markup(said: str, *, bold: bool = False) -> str:
    """Plain text with every piece in a font that has it; East Asian text may break between any two signs."""
    pieces = []
    for font, piece in runs(said, bold=bold):
        if font == EAST_ASIAN:
            # A paragraph breaks at spaces only: one without width after each sign lets it break there.
            pieces.append("".join(f'<font name="{font}">{escape(sign)}</font>&#8203;' for sign in piece))
        else:
            pieces.append(f'<font name="{font}">{escape(piece)}</font>')
    return "".join(pieces)


def heading(said: str) -> list[Flowable]:
    """A section's heading, on a page where some of the section has room too."""
    made = text(said, 11.5, bold=True, ink=ACCENT, after=2)
    made.style.spaceBefore = 8
    return [CondPageBreak(ROOM), made]


class Bar(Flowable):  # type: ignore[misc]  # reportlab has no types
    """A share as a bar, or a contribution to one side of a middle line."""

    def __init__(self, width: float, share: float, *, signed: bool = False) -> None:
        super().__init__()
        self.width, self.height, self.share, self.signed = width, 7.0, share, signed

    def draw(self) -> None:
        """Draw it on the canvas of the page."""
        pen, middle = self.canv, self.width / 2
        pen.setFillColor(PAPER)
        pen.rect(0, 0, self.width, self.height, stroke=0, fill=1)
        pen.setFillColor(AGAINST if self.share < 0 else ACCENT)
        if self.signed:
            length = self.share * middle
            pen.rect(min(middle, middle + length), 1, abs(length), self.height - 2, stroke=0, fill=1)
            pen.setStrokeColor(FAINT)
            pen.line(middle, 0, middle, self.height)
        else:
            pen.rect(0, 1, self.width * self.share, self.height - 2, stroke=0, fill=1)


def table(rows: Sequence[Sequence[Any]], widths: Sequence[float], *, head: bool = True, width: float = WIDTH) -> Table:
    """A ruled table that may go on over a page; ``widths`` are shares of ``width``."""
    made = Table([list(row) for row in rows], [width * w for w in widths], repeatRows=int(head), splitInRow=1)
    rules: list[tuple[Any, ...]] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
    made.setStyle([*rules, *([("LINEBELOW", (0, 0), (-1, 0), 0.8, FAINT)] if head else [])])
    return made


def titles(said: Sequence[str]) -> list[Paragraph]:
    """The heading row of a table."""
    return [text(t, TINY, bold=True, ink=FAINT) for t in said]


def boxed(parts: Sequence[Any], *, ink: Any = ACCENT, width: float = WIDTH) -> Table:
    """Parts in a shaded box with a bar at its left."""
    made = Table([[list(parts)]], [width], splitInRow=1)
    made.setStyle(
        [
            ("BACKGROUND", (0, 0), (-1, -1), PAPER),
            ("LINEBEFORE", (0, 0), (0, -1), 2.5, ink),
            ("LEFTPADDING", (0, 0), (-1, -1), 8),
            ("TOPPADDING", (0, 0), (-1, -1), 5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 6),
        ]
    )
    return made


def in_pairs(parts: Sequence[Sequence[Any]]) -> Table:
    """Groups of parts two in a row, each ``HALF`` wide."""
    cells = [list(part) for part in parts] + [[]] * (len(parts) % 2)
    made = Table([[cells[i], "", cells[i + 1]] for i in range(0, len(cells), 2)], [HALF, WIDTH - 2 * HALF, HALF])
    flush = [(side, (0, 0), (-1, -1), 0) for side in ("LEFTPADDING", "RIGHTPADDING", "TOPPADDING")]
    made.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), *flush])
    return made


def columns(left: Sequence[Any], right: Sequence[Any], share: float = 0.5) -> Table:
    """Two columns side by side."""
    made = Table([[list(left), list(right)]], [WIDTH * share, WIDTH * (1 - share)])
    made.setStyle(
        [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (0, -1), 0), ("RIGHTPADDING", (1, 0), (1, -1), 0)]
    )
    return made


def picture(image: Picture.Image, side: float) -> Image:
    """A picture, its longer side ``side`` points."""
    stream = BytesIO()
    image.save(stream, "PNG")
    stream.seek(0)
    scale = side / max(image.size)
    return Image(stream, image.width * scale, image.height * scale)


def write(
    pen: Canvas, x: float, y: float, said: str, size: float, ink: Any, *, right: bool = False, bold: bool = False
) -> None:
    """A line on the canvas from ``x`` on, or up to it, every piece in a font that has it."""
    pieces = runs(said, bold=bold)
    if right:
        x -= sum(pen.stringWidth(piece, name, size) for name, piece in pieces)
    pen.setFillColor(ink)
    for name, piece in pieces:
        pen.setFont(name, size)
        pen.drawString(x, y, piece)
        x += pen.stringWidth(piece, name, size)

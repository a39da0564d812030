"""The report: what is known of a patient on pages that a person can hand over.

Whose it is, the newest scan with its evidence, findings with probability and set, refusals, verdicts, risks with
what drives them, and which models in which version said so, with their limits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from medai_core.cards import Card
from medai_core.errors import N_
from medai_core.records.dossier import Dossier
from medai_core.records.lettering import LATIN, runs
from medai_core.records.report.layout import (
    ACCENT,
    FAINT,
    INK,
    LINE,
    MARGIN,
    SMALL,
    TINY,
    WIDTH,
    heading,
    pages,
    register_fonts,
    table,
    text,
    titles,
    write,
)
from medai_core.records.report.risks import risk_parts
from medai_core.records.report.scans import other_parts, scan_parts
from medai_core.records.wording import RESEARCH_USE, Wording, local_time, sentence

__all__ = ["report"]

HEAD, FOOT = 31 * mm, 15 * mm


def report(found: Dossier, words: Wording = Wording()) -> bytes:
    """The report as PDF, in the language of ``words``."""
    register_fonts()
    parts = [
        *scan_parts(found, words),
        *risk_parts(found, words),
        *other_parts(found, words),
        *_models(found, words),
    ]
    if not found.scans and not found.estimates:
        parts.insert(0, text(words.translate(N_("Nothing is filed to this patient yet."))))
    title, canvas = words.translate(N_("MedAI report")), _counting(found, words)
    return pages(parts, title, words, _page(found, words), canvas=canvas, head=HEAD, foot=FOOT)


def _page(found: Dossier, words: Wording) -> Callable[[Canvas, Any], None]:
    """Whose it is, at the head of every page."""
    t, details = words.translate, found.patient.details
    born = t(N_("born {date}")).format(date=details.birth_date.isoformat()) if details.birth_date else ""
    facts = [details.number or "", born, words.sex(details.sex), t(N_("DEMO")) if found.patient.demo else ""]
    made = t(N_("made {time} by {name}")).format(time=local_time(found.made_at), name=t(found.made_by))

    def draw(pen: Canvas, _document: Any) -> None:
        top = A4[1] - 15 * mm
        write(pen, MARGIN, top, t(N_("MedAI report")), TINY, ACCENT, bold=True)
        write(pen, A4[0] - MARGIN, top, t(RESEARCH_USE), TINY, INK, right=True, bold=True)
        write(pen, MARGIN, top - 17, details.name, _fitting(pen, details.name, 15), INK, bold=True)
        write(pen, MARGIN, top - 30, " · ".join(filter(None, facts)), SMALL, FAINT)
        write(pen, A4[0] - MARGIN, top - 30, made, TINY, FAINT, right=True)
        pen.setStrokeColor(LINE)
        pen.line(MARGIN, top - 38, A4[0] - MARGIN, top - 38)

    return draw


def _fitting(pen: Canvas, name: str, size: float) -> float:
    """The size in which a name is as wide as the page at most: nobody is cut short."""
    width = sum(pen.stringWidth(piece, font, size) for font, piece in runs(name, bold=True))
    return min(size, size * WIDTH / width) if width else size


def _counting(found: Dossier, words: Wording) -> type[Canvas]:
    """A canvas that knows at the end how many pages there are, and writes it on each."""
    details = found.patient.details
    whose = " · ".join(filter(None, [details.name, details.number or ""]))

    class Counting(Canvas):  # type: ignore[misc]  # reportlab has no types
        def __init__(self, *args: Any, **options: Any) -> None:
            # Otherwise every page begins in a font of the viewer's.
            super().__init__(*args, **options | {"initialFontName": LATIN})
            self.pages: list[dict[str, Any]] = []

        def showPage(self) -> None:
            self.pages.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, page in enumerate(self.pages, start=1):
                self.__dict__.update(page)
                count = words.translate(N_("page {n} of {total}")).format(n=number, total=len(self.pages))
                write(self, MARGIN, 9 * mm, f"{whose} · {count}", TINY, FAINT)
                write(self, A4[0] - MARGIN, 9 * mm, words.translate(RESEARCH_USE), TINY, FAINT, right=True)
                super().showPage()
            super().save()

    return Counting


def _models(found: Dossier, words: Wording) -> Iterator[Any]:
    """Which models in which version gave what is shown, and their limits."""
    t = words.translate
    used = {(r.reading.model, r.reading.version, r.reading.weights_sha256) for s in found.scans for r in s.readings} | {
        (e.model, e.version, e.weights_sha256) for e in found.estimates
    }
    named = sorted((str(name), str(version), str(weights)) for name, version, weights in used if name)
    if not named:
        return
    yield from heading(t(N_("Models and their limits")))
    rows: list[Any] = [titles([t(N_("Model")), t(N_("Version")), t(N_("Weights")), t(N_("Not for, and limits"))])]
    for name, version, weights in named:
        card = found.cards.get(name)
        title = words.card(card).title if card else name
        rows.append(
            [
                [text(title, SMALL, bold=True), text(name, TINY, ink=FAINT)],
                text(version, SMALL),
                text(f"SHA-256 {weights[:16]}…", TINY),
                text(_limits(card, version, words), TINY),
            ]
        )
    yield table(rows, (0.25, 0.08, 0.14, 0.53))


def _limits(card: Card | None, version: str, words: Wording) -> str:
    if card is None:
        return words.translate(N_("This model is not installed any more."))
    said = words.card(card)
    newer = words.translate(N_("Said of version {version}, which is installed now.")).format(version=card.version)
    return " ".join(
        [
            *([newer] if card.version != version else []),
            f"{words.translate(N_('Not for'))}: {said.not_for}",
            *map(sentence, said.limits),
        ]
    )

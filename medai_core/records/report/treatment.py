"""The treatment discussion sheet on paper: what people like this one received and how they fared. It is no trial."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from medai_core.cards import Bounds, Card
from medai_core.cards.survival import Fared, ShareAt
from medai_core.errors import N_
from medai_core.precision.survival.sheet import Sheet
from medai_core.records.report.layout import (
    ACCENT,
    FAINT,
    INK,
    LINE,
    MARGIN,
    SMALL,
    TINY,
    WARN,
    boxed,
    heading,
    pages,
    table,
    text,
    titles,
    write,
)
from medai_core.records.wording import RESEARCH_USE, Wording, percent

HEAD, FOOT = 27 * mm, 15 * mm
PARTS = {
    "both": N_("history, treatment and expression"),
    "clinical": N_("history and treatment"),
    "expression": N_("expression"),
}
"""The parts of a model of survival, in words."""
NODES = {"free": N_("no lymph node involved"), "involved": N_("lymph nodes involved")}
THIRDS = {1: N_("lowest third of risk"), 2: N_("middle third of risk"), 3: N_("highest third of risk")}


def treatment_sheet(found: Sheet, words: Wording = Wording(), *, patient: str = "") -> bytes:
    """The sheet as PDF, in the language of ``words``; ``patient`` stands at the head of each page."""
    parts = [*_patient(found, words), *_alike(found, words), *_limits(found.card, words)]
    title = words.translate(N_("Treatment discussion sheet"))
    return pages(parts, title, words, _page(found, words, patient), head=HEAD, foot=FOOT)


def _page(found: Sheet, words: Wording, patient: str) -> Callable[[Canvas, Any], None]:
    t = words.translate

    def draw(pen: Canvas, document: Any) -> None:
        top = A4[1] - 15 * mm
        write(pen, MARGIN, top, t(N_("Treatment discussion sheet")), TINY, ACCENT, bold=True)
        write(pen, A4[0] - MARGIN, top, t(RESEARCH_USE), TINY, INK, right=True, bold=True)
        write(pen, MARGIN, top - 16, patient or found.answer.sample, 13, INK, bold=True)
        pen.setStrokeColor(LINE)
        pen.line(MARGIN, top - 24, A4[0] - MARGIN, top - 24)
        write(pen, MARGIN, 9 * mm, f"{patient or found.answer.sample} · {document.page}", TINY, FAINT)
        write(pen, A4[0] - MARGIN, 9 * mm, t(RESEARCH_USE), TINY, FAINT, right=True)

    return draw


def _patient(found: Sheet, words: Wording) -> Iterator[Any]:
    """The warnings, then what the model says of the patient."""
    t, answer = words.translate, found.answer
    yield boxed([text(words.say(m), SMALL, bold=not i, ink=WARN) for i, m in enumerate(found.warnings)], ink=WARN)
    yield from heading(t(N_("What the model says")))
    rows: list[Any] = [titles([t(N_("According to")), *(_years(s.years, words) for s in answer.at)])]
    for course in answer.courses:
        rows.append([text(t(PARTS[course.part]), SMALL), *(text(share(s.share, words), SMALL) for s in course.at)])
    yield table(rows, (0.4, *(0.6 / len(answer.at) for _ in answer.at)))
    for notice in answer.notices:
        yield text(words.about_predictor(found.card, notice), TINY, ink=FAINT)


def _alike(found: Sheet, words: Wording) -> Iterator[Any]:
    t, stratum = words.translate, found.stratum
    yield from heading(t(N_("What people like this one received, and how they fared")))
    said = t(
        N_("{n} people of the cohort, {deaths} of whom died: {nodes}, {third} by {part}, treatment left out of it.")
    )
    facts = {"nodes": t(NODES[stratum.nodes]), "third": t(THIRDS[stratum.third]), "part": t(PARTS[stratum.part])}
    yield text(said.format(n=stratum.n, deaths=stratum.deaths, **facts), SMALL, after=3)
    everybody = Fared("", stratum.n, stratum.deaths, stratum.survival)
    for title, entries, hidden in (
        (t(N_("Drugs")), (*stratum.drugs, everybody), stratum.hidden_drugs),
        (t(N_("Operation")), stratum.surgery, stratum.hidden_surgery),
    ):
        if entries:
            yield _fared(title, entries, found.card, words)
        if hidden:
            names = words.joined([received_words(name, found.card, words) for name in hidden])
            yield text(t(N_("Fewer than 10, without numbers: {names}.")).format(names=names), TINY, ink=FAINT, after=4)


def _fared(title: str, entries: Sequence[Fared], card: Card, words: Wording) -> Any:
    assert card.survival is not None
    t, horizons = words.translate, card.survival.horizons
    rows: list[Any] = [titles([title, "n", t(N_("Died")), *(_years(y, words) for y in horizons)])]
    for entry in entries:
        told = {s.years: s for s in entry.survival}
        cells = [
            received_words(entry.received, card, words) if entry.received else t(N_("All of these")),
            str(entry.n),
            str(entry.deaths),
            *(followed(told.get(y), words) for y in horizons),
        ]
        rows.append([text(cell, SMALL, bold=not entry.received) for cell in cells])
    return table(rows, (0.32, 0.07, 0.09, *(0.52 / len(horizons) for _ in horizons)))


def received_words(received: str, card: Card, words: Wording) -> str:
    """What somebody received, in words: "Chemotherapy and hormonal therapy", "breast-conserving", "no drug"."""
    assert card.survival is not None
    if received == "none":
        return words.translate(N_("neither chemotherapy nor hormonal therapy"))
    surgery = next(p for p in card.predictors if p.name == card.survival.surgery)
    if received in {c.name for c in surgery.categories}:
        return words.category(card, surgery.name, received)
    return words.joined([words.predictor(card, name) for name in received.split("+")])


def followed(found: ShareAt | None, words: Wording) -> str:
    """A share with its interval, or that too few were followed so long."""
    return share(found.share, words) if found else words.translate(N_("fewer than 10 followed so long"))


def share(bounds: Bounds, words: Wording) -> str:
    """A share of the living with its 95 % interval."""
    return f"{percent(bounds.value)} ({words.span(bounds.low, bounds.high, shares=True)})"


def _years(years: float, words: Wording) -> str:
    return words.translate(N_("Alive at {years} years (95 % interval)")).format(years=f"{years:g}")


def _limits(card: Card, words: Wording) -> Iterator[Any]:
    said = words.card(card)
    yield from heading(words.translate(N_("Limits")))
    yield text(f"{said.title} · {card.name} {card.version}", TINY, ink=FAINT)
    not_for = words.translate(N_("Not for: {what}")).format(what=said.not_for)
    for limit in (not_for, *said.limits):
        yield text(f"– {limit}", TINY)

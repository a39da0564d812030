"""The scans' part of the report: one scan with its picture, and every other reading in a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reportlab.platypus import Spacer

from medai_core.cards import Card
from medai_core.errors import N_, Message
from medai_core.imaging.images.synthetic import WORD
from medai_core.imaging.measurements import MEASURED
from medai_core.readings import Finding, Reading
from medai_core.records.capture import fitted, grey, legend, overlaid
from medai_core.records.dossier import Dossier
from medai_core.records.report.layout import (
    ACCENT,
    BODY,
    FAINT,
    SMALL,
    TINY,
    WARN,
    WIDTH,
    Bar,
    boxed,
    columns,
    heading,
    picture,
    table,
    text,
    titles,
)
from medai_core.records.store.results import StoredReading, StoredScan, Verdict
from medai_core.records.wording import Wording, local_time, percent, sentence

SYNTHETIC = Message("notice.synthetic")
SIDE = 640
"""Pixels of a picture's longer side."""


def scan_parts(found: Dossier, words: Wording) -> Iterator[Any]:
    """The newest scan in full: its readings, refusals and verdicts."""
    t = words.translate
    if not found.scans:
        return
    scan = found.scans[0]
    yield from heading(t(N_("Scan")))
    for i, stored in enumerate(_latest(scan)):
        yield from _reading(found, scan, stored, words, pictured=i == 0)
        yield Spacer(1, 5)


def _latest(scan: StoredScan) -> list[StoredReading]:
    """The newest reading by each model, the first with findings first."""
    newest: dict[str, StoredReading] = {}
    for stored in scan.readings:
        newest.setdefault(stored.reading.model or "", stored)
    return sorted(newest.values(), key=lambda stored: stored.reading.refusal is not None)


def _reading(
    found: Dossier, scan: StoredScan, stored: StoredReading, words: Wording, *, pictured: bool
) -> Iterator[Any]:
    card, given = found.card(stored), stored.reading
    if pictured:
        yield from _pictures(found.full(stored), scan, card, words)
    refused = given.refusal is not None
    over = words.translate(N_("Refused") if refused else N_("Finding"))
    parts = [
        text(f"{over} · {words.model(card)} {given.version or ''}".strip(), TINY, ink=FAINT),
        text(
            words.reason(given.refusal, card) if given.refusal else words.answer(given, card),
            12 if not refused else 10,
            bold=True,
        ),
    ]
    if coverage := words.coverage(given, card):
        parts.append(text(coverage, SMALL, ink=FAINT))
    if given.measurements:
        said = "; ".join(f"{words.translate(MEASURED[m.kind])} {m.said}" for m in given.measurements)
        parts.append(text(f"{words.translate(N_('Measured by the reader'))}: {said}", SMALL))
    if given.similar is not None:
        parts.append(text(words.similar(given.similar, card), SMALL, ink=FAINT))
    parts += [text(words.say(notice), SMALL, ink=WARN) for notice in given.notices]
    parts += verdict_parts(stored.verdicts, words)
    yield boxed(parts, ink=WARN if refused else ACCENT)
    if given.findings:
        yield _findings(given.findings, card, words)


def _pictures(reading: Reading, scan: StoredScan, card: Card | None, words: Wording) -> Iterator[Any]:
    """The scan, and beside it the same scan under its evidence, with what must stand beside a picture."""
    t, side = words.translate, 0.4 * WIDTH
    left: list[Any] = [picture(fitted(grey(reading.image), SIDE), side)]
    right: list[Any] = [picture(overlaid(reading, SIDE), side)] if legend(reading, card, words) else []
    when = scan.acquired.strftime("%Y-%m-%d %H:%M") if scan.acquired else t(N_("not stated in the file"))
    yield columns(left, right)
    facts = [f"{t(N_('Scan time'))}: {when}", f"{t(N_('File'))}: {scan.file}", words.image_facts(reading.image)]
    if not scan.states_patient:
        facts.append(t(N_("filed here on purpose; the file names nobody")))
    yield text(" · ".join(facts), TINY, ink=FAINT)
    if said := legend(reading, card, words):
        yield text(said, TINY, ink=FAINT)
    yield Spacer(1, 4)


def _findings(findings: tuple[Finding, ...], card: Card | None, words: Wording) -> Any:
    t = words.translate
    yes, no = t(N_("yes")), t(N_("no"))
    rows: list[Any] = [
        titles([t(N_("Finding")), t(N_("Code")), t(N_("Probability")), "", t(N_("In the set")), t(N_("Threshold"))])
    ]
    for f in findings:
        code = next((spec.code for spec in card.findings if spec.name == f.name), None) if card else None
        rows.append(
            [
                text(sentence(words.finding(card, f.name)), bold=f.in_set),
                text(f"{code.system} {code.value}" if code else "", TINY, ink=FAINT),
                text(percent(f.probability), bold=f.in_set),
                Bar(0.2 * WIDTH, f.probability),
                text(yes if f.in_set else no),
                text(t(N_("over the threshold")) if f.over_threshold else "", SMALL),
            ]
        )
    return table(rows, (0.22, 0.2, 0.12, 0.22, 0.1, 0.14))


def verdict_parts(verdicts: tuple[Verdict, ...], words: Wording) -> list[Any]:
    """What clinicians said, the one that counts first; that nobody did, where nobody did."""
    t = words.translate
    if not verdicts:
        return [text(t(N_("No clinician has given a verdict.")), SMALL, ink=FAINT)]
    return [text(words.verdict(v), BODY if i == 0 else SMALL, bold=i == 0) for i, v in enumerate(verdicts)]


def other_parts(found: Dossier, words: Wording) -> Iterator[Any]:
    """Every reading that has no section of its own."""
    t = words.translate
    shown = {id(stored) for stored in (_latest(found.scans[0]) if found.scans else ())}
    rest = [(s, r) for s in found.scans for r in s.readings if id(r) not in shown]
    if not rest:
        return
    yield from heading(t(N_("Other readings")))
    rows: list[Any] = [titles([t(N_("Read")), t(N_("File")), t(N_("Model")), t(N_("Answer")), t(N_("Verdict"))])]
    for scan, stored in rest:
        card, given = found.card(stored), stored.reading
        probabilities = ", ".join(f"{words.finding(card, f.name)} {percent(f.probability)}" for f in given.findings)
        answer = words.answer_or_refusal(given, card) + (f" ({probabilities})" if probabilities else "")
        verdict = words.verdict(stored.verdicts[0]) if stored.verdicts else "–"
        cells = [
            local_time(stored.at),
            scan.file + (f" · {WORD}" if SYNTHETIC in given.notices else ""),
            f"{words.model(card)} {given.version or ''}".strip(),
            answer,
            verdict,
        ]
        rows.append([text(cell, TINY) for cell in cells])
    yield table(rows, (0.13, 0.17, 0.2, 0.28, 0.22))

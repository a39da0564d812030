"""The risks' part of the report: each outcome's newest risk by each model, with what drives it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reportlab.platypus import KeepTogether, Spacer

from medai_core.cards import Card
from medai_core.errors import N_
from medai_core.records.dossier import Dossier
from medai_core.records.report.layout import (
    FAINT,
    HALF,
    SMALL,
    TINY,
    WARN,
    WIDTH,
    Bar,
    boxed,
    heading,
    in_pairs,
    table,
    text,
    titles,
)
from medai_core.records.report.scans import verdict_parts
from medai_core.records.store.estimates import StoredEstimate
from medai_core.records.wording import Wording, local_time, percent

SHOWN = 4
"""Predictors that have a line of their own, the weightiest first."""
LONGEST = 200
"""Signs of a verdict that fit beside another risk."""


def risk_parts(found: Dossier, words: Wording) -> Iterator[Any]:
    """The newest risks in full, the older ones in a table."""
    if not found.estimates:
        return
    newest: dict[tuple[str, str], StoredEstimate] = {}
    for e in found.estimates:
        newest.setdefault((e.outcome, e.model), e)
    yield from heading(words.translate(N_("Risks")))
    short = len(newest) > 1 and sum(len(v.why) for e in newest.values() for v in e.verdicts) <= LONGEST
    shown = [list(_risk(e, found.cards.get(e.model), words, HALF if short else WIDTH)) for e in newest.values()]
    if short:
        yield in_pairs(shown)
    else:
        for parts in shown:
            yield KeepTogether(parts)
            yield Spacer(1, 4)
    older = [e for e in found.estimates if e not in newest.values()]
    if older:
        yield _older(older, found, words)


def outcome_of(e: StoredEstimate, card: Card | None, words: Wording) -> str:
    """The outcome in words; its bare name where no card knows it."""
    return words.outcome(card) if card else e.outcome


def risk_words(e: StoredEstimate, card: Card | None, words: Wording) -> str:
    """The risk with its interval, or why there is none."""
    if e.risk is None:
        reasons = " ".join(words.about_predictor(card, m) for m in e.refusals)
        return words.translate(N_("Refused: {reason}")).format(reason=reasons)
    interval = words.span(e.low or 0, e.high or 0, shares=True)
    said = words.translate(N_("95 % interval {span}")).format(span=interval)
    return f"{percent(e.risk)} ({said})"


def _risk(e: StoredEstimate, card: Card | None, words: Wording, width: float) -> Iterator[Any]:
    t = words.translate
    title = words.card(card).title if card else e.model
    about = [title, e.version, local_time(e.at), *([t(N_("recalibrated"))] if e.recalibrated else [])]
    parts = [
        text(" · ".join(about), TINY, ink=FAINT),
        text(f"{outcome_of(e, card, words)}: {risk_words(e, card, words)}", 10, bold=True),
        *(text(words.about_predictor(card, m), SMALL, ink=WARN) for m in e.warnings),
        *verdict_parts(e.verdicts, words),
    ]
    yield boxed(parts, ink=WARN if e.risk is None else FAINT, width=width)
    if card and e.contributions:
        yield _drivers(e, card, words, width)


def _drivers(e: StoredEstimate, card: Card, words: Wording, width: float) -> Any:
    t, known = words.translate, {p.name: p for p in card.predictors}
    rows: list[Any] = [titles([t(N_("Predictor")), t(N_("Value")), t(N_("Log-odds")), ""])]
    ordered = sorted(e.contributions.items(), key=lambda item: -abs(item[1]))
    greatest = max(abs(v) for v in e.contributions.values()) or 1.0
    for name, value in ordered[:SHOWN]:
        said = words.value(card, known[name], e.predictors.get(name)) if name in known else ""
        bar = Bar(0.24 * width, value / greatest, signed=True)
        rows.append([text(words.predictor(card, name), SMALL), text(said, SMALL), text(f"{value:+.2f}", SMALL), bar])
    if rest := ordered[SHOWN:]:
        total = sum(value for _name, value in rest)
        label = t(N_("{n} others")).format(n=len(rest))
        bar = Bar(0.24 * width, total / greatest if abs(total) <= greatest else (1 if total > 0 else -1), signed=True)
        rows.append([text(label, SMALL), "", text(f"{total:+.2f}", SMALL), bar])
    return table(rows, (0.38, 0.2, 0.16, 0.26), width=width)


def _older(older: list[StoredEstimate], found: Dossier, words: Wording) -> Any:
    t = words.translate
    rows: list[Any] = [titles([t(N_("Time")), t(N_("Outcome")), t(N_("Risk")), t(N_("Version")), t(N_("Verdict"))])]
    for e in older:
        card = found.cards.get(e.model)
        verdict = words.verdict(e.verdicts[0]) if e.verdicts else "–"
        cells = [
            local_time(e.at),
            outcome_of(e, card, words),
            risk_words(e, card, words),
            f"{e.model} {e.version}",
            verdict,
        ]
        rows.append([text(cell, TINY) for cell in cells])
    return table(rows, (0.14, 0.24, 0.24, 0.2, 0.18))

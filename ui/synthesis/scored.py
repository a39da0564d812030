"""What the answers of a blind test are worth, and the truth of each image."""

from __future__ import annotations

import json
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from medai_core.imaging.synthesis import SynthesisModel
from medai_core.imaging.synthesis.blind import BlindTest, Item, Rate, Score, as_plain, rows, score
from medai_core.sources.tables import harmless_csv
from ui import words
from ui.cached.synthesis import address, bare
from ui.frame import research_notice
from ui.language import _, card_words, say
from ui.synthesis.asking import label_title
from ui.synthesis.films import Film, films
from ui.taking import take_away


def show(model: SynthesisModel, test: BlindTest, answers: tuple[bool, ...]) -> None:
    """The score with its interval, whether it differs from guessing, and each image's truth."""
    found = score(test, answers)
    _headline(found)
    _rates(found)
    _downloads(model, test, answers)
    st.subheader(_("The truth"), anchor=False)
    films(
        [_film(model, k, item, said) for k, (item, said) in enumerate(zip(test.items, answers, strict=True), 1)],
        _("Each image of the test with the truth and your answer"),
        "truth",
    )


def answer_title(real: bool) -> str:
    """An answer, or the truth, in a word."""
    return _("Real") if real else _("Synthetic")


def _headline(found: Score) -> None:
    right = _("{right} of {n} right").format(right=found.every.right, n=found.every.n)
    st.html(
        f"<section class=\"medai-answer\"><p class='medai-over'>{escape(_('Your answers'))}</p>"
        f"<h2>{escape(right)}</h2><p>{escape(say(found.said))}</p></section>"
    )


def _rates(found: Score) -> None:
    shown = {_("All"): found.every, _("The real ones"): found.real, _("The synthetic ones"): found.synthetic}
    table = pd.DataFrame([{_("Images"): name} | _rate(rate) for name, rate in shown.items()])
    st.table(table, hide_index=True, border="horizontal", alt=_("Shares of right answers with 95 % intervals"))
    st.caption(
        _(
            "Intervals by Wilson. Whether answers differ from guessing: Fisher's exact test of truth against answers, "
            "which holds however often you say “real”. It is about these images and you, not about the model."
        )
    )


def _rate(rate: Rate) -> dict[str, str]:
    return {
        _("Right"): _("{right} of {n}").format(right=rate.right, n=rate.n),
        _("Share"): words.share(rate.share),
        _("95 % interval"): words.span(rate.low, rate.high, shares=True),
    }


def _film(model: SynthesisModel, number: int, item: Item, said: bool) -> Film:
    truth = answer_title(item.real)
    if item.made:
        truth = _("{truth}: {label}").format(truth=truth, label=label_title(model, item.made.label))
    right = _("✓ right") if item.real == said else _("✗ you said: {answer}").format(answer=answer_title(said))
    alt = _("Image {number} of the test").format(number=number)
    name = item.brought.name if item.brought else ""
    return Film(
        address(bare(item.pixels)), f"{alt}: {truth}", f"{number} · {truth}", " · ".join(filter(None, [right, name]))
    )


def _downloads(model: SynthesisModel, test: BlindTest, answers: tuple[bool, ...]) -> None:
    stem, name = f"blind_test_{model.card.name}_{test.seed}", model.card.name
    with st.container(horizontal=True, gap="small"):
        take_away(
            _("Answers as CSV"), lambda: as_csv(test, answers), f"{stem}.csv", "text/csv", object=name, key="blind_csv"
        )
        take_away(
            _("Score as JSON"),
            lambda: as_json(model, test, answers),
            f"{stem}.json",
            "application/json",
            object=name,
            key="blind_json",
        )


def as_csv(test: BlindTest, answers: tuple[bool, ...]) -> bytes:
    """A row for each image; a real one by the hash of its file."""
    table = pd.DataFrame(rows(test, answers))
    table["research_use"] = research_notice()
    return harmless_csv(table)


def as_json(model: SynthesisModel, test: BlindTest, answers: tuple[bool, ...]) -> bytes:
    """The score with every image's truth and answer."""
    beside: dict[str, Any] = {
        "research_use": research_notice(),
        "model": model.card.name,
        "version": model.card.version,
        "limits": list(card_words(model.card).limits),
    }
    return json.dumps(beside | as_plain(test, answers), ensure_ascii=False, indent=1).encode()

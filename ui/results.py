"""The one way to show a result: header, answer with its set, findings, refusal, notices, empty state.

What a file says of itself (its name, its patient) is text, never markup: everything that goes into
HTML is escaped here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st

from medai_core.cards import Card
from medai_core.errors import MedAIError, Message
from medai_core.imaging.segmentation import Outline
from medai_core.readings import Finding, Reading
from ui import words
from ui.language import _, card_words, finding_title, say


def empty_state(icon: str, title: str, text: str, key: str = "empty") -> None:
    """What a page shows where there is nothing yet, with what to do about it."""
    with st.container(border=True, key=key, horizontal_alignment="center", gap="small"):
        st.markdown(f":gray[:material/{icon}:]", width="content")
        st.markdown(f"**{title}**", width="content")
        st.markdown(f":gray[{text}]", width="content", text_alignment="center")


def unreadable(file: str, error: MedAIError) -> None:
    """A file that cannot be read: one sentence."""
    st.error(f"{plain(file)}: {plain(say(error.message))}", icon=":material/error:")


def problem(error: MedAIError) -> None:
    """Something that must be mended before the page can be shown: one sentence."""
    st.error(plain(say(error.message)), icon=":material/error:")


def plain(text: str) -> str:
    """Text that a file or a message brings, with nothing left that Markdown would read as markup."""
    return "".join("\\" + c if c in r"\`*_{}[]()<>#+-!|~:$" else c for c in text)


def header(reading: Reading, card: Card | None) -> None:
    """Whose scan, from when, read by which model: stands over every result."""
    image = reading.image
    shown = [
        (_("Patient"), words.patient_title(image.patient), words.patient_facts(image.patient)),
        (_("Scan time"), words.scan_time(image), words.image_facts(image)),
        (_("File"), reading.file, f"SHA-256 {image.sha256[:16]}…"),
        (_("Model"), card_words(card).title if card else "", _model_facts(reading)),
    ]
    header_cells(shown, {_("Model"): _("no model applies")})


def header_cells(shown: Sequence[tuple[str, str, str]], absent: Mapping[str, str] = {}) -> None:
    """What stands over a result: names with what is known, and more of it in small; ``absent`` : what else is said."""
    cells = "".join(
        _fact(name, value or absent.get(name, _("not stated in the file")), more, bool(value))
        for name, value, more in shown
    )
    st.html(f'<dl class="medai-header">{cells}</dl>')


def _fact(name: str, value: str, more: str, known: bool) -> str:
    said = escape(value) if known else f'<span class="medai-absent">{escape(value)}</span>'
    return f"<div><dt>{escape(name)}</dt><dd>{said}<small>{escape(more)}</small></dd></div>"


def facts(rows: Mapping[str, str]) -> None:
    """Names with what they stand for; long values such as hashes wrap."""
    cells = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in rows.items())
    st.html(f'<dl class="medai-facts">{cells}</dl>')


def _model_facts(reading: Reading) -> str:
    facts = [_("version {version}").format(version=reading.version)] if reading.version else []
    return " · ".join([*facts, words.duration(reading.seconds)])


def result(reading: Reading, card: Card | None) -> None:
    """The answer: findings with what they are worth, or the refusal with its reason."""
    if reading.refusal is not None:
        refusal(reading, card)
    else:
        _answer(reading, card)
        if reading.outline is None:
            _findings(reading, card)
            _similar(reading, card)
        else:
            _outline(reading.outline, card)
    notices(reading.notices)


def refusal(reading: Reading, card: Card | None) -> None:
    """Why there are no findings: a result like any other."""
    assert reading.refusal is not None
    st.html(
        '<section class="medai-answer medai-refused">'
        f"<p class='medai-over'>{escape(_('Refused'))}</p>"
        f"<h2>{escape(_('No findings are given for this scan'))}</h2>"
        f"<p>{escape(words.reason(reading.refusal, card))}</p></section>"
    )


def _answer(reading: Reading, card: Card | None) -> None:
    """The conformal set in words, with its coverage."""
    st.html(
        '<section class="medai-answer">'
        f"<p class='medai-over'>{escape(_('Outline') if reading.outline else _('Finding'))}</p>"
        f"<h2>{escape(words.answer(reading, card))}</h2>"
        f"<p>{escape(words.coverage_sentence(reading, card))}</p></section>"
    )


def _outline(outline: Outline, card: Card | None) -> None:
    """What was outlined, in numbers."""
    doubtful = int(outline.doubtful.sum()) if outline.doubtful is not None else 0
    pixels = outline.labels.size if outline.labels is not None else 0
    rows = {
        _("Objects") if outline.many else _("Separate parts"): f"{outline.count}",
        _("Area"): words.area(outline),
        _("Share of the image"): words.percent(outline.area_px / pixels) if pixels else "",
        _("Doubtful"): words.percent(doubtful / pixels) if pixels else "",
    }
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in rows.items() if value
    )
    caption = escape(_("What was outlined: {finding}").format(finding=finding_title(card, outline.finding)))
    st.html(f'<table class="medai-findings"><caption>{caption}</caption><tbody>{body}</tbody></table>')


def _findings(reading: Reading, card: Card | None) -> None:
    """Every finding with its calibrated probability and whether it is in the set."""
    columns = (_("Finding"), _("Probability"), _("In the set"))
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    rows = "".join(_row(finding, card) for finding in reading.findings)
    caption = escape(_("Findings with their calibrated probability"))
    st.html(
        f'<table class="medai-findings"><caption>{caption}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _similar(reading: Reading, card: Card | None) -> None:
    """How similar training images were labelled, and what that is worth."""
    if reading.similar is None:
        return
    more = _("Labels of training images, by the same network that gave the findings: no second opinion.")
    st.html(f'<p class="medai-similar">{escape(words.similar(reading.similar, card))}<small>{escape(more)}</small></p>')


def _row(finding: Finding, card: Card | None) -> str:
    code = next((f.code for f in card.findings if f.name == finding.name), None) if card else None
    more = f"{code.system} {code.value}" if code else ""
    title = words.sentence(finding_title(card, finding.name))
    held = _("yes") if finding.in_set else _("no")
    over = _("over the threshold") if finding.over_threshold else ""
    return (
        f'<tr class="{"medai-in" if finding.in_set else ""}">'
        f'<th scope="row">{escape(title)}<small>{escape(more)}</small></th>'
        f"<td><b>{escape(words.percent(finding.probability))}</b>"
        f'<span class="medai-bar" aria-hidden="true"><i style="width:{100 * finding.probability:.1f}%"></i></span>'
        f"<small>{escape(over)}</small></td>"
        f"<td>{escape(held)}</td></tr>"
    )


def notices(said: Sequence[Message]) -> None:
    """What the reader must know beside the result."""
    if said:
        items = "".join(f"<li>{escape(say(notice))}</li>" for notice in said)
        st.html(f'<ul class="medai-notices" aria-label="{escape(_("Notices"))}">{items}</ul>')


def limits(card: Card, key: str | None = None) -> None:
    """The card's limits, one click away, and the way to the whole card."""
    with st.popover(_("Limits of this model"), icon=":material/rule:", width="stretch", key=key):
        said = card_words(card)
        st.markdown("\n".join(f"- {plain(limit)}" for limit in said.limits))
        st.markdown(f"**{_('Not for')}**: {plain(said.not_for)}")
        st.page_link(
            "pages/system/models.py",
            label=_("The whole card"),
            icon=":material/fact_check:",
            query_params={"model": card.name},
        )

"""A patient placed in a known subtype: asked for, answered or refused, and shown with what stands behind it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import pandas as pd
import streamlit as st

from medai_core.cards import Card
from medai_core.errors import MedAIError
from medai_core.precision.genomics import Placement, Placements
from ui import words
from ui.cached import expression, models
from ui.cached.expression import Asked, Read
from ui.cached.uploads import Upload, given
from ui.language import _, card_words, finding_title, say
from ui.results import empty_state, header_cells, limits, notices, unreadable
from ui.subtypes import decided
from ui.subtypes.asking import LIMIT_MB
from ui.subtypes.place_export import downloads

SHOWN = 80
"""Signs of a sample's name in a list."""


def place() -> None:
    """From a file of profiles to their places."""
    card = _choose()
    upload = _ask(card) if card else None
    if card is None or upload is None:
        return
    turned = st.toggle(_("Genes in rows"), key="placed_turned", help=_("Of several samples; a list of genes is known."))
    try:
        read = expression.read(Asked(upload, bool(turned)))
        _show(Placed(card, read, expression.placed(read, card)))
    except MedAIError as error:
        unreadable(upload.name, error)


@dataclass(frozen=True, eq=False)
class Placed:
    """The samples of a file, placed by one model."""

    card: Card
    read: Read
    placements: Placements


def _choose() -> Card | None:
    """Whose subtypes; None where no model knows any."""
    cards = {card.name: card for card in models().trained("genomics")}
    if not cards:
        empty_state("genetics", _("No model knows subtypes yet"), _("Train one that does; it then appears here."))
        return None
    names, asked = list(cards), st.query_params.get("model")
    choosing, card_of = st.columns([3, 1], gap="medium", vertical_alignment="bottom")
    with choosing:
        name = st.selectbox(
            _("Subtypes of"),
            names,
            index=names.index(asked) if asked in names else 0,
            format_func=lambda name: card_words(cards[name]).title,
            key="placed_model",
        )
    with card_of:
        limits(cards[name], key="placed_limits")
    st.query_params["model"] = name
    return cards[name]


def _ask(card: Card) -> Upload | None:
    """The profiles that the reader gives: an upload, or else the model's own drawn example."""
    uploads, tries = st.columns([3, 2], gap="medium", vertical_alignment="bottom")
    with uploads:
        file = st.file_uploader(
            _("Expression of one patient or several"),
            key="placed_file",
            max_upload_size=LIMIT_MB,
            help=_(
                "A list of two columns, gene and value, is one patient; a matrix (CSV, TSV, Parquet, GCT) has one row "
                "a patient. Genes by probe, gene symbol or Entrez number, on any scale. Files stay in this session."
            ),
        )
    path = models().folder_of(card) / "example.csv"
    with tries:
        tried = st.toggle(
            _("Use the synthetic example"),
            key="placed_example",
            disabled=file is not None or not path.exists(),
            help=_("SYNTHETIC: profiles drawn from what the development cohort has in common; they are nobody's."),
        )
    if file is not None:
        return given(file.name, file.getvalue())
    if tried and path.exists():
        return given(path.name, path.read_bytes(), synthetic=True)
    empty_state(
        "genetics",
        _("No profile yet"),
        _("Drop an expression profile above. Nothing leaves this session."),
        "empty_place",
    )
    return None


def _show(placed: Placed) -> None:
    samples = placed.placements.placed
    notices((*placed.read.expression.notes, *placed.placements.notes))
    one = _pick(placed) if len(samples) > 1 else samples[0]
    _heading(placed, one)
    if one.refusal is not None:
        _refused(one)
    else:
        _answer(placed.card, one)
    downloads(placed.card, placed.read, placed.placements)
    if one.refusal is None:
        left, right = st.columns(2, gap="large")
        with left:
            decided.genes(one)
        with right:
            decided.survival(placed.card, one)


def _pick(placed: Placed) -> Placement:
    """All samples as a table, and one of them."""
    by_name = {p.sample: p for p in placed.placements.placed}
    refused = sum(p.refusal is not None for p in by_name.values())
    st.markdown(_("{n:,} samples, {refused:,} of them refused.").format(n=len(by_name), refused=refused))
    st.dataframe(
        pd.DataFrame([_row(placed.card, p) for p in by_name.values()]).fillna(""),
        hide_index=True,
        column_config={_("Notices"): st.column_config.TextColumn(width="large")},
        height=min(36 * (len(by_name) + 1), 320),
        alt=_("Every sample with its subtype, or the reason why it has none"),
    )
    name = st.selectbox(
        _("Sample"), list(by_name), format_func=lambda name: name[:SHOWN], key=f"placed_sample:{placed.read.id}"
    )
    return by_name[name]


def _row(card: Card, p: Placement) -> dict[str, str]:
    if p.refusal is not None:
        return {_("Sample"): p.sample[:SHOWN], _("Subtype"): _("refused"), _("Notices"): say(p.refusal)}
    return {
        _("Sample"): p.sample[:SHOWN],
        _("Subtype"): finding_title(card, p.subtype),
        _("Probability"): words.percent(max(p.probability)),
        _("Share explained"): words.share(p.explained),
        _("Notices"): " ".join(say(m) for m in p.warnings),
    }


def _heading(placed: Placed, one: Placement) -> None:
    upload, card = placed.read.upload, placed.card
    made = _("SYNTHETIC example") if upload.synthetic else f"SHA-256 {upload.sha256[:16]}…"
    genes = _("{shared} of {total} genes").format(shared=placed.placements.shared, total=placed.placements.total)
    header_cells(
        [
            (_("Sample"), one.sample[:200], genes),
            (_("File"), upload.name[:200], made),
            (_("Model"), card_words(card).title, _("version {version}").format(version=card.version)),
        ]
    )


def _refused(one: Placement) -> None:
    """Why there is no subtype: a result like any other."""
    assert one.refusal is not None
    st.html(
        '<section class="medai-answer medai-refused">'
        f"<p class='medai-over'>{escape(_('Refused'))}</p>"
        f"<h2>{escape(_('This sample is placed in no subtype'))}</h2><p>{escape(say(one.refusal))}</p></section>"
    )


def _answer(card: Card, one: Placement) -> None:
    """The subtype with the probability of each, and how far the sample is from them."""
    probability = words.percent(max(one.probability))
    st.html(
        '<section class="medai-answer">'
        f"<p class='medai-over'>{escape(_('Most probable subtype'))}</p>"
        f"<h2>{escape(words.sentence(finding_title(card, one.subtype)))}: {escape(probability)}</h2>"
        f"<p>{escape(_set_words(card, one))}</p><p>{escape(_explained(one))}</p></section>"
    )
    columns = (_("Subtype"), _("Probability"), _("Distance"))
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    each = zip(card.findings, one.probability, one.distance, strict=True)
    body = "".join(_bar(finding_title(card, f.name), p, d, held=f.name == one.subtype) for f, p, d in each)
    caption = escape(_("Subtypes with their calibrated probability"))
    st.html(
        f'<table class="medai-findings"><caption>{caption}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
    st.caption(_("Distance: root mean square over the genes, in their standard deviations in the cohort."))
    notices(one.warnings)


def _set_words(card: Card, one: Placement) -> str:
    """The subtypes that are not ruled out, and how often such sets were measured to hold the right one."""
    assert card.measured is not None
    titles = words.joined([finding_title(card, name) for name in one.possible])
    level, coverage = words.share(card.measured.level), card.measured.promised
    said = _(
        "Not ruled out at {level}: {titles}. Of patients left out when the subtypes were found, such sets held the "
        "own one in {share} (95 % interval {span}; n = {n})."
    )
    span = words.span(coverage.low, coverage.high, shares=True)
    return said.format(level=level, titles=titles, share=words.share(coverage.value), span=span, n=coverage.n)


def _explained(one: Placement) -> str:
    return _(
        "The cohort's components explain {share} of how this profile differs from the cohort's mean; a foreign profile "
        "is near 0 %."
    ).format(share=words.share(one.explained))


def _bar(title: str, probability: float, distance: float, *, held: bool) -> str:
    return (
        f'<tr class="{"medai-in" if held else ""}"><th scope="row">{escape(words.sentence(title))}</th>'
        f"<td><b>{escape(words.percent(probability))}</b>"
        f'<span class="medai-bar" aria-hidden="true"><i style="width:{100 * probability:.1f}%"></i></span></td>'
        f"<td>{distance:.2f}</td></tr>"
    )

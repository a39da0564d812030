"""What is told of a patient: survival at the card's years, the curves, what expression adds; or the refusal."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from medai_core.cards.survival import ShareAt
from medai_core.errors import Message
from medai_core.precision.survival import Course
from medai_core.records.report.treatment import PARTS
from ui import words
from ui.colours import DASHES, LINES
from ui.figures import show, table
from ui.language import _, card_words, say, wording
from ui.results import header_cells
from ui.survival.asking import Patient

BAND = "rgba(59,143,201,0.18)"


def about(patient: Patient, message: Message) -> str:
    """A sentence of the core, predictors by their titles in the reader's language."""
    return wording().about_predictor(patient.card, message)


def part_title(part: str) -> str:
    """A part of the model in words: "History and treatment"."""
    return words.sentence(_(PARTS[part]))


def heading(patient: Patient) -> None:
    """Who, from which file, when, by which model: stands over every result."""
    upload, card = patient.upload, patient.card
    made = "" if upload is None else _("SYNTHETIC example") if upload.synthetic else f"SHA-256 {upload.sha256[:16]}…"
    version = _("version {version}").format(version=card.version)
    header_cells(
        [
            (_("Patient"), patient.label[:200], ""),
            (_("File"), upload.name[:200] if upload else "", made),
            (_("Time"), patient.when.strftime("%Y-%m-%d %H:%M"), ""),
            (_("Model"), card_words(card).title, version),
        ],
        {_("Patient"): _("not named"), _("File"): _("none")},
    )


def refused(patient: Patient) -> None:
    """Why there is nothing to tell: a result like any other."""
    items = "".join(f"<p>{escape(about(patient, reason))}</p>" for reason in patient.found.refusals)
    st.html(
        '<section class="medai-answer medai-refused">'
        f"<p class='medai-over'>{escape(_('Refused'))}</p>"
        f"<h2>{escape(_('No survival is given for these values'))}</h2>{items}</section>"
    )


def adds(patient: Patient) -> str:
    """Whether expression was shown to add anything, over everybody."""
    gain = patient.model.survived.gains[0]
    if not gain.adds:
        return say(Message("survival.adds_nothing"))
    span = words.span(gain.concordance.low, gain.concordance.high)
    return _(
        "Over everybody expression adds {gain:.3f} to the C-index of history and treatment (95 % interval {span}; "
        "n = {n}); below stands for whom."
    ).format(gain=gain.concordance.value, span=span, n=gain.n)


def told(patient: Patient) -> None:
    """Survival at the card's years with its interval, and what must be known beside it."""
    found = patient.found
    over = _("Survival according to {part}").format(part=_(PARTS[found.part]))
    shares = "; ".join(_at(s) for s in found.at)
    intervals = "; ".join(interval(s) for s in found.at)
    meaning = _(
        "The interval says how far this estimate would move had the cohort been another sample of people; "
        "it does not say how sure this patient's fate is."
    )
    st.html(
        '<section class="medai-answer">'
        f"<p class='medai-over'>{escape(over)}</p><h2>{escape(shares)}</h2>"
        f"<p>{escape(intervals)}</p><p class='medai-meaning'>{escape(meaning)}</p></section>"
    )
    _notices(noticed(patient))


def noticed(patient: Patient) -> list[str]:
    """What must be known beside it; where no file was given, nothing is said of what is in it."""
    found = [about(patient, m) for m in patient.found.notices if patient.upload or m.id != "survival.clinical_alone"]
    if patient.upload is None:
        found.insert(0, _("No expression was given: this is survival by history and treatment alone."))
    return found


def _notices(sentences: Sequence[str]) -> None:
    if sentences:
        items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
        st.html(f'<ul class="medai-notices" aria-label="{escape(_("Notices"))}">{items}</ul>')


def _at(s: ShareAt) -> str:
    return _("{share} alive at {years:g} years").format(share=words.percent(s.share.value), years=s.years)


def interval(s: ShareAt) -> str:
    """The interval of survival at one year, in words."""
    span = words.span(s.share.low, s.share.high, shares=True)
    return _("at {years:g} years 95 % interval {span}").format(years=s.years, span=span)


def curves(patient: Patient) -> None:
    """Survival over time by every part that can answer, the band that of the one that does."""
    courses = patient.found.courses
    figure = go.Figure()
    first = courses[0]
    years = first.years.tolist()
    figure.add_scatter(
        x=years + years[::-1],
        y=first.high.tolist() + first.low.tolist()[::-1],
        fill="toself",
        fillcolor=BAND,
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
    )
    for i, course in enumerate(courses):
        figure.add_scatter(
            x=course.years,
            y=course.share,
            name=part_title(course.part),
            mode="lines",
            line={"color": LINES[i], "width": 1.5 if i else 2.5, "dash": DASHES[i]},
            hovertemplate="%{x:.1f}: %{y:.1%}<extra>%{fullData.name}</extra>",
        )
    figure.update_xaxes(title=_("Years"), dtick=2)
    figure.update_yaxes(title=_("Share alive"), tickformat=".0%", range=[0, 1.02])
    said = "; ".join(_at(s) for s in patient.found.at)
    show(figure, _("Survival curve with its 95 % band") + ": " + said, "survive_curves", 360, legend=True)
    table(_rows(courses), _("Survival curve with its 95 % band"))


def _rows(courses: Sequence[Course]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                _("According to"): part_title(c.part),
                _("Years"): f"{year:g}",
                _("Share alive"): words.share(share),
                _("95 % interval"): words.span(low, high, shares=True),
            }
            for c in courses
            for year, share, low, high in zip(*(a.tolist() for a in (c.years, c.share, c.low, c.high)), strict=True)
        ]
    )

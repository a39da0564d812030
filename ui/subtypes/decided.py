"""What stands behind a placement: the genes that decide, and how the subtype's people in the cohort fared."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from medai_core.cards import Card
from medai_core.cards.subtypes import SubtypeSurvival
from medai_core.precision.genomics import Placement
from ui import words
from ui.colours import DASHES, GROUPS, SYMBOLS
from ui.figures import ACCENT, ink, show, table
from ui.figures_cohort import OTHER
from ui.language import _, finding_title
from ui.subtypes.said import p_words


def genes(one: Placement) -> None:
    """What each gene says for the subtype against the next, in log-odds."""
    st.subheader(_("Genes that decide"), anchor=False)
    names, steps = [name[:24] for name, _step in one.genes], [step for _name, step in one.genes]
    figure = go.Figure(
        go.Bar(
            orientation="h",
            y=names,
            x=steps,
            text=[f"{_('for it') if step > 0 else _('against')} {abs(step):.2f}" for step in steps],
            textposition="outside",
            textfont={"color": ink()},
            marker={"color": [OTHER if step > 0 else ACCENT for step in steps]},
            cliponaxis=False,
            hovertemplate="%{y}: %{x:.2f}<extra></extra>",
        )
    )
    most = max((abs(step) for step in steps), default=1.0) or 1.0
    low, high = (most * 1.45 * any(step * sign > 0 for step in steps) + most * 0.1 for sign in (-1, 1))
    figure.add_vline(x=0, line={"width": 1, "color": "gray"})
    figure.update_yaxes(type="category", autorange="reversed", automargin=True, showgrid=False)
    figure.update_xaxes(title=_("Log-odds for this subtype against the next"), range=[-low, high])
    alt = _("Genes that decide") + ": " + "; ".join(f"{n} {s:+.2f}" for n, s in zip(names, steps, strict=True))
    show(figure, alt, "placed_genes", 90 + 34 * len(names))
    rows = {_("Gene"): names, _("Log-odds"): [f"{step:+.2f}" for step in steps]}
    table(pd.DataFrame(rows), _("Genes that decide"))


def survival(card: Card, one: Placement) -> None:
    """The subtype's survival in the cohort at whole years, those of the others beside it."""
    assert card.measured is not None and card.measured.subtyped is not None
    found = card.measured.subtyped
    st.subheader(_("Survival of the subtype in the cohort"), anchor=False)
    own = next(s for s in found.survival if s.name == one.subtype)
    st.markdown(_own_words(card, own))
    curves(card, found.survival, one.subtype)
    st.caption(
        _(
            "Kaplan-Meier at whole years with 95 % intervals, in the development cohort; log-rank p of all subtypes "
            "{p}. It is what became of that group, treated as it was, and no forecast for this patient."
        ).format(p=p_words(found.log_rank_p))
    )


def _own_words(card: Card, own: SubtypeSurvival) -> str:
    """The last whole year that enough people were followed to, in a sentence."""
    said = _("{subtype}: {n} people in the cohort, {events} with the event.")
    text = said.format(subtype=words.sentence(finding_title(card, own.name)), n=own.n, events=own.events)
    for year in (5.0, 10.0):
        if year in own.years:
            i = own.years.index(year)
            more = _("At {year:g} years {share} were without it (95 % interval {span}; {left} still followed).")
            text += " " + more.format(
                year=year,
                share=words.share(own.share[i]),
                span=words.span(own.low[i], own.high[i], shares=True),
                left=own.at_risk[i],
            )
    return text


def curves(card: Card, found: tuple[SubtypeSurvival, ...], subtype: str = "", key: str = "placed_survival") -> None:
    """Every subtype at whole years; ``subtype`` is drawn strongly, the others faintly."""
    figure = go.Figure()
    for i, s in enumerate(found):
        strong = not subtype or s.name == subtype
        figure.add_scatter(
            x=s.years,
            y=s.share,
            name=words.sentence(finding_title(card, s.name)),
            mode="lines+markers",
            opacity=1 if strong else 0.45,
            line={"color": GROUPS[i % len(GROUPS)], "width": 2.5 if strong else 1.5, "dash": DASHES[i % len(DASHES)]},
            marker={"symbol": SYMBOLS[i % len(SYMBOLS)], "size": 9 if strong else 6},
            error_y={
                "array": [h - v for h, v in zip(s.high, s.share, strict=True)],
                "arrayminus": [v - low for v, low in zip(s.share, s.low, strict=True)],
                "thickness": 1.5,
                "visible": strong,
            },
            hovertemplate=_("year {year}").format(year="%{x}") + ": %{y:.1%}<extra>%{fullData.name}</extra>",
        )
    figure.update_xaxes(title=_("Years"), rangemode="tozero", zeroline=False)
    figure.update_yaxes(title=_("Share without the event"), tickformat=".0%", range=[0, 1.05])
    parts = [f"{finding_title(card, s.name)}: n = {s.n}, {_('events')}: {s.events}" for s in found]
    show(figure, _("Survival of the subtypes in the cohort") + ": " + "; ".join(parts), key, 360, legend=True)
    table(_rows(card, found), _("Survival of the subtypes in the cohort"))


def _rows(card: Card, found: tuple[SubtypeSurvival, ...]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                _("Subtype"): finding_title(card, s.name),
                _("Years"): f"{year:g}",
                _("Share without the event"): words.share(s.share[i]),
                _("95 % interval"): words.span(s.low[i], s.high[i], shares=True),
                _("At risk"): s.at_risk[i],
            }
            for s in found
            for i, year in enumerate(s.years)
        ]
    )

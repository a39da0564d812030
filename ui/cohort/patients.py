"""Who was scored and who was not: the answer first, the refused rows with their reasons, and all of it to take away."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import PurePath

import pandas as pd
import streamlit as st

from medai_core.cards import Card
from medai_core.errors import N_, Message
from medai_core.evaluation import scoring
from medai_core.sources.intake import Problem
from medai_core.sources.tables import harmless_csv, parquet
from ui import words
from ui.cached.uploads import Upload
from ui.cards.risk import outcome_title
from ui.cohort.scored import Cohort
from ui.language import _, card_words, category_title, predictor_title, say, wording
from ui.results import plain
from ui.taking import take_away

PAGE = 25
ORDERS = {"row": N_("as in the table"), "risk": N_("highest risk first"), "warnings": N_("most warnings first")}
SHOWN = 1000
"""Refused cells that the page lists; the download has all."""


def heading(upload: Upload, card: Card) -> None:
    """Which table, scored by which model: stands over every result."""
    shown = (
        (_("Table"), upload.name, f"SHA-256 {upload.sha256[:16]}…"),
        (_("Outcome"), outcome_title(card), ""),
        (_("Model"), card_words(card).title, _("version {version}").format(version=card.version)),
    )
    cells = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}<small>{escape(more)}</small></dd></div>"
        for name, value, more in shown
    )
    st.html(f'<dl class="medai-header">{cells}</dl>')


def answer(cohort: Cohort) -> None:
    """How many rows have a risk, and what those risks are."""
    scored = cohort.scored
    n, g = len(scored.table), len(scored.place)
    counts = _("{g:,} of {n:,} rows scored, {b:,} not").format(n=n, g=g, b=n - g)
    if g == 0:
        said = _("No row could be scored; the reasons stand below, cell by cell.")
        _section(_("Not scored"), counts, [said], refused=True)
        return
    risk = scored.estimates.risk
    mean = _("{outcome}: mean risk {mean}; half of these people have {span}.").format(
        outcome=outcome_title(cohort.card),
        mean=words.percent(float(risk.mean())),
        span=words.span(*pd.Series(risk).quantile([0.25, 0.75]), shares=True),
    )
    warned = sum(map(bool, scored.warnings))
    _section(
        _("Scored"),
        counts,
        [mean, _("Scored rows with a warning: {n:,}.").format(n=warned), *_unasked(cohort)],
    )


def _unasked(cohort: Cohort) -> list[str]:
    """The predictors that nobody in the table has."""
    absent = [p.name for p in cohort.card.predictors if p.name not in cohort.scored.intake.matched]
    titles = words.joined([predictor_title(cohort.card, name) for name in absent])
    return [_("Unknown in every row: {titles}.").format(titles=titles)] if absent else []


def _section(over: str, title: str, lines: list[str], *, refused: bool = False) -> None:
    opening = '<section class="medai-answer medai-refused">' if refused else '<section class="medai-answer">'
    body = "".join(f"<p>{escape(line)}</p>" for line in lines)
    st.html(f'{opening}<p class="medai-over">{escape(over)}</p><h2>{escape(title)}</h2>{body}</section>')


def refused(cohort: Cohort) -> None:
    """Every cell that kept a row from being scored, with what was expected."""
    problems, n = cohort.scored.intake.problems, int((~cohort.scored.intake.good).sum())
    if not problems:
        return
    with st.expander(
        _("Rows not scored, with the reason: {n:,}").format(n=n), icon=":material/block:", expanded=len(problems) <= 20
    ):
        often = pd.Series([p.column for p in problems]).value_counts().head(5)
        parts = ", ".join(f"{plain(column)} ({count:,})" for column, count in often.items())
        st.markdown(_("Cells that do not fit, by column: {columns}.").format(columns=parts))
        matched = cohort.scored.intake.matched
        titles = {column: predictor_title(cohort.card, name) for name, column in matched.items()}
        st.dataframe(
            pd.DataFrame([_problem_row(p, titles) for p in problems[:SHOWN]]),
            hide_index=True,
            height=min(36 * (len(problems) + 1), 320),
            alt=_("Rows that were not scored, with the reason"),
        )
        if len(problems) > SHOWN:
            st.caption(_("The first {n:,} of {all:,} cells; the download has all.").format(n=SHOWN, all=len(problems)))
        take_away(
            _("Rows not scored as CSV"),
            lambda: harmless_csv(scoring.refused_table(cohort.scored)),
            f"{_stem(cohort)}_not_scored.csv",
            "text/csv",
            object=cohort.card.name,
        )


def _problem_row(p: Problem, titles: Mapping[str, str]) -> dict[str, object]:
    return {
        _("Row"): p.row,
        _("Column"): p.column,
        _("Value"): p.value,
        _("Expected"): say(p.expected),
        _("Predictor"): titles.get(p.column, ""),
    }


def warning(message: Message, card: Card) -> str:
    """A warning in the reader's language, the predictor by its title."""
    return wording().about_predictor(card, message)


def table(cohort: Cohort, *, moved: bool) -> None:
    """The scored patients, a page at a time, highest risk first if asked."""
    scored, found = cohort.scored, cohort.estimates(moved=moved)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        order = st.selectbox(
            _("Order"),
            list(ORDERS),
            format_func=lambda name: _(ORDERS[name]),
            key="cohort_order",
            width=220,
        )
        pages = max(1, -(-len(scored.place) // PAGE))
        page = st.number_input(
            _("Page, of {n:,}").format(n=pages), 1, pages, 1, key=f"cohort_page:{order}:{pages}", width=180
        )
    places = scoring.ordered(scored, order)[(page - 1) * PAGE : page * PAGE]
    rows = [_patient(cohort, i, found.risk[i], found.low[i], found.high[i]) for i in places]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        height="content",
        column_config={_("Warnings"): st.column_config.TextColumn(width="large")},
        alt=_("Scored patients with risk, interval and warnings"),
    )
    st.caption(_("Intervals: how far the risk would move had the development cohort been another sample of people."))


def _patient(cohort: Cohort, i: int, risk: float, low: float, high: float) -> dict[str, object]:
    """One scored patient as a row of the table."""
    card, place = cohort.card, int(cohort.scored.place[i])
    given = cohort.scored.intake.rows.iloc[place]
    return {
        _("Row"): place + 1,
        _("Risk"): words.percent(risk),
        _("95 % interval"): words.span(low, high, shares=True),
        _("Warnings"): " ".join(warning(m, card) for m in cohort.scored.warnings[i]),
        **{predictor_title(card, p.name): _cell(card, p.name, p.decimals, given[p.name]) for p in card.predictors},
    }


def _cell(card: Card, predictor: str, decimals: int, value: object) -> str:
    if value is None or value != value:
        return "–"
    return category_title(card, predictor, value) if isinstance(value, str) else f"{value:.{decimals}f}"


def downloads(cohort: Cohort, *, moved: bool) -> None:
    """Every row to take away, the refused ones with their reasons."""

    def taken() -> pd.DataFrame:
        return scoring.results_table(cohort.scored, cohort.estimates(moved=True) if moved else None)

    with st.container(horizontal=True, gap="small"):
        take_away(
            _("All rows as CSV"),
            lambda: harmless_csv(taken()),
            f"{_stem(cohort)}.csv",
            "text/csv",
            object=cohort.card.name,
        )
        take_away(
            _("All rows as Parquet"),
            lambda: parquet(taken()),
            f"{_stem(cohort)}.parquet",
            "application/vnd.apache.parquet",
            object=cohort.card.name,
        )


def _stem(cohort: Cohort) -> str:
    return f"{PurePath(cohort.upload.name).stem or 'table'}_{cohort.card.name}"

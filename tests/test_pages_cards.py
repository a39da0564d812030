"""What a reader sees on the cards of models that watch a stay, with the real models behind them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from medai_core.cards import Card, Measure
from medai_core.catalog import Catalog, find_models
from ui import cached

ROOT = Path(__file__).parent.parent
PAGE = "pages/system/models.py"
FOUND = find_models()
WATCHING = [card for card in FOUND.cards if card.task == "monitoring" and not card.own]
every_card = pytest.mark.parametrize("card", WATCHING, ids=lambda card: card.name)
ANSWERS = {"lstm": "answers alone", "ensemble": "not the recurrent network (LSTM) alone", "boosting": "It is not"}


@pytest.fixture(autouse=True)
def nothing_is_kept() -> None:
    """All AppTests share one session, and so its caches."""
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """The page of a card that may have been changed."""

    def show(card: Card, **query: str) -> AppTest:
        monkeypatch.setattr(cached, "find_models", lambda: Catalog(FOUND.folder, (card,)))
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        at.query_params["model"] = card.name
        for name, value in query.items():
            at.query_params[name] = value
        at = at.run().switch_page(PAGE).run()
        assert not at.exception
        return at

    return show


def text(at: AppTest) -> str:
    return "\n".join(str(e.value) for e in (*at.markdown, *at.subheader, *at.caption, *at.get("html"))).replace(
        "\\", ""
    )


def tables(at: AppTest, *columns: str) -> list[pd.DataFrame]:
    """The tables that have all of these columns."""
    shown = [e.value for e in (*at.dataframe, *at.table)]
    return [t for t in shown if set(columns) <= set(t.columns)]


def with_gains(card: Card, best: str, gains: Sequence[tuple[str, float, float, float]], hour: int) -> Card:
    """The card, had another estimator come out first with these paired differences in AUC."""
    assert card.measured is not None and card.measured.monitored is not None
    kept = tuple(m for m in card.measured.performance if not m.measure.endswith("_gain"))
    made = tuple(
        Measure("auc_gain", v, low, high, 60, 60, "test", model=name, hour=hour) for name, v, low, high in gains
    )
    monitored = replace(card.measured.monitored, recommended=best)
    return replace(card, measured=replace(card.measured, performance=(*kept, *made), monitored=monitored))


@every_card
def test_the_card_shows_what_it_takes_with_units_ranges_and_when_a_value_is_old(
    card: Card, show: Callable[..., AppTest]
) -> None:
    (table,) = tables(show(card), "Plausible range", "Old after")
    assert len(table) == len(card.predictors)
    spec = card.monitoring
    assert spec is not None
    for p, row in zip(card.predictors, table.to_dict("records"), strict=True):
        assert row["Old after"] == (f"{spec.stale_hours[p.name]:g} hours" if p.name in spec.stale_hours else "")
        assert row["Counts by"] == ("its value" if p.name in spec.fixed else "its course")
        assert row["Unit"].startswith(p.unit)
        assert f"{p.low:g} to {p.high:g}" in row["Plausible range"] or p.categories


@every_card
def test_what_is_typical_stands_beside_a_predictor(card: Card, show: Callable[..., AppTest]) -> None:
    assert card.measured is not None and card.measured.monitored is not None
    monitored = replace(card.measured.monitored, typical={"heart_rate": (60.4, 82.0, 117.6)})
    (table,) = tables(show(replace(card, measured=replace(card.measured, monitored=monitored))), "Typical")
    row = table.set_index("Name in tables").loc[lambda t: t.index.str.startswith("heart_rate")].iloc[0]
    assert (row["Typical"], row["5 to 95 % of the cohort"]) == ("82", "60 to 118")


@every_card
def test_every_measure_of_the_card_stands_in_a_table_with_its_interval(
    card: Card, show: Callable[..., AppTest]
) -> None:
    assert card.measured is not None
    at = show(card)
    shown = {str(cell) for t in tables(at) for cell in t.to_numpy().ravel()} | {text(at)}
    everything = "\n".join(shown)
    own = [m for m in card.measured.performance if not m.model or m.data == "test"]
    for m in own:
        if m.measure in ("patients_caught", "alarms_per_patient_day"):
            continue
        value, low, high = (f"{round(v, 3) + 0.0:.3f}" for v in (m.value, m.low, m.high))
        assert f"{value} ({low} to {high})" in everything, m
    caught = next(m for m in own if m.measure == "patients_caught")
    assert f"{100 * caught.value:.1f} %" in everything
    assert f"n = {caught.n} stays" in everything


@every_card
def test_alarm_levels_stand_in_a_table_and_the_one_offered_first_is_marked(
    card: Card, show: Callable[..., AppTest]
) -> None:
    assert card.measured is not None and card.measured.monitored is not None
    monitored = card.measured.monitored
    (table,) = tables(show(card), "Level", "Events caught")
    assert len(table) == len(monitored.levels)
    (marked,) = [row for row in table.to_dict("records") if "←" in row["Level"]]
    first = next(v for v in monitored.levels if v.level == monitored.level)
    assert marked["Alarms"].startswith(f"{first.alarms.value:.1f} (")
    assert marked["False"].startswith(f"{first.false.value:.1f} (")


@every_card
def test_figures_say_in_words_what_they_show(card: Card, show: Callable[..., AppTest]) -> None:
    charts = [e.proto for e in show(card).get("plotly_chart")]
    assert len(charts) >= 4
    for chart in charts:
        title, _colon, numbers = str(chart.alt).partition(":")
        assert title
        assert len(re.findall(r"\d+\.\d+", numbers)) >= 3, chart.alt


@every_card
@pytest.mark.parametrize("best", ANSWERS)
def test_it_is_said_who_answers_and_whether_a_difference_is_one(
    card: Card, best: str, show: Callable[..., AppTest]
) -> None:
    assert card.monitoring is not None
    hour = card.monitoring.last_hour
    others = [name for name in ("lstm", "boosting", "logistic", "ensemble") if name != best]
    gains = [(others[0], 0.03, 0.01, 0.05), (others[1], -0.03, -0.05, -0.01), (others[2], 0.01, -0.02, 0.04)]
    said = text(show(with_gains(card, best, gains, hour)))
    assert ANSWERS[best] in said
    assert ("no paired difference was computed" in said) == (best != "lstm")
    where = f"at hour {hour}" if hour else "over all hours"
    assert f"{where}: better by 0.030 in AUC; the difference's interval (0.010 to 0.050) excludes 0." in said
    assert f"{where}: worse by 0.030 in AUC; the difference's interval (-0.050 to -0.010) excludes 0." in said
    assert f"{where}: not clear; the interval of their difference in AUC (-0.020 to 0.040) holds 0." in said


@every_card
def test_the_head_speaks_of_the_last_hour(card: Card, show: Callable[..., AppTest]) -> None:
    assert card.monitoring is not None
    labels = [metric.label for metric in show(card).metric]
    assert labels[0] == (f"AUC at hour {card.monitoring.last_hour}" if card.monitoring.hours else "AUC")
    assert ("Utility of warnings" in labels) == bool(card.monitoring.outcomes.hour)


@every_card
def test_the_card_is_there_in_chinese(card: Card, show: Callable[..., AppTest]) -> None:
    at = show(card, lang="zh_CN")
    said = text(at)
    assert "警报" in said
    assert not [word for word in ("recurrent network", "gradient boosting", "patient-days", "at hour") if word in said]
    headings = [str(column) for t in tables(at) for column in t.columns]
    assert not [h for h in headings if " hour" in h or "Alarms" in h]


def test_a_card_that_was_not_measured_is_shown_all_the_same(show: Callable[..., AppTest]) -> None:
    card = replace(WATCHING[0], measured=None)
    at = show(card)
    assert "not been measured" in at.info[0].value
    assert len(tables(at, "Old after")[0]) == len(card.predictors)

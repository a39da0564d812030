"""What a clinician sees on the page Risk, with the real models behind it."""

from __future__ import annotations

import csv
import json
import re
import time
from pathlib import Path

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from medai_core.cards import Card, PredictorSpec
from medai_core.catalog import Catalog
from medai_core.prognosis.assessment import typical
from medai_core.prognosis.entries import Unit, units
from medai_core.prognosis.recourse import modifiable, recourse
from medai_core.prognosis.risk import estimate, recalibrated
from medai_core.prognosis.risk.estimators import Trees
from tests.risks import MODELS, table
from ui import words
from ui.forms import FIRST
from ui.language import speaking
from ui.risk import export

ROOT = Path(__file__).parent.parent
PAGE = "pages/patients/risk.py"
OUTCOMES = MODELS.outcomes()
every_outcome = pytest.mark.parametrize("cards", OUTCOMES.values(), ids=list(OUTCOMES))


@pytest.fixture(autouse=True)
def nothing_is_kept() -> None:
    """All AppTests share one session, and so its caches."""
    st.cache_data.clear()
    st.cache_resource.clear()


def opened(card: Card, **query: str) -> AppTest:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    for name, value in {"outcome": card.outcome, **query}.items():
        at.query_params[name] = value
    return at.run().switch_page(PAGE).run()


def text(at: AppTest) -> str:
    """Every text on the page, without the escapes that keep it from being Markdown."""
    assert not at.exception, at.exception
    return "\n".join([*(str(getattr(element, "value", "")) for element in at), html(at)]).replace("\\", "")


def html(at: AppTest) -> str:
    """What the page draws itself, without its style."""
    return "\n".join(body for element in at.get("html") if "<style>" not in (body := str(element.proto.body)))


def field(at: AppTest, card: Card, p: PredictorSpec, unit: str | None = None):  # type: ignore[no-untyped-def]
    if p.kind == "category":
        return at.selectbox(key=f"risk_value:{card.outcome}:{p.name}")
    return at.number_input(key=f"risk_value:{card.outcome}:{p.name}:{p.unit if unit is None else unit}")


def number(card: Card, **wanted: object) -> PredictorSpec:
    """A number among the card's predictors, with what is wanted of it."""
    return next(
        p for p in card.predictors if p.kind == "number" and all(bool(getattr(p, k)) == v for k, v in wanted.items())
    )


def converted() -> tuple[Card, PredictorSpec, Unit]:
    """A predictor with another unit that is not the same number."""
    for cards in OUTCOMES.values():
        for p in cards[0].predictors:
            if p.other_unit and p.other_unit.factor != 1:
                return cards[0], p, units(p, typical(MODELS.risk_model(cards[0]))[p.name])[1]
    raise AssertionError("no trained card has another unit")


def shown_risk(at: AppTest) -> str:
    """The big number."""
    return re.findall(r"<h2 class='medai-number'>(.*?)</h2>", html(at))[0]


def risk_of(card: Card, **changed: float | str | None) -> float:
    """What the model itself says of the typical patient, or of one who differs from that in something."""
    model = MODELS.risk_model(card)
    return float(estimate(model, table(card, {**typical(model), **changed})).risk[0])


def said(risk: float) -> str:
    return words.percent(risk).replace("<", "&lt;").replace(">", "&gt;")


def frame(at: AppTest, column: str) -> pd.DataFrame:
    return next(d.value for d in [*at.dataframe, *at.table] if column in d.value)


def taken(at: AppTest, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, object], list[list[str]]]:
    """What the two buttons hand out when the page runs again."""
    found: dict[str, bytes] = {}
    with monkeypatch.context() as patched:
        patched.setattr(export, "take_away", lambda _label, make, _name, mime, **_more: found.setdefault(mime, make()))
        at.run()
    rows = list(csv.reader(found["text/csv"].decode("utf-8-sig").splitlines()))
    return json.loads(found["application/json"]), rows


@every_outcome
def test_the_form_starts_at_the_typical_patient_and_asks_every_predictor(cards: tuple[Card, ...]) -> None:
    card = cards[0]
    model = MODELS.risk_model(card)
    at, own = opened(card), typical(model)
    for p in card.predictors:
        assert field(at, card, p).value == own[p.name], p.name
        assert p.kind == "category" or field(at, card, p).value != p.low or p.low == own[p.name]
    found = estimate(model, table(card, own))
    assert shown_risk(at) == said(float(found.risk[0]))
    assert words.span(float(found.low[0]), float(found.high[0]), shares=True) in text(at)
    assert ("more predictors" in "".join(e.label for e in at.expander)) == (len(card.predictors) > FIRST)


@every_outcome
def test_the_answer_is_told_in_people_with_the_place_in_the_cohort_and_what_the_interval_means(
    cards: tuple[Card, ...],
) -> None:
    at = opened(cards[0])
    page = text(at)
    assert re.search(r'role="img" aria-label="(About|Fewer|More) [^"]* of 100 people like this', page)
    assert html(at).count("<i class=") == 100
    assert "of the development cohort have a lower predicted risk" in page
    assert "it does not say how sure this patient" in page
    measured = cards[0].measured
    assert measured is not None
    assert any("Free of the event" in d.value for d in at.dataframe) == (measured.survival is not None)


@every_outcome
def test_every_predictor_may_be_unknown_and_the_page_says_how_that_is_treated(cards: tuple[Card, ...]) -> None:
    card = cards[0]
    at = opened(card)
    for p in card.predictors:
        field(at, card, p).set_value(None if p.kind == "number" else "")
    at.run()
    assert shown_risk(at) == said(float(estimate(MODELS.risk_model(card), table(card, {})).risk[0]))
    assert f"{len(card.predictors)} of {len(card.predictors)} predictors are unknown" in text(at)
    (treated,) = [c.value.replace("\\", "") for c in at.caption if c.value.startswith("Unknown")]
    assert all(p.title in treated for p in card.predictors)
    flags = MODELS.risk_model(card).encoding.flagged
    assert treated.count("term of its own") == flags.sum()


def test_changing_the_unit_converts_the_field_both_ways_and_changes_no_risk() -> None:
    card, p, other = converted()
    at = opened(card)
    before, own = shown_risk(at), field(at, card, p).value
    at.segmented_control(key=f"risk_unit:{card.outcome}:{p.name}").set_value(other.name).run()
    assert field(at, card, p, other.name).value == round(other.of(own), other.decimals)
    assert other.name in field(at, card, p, other.name).label
    assert shown_risk(at) == before
    high = other.range(p)[1]
    field(at, card, p, other.name).set_value(high).run()
    assert shown_risk(at) == said(risk_of(card, **{p.name: other.back(high)}))
    at.segmented_control(key=f"risk_unit:{card.outcome}:{p.name}").set_value(p.unit).run()
    assert field(at, card, p).value == round(other.back(high), p.decimals)


def test_a_value_out_of_range_is_refused_with_the_range_in_its_unit_and_nothing_else_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    card, p, other = converted()
    at = opened(card)
    first = number(card, other_unit=False)
    field(at, card, first).set_value(first.high - 1)
    at.segmented_control(key=f"risk_unit:{card.outcome}:{p.name}").set_value(other.name).run()
    low, high = other.range(p)
    field(at, card, p, other.name).set_value(10 * high).run()
    page = text(at)
    assert "No risk is given for these values" in page
    assert f"{p.title} {10 * high:g} {other.name} is outside the plausible range of {low:g} to {high:g}" in page
    assert "medai-number" not in html(at)
    assert field(at, card, p, other.name).value == 10 * high
    assert field(at, card, first).value == first.high - 1
    facts, rows = taken(at, monkeypatch)
    assert "outside the plausible range" in str(facts["refused"])
    assert "risk" not in facts
    assert any("outside the plausible range" in cell for row in rows for cell in row)


@every_outcome
def test_a_patient_unlike_the_cohort_is_told_what_is_unusual(cards: tuple[Card, ...]) -> None:
    card = cards[0]
    at = opened(card)
    p = number(card)
    field(at, card, p).set_value(float(p.high)).run()
    assert f"{p.title} {p.high:.{p.decimals}f}" in text(at)
    assert "lies outside what 98 of 100 people of the cohort have" in text(at)


@every_outcome
def test_contributions_are_told_with_each_value_in_its_unit_and_add_up(
    cards: tuple[Card, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    card = cards[0]
    at = opened(card)
    p = max((p for p in card.predictors if p.kind == "number"), key=lambda p: _importance(card, p))
    field(at, card, p).set_value(float(round(p.low + 0.6 * (p.high - p.low)))).run()
    value = f"{round(p.low + 0.6 * (p.high - p.low)):.{p.decimals}f} {p.unit}".strip()
    shown = frame(at, "Contribution in log-odds")
    assert f"{p.title}: {value}" in list(shown["Predictor"])
    assert any(
        "most:" in m.value.replace("\\", "") and f"{p.title} {value}" in m.value.replace("\\", "") for m in at.markdown
    )
    facts, _rows = taken(at, monkeypatch)
    parts = facts["contributions_log_odds"]
    assert isinstance(parts, dict)
    assert set(parts) == {p.name for p in card.predictors}
    risk = float(str(facts["risk"]))
    odds = float(str(facts["base_log_odds"])) + sum(parts.values())
    assert 1 / (1 + 2.718281828459045**-odds) == pytest.approx(risk, abs=1e-9)


def _importance(card: Card, p: PredictorSpec) -> float:
    assert card.measured is not None
    return next(s.importance for s in card.measured.predictors if s.name == p.name)


def test_moving_a_slider_moves_the_risk_beside_the_old_one_and_leaves_the_answer() -> None:
    card = next(
        cards[0] for cards in OUTCOMES.values() if any(p.modifiable and p.kind == "number" for p in cards[0].predictors)
    )
    at = opened(card)
    before = shown_risk(at)
    slider = at.slider[0]
    assert at.metric[0].value == before
    slider.set_value(slider.max).run()
    p = next(p for p in card.predictors if slider.label.startswith(p.title))
    assert at.metric[0].value == words.percent(risk_of(card, **{p.name: slider.max}))
    assert "percentage points" in at.metric[0].delta
    assert shown_risk(at) == before


@every_outcome
def test_the_risk_follows_a_slider_within_100_ms(cards: tuple[Card, ...]) -> None:
    for card in cards:
        model = MODELS.risk_model(card)
        row = table(card, typical(model))
        estimate(model, row)
        taken_s = []
        for _attempt in range(5):
            start = time.process_time()
            estimate(model, row)
            taken_s.append(time.process_time() - start)
        assert min(taken_s) < 0.1


@every_outcome
def test_recourse_tells_the_smallest_change_or_why_there_is_none(cards: tuple[Card, ...]) -> None:
    card = cards[0]
    model = MODELS.risk_model(card)
    at = opened(card)
    at.session_state["risk_change:en"] = "Find the smallest change"
    at.run()
    if not modifiable(model):
        assert "calls none of its predictors modifiable" in text(at)
        return
    assert "Whether it would change the patient's fate, trials must say" in text(at)
    level = at.number_input(key=f"risk_level:{card.name}")
    level.set_value(99.0).run()
    assert "is below 99.0 % already" in text(at)
    row = table(card, typical(model))
    wanted = round(95 * float(estimate(model, row).risk[0]), 1)
    at.number_input(key=f"risk_level:{card.name}").set_value(wanted).run()
    found = recourse(model, row, wanted / 100)
    page = text(at)
    assert found.changes
    titles = {p.name: p.title for p in card.predictors}
    assert all(f"{titles[c.predictor]} from " in page for c in found.changes)
    assert ("Nothing plausible is enough" in page) == (not found.reached)
    assert not {c.predictor for c in found.changes} & {"age", "sex"}


@every_outcome
def test_all_estimators_stand_on_one_screen_with_how_far_they_disagree_and_which_is_recommended(
    cards: tuple[Card, ...],
) -> None:
    at = opened(cards[0])
    shown = frame(at, "Model")
    risks = []
    for card, row in zip(cards, shown.to_dict("records"), strict=True):
        model = MODELS.risk_model(card)
        risks.append(float(estimate(model, table(card, typical(MODELS.risk_model(cards[0])))).risk[0]))
        assert row["Predicted risk"] == words.percent(risks[-1])
        assert ("recommended" in row["Model"]) == card.recommended
    assert f"They differ by up to {100 * (max(risks) - min(risks)):.1f} percentage points" in text(at)
    first = next(card for card in cards if card.recommended)
    assert first.prediction is not None
    assert first.prediction.why in text(at)


@every_outcome
def test_a_decision_tree_is_drawn_with_the_way_of_the_patient(cards: tuple[Card, ...]) -> None:
    at = opened(cards[0])
    for card in cards:
        at.selectbox(key=f"risk_model:{card.outcome}").set_value(card.name).run()
        page = text(at)
        tree = isinstance(MODELS.risk_model(card).estimator, Trees) and "decision tree" in card.title
        assert ("this patient's way through it" in page) == tree
        if tree:
            way = list(frame(at, "This patient's way")["This patient's way"])
            assert way[-1] == f"Risk {words.percent(risk_of(card))}"
            assert all(step.endswith(("yes", "no")) for step in way[:-1])


@every_outcome
def test_the_recalibrated_model_is_offered_where_there_is_one(cards: tuple[Card, ...]) -> None:
    card = cards[0]
    at = opened(card)
    assert card.measured is not None
    assert bool(at.toggle) == (card.measured.recalibrated is not None)
    if card.measured.recalibrated:
        lower = re.findall(r"[\d.]+ % of the development cohort have a lower", text(at))
        at.toggle[0].set_value(True).run()
        model = recalibrated(MODELS.risk_model(card))
        assert shown_risk(at) == said(float(estimate(model, table(card, typical(model))).risk[0]))
        assert "recalibrated" in text(at)
        again = re.findall(r"[\d.]+ % of the development cohort have a lower", text(at))
        assert float(again[0].split()[0]) == pytest.approx(float(lower[0].split()[0]), abs=1.5)


def test_what_is_taken_away_says_who_when_by_which_model_and_that_it_is_for_research(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    card, p, other = converted()
    at = opened(card)
    at.text_input(key="risk_patient").set_value("=cmd() bed 7")
    at.segmented_control(key=f"risk_unit:{card.outcome}:{p.name}").set_value(other.name).run()
    assert "=cmd() bed 7" in text(at)
    facts, rows = taken(at, monkeypatch)
    assert card.measured is not None
    assert facts["patient"] == "=cmd() bed 7"
    assert (facts["model"], facts["version"]) == (card.name, card.version)
    assert facts["sha256"] == card.measured.sha256["model.npz"]
    assert facts["research_use"] == "For research use; not a medical device"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", str(facts["time"]))
    inputs = facts["predictors"]
    assert isinstance(inputs, dict)
    assert {name: entry["unit"] for name, entry in inputs.items()} == {p.name: p.unit for p in card.predictors}
    assert float(str(facts["low"])) <= float(str(facts["risk"])) <= float(str(facts["high"]))
    assert not [cell for row in rows for cell in row if cell[:1] in ("=", "@")]
    assert any(other.name in cell for row in rows for cell in row)


def test_a_new_patient_has_nothing_of_the_last_one() -> None:
    card, p, _other = converted()
    at = opened(card)
    before = shown_risk(at)
    category = next(p for p in card.predictors if p.kind == "category")
    at.text_input(key="risk_patient").set_value("Ada")
    field(at, card, p).set_value(float(p.high))
    field(at, card, category).set_value("")
    at.run()
    assert "Ada" in text(at)
    at.button[0].click().run()
    assert "Ada" not in text(at)
    assert shown_risk(at) == before
    assert field(at, card, category).value == typical(MODELS.risk_model(card))[category.name]


def test_a_patient_is_kept_whole_or_not_at_all_while_another_page_is_read() -> None:
    card, p, _other = converted()
    at = opened(card)
    category = next(p for p in card.predictors if p.kind == "category")
    at.text_input(key="risk_patient").set_value("Ada")
    field(at, card, p).set_value(float(p.high))
    field(at, card, category).set_value(category.categories[0].name)
    before = shown_risk(at.run())
    at.switch_page("pages/system/models.py").run()
    at.query_params["outcome"] = card.outcome
    at.switch_page(PAGE).run()
    assert shown_risk(at) == before
    assert "Ada" in text(at)


def test_a_hostile_label_is_shown_as_text() -> None:
    at = opened(OUTCOMES[next(iter(OUTCOMES))][0])
    at.text_input(key="risk_patient").set_value("<img src=x onerror=alert(1)>").run()
    assert "<img" not in html(at)
    assert "&lt;img src=x" in html(at)


def test_without_any_risk_model_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    card = OUTCOMES[next(iter(OUTCOMES))][0]
    monkeypatch.setattr("ui.cached.find_models", lambda: Catalog(Path("nowhere"), ()))
    assert "No risk model yet" in text(opened(card))


@every_outcome
def test_the_page_speaks_chinese(cards: tuple[Card, ...]) -> None:
    card = cards[0]
    with speaking("zh_CN"):  # AppTest words the widgets' choices outside the page's run
        at = opened(card, lang="zh_CN")
    assert not at.exception
    said = card.translations["zh_CN"]
    labels = [w.label for w in [*at.number_input, *at.selectbox]]
    assert all(
        any(title in label for label in labels)
        for name, title in said.predictors.items()
        if name in {p.name for p in card.predictors}
    )
    assert not [label for label in labels if "(years)" in label or "(days)" in label]
    assert said.limits[0] in text(at)

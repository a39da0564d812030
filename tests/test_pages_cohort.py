"""What a reader sees on the page Cohort and on the cards of risk models, with the real models behind it."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from medai_core.cards import Card
from medai_core.catalog import Catalog, find_models
from medai_core.evaluation import scoring
from medai_core.sources.fhir import to_bundle
from medai_core.sources.intake import in_card_words
from medai_core.sources.tables import harmless_csv, parquet
from tests.patients import draw, followed, plain_card
from ui import words
from ui.language import speaking

ROOT = Path(__file__).parent.parent
PAGE = "pages/research/cohort.py"


@pytest.fixture(autouse=True)
def nothing_is_kept() -> None:
    """All AppTests share one session, and so its caches."""
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture(scope="module")
def models() -> Catalog:
    return find_models()


@pytest.fixture(scope="module")
def card(models: Catalog) -> Card:
    return plain_card(models)


def opened(page: str = PAGE, **query: str) -> AppTest:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    for name, value in query.items():
        at.query_params[name] = value
    return at.run().switch_page(page).run()


def uploaded(card: Card, data: bytes | pd.DataFrame, name: str = "patients.csv", **query: str) -> AppTest:
    data = data.to_csv(index=False).encode() if isinstance(data, pd.DataFrame) else data
    at = opened(model=card.name, **query)
    at.file_uploader(key="cohort_file").set_value((name, data, "text/csv"))
    return at.run()


def test_a_fhir_bundle_gives_the_risks_of_the_same_people_in_a_table(models: Catalog, card: Card) -> None:
    rows = in_card_words(pd.read_csv(models.folder / card.name / "example.csv", dtype=str), card.predictors).rows
    at = uploaded(card, json.dumps(to_bundle(rows, card)).encode(), "people.json")
    assert not at.exception
    shown = at.dataframe[0].value
    expected = scoring.score(models.risk_model(card), rows).estimates.risk
    assert shown["Risk"].tolist() == [words.percent(float(risk)) for risk in expected]


def tab(at: AppTest, title: str, tabs: int = 5) -> AppTest:
    at.session_state[f"cohort_view:en:{tabs}"] = title
    return at.run()


def text(at: AppTest) -> str:
    """Every text on the page."""
    assert not at.exception, at.exception
    html = [element.proto.body for element in at.get("html")]
    return "\n".join([*(str(getattr(element, "value", "")) for element in at), *html])


def frames(at: AppTest, column: str) -> pd.DataFrame:
    """The table that has a column."""
    return next(d.value for d in [*at.dataframe, *at.table] if column in d.value)


def test_nothing_given_says_what_to_give(card: Card) -> None:
    at = opened(model=card.name)
    assert "No table yet" in text(at)
    assert not at.dataframe


def test_without_any_risk_model_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.cached.find_models", lambda: Catalog(Path("nowhere"), ()))
    assert "No risk model yet" in text(opened())


def test_every_outcome_offers_its_models(models: Catalog, card: Card) -> None:
    at = opened(model=card.name)
    assert at.selectbox(key="cohort_outcome").value == card.outcome
    assert at.selectbox(key=f"cohort_model:{card.outcome}").value == card.name
    assert len(at.selectbox(key="cohort_outcome").options) == len(models.outcomes())
    other = next(outcome for outcome in models.outcomes() if outcome != card.outcome)
    at.selectbox(key="cohort_outcome").set_value(other).run()
    assert at.query_params["model"] == models.outcomes()[other][0].name


def test_the_sample_is_scored_like_an_upload(card: Card) -> None:
    at = opened(model=card.name)
    at.selectbox(key=f"cohort_sample:{card.name}").set_value("example.csv").run()
    assert "3 of 3 rows scored, 0 not" in text(at)


def test_bad_rows_are_listed_with_their_reason_and_the_good_ones_scored(card: Card) -> None:
    table = draw(card, 60).astype(object)
    number = next(p for p in card.predictors if p.kind == "number")
    table.loc[3, number.name] = "abc"
    table.loc[8, number.name] = "=1+1"
    at = uploaded(card, table)
    assert "58 of 60 rows scored, 2 not" in text(at)
    refused = frames(at, "Expected")
    assert list(refused["Row"]) == [4, 9]
    assert list(refused["Value"]) == ["abc", "=1+1"]
    assert f"{number.low:g} to {number.high:g}" in refused["Expected"][0]
    assert len(frames(at, "95 % interval")) == 25
    assert 4 not in set(frames(at, "95 % interval")["Row"])


def test_refusals_travel_into_every_export_and_no_cell_can_run(models: Catalog, card: Card) -> None:
    table = draw(card, 20).astype(object).assign(note="=cmd()")
    number = next(p for p in card.predictors if p.kind == "number")
    table.loc[3, number.name] = "=1+1"
    found = scoring.results_table(scoring.score(models.risk_model(card), table))
    csv = harmless_csv(found).decode("utf-8-sig")
    assert "expected a number" in csv.splitlines()[4]
    assert not [cell for line in csv.splitlines() for cell in line.split(",") if cell.strip('"')[:1] in ("=", "@")]
    taken = pd.read_parquet(BytesIO(parquet(found)))
    assert len(taken) == 20
    assert "expected a number" in taken["refused_because"][3]


def test_without_outcomes_the_page_says_which_column_is_absent_and_judges_nothing(card: Card) -> None:
    assert card.prediction is not None
    at = uploaded(card, draw(card, 80))
    page = text(at)
    assert card.prediction.columns.event.replace("_", "\\_") in page
    assert "Discrimination and calibration" not in [t.label for t in at.tabs]
    at = tab(at, "Distribution and drift", 2)
    assert len(frames(at, "Drift")) == len(card.predictors)


def test_with_outcomes_the_model_is_judged(models: Catalog, card: Card) -> None:
    at = uploaded(card, followed(models, card, 400))
    assert [t.label for t in at.tabs][2:] == ["Discrimination and calibration", "Threshold", "Subgroups"]
    measures = frames(tab(at, "Discrimination and calibration"), "Measure")
    assert "AUC" in list(measures["Measure"])
    assert "400 people with a known outcome" in text(at)
    assert list(frames(tab(at, "Subgroups"), "Subgroup")["n"])


def test_the_threshold_slider_changes_the_counts_and_everybody_is_counted(models: Catalog, card: Card) -> None:
    at = tab(uploaded(card, followed(models, card, 400)), "Threshold")

    def counts() -> list[int]:
        cells = frames(at, "With the event").to_numpy().ravel()
        return [int(str(cell).replace(",", "")) for cell in cells]

    before = counts()
    at.slider[0].set_value(90.0).run()
    assert sum(before) == sum(counts()) == 400
    assert counts()[0] < before[0]
    assert set(frames(at, "95 % interval")["Measure"]) >= {"Sensitivity", "Specificity", "Positive predictive value"}


def test_recalibration_is_said_to_be_in_sample(models: Catalog, card: Card) -> None:
    at = uploaded(card, followed(models, card, 400))
    assert "in-sample" not in text(at)
    before = list(frames(at, "Risk")["Risk"])
    at.toggle[0].set_value(True).run()
    assert "in-sample" in text(at)
    assert list(frames(at, "Risk")["Risk"]) != before


def test_a_column_of_another_name_is_matched_by_the_reader(card: Card) -> None:
    first = card.predictors[0]
    table = draw(card, 30).rename(columns={first.name: "mystery"})
    at = uploaded(card, table)
    assert "Unknown in every row" in text(at)
    box = next(b for b in at.selectbox if b.key and b.key.startswith("column:") and b.key.endswith(f":{first.name}"))
    box.set_value("mystery")
    at.button[0].click().run()
    assert "Unknown in every row" not in text(at)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00\xff\xfe" * 50, b"PAR1 and nothing", b"{}", b"a,b\n1,2\n", b'"<script>alert(1)</script>"\n1\n'],
    ids=["empty", "noise", "no parquet", "no bundle", "nothing known", "markup"],
)
def test_a_file_that_is_no_cohort_gets_one_sentence(card: Card, data: bytes) -> None:
    at = uploaded(card, data, "<b>evil</b>[x](javascript:1).csv")
    assert not at.exception
    assert len(at.error) == 1
    assert "<script>alert" not in "".join(e.proto.body for e in at.get("html"))
    assert "<b>evil" not in at.error[0].value


def test_a_hostile_column_name_is_shown_as_text(card: Card) -> None:
    table = draw(card, 30).astype(object)
    name = "![x](http://example.org/x.png)"
    first = card.predictors[0]
    at = uploaded(card, table.assign(**{name: 1}).rename(columns={first.columns[0] if first.columns else "": "other"}))
    assert not at.exception
    assert "![x](http" not in "".join(str(m.value) for m in [*at.markdown, *at.caption])


def test_pages_of_patients_are_turned_and_sorted_by_risk(card: Card) -> None:
    at = uploaded(card, draw(card, 60))
    at.number_input[0].set_value(3).run()
    assert list(frames(at, "95 % interval")["Row"]) == list(range(51, 61))
    at.selectbox(key="cohort_order").set_value("risk").run()
    shown = [float(risk.strip("<> %")) for risk in frames(at, "95 % interval")["Risk"]]
    assert shown == sorted(shown, reverse=True)


def test_the_page_speaks_chinese(card: Card) -> None:
    with speaking("zh_CN"):  # AppTest words the widgets' choices outside the page's run
        at = uploaded(card, draw(card, 30), lang="zh_CN")
    assert at.title[0].value == "队列"
    assert "共30行，已计算30行，未计算0行" in text(at)


def test_the_card_of_every_risk_model_is_shown_in_full(models: Catalog) -> None:
    for card in models.trained("risk"):
        at = opened("pages/system/models.py", model=card.name)
        page = text(at)
        assert len(frames(at, "Plausible range")) == len(card.predictors)
        assert "What it predicts" in page
        assert {m.measure for m in card.measured.performance} if card.measured else True
        assert "AUC" in list(frames(at, "Measure")["Measure"])
        assert "Plain logistic regression" in list(frames(at, "Beside")["Beside"])
        assert at.query_params["model"] == card.name


def test_subgroups_of_a_risk_card_are_named_in_chinese(card: Card) -> None:
    at = opened("pages/system/models.py", model=card.name, lang="zh_CN")
    assert not at.exception
    names = list(frames(at, "亚组")["亚组"])
    assert names
    assert all("age" not in name and "Sex" not in name for name in names)


def test_choosing_another_outcome_lists_its_models(models: Catalog, card: Card) -> None:
    at = opened("pages/system/models.py", model=card.name)
    other = next(outcome for outcome in models.outcomes() if outcome != card.outcome)
    at.selectbox(key="model_group").set_value(other).run()
    assert models.card(at.query_params["model"]).outcome == other
    at.selectbox(key="model_group").set_value("").run()
    assert models.card(at.query_params["model"]).outcome == ""

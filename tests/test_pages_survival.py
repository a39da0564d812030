"""What a clinician sees of one patient's survival on the page Subtypes, with the real model behind it."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from medai_core.catalog import Catalog, find_models
from medai_core.errors import Message
from medai_core.precision.survival import Answer, Sheet, answer, patients_of, read_patients, sheet, what_if
from tests.test_pages import opened
from tests.test_signin import claims
from tests.test_signin import opened as signed_in
from ui import words
from ui.language import speaking
from ui.results import plain
from ui.survival import export
from ui.survival import sheet as sheet_page

PAGE = "pages/research/subtypes.py"
MODELS = find_models()
CARD = MODELS.trained("survival")[0]
MODEL = MODELS.survival_model(CARD)
EXAMPLE = (MODELS.folder_of(CARD) / "example.csv").read_bytes()
SPEC = MODEL.spec


@pytest.fixture(autouse=True)
def nothing_is_kept() -> None:
    """All AppTests share one session, and so its caches."""
    st.cache_data.clear()
    st.cache_resource.clear()


def html(at: AppTest) -> str:
    """What the page draws itself, without its style."""
    assert not at.exception, at.exception
    return "\n".join(body for element in at.get("html") if "<style>" not in (body := str(element.proto.body)))


def text(at: AppTest) -> str:
    """Every text on the page, without the escapes that keep it from being Markdown."""
    return "\n".join([*(str(getattr(element, "value", "")) for element in at), html(at)]).replace("\\", "")


def begun(**query: str) -> AppTest:
    return opened(PAGE, view="survive", **query)


def given(data: bytes, name: str = "patients.csv") -> AppTest:
    at = begun()
    at.file_uploader(key="survive_file").set_value([(name, data, "text/csv")])
    return at.run()


def field(at: AppTest, name: str):  # type: ignore[no-untyped-def]
    """The form's field of a predictor."""
    key = f"risk_value:{CARD.outcome}:{name}"
    return next(w for w in (*at.number_input, *at.selectbox) if (w.key or "").split(":unit")[0].startswith(key))


def entered(at: AppTest) -> dict[str, object]:
    values = {p.name: field(at, p.name).value for p in CARD.predictors}
    return {name: None if value == "" else value for name, value in values.items()}


def told(at: AppTest) -> Answer:
    """What the model itself says of what stands in the form, without expression."""
    return answer(MODEL, patients_of(MODEL, ("",), pd.DataFrame([entered(at)]), None), 0)


def answered(at: AppTest) -> str:
    return re.findall(r'<section class="medai-answer.*?<h2>(.*?)</h2>', html(at), re.DOTALL)[0]


def said(found: Answer) -> str:
    shares = "; ".join(f"{words.percent(s.share.value)} alive at {s.years:g} years" for s in found.at)
    return shares.replace("<", "&lt;").replace(">", "&gt;")


def frame(at: AppTest, column: str) -> pd.DataFrame:
    return next(d.value for d in [*at.dataframe, *at.table] if column in d.value)


def taken(at: AppTest, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What the buttons hand out when the page runs again, by the ends of the files' names."""
    handed: dict[str, bytes] = {}

    def keep(_label: str, make, name: str, _mime: str, **_more: object) -> None:  # type: ignore[no-untyped-def]
        handed[name.rsplit(".", 1)[-1]] = make()

    with monkeypatch.context() as patched:
        patched.setattr(export, "take_away", keep)
        patched.setattr(sheet_page, "take_away", keep)
        at.run()
    return handed


def test_the_form_alone_tells_survival_with_its_interval_by_history_and_treatment() -> None:
    at = begun()
    found = told(at)
    assert answered(at) == said(found)
    page = text(at)
    for s in found.at:
        assert f"at {s.years:g} years 95 % interval {words.span(s.share.low, s.share.high, shares=True)}" in page
    assert "No expression was given" in page and "no gene that the model weighs" not in page
    assert "it does not say how sure this patient" in page
    assert CARD.limits[0] in page and f"version {CARD.version}" in page


def test_another_history_in_the_form_is_another_survival() -> None:
    at = begun()
    before = answered(at)
    field(at, "nodes").set_value(13.0).run()
    assert answered(at) == said(told(at)) != before


def test_a_file_fills_the_form_and_its_expression_counts() -> None:
    patients = read_patients(MODEL, (EXAMPLE, "example.csv"))
    at = given(EXAMPLE)
    found = answer(MODEL, patients, 0)
    assert found.part == "both" and answered(at) == said(found)
    row = patients.rows.iloc[0]
    assert {name: str(value) for name, value in entered(at).items()} == {
        p.name: str(row[p.name]) for p in CARD.predictors
    }
    assert {c.kind for c in found.contributions} == {"history", "treatment", "gene"}
    shown = frame(at, "Log-hazard")
    assert [float(step) for step in shown["Log-hazard"]] == pytest.approx(
        [c.log_hazard for c in found.contributions], abs=0.0006
    )


def test_another_patient_of_the_file_shows_nothing_of_the_one_before() -> None:
    patients = read_patients(MODEL, (EXAMPLE, "example.csv"))
    at = given(EXAMPLE)
    at.text_input(key="survive_patient").set_value("Jane Doe").run()
    assert "Jane Doe" in html(at)
    box = next(s for s in at.selectbox if (s.key or "").startswith("survive_sample:"))
    box.set_value(1).run()
    assert answered(at) == said(answer(MODEL, patients, 1))
    assert "Jane Doe" not in html(at) and patients.samples[1] in html(at)
    at.file_uploader(key="survive_file").set_value([]).run()
    assert patients.samples[1] not in html(at)
    assert entered(at) == entered(begun())


def test_the_first_line_says_what_expression_adds_and_the_table_for_whom() -> None:
    at = begun()
    gain = MODEL.survived.gains[0]
    assert (f"expression adds {gain.concordance.value:.3f}" in text(at)) == gain.adds
    shown = frame(at, "Gain")
    assert list(shown["Gain"]) == ["shown" if g.adds else "not shown" for g in MODEL.survived.gains]


def test_where_expression_adds_nothing_the_first_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert CARD.measured is not None
    none = replace(MODEL.survived, gains=tuple(replace(g, adds=False) for g in MODEL.survived.gains))
    silent = replace(MODEL, card=replace(CARD, measured=replace(CARD.measured, survived=none)))
    monkeypatch.setattr("ui.survival.page.survival_model", lambda card: silent)
    bold = [m.value for m in begun().markdown if m.value.startswith("**") and "Not for" not in m.value]
    assert bold == [f"**{plain(Message('survival.adds_nothing').text)}**"]


def test_a_value_outside_its_range_is_refused_here_and_in_every_export(monkeypatch: pytest.MonkeyPatch) -> None:
    at = begun()
    field(at, "age").set_value(80.0).run()
    assert "No survival is given for these values" in html(at) and "medai-refused" in html(at)
    assert not at.get("plotly_chart")
    handed = taken(at, monkeypatch)
    assert set(handed) == {"json", "csv"}
    facts = json.loads(handed["json"])
    assert facts["refused"] and "80" in facts["refused"][0] and not facts["survival"]
    rows = list(csv.reader(handed["csv"].decode("utf-8-sig").splitlines()))
    assert any("80" in value for name, value in rows if name == "Refused")


@pytest.mark.parametrize(("name", "bad", "good"), [("age", "70", 45.0), ("grade", "IX", "2")])
def test_what_a_file_has_outside_its_range_refuses_until_it_is_corrected_by_hand(
    name: str, bad: str, good: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on the command line: the field stands empty, and that is not taken for "not known"."""
    table = pd.read_csv(io.BytesIO(EXAMPLE), dtype=str).head(1)
    table[name] = bad
    at = given(table.to_csv(index=False).encode())
    assert "medai-refused" in html(at) and bad in html(at) and "alive at" not in html(at)
    handed = taken(at, monkeypatch)
    facts = json.loads(handed["json"])
    assert set(handed) == {"json", "csv"} and facts["treatment_sheet"] is None
    assert bad in facts["refused"][0] and not facts["survival"]
    field(at, "diameter").set_value(20.0).run()
    assert "medai-refused" in html(at) and bad in html(at)
    field(at, name).set_value(good).run()
    assert "medai-refused" not in html(at) and "alive at 5 years" in answered(at)


def test_a_file_with_nothing_but_a_value_outside_its_range_is_not_filled_up_with_what_is_typical() -> None:
    at = given(b"sample,age\nx,70\n")
    assert "medai-refused" in html(at) and "70" in html(at)
    assert set(entered(at).values()) == {None}


def test_a_file_of_expression_alone_is_answered_by_it_and_not_by_a_typical_history() -> None:
    table = pd.read_csv(io.BytesIO(EXAMPLE))
    alone = table.drop(columns=[c for c in table.columns if c in {p.name for p in CARD.predictors}])
    at = given(alone.head(1).to_csv(index=False).encode())
    assert set(entered(at).values()) == {None}
    assert "by expression alone" in html(at) + " ".join(str(w.value) for w in (*at.warning, *at.info, *at.markdown))


def test_what_is_taken_away_holds_survival_contributions_and_the_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    found = answer(MODEL, read_patients(MODEL, (EXAMPLE, "example.csv")), 0)
    handed = taken(given(EXAMPLE), monkeypatch)
    facts = json.loads(handed["json"])
    own = [s for s in facts["survival"] if s["part"] == found.part]
    assert [s["value"] for s in own] == pytest.approx([s.share.value for s in found.at], abs=1e-6)
    assert len(facts["contributions_log_hazard"]) == len(found.contributions)
    assert any("not a trial" in warning for warning in facts["treatment_sheet"]["warnings"])
    assert facts["file_sha256"] and facts["sha256"] == dict(MODEL.measured.sha256)
    assert handed["pdf"].startswith(b"%PDF")


def test_the_treatment_sheet_stands_below_its_warning_with_people_alike() -> None:
    at = given(EXAMPLE)
    found = sheet(MODEL, answer(MODEL, read_patients(MODEL, (EXAMPLE, "example.csv")), 0))
    assert isinstance(found, Sheet)
    assert "not a trial" in at.warning[0].value
    drugs = frame(at, "Drugs")
    assert list(drugs["n"]) == [str(f.n) for f in found.stratum.drugs] + [str(found.stratum.n)]
    assert min(int(n) for n in drugs["n"]) >= 10


def test_another_history_is_tried_and_treatment_is_not_offered() -> None:
    at = begun()
    tried = next(m for m in at.multiselect if m.key == "survive_tried")
    assert set(tried.options) == {p.title for p in CARD.predictors if p.name in SPEC.history}
    one = patients_of(MODEL, ("",), pd.DataFrame([entered(at)]), None)
    slide = next(s for s in at.slider if ":age:" in (s.key or ""))
    slide.set_value(30.0).run()
    shown = frame(at, "Alive, with these values")
    found = what_if(MODEL, one, 0, {"age": 30.0})
    assert list(shown["Alive, with these values"]) == [words.percent(s.share.value) for s in found.at]
    assert "the cohort is no trial" in text(at)


def test_a_file_without_anything_that_the_model_knows_gets_one_sentence() -> None:
    at = given(b"sample,A1,B2\nx,1,2\ny,2,3\n")
    assert at.error[0].value and "medai-answer" not in html(at)


def test_a_reader_sees_survival_and_takes_nothing_away() -> None:
    at = signed_in(claims("reader"), PAGE)
    at.segmented_control(key="subtypes_view").set_value("survive").run()
    assert "alive at 5 years" in html(at) and not at.get("download_button")


def test_without_a_model_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.cached.find_models", lambda: Catalog(Path("nowhere"), ()))
    assert "No model tells survival yet" in text(begun())


def test_the_page_speaks_chinese() -> None:
    with speaking("zh_CN"):  # AppTest words the widgets' choices outside the page's run
        at = begun(lang="zh_CN")
    said = CARD.translations["zh_CN"]
    assert said.title in text(at) and said.predictors["age"] in text(at) and "存活" in answered(at)
